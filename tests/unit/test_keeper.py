"""The keeper makes room by itself and when asked, tells what it did, and harms nothing when something is wrong."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.test_retention_pass import NOW, SIZE_BYTES, Recorded
from vmstui.configured import Settings
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict, Uptime
from vmstui.model import Event, EventKind
from vmstui.recorder import keeper as keeper_module
from vmstui.recorder.downtime import Alive, came_up
from vmstui.recorder.keeper import Keeper, away, ended
from vmstui.recording import journal
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.catalogue_rows import StoredFile
from vmstui.recording.clock import Era, WallClock
from vmstui.recording.guard import Guard
from vmstui.recording.retention_pass import Files

LIMIT_S = 60.0
GOOD = SegmentVerdict.GOOD


class Kept(Recorded):
    """A keeper over it, whose lines can be waited for."""

    def __init__(self, folder: Path, period_s: float = 3600.0, alive: Alive | None = None, **settings: float) -> None:
        super().__init__(folder)
        state = folder / "state"
        self.guard = Guard(state, "ours")
        self.settings = replace(Settings("/x.yaml", str(self.folder), ()), **settings)  # type: ignore[arg-type]
        assert self.guard.look(self.settings.recordings, None, 0).usable
        self.catalogue.filled()
        self.told: asyncio.Queue[Event | str] = asyncio.Queue()
        self.clocks = [NOW.timestamp(), 5000.0]
        self.keeper = Keeper(
            self.settings,
            self.guard,
            lambda: self.catalogue,
            self.told.put_nowait,
            self.told.put_nowait,
            alive=alive,
            period_s=period_s,
            clocks=lambda: (self.clocks[1], self.clocks[0]),
        )

    async def next(self) -> Event | str:
        return await asyncio.wait_for(self.told.get(), LIMIT_S)

    async def free_now(self) -> bool:
        return await asyncio.wait_for(self.keeper.free_now(), LIMIT_S)

    def pass_by(self, seconds: float) -> None:
        """On both clocks."""
        self.clocks[0] += seconds
        self.clocks[1] += seconds


@asynccontextmanager
async def running(kept: Kept) -> AsyncIterator[Kept]:
    kept.keeper.start()
    try:
        yield kept
    finally:
        await kept.keeper.stop()
        kept.catalogue.close()


async def test_a_pass_comes_by_itself_and_is_told_in_one_line_of_the_camera(tmp_path: Path) -> None:
    kept = Kept(tmp_path, period_s=0.01, retention_days=2)
    for ago in (80, 79, 78, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        event = await kept.next()
        assert isinstance(event, Event)
        until = (NOW - timedelta(hours=78) + timedelta(minutes=3)).isoformat(timespec="seconds")
        assert (event.at, event.camera, event.kind) == (NOW, "gate", EventKind.RETENTION)
        assert event.text == f"3 segments deleted, 0.3 kB, recorded until {until}"
        assert (event.rule, event.measured, event.threshold) == ("age", "3.3 days old", "2 days")
        assert event.outcome.endswith(" free")
    assert len(kept.files()) == 2


async def test_who_needs_room_has_it_at_once_and_is_told_when_there_is_none_to_be_had(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_max_bytes=3 * SIZE_BYTES)
    for ago in (80, 79, 4, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        assert await kept.free_now()
        assert len(kept.files()) == 3
        assert not await kept.free_now()


async def test_long_work_comes_in_portions_and_the_first_one_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "PORTION", 2)
    kept = Kept(tmp_path, retention_days=2)
    for ago in (*range(90, 80, -1), 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        assert await kept.free_now()
        event = await kept.next()
        assert isinstance(event, Event)
        assert event.text.startswith("10 segments deleted"), "all portions in one line"
    assert len(kept.files()) == 2


async def test_what_goes_on_is_told_every_hour_and_the_rest_at_the_end(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_max_bytes=2 * SIZE_BYTES)
    kept.add("gate", 9)
    async with running(kept):
        for ago in (8, 7):
            kept.add("gate", ago)
        await kept.free_now()
        first = await kept.next()
        for ago in (6, 5):
            kept.add("gate", ago)
            assert await kept.free_now()
        kept.pass_by(3601)
        assert not await kept.free_now()
        second = await kept.next()
        kept.add("gate", 4)
        assert await kept.free_now()
        assert kept.told.empty()
    third = await kept.next()
    texts = [event.text[:18] for event in (first, second, third) if isinstance(event, Event)]
    assert texts == ["1 segment deleted,", "2 segments deleted", "1 segment deleted,"]


async def test_nothing_is_deleted_while_the_folder_is_another_or_the_catalogue_is_not_filled(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_days=2)
    for ago in (80, 79, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        kept.catalogue.fresh = True
        assert not await kept.free_now()
        kept.catalogue.fresh = False
        away = kept.folder.rename(tmp_path / "away")
        kept.folder.mkdir()
        assert not await kept.free_now()
        assert len(kept.paths()) == 4, "what is on a disk that is not there is not gone"
        kept.folder.rmdir()
        away.rename(kept.folder)
        assert await kept.free_now()
        assert len(kept.files()) == 2


async def test_a_disk_that_is_full_while_the_catalogue_is_being_filled_costs_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names of files, of all cameras, with a journal or not; what is locked stays, whoever's it is."""
    monkeypatch.setattr(keeper_module, "PORTION", 3)
    kept = Kept(tmp_path, retention_days=1, min_free_bytes=10**18)
    cameras = {"gate": (50, 40, 30, 20, 9, 8, 7), "yard": (45, 35, 25, 19, 6, 5, 4)}
    paths = {ago: kept.add(camera, ago) for camera, hours in cameras.items() for ago in hours}
    for ago, path in paths.items():
        closed_s = (NOW - timedelta(hours=ago) + timedelta(minutes=3)).timestamp()
        os.utime(path, (closed_s, closed_s))
    mine = paths[50].with_name("holiday.mp4")
    mine.write_bytes(b"x")
    kept.catalogue.remove([str(path) for path in paths.values()])
    kept.catalogue.lock("attic", NOW - timedelta(hours=40.1), NOW - timedelta(hours=39.9), "", "me", NOW)
    kept.catalogue.fresh = True
    oldest_first = [path for ago, path in sorted(paths.items(), reverse=True) if ago != 40]
    async with running(kept):
        assert await kept.free_now()
        gone = [path for path in paths.values() if not path.exists()]
        assert len(gone) >= 3
        assert sorted(gone) == sorted(oldest_first[: len(gone)])
        while await kept.free_now():
            pass
        newest = {str(paths[ago]) for ago in (20, 9, 8, 7, 19, 6, 5, 4, 40)}
        assert kept.files() == {*newest, str(mine)}
        events = kept.catalogue.events()
        assert [event.path for event in events if event.kind.value == "deleted"] == [
            str(path) for path in oldest_first if not path.exists()
        ]
        assert journal.days(kept.folder, "gate"), "what they tell is not catalogued yet"


