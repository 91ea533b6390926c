"""What a service tells of its footage is what the catalogue says, kept up cheaply, and nobody waits for a disk."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.codec import from_json
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.footage_accounts import CellKind, FootageReport
from vmstui.model import Event, EventKind
from vmstui.recorder import accountant as tested
from vmstui.recorder.accountant import COUNTING, Accountant, Seen
from vmstui.recorder.history import History
from vmstui.recording.account import account
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.ledger import CELLS, window
from vmstui.recording.ledgers import Ledgers
from vmstui.recording.ongoing import Present

NOW = datetime.now(UTC)
ABOUT = window(NOW, UTC)
LENGTH_S = 180.0


def _at(seconds_ago: float) -> datetime:
    return NOW - timedelta(seconds=seconds_ago)


def _segment(seconds_ago: float, camera: str = "lobby", generation: int = 1, length_s: float = LENGTH_S) -> Segment:
    number = round((100_000 - seconds_ago) / LENGTH_S)
    at = _at(seconds_ago)
    path = f"/r/{camera}/{generation}-{number}-{at}.mp4"
    return Segment(
        camera, generation, path, at, length_s, 1, "h264", 320, 180, SegmentVerdict.GOOD, number=number
    )  # fmt: skip


def _day(camera: str = "lobby") -> list[Segment]:
    """Of the last 25 hours, up to ten minutes ago."""
    return [_segment(seconds, camera) for seconds in range(600 + 25 * 3600, 600, -int(LENGTH_S))]


def _agrees(catalogue: Catalogue, ledgers: Ledgers, camera: str = "lobby") -> None:
    """What the ledger says is what an account over all that is catalogued says."""
    for since in (ABOUT.since, ABOUT.today):
        footage = catalogue.segments(camera, since, NOW)
        told = account(camera, footage, catalogue.gaps(camera, since, NOW), since, NOW)
        mine = ledgers.kept[camera].ledger.account(camera, since, NOW)
        if told is None or mine is None:
            assert told is mine
            continue
        assert mine.gaps == told.gaps
        seconds = (told.recorded_s, told.lost_s, told.off_s)
        assert (mine.recorded_s, mine.lost_s, mine.off_s) == pytest.approx(seconds, abs=1e-3)


def test_a_ledger_is_kept_up_with_what_is_catalogued_later(tmp_path: Path) -> None:
    ledgers = Ledgers(tmp_path / FILE_NAME)
    footage = [*_day("lobby"), *_day("yard")]
    with Catalogue.open(tmp_path / FILE_NAME) as catalogue:
        catalogue.add(footage[: len(footage) // 4], [Gap("lobby", _at(82_000), 9.5, GapCause.DISK)])
        assert not ledgers.look(("lobby", "yard"), ABOUT.earliest), "it is still being filled"
        catalogue.filled()
        _agrees(catalogue, ledgers)
        made = ledgers.kept["lobby"].ledger
        for start in range(len(footage) // 4, len(footage), 50):
            gap = Gap("lobby", _at(80_000 - 70 * start), 7.0, GapCause.OFF if start % 3 else GapCause.CAMERA)
            catalogue.add(footage[start : start + 50], [gap])
            assert ledgers.look(("lobby", "yard"), ABOUT.earliest)
            _agrees(catalogue, ledgers)
        _agrees(catalogue, ledgers, "yard")
        assert ledgers.kept["lobby"].ledger is made, "and not read from the beginning each time"
        last = ledgers.kept["yard"].last
        assert last is not None
        assert (last.generation, last.ended_at) == (1, footage[-1].ended_at)


def test_footage_that_comes_late_is_counted_at_once(tmp_path: Path) -> None:
    ledgers, footage = Ledgers(tmp_path / FILE_NAME), _day()
    late = footage.pop(300)
    with Catalogue.open(tmp_path / FILE_NAME) as catalogue:
        gap = Gap("lobby", late.started_at, late.duration_s, GapCause.UNKNOWN)
        catalogue.add(footage, [gap])
        ledgers.look(["lobby"], ABOUT.earliest)
        catalogue.add([late])
        catalogue.exchange_gaps([gap], [])
        ledgers.look(["lobby"], ABOUT.earliest)
        _agrees(catalogue, ledgers)


def test_what_is_deleted_or_found_broken_is_seen_when_a_ledger_is_made_anew(tmp_path: Path) -> None:
    ledgers, footage = Ledgers(tmp_path / FILE_NAME), _day()
    with Catalogue.open(tmp_path / FILE_NAME) as catalogue:
        catalogue.add(footage)
        ledgers.look(["lobby"], ABOUT.earliest)
        catalogue.remove([segment.path for segment in footage[:200]])
        catalogue.amend(footage[-5].path, replace(footage[-5], verdict=SegmentVerdict.BROKEN, reason="does not play"))
        ledgers.kept["lobby"].due_s = 0.0
        ledgers.look(["lobby"], ABOUT.earliest)
        _agrees(catalogue, ledgers)
        strip = ledgers.kept["lobby"].ledger.strip(ABOUT.since, NOW, catalogue.first_at("lobby"), NOW)
        assert strip[0].kind is CellKind.GONE, "deleted, and not lost"


def test_another_catalogue_in_its_place_is_read_from_its_beginning(tmp_path: Path) -> None:
    ledgers, path = Ledgers(tmp_path / FILE_NAME), tmp_path / FILE_NAME
    with Catalogue.open(path) as catalogue:
        catalogue.add(_day())
        ledgers.look(["lobby"], ABOUT.earliest)
    os.rename(path, tmp_path / "aside")
    with pytest.raises(CatalogueError, match="there is no catalogue yet"):
        ledgers.look(["lobby"], ABOUT.earliest)
    with Catalogue.open(path) as catalogue:
        catalogue.add(_day()[-20:])
        ledgers.look(["lobby", "new"], ABOUT.earliest)
        _agrees(catalogue, ledgers)
        assert ledgers.kept["new"].last is None
        ledgers.look(["new"], ABOUT.earliest)
        assert list(ledgers.kept) == ["new"], "a camera that is not configured any more is forgotten"


# --------------------------------------------------------------------------------------------------- the accountant


def _seen(folder: Path, present: Present, camera: str = "lobby") -> Seen:
    return Seen(camera, present, History(folder / f"{camera}.jsonl", Event, 2000))


async def _report(accountant: Accountant) -> FootageReport:
    return from_json(FootageReport, await accountant.report(UTC))


def _filled(folder: Path, *cameras: str) -> Path:
    with Catalogue.open(folder / FILE_NAME) as catalogue:
        for camera in cameras:
            catalogue.add(_day(camera))
        catalogue.filled()
    return folder / FILE_NAME


async def test_a_dark_camera_is_lost_from_its_last_footage_on_and_one_that_records_is_not(tmp_path: Path) -> None:
    path = _filled(tmp_path, "lobby", "yard")
    lobby = _seen(tmp_path, Present(1))
    ended_at = _day()[-1].ended_at
    lobby.events.add(Event(ended_at, "lobby", EventKind.EXIT, "unplugged", cause=GapCause.NETWORK))
    yard = _seen(tmp_path, Present(1, ended_at, _at(90_000)), "yard")
    report = await _report(Accountant(path, lambda: [lobby, yard]))
    assert report.trouble == ""
    dark, well = report.cameras
    for footage in (dark, well):
        assert sum(cells.count for cells in footage.strip) == CELLS
    assert {cells.kind for cells in well.strip} == {CellKind.RECORDED}
    assert well.last_day is not None
    assert well.last_day.percent == 100.0
    assert dark.last_day is not None
    assert dark.last_day.lost_s == pytest.approx((report.at - ended_at).total_seconds())
    assert sum(cells.count * cells.lost_s for cells in dark.strip) == pytest.approx(dark.last_day.lost_s)
    assert (dark.strip[-1].kind, dark.strip[-1].cause) == (CellKind.LOST, GapCause.NETWORK)
    (gap,) = dark.going_on
    assert (gap.started_at, gap.cause, gap.detail) == (ended_at, GapCause.NETWORK, "unplugged")
    assert gap.ended_at == report.at
    assert well.going_on == ()
    assert dark.today is not None
    assert dark.today.lost_s <= dark.last_day.lost_s


async def test_a_gap_that_goes_on_grows_and_follows_the_history_without_reading_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lobby = _filled(tmp_path, "lobby"), _seen(tmp_path, Present(1))
    read: list[int] = []
    whole = History.read

    def counted(self: History[Event], count: int) -> tuple[Event, ...]:
        read.append(count)
        return whole(self, count)

    monkeypatch.setattr(History, "read", counted)
    accountant = Accountant(path, lambda: [lobby], renew_s=0.0)
    monkeypatch.setattr(tested, "SHARE", 0)
    lobby.events.add(Event(_day()[-1].ended_at, "lobby", EventKind.EXIT, "unplugged", cause=GapCause.NETWORK))
    first = await _report(accountant)
    for _ in range(3):
        lobby.events.add(Event(datetime.now(UTC), "lobby", EventKind.NO_START, "again", cause=GapCause.NETWORK))
        await _report(accountant)
    later = await _report(accountant)
    assert len(read) == 1
    before, after = first.cameras[0].last_day, later.cameras[0].last_day
    assert before is not None
    assert after is not None
    assert after.lost_s - before.lost_s == pytest.approx((later.at - first.at).total_seconds(), abs=1e-3)
    lobby.events.add(Event(datetime.now(UTC), "lobby", EventKind.HOLD, "disk full", cause=GapCause.DISK))
    await asyncio.sleep(0.02)
    await _report(accountant)
    assert len(read) == 2


async def test_however_many_ask_it_is_reckoned_once_in_a_while(tmp_path: Path) -> None:
    asked: list[int] = []

    def cameras() -> list[Seen]:
        asked.append(1)
        return [_seen(tmp_path, Present(1))]

    accountant = Accountant(_filled(tmp_path, "lobby"), cameras)
    answers = await asyncio.gather(*(accountant.report(UTC) for _ in range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert await accountant.report(UTC) == answers[0]
    assert len(asked) == 1


async def test_an_expensive_first_reckoning_does_not_put_off_the_second_and_later_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def cameras() -> list[Seen]:
        asked.append(1)
        return [_seen(tmp_path, Present(1))]

    monkeypatch.setattr(tested, "SHARE", 10**9)  # whatever it costs, it is too much
    accountant = Accountant(_filled(tmp_path, "lobby"), cameras, renew_s=0.0)
    answers = [await accountant.report(UTC) for _ in range(4)]
    assert len(asked) == 2
    assert answers[0] != answers[1] == answers[2] == answers[3]


@pytest.mark.parametrize("content", [None, b"", b"not a catalogue", b"\0" * 9000])
async def test_a_catalogue_that_is_not_there_or_damaged_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / FILE_NAME
    if content is not None:
        path.write_bytes(content)
    report = await _report(Accountant(path, lambda: [_seen(tmp_path, Present(1))]))
    assert "catalogue" in report.trouble
    assert report.cameras == ()


async def test_one_that_is_still_being_filled_says_so(tmp_path: Path) -> None:
    Catalogue.open(tmp_path / FILE_NAME).close()
    report = await _report(Accountant(tmp_path / FILE_NAME, lambda: [_seen(tmp_path, Present(1))]))
    assert "being filled" in report.trouble
    assert [footage.last_day for footage in report.cameras] == [None]


async def test_nobody_waits_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def look(self: Ledgers, *_: object) -> bool:
        hangs.set()
        goes_on.wait(30)
        raise CatalogueError("it hung")

    monkeypatch.setattr(Ledgers, "look", look)
    monkeypatch.setattr(tested, "PATIENCE_S", 0.05)
    accountant = Accountant(tmp_path / FILE_NAME, lambda: [])
    assert (await _report(accountant)).trouble == COUNTING
    assert hangs.is_set()
    goes_on.set()
    monkeypatch.setattr(tested, "PATIENCE_S", 20.0)
    assert (await _report(accountant)).trouble == "it hung"


async def test_cameras_that_are_configured_anew_are_told_with_the_next_reckoning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tested, "SHARE", 0)
    seen = [_seen(tmp_path, Present(1))]
    accountant = Accountant(_filled(tmp_path, "lobby", "yard"), lambda: seen, renew_s=0.0)
    assert [footage.camera for footage in (await _report(accountant)).cameras] == ["lobby"]
    seen[:] = [_seen(tmp_path, Present(1), "yard")]
    assert [footage.camera for footage in (await _report(accountant)).cameras] == ["yard"]
