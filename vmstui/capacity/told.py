"""The projection of capacity as a person reads it: amounts, and sentences for commands and the dashboard. Pure."""

from __future__ import annotations

from math import ceil, floor

from vmstui.capacity.words import Capacity, Change, Confidence, Cost, Resource, Standing
from vmstui.spoken import decimal_size, plural, size, span

_NAMES = {
    Resource.CPU: "CPU",
    Resource.MEMORY: "memory",
    Resource.ENCODER_SESSIONS: "NVENC sessions",
    Resource.ENCODER: "GPU encoder",
    Resource.DECODER: "GPU decoder",
    Resource.GPU_MEMORY: "GPU memory",
    Resource.DISK_WRITE: "disk writes",
    Resource.RETENTION: "retention",
    Resource.NETWORK: "network",
}
_MANY = frozenset({Resource.ENCODER_SESSIONS, Resource.DISK_WRITE})
"""Whose names are plural."""
_PERCENT = frozenset({Resource.CPU, Resource.ENCODER, Resource.DECODER})


def name(resource: Resource) -> str:
    """What it is called: `CPU`, `NVENC sessions`."""
    return _NAMES[resource]


def amount(resource: Resource, value: float, *, up: bool = False) -> str:
    """So much of it with its unit: `23.4 %`, `122 M`, `6`. With `up` percentages are rounded up: no less would do."""
    if resource in _PERCENT:
        rounded = ceil(round(value * 10, 4)) / 10 if up else round(value, 1)
        return f"{rounded:g} %" if abs(rounded) < 100_000 else f"{rounded:.0f} %"
    if resource is Resource.ENCODER_SESSIONS:
        return f"{round(value, 1):g}"
    if resource in (Resource.MEMORY, Resource.GPU_MEMORY):
        return size(value)
    return decimal_size(value) + ("" if resource is Resource.RETENTION else "/s")


def whole(percent: float) -> int:
    """To whole percent, halves up, as the projections of an owner are written: 163.8 is 164."""
    return floor(round(percent, 6) + 0.5)


def sentence(found: Capacity) -> str:
    """How many fit and what ends it: `+3 cameras; NVENC sessions end it: 6 of 8 in use, 2 per camera`."""
    if found.maximum is None or found.binding is None or found.more is None:
        return f"nothing that is known ends it; not known: {_listed(found)}"
    ends = found.cost(found.binding)
    return f"{_count(found)}; {name(found.binding)} {_verb(found.binding)} it: {_use(ends)}"


def short(found: Capacity | None) -> str:
    """For a line that has little room: `fits 3 more (CPU)`, `~3` where that is provisional; empty where nothing is
    known."""
    if found is None or found.more is None or found.binding is None:
        return ""
    of, about = name(found.binding), "~" if found.confidence.provisional else ""
    if found.more > 0:
        return f"fits {about}{found.more} more ({of})"
    return f"full ({of})" if found.more == 0 else f"too many by {-found.more} ({of})"


def confidence(found: Confidence) -> str:
    """What the cost rests on: `provisional (fewer than 3 cameras): 2 cameras over 15 min, busy is 4 % above …`."""
    if not found.cameras:
        return "the cost of a camera was given, not measured"
    basis = f"{plural(found.cameras, 'camera')} over {span(found.window_s)}"
    spread = f"busy (95th percentile, which the maximum goes by) is {100 * found.spread:.0f} % above the median"
    spread += f", variation {100 * found.variation:.0f} %"
    doubt = f"provisional ({', '.join(found.provisional)}): " if found.provisional else ""
    return f"{doubt}{basis}, {spread}"


def change(one: Change, binding: Resource | None) -> str:
    """`copy instead of re-encoding on 3 cameras: +14 (then memory ends it)`; `binding` is what ends it now."""
    notes = []
    if one.limit is not None and one.limit is not binding:
        notes.append(f"then {name(one.limit)} {_verb(one.limit)} it")
    if one.assumed:
        notes.append(f"assumed: {one.assumed}")
    return f"{one.what}: +{one.more}" + (f" ({'; '.join(notes)})" if notes else "")


def room(cost: Cost) -> str:
    """How many more cameras one resource has room for, in a few cells."""
    if cost.standing is Standing.UNKNOWN:
        return "not known"
    if cost.more is None:
        return "no end"
    return f"{cost.more:+d}" if cost.more else "none"


def _verb(resource: Resource) -> str:
    return "end" if resource in _MANY else "ends"


def _count(found: Capacity) -> str:
    assert found.maximum is not None
    assert found.more is not None
    if not found.running:
        return plural(found.maximum, "camera")
    if found.more > 0:
        return f"+{plural(found.more, 'camera')}"
    return "no room for another camera" if found.more == 0 else f"{plural(-found.more, 'camera')} too many"


def _use(cost: Cost) -> str:
    assert cost.busy is not None
    assert cost.limit is not None
    each = f"{amount(cost.resource, cost.busy)} per camera"
    limit = amount(cost.resource, cost.limit)
    if not cost.used_busy:
        return f"{limit} in all, {each}"
    if cost.resource is Resource.RETENTION:
        return f"the days promised need {amount(cost.resource, cost.used_busy)} of {limit}, {each}"
    return f"{amount(cost.resource, cost.used_busy)} of {limit} in use, {each}"


def _listed(found: Capacity) -> str:
    return ", ".join(name(resource) for resource in found.unknown) or "nothing"
