"""Does a worker leak? From the resident memory of one run of it to a verdict, with what it rests on. Pure.

A leak raises the least that a process holds, for as long as it runs. So not the memory is judged but its floor: the run
after its warm-up is cut into `BLOCKS` equal times, and of each the lowest tenth counts. What comes and goes within a
block (buffers at the start of a segment, teeth of an allocator that gives back) does not show there. The slope of the
floors and its interval are `trend`'s. It is a **leak** when all of this holds:

- sure: the whole interval lies above zero;
- lasting: the floor rises from each quarter of the run to the next, by `EVEN` of an even share at least, and its `FEW`
  greatest rises from block to block are not `MOST` of it. Steps of an allocator, and growth that levels off, are not
  like that;
- much: by `MUCH` of what it began with, in a run of less than a day by `MUCH_IN_LESS` (what a day and a night differ
  by is no leak, and is not known before both were seen), and by `LEAST_BYTES` in any case.

It is **steady** when it is no leak and the interval ends below `MATTERS_BYTES_PER_S`. Everything else is not known yet.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from vmstui.telemetry.trend import Trend, median, trend

WARM_UP_S = 600.0
"""Of a run, in which queues fill and an allocator finds its size."""
LEAST_S = 1200.0
"""After the warm-up; of less nothing is said."""
DAY_S = 86_400.0
_A_DAY_S = 0.92 * DAY_S
"""A report over 24 h, of a run that began its warm-up with it, has seen a day."""
BLOCKS, QUARTERS = 24, 4
_FULL = 0.75
"""Share of the blocks that have to hold something."""
EVEN = 0.6
FEW, MOST = 6, 0.8
MUCH, MUCH_IN_LESS = 0.1, 0.5
LEAST_BYTES = 2e6
MATTERS_BYTES_PER_S = 1e6 / 3600
"""Slower growth is no matter before months: 1 MB/h."""


class LeakVerdict(StrEnum):
    """What is known of one run."""

    LEAK = "leak"
    STEADY = "steady"
    UNKNOWN = "not known yet"


@dataclass(frozen=True, slots=True)
class Run:
    """Memory of one run of a process."""

    times_s: tuple[float, ...]
    """By any clock; they grow."""
    rss_bytes: tuple[float, ...]
    """The least at each time, where it tells of more than an instant."""
    started_s: float | None = None
    """When the run began, by the same clock; None: before the first of the times, and its warm-up is over."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict over one run."""

    verdict: LeakVerdict
    observed_s: float
    """That were judged: without the warm-up."""
    trend: Trend | None
    """Of the floor, bytes per second; None where there is too little to tell."""
    first_bytes: float
    """The floor in the first and the last quarter; 0 where there is no trend."""
    last_bytes: float
    why: str
    """What the verdict rests on, or what keeps it from being known: a few words."""
    needed_s: float = 0.0
    """How long the run has to be watched for it to be known, as far as can be told; 0: it is known."""


def runs(
    times_s: Sequence[float], values: Sequence[float | None], starts_s: Sequence[float], step_s: float = 0.0
) -> list[Run]:
    """A series cut at each start of a process. `step_s`: each value tells of so much time from its own on; one that
    tells of a start tells of two processes, and goes."""
    cuts = sorted(starts_s)
    found: list[Run] = []
    of_run: list[tuple[float, float]] = []
    current = -1
    for at_s, value in zip(times_s, values, strict=True):
        number = bisect_left(cuts, at_s + max(step_s, 1e-9)) - 1
        if number != current:
            found += _run(of_run, cuts, current)
            of_run, current = [], number
            if number >= 0 and at_s < cuts[number]:
                continue
        if value is not None and value > 0:
            of_run.append((at_s, value))
    return found + _run(of_run, cuts, current)


def _run(points: list[tuple[float, float]], cuts: Sequence[float], number: int) -> list[Run]:
    if not points:
        return []
    started_s = cuts[number] if number >= 0 else None
    return [Run(tuple(at_s for at_s, _ in points), tuple(value for _, value in points), started_s)]