async def test_a_clock_put_forward_deletes_nothing_for_an_hour(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_days=2)
    for ago in (40, 30, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        assert not await kept.free_now()
        kept.clocks[0] += 10 * 365 * 86400
        assert not await kept.free_now()
        said = await kept.next()
        assert isinstance(said, str)
        assert "put forward by 87600.0 h" in said
        kept.clocks[0] -= 10 * 365 * 86400
        kept.pass_by(86400)
        assert await kept.free_now(), "set right again"
        assert len(kept.files()) == 2
        kept.add("gate", 5)
        kept.clocks[0] += 5 * 86400
        assert not await kept.free_now()
        kept.pass_by(3601)
        assert await kept.free_now(), "it stayed so: that is the time now"


@pytest.mark.parametrize("noted", [True, False])
async def test_a_clock_that_is_wrong_when_the_recorder_starts_deletes_nothing_for_an_hour(
    tmp_path: Path, noted: bool
) -> None:
    alive = Alive(NOW, "boot") if noted else None
    kept = Kept(tmp_path, alive=alive, retention_days=2)
    for ago in (40, 30, 3, 2):
        kept.add("gate", ago)
    kept.clocks[0] += 10 * 365 * 86400
    async with running(kept):
        assert not await kept.free_now()
        said = await kept.next()
        assert isinstance(said, str)
        assert said.endswith("by the clock of this machine: for an hour nothing is deleted because of its age")
        kept.add("gate", -10 * 365 * 24)
        assert not await kept.free_now(), "footage of the wrong time is no proof"
        kept.clocks[0] -= 10 * 365 * 86400
        kept.pass_by(60)
        assert not await kept.free_now(), "set right in time"
        assert len(kept.files()) == 5


async def test_footage_that_a_wrong_clock_dated_is_as_old_as_it_is_also_after_the_next_boot(tmp_path: Path) -> None:
    """The machine came up in the year 2000; two hours later its clock was put right."""
    kept = Kept(tmp_path, retention_days=14)
    years_s = 26 * 365 * 86400.0
    offset_s = kept.clocks[0] - kept.clocks[1]
    for number in range(6):
        path = kept.add("gate", years_s / 3600 + number)
        kept.catalogue.remove([str(path)])
        started_at = NOW - timedelta(seconds=years_s, hours=number)
        uptime = Uptime("boot", 5000.0 - 600 * number)
        kept.catalogue.add(
            [Segment("gate", 1, str(path), started_at, 180.0, SIZE_BYTES, "h264", 64, 36, GOOD, uptime=uptime)]
        )
    before = kept.files()
    kept.keeper._clock = WallClock("boot", (Era(0.0, offset_s - years_s),))
    kept.clocks[0] -= years_s
    async with running(kept):
        assert not await kept.free_now()
        kept.clocks[0] += years_s
        assert not await kept.free_now()
        kept.pass_by(3601)
        assert not await kept.free_now(), "the hour is over, and they are not three hours old"
        assert kept.files() == before
        kept.clocks[1] = 10.0  # it is booted again
        kept.keeper._clock = WallClock("other", (Era(0.0, kept.clocks[0] - 10.0),))
        kept.keeper._offset_s = None
        assert not await kept.free_now()
        kept.pass_by(86400)
        assert not await kept.free_now()
        assert kept.files() == before
        kept.pass_by(14 * 86400)
        assert await kept.free_now(), "now they are so old"
        assert len(kept.files()) == 2


async def test_gaps_go_400_days_after_the_last_footage_around_them(tmp_path: Path) -> None:
    kept = Kept(tmp_path, alive=Alive(NOW, "boot"))
    for camera, days in (("gate", (900, 800, 600, 300)), ("yard", (500, 300))):
        gaps = [Gap(camera, NOW - timedelta(days=ago), 60.0, GapCause.NETWORK) for ago in days]
        kept.catalogue.add([], gaps)
    kept.add("gate", 700 * 24)

    def left() -> list[tuple[str, int]]:
        return [(gap.camera, (NOW - gap.started_at).days) for gap in kept.catalogue.gaps(None, None, None)]

    async with running(kept):
        assert not await kept.free_now()
        assert left() == [("gate", 600), ("gate", 300), ("yard", 300)]
        kept.clocks[0] += 3000 * 86400
        assert not await kept.free_now()
        assert len(left()) == 3, "not by a clock that was put forward"


async def test_a_service_that_comes_after_a_jump_of_the_clock_holds_back_as_the_one_before(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_days=2)
    for ago in (40, 30, 3, 2):
        kept.add("gate", ago)
    wall_s, boot_s = kept.clocks
    kept.clocks[0] += 5 * 86400
    eras = (Era(0.0, wall_s - boot_s), Era(boot_s - 600, wall_s - boot_s + 5 * 86400))
    kept.keeper = Keeper(
        kept.settings, kept.guard, lambda: kept.catalogue, kept.told.put_nowait, kept.told.put_nowait,
        clock=WallClock("boot", eras), period_s=3600.0, clocks=lambda: (kept.clocks[1], kept.clocks[0]),
        alive=Alive(NOW + timedelta(days=5), "boot"),
    )  # fmt: skip
    async with running(kept):
        assert not await kept.free_now()
        assert "put forward by 120.0 h" in str(await kept.next())
        kept.pass_by(3601)
        assert await kept.free_now()


def test_the_time_is_trusted_with_ages_unless_it_is_far_ahead_of_what_was_known() -> None:
    ten_years, boot = NOW + timedelta(days=3650), "boot"
    assert away(NOW, None, None) == ""
    assert away(NOW, None, NOW - timedelta(hours=20)) == ""
    assert away(NOW, None, NOW - timedelta(hours=25)).startswith("nothing was recorded from 2026-03-09T11:00+00:00 to")
    assert away(NOW, Alive(NOW, boot), NOW - timedelta(days=30)) == "", "a recorder without cameras knows the time"
    assert away(ten_years, Alive(NOW, boot), ten_years), "footage may be dated by the same wrong clock"
    wrong = came_up(Alive(NOW, boot), ten_years, boot)
    again = came_up(wrong, ten_years + timedelta(minutes=5), boot)
    assert away(ten_years + timedelta(minutes=6), again, ten_years), "nor does a second start prove it"
    assert away(ten_years + timedelta(minutes=61), replace(again, at=ten_years + timedelta(minutes=61)), None) == ""
    assert away(NOW + timedelta(hours=1), replace(again, at=NOW), None) == "", "set right"


async def test_what_cannot_be_deleted_is_told_once_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path, retention_max_bytes=3 * SIZE_BYTES)
    stuck = [str(kept.add("gate", ago)) for ago in (80, 79)]
    for ago in (4, 3, 2):
        kept.add("gate", ago)
    delete: Callable[[Files, StoredFile], None] = Files.delete

    def refuse(self: Files, file: StoredFile) -> None:
        if file.path in stuck:
            raise PermissionError(1, "Operation not permitted")
        delete(self, file)

    monkeypatch.setattr(Files, "delete", refuse)
    async with running(kept):
        assert not await kept.free_now()
        event = await kept.next()
        assert isinstance(event, Event)
        assert event.text.startswith("2 segments cannot be deleted: Gate_")
        assert event.text.endswith(": Operation not permitted")
        assert await kept.free_now(), "others go in their place"
        deleted = await kept.next()
        assert isinstance(deleted, Event)
        assert deleted.text.startswith("1 segment deleted")
        said = await kept.next()
        assert isinstance(said, str)
        assert said.startswith("retention cannot keep to size of all: 0.4 kB stay, 0.3 kB may: what is left is locked")
        assert not await kept.free_now()
        assert kept.told.empty()
        stuck.clear()
        kept.pass_by(3601)
        assert await kept.free_now()
    assert len(kept.files()) == 3


