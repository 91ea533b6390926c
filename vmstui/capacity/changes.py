"""What would move the limit: as much more of what ends it, another resource in its turn, copying. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import floor

from vmstui.capacity.cost import BUSY, TYPICAL, in_use, one_more, values_of
from vmstui.capacity.fit import GRAIN, exact, fit, with_room
from vmstui.capacity.told import amount, name
from vmstui.capacity.words import Capacity, Change, Cost, Measured, MeasuredCamera, Resource, Standing
from vmstui.spoken import plural

COPY_CPU_PERCENT = 1.0
"""Assumed of a camera that only copies where none does yet: 0.5 % was measured (docs/benchmarks.md); twice that."""
_OF_THE_GPU = (Resource.ENCODER_SESSIONS, Resource.ENCODER, Resource.DECODER, Resource.GPU_MEMORY)


def changes(capacity: Capacity, measured: Measured) -> tuple[Change, ...]:
    """Those that gain anything."""
    if capacity.maximum is None or capacity.binding is None:
        return ()
    ends = capacity.cost(capacity.binding)
    found = (*_more_of_it(capacity, ends, measured), *_without_it(capacity, ends), *_copying(capacity, measured))
    return tuple(change for change in found if change.more > 0)


def _after(capacity: Capacity, costs: tuple[Cost, ...], what: str, assumed: str = "") -> Iterator[Change]:
    """With other costs; nothing where nothing that is known would end it any more."""
    found = fit(costs, capacity.running)
    if found.maximum is not None and capacity.maximum is not None:
        yield Change(what, found.maximum - capacity.maximum, found.binding, assumed)


def _more_of_it(capacity: Capacity, ends: Cost, measured: Measured) -> Iterator[Change]:
    """As much more as one more camera takes; or those that run and those in the question."""
    if ends.busy is None or ends.limit is None or capacity.maximum is None:
        return
    added = max(capacity.maximum + 1, capacity.running, capacity.asked or 0) - capacity.running
    needed = (exact(ends.used_busy) + added * exact(ends.busy)) / GRAIN
    costs = _replaced(capacity, replace(ends, limit=needed))
    days = {camera.promised_days for camera in measured.cameras}
    promised = days.pop() if len(days) == 1 else None
    if ends.resource is Resource.RETENTION and promised is not None:
        fewer = floor(10 * promised * ends.limit / needed) / 10
        if not fewer:
            return
        what = f"keeping footage {fewer:g} days instead of {promised:g}"
    else:
        what = f"{name(ends.resource)} of {amount(ends.resource, needed, up=True)}"
        what += f" instead of {amount(ends.resource, ends.limit)}"
    yield from _after(capacity, costs, what)


def _without_it(capacity: Capacity, ends: Cost) -> Iterator[Change]:
    """What comes next."""
    costs = _replaced(capacity, replace(ends, standing=Standing.UNUSED))
    yield from _after(capacity, costs, f"if {name(ends.resource)} did not end it")


def _copying(capacity: Capacity, measured: Measured) -> Iterator[Change]:
    """The cameras that are re-encoded are copied instead; those that are added stay as they are."""
    encoding = [camera for camera in measured.cameras if camera.reencodes]
    if not encoding:
        return
    copying = [camera for camera in measured.cameras if camera.taken and not camera.reencodes]
    costs = tuple(
        _with_copies(cost, encoding, measured.cameras, _copied(cost.resource, copying)) for cost in capacity.costs
    )
    assumed = "" if copying else f"{COPY_CPU_PERCENT:g} % of a core for one that copies"
    what = f"copy instead of re-encoding on {plural(len(encoding), 'camera')}"
    yield from _after(capacity, tuple(with_room(cost, capacity.running) for cost in costs), what, assumed)


def _with_copies(
    cost: Cost, encoding: list[MeasuredCamera], cameras: tuple[MeasuredCamera, ...], each: float | None
) -> Cost:
    if each is None:
        return cost
    others = tuple(camera for camera in cameras if camera not in encoding)
    now = []
    for share, used in ((TYPICAL, cost.used_typical), (BUSY, cost.used_busy)):
        saved = in_use(cameras, cost.resource, share) - in_use(others, cost.resource, share) - each * len(encoding)
        now.append(used - max(saved, 0.0))
    return replace(cost, used_typical=now[0], used_busy=now[1])


def _copied(resource: Resource, copying: list[MeasuredCamera]) -> float | None:
    """Of one that copies; None where that changes nothing."""
    if resource in _OF_THE_GPU:
        return 0.0
    if resource is not Resource.CPU:
        return None
    alike = [values for camera in copying if (values := values_of(camera, resource))]
    return one_more(alike, BUSY) if alike else COPY_CPU_PERCENT


def _replaced(capacity: Capacity, by: Cost) -> tuple[Cost, ...]:
    return tuple(with_room(by, capacity.running) if cost.resource is by.resource else cost for cost in capacity.costs)
