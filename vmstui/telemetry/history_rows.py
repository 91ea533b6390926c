"""Measured values packed into chunks, and what becomes of them in coarser tiers and on a grid. Pure.

A chunk holds successive points of one subject in one tier, all values of a quantity beside each other, in half
precision: 0.05 % of the value, finer than anything that is shown. In the finest tier a point is one sample; in the
coarser ones it carries minimum, mean and maximum of its samples, and how many there were. A value that is not known is
NaN here, and counts for nothing.

Times are those of the wall clock. A chunk's grow; where that clock was put back the next chunk begins, so that nothing
is ever written over. Built-in functions do the work over whole slices: what is done for each of hundreds of cameras has
to be cheap.
"""

from __future__ import annotations

import math
import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

from vmstui.light_dataclass import dataclass

FINE_S, MIDDLE_S, COARSE_S = 1, 10, 60
"""The tiers, by the seconds of a point."""
FINE_KEPT_S, MIDDLE_KEPT_S, COARSE_KEPT_S = 3600, 86_400, 30 * 86_400
"""How much of each is kept, in seconds of measured time."""
_FINE_TICKS = 256
"""Of a second, in which the finest tier counts; the others count seconds."""
_LONGEST_TICKS = 65535
CHUNK_LONGEST_S = _LONGEST_TICKS
"""No chunk spans more."""
_HEAD = struct.Struct("<HB")
"""Points and quantities."""
_HALF_MOST = 65504.0
_EVEN_S = (0.98, 1.02)
"""Samples in such distances all count alike: it is less work, and less than a thousandth off."""
_LONGEST_SAMPLE_S = 10.0
"""What comes later than this tells nothing of all the time before: there was no worker."""
_NAN = math.nan
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of a chunk."""

    name: str
    """With its unit."""
    scale: float = 1.0
    """It is packed in multiples of this, so that its usual values are between 0.001 and 65,000."""


class NoChunk(ValueError):
    """Data that is no chunk."""


Values = Sequence[float]
Stat = tuple[Values, Values, Values]
"""Minimum, mean and maximum of each point."""


@dataclass(frozen=True, slots=True)
class Points:
    """Successive points; values in multiples of the scale of their quantity."""

    times_s: Sequence[float]
    """Since the epoch; they grow, but for what is not packed yet."""
    weights: Sequence[int]
    """Seconds that each point tells of, at least 1; of a sample 1, however long it took."""
    stats: Sequence[Stat]
    """For each quantity."""
    single: bool = False
    """Each is one sample."""

    @classmethod
    def of_samples(cls, times_s: Sequence[float], columns: Sequence[Values]) -> Points:
        """Of single samples."""
        return cls(times_s, (1,) * len(times_s), tuple((column, column, column) for column in columns), True)

    def lasts_s(self) -> Sequence[float]:
        """How much each point counts in a mean: the seconds it tells of. Those of a sample are the ones since the
        sample before, as rates are measured; where that is long gone, or not known, about one."""
        times = self.times_s
        if len(times) < 2 or not self.single:
            return self.weights
        spans = list(map(float.__sub__, times[1:], times[:-1]))
        if _EVEN_S[0] < min(spans) and max(spans) < _EVEN_S[1]:
            return self.weights
        told = [span if 0.0 < span <= _LONGEST_SAMPLE_S else 1.0 for span in spans]
        return [told[0], *told]


@dataclass(frozen=True, slots=True)
class Part:
    """Points and what they are of."""

    points: Points
    quantities: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Packed points."""

    since_s: float
    until_s: float
    """When the last of its points ends."""
    count: int
    data: bytes


def pack(points: Points, quantities: Sequence[Quantity], tier_s: int) -> list[Chunk]:
    """In as few chunks as can be: one, unless the clock went back or there is a long gap."""
    times = points.times_s
    longest_s = _LONGEST_TICKS / _ticks(tier_s)
    if times and times[-1] - times[0] < longest_s and list(times) == sorted(times):
        return [_packed(points, 0, len(times), quantities, tier_s)]
    chunks: list[Chunk] = []
    start = 0
    for end in range(1, len(times) + 1):
        if end == len(times) or times[end] < times[end - 1] or times[end] - times[start] >= longest_s:
            chunks.append(_packed(points, start, end, quantities, tier_s))
            start = end
    return chunks


