"""The packets to cut at in each file of an export, and where each file then lies in it. Pure.

A file is cut at packets only, never within what decoders need together: it begins with a keyframe, and ends where all
that is shown before the cut has been decoded. Positions rise in both orders, that of decoding and that in which frames
are shown, so no time in the export is ever corrected by ffmpeg. Called by `exporting`, a file at a time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Protocol

from vmstui.footage import Gap, GapCause
from vmstui.recording.export import Source
from vmstui.recording.gaps import SHORTEST_GAP_S
from vmstui.recording.jumps import Jump, without
from vmstui.recording.jumps import before as ahead_by
from vmstui.recording.jumps import jumps as find_jumps

_APART_US = 1_000


class ExportRefused(Exception):
    """It cannot be exported as asked for. The text says what was found and what is accepted."""


class Packets(Protocol):
    """The packets of a file, in the order of decoding; `ffmpeg.packets.Packets` is one."""

    @property
    def codec(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def parameters(self) -> str: ...
    @property
    def tick_s(self) -> Fraction: ...
    @property
    def pts(self) -> array[int]: ...
    @property
    def dts(self) -> array[int]: ...
    @property
    def duration(self) -> array[int]: ...
    @property
    def size_bytes(self) -> array[int]: ...
    @property
    def checksum(self) -> array[int]: ...
    @property
    def keyframe(self) -> bytearray: ...
    @property
    def cut_off_dts(self) -> int | None: ...
    def with_times(self, pts: array[int], dts: array[int]) -> Packets:
        """The same packets at other times."""


@dataclass(frozen=True, slots=True)
class Format:
    """What one file without a change in it has throughout."""

    codec: str
    width: int
    height: int
    parameters: str = ""
    """Of the encoder; two files of one codec and size may still need different ones."""

    def __str__(self) -> str:
        return f"{self.codec} {self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Ahead:
    """The clock of the camera was set ahead amid what is taken of a file."""

    frames: int
    """Taken before that."""
    position_us: int
    """An instant in the step, from the first frame taken on, by the clock of the file."""
    length_us: int
    at_s: float
    """When that was, from the first frame of the file, in time that was recorded."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is taken of a source, to the packet."""

    source: Source
    format: Format
    first: int
    """Index of the first packet taken, a keyframe."""
    end: int
    """Index after the last."""
    first_s: float
    """When the first is shown, from the first frame of the file."""
    end_s: float
    """When the last has been shown."""
    position_us: int
    """Where the first lies in the export."""
    late_us: int
    """By so much that is later than it was recorded: the one before could not be left at once."""
    last_s: float
    """When the last begins to be shown, from the first frame of the file."""
    decoded_until_us: int
    """Decoding time of the last packet in the export."""
    inpoint_us: int | None
    outpoint_us: int | None
    early: int
    """Frames taken that are shown before what is wanted, as decoding begins at a keyframe."""
    late: int
    """Frames taken that are shown after it, as others refer to them."""
    size_bytes: int
    ahead: tuple[Ahead, ...] = ()
    """Where in it the camera set its clock ahead: that time is not in the export."""

    @property
    def frames(self) -> int:
        return self.end - self.first

    @property
    def began_at(self) -> datetime:
        return self.source.wall(self.first_s)

    @property
    def ended_at(self) -> datetime:
        return self.source.wall(self.end_s)


