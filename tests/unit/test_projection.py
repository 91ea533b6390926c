"""What is foretold of footage is what retention does: held against `retention.plan` that deletes day after day."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmstui.footage import Lock
from vmstui.recording.catalogue_rows import Recent, StoredFile
from vmstui.recording.projection import DAY_S, Stored, horizon, project
from vmstui.recording.retention import Disk, Found, Limits, Policy, Rule, is_locked, plan
from vmstui.storage import CameraStorage, StorageProjection

NOW = datetime(2026, 3, 10, tzinfo=UTC)
GB = 10**9
TB = 10**12
DAY = timedelta(days=1)


def about(value: float, rel: float | None = None, abs: float | None = None) -> Any:  # noqa: A002
    """For mypy: beside other values of a tuple."""
    return pytest.approx(value, rel=rel, abs=abs)


def stored(camera: str, gb_per_day: float, days: float, *, measured_h: float = 24.0, records: bool = True) -> Stored:
    """Recorded at that rate for so many days until now, in files of an hour."""
    files = max(round(days * 24), 1)
    oldest_at = NOW - timedelta(days=days)
    measured_h = min(measured_h, days * 24)
    return Stored(
        camera,
        records,
        files,
        round(gb_per_day * GB * days),
        oldest_at,
        NOW,
        oldest_at,
        oldest_at + timedelta(hours=1),
        recent_files=round(measured_h),
        recent_bytes=round(gb_per_day * GB * measured_h / 24),
        recent_s=measured_h * 3600,
        recent_from=NOW - timedelta(hours=measured_h),
    )


def of(projection: StorageProjection, camera: str) -> CameraStorage:
    return next(one for one in projection.cameras if one.camera == camera)


def days_until(at: datetime | None) -> float | None:
    return None if at is None else (at - NOW).total_seconds() / DAY_S


def kept(projection: StorageProjection) -> dict[str, float | None]:
    return {one.camera: one.days for one in projection.cameras}


# -- the horizon that all share ---------------------------------------------------------------------------------------


def test_who_keeps_less_by_rules_of_its_own_leaves_room_to_the_others() -> None:
    assert horizon([(10, math.inf), (30, math.inf)], 400) == about(10)
    assert horizon([(10, 2), (30, math.inf)], 400) == about(380 / 30)
    assert horizon([(10, 2), (30, 5)], 400) == math.inf
    assert horizon([(10, 2), (30, 20)], 0) == 0
    assert horizon([], 400) == math.inf
    assert horizon([(0, 5), (10, math.inf)], 400) == about(40)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100) | st.just(math.inf)), min_size=1, max_size=8),
    st.integers(0, 20_000),
)
def test_the_horizon_is_where_the_room_is_used_up(cameras: list[tuple[float, float]], room: int) -> None:
    found = horizon(cameras, room)
    used = sum(rate * min(own, found) for rate, own in cameras)
    assert used <= room * 1.000001
    assert found == math.inf or used == about(room)


# -- against retention itself -----------------------------------------------------------------------------------------

STEP_DAYS = 0.5
STEP = timedelta(days=STEP_DAYS)
LONG_DAYS = 130
"""After so long nothing is left of the beginning."""


@dataclass
class Simulated:
    """A disk and its cameras, recorded to and cleaned by the real rules, one step after the other."""

    policy: Policy
    total_bytes: int
    total_inodes: int
    rates: dict[str, int]
    """Bytes per step of cameras that record."""
    locked: tuple[Lock, ...] = ()
    now: datetime = NOW
    files: dict[str, deque[StoredFile]] = field(default_factory=lambda: defaultdict(deque))
    size_bytes: int = 0
    acted: dict[str, list[tuple[float, Rule]]] = field(default_factory=lambda: defaultdict(list))
    """Days from the beginning and rule of what was deleted first of each camera, and soon after."""

    def record(self, camera: str, started_at: datetime, size_bytes: int) -> None:
        file = StoredFile(camera, f"/srv/{camera}/{started_at:%s}", started_at, started_at + STEP, size_bytes)
        self.files[camera].append(file)
        self.size_bytes += size_bytes

    @property
    def largest_bytes(self) -> int:
        """Of all files."""
        return max(file.size_bytes for files in self.files.values() for file in files)

    def disk(self) -> Disk:
        count = sum(len(files) for files in self.files.values())
        free_inodes = self.total_inodes - count if self.total_inodes else 0
        return Disk(self.total_bytes - self.size_bytes, self.total_bytes, free_inodes, self.total_inodes)

    def clean(self) -> None:
        found = plan(self, self.policy, self.disk(), self.now, lambda _: Found())
        at_days = (self.now - NOW).total_seconds() / DAY_S
        gone = {one.file.path for one in found.doomed}
        for one in found.doomed:
            self.size_bytes -= one.file.size_bytes
            acted = self.acted[one.file.camera]
            if not acted or at_days <= acted[0][0] + 2:
                acted.append((at_days, one.rule))
        for camera in {one.file.camera for one in found.doomed}:
            self.files[camera] = deque(file for file in self.files[camera] if file.path not in gone)

    def run(self, days: float) -> None:
        self.clean()
        for _ in range(round(days / STEP_DAYS)):
            for camera, size_bytes in self.rates.items():
                self.record(camera, self.now, size_bytes)
            self.now += STEP
            self.clean()

    def span_days(self, camera: str) -> float:
        """Of what is not locked."""
        oldest = next(file for file in self.files[camera] if not is_locked(file, self.locked))
        return (self.now - oldest.started_at).total_seconds() / DAY_S

    def measured(self, camera: str, records: bool) -> Stored:
        """As the catalogue would tell it."""
        files = list(self.files[camera])
        locked = [file for file in files if is_locked(file, self.locked)]
        to_go = next((file for file in files[:-2] if file not in locked), None)
        recent = [file for file in files if file.started_at >= NOW - DAY]
        return Stored(
            camera,
            records,
            len(files),
            sum(file.size_bytes for file in files),
            files[0].started_at,
            files[-1].ended_at,
            to_go.started_at if to_go else None,
            to_go.ended_at if to_go else None,
            len(locked),
            sum(file.size_bytes for file in locked),
            (),
            len(recent),
            sum(file.size_bytes for file in recent),
            len(recent) * STEP.total_seconds(),
            recent[0].started_at if recent else None,
        )

    # What retention asks of the catalogue.

    def cameras(self) -> tuple[str, ...]:
        return tuple(camera for camera, files in self.files.items() if files)

    def total(self, camera: str | None) -> tuple[int, int]:
        if camera is None:
            return sum(map(len, self.files.values())), self.size_bytes
        return len(self.files[camera]), sum(file.size_bytes for file in self.files[camera])

    def oldest(self, camera: str | None) -> Iterator[StoredFile]:
        chosen = self.files.values() if camera is None else [self.files[camera]]
        return heapq.merge(*chosen, key=lambda file: (file.started_at, file.path))

    def newest(
        self, camera: str, count: int, *, playing: bool = False, as_recorded: bool = False
    ) -> tuple[StoredFile, ...]:
        return tuple(islice(reversed(self.files[camera]), count))

    def recent(self, camera: str, since: datetime, count: int) -> Recent:
        files = [file for file in self.newest(camera, count) if file.started_at >= since]
        return Recent(len(files), sum(file.size_bytes for file in files), len(files) * STEP.total_seconds())

    def locks(self, camera: str | None) -> tuple[Lock, ...]:
        return tuple(lock for lock in self.locked if camera in (None, lock.camera))


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[Simulated, frozenset[str]]:
    """Cameras with a history, some of them gone, and rules that leave room for at least four days."""
    recording = [f"camera_{number}" for number in range(draw(st.integers(1, 4)))]
    gone = ["gone"] if draw(st.booleans()) else []
    per_day = {camera: draw(st.integers(1, 40)) * GB for camera in (*recording, *gone)}
    days = st.none() | st.integers(3, 30)
    cameras = {
        camera: Limits(draw(days), draw(st.none() | st.integers(5, 40).map(per_day[camera].__mul__)))
        for camera in recording
        if draw(st.booleans())
    }
    rate = sum(per_day[camera] for camera in recording)
    locks: list[Lock] = []
    histories: dict[str, tuple[float, float]] = {}
    for camera in (*recording, *gone):
        oldest = draw(st.integers(2, 25))
        newest = draw(st.integers(1, 10)) if camera in gone else 0
        histories[camera] = (oldest + newest, newest)
        if draw(st.integers(0, 3)) == 0:
            since = NOW - timedelta(days=oldest + newest)
            length = timedelta(days=draw(st.integers(1, max(oldest - 1, 1))))
            locks.append(Lock(1, camera, since, since + length, "", "root", NOW))
    locked = sum((lock.until - lock.since) / DAY * per_day[lock.camera] for lock in locks)
    room = draw(st.integers(4, 35)) * rate + locked
    simulated = Simulated(
        Policy(
            days=draw(days),
            max_bytes=draw(st.none() | st.integers(4, 30).map(lambda n: round(n * rate + locked))),
            cameras=cameras,
        ),
        round(room / 0.9),
        draw(st.just(0) | st.integers(40, 400)),
        {camera: round(per_day[camera] * STEP_DAYS) for camera in recording},
        tuple(locks),
    )
    if simulated.total_inodes:
        simulated.total_inodes += sum(round((old - new) / STEP_DAYS) for old, new in histories.values())
    for camera, (old, new) in histories.items():
        for number in range(round((old - new) / STEP_DAYS)):
            started_at = NOW - timedelta(days=old) + number * STEP
            simulated.record(camera, started_at, round(per_day[camera] * STEP_DAYS))
    return simulated, frozenset(recording)


@given(beginnings())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_in_the_long_run_footage_stays_as_long_as_foretold(beginning: tuple[Simulated, frozenset[str]]) -> None:
    simulated, recording = beginning
    simulated.clean()  # as it always is: the last pass was a minute ago
    projection = project(
        [simulated.measured(camera, camera in recording) for camera in simulated.cameras()],
        simulated.policy,
        simulated.disk(),
        NOW,
    )
    simulated.run(LONG_DAYS)
    for camera in recording:
        foretold = of(projection, camera)
        assert foretold.days is not None
        found_days = simulated.span_days(camera)
        if foretold.rule == Rule.AGE:
            assert found_days <= foretold.days
        if foretold.days > LONG_DAYS:
            assert found_days >= LONG_DAYS
            continue
        # Whole files are deleted, and two of each camera never: room for some is left over, or is not there.
        slack_bytes = float(simulated.rates[camera])
        shared = simulated.rates[camera] / STEP_DAYS
        if foretold.rule != Rule.CAMERA_SIZE:
            together = [one for one in recording if (of(projection, one).days or 0) >= foretold.days - STEP_DAYS]
            shared = sum(simulated.rates[one] for one in together) / STEP_DAYS
            slack_bytes = max(simulated.rates.values()) + 3 * simulated.largest_bytes
        assert found_days == pytest.approx(foretold.days, abs=min(STEP_DAYS + slack_bytes / shared, 2.5)), camera


@given(beginnings())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_rules_begin_to_act_when_it_is_foretold(beginning: tuple[Simulated, frozenset[str]]) -> None:
    simulated, recording = beginning
    simulated.clean()
    simulated.acted.clear()
    cameras = simulated.cameras()
    projection = project(
        [simulated.measured(camera, camera in recording) for camera in cameras],
        simulated.policy,
        simulated.disk(),
        NOW,
    )
    simulated.run(60)
    rate = sum(simulated.rates.values()) / STEP_DAYS
    slack_days = min(2 * STEP_DAYS + (max(simulated.rates.values()) + 3 * simulated.largest_bytes) / rate, 2.5)
    # The newest files of a camera that is gone never go, so that the others are reached sooner. When, is not foretold.
    stay = sum(file.size_bytes for camera in cameras if camera not in recording for file in simulated.files[camera])
    slack_days += stay / rate
    for camera in cameras:
        foretold = of(projection, camera)
        at_days = days_until(foretold.acts_at)
        acted = simulated.acted[camera]
        if at_days is None or at_days > 60 - slack_days:
            assert not acted or acted[0][0] > 60 - 2 * slack_days
            continue
        assert acted, (camera, foretold)
        assert acted[0][0] == pytest.approx(at_days, abs=slack_days), camera
    first = min((acted[0][0] for acted in simulated.acted.values() if acted), default=None)
    at_days = days_until(projection.acts_at)
    if first is not None and at_days is not None and at_days < 59:
        assert first == pytest.approx(at_days, abs=slack_days)


# -- what follows for a person ----------------------------------------------------------------------------------------

AMPLE = Disk(90 * TB, 100 * TB)


def test_a_disk_that_is_too_small_breaks_the_promise_and_says_by_how_much() -> None:
    """Two cameras record 100 GB a day; 1 TB less its floor of 50 GB keeps 9.5 days, where 14 are promised."""
    cameras = [stored("gate", 60, 5), stored("yard", 40, 5)]
    found = project(cameras, Policy(days=14), Disk(500 * GB, 1000 * GB), NOW)
    assert [(one.camera, one.days, one.rule, one.kept) for one in found.cameras] == [
        ("gate", about(9.5), "free space", False),
        ("yard", about(9.5), "free space", False),
    ]
    assert of(found, "gate").missing_bytes == about(450 * GB)
    assert [one.camera for one in found.broken] == ["gate", "yard"]
    assert days_until(found.full_at) == about(4.5)
    assert (found.first_rule, found.first_camera, days_until(found.acts_at)) == ("free space", "", about(4.5))
    assert (found.bytes_per_s * DAY_S, found.floor_bytes) == (about(100 * GB), 50 * GB)
    more = project(cameras, Policy(days=14), Disk(1000 * GB, 1500 * GB), NOW)
    assert more.broken == ()
    assert kept(more) == {"gate": 14, "yard": 14}
    assert (more.first_rule, days_until(more.acts_at)) == ("age", about(9 + 1 / 24))
    assert more.full_at is None


def test_the_rule_that_is_in_the_way_of_a_promise_is_named() -> None:
    cameras = [stored("gate", 60, 5), stored("yard", 40, 5)]
    of_one = project(cameras, Policy(days=14, cameras={"gate": Limits(max_bytes=600 * GB)}), AMPLE, NOW)
    assert (of(of_one, "gate").rule, of(of_one, "gate").days) == ("size of the camera", about(10))
    assert of(of_one, "gate").missing_bytes == about(240 * GB)
    assert (of(of_one, "yard").kept, of(of_one, "gate").kept) == (True, False)
    of_all = project(cameras, Policy(days=14, max_bytes=1200 * GB), AMPLE, NOW)
    assert (of(of_all, "gate").rule, of(of_all, "gate").days) == ("size of all", about(12))
    assert of(of_all, "yard").missing_bytes == about(200 * GB)
    few = replace(AMPLE, free_inodes=500, total_inodes=10_000)
    by_files = project(cameras, Policy(days=14), few, NOW)
    assert (of(by_files, "gate").rule, of(by_files, "gate").missing_bytes) == ("free inodes", 0)
    assert of(by_files, "gate").days == about((500 - 100 + 240) / 48)


def test_a_camera_that_keeps_less_lets_the_others_keep_more() -> None:
    """950 GB are to be had: of the gate's 60 GB a day two days stay, and the rest is the yard's."""
    cameras = [stored("gate", 60, 2), stored("yard", 40, 5)]
    policy = Policy(days=30, cameras={"gate": Limits(days=2)})
    found = project(cameras, policy, Disk(1000 * GB - 320 * GB, 1000 * GB), NOW)
    assert kept(found) == {"gate": 2, "yard": about((950 - 120) / 40)}
    assert [(one.camera, one.promised_days) for one in found.broken] == [("yard", 30)]


def test_what_is_locked_has_no_room_for_anything_else() -> None:
    locked = replace(stored("gate", 100, 5), locked_files=48, locked_bytes=200 * GB)
    found = project([locked], Policy(days=14), Disk(500 * GB, 1000 * GB), NOW)
    assert of(found, "gate").days == about(7.5)
    assert found.held_at is None
    ahead = replace(locked, locked_ahead=((0.0, 4 * DAY_S),))
    found = project([ahead], Policy(days=14), Disk(500 * GB, 1000 * GB), NOW)
    assert of(found, "gate").days == about(3.5)
    for_ever = replace(locked, locked_ahead=((0.0, 9000 * DAY_S),))
    found = project([for_ever], Policy(days=14, least_free_bytes=10 * GB), Disk(500 * GB, 1000 * GB), NOW)
    assert of(found, "gate").days == 0
    assert days_until(found.held_at) == about((500 + 500 - 200 - 10) / 100), "the footage that may go, goes first"


def test_measured_over_less_than_a_day_it_is_provisional() -> None:
    def provisional(hours: float, recorded_h: float | None = None) -> bool:
        one = stored("gate", 60, 20, measured_h=hours)
        if recorded_h is not None:
            one = replace(one, recent_s=recorded_h * 3600, recent_bytes=round(60 * GB / 24 * recorded_h))
        found = project([one], Policy(days=14), AMPLE, NOW)
        assert of(found, "gate").bytes_per_s * 3600 == about(60 * GB / 24)
        assert of(found, "gate").recorded_s == (hours if recorded_h is None else recorded_h) * 3600
        return found.provisional

    assert provisional(1)
    assert provisional(22)
    assert not provisional(24)
    assert not provisional(24, 23.5)
    assert provisional(24, 5)


def test_what_does_not_record_counts_for_nothing_and_is_named() -> None:
    silent = replace(stored("silent", 60, 5), recent_s=0.0, recent_bytes=0, recent_files=0, recent_from=None)
    cameras = [stored("gate", 50, 5), silent, stored("gone", 60, 5, records=False), Stored("new", True)]
    found = project(cameras, Policy(days=14), Disk(1000 * GB - 850 * GB, 1000 * GB), NOW)
    assert found.silent == ("silent", "new")
    assert kept(found) == {"gate": 14, "silent": None, "gone": None, "new": None}
    assert found.bytes_per_s * DAY_S == about(50 * GB)
    assert of(found, "gone").promised_days is None
    # Room is needed before anything is old enough: the oldest of all goes, whoever recorded it.
    assert days_until(found.full_at) == about(2)
    assert (of(found, "gone").first_rule, of(found, "new").first_rule) == ("free space", "")
    nothing = project([Stored("new", True)], Policy(days=14), AMPLE, NOW)
    assert (nothing.acts_at, nothing.full_at, nothing.broken, nothing.provisional) == (None, None, (), False)


def test_a_disk_that_never_fills_up_is_not_said_to() -> None:
    found = project([stored("gate", 50, 5)], Policy(max_bytes=500 * GB), AMPLE, NOW)
    assert (found.full_at, found.first_rule, days_until(found.acts_at)) == (None, "size of all", about(5))
    assert of(found, "gate").days == about(10)
    found = project([stored("gate", 50, 5)], Policy(days=6), AMPLE, NOW)
    assert (found.full_at, found.first_camera) == (None, "gate")
    forever = project([stored("gate", 0.0001, 5)], Policy(), AMPLE, NOW)
    assert forever.full_at is None, "in more than a hundred years"


def test_a_limit_that_is_reached_already_acts_now() -> None:
    found = project([stored("gate", 50, 20)], Policy(days=14, max_bytes=100 * GB), AMPLE, NOW)
    assert (found.first_rule, days_until(found.acts_at)) == ("age", 0)
    assert of(found, "gate").days == about(2)


def test_a_few_minutes_less_than_promised_are_no_broken_promise() -> None:
    cameras = [stored("gate", 100, 5)]
    found = project(cameras, Policy(days=9.53), Disk(500 * GB, 1000 * GB), NOW)
    assert of(found, "gate").kept
    assert not of(project(cameras, Policy(days=9.6), Disk(500 * GB, 1000 * GB), NOW), "gate").kept
