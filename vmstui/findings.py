"""The words for what ffmpeg's messages mean: severity, where a message comes from, a finding. Pure; imports nothing.

A finding is a class of messages of one camera: many lines with one meaning, counted. `vmstui.triage` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from vmstui.light_dataclass import dataclass


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


ERROR_LEVELS = ("fatal", "error")
"""What ffmpeg itself calls errors (`vmstui.logged.LogLevel`)."""
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
    """ffmpeg's own (`vmstui.logged.LogLevel`), the worst that was seen."""
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

    @property
    def is_trouble(self) -> bool:
        """Worse than benign now; of what nobody knows ffmpeg's own level tells."""
        if self.severity is None:
            return self.level in ERROR_LEVELS
        return self.severity in (Severity.CRITICAL, Severity.DEGRADED)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a person said of a kind of message: known, no need to tell it again."""

    id: str
    """Short, by which it is taken back."""
    fingerprint: str
    camera: str
    """Empty: on all cameras."""
    origin: Origin | None
    """None: whatever it is about."""
    at: datetime
    until: datetime | None
    """When it is told again in any case; None: never."""
    ceiling_per_min: float | None
    """A rate above which it is told all the same; None: no rate."""
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """A finding of a camera of this recorder, with what the table of messages says of it."""

    finding: Finding
    cause: str
    """What it means; empty for what nobody knows."""
    action: str
    """What to do about it."""
    source: str
    """Where that is known from."""
    active: bool
    """It came within the last minutes, in the present run."""
    acknowledgement: Acknowledgement | None = None
    """That covers it; also while it is told all the same (`is_quiet`)."""
    is_quiet: bool = False
    """It is acknowledged, not expired, and below its ceiling: not counted as a problem."""
    incident: str = ""
    """Id of the incident it is part of."""
    outlived: bool = False
    """It is about the connection to the camera, and another try came to nothing since then without saying it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause that several cameras have in common."""

    id: str
    key: str
    """What they have in common: a fingerprint, `live server`, or `exit:` and how their workers ended."""
    text: str
    """One sentence for a person, with the number of cameras."""
    action: str
    severity: Severity
    cameras: tuple[str, ...]
    """In the order it reached them."""
    since: datetime
    last: datetime
    over_at: datetime | None = None
    """None while it goes on."""
    cured: tuple[str, ...] = ()
    """Of `cameras`, those that do not have it any more, while it goes on."""

    @property
    def is_of_ends(self) -> bool:
        """It is why its cameras are not recorded; else it is about what workers say that run."""
        return self.key.startswith("exit:")


@dataclass(frozen=True, slots=True)
class UntoldLines:
    """Lines of a camera that are in no finding."""

    camera: str
    not_kept: int
    """Unknown, of kinds beyond the bound: counted only."""
    not_kept_errors: int
    """Of them, those that ffmpeg calls errors."""
    left_out: int
    """That came faster than they could be taken in."""


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """All findings there are, the worst first, and what they have in common."""

    at: datetime
    rows: tuple[ExplainedFinding, ...]
    incidents: tuple[Incident, ...]
    """Those that go on first, then those that are over, newest first; at most 50."""
    acknowledgements: tuple[Acknowledgement, ...]
    untold: tuple[UntoldLines, ...] = ()
    """Of cameras that have such lines."""
    more: int = 0
    """Findings beyond `rows`, for which there is no room in one answer: the least of all."""
