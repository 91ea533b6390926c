"""How long footage will stay, what will end it, and when: from measured rates, the rules and the disk. Pure.

Assumed is that every camera that recorded in the last 24 hours goes on around the clock at the rate it had while it
recorded, and that what is not ours on the disk stays as it is. Rules are those of `retention`; what holds in the long
run follows from them:

- A camera keeps its footage for the least of its days, of what its own size has room for, and of a horizon that all
  cameras share, since size of all, free space and free inodes take the oldest of whatever camera.
- That horizon is where the room is used up. A camera that keeps less by its own rules leaves room to the others, so
  the room is filled as a vessel with steps is: H with Σ rateᵢ · min(ownᵢ, H) = room.
- What is locked takes room and never goes; a lock that reaches into the future takes what will be recorded until then.

When a rule acts first is told from what is stored now, taken as spread evenly over the time that it reaches back
(`courses`). A simulation that lets `retention.plan` delete day after day must come to the same (`test_projection`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import inf, isfinite

from vmstui.recording.courses import Course, recorded, together
from vmstui.recording.retention import KEPT_NEWEST, Disk, Policy, Rule, floor_of, inode_floor
from vmstui.storage import CameraStorage, StorageProjection

DAY_S = 86400.0
WINDOW = timedelta(hours=24)
"""Of which rates are measured."""
ENOUGH = timedelta(hours=23)
"""A measurement that reaches back so far counts as one of a day."""
LEAST_RECORDED_S = 12 * 3600.0
"""What has to be recorded of that day."""
_COARSE = 64
"""When a shared rule comes to a camera is told for so many different ages of footage, not for each camera anew."""
_FOREVER = timedelta(days=365 * 100)


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is of a camera. `to_go_from`, `to_go_until`: the oldest file that may go; None where none may."""

    camera: str
    records: bool
    """Configured and enabled; another one is not counted on to record."""
    files: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    """End of its newest."""
    to_go_from: datetime | None = None
    to_go_until: datetime | None = None
    locked_files: int = 0
    locked_bytes: int = 0
    locked_ahead: tuple[tuple[float, float], ...] = ()
    """Stretches of the future that are locked already, in seconds from now; they do not overlap."""
    recent_files: int = 0
    """Of the last 24 hours."""
    recent_bytes: int = 0
    recent_s: float = 0.0
    """Of footage, not of time gone by."""
    recent_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Camera:
    """One camera in figures. Amounts are in bytes or in files."""

    stored: Stored
    rate: float
    amount: float
    """That may go."""
    locked: float
    """That stays in the long run: it is locked, or the newest of a camera that is gone."""
    locked_now: float
    ages_s: tuple[float, float]
    """Of the newest and the oldest that may go."""
    age_s: float
    """That it may reach."""
    cap_s: float
    """How long its own size lets it be kept, in the long run."""

    @property
    def own_s(self) -> float:
        """By its own rules."""
        return min(self.age_s, self.cap_s)

    def course(self, newer_than_s: float = inf) -> Course:
        """What it will amount to by its own rules; without what is older now than that."""
        young_s, old_s = self.ages_s
        until_s = min(old_s, max(newer_than_s, young_s))
        share = (until_s - young_s) / (old_s - young_s) if old_s > young_s else 1.0
        free = recorded(self.rate, self.amount * share, (young_s, until_s), self.age_s)
        return free.at_most(self.cap_s * self.rate if self.rate > 0 else inf)


@dataclass(frozen=True, slots=True)
class _Shared:
    """A rule that takes the oldest of any camera."""

    rule: Rule
    room: float
    """For what is recorded, in the long run: without what is locked then."""
    room_now: float
    cameras: Mapping[str, _Camera]
    horizon_s: float
    """How long footage stays by this rule."""

    def acts_in_s(self, newer_than_s: float = inf) -> float:
        """Until nothing more has room beside what is newer now than that, so that it is the turn of the latter."""
        return together(camera.course(newer_than_s) for camera in self.cameras.values()).reaches(self.room_now)


def settled(stored: Stored, now: datetime) -> bool:
    """Whether its rate was measured over a day."""
    reaches_back = stored.recent_from is not None and now - stored.recent_from >= ENOUGH
    return reaches_back and stored.recent_s >= LEAST_RECORDED_S


