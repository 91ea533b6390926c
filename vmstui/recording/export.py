"""Which parts of which segments make up an export, by what the catalogue knows. Pure.

What it guarantees:

- All that was recorded between the two times asked for is in it, each moment once. It begins at the last keyframe at or
  before the first, and ends with the first frame at which it can be cut at or after the second.
- Time is kept: what lies a minute apart in it was a minute apart, so a gap is a still picture as long as the gap.
  Within a generation its stream tells where frames lie; between generations the clock of the boot; only where neither
  is known the wall clock, which may have been set (`gaps.lost_s`).
- Where two generations overlap, as in a seamless hand-over, the earlier one is left at the first keyframe of the later.

`sources` chooses, `missing` says what is not there; `cuts` finds the packets to cut at, `exporting` does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from vmstui.footage import Gap, GapCause, Segment
from vmstui.recording.gaps import SHORTEST_GAP_S, lost_s

OVERLAP_S = 0.05
"""Generations that overlap by less are played one after the other."""
SET_S = 2.0
"""By so much the wall clock must disagree with the others to be said to have been set."""
_TRIFLE_S = 1e-3


@dataclass(frozen=True, slots=True)
class Source:
    """A segment of which something is wanted."""

    segment: Segment
    at_s: float
    """Where its first frame lies, from that of the first source, on a clock that nobody sets."""
    from_s: float
    """Wanted from here on, counted from its first frame."""
    until_s: float
    """Wanted up to here."""

    @property
    def begins_s(self) -> float:
        """Where what is wanted of it begins."""
        return self.at_s + self.from_s

    @property
    def ends_s(self) -> float:
        return self.at_s + self.until_s

    @property
    def is_whole(self) -> bool:
        """Whether it is wanted up to its very end."""
        return self.until_s >= self.segment.duration_s - _TRIFLE_S

    def wall(self, offset_s: float) -> datetime:
        """What the clock on the wall showed at an offset in it."""
        return self.segment.started_at + timedelta(seconds=offset_s)


def sources(segments: Iterable[Segment], since: datetime, until: datetime) -> tuple[Source, ...]:
    """What is wanted of which segments, in order, each moment once."""
    wanted = [one for one in in_order(segments) if one.plays and one.started_at < until and one.ended_at > since]
    chosen: list[Source] = []
    reached_s = 0.0
    newest: dict[int, tuple[Segment, float]] = {}
    last: tuple[Segment, float] | None = None
    for segment in wanted:
        # By its own generation where that is possible, as nothing is more exact.
        reference = newest.get(segment.generation, last)
        at_s = 0.0 if reference is None else reference[1] + reference[0].duration_s + lost_s(reference[0], segment)
        tolerance_s = _tolerance_s(chosen[-1].segment, segment) if chosen else 0.0
        last = newest[segment.generation] = (segment, at_s)
        from_s = max(0.0, (since - segment.started_at).total_seconds())
        until_s = min(segment.duration_s, (until - segment.started_at).total_seconds())
        source = Source(segment, at_s, from_s, until_s)
        if chosen and source.ends_s <= reached_s:
            continue  # others have all of it
        if chosen and source.begins_s < reached_s - tolerance_s:
            chosen = _left_at(chosen, source.begins_s)
        elif chosen and source.begins_s < reached_s:
            source = replace(source, at_s=reached_s - from_s)
        chosen.append(source)
        reached_s = source.ends_s
    return tuple(chosen)


def in_order(segments: Iterable[Segment]) -> list[Segment]:
    """In the order they were recorded in, also where the wall clock was set back meanwhile."""
    ordered = sorted(segments, key=lambda segment: (segment.started_at, segment.path))
    began: dict[str, tuple[float, float]] = {}
    for segment in ordered:
        if (up := segment.uptime) is not None and (up.boot not in began or up.s < began[up.boot][0]):
            began[up.boot] = (up.s, segment.started_at.timestamp())

    def recorded(segment: Segment) -> float:
        if segment.uptime is None:
            return segment.started_at.timestamp()
        first_s, wall_s = began[segment.uptime.boot]
        return wall_s + segment.uptime.s - first_s

    return sorted(ordered, key=recorded)


def missing(
    chosen: Sequence[Source], since: datetime, until: datetime | None, known: Sequence[Gap], camera: str
) -> tuple[Gap, ...]:
    """What of a range is in no source, in order, with the cause that is known of it (`known`, of the catalogue).
    `until` None: what comes after the last source is not missing, only not there yet."""
    found: list[Gap] = []

    def note(at: datetime, length_s: float, cause: GapCause = GapCause.UNKNOWN, detail: str = "") -> None:
        if length_s > SHORTEST_GAP_S:
            found.append(Gap(camera, at, length_s, cause, detail))

    note(since, (chosen[0].wall(0) - since).total_seconds())
    for source, after in zip(chosen, (*chosen[1:], None), strict=True):
        for hole in source.segment.holes:
            if source.from_s < hole.offset_s + hole.length_s and hole.offset_s < source.until_s:
                text = "the camera sent nothing, on a connection that stayed"
                note(source.wall(hole.offset_s), hole.length_s, GapCause.CAMERA, text)
        end = source.wall(source.until_s)
        if after is not None:
            note(end, after.begins_s - source.ends_s)
        elif until is not None:
            note(end, (until - end).total_seconds())
    return tuple(_explained(gap, known) for gap in found)


def clock_steps(chosen: Sequence[Source]) -> tuple[tuple[datetime, float], ...]:
    """Where the clock of the recorder was set within the range, and by how many seconds."""
    steps = []
    for before, after in pairwise(chosen):
        if abs(set_s := _set_s(before, after)) >= SET_S:
            steps.append((before.wall(before.until_s), set_s))
    return tuple(steps)


def _set_s(before: Source, after: Source) -> float:
    first, second = before.segment, after.segment
    if first.uptime is not None and second.uptime is not None and first.uptime.boot == second.uptime.boot:
        # Not by the stream: what a camera sends late comes at once.
        return (second.started_at - first.started_at).total_seconds() - (second.uptime.s - first.uptime.s)
    between = after.wall(after.from_s) - before.wall(before.until_s)
    return between.total_seconds() - (after.begins_s - before.ends_s)


def _tolerance_s(before: Segment, after: Segment) -> float:
    """Files of one generation never hold the same moment, and times by the wall clock are not so exact."""
    if before.generation == after.generation or before.uptime is None or after.uptime is None:
        return SHORTEST_GAP_S
    return OVERLAP_S


def _left_at(chosen: list[Source], at_s: float) -> list[Source]:
    kept = [source for source in chosen if source.begins_s < at_s]
    return [replace(source, until_s=min(source.until_s, at_s - source.at_s)) for source in kept]


def _explained(gap: Gap, known: Sequence[Gap]) -> Gap:
    if gap.cause is not GapCause.UNKNOWN:
        return gap

    def common_s(other: Gap) -> float:
        return (min(gap.ended_at, other.ended_at) - max(gap.started_at, other.started_at)).total_seconds()

    best = max(known, key=common_s, default=None)
    if best is None or common_s(best) <= 0:
        return gap
    return replace(gap, cause=best.cause, detail=best.detail)
