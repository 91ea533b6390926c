"""What one more camera costs, and what is in use: of each resource, from the values that were measured. Pure.

A camera is busy at moments of its own, and at moments that all share: night noise, rain, other programs. Only the
latter come to all at once, and they show in what the cameras took together. So what is in use when it is busy is a high
percentile of the sums over all cameras, instant by instant, and not the sum of each one's own: that would be an hour in
which everything happens at once that did not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from vmstui.capacity.fit import with_room
from vmstui.capacity.words import Cost, Limit, Measured, MeasuredCamera, Resource, Standing

TYPICAL, BUSY = 0.5, 0.95
"""The percentiles that count as typical and as busy."""
NOT_MEASURED = "not measured"

Values = Sequence[float | None]
"""Of one camera, as in `Taken`."""


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank: a value that occurred. The median of an even number is the lower of the two in the middle."""
    return sorted(values)[max(ceil(share * len(values)) - 1, 0)]


def known(values: Values) -> list[float]:
    """Those that are."""
    return [value for value in values if value is not None]


def values_of(camera: MeasuredCamera, resource: Resource) -> tuple[float | None, ...]:
    """What one camera took of a resource; none where that was not measured."""
    return next((taken.values for taken in camera.taken if taken.resource is resource), ())


def by_profile(cameras: Sequence[MeasuredCamera], resource: Resource) -> dict[str, list[Values]]:
    """The values of each camera that was measured, by profile."""
    found: dict[str, list[Values]] = {}
    for camera in cameras:
        if values := values_of(camera, resource):
            found.setdefault(camera.profile, []).append(values)
    return found


def above(cameras: Sequence[Values]) -> float:
    """By how much what cameras take together is more when they are busy than the sum of their medians. Where one was
    not measured, it counts at its median."""
    medians = [percentile(known(values), TYPICAL) for values in cameras]
    length = max(len(values) for values in cameras)
    known_always = [_filled(values, median, length) for values, median in zip(cameras, medians, strict=True)]
    sums = [sum(instant) for instant in zip(*known_always, strict=True)]
    return max(percentile(sums, BUSY) - sum(medians), 0.0)


def one_more(alike: Sequence[Values], share: float) -> float:
    """What one more camera takes, from the values of cameras that are alike. Typical is the median of their medians, as
    each of them counts the same however long it was measured. Busy is what a dear one of them takes (the percentile of
    their medians) and its share of what all of them take more when they are busy together."""
    medians = sorted(percentile(known(values), TYPICAL) for values in alike)
    typical = (medians[(len(medians) - 1) // 2] + medians[len(medians) // 2]) / 2
    if share == TYPICAL:
        return typical
    return max(percentile(medians, share), typical) + above(alike) / len(alike)


def marginal(of: Mapping[str, Sequence[Values]], shares: Mapping[str, int], share: float) -> float | None:
    """What one more camera takes: the mean of the profiles by their shares. None: of one of them it is not known."""
    if not shares or any(profile not in of for profile in shares):
        return None
    total = sum(count * one_more(of[profile], share) for profile, count in shares.items())
    return total / sum(shares.values())


def in_use(cameras: Sequence[MeasuredCamera], resource: Resource, share: float) -> float:
    """What all cameras take together, typical or busy; one that was not measured as those of its profile do, or as all
    of them on the average."""
    of = by_profile(cameras, resource)
    like = {profile: one_more(alike, share) for profile, alike in of.items()}
    mean = marginal(of, {profile: len(alike) for profile, alike in of.items()}, share) or 0.0
    measured = [values for alike in of.values() for values in alike]
    total = sum(percentile(known(values), TYPICAL) for values in measured)
    if share != TYPICAL and measured:
        total += above(measured)
    return total + sum(like.get(camera.profile, mean) for camera in cameras if not values_of(camera, resource))


def _filled(values: Values, median: float, length: int) -> Sequence[float]:
    return [median if value is None else value for value in values] + [median] * (length - len(values))


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
