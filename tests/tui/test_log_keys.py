"""The keys of the log pane on the whole dashboard: searching, filtering, wrapping, folding, marks, ways to a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import NOW, FakeRecorder, camera, log_line, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.logged import LogLevel, LogLine, RunLog
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.log_lines import Times
from vmstui.tui.screens.help import Help
from vmstui.tui.widgets.log_body import LogBody

FRUIT = ("apple", "pear", "plum", "fig", "quince")


def fruit(count: int) -> list[LogLine]:
    return [log_line(n, f"{FRUIT[n % 5]} {'abcdefghij'[n % 10]}{n}") for n in range(1, count + 1)]


@asynccontextmanager
async def log(
    lines: list[LogLine], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Dashboard, LogBody, Pilot[Leave]]]:
    """The log of one camera with these lines, as it is after `l`."""
    recorder = FakeRecorder(lines=lines)
    snapshot = recorder_snapshot(camera(started_at=NOW + timedelta(seconds=100)))
    async with dashboard(recorder, snapshot, size=size) as (app, pilot):
        body = app.fleet.log_pane.log_body
        await pilot.press("l")
        await until(pilot, lambda: body.view.shown == len(lines) and body.has_focus)
        yield app, body, pilot


def text_at_cursor(body: LogBody) -> str:
    assert body.cursor is not None
    return body.view.ring.line(body.cursor).text


async def test_a_search_shows_the_newest_match_counts_and_goes_both_ways() -> None:
    async with log(fruit(100)) as (app, body, pilot):
        await pilot.press("slash", *"plum")
        await until(pilot, lambda: "20 of 20" in screen_text(app))
        assert "tab show only" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: body.has_focus and not app.fleet.filter_bar.display)
        await pilot.pause()
        assert text_at_cursor(body) == "plum h97"
        await pilot.press("N")
        await until(pilot, lambda: "/plum 19 of 20" in screen_text(app))
        assert text_at_cursor(body) == "plum c92"
        await pilot.press("n", "n")
        await until(pilot, lambda: "1 of 20, past the end" in screen_text(app))
        assert text_at_cursor(body) == "plum c2"
        assert "plum c2" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: not body.view.search)
        assert not body.following
        assert "plum c2" in screen_text(app)


async def test_a_search_that_is_dropped_leads_back_to_where_it_began() -> None:
    async with log(fruit(200)) as (app, body, pilot):
        await pilot.press("slash", *"apple a5$", "escape")
        await until(pilot, lambda: body.has_focus)
        assert body.following
        await pilot.press("home", "down", "down", "slash", *"200")
        await until(pilot, lambda: "apple a200" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: body.has_focus and "pear b1" in screen_text(app))
        assert text_at_cursor(body) == "fig d3"


async def test_a_line_that_was_found_is_in_sight_also_where_there_is_less_room_then() -> None:
    """As when it is told that the recorder has sent nothing for a while."""
    async with log(fruit(200)) as (app, body, pilot):
        await pilot.press("slash", *"200", "enter")
        await until(pilot, lambda: body.has_focus and "apple a200" in screen_text(app))
        await pilot.resize_terminal(80, 22)
        await until(pilot, lambda: app.size.height == 22 and body.size.height < 15)
        await until(pilot, lambda: "apple a200" in screen_text(app))
        assert text_at_cursor(body) == "apple a200"
        await pilot.press("home")
        await until(pilot, lambda: "pear b1" in screen_text(app))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.size.height == 24 and "pear b1" in screen_text(app))


async def test_a_filter_hides_the_rest_and_tab_makes_it_a_search() -> None:
    async with log(fruit(100)) as (app, body, pilot):
        await pilot.press("ampersand", *"^rtsp: (fig|plum)")
        await until(pilot, lambda: body.view.shown == 40)
        await pilot.press("tab")
        await until(pilot, lambda: body.view.shown == 100 and body.view.hits == 40)
        await pilot.press("enter")
        await until(pilot, lambda: body.has_focus)
        await pilot.press("ampersand", *"!a", "enter")
        await until(pilot, lambda: "&!a" in screen_text(app) and body.has_focus)
        assert 0 < body.view.shown < 100
        await pilot.press("escape", "escape")
        await until(pilot, lambda: body.view.shown == 100)
        assert body.has_focus


async def test_what_is_no_expression_is_told_and_searched_for_as_a_text() -> None:
    async with log([log_line(1, "Non-monotonic DTS in [mp4"), log_line(2, "fine")]) as (app, body, pilot):
        await pilot.press("slash", *"[mp4")
        await until(pilot, lambda: "as a text (unterminated character set): 1" in screen_text(app))
        assert "[mp4" in next(line for line in screen_text(app).splitlines() if "as a text" in line)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "text ^R expression" in screen_text(app))
        assert body.view.hits == 1


async def test_a_pattern_that_takes_for_ever_is_told_and_keys_go_on() -> None:
    async with log([log_line(n, "a" * 900 + "!") for n in range(1, 50)]) as (app, body, pilot):
        await pilot.press("slash", *"(a+)+$")
        await until(pilot, lambda: "(a+)+$ takes too long" in screen_text(app))
        await pilot.press("enter", "W")
        await until(pilot, lambda: body.wrapping)


async def test_long_lines_are_wrapped_and_a_paused_text_keeps_its_first_line() -> None:
    lines = [log_line(n, f"begin{n} " + "x" * 120 + f" end{n}") for n in range(1, 30)]
    async with log(lines) as (app, body, pilot):
        await pilot.press("W")
        await until(pilot, lambda: "end29" in screen_text(app))
        assert body.following
        await pilot.press("home", "down", "down", "down", "W")
        await until(pilot, lambda: not body.wrapping)
        assert "begin1 " in screen_text(app)
        assert "end1" not in screen_text(app)


async def test_times_are_of_the_clock_or_how_long_ago_or_left_out() -> None:
    async with log([replace(log_line(1, "said"), at=NOW - timedelta(seconds=75))]) as (app, body, pilot):
        assert "07:54:45   rtsp: said" in screen_text(app)
        await pilot.press("t")
        await until(pilot, lambda: " 1 min ago   rtsp: said" in screen_text(app))
        await pilot.press("t")
        await until(pilot, lambda: body.looks.times is Times.OFF)
        await until(pilot, lambda: "07:54:45" not in screen_text(app) and "ago" not in screen_text(app))
        await pilot.press("t")
        await until(pilot, lambda: "07:54:45   rtsp: said" in screen_text(app))


async def test_repeats_fold_to_one_row_with_their_count_and_open_at_the_cursor() -> None:
    lines = [log_line(n, f"missed {n} packets", LogLevel.WARNING) for n in range(1, 313)]
    async with log([*lines, log_line(400, "over")]) as (app, body, pilot):
        await pilot.press("z")
        await until(pilot, lambda: "W ×312    rtsp: missed 312 packets" in screen_text(app))
        assert len(body.view) == 2
        await pilot.press("home", "enter")
        await until(pilot, lambda: len(body.view) == 313 and "missed 1 packets" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(body.view) == 2)
        await pilot.press("z")
        await until(pilot, lambda: len(body.view) == 313)


async def test_marks_are_shown_and_gone_to() -> None:
    async with log(fruit(100)) as (app, body, pilot):
        await pilot.press("m", "home", "m")
        await until(pilot, lambda: "07:56:00┃  rtsp: pear b1" in screen_text(app))
        await pilot.press("u")
        await until(pilot, lambda: body.cursor is not None and text_at_cursor(body) == "apple a100")
        await pilot.press("U")
        await until(pilot, lambda: text_at_cursor(body) == "pear b1")
        await pilot.press("m", "f", "m")
        await until(pilot, lambda: not body.view.marks)


async def test_minutes_hours_and_the_last_start_are_gone_to() -> None:
    lines = [replace(log_line(n, f"at {n}"), at=NOW + timedelta(seconds=n)) for n in range(10, 4000, 10)]
    async with log(lines) as (_, body, pilot):
        await pilot.press("home", "full_stop")
        await until(pilot, lambda: text_at_cursor(body) == "at 60")
        await pilot.press("full_stop", "full_stop", "comma")
        await until(pilot, lambda: text_at_cursor(body) == "at 120")
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: text_at_cursor(body) == "at 240")
        await pilot.press("b")
        await until(pilot, lambda: text_at_cursor(body) == "at 100")
        await pilot.press("less_than_sign")
        await until(pilot, lambda: text_at_cursor(body) == "at 10")
        await pilot.press("f", "greater_than_sign")
        await until(pilot, lambda: body.following)


async def test_the_line_at_the_cursor_or_all_that_is_seen_is_copied() -> None:
    async with log(fruit(100)) as (app, _, pilot):
        await pilot.press("home", "down", "y")
        await until(pilot, lambda: "1 line is in the clipboard" in toasts(app))
        assert app.clipboard == "2025-10-20 07:56:00 lobby info    rtsp: plum c2"
        await pilot.press("f", "y")
        await until(pilot, lambda: "lines are in the clipboard" in toasts(app))
        assert app.clipboard.endswith("rtsp: apple a100")


async def test_where_there_is_no_line_to_copy_yet_that_is_said() -> None:
    async with log([]) as (app, _, pilot):
        await pilot.press("y")
        await until(pilot, lambda: "There is no line to copy yet." in toasts(app))
        assert app.clipboard == ""


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_nothing_of_the_bar_is_cut_off(size: tuple[int, int]) -> None:
    async with log(fruit(10), size) as (app, _, pilot):
        await pilot.press("slash")
        await until(pilot, lambda: "tab show only" in screen_text(app))
        bar = next(line for line in screen_text(app).splitlines() if "tab show only" in line)
        assert "search" in bar
        assert "^R" in bar


async def test_the_palette_works_on_the_log_from_anywhere() -> None:
    async with dashboard(FakeRecorder(lines=fruit(30)), recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("colon", *"wrap log")
        await until(pilot, lambda: "Wrap long lines" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.fleet.log_pane.log_body.wrapping)


def run_of(*texts: str, untimed: int = 0, generation: int = 7) -> RunLog:
    lines = tuple(replace(log_line(0, text), at=NOW - timedelta(minutes=5), generation=generation) for text in texts)
    return RunLog("lobby", generation, lines, untimed, True, NOW - timedelta(minutes=5))


async def test_the_run_before_is_shown_and_left_again_where_one_was() -> None:
    recorder = FakeRecorder(lines=fruit(100), runs=[run_of("no time", "last words", untimed=1), run_of("long ago")])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        body = app.fleet.log_pane.log_body
        await pilot.press("l")
        await until(pilot, lambda: body.view.shown == 100 and body.has_focus)
        await pilot.press("home", "down", "down", "p")
        await until(pilot, lambda: "Log Lobby, run 7" in screen_text(app) and "over since 07:51:00" in screen_text(app))
        assert "           rtsp: no time" in screen_text(app)
        assert "07:51:00   rtsp: last words" in screen_text(app)
        recorder.lines.append(log_line(101, "the newest"))
        await pilot.press("P")
        await until(pilot, lambda: "long ago" in screen_text(app))
        await pilot.press("P")
        await until(pilot, lambda: "no log is kept of the run 3 before" in toasts(app))
        await pilot.press("p")
        await until(pilot, lambda: "paused +1 new" in screen_text(app))
        assert text_at_cursor(body) == "fig d3"
        assert "pear b1" in screen_text(app)
        assert recorder.run_questions == [("lobby", 1), ("lobby", 2), ("lobby", 3)]


async def test_another_camera_shows_its_present_run() -> None:
    lines = [log_line(1, "mine", camera="a"), log_line(2, "other", camera="b")]
    recorder = FakeRecorder(lines=lines, runs=[run_of("last words")])
    async with dashboard(recorder, recorder_snapshot(camera("a"), camera("b"))) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "mine" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: "last words" in screen_text(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "other" in screen_text(app) and "last words" not in screen_text(app))


async def test_a_recorder_that_keeps_no_log_of_earlier_runs_says_so() -> None:
    async with dashboard(FakeRecorder(lines=fruit(3)), recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l", "p")
        await until(pilot, lambda: "no log is kept of the run 1 before the present one of lobby" in toasts(app))
        await until(pilot, lambda: "plum c2" in screen_text(app))


async def test_help_that_is_asked_for_in_the_log_begins_with_the_keys_of_the_log() -> None:
    async with log(fruit(10)) as (app, _, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help) and "In the log" in screen_text(app))
        assert "Go to the newest line and stay there" in screen_text(app)
        assert "Selected camera" not in screen_text(app).splitlines()[1]