def unpack(since_s: float, data: bytes, quantities: Sequence[Quantity], tier_s: int) -> Points:
    """The points of a chunk. Raises NoChunk for what is none."""
    try:
        if tier_s != FINE_S:
            data = _joined(zlib.decompress(data))
        count, width = _HEAD.unpack_from(data)
        if width != len(quantities):
            raise NoChunk(f"{width} quantities instead of {len(quantities)}")
        ticks = _ticks(tier_s)
        times = tuple([since_s + offset / ticks for offset in struct.unpack_from(f"<{count}H", data, _HEAD.size)])
        at = _HEAD.size + 2 * count
        halves = struct.Struct(f"<{count}e")
        if tier_s == FINE_S:
            weights: tuple[int, ...] = (1,) * count
        else:
            weights = struct.unpack_from(f"<{count}H", data, at)
            at += 2 * count
        stats: list[Stat] = []
        for _ in quantities:
            read = [halves.unpack_from(data, at)]
            at += halves.size
            if tier_s != FINE_S:
                read += [halves.unpack_from(data, at + n * halves.size) for n in range(2)]
                at += 2 * halves.size
            stats.append((read[0], read[len(read) // 2], read[-1]))
        return Points(times, weights, tuple(stats), tier_s == FINE_S)
    except (struct.error, zlib.error) as error:
        raise NoChunk(f"not a chunk of measured values: {error}") from None


def fine_column(since_s: float, data: bytes, column: int) -> tuple[Values, Values]:
    """Times and values of one quantity in a chunk of the finest tier: a fifth of the work of all of them. Raises
    NoChunk."""
    try:
        count, width = _HEAD.unpack_from(data)
        if not 0 <= column < width:
            raise NoChunk(f"{width} quantities, and none at {column}")
        offsets = struct.unpack_from(f"<{count}H", data, _HEAD.size)
        values = struct.unpack_from(f"<{count}e", data, _HEAD.size + 2 * count * (1 + column))
    except struct.error as error:
        raise NoChunk(f"not a chunk of measured values: {error}") from None
    return tuple([since_s + offset / _FINE_TICKS for offset in offsets]), values


def roll_up(parts: Sequence[Points], to_s: int) -> Points:
    """Points of a coarser tier, each beginning at a multiple of `to_s`. All of the same quantities, in the order in
    which they were taken."""
    times: list[float] = []
    weights: list[int] = []
    columns: list[tuple[list[float], list[float], list[float]]] = []
    for points in _joined_up(parts):
        lasts_s = points.lasts_s()
        cells = list(slices(points.times_s, 0.0, to_s))
        times += [float(cell * to_s) for cell, _, _ in cells]
        bounds = [(start, end) for _, start, end in cells]
        weights += [round(sum(lasts_s[start:end])) or 1 for start, end in bounds]
        columns = columns or [([], [], []) for _ in points.stats]
        for column, stat in zip(columns, points.stats, strict=True):
            for kept, made in zip(
                column, _rolled_up(stat, lasts_s, bounds, even=lasts_s is points.weights), strict=True
            ):
                kept += made
    return Points(times, weights, columns)


def _joined_up(parts: Sequence[Points]) -> Iterator[Points]:
    """As few as can be, in each of which times grow."""
    start = 0
    for end in range(1, len(parts) + 1):
        if end < len(parts) and parts[end].times_s[0] >= parts[end - 1].times_s[-1]:
            continue
        run = parts[start:end]
        start = end
        stats: list[Stat] = []
        for column in range(len(run[0].stats)):
            means = _chained([points.stats[column][1] for points in run])
            if all(points.stats[column][0] is points.stats[column][1] for points in run):
                stats.append((means, means, means))
            else:
                lows, highs = (_chained([points.stats[column][side] for points in run]) for side in (0, 2))
                stats.append((lows, means, highs))
        times, weights = _chained([points.times_s for points in run]), _chained([points.weights for points in run])
        yield Points(times, weights, stats, all(points.single for points in run))


def _rolled_up(stat: Stat, lasts_s: Sequence[float], bounds: Sequence[tuple[int, int]], *, even: bool) -> Stat:
    """Minimum, mean and maximum of each slice. Single samples that are `even` count alike."""
    lows, means, highs = stat
    low, high, all_known = min(lows), max(highs), sum(means) == sum(means)
    if low == high and all_known:  # counts of what hardly ever happens are zero all along
        same = [low] * len(bounds)
        return same, same, same
    if lows is not means:
        found = [reduced(stat, lasts_s, start, end) for start, end in bounds]
        return [one[0] for one in found], [one[1] for one in found], [one[2] for one in found]
    cut = [sorted(means[start:end]) for start, end in bounds]  # takes half of what min() and max() take
    if even:
        middle = [sum(values) / len(values) for values in cut]
    else:
        middle = [_weighted(means, lasts_s, start, end) for start, end in bounds]
    made = [values[0] for values in cut], middle, [values[-1] for values in cut]
    if not all_known:
        for number, mean in enumerate(made[1]):
            if mean != mean:
                made[0][number], made[1][number], made[2][number] = reduced(stat, lasts_s, *bounds[number])
    return made


def _chained(sequences: Sequence[Sequence[T]]) -> Sequence[T]:
    return sequences[0] if len(sequences) == 1 else list(chain.from_iterable(sequences))


def slices(times_s: Sequence[float], origin_s: float, step_s: float) -> Iterator[tuple[int, int, int]]:
    """Cell, start and end of each run of times that fall into the same cell `[origin + cell * step, … + step)`."""
    start, count = 0, len(times_s)
    while start < count:
        cell = math.floor((times_s[start] - origin_s) / step_s)
        end = bisect_left(times_s, origin_s + (cell + 1) * step_s, start + 1, count)
        yield cell, start, end
        start = end


def reduced(stat: Stat, lasts_s: Sequence[float], start: int, end: int) -> tuple[float, float, float]:
    """Minimum, mean and maximum over a slice, in which each point counts by what it lasts; NaN where nothing is known
    in it."""
    lows, means, highs = stat
    mean = _weighted(means, lasts_s, start, end)
    if mean != mean:
        known = [number for number in range(start, end) if means[number] == means[number]]
        if not known:
            return _NAN, _NAN, _NAN
        known_s = sum(lasts_s[number] for number in known)
        mean = sum(means[number] * lasts_s[number] for number in known) / known_s
        return min(lows[number] for number in known), mean, max(highs[number] for number in known)
    return min(lows[start:end]), mean, max(highs[start:end])


def _weighted(means: Values, lasts_s: Sequence[float], start: int, end: int) -> float:
    if end - start == 1:
        return means[start]
    chosen = lasts_s[start:end]
    return sum(map(float.__mul__, means[start:end], map(float, chosen))) / sum(chosen)


def _packed(points: Points, start: int, end: int, quantities: Sequence[Quantity], tier_s: int) -> Chunk:
    times, count, ticks = points.times_s, end - start, _ticks(tier_s)
    since_s = times[start]
    offsets = [int((at_s - since_s) * ticks) for at_s in times[start:end]]
    parts = [_HEAD.pack(count, len(quantities)), struct.pack(f"<{count}H", *offsets)]
    if tier_s != FINE_S:
        weights = [min(weight, _LONGEST_TICKS) for weight in points.weights[start:end]]
        parts.append(struct.pack(f"<{count}H", *weights))
    for _, stat in zip(quantities, points.stats, strict=True):
        kept = stat[1:2] if tier_s == FINE_S else stat
        parts += [_halves(column[start:end]) for column in kept]
    raw = b"".join(parts)
    until_s = times[end - 1] + tier_s
    return Chunk(since_s, until_s, count, raw if tier_s == FINE_S else zlib.compress(_parted(raw), 1))


def _halves(values: Values) -> bytes:
    try:
        return struct.pack(f"<{len(values)}e", *values)
    except (OverflowError, struct.error):  # more than fits: as much as does
        bounded = [value if value != value else max(-_HALF_MOST, min(value, _HALF_MOST)) for value in values]
        return struct.pack(f"<{len(values)}e", *bounded)


def _ticks(tier_s: int) -> int:
    return _FINE_TICKS if tier_s == FINE_S else 1


def _parted(raw: bytes) -> bytes:
    """First the high bytes of all numbers, which hardly differ, then the low ones: that packs to half the size."""
    body = raw[_HEAD.size :]
    return raw[: _HEAD.size] + body[1::2] + body[0::2]


def _joined(parted: bytes) -> bytes:
    body = parted[_HEAD.size :]
    half = len(body) // 2
    whole = bytearray(len(body))
    whole[1::2], whole[0::2] = body[:half], body[half:]
    return parted[: _HEAD.size] + bytes(whole)
