"""How many more cameras fit, and what ends it. Pure: from `Measured` and a `Question` to `Capacity`.

Of every resource there is a cost of one more camera, a use now (of the cameras, and of all beside them) and a limit:

    room = (limit - use) / cost, in whole cameras; the least room of all resources is the answer.

The cost is that of cameras of the same profile: the median of their medians is what is typical; a busy one takes what a
dear one of them does, and its share of what all of them took more at the busiest moments of the window (`cost`). **The
maximum goes by busy cameras, those that run as well as those to come**: night noise and rain come to all cameras at
once, and a number that fits on the average would drop frames just then. The median is for the eye: it is what a process
list will show. Without a profile in the question, a new camera is one of those there are, in the shares there are.

A camera that should be recorded and is not measured is counted at the cost of its like: it will want that when it is
back. What is not known is named, and never taken for unlimited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vmstui.capacity.changes import changes
from vmstui.capacity.cost import TYPICAL, by_profile, costs, known, percentile
from vmstui.capacity.fit import fit, rows, with_room
from vmstui.capacity.words import (
    Capacity,
    Confidence,
    Cost,
    Limit,
    Measured,
    MeasuredCamera,
    ProfileRoom,
    Question,
    Resource,
    Standing,
)

ENOUGH_CAMERAS = 3
"""Fewer say little about the next one."""
ENOUGH_S = 600.0


class Unmeasured(ValueError):
    """There is nothing to project from; the text says why, and what there is."""


class UnknownProfile(Unmeasured):
    """No camera has the profile in the question."""


def project(measured: Measured, question: Question | None = None) -> Capacity:
    """The answer. Raises Unmeasured, and UnknownProfile of it."""
    question = question or Question()
    measured = _asked(measured, question)
    profiles = _profiles(measured.cameras)
    if not profiles:
        raise Unmeasured("no camera has been recorded for long enough to be measured")
    shares = _shares(measured, profiles, question.profile)
    capacity = _capacity(costs(measured, shares), len(measured.cameras), question.cameras)
    rooms = tuple(_profile_room(profile, count, measured) for profile, count in profiles.items())
    return replace(
        capacity,
        waiting=sum(not camera.taken for camera in measured.cameras),
        profile=question.profile or (next(iter(profiles)) if len(profiles) == 1 else ""),
        confidence=_confidence(
            [camera for camera in measured.cameras if camera.taken and camera.profile in shares],
            capacity.cost(Resource.CPU),
        ),
        profiles=rooms if len(rooms) > 1 else (),
        changes=changes(capacity, measured),
    )


def given(per_camera_percent: float, budget: Limit, cameras: int | None = None) -> Capacity:
    """The answer for a machine without cameras whose CPU a person tells; of all else nothing is known."""
    cpu, nothing = per_camera_percent, (0.0, 0.0, 0.0)
    told = Cost(Resource.CPU, Standing.KNOWN, cpu, cpu, *nothing, budget.limit, None, budget.why)
    others = [resource for resource in Resource if resource is not Resource.CPU]
    unknown = (Cost(one, Standing.UNKNOWN, None, None, *nothing, None, None, "only CPU was given") for one in others)
    capacity = _capacity((with_room(told, 0), *unknown), 0, cameras)
    return replace(capacity, changes=changes(capacity, Measured((), ())))


def _asked(measured: Measured, question: Question) -> Measured:
    if question.budget_percent is None:
        return measured
    limits = tuple(
        replace(limit, limit=question.budget_percent, why="as asked") if limit.resource is Resource.CPU else limit
        for limit in measured.limits
    )
    return replace(measured, limits=limits)


def _profiles(cameras: Sequence[MeasuredCamera]) -> dict[str, int]:
    """Those that were measured and how many cameras were, most of them first."""
    counts = Counter(camera.profile for camera in cameras if camera.taken)
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _shares(measured: Measured, profiles: Mapping[str, int], asked: str | None) -> Mapping[str, int]:
    """What new cameras are made of."""
    if asked is None:
        return profiles
    if asked not in profiles:
        there = ", ".join(f"{profile} ({count})" for profile, count in profiles.items())
        if all(camera.profile != asked for camera in measured.cameras):
            raise UnknownProfile(f"profile: found {asked!r}, of which no camera is recorded; accepted: {there}")
        raise Unmeasured(f"no camera of profile {asked!r} has been recorded for long enough; measured: {there}")
    return {asked: profiles[asked]}


def _capacity(known: tuple[Cost, ...], running: int, asked: int | None) -> Capacity:
    found = fit(known, running)
    table = rows(known, running, found.maximum, asked)
    nothing = Confidence(0, 0.0, 0.0, 0.0, ())
    return Capacity(running, 0, "", found.maximum, found.typical, found.binding, known, table, nothing, asked=asked)


def _profile_room(profile: str, count: int, measured: Measured) -> ProfileRoom:
    running, of_it = len(measured.cameras), costs(measured, {profile: count})
    found = fit(of_it, running)
    cpu = next(cost for cost in of_it if cost.resource is Resource.CPU)
    more = None if found.maximum is None else found.maximum - running
    return ProfileRoom(profile, count, cpu.typical or 0.0, more, found.binding)


def _confidence(cameras: Sequence[MeasuredCamera], cpu: Cost) -> Confidence:
    window_s = percentile([camera.window_s for camera in cameras], TYPICAL)
    against = []
    if len(cameras) < ENOUGH_CAMERAS:
        against.append(f"fewer than {ENOUGH_CAMERAS} cameras")
    if window_s < ENOUGH_S:
        against.append(f"less than {ENOUGH_S / 60:.0f} min")
    spread = cpu.busy / cpu.typical - 1 if cpu.busy and cpu.typical else 0.0
    return Confidence(len(cameras), window_s, spread, _variation(cameras), tuple(against))


def _variation(cameras: Sequence[MeasuredCamera]) -> float:
    """Of CPU, about the mean of each profile: that two profiles differ is no uncertainty."""
    profiles = by_profile(cameras, Resource.CPU).values()
    of = [[value for values in alike for value in known(values)] for alike in profiles]
    count, total = sum(len(values) for values in of), sum(sum(values) for values in of)
    means = [sum(values) / len(values) for values in of]
    squares = sum((value - mean) ** 2 for values, mean in zip(of, means, strict=True) for value in values)
    return (squares / count) ** 0.5 / (total / count) if total > 0 else 0.0
