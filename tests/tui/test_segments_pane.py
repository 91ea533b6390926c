"""The segments pane: moving through footage, marking it, and what is asked of the recorder for it."""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fakes import NOW, FakeRecorder, camera, recorder_snapshot, segment
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.footage import Gap, GapCause, Lock, SegmentVerdict
from vmstui.footage_accounts import FootagePage
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.lines import text_of
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.days import Days
from vmstui.tui.screens.export import hear
from vmstui.tui.screens.still import Still, still_title
from vmstui.tui.screens.tell import Tell
from vmstui.tui.stretch import Kind, Row

# Two days and a bit of segments of three minutes, with an hour missing yesterday.
SEGMENTS = tuple(segment(minutes_ago=5.0 + 3 * nth) for nth in range(1000) if not 400 <= nth < 420)
GAP = Gap("lobby", SEGMENTS[400].ended_at, 3600.0, GapCause.NETWORK, "no route to 10.0.0.7")
FLEET = recorder_snapshot(camera())


def footage() -> FakeRecorder:
    return FakeRecorder(closed_segments=SEGMENTS, gaps=(GAP,))


def row(app: Dashboard) -> Row:
    found = app.fleet.segments_pane.list.row
    assert found is not None
    return found


async def opened(app: Dashboard, pilot: Pilot[Leave]) -> None:
    """The pane is open, has its first page and the keys."""
    await pilot.press("o")
    await until(pilot, lambda: app.fleet.segments_pane.list.rows and app.fleet.segments_pane.list.has_focus)
    await pilot.pause()


async def at(app: Dashboard, pilot: Pilot[Leave], minutes_ago: float) -> None:
    wanted = NOW - timedelta(minutes=minutes_ago)
    await until(pilot, lambda: row(app).at <= wanted < row(app).until + timedelta(seconds=1))


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_footage_is_shown_newest_first_under_its_day_with_the_keys_that_work(size: tuple[int, int]) -> None:
    async with dashboard(footage(), FLEET, size=size) as (app, pilot):
        await opened(app, pilot)
        shown = screen_text(app)
        assert "Mon 2025-10-20  " in shown
        for words in ("◌ open", "07:51:00    03:00  19.0 M  ✔ good", "e export", "space mark", "p picture"):
            assert words in shown
        assert row(app).kind is Kind.OPEN, "the cursor begins with the newest"
        assert "older below" in shown
        assert max(map(len, shown.splitlines())) <= size[0]


async def test_the_cursor_passes_over_headings_and_asks_for_more_as_it_comes_near_the_end() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        assert len(recorder.pages) == 1
        while row(app).key != SEGMENTS[-1].path:
            await pilot.press("pagedown")
            assert row(app).kind is not Kind.DAY
        stretch = app.fleet.segments_pane.stretch
        assert stretch is not None
        assert stretch.segments == SEGMENTS
        assert len(recorder.pages) == 5
        await pilot.press("home")
        await until(pilot, lambda: row(app).kind is Kind.OPEN)
        assert len(recorder.pages) == 5, "all of it is known"


async def test_end_goes_to_the_oldest_there_is_and_home_to_the_newest_with_a_question_each() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("end")
        await until(pilot, lambda: row(app).key == SEGMENTS[-1].path)
        assert app.fleet.segments_pane.list.cursor_row == len(app.fleet.segments_pane.list.rows) - 1
        assert "newer above" in screen_text(app)
        assert "older below" not in screen_text(app)
        await pilot.press("home")
        await until(pilot, lambda: row(app).kind is Kind.OPEN)
        assert len(recorder.pages) == 3


async def test_whoever_comes_back_from_the_past_sees_what_is_closed_from_then_on_and_stays_on_his_segment() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", "left")
        await at(app, pilot, 5 + 1440)
        while (stretch := app.fleet.segments_pane.stretch) is None or stretch.newer:
            await pilot.press("pageup")
        before = row(app).key
        newest = segment(minutes_ago=2)
        recorder.closed_segments = (newest, *SEGMENTS)
        recorder.send(replace(FLEET, cameras=(camera(last_segment=newest, segments_closed=61),)))
        await until(pilot, lambda: any(one.key == newest.path for one in app.fleet.segments_pane.list.rows))
        assert row(app).key == before


