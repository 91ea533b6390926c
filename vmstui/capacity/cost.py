"""What one more camera costs, and what is in use: of each resource, from the values that were measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from vmstui.capacity.fit import with_room
from vmstui.capacity.words import Cost, Limit, Measured, MeasuredCamera, Resource, Standing

TYPICAL, BUSY = 0.5, 0.95
"""The percentiles that count as typical and as busy."""
NOT_MEASURED = "not measured"


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank: a value that occurred. The median of an even number is the lower of the two in the middle."""
    return sorted(values)[max(ceil(share * len(values)) - 1, 0)]


def values_of(camera: MeasuredCamera, resource: Resource) -> tuple[float, ...]:
    """What one camera took of a resource; none where that was not measured."""
    return next((taken.values for taken in camera.taken if taken.resource is resource), ())


def by_profile(cameras: Sequence[MeasuredCamera], resource: Resource) -> dict[str, list[tuple[float, ...]]]:
    """The values of each camera that was measured, by profile."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for camera in cameras:
        if values := values_of(camera, resource):
            found.setdefault(camera.profile, []).append(values)
    return found


def one_more(alike: Sequence[Sequence[float]], share: float) -> float:
    """What one more camera takes, from the values of cameras that are alike. Typical is the median of their medians, as
    each of them counts the same however long it was measured; busy the percentile of all their values together."""
    medians = sorted(percentile(values, TYPICAL) for values in alike)
    typical = (medians[(len(medians) - 1) // 2] + medians[len(medians) // 2]) / 2
    if share == TYPICAL:
        return typical
    return max(percentile([value for values in alike for value in values], share), typical)


def marginal(of: Mapping[str, Sequence[Sequence[float]]], shares: Mapping[str, int], share: float) -> float | None:
    """What one more camera takes: the mean of the profiles by their shares. None: of one of them it is not known."""
    if not shares or any(profile not in of for profile in shares):
        return None
    total = sum(count * one_more(of[profile], share) for profile, count in shares.items())
    return total / sum(shares.values())


def in_use(cameras: Sequence[MeasuredCamera], resource: Resource, share: float) -> float:
    """What all cameras take together, each at that percentile; one that was not measured as those of its profile do, or
    as all of them on the average."""
    of = by_profile(cameras, resource)
    like = {profile: one_more(alike, share) for profile, alike in of.items()}
    mean = marginal(of, {profile: len(alike) for profile, alike in of.items()}, share) or 0.0
    total = 0.0
    for camera in cameras:
        values = values_of(camera, resource)
        total += percentile(values, share) if values else like.get(camera.profile, mean)
    return total


def costs(measured: Measured, shares: Mapping[str, int]) -> tuple[Cost, ...]:
    """Of every resource; `shares` are the profiles of which new cameras are."""
    limits = {limit.resource: limit for limit in measured.limits}
    return tuple(
        _cost(measured, shares, limits.get(resource) or Limit(resource, None, why=NOT_MEASURED))
        for resource in Resource
    )


def _cost(measured: Measured, shares: Mapping[str, int], limit: Limit) -> Cost:
    cameras, resource = measured.cameras, limit.resource
    of = by_profile(cameras, resource)
    busy = marginal(of, shares, BUSY)
    standing, why = Standing.KNOWN, limit.why
    if not limit.counts:
        standing = Standing.UNUSED
    elif limit.limit is None:
        standing = Standing.UNKNOWN
    elif busy is None:
        standing, why = Standing.UNKNOWN, "what a camera takes of it is not measured"
    cost = Cost(
        resource,
        standing,
        marginal(of, shares, TYPICAL),
        busy,
        limit.beside + in_use(cameras, resource, TYPICAL),
        limit.beside + in_use(cameras, resource, BUSY),
        limit.beside,
        limit.limit,
        None,
        why or (NOT_MEASURED if limit.limit is None else ""),
    )
    return with_room(cost, len(cameras))