def judge(run: Run, *, hurry: float = 1.0) -> Judgement:
    """The verdict. `hurry` divides all times of the rule, for runs in quick motion."""
    warm_s, least_s, a_day_s = WARM_UP_S / hurry, LEAST_S / hurry, _A_DAY_S / hurry
    first = bisect_left(run.times_s, run.started_s + warm_s) if run.started_s is not None else 0
    times_s, values = run.times_s[first:], run.rss_bytes[first:]
    observed_s = times_s[-1] - times_s[0] if times_s else 0.0
    if observed_s < least_s:
        warming = warm_s if run.started_s is not None else 0.0
        return Judgement(LeakVerdict.UNKNOWN, observed_s, None, 0.0, 0.0, "too short a run", warming + least_s)
    floor = _floor(times_s, values)
    found = trend([at_s for at_s, _ in floor], [value for _, value in floor])
    if found is None or len(floor) < _FULL * BLOCKS:
        return Judgement(LeakVerdict.UNKNOWN, observed_s, None, 0.0, 0.0, "too little was measured", 2 * observed_s)
    levels = _levels([value for _, value in floor])
    growth, first_bytes = levels[-1] - levels[0], levels[0]
    rises = sorted(after - before for (_, before), (_, after) in pairwise(floor))
    lasting = sum(rises[-FEW:]) < MOST * growth and all(
        after - before >= EVEN * growth / (QUARTERS - 1) for before, after in pairwise(levels)
    )
    share = MUCH if observed_s >= a_day_s else MUCH_IN_LESS
    much = growth >= max(share * first_bytes, LEAST_BYTES)

    def judged(verdict: LeakVerdict, why: str, needed_s: float = 0.0) -> Judgement:
        return Judgement(verdict, observed_s, found, first_bytes, levels[-1], why, needed_s)

    if found.low > 0 and lasting and much:
        return judged(LeakVerdict.LEAK, "it grows all the time and gives nothing back")
    matters = MATTERS_BYTES_PER_S * hurry
    if found.high < matters:
        return judged(LeakVerdict.STEADY, "less than 1 MB/h, if it grows at all")
    if found.low > 0 and lasting:
        # By when it will have grown by enough, or a day be over.
        grown_s = observed_s * max(MUCH * first_bytes, LEAST_BYTES) / max(growth, 1.0)
        return judged(
            LeakVerdict.UNKNOWN, "it grows, by no more than day and night may differ", max(DAY_S / hurry, grown_s)
        )
    if found.low > 0:
        return judged(LeakVerdict.UNKNOWN, "it grew in steps, or is levelling off", 2 * observed_s)
    # The interval of a slope narrows with the power 1.5 of the time.
    wide = (found.high - found.low) / 2 / matters
    return judged(
        LeakVerdict.UNKNOWN, "it varies too much for so short a time", observed_s * max(1.25, wide ** (2 / 3))
    )


def _floor(times_s: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """The middle of each block that holds anything, and its lowest tenth."""
    begun_s, block_s = times_s[0], (times_s[-1] - times_s[0]) / BLOCKS
    found: list[tuple[float, float]] = []
    start = 0
    for number in range(BLOCKS):
        until_s = begun_s + (number + 1) * block_s
        end = len(times_s) if number == BLOCKS - 1 else bisect_left(times_s, until_s, start)
        if end > start:
            ordered = sorted(values[start:end])
            found.append((until_s - block_s / 2, ordered[len(ordered) // 10]))
        start = end
    return found


def _levels(floor: Sequence[float]) -> list[float]:
    """The median of each quarter."""
    count = len(floor)
    bounds = [count * number // QUARTERS for number in range(QUARTERS + 1)]
    return [median(sorted(floor[low:high])) for low, high in pairwise(bounds)]
