"""The log with what its lines mean: how bad each is, which message, and what the one at the cursor says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import FakeRecorder, camera, explained, findings_page, log_line, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.findings import FindingsPage, Severity
from vmstui.logged import LogLevel, RunLog
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.lines import Role, text_of
from vmstui.tui.log_lines import Looks, cells_of, drawn, height, severity_sign, wrapped
from vmstui.tui.log_ring import LogRing
from vmstui.tui.widgets.log_body import LogBody

MISSED, PPS, ODD = "RTP: missed 12 packets", "Missing PPS in sprop-parameter-sets", "blob 41 exploded"
MEANINGS = {MISSED: ("rtp.missed", Severity.DEGRADED), PPS: ("missing_pps", Severity.BENIGN)}
LINES = [
    *(log_line(n) for n in range(1, 1500)),
    log_line(1500, MISSED, LogLevel.WARNING),
    log_line(1501, PPS, LogLevel.ERROR),
    log_line(1502, ODD, LogLevel.ERROR),
]
EXPLAINED = Looks(explained=True)


@asynccontextmanager
async def log(
    page: FindingsPage | None, size: tuple[int, int] = (80, 24), *, ascii_only: bool = False
) -> AsyncIterator[tuple[Dashboard, LogBody, FakeRecorder, Pilot[Leave]]]:
    """The log of one camera, as it is after `l`."""
    recorder = FakeRecorder(lines=list(LINES), meanings=MEANINGS, page=page)
    async with dashboard(recorder, recorder_snapshot(camera()), size=size, ascii_only=ascii_only) as (app, pilot):
        body = app.fleet.log_pane.log_body
        await pilot.press("l")
        await until(pilot, lambda: body.view.shown >= 1000 and body.has_focus)
        yield app, body, recorder, pilot


PAGE = findings_page(explained("rtp.missed"))


async def test_nothing_is_asked_for_and_nothing_changes_until_it_is_wanted() -> None:
    async with log(PAGE) as (app, _, recorder, pilot):
        before = screen_text(app)
        assert "<rtp.missed>" not in before
        assert not app.fleet.log_pane.meaning.display
        await pilot.press("v")
        await until(pilot, lambda: "<rtp.missed>" in screen_text(app))
        await pilot.press("v")
        await until(pilot, lambda: "<rtp.missed>" not in screen_text(app))
        asked = recorder.explained_questions
        recorder.lines.append(log_line(1503, "the newest"))
        await until(pilot, lambda: "the newest" in screen_text(app))
        assert recorder.explained_questions == asked, "raw again"
        assert [line for line in screen_text(app).splitlines() if MISSED in line] == [
            line for line in before.splitlines() if MISSED in line
        ]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_each_line_has_its_sign_and_its_message_and_the_one_at_the_cursor_its_meaning(
    size: tuple[int, int],
) -> None:
    async with log(PAGE, size) as (app, body, recorder, pilot):
        await pilot.press("v")
        await until(pilot, lambda: "W ▲ rtsp: RTP: missed 12 packets  <rtp.missed>" in screen_text(app))
        assert "E - rtsp: Missing PPS in sprop-parameter-sets  <missing_pps>" in screen_text(app)
        assert "E ? rtsp: blob 41 exploded" in screen_text(app)
        assert "↑ or a click chooses a line" in screen_text(app)
        assert not recorder.finding_questions, "nothing is to be told of a line yet"
        await pilot.press("up")
        await until(pilot, lambda: "Nobody knows this one; ffmpeg calls it error." in screen_text(app))
        await pilot.press("up", "up")
        await until(pilot, lambda: "Packets from the camera are lost on the way." in screen_text(app))
        assert "▲ degraded  rtp.missed" in screen_text(app)
        assert "→ Use TCP, or look at the network" in screen_text(app)
        assert body.cursor is not None
        assert recorder.finding_questions
        assert set(recorder.finding_questions) == {"lobby"}


async def test_lines_that_came_before_are_explained_in_place() -> None:
    async with log(PAGE) as (app, body, recorder, pilot):
        await pilot.press("home")
        recorder.meanings = MEANINGS | {"line 000503": ("old", Severity.CRITICAL)}
        cursor = body.cursor
        await pilot.press("v")
        await until(pilot, lambda: "✖ rtsp: line 000503  <old>" in screen_text(app))
        assert body.cursor == cursor
        assert len(body.view.ring) == 1000


async def test_new_lines_come_explained_while_it_is_on() -> None:
    async with log(PAGE) as (app, _, recorder, pilot):
        await pilot.press("v")
        recorder.lines.append(log_line(1600, MISSED, LogLevel.WARNING))
        await until(pilot, lambda: screen_text(app).count("<rtp.missed>") == 2)


async def test_a_recorder_that_cannot_explain_says_so() -> None:
    async with log(None) as (app, _, recorder, pilot):
        recorder.meanings = MEANINGS
        await pilot.press("v", "up", "up", "up")
        await until(pilot, lambda: "older version, which does not say what messages mean" in screen_text(app))
        assert not toasts(app)


async def test_lines_of_a_run_that_is_over_are_explained_and_so_are_those_of_the_present_one_after_it() -> None:
    async with log(PAGE) as (app, body, recorder, pilot):
        line = replace(log_line(0, MISSED), generation=7, message="rtp.missed", severity=Severity.DEGRADED)
        recorder.runs = [RunLog("lobby", 7, (line,), 0, False, line.at)]
        await pilot.press("p")
        await until(pilot, lambda: "run 7" in screen_text(app))
        assert "<rtp.missed>" not in screen_text(app)
        await pilot.press("v")
        await until(pilot, lambda: "RTP: missed 12 packets  <rtp.missed>" in screen_text(app))
        assert "not explained" not in screen_text(app)
        await pilot.press("up")
        await until(pilot, lambda: "Packets from the camera are lost on the way." in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: body.view.shown >= 1000 and "<missing_pps>" in screen_text(app))


async def test_a_run_that_is_over_of_an_older_recorder_is_shown_as_it_was_written_and_says_so() -> None:
    async with log(PAGE) as (app, _, recorder, pilot):
        line = replace(log_line(0, "last words"), generation=7)
        recorder.runs = [RunLog("lobby", 7, (line,), 0, False, line.at)]
        await pilot.press("v", "p")
        await until(pilot, lambda: "last words" in screen_text(app))
        assert "not explained" in screen_text(app)


async def test_in_ascii_it_is_ascii() -> None:
    async with log(PAGE, ascii_only=True) as (app, _, _, pilot):
        await pilot.press("v", "up", "up", "up")
        await until(pilot, lambda: "Packets from the camera" in screen_text(app))
        assert screen_text(app).isascii()
        assert "W ^ rtsp: RTP: missed" in screen_text(app)


def test_what_is_benign_steps_back_whatever_level_ffmpeg_gave_it() -> None:
    line = replace(log_line(1, PPS, LogLevel.ERROR), message="missing_pps", severity=Severity.BENIGN)
    roles = {role for text, role in drawn(line, EXPLAINED) if text.strip() in {"E", "-", PPS}}
    assert roles == {Role.DIM}
    assert Role.BAD in {role for _, role in drawn(line, Looks())}


def test_what_the_recorder_says_itself_is_no_message_that_nobody_knows() -> None:
    odd = log_line(1, "blob 41 exploded", LogLevel.ERROR)
    assert severity_sign(odd) == "?"
    assert severity_sign(replace(odd, component="recorder")) == " "
    assert severity_sign(replace(odd, camera="recorder", component="")) == " "


def test_explained_lines_are_as_wide_as_they_are_drawn() -> None:
    line = replace(log_line(1, MISSED * 9), message="rtp.missed", severity=Severity.DEGRADED)
    for looks in (Looks(), EXPLAINED, replace(EXPLAINED, with_camera=True, counts=True)):
        whole = drawn(line, looks)
        assert cells_of(line, looks) == len(text_of(whole))
        assert height(line, looks, 60) == len(wrapped(whole, 60))


def test_a_ring_takes_explained_lines_for_the_same_ones_and_no_others() -> None:
    ring = LogRing(10)
    ring.append(log_line(n) for n in range(1, 15))
    known = [replace(log_line(n), message="m", severity=Severity.INFO) for n in (1, 7, 14, 99)]
    assert ring.explain(sorted([*known, replace(log_line(8, "another"), message="m")], key=lambda line: line.seq))
    assert [ring.line(n).seq for n in range(ring.oldest, ring.end) if ring.line(n).message] == [7, 14]
    assert not ring.explain(known)
    assert not LogRing(3).explain(known)