def project(stored: Sequence[Stored], policy: Policy, disk: Disk, now: datetime) -> StorageProjection:
    """What will become of footage."""
    by_bytes = {one.camera: _in_bytes(one, policy, now) for one in stored}
    rate = sum(camera.rate for camera in by_bytes.values())
    floor = floor_of(policy, disk, rate).amount
    size_bytes = sum(one.size_bytes for one in stored)
    shared = _shared_rules(by_bytes, stored, policy, disk, now, floor)
    comes = _arrivals(shared, by_bytes.values())
    cameras = tuple(_projected(camera, shared, comes, policy, now) for camera in by_bytes.values())
    free = next(one for one in shared if one.rule is Rule.FREE)
    full_s = free.acts_in_s()
    if any(one.acts_in_s() < full_s for one in shared if one is not free):
        full_s = inf
    first = min((one for one in cameras if one.acts_at is not None), key=lambda one: one.acts_at or now, default=None)
    return StorageProjection(
        now,
        cameras,
        size_bytes,
        sum(one.locked_bytes for one in stored),
        disk.free_bytes,
        disk.total_bytes,
        floor,
        rate,
        first.first_rule if first is not None else "",
        first.camera if first is not None and first.first_rule in (Rule.AGE, Rule.CAMERA_SIZE) else "",
        first.acts_at if first is not None else None,
        _instant(now, full_s),
        _instant(now, _held_in_s(by_bytes.values(), size_bytes + disk.free_bytes - policy.least_free_bytes)),
        policy.max_bytes,
    )


def horizon(cameras: Iterable[tuple[float, float]], room: float) -> float:
    """How long footage stays of cameras that record so much a second each, and keep it no longer than so many seconds
    by rules of their own, where all have so much room together. Infinite where the room is not used up."""
    by_own = sorted((own_s, rate) for rate, own_s in cameras if rate > 0)
    # Of a camera and all that keep their footage longer by their own rules.
    rates = list(accumulate(rate for _, rate in reversed(by_own)))[::-1]
    left = max(room, 0.0)
    for (own_s, own_rate), rate in zip(by_own, rates, strict=True):
        if rate * own_s > left:
            return left / rate
        left -= own_rate * own_s
    return inf


# -- from what is stored to figures -----------------------------------------------------------------------------------


def _in_bytes(stored: Stored, policy: Policy, now: datetime) -> _Camera:
    counted = stored.records and stored.recent_s > 0
    rate = stored.recent_bytes / stored.recent_s if counted else 0.0
    days, cap = policy.days_of(stored.camera), policy.max_bytes_of(stored.camera)
    locked = stored.locked_bytes + rate * _ahead_s(stored)
    cap_s = max(cap - locked, 0.0) / rate if cap is not None and rate > 0 else inf
    return _camera(stored, rate, stored.size_bytes, locked, stored.locked_bytes, now, days, cap_s)


def _in_files(stored: Stored, of_bytes: _Camera, policy: Policy, now: datetime) -> _Camera:
    counted = stored.records and stored.recent_s > 0
    rate = stored.recent_files / stored.recent_s if counted else 0.0
    locked = stored.locked_files + rate * _ahead_s(stored)
    days = policy.days_of(stored.camera)
    return _camera(stored, rate, stored.files, locked, stored.locked_files, now, days, of_bytes.cap_s)


def _camera(
    stored: Stored,
    rate: float,
    amount: float,
    locked: float,
    locked_now: float,
    now: datetime,
    days: float | None,
    cap_s: float,
) -> _Camera:
    old_s = max((now - stored.to_go_from).total_seconds(), 0.0) if stored.to_go_from is not None else 0.0
    young_s = max((now - stored.newest_at).total_seconds(), 0.0) if stored.newest_at is not None else 0.0
    free = max(amount - locked_now, 0.0) if stored.to_go_from is not None else 0.0
    if not stored.records and stored.files:  # its newest stay; those of another camera are soon not the newest any more
        newest = KEPT_NEWEST * amount / stored.files
        locked = locked_now + min(free, newest) if free else amount
        locked_now = locked_now if free else amount
    ages_s, age_s = (min(young_s, old_s), old_s), inf if days is None else days * DAY_S
    return _Camera(stored, rate, free, locked, locked_now, ages_s, age_s, cap_s)


def _ahead_s(stored: Stored) -> float:
    return sum(until_s - from_s for from_s, until_s in stored.locked_ahead)


def _shared_rules(
    by_bytes: Mapping[str, _Camera], stored: Sequence[Stored], policy: Policy, disk: Disk, now: datetime, floor: int
) -> tuple[_Shared, ...]:
    def rule(name: Rule, limit: float, cameras: Mapping[str, _Camera]) -> _Shared:
        room = limit - sum(camera.locked for camera in cameras.values())
        room_now = limit - sum(camera.locked_now for camera in cameras.values())
        horizon_s = horizon(((camera.rate, camera.own_s) for camera in cameras.values()), room)
        return _Shared(name, room, room_now, cameras, horizon_s)

    size_bytes = sum(one.size_bytes for one in stored)
    rules = []
    if policy.max_bytes is not None:
        rules.append(rule(Rule.SIZE, policy.max_bytes, by_bytes))
    rules.append(rule(Rule.FREE, size_bytes + disk.free_bytes - floor, by_bytes))
    if disk.total_inodes:
        by_files = {one.camera: _in_files(one, by_bytes[one.camera], policy, now) for one in stored}
        least = inode_floor(disk, sum(camera.rate for camera in by_files.values())).amount
        files = sum(one.files for one in stored)
        rules.append(rule(Rule.INODES, files + disk.free_inodes - least, by_files))
    return tuple(rules)