async def test_what_is_locked_in_the_past_is_seen_to_be_locked_at_once() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("end")
        await until(pilot, lambda: row(app).key == SEGMENTS[-1].path)
        await pilot.press("L", "enter")
        await until(pilot, lambda: row(app).lock is not None)
        assert row(app).key == SEGMENTS[-1].path
        stretch = app.fleet.segments_pane.stretch
        assert stretch is not None
        assert stretch.newer


async def test_an_answer_that_comes_after_a_jump_into_the_past_makes_no_hole_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder, held, ask = footage(), asyncio.Event(), FakeRecorder.browse
    asked: list[datetime | None] = []

    async def slow(
        self: FakeRecorder, camera: str, before: datetime | None, after: datetime | None, limit: int
    ) -> FootagePage:
        page = await ask(self, camera, before, after, limit)
        asked.append(after)
        if len(asked) == 2:
            await held.wait()
        return page

    monkeypatch.setattr(FakeRecorder, "browse", slow)
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        newest = segment(minutes_ago=2)
        recorder.closed_segments = (newest, *SEGMENTS)
        recorder.send(replace(FLEET, cameras=(camera(last_segment=newest, segments_closed=61),)))
        await until(pilot, lambda: len(asked) == 2)
        await pilot.press("end")
        await until(pilot, lambda: row(app).key == SEGMENTS[-1].path)
        held.set()
        await until(pilot, lambda: len(asked) == 4)
        await pilot.pause()
        stretch = app.fleet.segments_pane.stretch
        assert stretch is not None
        assert stretch.newer
        assert stretch.segments == SEGMENTS[-len(stretch.segments) :]


async def test_days_and_hours_are_gone_to_and_a_hole_is_passed_forward_and_back() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down")
        await pilot.press("left")
        await at(app, pilot, 5 + 1440)
        assert "newer above" in screen_text(app)
        assert len(recorder.pages) == 3, "the page of that time and what follows it, not all that is between"
        await pilot.press("full_stop")
        await at(app, pilot, 5 + 1380)
        await pilot.press("comma")
        await at(app, pilot, 5 + 1440)
        await pilot.press("right")
        await at(app, pilot, 5)
        await pilot.press("right")  # there is nothing of tomorrow
        await until(pilot, lambda: row(app).kind is Kind.OPEN)


async def test_a_time_that_is_typed_is_gone_to_and_nonsense_says_what_is_accepted() -> None:
    async with dashboard(footage(), FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"soon", "enter")
        await until(pilot, lambda: "found 'soon', accepted" in screen_text(app))
        field = app.screen.query_one(Input)
        field.value = "09:00"
        await pilot.press("enter")
        await until(pilot, lambda: "That has not come yet." in screen_text(app))
        field.value = "yesterday 18:00"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.fleet)
        await at(app, pilot, 7 * 60 + 56 + 6 * 60)


async def test_a_day_is_chosen_from_those_with_footage() -> None:
    async with dashboard(footage(), FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Days))
        await pilot.pause()
        for words in ("Mon 2025-10-20", "Sun 2025-10-19", "Sat 2025-10-18", "1 gap of 41 s"):
            assert words in screen_text(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is app.fleet and f"{row(app).at:%m-%d %H:%M}" == "10-19 00:00")
        await until(pilot, lambda: "▌ 00:00:00" in screen_text(app))


async def test_the_cursor_stays_on_its_segment_when_another_is_closed() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", "down")
        before = row(app).key
        newest = segment(minutes_ago=2)
        recorder.closed_segments = (newest, *SEGMENTS)
        recorder.send(replace(FLEET, cameras=(camera(last_segment=newest, segments_closed=61),)))
        await until(pilot, lambda: any(one.key == newest.path for one in app.fleet.segments_pane.list.rows))
        assert row(app).key == before