async def test_a_catalogue_that_fails_is_told_once_and_nothing_ends(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_days=2)
    for ago in (80, 79, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        whole = kept.catalogue
        whole.close()
        assert not await kept.free_now()
        assert not await kept.free_now()
        said = await kept.next()
        assert isinstance(said, str)
        assert said.startswith("retention: ")
        assert kept.told.empty()
        kept.catalogue = type(whole).open(tmp_path / "state" / "catalogue.sqlite3")
        assert await kept.free_now()


async def test_damage_that_the_keeper_finds_lets_the_cataloguer_open_it_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path, retention_days=2)
    for ago in (80, 79, 3, 2):
        kept.add("gate", ago)
    started_at = NOW - timedelta(days=40)
    many = [
        Segment("gate", 1, f"{kept.folder}/{n:0200}", started_at + timedelta(minutes=n), 60.0, 1, "", 0, 0, GOOD)
        for n in range(2000)
    ]
    kept.catalogue.add(many)
    kept.catalogue.close()
    path = tmp_path / "state" / "catalogue.sqlite3"
    half_bytes = path.stat().st_size // 2
    with path.open("r+b") as file:  # leaves: the roots lie near the front
        file.seek(half_bytes)
        file.write(b"\xff" * half_bytes)
    shared = kept.catalogue = Catalogue.open(path)
    assert not shared.fresh
    async with running(kept):
        assert not await kept.free_now()
        said = await kept.next()
        assert isinstance(said, str)
        assert "put aside as" in said
        for call in (lambda: shared.add(many), lambda: shared.total(None), lambda: shared.locks(None)):
            with pytest.raises(CatalogueError) as told:
                call()
            assert told.value.reopen, "what the cataloguer opens it again for"
        kept.catalogue = Catalogue.open(path)
        assert kept.catalogue.fresh
    assert len(kept.files()) == 4


async def test_it_stops_while_every_thread_that_could_wait_for_it_hangs_on_a_dead_disk(tmp_path: Path) -> None:
    disk_answers = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    hanging = loop.run_in_executor(None, disk_answers.wait)
    kept = Kept(tmp_path)
    try:
        kept.keeper.start()
        await asyncio.wait_for(kept.keeper.stop(), LIMIT_S)
        assert await ended(threading.Thread(), 0.0), "one that never began"
        stuck = threading.Thread(target=disk_answers.wait)
        stuck.start()
        assert not await ended(stuck, 0.1)
    finally:
        disk_answers.set()
        await hanging
        kept.catalogue.close()
    stuck.join()


async def test_a_new_configuration_acts_at_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    for ago in (80, 79, 3, 2):
        kept.add("gate", ago)
    async with running(kept):
        assert not await kept.free_now()
        kept.keeper.configure(replace(kept.settings, retention_days=2.0))
        event = await kept.next()
        assert isinstance(event, Event)
        assert event.at == datetime.fromtimestamp(NOW.timestamp(), UTC)
        assert event.text.startswith("2 segments deleted")
