"""What was measured of one supervisor, and the table of all of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Respawns:
    """Workers killed with SIGKILL, and how long until the next one entered `main()`."""

    latencies_ms: tuple[float, ...]
    missing: int = 0
    """Those that were not replaced while the bench waited."""

    @property
    def kills(self) -> int:
        return len(self.latencies_ms) + self.missing


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is left after SIGKILL of the supervisor, and after it was started again on the same configuration."""

    before: int
    alive_without: int
    """Of those before, still the same processes after a while in which no supervisor ran."""
    untouched: int
    """Of those before, still the same processes once the supervisor is back and has settled."""
    alive: int
    """All workers there are then."""
    doubled: int
    """Workers that run twice or more then."""
    lost: int
    """Workers of which none runs then."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything about one supervisor."""

    name: str
    version: str
    workers: int
    start_s: float
    """From the first command until the last worker was in `main()`."""
    cpu_percent: float
    """Of all processes of the supervisor but the workers, while it has nothing to do but watch; 100 is one core."""
    publishing_percent: float | None
    """The same while each worker closes one segment that the supervisor works on; None where it does not."""
    rss_mib: float
    processes: int
    respawns: Respawns
    """One worker at a time."""
    busy_percent: float
    """Of all cores of the machine, whoever used them, while one worker at a time died: what the latencies are worth."""
    herd: Respawns
    """All workers at once."""
    aftermath: Aftermath


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least so many percent of them do not exceed (nearest rank).

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values to take a percentile of")
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def table(measured: Sequence[Figures], left_out: Mapping[str, str]) -> str:
    """A row per figure, a column per supervisor; `left_out` gives the reason for each that has no figures."""
    head = ["", *(f"{figures.name} {figures.version}" for figures in measured), *left_out]
    rows = [[what, *map(show, measured), *(NOTHING for _ in left_out)] for what, show in _ROWS]
    lines = _aligned([head, *rows])
    lines += [f"{name} is left out: {reason}" for name, reason in left_out.items()]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in (rows[0], ruler, *rows[1:])
    ]
    return [f"| {' | '.join(row)} |" for row in padded]


def _single_ms(percent: float) -> Callable[[Figures], str]:
    """Not shown where fewer values lie above it than one: that would be the longest under another name."""

    def show(figures: Figures) -> str:
        latencies_ms = figures.respawns.latencies_ms
        enough = latencies_ms and (percent == 100 or len(latencies_ms) * (100 - percent) >= 100)
        return f"{percentile(latencies_ms, percent):,.1f}" if enough else NOTHING

    return show


def _herd_s(percent: float) -> Callable[[Figures], str]:
    def show(figures: Figures) -> str:
        latencies_ms = figures.herd.latencies_ms
        return f"{percentile(latencies_ms, percent) / 1000:.2f}" if latencies_ms else NOTHING

    return show


_ROWS: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("workers", lambda figures: str(figures.workers)),
    ("CPU, % of a core", lambda figures: f"{figures.cpu_percent:.2f}"),
    (
        "… over one segment, which it checks",
        lambda figures: NOTHING if figures.publishing_percent is None else f"{figures.publishing_percent:.2f}",
    ),
    ("resident memory, MiB", lambda figures: f"{figures.rss_mib:.0f}"),
    ("its processes", lambda figures: str(figures.processes)),
    ("start: command → last worker runs, s", lambda figures: f"{figures.start_s:.2f}"),
    ("one worker killed → the next runs, ms: median", _single_ms(50)),
    ("… 95th percentile", _single_ms(95)),
    ("… 99th percentile", _single_ms(99)),
    ("… longest", _single_ms(100)),
    ("… kills / not replaced", lambda figures: f"{figures.respawns.kills} / {figures.respawns.missing}"),
    ("… all cores busy meanwhile, %", lambda figures: f"{figures.busy_percent:.0f}"),
    ("all killed at once → half of them run, s", _herd_s(50)),
    ("… all that came back run, s", _herd_s(100)),
    ("… kills / not replaced", lambda figures: f"{figures.herd.kills} / {figures.herd.missing}"),
    (
        "supervisor killed: workers that live on",
        lambda figures: f"{figures.aftermath.alive_without} of {figures.aftermath.before}",
    ),
    (
        "… and started again: same workers as before",
        lambda figures: f"{figures.aftermath.untouched} of {figures.aftermath.before}",
    ),
    ("… workers alive in all", lambda figures: str(figures.aftermath.alive)),
    ("… running twice or more", lambda figures: str(figures.aftermath.doubled)),
    ("… not running at all", lambda figures: str(figures.aftermath.lost)),
)
