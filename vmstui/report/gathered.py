"""What a report is made from, as frozen data: all that was asked of a recorder and read in its files, as of an instant.

Passwords are masked in it already. What could not be asked is None or empty, and `troubles` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from vmstui.capacity.words import Capacity
from vmstui.codec import Json
from vmstui.findings import FindingsPage
from vmstui.footage import Gap, Segment, SegmentVerdict
from vmstui.footage_accounts import Account
from vmstui.live_check import LiveCheck
from vmstui.logged import LogLine
from vmstui.measured import Measured
from vmstui.model import CameraDetails, CameraSnapshot, Event, RecorderSnapshot
from vmstui.stages import StageBreakdown


@dataclass(frozen=True, slots=True)
class Recordings:
    """What was recorded of one camera in the time of the report."""

    verdicts: tuple[tuple[SegmentVerdict, int], ...] = ()
    """How many segments of each, in the order of the verdicts; only those there are."""
    size_bytes: int = 0
    """Of those that play."""
    smallest_bytes: int = 0
    median_bytes: int = 0
    largest_bytes: int = 0
    median_s: float = 0.0
    """Length of a segment."""
    oldest_at: datetime | None = None
    """When the first segment that plays began."""
    newest: Segment | None = None
    """That plays."""
    faulty: tuple[Segment, ...] = ()
    """Those that are not good."""
    account: Account | None = None
    gaps: tuple[Gap, ...] = ()
    """By start; those that still go on as well."""

    @property
    def count(self) -> int:
        """Of all segments."""
        return sum(count for _, count in self.verdicts)


@dataclass(frozen=True, slots=True)
class OfCamera:
    """All of one camera."""

    camera: CameraSnapshot
    details: CameraDetails | None = None
    measured: Measured | None = None
    recordings: Recordings = Recordings()
    events: tuple[Event, ...] = ()
    """In the time of the report, and the last start before it; oldest first."""
    stages: StageBreakdown | None = None
    live: LiveCheck | None = None


@dataclass(frozen=True, slots=True)
class OfProcess:
    """A process that is no worker: the service, the relay."""

    name: str
    pid: int
    started_at: datetime | None
    """None: not known."""
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class Absence:
    """No recorder ran."""

    since: datetime
    until: datetime
    new_boot: bool
    """The machine itself was not up."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All of it."""

    since: datetime
    until: datetime
    """When it was gathered."""
    asked_since: datetime
    """Earlier than `since` where nothing is known of the time between."""
    zone: tzinfo | None
    snapshot: RecorderSnapshot
    cameras: tuple[OfCamera, ...]
    together: Measured | None = None
    """All workers, the relay and the service."""
    processes: tuple[OfProcess, ...] = ()
    capacity: Capacity | str = ""
    """The text: why there is none."""
    lines: tuple[LogLine, ...] = ()
    """Of level warning or worse, in the time of the report, that the recorder still holds; oldest first."""
    lines_since: datetime | None = None
    """Since when it holds all lines; None: since before the time of the report."""
    findings: FindingsPage | None = None
    """What messages mean, of the time since the first of each."""
    absences: tuple[Absence, ...] = ()
    layouts: Json = None
    """What the last `vmstui bench` found, as it wrote it."""
    troubles: tuple[str, ...] = field(default=())
    """What could not be asked, a sentence each without its full stop."""

    @property
    def seconds(self) -> float:
        """Of the report."""
        return (self.until - self.since).total_seconds()


def recordings(segments: Iterable[Segment], gaps: Sequence[Gap], account: Account | None) -> Recordings:
    """What segments of one camera amount to."""
    counts: dict[SegmentVerdict, int] = {}
    sizes: list[int] = []
    lengths: list[float] = []
    faulty: list[Segment] = []
    newest: Segment | None = None
    oldest_at: datetime | None = None
    for segment in segments:
        counts[segment.verdict] = counts.get(segment.verdict, 0) + 1
        if segment.verdict is not SegmentVerdict.GOOD:
            faulty.append(segment)
        if segment.plays:
            sizes.append(segment.size_bytes)
            lengths.append(segment.duration_s)
            if oldest_at is None or segment.started_at < oldest_at:
                oldest_at = segment.started_at
            if newest is None or segment.started_at > newest.started_at:
                newest = segment
    sizes.sort()
    lengths.sort()
    return Recordings(
        verdicts=tuple((verdict, counts[verdict]) for verdict in SegmentVerdict if verdict in counts),
        size_bytes=sum(sizes),
        smallest_bytes=sizes[0] if sizes else 0,
        median_bytes=sizes[len(sizes) // 2] if sizes else 0,
        largest_bytes=sizes[-1] if sizes else 0,
        median_s=lengths[len(lengths) // 2] if lengths else 0.0,
        oldest_at=oldest_at,
        newest=newest,
        faulty=tuple(faulty),
        account=account,
        gaps=tuple(sorted(gaps, key=lambda gap: gap.started_at)),
    )