async def test_a_marked_range_is_locked_with_a_note_and_given_back_after_a_question() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", "space", "down", "down")
        await until(pilot, lambda: "marked 9 min: 3 segments, 57.0 M" in screen_text(app))
        assert screen_text(app).count("┃") == 3
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"fight", "enter")
        await until(pilot, lambda: recorder.locks)
        since, end = SEGMENTS[2].started_at, SEGMENTS[0].ended_at
        assert recorder.calls == [("lock", ("lobby", since.isoformat(), end.isoformat(), "fight"))]
        await until(pilot, lambda: "Lock 1: 2 segments, 38.0 M, stays until" in toasts(app))
        await until(pilot, lambda: screen_text(app).count("lock 1") >= 3)
        await pilot.press("escape")  # gives the mark back first
        assert app.fleet.segments_pane.list.mark_from is None
        assert app.fleet.segments_pane.list.has_focus
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert "locked by anna.\nfight" in app.screen.text
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls[1:] == [("unlock", ("1",))])
        await until(pilot, lambda: "lock 1" not in screen_text(app).replace("Lock 1", ""))


async def test_a_lock_that_is_refused_says_why() -> None:
    recorder = footage()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        recorder.refuses = "the catalogue is in use [by another]"
        await pilot.press("down", "L", "enter")
        await until(pilot, lambda: "the catalogue is in use [by another]" in toasts(app))


async def test_a_catalogue_that_cannot_be_read_is_told_in_the_title() -> None:
    recorder = FakeRecorder(refuses="there is no catalogue yet")
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: "there is no catalogue yet" in screen_text(app))


@pytest.mark.parametrize("key", ["e", "L", "U"])
async def test_a_readonly_dashboard_changes_nothing_and_shows_no_such_key(key: str) -> None:
    recorder = footage()
    recorder.locks = [Lock(1, "lobby", SEGMENTS[9].started_at, NOW, "", "anna", NOW)]
    async with dashboard(recorder, FLEET, readonly=True, size=(200, 50)) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", key)
        await pilot.pause()
        assert app.screen is app.fleet
        assert recorder.calls == []
        assert not {"export", "lock", "unlock"} & set(app.fleet.keys.text.split())
        assert {"mark", "picture", "file"} <= set(app.fleet.keys.text.split())


async def test_the_path_of_a_file_is_shown_in_full_and_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSH; with an opener it is started as well."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "VMSTUI_OPENER"):
        monkeypatch.delenv(name, raising=False)
    there = tmp_path / ("a_rather_long_name_of_a_camera_" * 3 + ".mp4")
    there.write_bytes(b"")
    recorder = FakeRecorder(closed_segments=(segment(minutes_ago=5, path=str(there)), *SEGMENTS[1:]))
    async with dashboard(recorder, FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: "It is being written" in toasts(app))
        await pilot.press("down", "o")
        await until(pilot, lambda: isinstance(app.screen, Tell))
        assert isinstance(app.screen, Tell)
        assert str(there) in app.screen.text
        assert "Opened" not in app.screen.text
        assert app.clipboard == str(there)
        await pilot.press("escape", "down", "o")
        await until(pilot, lambda: isinstance(app.screen, Tell) and "not there any more" in app.screen.text)
        await pilot.press("escape", "up")
        mark = tmp_path / "opened"
        opener = tmp_path / "opener"
        opener.write_text(f'#!/bin/sh\nprintf "%s" "$2" > "{mark}.new"; mv "{mark}.new" "{mark}"\n')
        opener.chmod(0o755)
        monkeypatch.setenv("VMSTUI_OPENER", f"{opener} --file")
        await pilot.press("o")
        await until(pilot, mark.exists)
        assert mark.read_text() == str(there)


