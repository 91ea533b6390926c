"""The words of what was recorded, as frozen data: segments, gaps between them, and what is kept from retention.

Beside `model`, which has the words of what runs; the same rules hold here (no input or output, nothing of ours
imported, units in the names, instants timezone-aware UTC, and only what `control.protocol` can carry).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from vmstui.light_dataclass import dataclass


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
