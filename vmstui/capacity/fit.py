"""How many cameras fit into what there is: of each resource, and of all together. Pure.

Sums and quotients are of whole millionths, so that a budget of 70.2 % has room for exactly three cameras of 23.4 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from vmstui.capacity.words import Cost, Resource, Row, Standing

MOST_ROWS = 200
GRAIN = 10**6


@dataclass(frozen=True, slots=True)
class Fit:
    """What a set of costs comes to; None where nothing that is known ends it."""

    maximum: int | None
    typical: int | None
    """The most on the median."""
    binding: Resource | None


def exact(value: float) -> int:
    """In millionths."""
    return round(value * GRAIN)


def with_room(cost: Cost, running: int) -> Cost:
    """The same with how many more cameras it has room for."""
    if cost.standing is not Standing.KNOWN or cost.limit is None or cost.busy is None:
        return replace(cost, more=None)
    return replace(cost, more=_room(cost.limit, cost.used_busy, cost.busy, running))


def fit(costs: Iterable[Cost], running: int) -> Fit:
    """The least room of all; of two that have as little, the first in the order of resources is said to end it."""
    known = [cost for cost in costs if cost.standing is Standing.KNOWN]
    rooms = [(cost.more, cost.resource) for cost in known if cost.more is not None]
    if not rooms:
        return Fit(None, None, None)
    more, binding = min(rooms, key=lambda room: room[0])
    typical = [_room(cost.limit or 0.0, cost.used_typical, cost.typical or 0.0, running) for cost in known]
    typical_more = min((room for room in typical if room is not None), default=None)
    return Fit(max(running + more, 0), None if typical_more is None else max(running + typical_more, 0), binding)


def rows(costs: Sequence[Cost], running: int, maximum: int | None, asked: int | None) -> tuple[Row, ...]:
    """From those that run, or one, to the first number that does not fit, and to the one in the question."""
    first = max(running, 1) if maximum is None else max(min(running, maximum), 1)
    last = max(first, running, asked or 0, 0 if maximum is None else maximum + 1)
    return tuple(row(costs, running, count) for count in _counts(first, last, (maximum, asked)))


def row(costs: Iterable[Cost], running: int, cameras: int) -> Row:
    """So many cameras."""
    added, over, cpu = cameras - running, [], (0.0, 0.0)
    for cost in costs:
        if cost.typical is None or cost.busy is None:
            continue
        busy = exact(cost.used_busy) + added * exact(cost.busy)
        if cost.resource is Resource.CPU:
            typical = exact(cost.used_typical) + added * exact(cost.typical)
            cpu = max(typical, 0) / GRAIN, max(busy, 0) / GRAIN
        if cost.standing is Standing.KNOWN and cost.limit is not None and busy > exact(cost.limit):
            over.append(cost.resource)
    return Row(cameras, *cpu, tuple(over))


def _room(limit: float, used: float, each: float, running: int) -> int | None:
    """In whole cameras; None where a camera takes nothing, and what is there fits."""
    left, one = exact(limit) - exact(used), exact(each)
    if one > 0:
        return left // one
    return None if left >= 0 else -running


def _counts(first: int, last: int, telling: Iterable[int | None]) -> Sequence[int]:
    """All of them; where they are very many, evenly so many and those that say something."""
    if last - first < MOST_ROWS:
        return range(first, last + 1)
    some = {count + beside for count in telling if count for beside in (0, 1) if first <= count + beside <= last}
    return sorted({*range(first, last + 1, ceil((last - first) / MOST_ROWS)), *some, last})
