"""The words for what ffmpeg's messages mean: severity, where a message comes from, a finding. Pure; imports nothing.

A finding is a class of messages of one camera: many lines with one meaning, counted. `vmstui.triage` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is for the footage, which ffmpeg's own level does not tell; the worst first."""

    CRITICAL = "critical"
    """Nothing is made, or will not be soon."""
    DEGRADED = "degraded"
    """It is made, but damaged, late or at risk."""
    BENIGN = "benign"
    """Expected noise, as long as there is not too much of it."""
    INFO = "info"
    """Something changed; nothing is wrong."""

    @property
    def rank(self) -> int:
        """Grows with severity, from 0."""
        return _RANKS[self]

    @property
    def lowered(self) -> Severity:
        """One step less severe, if there is one."""
        return _LOWER[self]


_RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}
_LOWER = dict(zip(Severity, (*tuple(Severity)[1:], Severity.INFO), strict=True))


class Origin(StrEnum):
    """Which part of a worker a message is about."""

    INPUT = "input"
    RECORDING = "recording"
    LIVE = "live"
    PROCESS = "process"
    """ffmpeg as a whole, or nobody knows which part."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line that was seen."""

    number: int
    """Of the line in its log, from 1."""
    at: datetime | None
    """When it was written; None where the log does not tell."""
    text: str
    """Masked, without control characters, cut to some hundred characters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one camera's ffmpeg said over and over, or once."""

    camera: str
    origin: Origin
    fingerprint: str
    """The id of the message, or of an unknown one its text with numbers, addresses and paths folded."""
    message: str
    """Id in the table of messages; empty for what nobody knows."""
    level: str
    """ffmpeg's own (`vmstui.model.LogLevel`), the worst that was seen."""
    severity: Severity | None
    """Now, with what rate and circumstances make of it; None for what nobody knows."""
    worst: Severity | None
    """The worst it was so far."""
    count: int
    """Lines, repetitions that ffmpeg only counted included."""
    amount: int
    """Sum of what the lines count themselves, such as lost packets; else as `count`."""
    rate_per_min: float | None
    """Of `amount` in the last minute; None where the log tells no times."""
    peak_per_min: float | None
    spark: tuple[int, ...]
    """`amount` in each of the last minutes, oldest first."""
    first: Seen
    last: Seen
    numbers: Mapping[str, int]
    """What was read from the last line, such as `errno` or `left` of `all`."""
    examples: tuple[str, ...]
    """Lines that differ, the first ones."""
    follows: str
    """Fingerprint of the finding that it only follows from; empty where it stands for itself."""
