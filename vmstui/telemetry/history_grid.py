"""What was measured of a subject as an answer: points at equal distances, from chunks of any tier. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vmstui.measured import MAX_POINTS, Column, Measured, Overlap
from vmstui.telemetry.history_rows import (
    COARSE_S,
    FINE_KEPT_S,
    FINE_S,
    MIDDLE_KEPT_S,
    MIDDLE_S,
    Part,
    Quantity,
    reduced,
    slices,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read, and the grid it is put on."""

    since_s: int
    step_s: int
    points: int
    tier_s: int

    @property
    def until_s(self) -> int:
        return self.since_s + self.points * self.step_s


def plan(since_s: float, until_s: float, now_s: float, width: int) -> Plan:
    """The tier by the age of what is asked for and by how many points are wanted; never more than `MAX_POINTS`, each a
    whole number of the tier's seconds."""
    width = min(max(width, 1), MAX_POINTS)
    span_s = max(until_s - since_s, 1.0)
    age_s = now_s - since_s
    wanted_s = span_s / width
    tier_s = FINE_S
    if age_s > FINE_KEPT_S or wanted_s >= MIDDLE_S:
        tier_s = MIDDLE_S
    if age_s > MIDDLE_KEPT_S or wanted_s >= COARSE_S:
        tier_s = COARSE_S
    step_s = tier_s * max(1, math.ceil(wanted_s / tier_s))
    first_s = math.floor(since_s / step_s) * step_s
    points = max(1, math.ceil((until_s - first_s) / step_s))
    if points > MAX_POINTS:  # one more, for where the first begins
        points -= 1
    return Plan(first_s, step_s, points, tier_s)


def measured(
    subject: str, asked: Plan, parts: Sequence[Part], spans: Sequence[tuple[float, float]], oldest_s: float | None
) -> Measured:
    """The answer. `spans` are beginning and end of each chunk, in the order in which they were written."""
    return Measured(
        subject,
        _instant(asked.since_s),
        _instant(asked.until_s),
        asked.step_s,
        asked.tier_s,
        _columns(asked, parts),
        _instant(oldest_s) if oldest_s is not None else None,
        overlaps(spans, asked.since_s, asked.until_s, asked.tier_s),
    )


def overlaps(spans: Sequence[tuple[float, float]], since_s: float, until_s: float, tier_s: int) -> tuple[Overlap, ...]:
    """Times that passed more than once, of those between two instants. One point of the tier may be in two chunks."""
    found: list[tuple[float, float]] = []
    latest_s = -math.inf
    for begun_s, ended_s in spans:
        low, high = max(begun_s, since_s), min(ended_s, latest_s, until_s)
        if high - low > tier_s:
            if found and low <= found[-1][1]:
                low, high = min(low, found[-1][0]), max(high, found[-1][1])
                found.pop()
            found.append((low, high))
        latest_s = max(latest_s, ended_s)
    return tuple(Overlap(_instant(low), _instant(high)) for low, high in found)


class _Cells:
    """One quantity on the grid."""

    def __init__(self, points: int, scale: float) -> None:
        self._scale = scale
        self.low = [math.inf] * points
        self.sum = [0.0] * points
        self.weight = [0.0] * points
        self.high = [-math.inf] * points

    def add(self, cell: int, low: float, mean: float, high: float, weight: float) -> None:
        self.low[cell] = min(self.low[cell], low)
        self.sum[cell] += mean * weight
        self.weight[cell] += weight
        self.high[cell] = max(self.high[cell], high)

    def column(self, name: str) -> Column:
        weights = self.weight
        means = [sum_ / weight if weight else 0.0 for sum_, weight in zip(self.sum, weights, strict=True)]
        low, mean, high = (self._told(values) for values in (self.low, means, self.high))
        known_s = sum(weights)
        overall = float(f"{sum(self.sum) / known_s * self._scale:.4g}") if known_s else None
        return Column(name, low, mean, high, overall, round(known_s, 3))

    def _told(self, values: Sequence[float]) -> tuple[float | None, ...]:
        """To the four digits that half precision has."""
        return tuple(
            float(f"{value * self._scale:.4g}") if weight else None
            for value, weight in zip(values, self.weight, strict=True)
        )


def _columns(asked: Plan, parts: Sequence[Part]) -> tuple[Column, ...]:
    grid: dict[Quantity, _Cells] = {}
    for part in parts:
        points = part.points
        lasts_s = points.lasts_s()
        of_part = [grid.setdefault(quantity, _Cells(asked.points, quantity.scale)) for quantity in part.quantities]
        for cell, start, end in slices(points.times_s, asked.since_s, asked.step_s):
            if not 0 <= cell < asked.points:
                continue
            for cells, stat in zip(of_part, points.stats, strict=True):
                low, mean, high = reduced(stat, lasts_s, start, end)
                if mean == mean:
                    known = zip(stat[1][start:end], lasts_s[start:end], strict=True)
                    cells.add(cell, low, mean, high, sum(last_s for value, last_s in known if value == value))
    return tuple(cells.column(quantity.name) for quantity, cells in grid.items() if any(cells.weight))


def _instant(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
