"""CPU over the time of a report: how much, how steady, and whether it creeps. Pure.

Judged by means over equal times (the points of `Measured`), not by single seconds: the rhythm of keyframes is no matter
of a day. A point beside one that is not known tells of a part of its time only, a start mostly, and is left out. How
steady it is goes by what lies between the 5th and the 95th percentile, with the bounds of the six samples over 30 s
(`telemetry.stability`): a restart that took a core for some seconds does not make a day unsteady.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from vmstui.measured import Column, Measured
from vmstui.model import StabilityVerdict
from vmstui.telemetry.stability import STABLE_RATIO, VERY_STABLE_POINTS, VERY_STABLE_RATIO
from vmstui.telemetry.trend import Trend, median, trend

LEAST_POINTS = 6
BLOCKS = 24
"""Of which the drift is told."""
DRIFT_POINTS, DRIFT_RATIO = 1.0, 0.1
"""Less is no drift: percent of a core, and a share of the mean."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Percent, 100 = one core."""

    points: int
    step_s: float
    """That each of them tells of."""
    minimum: float
    median: float
    mean: float
    maximum: float
    low: float
    """Nine of ten points lie between this and `high`."""
    high: float
    verdict: StabilityVerdict


@dataclass(frozen=True, slots=True)
class Drift:
    """Percent of a core, per second."""

    trend: Trend
    first: float
    """In the first and the last quarter, the median of their blocks: a restart is no drift."""
    last: float
    mean: float

    @property
    def drifts(self) -> bool:
        """Whether it surely rises or falls, by enough to be told."""
        sure = self.trend.low > 0 or self.trend.high < 0
        return sure and abs(self.last - self.first) > max(DRIFT_POINTS, DRIFT_RATIO * self.mean)


def steadiness(measured: Measured | None) -> Steadiness | None:
    """None where nothing is known."""
    column = _cpu(measured)
    if column is None or measured is None:
        return None
    values = sorted(_whole(column.mean)) or sorted(column.known)
    count, mean = len(values), sum(values) / len(values)
    low, high = values[ceil(0.05 * count) - 1], values[ceil(0.95 * count) - 1]
    verdict = _verdict(count, high - low, mean)
    return Steadiness(
        count, measured.step_s, values[0], median(values), mean, values[-1], low=low, high=high, verdict=verdict
    )


def drift(measured: Measured | None) -> Drift | None:
    """None where there is too little to tell."""
    column = _cpu(measured)
    if column is None or measured is None:
        return None
    points = [(number * measured.step_s, value) for number, value in enumerate(column.mean) if value is not None]
    blocks = _blocks(points)
    found = trend([at_s for at_s, _ in blocks], [value for _, value in blocks])
    if found is None or len(points) < 2 * BLOCKS:
        return None
    means = [value for _, value in blocks]
    quarter = max(1, len(means) // 4)
    first, last = (median(sorted(part)) for part in (means[:quarter], means[-quarter:]))
    return Drift(found, first, last, _mean(means))


def _cpu(measured: Measured | None) -> Column | None:
    column = measured.column("cpu_percent") if measured is not None else None
    return column if column is not None and column.known else None


def _whole(values: Sequence[float | None]) -> list[float]:
    """Those between two that are known; the first and the last of all may stand at an end."""
    padded = (0.0, *values, 0.0)
    return [
        value
        for before, value, after in zip(padded, padded[1:], padded[2:], strict=False)
        if before is not None and value is not None and after is not None
    ]


def _verdict(count: int, spread: float, mean: float) -> StabilityVerdict:
    if count < LEAST_POINTS:
        return StabilityVerdict.TOO_FEW
    if spread <= max(VERY_STABLE_POINTS, VERY_STABLE_RATIO * mean):
        return StabilityVerdict.VERY_STABLE
    if spread <= max(2 * VERY_STABLE_POINTS, STABLE_RATIO * mean):
        return StabilityVerdict.STABLE
    return StabilityVerdict.VARYING


def _blocks(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means over equal numbers of points, at the mean of their times."""
    count = min(BLOCKS, len(points))
    parts = [points[len(points) * n // count : len(points) * (n + 1) // count] for n in range(count)]
    return [(_mean([at_s for at_s, _ in part]), _mean([value for _, value in part])) for part in parts]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
