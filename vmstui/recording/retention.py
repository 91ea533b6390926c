"""What has to be deleted, and by which rule: by age, by size of a camera and of all, for free space, for free inodes.

Decides and touches nothing: the footage is asked for a page at a time, the disk is measured by the caller, and whether
a file still is what was catalogued is answered by `look`. Rules act in the order of `Rule`; each takes the oldest
first, and the last three of whatever camera. What never goes: the two newest segments of a camera, and its two newest
that play, both by date and as they were recorded; what overlaps a lock; what is not, or not any more, a file of ours.
Called by `retention_pass`, for a pass and for a dry run, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Protocol

from vmstui.configured import Settings
from vmstui.footage import Lock
from vmstui.light_dataclass import dataclass
from vmstui.recording.boots import Boots, closed_at
from vmstui.recording.catalogue_rows import Recent, StoredFile
from vmstui.spoken import decimal_size as spoken

KEPT_NEWEST = 2
"""Segments of each camera that are never deleted."""
LEAST_FREE_PERCENT = 5.0
RESERVE_S = 2 * 3600.0
"""Of recording of all cameras, for which there is always room."""
MOST_RESERVED = 0.25
"""Part of the disk that this reserve may take: a small disk shall hold footage, not room for it."""
LEAST_FREE_INODES_PERCENT = 1.0
NO_BOOTS: Boots = {}
"""All dates are taken for right."""
_RATE_SEGMENTS = 100
_RATE_WINDOW = timedelta(hours=24)


class Rule(StrEnum):
    """Why something goes, in the order in which they act."""

    AGE = "age"
    CAMERA_SIZE = "size of the camera"
    SIZE = "size of all"
    FREE = "free space"
    INODES = "free inodes"


@dataclass(frozen=True, slots=True)
class Limits:
    """For one camera; None: none."""

    days: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is configured."""

    days: float | None = None
    """Also of cameras that are not configured any more."""
    max_bytes: int | None = None
    min_free_bytes: int | None = None
    min_free_percent: float | None = LEAST_FREE_PERCENT
    cameras: Mapping[str, Limits] = field(default_factory=dict)
    least_free_bytes: int = 0
    """What the recorder needs so as not to hold its cameras."""

    def without_age(self) -> Policy:
        """The same, but that footage has no age."""
        cameras = {camera: replace(limits, days=None) for camera, limits in self.cameras.items()}
        return replace(self, days=None, cameras=cameras)

    def for_room(self) -> Policy:
        """The same, but for what needs the whole catalogue: only so that there is room to record to."""
        return replace(self, days=None, max_bytes=None, cameras={})

    def days_of(self, camera: str) -> float | None:
        """After how many days footage of a camera goes."""
        own = self.cameras.get(camera, Limits()).days
        return self.days if own is None else own

    def max_bytes_of(self, camera: str) -> int | None:
        """What the footage of a camera may take."""
        return self.cameras.get(camera, Limits()).max_bytes


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of the recordings, as measured. No inodes at all: it does not count them (btrfs)."""

    free_bytes: int
    total_bytes: int
    free_inodes: int = 0
    total_inodes: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a file found: fit to be deleted, or `gone`, or something else, by the reason."""

    gone: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A file that has to go, and why."""

    file: StoredFile
    rule: Rule
    measured: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass has to do."""

    doomed: tuple[Doomed, ...]
    gone: tuple[StoredFile, ...]
    """Somebody else took these files away: they leave the catalogue."""
    refused: tuple[tuple[StoredFile, str], ...]
    """These would have to go, but are not what was catalogued; with the reason."""
    short: tuple[tuple[Rule, str], ...]
    """Rules that cannot be kept, with the figures: all that is left is locked, newest or refused."""
    complete: bool
    """False where the bound on one pass was reached: the next one goes on."""

    @property
    def size_bytes(self) -> int:
        """Of all that has to go."""
        return sum(doomed.file.size_bytes for doomed in self.doomed)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a rule is from acting."""

    rule: Rule
    camera: str
    """Of a rule for one camera, else empty."""
    measured: str
    threshold: str
    acts_in_s: float | None
    """0: now. None: never as things are, or not known."""


class Footage(Protocol):
    """What is asked of the catalogue."""

    def cameras(self) -> tuple[str, ...]: ...
    def total(self, camera: str | None) -> tuple[int, int]: ...
    def oldest(self, camera: str | None) -> Iterator[StoredFile]: ...
    def newest(
        self, camera: str, count: int, *, playing: bool = False, as_recorded: bool = False
    ) -> tuple[StoredFile, ...]: ...
    def recent(self, camera: str, since: datetime, count: int) -> Recent: ...
    def locks(self, camera: str | None) -> tuple[Lock, ...]: ...


Look = Callable[[StoredFile], Found]


def policy_of(settings: Settings, least_free_bytes: int = 0) -> Policy:
    """The policy that a configuration asks for."""
    return Policy(
        days=settings.retention_days,
        max_bytes=settings.retention_max_bytes,
        min_free_bytes=settings.min_free_bytes,
        min_free_percent=settings.min_free_percent,
        cameras={camera.id: Limits(camera.retention_days, camera.retention_max_bytes) for camera in settings.cameras},
        least_free_bytes=least_free_bytes,
    )


def plan(
    footage: Footage,
    policy: Policy,
    disk: Disk,
    now: datetime,
    look: Look,
    at_most: int | None = None,
    boots: Boots = NO_BOOTS,
) -> Plan:
    """What has to go now, at most so many files."""
    planner = _Planner(footage, look, at_most)
    try:
        _by_age(planner, policy, now, boots)
        _by_camera_size(planner, policy)
        _by_size(planner, policy)
        rates = _Rates(footage, now)
        _for_free_space(planner, floor_of(policy, disk, rates.all_bytes_per_s), disk)
        _for_inodes(planner, inode_floor(disk, rates.all_files_per_s), disk)
    except _Enough:
        return planner.plan(complete=False)
    return planner.plan(complete=True)


def standings(
    footage: Footage, policy: Policy, disk: Disk, now: datetime, boots: Boots = NO_BOOTS
) -> tuple[Standing, ...]:
    """How far each rule is from acting, the next one to act first."""
    rates, first = _Rates(footage, now), first_to_go(footage)
    found: list[Standing] = []
    left_s: float | None
    for camera in footage.cameras():
        days, oldest = policy.days_of(camera), first.get(camera)
        if days is not None and oldest is not None:
            ended_at = closed_at(oldest, boots)
            left_s = max((ended_at + timedelta(days=days) - now).total_seconds(), 0.0)
            found.append(Standing(Rule.AGE, camera, _age(now - ended_at), f"{days:g} days", left_s))
        max_bytes = policy.max_bytes_of(camera)
        if max_bytes is not None:
            size_bytes = footage.total(camera)[1]
            left_s = _until(max_bytes - size_bytes, rates.bytes_per_s(camera))
            found.append(Standing(Rule.CAMERA_SIZE, camera, spoken(size_bytes), spoken(max_bytes), left_s))
    if policy.max_bytes is not None:
        size_bytes = footage.total(None)[1]
        left_s = _until(policy.max_bytes - size_bytes, rates.all_bytes_per_s)
        found.append(Standing(Rule.SIZE, "", spoken(size_bytes), spoken(policy.max_bytes), left_s))
    floor = floor_of(policy, disk, rates.all_bytes_per_s)
    left_s = _until(disk.free_bytes - floor.amount, rates.all_bytes_per_s)
    found.append(Standing(Rule.FREE, "", spoken(disk.free_bytes), floor.told, left_s))
    if disk.total_inodes:
        floor = inode_floor(disk, rates.all_files_per_s)
        left_s = _until(disk.free_inodes - floor.amount, rates.all_files_per_s)
        found.append(Standing(Rule.INODES, "", f"{disk.free_inodes:,}", floor.told, left_s))
    return tuple(sorted(found, key=lambda standing: (standing.acts_in_s is None, standing.acts_in_s or 0.0)))


def first_to_go(footage: Footage) -> dict[str, StoredFile]:
    """The oldest file of each camera that may go; of one that keeps everything, none."""
    guard = _Guard(footage)
    found: dict[str, StoredFile] = {}
    for camera in footage.cameras():
        for file in footage.oldest(camera):
            if not guard.keeps(file):
                found[camera] = file
                break
    return found


def is_locked(file: StoredFile, locks: Iterable[Lock]) -> bool:
    """Whether a file overlaps a lock of its camera; one of no length lies in the lock that it begins in."""
    return any(
        file.camera == lock.camera
        and file.started_at < lock.until
        and (file.ended_at > lock.since or file.started_at >= lock.since)
        for lock in locks
    )


# -- the rules --------------------------------------------------------------------------------------------------------


def _by_age(planner: _Planner, policy: Policy, now: datetime, boots: Boots) -> None:
    for camera in planner.footage.cameras():
        days = policy.days_of(camera)
        if days is None:
            continue
        limit = now - timedelta(days=days)
        for file in planner.footage.oldest(camera):
            if file.started_at > limit:
                break
            if (ended_at := closed_at(file, boots)) <= limit:
                planner.take(file, Rule.AGE, _age(now - ended_at), f"{days:g} days")


def _by_camera_size(planner: _Planner, policy: Policy) -> None:
    for camera in planner.footage.cameras():
        limit = policy.max_bytes_of(camera)
        if limit is not None:
            _down_to(planner, camera, limit, Rule.CAMERA_SIZE)


def _by_size(planner: _Planner, policy: Policy) -> None:
    if policy.max_bytes is not None:
        _down_to(planner, None, policy.max_bytes, Rule.SIZE)


def _down_to(planner: _Planner, camera: str | None, limit: int, rule: Rule) -> None:
    size_bytes = planner.footage.total(camera)[1]
    if (left := size_bytes - planner.off_the_books(camera)) <= limit:
        return
    for file in planner.footage.oldest(camera):
        planner.take(file, rule, spoken(left), spoken(limit))
        if (left := size_bytes - planner.off_the_books(camera)) <= limit:
            return
    of = f" ({camera})" if camera else ""
    planner.fall_short(rule, f"{rule.value}{of}: {spoken(left)} stay, {spoken(limit)} may")


def _for_free_space(planner: _Planner, floor: Floor, disk: Disk) -> None:
    if (free := disk.free_bytes + planner.freed_bytes) >= floor.amount:
        return
    for file in planner.footage.oldest(None):
        planner.take(file, Rule.FREE, spoken(free), floor.told)
        if (free := disk.free_bytes + planner.freed_bytes) >= floor.amount:
            return
    planner.fall_short(Rule.FREE, f"{Rule.FREE.value}: {spoken(free)} would be free, wanted are {floor.told}")


def _for_inodes(planner: _Planner, floor: Floor, disk: Disk) -> None:
    if not disk.total_inodes or (free := disk.free_inodes + planner.freed_files) >= floor.amount:
        return
    for file in planner.footage.oldest(None):
        planner.take(file, Rule.INODES, f"{free:,}", floor.told)
        if (free := disk.free_inodes + planner.freed_files) >= floor.amount:
            return
    planner.fall_short(Rule.INODES, f"{Rule.INODES.value}: {free:,} would be free, wanted are {floor.told}")


# -- limits that follow from measurements -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Floor:
    """What has to stay free: so many bytes, or inodes."""

    amount: int
    told: str
    """With the reason."""


def floor_of(policy: Policy, disk: Disk, bytes_per_s: float) -> Floor:
    """Free space to keep: the greatest of what is configured, 5 %, 2 h of recording, and what the recorder needs."""
    percent = LEAST_FREE_PERCENT
    configured = policy.min_free_bytes or 0
    if policy.min_free_bytes is None and policy.min_free_percent is not None:
        percent = max(percent, policy.min_free_percent)
    reserve = min(int(bytes_per_s * RESERVE_S), int(disk.total_bytes * MOST_RESERVED))
    floors = (
        (int(disk.total_bytes * percent / 100), f"{percent:g} % of the disk"),
        (configured, "min_free"),
        (reserve, f"{RESERVE_S / 3600:g} h of recording"),
        (policy.least_free_bytes, "what recording needs"),
    )
    amount, why = max(floors, key=lambda floor: floor[0])
    return Floor(amount, f"{spoken(amount)} ({why})")


def inode_floor(disk: Disk, files_per_s: float) -> Floor:
    """Free inodes to keep: 1 %, or what 2 h of recording need."""
    percent = LEAST_FREE_INODES_PERCENT
    reserve = min(int(files_per_s * RESERVE_S), int(disk.total_inodes * MOST_RESERVED))
    floors = (
        (int(disk.total_inodes * percent / 100), f"{percent:g} % of them"),
        (reserve, f"{RESERVE_S / 3600:g} h of recording"),
    )
    amount, why = max(floors, key=lambda floor: floor[0])
    return Floor(amount, f"{amount:,} ({why})")


class _Rates:
    """Bytes and files per second of each camera while it records, from its newest segments of the last day."""

    def __init__(self, footage: Footage, now: datetime) -> None:
        found = {camera: footage.recent(camera, now - _RATE_WINDOW, _RATE_SEGMENTS) for camera in footage.cameras()}
        self._recent = {camera: recent for camera, recent in found.items() if recent.duration_s > 0}
        self.all_bytes_per_s = sum(self.bytes_per_s(camera) for camera in self._recent)
        self.all_files_per_s = sum(recent.count / recent.duration_s for recent in self._recent.values())

    def bytes_per_s(self, camera: str) -> float:
        recent = self._recent.get(camera)
        return recent.size_bytes / recent.duration_s if recent is not None else 0.0


def _until(left: float, per_s: float) -> float | None:
    if left <= 0:
        return 0.0
    return left / per_s if per_s > 0 else None


def _age(length: timedelta) -> str:
    return f"{length.total_seconds() / 86400:.1f} days old"


# -- the plan as it grows ---------------------------------------------------------------------------------------------


class _Enough(Exception):
    """As many files as one pass may take."""


class _Guard:
    """What is kept in any case: the newest of each camera, and what is locked."""

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._newest: dict[str, frozenset[str]] = {}
        self._locks: dict[str, list[Lock]] = {}
        for lock in footage.locks(None):
            self._locks.setdefault(lock.camera, []).append(lock)

    def keeps(self, file: StoredFile) -> bool:
        if file.camera not in self._newest:
            self._newest[file.camera] = frozenset(kept.path for kept in _kept_newest(self._footage, file.camera))
        if file.path in self._newest[file.camera]:
            return True
        return is_locked(file, self._locks.get(file.camera, ()))


def _kept_newest(footage: Footage, camera: str) -> Iterator[StoredFile]:
    """By date, and as they were recorded: where the clock was put back, the last ones bear earlier dates; a file that
    was found by its name alone has no place but by its date."""
    for playing, as_recorded in product((False, True), repeat=2):
        yield from footage.newest(camera, KEPT_NEWEST, playing=playing, as_recorded=as_recorded)


class _Planner:
    """The plan so far, and what each rule has to know of it."""

    def __init__(self, footage: Footage, look: Look, at_most: int | None) -> None:
        self.footage = footage
        self.freed_bytes = 0
        self.freed_files = 0
        self._look = look
        self._at_most = at_most
        self._guard = _Guard(footage)
        self._seen: set[str] = set()
        self._off: dict[str | None, int] = {}
        self._doomed: list[Doomed] = []
        self._gone: list[StoredFile] = []
        self._refused: list[tuple[StoredFile, str]] = []
        self._short: list[tuple[Rule, str]] = []

    def take(self, file: StoredFile, rule: Rule, measured: str, threshold: str) -> None:
        """Doom a file, unless it has to stay. Raises _Enough."""
        if file.path in self._seen or self._guard.keeps(file):
            return
        if self._at_most is not None and len(self._doomed) + len(self._gone) >= self._at_most:
            raise _Enough
        self._seen.add(file.path)
        found = self._look(file)
        if found.reason:
            self._refused.append((file, found.reason))
            return
        for books in (file.camera, None):
            self._off[books] = self._off.get(books, 0) + file.size_bytes
        if found.gone:
            self._gone.append(file)
            return
        self.freed_bytes += file.size_bytes
        self.freed_files += 1
        self._doomed.append(Doomed(file, rule, measured, threshold))

    def off_the_books(self, camera: str | None) -> int:
        """Bytes of one camera or of all that the catalogue will not count any more."""
        return self._off.get(camera, 0)

    def fall_short(self, rule: Rule, figures: str) -> None:
        self._short.append((rule, figures))

    def plan(self, *, complete: bool) -> Plan:
        return Plan(tuple(self._doomed), tuple(self._gone), tuple(self._refused), tuple(self._short), complete)