# -- what acts when ---------------------------------------------------------------------------------------------------

_Arrival = Callable[[_Shared, _Camera], float]
"""Seconds until a shared rule comes to a camera."""


def _arrivals(shared: Sequence[_Shared], cameras: Iterable[_Camera]) -> _Arrival:
    """A rule that takes the oldest of any camera comes to one when all older footage of the others is gone."""
    step_s = max((camera.ages_s[1] for camera in cameras), default=0.0) / _COARSE
    known: dict[tuple[Rule, int], float] = {}

    def arrival(rule: _Shared, camera: _Camera) -> float:
        oldest = round(camera.ages_s[1] / step_s) if step_s > 0 else 0
        if (rule.rule, oldest) not in known:
            known[rule.rule, oldest] = rule.acts_in_s(oldest * step_s if oldest < _COARSE else inf)
        return known[rule.rule, oldest]

    return arrival


def _projected(
    camera: _Camera, shared: Sequence[_Shared], comes: _Arrival, policy: Policy, now: datetime
) -> CameraStorage:
    stored = camera.stored
    promised = policy.days_of(stored.camera) if stored.records else None
    days: float | None = None
    rule, missing = "", 0.0
    if camera.rate > 0:
        ends = [(camera.age_s, Rule.AGE), (camera.cap_s, Rule.CAMERA_SIZE)]
        ends += [(one.horizon_s, one.rule) for one in shared]
        kept_s, by = min(ends, key=lambda end: end[0])
        days, rule = kept_s / DAY_S, by.value
        missing = _missing(camera, by, shared, camera.age_s) if kept_s < camera.age_s else 0.0
    first = [(_age_acts_in_s(camera, now), Rule.AGE), (_cap_acts_in_s(camera, policy), Rule.CAMERA_SIZE)]
    if camera.rate > 0 or stored.to_go_from is not None:
        first += [(comes(one, camera), one.rule) for one in shared]
    acts_s, acts = min(first, key=lambda end: end[0])
    return CameraStorage(
        stored.camera,
        stored.records,
        camera.rate,
        stored.recent_s if camera.rate > 0 else 0.0,
        camera.rate > 0 and not settled(stored, now),
        stored.size_bytes,
        stored.locked_bytes,
        stored.oldest_at,
        promised,
        days,
        rule,
        round(missing) if isfinite(missing) else 0,
        acts.value if isfinite(acts_s) else "",
        _instant(now, acts_s),
    )


def _missing(camera: _Camera, rule: Rule, shared: Sequence[_Shared], wanted_s: float) -> float:
    """What the limit of a rule is short of, for footage of a camera to be kept so long; 0 where it is not in bytes."""
    if not isfinite(wanted_s) or rule is Rule.INODES:
        return 0.0
    if rule is Rule.CAMERA_SIZE:
        return camera.rate * (wanted_s - camera.cap_s)
    one = next(one for one in shared if one.rule is rule)
    needed = sum(other.rate * min(other.own_s, wanted_s) for other in one.cameras.values())
    return max(needed - one.room, 0.0)


def _age_acts_in_s(camera: _Camera, now: datetime) -> float:
    oldest = camera.stored.to_go_until
    if oldest is None:
        return camera.age_s if camera.rate > 0 else inf
    return max((oldest - now).total_seconds() + camera.age_s, 0.0)


def _cap_acts_in_s(camera: _Camera, policy: Policy) -> float:
    limit = policy.max_bytes_of(camera.stored.camera)
    if limit is None:
        return inf
    return recorded(camera.rate, camera.amount, camera.ages_s, camera.age_s).reaches(limit - camera.locked_now)


def _held_in_s(cameras: Iterable[_Camera], room: float) -> float:
    """Until nothing is left that may go: what is locked, now or ahead, has all the room."""
    courses = []
    for camera in cameras:
        bends = [
            bend
            for from_s, until_s in camera.stored.locked_ahead
            for bend in ((from_s, camera.rate), (until_s, -camera.rate))
        ]
        courses.append(Course(camera.locked_now, tuple(bends)))
    return together(courses).reaches(room)


def _instant(now: datetime, in_s: float) -> datetime | None:
    if not isfinite(in_s) or in_s > _FOREVER.total_seconds():
        return None
    return now + timedelta(seconds=in_s)