async def test_an_export_asks_for_a_name_that_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lobby_20251020_075100.mp4").write_bytes(b"")
    async with dashboard(footage(), FLEET) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: "no closed segment in that" in toasts(app))
        await pilot.press("down", "e")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        field = app.screen.query_one(Input)
        assert field.value == str(tmp_path / "lobby_20251020_075100_2.mp4")
        for name, words in (
            ("lobby_20251020_075100.mp4", "nothing is overwritten"),
            ("film.avi", "has to end in .mp4"),
            ("nowhere/film.mp4", "does not exist"),
        ):
            field.value = name
            await pilot.press("enter")
            await until(pilot, lambda words=words: isinstance(app.screen, Ask) and words in app.screen.wrong)  # type: ignore[misc]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)
    assert os.listdir(tmp_path) == ["lobby_20251020_075100.mp4"]


def test_what_an_export_says_is_understood_and_the_rest_is_passed_over() -> None:
    assert hear(b'{"progress": {"what": "copying", "share": 0.5}}').progress.endswith(" 50%")
    told = b'{"result": {"path": "/x/a.mp4", "duration_s": 361.2, "size_bytes": 1048576, "notes": ["cut"], "gaps": []}}'
    assert hear(told).result == "/x/a.mp4\n6 min, 1.0 M; no gap is in it.\ncut"
    with_gap = told.replace(b'"gaps": []', b'"gaps": [{"length_s": 41.0}]')
    assert "1 gap of 41 s in all are in it" in hear(with_gap).result
    for line in (b"", b"nonsense", b"[]", b"{}", b'{"progress": 1}', b'{"result": {"path": 1}}', b"\xff"):
        assert hear(line) == hear(b"")


async def test_hostile_names_and_reasons_steer_no_terminal() -> None:
    nasty = segment(minutes_ago=5, path="/srv/\x1b]52;c;AAAA\x07x[bold].mp4", verdict=SegmentVerdict.SUSPECT,
                    reason="\x1b[2Jgone [/]")  # fmt: skip
    async with dashboard(FakeRecorder(closed_segments=(nasty,)), FLEET, size=(160, 40)) as (app, pilot):
        await opened(app, pilot)
        await until(pilot, lambda: "gone [/]" in screen_text(app))
        assert "\x1b" not in screen_text(app)
        assert base64.b64decode("AAAA").decode() not in screen_text(app)


async def test_in_ascii_the_pane_is_ascii() -> None:
    async with dashboard(footage(), FLEET, ascii_only=True) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", "space", "down")
        await pilot.pause()
        assert screen_text(app).isascii()
        assert "! " in screen_text(app) or "!0" in screen_text(app)


async def test_a_gap_has_no_picture_and_a_file_that_is_none_gets_a_sentence(tmp_path: Path) -> None:
    config, noise = tmp_path / "vmstui.yaml", tmp_path / "noise.mp4"
    config.write_text(f"recordings: {tmp_path}\ncameras: []\n")
    noise.write_bytes(bytes(range(256)) * 40)
    gap = Gap("lobby", NOW - timedelta(minutes=9), 240.0, GapCause.NETWORK, "no route")
    closed = (segment(minutes_ago=5, path=str(noise)), segment(minutes_ago=12))
    recorder = FakeRecorder(closed_segments=closed, gaps=(gap,))
    async with dashboard(recorder, replace(FLEET, config_path=str(config)), ascii_only=True) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("down", "p")
        await until(pilot, lambda: isinstance(app.screen, Still) and app.screen.told)
        assert isinstance(app.screen, Still)
        assert app.screen.told.startswith("no picture in noise.mp4: ")
        await until(pilot, lambda: "no picture in noise.mp4: " in screen_text(app))
        assert app.screen.picture.bitmap is None
        await pilot.press("escape", "down", "p")
        await until(pilot, lambda: "there is no picture of it" in toasts(app))


def test_at_80_columns_the_title_of_a_picture_keeps_its_time_and_how_to_leave() -> None:
    about = "Front_door_20251020_075053.mp4, up to 2025-10-20 07:53:53"
    for cells in (60, 80, 100, 160):
        told = text_of(still_title(about, "p again · ", "esc closes", cells))
        assert len(told) == cells
        assert "2025-10-20 07:53:53" in told
        assert "esc closes" in told
        assert ("p again" in told) == (about in told) == (cells >= 100)
