"""The words of what was recorded, as frozen data: segments, gaps between them, and what is kept from retention.

Beside `model`, which has the words of what runs; the same rules hold here (no input or output, nothing of ours
imported, units in the names, instants timezone-aware UTC, and only what `control.protocol` can carry).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SegmentVerdict(StrEnum):
    """Result of the check at publication, and of a deeper one later."""

    GOOD = "good"
    PARTIAL = "partial"
    """Left open by a worker that died; playable up to its last fragment."""
    SUSPECT = "suspect"
    """Plays, but is not what it should be; the reason says what."""
    BROKEN = "broken"
    """Does not play; kept in quarantine with its reason, never deleted by the check."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch inside a segment for which the camera sent nothing."""

    offset_s: float
    """From the first frame of the segment."""
    length_s: float


@dataclass(frozen=True, slots=True)
class StreamSpan:
    """Where a segment lies in the stream of its generation, by ffmpeg's own list (libavformat/segment.c): what one
    ends with, the next begins with, whatever the clock of the machine does meanwhile."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Uptime:
    """An instant on the clock that nobody sets (CLOCK_BOOTTIME), which holds for one boot of the machine."""

    boot: str
    """Id of the boot."""
    s: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One closed recording file."""

    camera: str
    generation: int
    path: str
    """Absolute path of the published (or quarantined) file."""
    started_at: datetime
    duration_s: float
    size_bytes: int
    codec: str
    width: int
    height: int
    verdict: SegmentVerdict
    reason: str = ""
    frames: int = 0
    fps: float = 0.0
    starts_with_keyframe: bool = True
    number: int = -1
    """Of the file within its generation, from 0; -1 where it is not known (found in the folder, not in a spool)."""
    span: StreamSpan | None = None
    """None for one that ffmpeg did not close, or that was not seen in its spool."""
    uptime: Uptime | None = None
    """When it began, on the clock of the boot; None where that is not known any more."""
    holes: tuple[Hole, ...] = ()

    @property
    def ended_at(self) -> datetime:
        """The end of its last frame."""
        return self.started_at + timedelta(seconds=self.duration_s)

    @property
    def plays(self) -> bool:
        """Whether it counts as footage."""
        return self.verdict is not SegmentVerdict.BROKEN


class GapCause(StrEnum):
    """Why nothing was recorded, by who can do something about it."""

    CAMERA = "camera"
    """It closed the stream, was busy, sent nothing, refused the login or the address."""
    NETWORK = "network"
    OPERATOR = "operator"
    """Somebody restarted it; the detail says who."""
    OFF = "off"
    """Somebody stopped it, or the configuration does not want it: nothing was lost."""
    CONFIGURATION = "configuration"
    """It was changed, or ffmpeg refused it."""
    DISK = "disk"
    ENCODER = "encoder"
    MACHINE = "machine"
    """Out of memory, a crash, a kill from outside, a power cut."""
    SERVICE = "service"
    """No recorder ran that could have started it again."""
    DAMAGE = "damage"
    """It was recorded, but the file does not play."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without footage between two segments, or since the last one."""

    camera: str
    started_at: datetime
    length_s: float
    """By a clock that nobody sets where it is known, else by the wall clock."""
    cause: GapCause
    detail: str = ""
    """One line for a person."""

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.length_s)

    @property
    def lost(self) -> bool:
        """Whether there should have been footage."""
        return self.cause is not GapCause.OFF


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
class Lock:
    """Footage that retention must leave alone."""

    id: int
    camera: str
    since: datetime
    until: datetime
    note: str
    by: str
    at: datetime
    """When it was locked."""


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


class StoredEventKind(StrEnum):
    """What happened to footage, or to what it is counted by."""

    DELETED = "deleted"
    """By retention; rule, measured value and limit say why."""
    VANISHED = "vanished"
    """Somebody else took the file away."""
    QUARANTINED = "quarantined"
    RESTORED = "restored"
    """It plays after all, and is back from quarantine."""
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One line of the history of footage, in the catalogue."""

    at: datetime
    camera: str
    kind: StoredEventKind
    text: str
    """One line for a person."""
    path: str = ""
    size_bytes: int = 0
    rule: str = ""
    measured: str = ""
    threshold: str = ""
    outcome: str = ""
