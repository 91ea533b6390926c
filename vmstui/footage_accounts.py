"""The words of how much footage there is, as frozen data: accounts of what was recorded and lost, the strip of a day,
and pages to browse.

Beside `footage`, which has the words of what is catalogued; the same rules hold here. Apart from it because commands
that list segments have no time for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from vmstui.footage import Gap, GapCause, Lock, Segment
from vmstui.light_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """Of one camera over a time. `recorded_s` and `lost_s` together are the time in which it should have recorded."""

    camera: str
    since: datetime
    until: datetime
    recorded_s: float
    lost_s: float
    off_s: float
    """Not wanted."""
    gaps: int
    """Those in which something was lost."""

    @property
    def percent(self) -> float | None:
        """What was recorded of what should have been; None where nothing should have been."""
        return percent_of((self,))


def percent_of(accounts: Iterable[Account]) -> float | None:
    """What was recorded of what should have been, of several cameras together; None where nothing should have been."""
    recorded_s = lost_s = 0.0
    for account in accounts:
        recorded_s += account.recorded_s
        lost_s += account.lost_s
    wanted_s = recorded_s + lost_s
    return 100.0 * (recorded_s / wanted_s) if wanted_s > 0 else None


def percent_text(percent: float | None) -> str:
    """`99.98 %`; never rounded up to a hundred while anything was lost."""
    if percent is None:
        return "–"
    if percent >= 100.0:
        return "100 %"
    return f"{min(percent, 99.99):.2f} %"


class CellKind(StrEnum):
    """What became of a cell of a strip, worst first."""

    LOST = "lost"
    """Nothing was recorded of what should have been."""
    PART = "part lost"
    RECORDED = "recorded"
    """Nothing is known to be lost; what is being written now counts as well."""
    OFF = "off"
    """Nobody wanted it recorded."""
    GONE = "gone"
    """Neither footage nor gap: it was recorded and is deleted since, or the clock was set."""
    NONE = "none"
    """Before the first footage of the camera."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a strip in a row of which the same is to be told."""

    count: int
    kind: CellKind
    lost_s: float = 0.0
    """In each of them."""
    cause: GapCause | None = None
    """Of the greatest part of what was lost."""


@dataclass(frozen=True, slots=True)
class CameraFootage:
    """How much of today and of the last day was recorded of one camera."""

    camera: str
    today: Account | None
    """None where it has neither footage nor gaps."""
    last_day: Account | None
    """Of the time of the strip."""
    strip: tuple[Cells, ...]
    """Oldest first."""
    going_on: tuple[Gap, ...] = ()
    """What is counted in it and is not catalogued yet, oldest first."""


@dataclass(frozen=True, slots=True)
class FootageReport:
    """How much was recorded, of all configured cameras."""

    at: datetime
    """As far as this is told."""
    since: datetime
    """The beginning of the strips: a round time of the recorder's zone, about 24 hours ago."""
    cell_s: float
    cameras: tuple[CameraFootage, ...] = ()
    trouble: str = ""
    """Why there is nothing, or what it may lack; a sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class FootageDay:
    """What there is of one day of a camera, by the clock of the recorder's time zone."""

    began_at: datetime
    """Its midnight."""
    segments: int
    recorded_s: float
    size_bytes: int
    losses: int
    """Gaps that should not have been."""
    lost_s: float


@dataclass(frozen=True, slots=True)
class FootagePage:
    """A stretch of a camera's footage, without a hole that is not told: what to browse."""

    camera: str
    segments: tuple[Segment, ...]
    """Newest first."""
    gaps: tuple[Gap, ...]
    """Those that overlap the stretch, newest first."""
    locks: tuple[Lock, ...]
    """All of the camera."""
    days: tuple[FootageDay, ...]
    """The days that the stretch touches, newest first, each as a whole."""
    older: bool
    """There is footage before the stretch."""
    newer: bool
    """There is footage after it."""
    filling: bool = False
    """The catalogue is being filled from the recordings: some may not be in it yet."""

    @property
    def oldest_at(self) -> datetime | None:
        """When the first segment of it began."""
        return self.segments[-1].started_at if self.segments else None

    @property
    def newest_at(self) -> datetime | None:
        """When the last segment of it began."""
        return self.segments[0].started_at if self.segments else None


@dataclass(frozen=True, slots=True)
class LockedFootage:
    """A lock, and what it keeps now."""

    lock: Lock
    segments: int
    size_bytes: int
