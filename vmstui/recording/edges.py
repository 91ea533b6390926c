"""What of an exact export is copied, and what at its edges has to be encoded anew. Pure.

Copied is from a clean keyframe on: all that comes after it is shown after it, all that comes before it before it. With
an open GOP a keyframe has frames of the one before it after it, and the next clean one is taken. Copied is up to a
joint: what comes before it is shown before it, and the other way round. A joint may lie anywhere in a group of
pictures, and without reordering it lies at the end itself; with it, frames before the end refer to some after it, and
the few from the last joint on are encoded anew. Called by `exporting`, a file at a time.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from vmstui.recording.cuts import Cut, Packets, expected_us, part_of, wanted_between
from vmstui.recording.jumps import Jump


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that is all in an export, as `ffmpeg.splice` is told of it."""

    path: str
    at_us: int
    """When its first frame is shown."""
    number: int | None
    """Of the parameter sets of an edge; None: it is copied."""
    lasts_us: int | None = None
    """How long its last frame is shown; None: as long as the file says."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What is encoded anew."""

    cuts: tuple[Cut, ...]
    """To decode."""
    since_s: float | None
    """Wanted from here on, counted from the first frame of them; None: from there."""
    until_s: float | None
    times_us: array[int]
    """When each frame that is wanted is shown, as cuts tell it, in order."""
    lasts_us: int | None = None
    """How long the last one is shown, where that is known."""


@dataclass(frozen=True, slots=True)
class Exact:
    """What an exact export is made of, in order."""

    head: Edge | None
    middle: tuple[Cut, ...]
    tail: Edge | None
    first: int
    """Of all packets taken for the export the first that is copied."""
    end: int
    """Index after the last."""


@dataclass(slots=True)
class Edges:
    """Finds it, told of what is taken of each source, in order."""

    head: list[Cut] = field(default_factory=list)
    head_us: array[int] = field(default_factory=lambda: array("q"))
    early_us: int | None = None
    """When the last frame before those that are wanted is shown."""
    middle: list[Cut] = field(default_factory=list)
    first: int = 0
    end: int = 0
    last: tuple[Packets, Sequence[Jump]] | None = None

    def add(self, one: Cut, packets: Packets, jumps: Sequence[Jump]) -> None:
        """The next: `packets` are steady, without these `jumps`."""
        self.end += one.frames
        self.last = (packets, jumps)
        if self.middle:
            self.middle.append(one)
            return
        since, _ = wanted_between(one.source, packets)
        keyframe = next((k for k in _clean(one, packets) if since is None or packets.pts[k] >= since), one.end)
        self.first += keyframe - one.first
        if keyframe > one.first:
            self._lead(part_of(one, packets, jumps, one.first, keyframe), packets, since)
        if keyframe < one.end:
            self.middle.append(part_of(one, packets, jumps, keyframe, one.end))

    def _lead(self, one: Cut, packets: Packets, since: int | None) -> None:
        self.head.append(one)
        for time, time_us in zip(packets.pts[one.first : one.end], expected_us(one, packets), strict=True):
            if since is None or time >= since:
                self.head_us.append(time_us)
            else:
                self.early_us = time_us if self.early_us is None else max(self.early_us, time_us)

    def found(self) -> Exact | None:
        """None: there is nothing that could be copied."""
        if not self.middle or self.last is None:
            return None
        packets, jumps = self.last
        middle, tail, left = self.middle, None, 0
        if (last := middle[-1]).late:
            joint = _joint(last, packets)
            clean = [keyframe for keyframe in _clean(last, packets) if keyframe <= joint]
            if not clean:
                return None
            kept = [part_of(last, packets, jumps, last.first, joint)] if joint > last.first else []
            middle = [*middle[:-1], *kept]
            tail = _edge_from(part_of(last, packets, jumps, clean[-1], last.end), packets, joint)
            left = last.end - joint
        if not middle:
            return None
        return Exact(self._head(), tuple(middle), tail, self.first, self.end - left)

    def _head(self) -> Edge | None:
        if not self.head_us:
            return None
        times_us = array("q", sorted(self.head_us))
        since_s = None
        if self.early_us is not None:
            since_s = (self.early_us + times_us[0]) / 2e6 - self.head[0].position_us / 1e6
        return Edge(tuple(self.head), since_s, None, times_us)


def _clean(one: Cut, packets: Packets) -> list[int]:
    """The clean keyframes of what is taken of a source."""
    pts = packets.pts[one.first : one.end]
    latest = accumulate(pts, max)
    earliest = list(accumulate(reversed(pts), min))[::-1]
    return [
        one.first + index
        for index, (time, before, after) in enumerate(zip(pts, latest, earliest, strict=True))
        if packets.keyframe[one.first + index] and time == before == after
    ]


def _joint(one: Cut, packets: Packets) -> int:
    """The last joint before which all is shown before the end."""
    _, until = wanted_between(one.source, packets)
    pts = packets.pts[one.first : one.end]
    latest = list(accumulate(pts, max))
    earliest = list(accumulate(reversed(pts), min))[::-1]
    found = 0
    for index in range(1, len(pts)):
        if until is not None and latest[index - 1] < min(until, earliest[index]):
            found = index
    return one.first + found


def _edge_from(one: Cut, packets: Packets, joint: int) -> Edge | None:
    """What is wanted of a source from a joint on, up to the end."""
    _, until = wanted_between(one.source, packets)
    before, times, after = [], [], []
    shown = zip(packets.pts[one.first : one.end], expected_us(one, packets), strict=True)
    for index, (time, time_us) in enumerate(shown, one.first):
        if index < joint:
            before.append(time_us)
        elif until is None or time < until:
            times.append(time_us)
        else:
            after.append(time_us)
    if not times:
        return None

    def between_s(earlier_us: int, later_us: int) -> float:
        return (earlier_us + later_us) / 2e6 - one.position_us / 1e6

    return Edge(
        (one,),
        between_s(max(before), min(times)) if before else None,
        between_s(max(times), min(after)) if after else None,
        array("q", sorted(times)),
        min(after) - max(times) if after else None,
    )
