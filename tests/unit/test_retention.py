"""Retention takes the oldest first, no more than it must, and never what has to stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.configured import Camera, OutputSettings, Profile, Settings
from vmstui.footage import Lock
from vmstui.recording.catalogue_rows import Recent, StoredFile
from vmstui.recording.retention import (
    Disk,
    Found,
    Limits,
    Look,
    Plan,
    Policy,
    Rule,
    plan,
    policy_of,
    standings,
)
from vmstui.recording.retention_pass import own_parts
from vmstui.spoken import decimal_size as spoken

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
GB = 10**9


@dataclass
class Kept:
    """Footage in a list, in the order in which it was recorded."""

    files: list[StoredFile]
    locked: list[Lock] = field(default_factory=list)
    broken: frozenset[str] = frozenset()
    asked: int = 0

    def cameras(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(file.camera for file in self.files))

    def total(self, camera: str | None) -> tuple[int, int]:
        sizes = [file.size_bytes for file in self.files if camera in (None, file.camera)]
        return len(sizes), sum(sizes)

    def oldest(self, camera: str | None) -> Iterator[StoredFile]:
        for file in sorted(self.files, key=lambda file: (file.started_at, file.path)):
            if camera in (None, file.camera):
                self.asked += 1
                yield file

    def newest(
        self, camera: str, count: int, *, playing: bool = False, as_recorded: bool = False
    ) -> tuple[StoredFile, ...]:
        files = [file for file in self.files if file.camera == camera and not (playing and file.path in self.broken)]
        if not as_recorded:
            files.sort(key=lambda file: (file.started_at, file.path))
        return tuple(files[::-1][:count])

    def recent(self, camera: str, since: datetime, count: int) -> Recent:
        files = [file for file in self.newest(camera, count, playing=True) if file.started_at >= since]
        lengths = (file.ended_at - file.started_at for file in files)
        return Recent(
            len(files), sum(file.size_bytes for file in files), sum(length.total_seconds() for length in lengths)
        )

    def locks(self, camera: str | None) -> tuple[Lock, ...]:
        return tuple(lock for lock in self.locked if camera in (None, lock.camera))


def recorded(camera: str, hours_ago: float, size_bytes: int = GB, length_s: float = 180.0) -> StoredFile:
    started_at = NOW - timedelta(hours=hours_ago)
    path = f"/srv/{camera}/{hours_ago:09.3f}.mp4"
    return StoredFile(camera, path, started_at, started_at + timedelta(seconds=length_s), size_bytes)


def lock(camera: str, from_hours_ago: float, to_hours_ago: float) -> Lock:
    since, until = (NOW - timedelta(hours=hours) for hours in (from_hours_ago, to_hours_ago))
    return Lock(1, camera, since, until, "", "root", NOW)


def there(_: StoredFile) -> Found:
    return Found()


AMPLE = Disk(900 * GB, 1000 * GB, 10**6, 10**6)


def planned(kept: Kept, policy: Policy, disk: Disk = AMPLE, look: Look = there) -> Plan:
    return plan(kept, policy, disk, NOW, look)


def hours(found: Plan) -> list[tuple[str, float]]:
    return [(doomed.file.camera, (NOW - doomed.file.started_at).total_seconds() / 3600) for doomed in found.doomed]


# -- each rule --------------------------------------------------------------------------------------------------------


def test_footage_goes_when_its_last_frame_is_too_old() -> None:
    kept = Kept([recorded("lobby", ago) for ago in (50, 48.06, 48.04, 47, 1, 0.5)])
    found = planned(kept, Policy(days=2))
    assert hours(found) == [("lobby", 50), ("lobby", 48.06)]
    assert (found.doomed[0].rule, found.doomed[0].measured, found.doomed[0].threshold) == (
        Rule.AGE,
        "2.1 days old",
        "2 days",
    )
    assert found.complete
    assert kept.asked < 10, "no more is asked for than has to go"


def test_a_camera_has_days_of_its_own_and_one_that_is_gone_those_of_all() -> None:
    kept = Kept([recorded(camera, ago) for camera in ("long", "short", "gone") for ago in (100, 50, 2, 1)])
    policy = Policy(days=3, cameras={"long": Limits(days=30), "short": Limits(days=1)})
    assert set(hours(planned(kept, policy))) == {("short", 100), ("short", 50), ("gone", 100)}
    assert planned(kept, policy.without_age()).doomed == ()


def test_a_camera_and_all_together_go_down_to_their_size() -> None:
    kept = Kept([recorded(camera, ago) for camera in ("a", "b") for ago in (40, 30, 20, 10, 1)])
    found = planned(kept, Policy(max_bytes=7 * GB, cameras={"a": Limits(max_bytes=4 * GB + 1)}))
    assert hours(found) == [("a", 40), ("b", 40), ("a", 30)]
    assert [doomed.rule for doomed in found.doomed] == [Rule.CAMERA_SIZE, Rule.SIZE, Rule.SIZE]
    assert (found.doomed[1].measured, found.doomed[1].threshold) == ("9.0 GB", "7.0 GB")


def test_the_oldest_of_any_camera_goes_until_enough_is_free() -> None:
    kept = Kept([recorded(camera, ago, length_s=3 * 3600) for camera in ("a", "b") for ago in (400, 300, 200, 100)])
    found = planned(kept, Policy(min_free_bytes=60 * GB), Disk(57 * GB, 1000 * GB))
    assert hours(found) == [("a", 400), ("b", 400), ("a", 300)]
    assert (found.doomed[0].rule, found.doomed[0].measured, found.doomed[0].threshold) == (
        Rule.FREE,
        "57.0 GB",
        "60.0 GB (min_free)",
    )


@pytest.mark.parametrize(
    ("policy", "total", "told"),
    [
        (Policy(min_free_percent=5), 1000 * GB, "50.0 GB (5 % of the disk)"),
        (Policy(min_free_percent=1), 1000 * GB, "50.0 GB (5 % of the disk)"),
        (Policy(min_free_percent=20), 1000 * GB, "200.0 GB (20 % of the disk)"),
        (Policy(min_free_bytes=16 * 10**6, min_free_percent=None), 1000 * GB, "50.0 GB (5 % of the disk)"),
        (Policy(min_free_bytes=300 * GB, min_free_percent=None), 1000 * GB, "300.0 GB (min_free)"),
        (Policy(), 400 * GB, "80.0 GB (2 h of recording)"),
        (Policy(), 100 * GB, "25.0 GB (2 h of recording)"),
        (Policy(min_free_bytes=1, least_free_bytes=512 * 10**6), 10**9, "512.0 MB (what recording needs)"),
    ],
)
def test_the_floor_is_the_greatest_of_what_is_configured_five_percent_and_two_hours(
    policy: Policy, total: int, told: str
) -> None:
    """Two cameras that record 1 GB in 3 minutes need 80 GB for 2 h; a quarter of a disk is enough for that."""
    fast = [recorded(camera, ago) for camera in ("a", "b") for ago in (3, 2, 1)] if "recording)" in told else []
    (free,) = [one for one in standings(Kept(fast), policy, Disk(total, total), NOW) if one.rule is Rule.FREE]
    assert free.threshold == told


def test_free_inodes_are_kept_where_the_file_system_counts_them() -> None:
    kept = Kept([recorded("lobby", ago, length_s=7200) for ago in (40, 30, 20, 10, 1)])
    few = Disk(900 * GB, 1000 * GB, 998, 100_000)
    found = planned(kept, Policy(), few)
    assert hours(found) == [("lobby", 40), ("lobby", 30)]
    assert (found.doomed[0].rule, found.doomed[0].measured, found.doomed[0].threshold) == (
        Rule.INODES,
        "998",
        "1,000 (1 % of them)",
    )
    assert planned(kept, Policy(), replace(few, free_inodes=0, total_inodes=0)).doomed == ()


# -- what stays -------------------------------------------------------------------------------------------------------


def test_what_is_locked_stays_and_what_touches_it_goes() -> None:
    files = [recorded("lobby", ago, length_s=3600) for ago in (100, 99, 98, 97, 1, 0.5)]
    kept = Kept([*files, recorded("gate", 99), recorded("gate", 2), recorded("gate", 1)], [lock("lobby", 98.5, 97.5)])
    assert set(hours(planned(kept, Policy(days=1)))) == {("lobby", 100), ("lobby", 97), ("gate", 99)}
    kept.locked = [lock("lobby", 99, 98)]
    assert ("lobby", 100) in hours(planned(kept, Policy(days=1))), "its last frame is before the first locked one"
    assert ("lobby", 98) in hours(planned(kept, Policy(days=1)))


def test_the_two_newest_stay_and_the_two_newest_that_play() -> None:
    files = [recorded("lobby", ago) for ago in (90, 80, 70, 60)]
    kept = Kept(files, broken=frozenset({files[2].path, files[3].path}))
    assert planned(kept, Policy(days=1)).doomed == ()
    kept.broken = frozenset({files[1].path, files[3].path})
    assert hours(planned(kept, Policy(days=1))) == [("lobby", 80)]


def test_what_was_recorded_last_stays_also_where_the_clock_was_put_back() -> None:
    kept = Kept([recorded("lobby", ago) for ago in (90, 80, 70, 60, 99, 98)])
    assert hours(planned(kept, Policy(days=1))) == [("lobby", 90), ("lobby", 80)]
    kept.broken = frozenset({kept.files[-1].path})
    assert hours(planned(kept, Policy(days=1))) == [("lobby", 90), ("lobby", 80)]
    kept.broken = frozenset({file.path for file in kept.files[-2:]})
    assert hours(planned(kept, Policy(days=1))) == [("lobby", 90), ("lobby", 80)]


def test_what_is_not_what_was_catalogued_stays_and_others_go_in_its_place() -> None:
    kept = Kept([recorded("lobby", ago) for ago in (50, 40, 30, 20, 2, 1)])
    answers = {kept.files[0].path: Found(reason="grown"), kept.files[1].path: Found(gone=True)}

    def look(file: StoredFile) -> Found:
        return answers.get(file.path, Found())

    found = planned(kept, Policy(max_bytes=4 * GB), look=look)
    assert (hours(found), found.gone, found.refused) == (
        [("lobby", 30)],
        (kept.files[1],),
        ((kept.files[0], "grown"),),
    )
    floor = planned(kept, Policy(min_free_bytes=51 * GB), Disk(50 * GB, 1000 * GB), look)
    assert (hours(floor), floor.gone) == ([("lobby", 30)], (kept.files[1],)), "what is gone frees nothing"


def test_a_rule_that_cannot_be_kept_says_so_and_by_how_much() -> None:
    kept = Kept([recorded("lobby", ago) for ago in (50, 2, 1)])
    found = planned(kept, Policy(max_bytes=GB), Disk(0, 100 * GB))
    assert hours(found) == [("lobby", 50)]
    assert found.short == (
        (Rule.SIZE, "size of all: 2.0 GB stay, 1.0 GB may"),
        (Rule.FREE, "free space: 1.0 GB would be free, wanted are 25.0 GB (2 h of recording)"),
    )


def test_a_pass_can_be_bounded_and_the_next_one_goes_on() -> None:
    kept = Kept([recorded("lobby", ago) for ago in range(100, 60, -1)])
    first = plan(kept, Policy(days=1), AMPLE, NOW, there, at_most=10)
    assert (len(first.doomed), first.complete) == (10, False)
    kept.files = kept.files[10:]
    rest = plan(kept, Policy(days=1), AMPLE, NOW, there, at_most=28)
    assert (len(rest.doomed), rest.complete) == (28, True)
    assert first.size_bytes == 10 * GB


@given(st.data())
def test_whatever_there_is_the_promises_hold(data: st.DataObject) -> None:
    """Never one of the newest two or a locked one, never more than needed, always the oldest first."""
    count = data.draw(st.integers(0, 25))
    draw = data.draw
    moments = draw(st.lists(st.integers(0, 400), min_size=count, max_size=count, unique=True))
    files = [
        recorded(draw(st.sampled_from("abc")), moment, draw(st.integers(1, 20)) * GB, 3600 * draw(st.integers(0, 3)))
        for moment in moments
    ]
    locked = [
        lock(camera, start + length, start)
        for camera, start, length in draw(
            st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 400), st.integers(1, 60)), max_size=3)
        )
    ]
    broken = frozenset(file.path for file in files if draw(st.integers(0, 4)) == 0)
    kept = Kept(files, locked, broken)
    unfit = {file.path: draw(st.sampled_from([Found(gone=True), Found(reason="x")])) for file in files[::5]}
    policy = Policy(
        days=draw(st.none() | st.integers(1, 15)),
        max_bytes=draw(st.none() | st.integers(1, 200).map(lambda size: size * GB)),
        min_free_bytes=draw(st.integers(0, 300)) * GB,
        cameras={"a": Limits(draw(st.none() | st.integers(1, 15)), draw(st.none() | st.just(30 * GB)))},
    )
    disk = Disk(draw(st.integers(0, 400)) * GB, 1000 * GB)
    found = planned(kept, policy, disk, lambda file: unfit.get(file.path, Found()))

    doomed = {one.file.path for one in found.doomed}
    assert len(doomed) == len(found.doomed)
    assert not doomed & unfit.keys()
    keep = {
        file.path
        for camera in kept.cameras()
        for playing in (False, True)
        for as_recorded in (False, True)
        for file in kept.newest(camera, 2, playing=playing, as_recorded=as_recorded)
    }
    keep |= {
        file.path
        for file in files
        for one in locked
        if file.camera == one.camera and file.started_at < one.until and file.ended_at > one.since
    }
    assert not doomed & keep
    assert not {file.path for file in found.gone} & keep

    # Of what may go, nothing older stays than what a rule took, of the camera or of all.
    free_to_go = [file for file in files if file.path not in keep | unfit.keys()]
    for one in found.doomed:
        alike = [file for file in free_to_go if file.camera == one.file.camera or one.rule in (Rule.SIZE, Rule.FREE)]
        assert all(file.path in doomed for file in alike if file.started_at < one.file.started_at)

    # Without the last file that a rule took, it would not be kept.
    for one in found.doomed:
        if one.rule is Rule.AGE:
            days = policy.days_of(one.file.camera)
            assert days is not None
            assert NOW - one.file.ended_at >= timedelta(days=days)
    floor = [one for one in found.doomed if one.rule is Rule.FREE]
    (standing,) = [one for one in standings(kept, policy, disk, NOW) if one.rule is Rule.FREE]
    if floor:
        freed = sum(one.file.size_bytes for one in found.doomed)
        assert spoken(disk.free_bytes + freed - floor[-1].file.size_bytes) == floor[-1].measured
        assert standing.acts_in_s == 0.0
    others = [one for one in found.doomed if one.rule is Rule.SIZE]
    if others:
        gone_bytes = sum(file.size_bytes for file in found.gone)
        before = sum(one.file.size_bytes for one in found.doomed if one.rule is not Rule.FREE)
        left = kept.total(None)[1] - before - gone_bytes
        assert policy.max_bytes is not None
        assert left + others[-1].file.size_bytes + gone_bytes > policy.max_bytes


# -- what is told -----------------------------------------------------------------------------------------------------


def test_the_next_rule_to_act_comes_first() -> None:
    kept = Kept([recorded("lobby", ago, 9 * GB, 3600) for ago in (30, 20, 4, 3, 2)])
    policy = Policy(days=2, max_bytes=63 * GB, cameras={"lobby": Limits(max_bytes=1000 * GB)})
    found = standings(kept, policy, Disk(140 * GB, 1000 * GB), NOW)
    assert [(one.rule, one.camera, round((one.acts_in_s or 0) / 3600)) for one in found] == [
        (Rule.SIZE, "", 2),
        (Rule.FREE, "", 10),
        (Rule.AGE, "lobby", 48 - 29),
        (Rule.CAMERA_SIZE, "lobby", round((1000 - 45) / 9)),
    ]


def test_the_policy_is_that_of_the_configuration() -> None:
    camera = Camera("a", "A", "rtsp://h/a", Profile("source", OutputSettings(), None), retention_days=3.0)
    settings = Settings("/x", "/srv", (camera,), retention_days=14, retention_max_bytes=5, min_free_percent=7)
    policy = policy_of(settings, 99)
    assert policy == Policy(14, 5, None, 7, {"a": Limits(3.0, None)}, 99)
    assert (policy.days_of("a"), policy.days_of("b"), policy.max_bytes_of("b")) == (3.0, 14, None)


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/srv/r/Gate_1/2026-03-01/Gate_1_20260301_075459.mp4", True),
        ("/srv/r/Gate_1/2026-03-01/Gate_1_20260301_075459_2.mp4", True),
        ("/srv/r/.vmstui/quarantine/gate/Gate_1_20260301_075459.mp4", True),
        ("/srv/r/.vmstui/quarantine/other/Gate_1_20260301_075459.mp4", False),
        ("/srv/r/.vmstui/quarantine/gate/holiday.mp4", False),
        ("/srv/r/.vmstui/spool/gate/Gate_1_20260301_075459.mp4", False),
        ("/srv/r/Gate_1/2026-03-01/holiday.mp4", False),
        ("/srv/r/Gate_1/2026-03-01/Yard_20260301_075459.mp4", False),
        ("/srv/r/Gate_1/2026-03-01/Gate_1_20260301_075459.mp4.txt", False),
        ("/srv/r/Gate_1/summer/Gate_1_20260301_075459.mp4", False),
        ("/srv/r/Gate_1_20260301_075459.mp4", False),
        ("/srv/r/../2026-03-01/.._20260301_075459.mp4", False),
        ("/srv/Gate_1/2026-03-01/Gate_1_20260301_075459.mp4", False),
        ("Gate_1/2026-03-01/Gate_1_20260301_075459.mp4", False),
    ],
)
def test_only_files_named_as_recordings_in_their_place_are_ours(path: str, ours: bool) -> None:
    file = replace(recorded("gate", 1), path=path)
    assert (own_parts(PurePath("/srv/r"), file) is not None) == ours
