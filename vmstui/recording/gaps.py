"""What was not recorded, and why. Pure: from segments and the history of a camera to gaps.

Footage is counted where no clock can be wrong, as far as that goes: within a generation by its stream, which ffmpeg's
list divides without remainder; from one generation to the next on the clock of the boot; only beyond that on the wall
clock, which may have been set. Where generations overlap, as in a seamless hand-over, nothing was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vmstui.footage import Gap, GapCause, Segment, Uptime
from vmstui.light_dataclass import dataclass
from vmstui.model import Event, EventKind

SHORTEST_GAP_S = 0.5
"""Less is not told from a late frame."""
SEARCHED = timedelta(seconds=15)
"""So long before its beginning the event is looked for that led to a gap: a frozen worker is ended late."""
RAN_ON = timedelta(seconds=1)
"""By so much the clock in an event and that of a frame may differ."""


@dataclass(frozen=True, slots=True)
class Downtime:
    """A time in which no recorder ran."""

    since: datetime
    until: datetime
    new_boot: bool
    """The machine was started anew meanwhile."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, on the wall and, where that is known, on the clock that nobody sets."""

    at: datetime
    uptime: Uptime | None = None


def between_s(first: Moment, second: Moment) -> float:
    """Seconds from one to the other, by the clock that nobody sets where both are known on it."""
    if first.uptime is not None and second.uptime is not None and first.uptime.boot == second.uptime.boot:
        return second.uptime.s - first.uptime.s
    return (second.at - first.at).total_seconds()


def begin_of(segment: Segment) -> Moment:
    """Its first frame."""
    return Moment(segment.started_at, segment.uptime)


def end_of(segment: Segment) -> Moment:
    """The end of its last frame."""
    up = segment.uptime
    return Moment(segment.ended_at, replace(up, s=up.s + segment.duration_s) if up is not None else None)


def lost_s(before: Segment, after: Segment) -> float:
    """Seconds between the last frame of one segment and the first of a later one; 0 or less: none."""
    if before.generation == after.generation and 0 <= before.number < after.number:
        if before.span is not None and after.span is not None:
            return after.span.start_s - before.span.end_s
        if after.number == before.number + 1:
            return 0.0
    return between_s(end_of(before), begin_of(after))


def gaps_of(
    segment: Segment, earlier: Sequence[Segment], events: Sequence[Event], downtimes: Sequence[Downtime] = ()
) -> tuple[Gap, ...]:
    """The gap before a segment, and the holes in it, in order.

    `earlier` are those recorded last before it, whatever their order; none: it is the first of its camera, and nothing
    is missing before it. `events` are those of the camera in that time, oldest first.
    """
    if not segment.plays:
        return ()  # it is part of the gap before the next one that does
    gaps: list[Gap] = []
    playing = [other for other in earlier if other.plays]
    length_s = min((lost_s(other, segment) for other in playing), default=0.0)
    if length_s > SHORTEST_GAP_S:
        began_at = segment.started_at - timedelta(seconds=length_s)
        damaged = next((other for other in earlier if not other.plays and other.ended_at >= began_at), None)
        gaps += explained(segment.camera, began_at, segment.started_at, events, downtimes, damaged)
    for hole in segment.holes:
        at = segment.started_at + timedelta(seconds=hole.offset_s)
        text = "the camera sent nothing, on a connection that stayed"
        gaps.append(Gap(segment.camera, at, hole.length_s, GapCause.CAMERA, text))
    return tuple(gaps)


def explained(
    camera: str,
    began_at: datetime,
    ended_at: datetime,
    events: Iterable[Event],
    downtimes: Iterable[Downtime] = (),
    damaged: Segment | None = None,
) -> tuple[Gap, ...]:
    """A stretch without footage, cut where its cause changed: of a camera that was off while the disk was full, each
    has its share."""
    events = tuple(events)
    telling = [
        _Change(event.at, event.cause, _told(event))
        for event in events
        if event.cause is not None and began_at - SEARCHED <= event.at <= ended_at + RAN_ON
    ]
    before = [change for change in telling if change.at <= began_at][-1:]
    within = [change for change in telling if change.at > began_at]
    # A worker ends a moment after its last frame: what is told of it then is the cause from the last frame on.
    soon = [change for change in within[:1] if change.at - began_at <= SEARCHED]
    if not telling and damaged is not None:
        within = [_Change(began_at, GapCause.DAMAGE, damaged.reason)]
    if soon and before and before[0].cause is soon[0].cause:
        soon = before  # the command says more than the end it led to
    unknown = _Change(began_at, GapCause.UNKNOWN, "nothing in the history tells why")
    first = (*soon, *before, *within, unknown)[0]
    changes = [replace(first, at=began_at), *(change for change in within if change.at < ended_at)]
    for downtime in downtimes:
        # Alive is noted every minute only; what stands in the history was noted by somebody who lived.
        lived = (event.at for event in events if downtime.since < event.at < downtime.until)
        surely = replace(downtime, since=max(lived, default=downtime.since))
        changes = _without_recorder(changes, surely, ended_at)
    return _merged(camera, changes, ended_at)


@dataclass(frozen=True, slots=True)
class _Change:
    """From here on this is why nothing is recorded."""

    at: datetime
    cause: GapCause
    detail: str


def _told(event: Event) -> str:
    """The cause in an event, without what ended: `worker (generation 3) ended after 90 s: Connection refused`."""
    if event.kind in (EventKind.EXIT, EventKind.STOP, EventKind.NO_START):
        return event.text.partition(": ")[2] or event.text
    return event.text


def _without_recorder(changes: list[_Change], downtime: Downtime, ended_at: datetime) -> list[_Change]:
    """The same, with the time put in in which there was nobody to start anything again."""
    since, until = max(downtime.since, changes[0].at), min(downtime.until, ended_at)
    if since >= until:
        return changes
    if changes[0].cause is GapCause.UNKNOWN and since - changes[0].at <= SEARCHED:
        since = changes[0].at  # what ffmpeg had not written yet when it ended is missing, too
    text = "the machine was down, or started anew" if downtime.new_boot else "no recorder ran"
    down = _Change(since, GapCause.MACHINE if downtime.new_boot else GapCause.SERVICE, text)
    in_force = [change for change in changes if change.at <= until][-1]
    after = [replace(in_force, at=until)] if until < ended_at else []
    return [*(c for c in changes if c.at < since), down, *after, *(c for c in changes if c.at > until)]


def _merged(camera: str, changes: Sequence[_Change], ended_at: datetime) -> tuple[Gap, ...]:
    """Those of one cause in a row as one, and none that lasts no time."""
    gaps: list[Gap] = []
    for change, end in zip(changes, [*(later.at for later in changes[1:]), ended_at], strict=True):
        length_s = (end - change.at).total_seconds()
        if gaps and (gaps[-1].cause is change.cause or length_s <= SHORTEST_GAP_S):
            gaps[-1] = replace(gaps[-1], length_s=gaps[-1].length_s + length_s)
        elif gaps and gaps[-1].length_s <= SHORTEST_GAP_S:
            length_s += gaps[-1].length_s
            gaps[-1] = Gap(camera, gaps[-1].started_at, length_s, change.cause, change.detail)
        else:
            gaps.append(Gap(camera, change.at, length_s, change.cause, change.detail))
    return tuple(gaps)