@dataclass(frozen=True, slots=True)
class Part:
    """A cut, as ffmpeg's concat demuxer is told of it."""

    path: str
    inpoint_us: int | None
    outpoint_us: int | None
    length_us: int | None
    """By the clocks of the files, as all of this."""
    frames: int = 0
    ahead: tuple[Ahead, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """Those of all parts from `since_s` on up to `until_s`, from the first frame of the first part; None: all of them
    on that side."""

    parts: Sequence[Part]
    since_s: float | None
    until_s: float | None


def refuse_changes(formats: Sequence[tuple[Source, Format]], zone: tzinfo | None) -> None:
    """Raises ExportRefused, with times of a zone, where one file could not hold all of it as it is."""
    for (_, before), (source, after) in pairwise(formats):
        if before == after:
            continue
        change = f"from {before} to {after}"
        if str(before) == str(after):
            change = f"in what decoders must know beforehand (parameter sets of {after})"
        raise ExportRefused(
            f"the recording changes at {spoken(source.segment.started_at, zone)} {change} "
            f"({source.segment.path}), and one file cannot hold both as they are: export up to there and from there on "
            "apart, or have all of it re-encoded: --exact"
        )


def spoken(at: datetime, zone: tzinfo | None) -> str:
    """An instant as people of a zone write it, with its offset."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def catalogued_format(source: Source) -> Format:
    """What the catalogue knows of it; only the file tells the parameters."""
    return Format(source.segment.codec, source.segment.width, source.segment.height)


def steady(source: Source, packets: Packets) -> tuple[Packets, tuple[Jump, ...]]:
    """The packets of a source without the steps of a camera's clock that was set ahead, and these steps."""
    ends = max(time + length for time, length in zip(packets.pts, packets.duration, strict=True))
    jumps = find_jumps(packets.dts, ends - min(packets.pts), packets.tick_s, source.segment.duration_s)
    if not jumps:
        return packets, ()
    return packets.with_times(without(packets.pts, jumps), without(packets.dts, jumps)), jumps


def cut(
    source: Source, packets: Packets, begins_s: float | None, before: Cut | None, jumps: Sequence[Jump] = ()
) -> Cut | None:
    """What to take of a source, after what was taken `before` it, None: nothing. `begins_s` is where the first frame of
    the export lies; None: this is the first. `packets` are `steady`, without the `jumps` that the file has."""
    tick_s = packets.tick_s
    pts, dts = packets.pts, packets.dts
    origin = min(pts)
    first = _first(packets, origin + _ticks(source.from_s, tick_s)) if source.from_s > 0 else 0
    end = len(pts) if source.is_whole else _end(pts, origin + _ticks(source.until_s, tick_s))
    if first >= end:
        return None
    begin = pts[first]
    at_s = source.at_s + float((begin - origin) * tick_s)
    position_us = 0 if begins_s is None else round((at_s - begins_s) * 1e6)
    late_us = 0
    if before is not None:
        # In both orders, that of decoding and that in which frames are shown, it comes after what was taken before.
        lead_us = _micros((begin - dts[first]) * tick_s)
        late_us = max(
            # What is late stays so, as it follows without a break, until a gap leaves room to catch up.
            before.late_us - round(max(0.0, source.begins_s - before.source.at_s - before.end_s) * 1e6),
            before.position_us + _after_us(before, source) - position_us,
            before.decoded_until_us + lead_us + _APART_US - position_us,
            0,
        )
    return _taken(source, packets, jumps, first, end, position_us + late_us, late_us)


def part_of(one: Cut, packets: Packets, jumps: Sequence[Jump], first: int, end: int) -> Cut:
    """Some of what is taken of a source, where it lies already."""
    later = packets.pts[first] - packets.pts[one.first]
    position_us = one.position_us + _micros(later * packets.tick_s)
    return _taken(one.source, packets, jumps, first, end, position_us, one.late_us)


def wanted_between(source: Source, packets: Packets) -> tuple[int | None, int | None]:
    """From which time on and up to which frames of a source are wanted, in ticks; None: from its first, to its last."""
    origin = min(packets.pts)
    since = origin + _ticks(source.from_s, packets.tick_s) if source.from_s > 0 else None
    return since, None if source.is_whole else origin + _ticks(source.until_s, packets.tick_s)


def _taken(
    source: Source, packets: Packets, jumps: Sequence[Jump], first: int, end: int, position_us: int, late_us: int
) -> Cut:
    tick_s = packets.tick_s
    pts, dts = packets.pts, packets.dts
    origin = min(pts)
    since, until = wanted_between(source, packets)

    def offset_s(ticks: int) -> float:
        return float((ticks - origin) * tick_s)

    newest = max(range(first, end), key=pts.__getitem__)
    begin, last = pts[first], pts[newest]
    ahead = ahead_by(jumps, first)
    beyond = dts[end] + ahead_by(jumps, end) if end < len(dts) else packets.cut_off_dts
    ends = dts[end - 1] + ahead_by(jumps, end - 1)
    return Cut(
        source=source,
        format=Format(packets.codec, packets.width, packets.height, packets.parameters),
        first=first,
        end=end,
        first_s=offset_s(begin),
        end_s=offset_s(last + packets.duration[newest]),
        position_us=position_us,
        late_us=late_us,
        last_s=offset_s(last),
        decoded_until_us=position_us + _micros((dts[end - 1] - begin) * tick_s),
        inpoint_us=_micros((begin + ahead) * tick_s) if first > 0 else None,
        outpoint_us=None if beyond is None else _micros(Fraction(ends + beyond, 2) * tick_s),
        early=0 if since is None else _count(pts[first:end], None, since),
        late=0 if until is None else _count(pts[first:end], until, None),
        size_bytes=sum(packets.size_bytes[first:end]),
        ahead=tuple(
            Ahead(
                jump.index - first,
                _micros((pts[jump.index] + ahead_by(jumps, jump.index) - jump.ticks // 2 - begin - ahead) * tick_s),
                _micros(jump.ticks * tick_s),
                offset_s(pts[jump.index]),
            )
            for jump in jumps
            if first < jump.index < end
        ),
    )


def lost(source: Source, packets: Packets, reason: str) -> tuple[Gap, ...]:
    """What is wanted of a source and is not in its file any more, as that ends before what was recorded."""
    ends = max(time + length for time, length in zip(packets.pts, packets.duration, strict=True))
    since_s = max(source.from_s, float((ends - min(packets.pts)) * packets.tick_s))
    length_s = source.until_s - since_s
    if length_s <= SHORTEST_GAP_S:
        return ()
    segment = source.segment
    return (Gap(segment.camera, source.wall(since_s), length_s, GapCause.DAMAGE, f"{segment.path} {reason}"),)


def parts(cuts: Sequence[Cut]) -> tuple[Part, ...]:
    """What ffmpeg is told."""
    return tuple(
        Part(
            one.source.segment.path,
            one.inpoint_us,
            one.outpoint_us,
            None if after is None else after.position_us - one.position_us + sum(step.length_us for step in one.ahead),
            one.frames,
            one.ahead,
        )
        for one, after in zip(cuts, (*cuts[1:], None), strict=True)
    )


def expected_us(one: Cut, packets: Packets) -> Iterator[int]:
    """When each packet of a cut is shown in the export, in the order of decoding."""
    begin = packets.pts[one.first]
    up, down = _per_tick(packets.tick_s)
    for time in packets.pts[one.first : one.end]:
        yield one.position_us + ((time - begin) * up + down // 2) // down


def differs(made: Packets, checksums: array[int], times_us: array[int]) -> str:
    """In what an export is not made of the packets it should be made of, each once and at its time; `` if it is."""
    if len(made.pts) != len(checksums):
        return f"it holds {len(made.pts)} frames, not {len(checksums)}"
    if made.checksum != checksums:
        index = next(index for index, checksum in enumerate(checksums) if made.checksum[index] != checksum)
        return f"frame {index + 1} of {len(checksums)} is another one"
    up, down = _per_tick(made.tick_s)
    shift_us = times_us[0] - made.pts[0] * up // down
    for index, (time, time_us) in enumerate(zip(made.pts, times_us, strict=True)):
        found_us = time * up // down + shift_us
        if abs(found_us - time_us) > _APART_US:
            return f"frame {index + 1} is shown at {found_us / 1e6:.3f} s, not at {time_us / 1e6:.3f} s"
    return out_of_order(made)


def out_of_order(made: Packets) -> str:
    """Where its decoding times do not rise; `` if they do."""
    for index, (before, after) in enumerate(pairwise(made.dts)):
        if after <= before:
            return f"the decoding time of frame {index + 2} is not after that of the one before"
    return ""


def _after_us(before: Cut, source: Source) -> int:
    """How long after the first frame of a cut the next may come. In a file how long its last frame lasts is a guess, so
    within a generation only its stream counts, in which the next one may come sooner."""
    if before.source.segment.generation != source.segment.generation:
        return round((before.end_s - before.first_s) * 1e6)
    return round((before.last_s - before.first_s) * 1e6) + _APART_US


def _first(packets: Packets, wanted: int) -> int:
    """The last keyframe shown at or before a time."""
    first = 0
    for index, time in enumerate(packets.pts):
        if packets.keyframe[index] and time <= wanted:
            first = index
    return first


def _end(pts: array[int], wanted: int) -> int:
    """The first index before which all is shown that is shown before a time, and after which nothing is shown that
    was to come earlier: with frames that refer to later ones, a cut anywhere else would tear a hole."""
    # Of all packets from an index on, when the earliest is shown; and up to an index, when the latest is.
    earliest = list(accumulate(reversed(pts), min))[::-1]
    latest = list(accumulate(pts, max))
    for index, time in enumerate(earliest):
        if time >= wanted and (index == 0 or latest[index - 1] < time):
            return index
    return len(pts)


def _count(times: array[int], since: int | None, until: int | None) -> int:
    """How many lie in [since, until)."""
    return sum(1 for time in times if (since is None or time >= since) and (until is None or time < until))


def _ticks(seconds: float, tick_s: Fraction) -> int:
    return round(seconds / tick_s)


def _per_tick(tick_s: Fraction) -> tuple[int, int]:
    """Microseconds of a tick, as a fraction of whole numbers: there are millions of packets in a day."""
    return tick_s.numerator * 1_000_000, tick_s.denominator


def _micros(seconds: Fraction) -> int:
    return round(seconds * 1_000_000)
