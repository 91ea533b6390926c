"""How fast a series rises or falls, and how sure that is. Pure.

The slope is that of Theil and Sen, the median of the slopes between all pairs of points: a quarter of the points may be
anything, and it hardly moves. Its interval is Sen's (1968), from the ranks of those slopes; because successive points
of memory and CPU resemble each other, the variance that it is made from is widened by their autocorrelation, as Hamed
and Rao (1998) do for the test of Mann and Kendall: without that, a slow wave would pass for a certain rise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_POINTS = 8
"""Fewer have no interval that is worth anything."""
CONFIDENCE = 0.95
_Z = 1.96
"""Of `CONFIDENCE`."""


@dataclass(frozen=True, slots=True)
class Trend:
    """In units of the values per second."""

    slope: float
    low: float
    """The slope is between these with a confidence of 95 %."""
    high: float


def trend(times_s: Sequence[float], values: Sequence[float]) -> Trend | None:
    """Of points in the order of their times; None for fewer than `LEAST_POINTS`. It compares every two points: not for
    more than some hundred."""
    count = len(times_s)
    if count < LEAST_POINTS:
        return None
    slopes = sorted(
        (values[after] - values[before]) / (times_s[after] - times_s[before])
        for before in range(count)
        for after in range(before + 1, count)
        if times_s[after] > times_s[before]
    )
    if not slopes:
        return None
    slope = median(slopes)
    rests = [value - slope * at_s for at_s, value in zip(times_s, values, strict=True)]
    spread = _Z * math.sqrt(_variance(values) * _likeness(ranks(rests)))
    last = len(slopes) - 1
    low = slopes[max(0, math.floor((len(slopes) - spread) / 2))]
    high = slopes[min(last, math.ceil((len(slopes) + spread) / 2))]
    return Trend(slope, low, high)


def median(ordered: Sequence[float]) -> float:
    """Of values in order, at least one."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def ranks(values: Sequence[float]) -> list[float]:
    """The place of each among all, from 1; those that are equal share theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            found[place] = (start + 1 + end) / 2
        start = end
    return found


def _variance(values: Sequence[float]) -> float:
    """Of Kendall's S for independent values (Sen 1968)."""
    count = len(values)
    ties = sum(tied * (tied - 1) * (2 * tied + 5) for tied in Counter(values).values())
    return (count * (count - 1) * (2 * count + 5) - ties) / 18


def _likeness(ranked: Sequence[float]) -> float:
    """By how much the variance grows because successive values resemble each other; never less than 1. Lags count up
    to the first that is not positive: those after it are noise, and would cancel what was found."""
    count = len(ranked)
    mean = sum(ranked) / count
    away = [rank - mean for rank in ranked]
    power = sum(value * value for value in away)
    if power <= 0:
        return 1.0
    total = 0.0
    for lag in range(1, count - 2):
        alike = sum(away[at] * away[at + lag] for at in range(count - lag)) / power
        if alike <= 0:
            break
        total += (count - lag) * (count - lag - 1) * (count - lag - 2) * alike
    return 1.0 + 2.0 * total / (count * (count - 1) * (count - 2))
