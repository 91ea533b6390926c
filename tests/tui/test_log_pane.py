"""The log pane: follows, and when paused its text does not move, whatever the ring drops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from tests.tui.fakes import FakeRecorder, camera, log_line, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.logged import LogLevel
from vmstui.tui.log_match import Pattern
from vmstui.tui.log_ring import Rule, Threshold
from vmstui.tui.themes import own_variables
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.log_pane import PAGE, PAGE_OF_FLOOD, LogPane


class LogApp(App[None]):
    """The log alone, with a small ring."""

    CSS = "LogBody { width: 1fr; height: 1fr; overflow: auto auto; scrollbar-size-horizontal: 0; }"

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.body = LogBody(capacity)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return own_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.body

    def shown(self) -> list[str]:
        return [self.body.render_line(y).text.strip() for y in range(self.body.size.height)]


@asynccontextmanager
async def log_app(capacity: int = 100) -> AsyncIterator[tuple[LogApp, LogBody, Pilot[None]]]:
    app = LogApp(capacity)
    async with app.run_test(size=(60, 10)) as pilot:
        yield app, app.body, pilot


async def write(pilot: Pilot[None], body: LogBody, first: int, last: int, level: LogLevel = LogLevel.INFO) -> None:
    body.append(tuple(log_line(n, level=level) for n in range(first, last)))
    await pilot.pause()


async def test_it_follows_also_when_the_ring_is_full() -> None:
    async with log_app(capacity=50) as (app, body, pilot):
        for start in range(0, 200, 20):
            await write(pilot, body, start, start + 20)
            assert "line 000" in app.shown()[-1]
            assert app.shown()[-1].endswith(f"line {start + 19:06d}")


async def test_a_paused_text_does_not_move_while_lines_are_added_and_dropped() -> None:
    async with log_app(capacity=100) as (app, body, pilot):
        await write(pilot, body, 0, 100)
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        before = app.shown()
        assert not body.following
        for start in range(100, 150, 10):
            await write(pilot, body, start, start + 10, LogLevel.WARNING)
            assert app.shown() == before
        assert (body.new_lines, body.new_warnings) == (50, 50)


async def test_a_paused_text_that_leaves_the_ring_gives_way_to_the_oldest_line() -> None:
    async with log_app(capacity=30) as (app, body, pilot):
        await write(pilot, body, 0, 30)
        await pilot.press("home")
        await write(pilot, body, 30, 200)
        assert not body.following
        assert app.shown()[0].endswith("line 000170")


async def test_end_and_f_follow_again_and_forget_the_count() -> None:
    for key in ("end", "f"):
        async with log_app() as (app, body, pilot):
            body.focus()
            await write(pilot, body, 0, 50)
            await pilot.press("home")
            await write(pilot, body, 50, 60)
            assert body.new_lines == 10
            await pilot.press(key)
            await pilot.pause()
            assert (body.following, body.new_lines) == (True, 0)
            assert app.shown()[-1].endswith("line 000059")


async def test_scrolling_down_to_the_end_follows_again() -> None:
    async with log_app() as (_, body, pilot):
        await write(pilot, body, 0, 50)
        await pilot.press("up")
        await pilot.pause()
        assert not body.following
        await pilot.press("down")
        await pilot.pause()
        assert body.following


async def test_a_paused_text_keeps_its_first_line_when_the_level_changes() -> None:
    async with log_app() as (app, body, pilot):
        for n in range(60):
            await write(pilot, body, n, n + 1, LogLevel.ERROR if n % 2 else LogLevel.INFO)
        body.focus()
        await pilot.press("home")
        body.scroll_to(y=9, animate=False)
        await pilot.pause()
        assert app.shown()[0].endswith("line 000009")
        await pilot.press("e")
        await pilot.pause()
        assert app.shown()[0].endswith("line 000009")
        assert app.shown()[1].endswith("line 000011")
        await pilot.press("i")
        await pilot.pause()
        assert app.shown()[1].endswith("line 000010")


async def test_a_match_is_marked_and_the_rest_of_the_line_is_kept() -> None:
    async with log_app() as (app, body, pilot):
        body.append((log_line(1, "Non-monotonic DTS in [mp4]"), log_line(2, "fine")))
        body.apply(Rule(Threshold.ALL, Pattern("[MP4]", literal=True)))
        await pilot.pause()
        assert app.shown()[0].endswith("Non-monotonic DTS in [mp4]")
        assert len(body.view) == 1
        marked = [segment.text for segment in body.render_line(0) if segment.style and segment.style.bgcolor]
        assert "[mp4]" in marked


async def test_long_lines_can_be_read_by_scrolling_sideways() -> None:
    async with log_app() as (app, body, pilot):
        body.append((log_line(1, "x" * 200 + " the end"),))
        await pilot.pause()
        body.scroll_to(x=400, animate=False)
        await pilot.pause()
        assert "the end" in app.shown()[0]


async def test_text_can_be_selected_and_copied() -> None:
    async with log_app() as (app, body, pilot):
        body.append((log_line(1, "first"), log_line(2, "second")))
        await pilot.pause()
        app.screen.selections = {body: Selection(Offset(0, 0), Offset(80, 1))}
        assert app.screen.get_selected_text() == "07:56:00   rtsp: first\n07:56:00   rtsp: second"


async def test_the_pane_asks_with_a_cursor_and_shows_what_was_missed() -> None:
    recorder = FakeRecorder(lines=[log_line(n) for n in range(1, 30)])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000029" in screen_text(app))
        recorder.lines = [log_line(n) for n in range(60, 70)]
        recorder.missed = 30
        await until(pilot, lambda: "line 000069" in screen_text(app))
        assert "30 lines came too fast" in screen_text(app)
        assert ("lobby", 29) in recorder.log_questions


async def test_of_a_flood_the_pane_shows_the_newest_lines_and_tells_how_many_it_went_past() -> None:
    recorder = FakeRecorder(lines=[log_line(9)])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000009" in screen_text(app))
        recorder.lines = [log_line(n) for n in range(10, 10 + 3 * PAGE)]
        await until(pilot, lambda: f"line {9 + 3 * PAGE:06}" in screen_text(app))
        lines = app.query_one(LogPane).log_body.view.ring
        texts = [lines.line(number).text for number in range(lines.oldest, lines.end)]
        assert len(texts) == 1 + 1 + PAGE
        assert "2000 lines came too fast" in texts[1]


async def test_in_a_flood_the_pane_takes_in_little_more_than_a_screen_and_after_it_every_line_again() -> None:
    recorder = FakeRecorder(lines=[log_line(9)])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000009" in screen_text(app))
        end = 10
        for count in (3 * PAGE, 3 * PAGE, 2 * PAGE_OF_FLOOD):
            recorder.lines = [log_line(n) for n in range(end, end + count)]
            end += count
            await until(pilot, partial(lambda words: words in screen_text(app), f"line {end - 1:06}"))
        lines = app.query_one(LogPane).log_body.view.ring
        texts = [lines.line(number).text for number in range(lines.oldest, lines.end)]
        assert len(texts) == 1 + (1 + PAGE) + (1 + PAGE_OF_FLOOD) + 2 * PAGE_OF_FLOOD
        assert "2800 lines came too fast" in texts[1 + (1 + PAGE)]


async def test_the_title_says_how_it_stands() -> None:
    recorder = FakeRecorder(lines=[log_line(n) for n in range(1, 80)])
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "line 000079" in screen_text(app))
        assert "following" in screen_text(app)
        await pilot.press("pageup")
        await until(pilot, lambda: "paused +0 new" in screen_text(app))
        recorder.lines.append(log_line(80, level=LogLevel.ERROR))
        await until(pilot, lambda: "paused +1 new, 1 warning" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "errors only" in screen_text(app))
        await pilot.press("i", "ampersand", *"000077", "enter")
        await until(pilot, lambda: "&000077" in screen_text(app) and "1 of 80" in screen_text(app))


async def test_all_cameras_and_one_camera() -> None:
    recorder = FakeRecorder(lines=[log_line(1, "mine", camera="a"), log_line(2, "other", camera="b")])
    fleet = recorder_snapshot(camera("a"), camera("b"))
    async with dashboard(recorder, fleet) as (app, pilot):
        await pilot.press("l")
        await until(pilot, lambda: "mine" in screen_text(app))
        assert "other" not in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: "other" in screen_text(app) and "Log all cameras" in screen_text(app))
        await pilot.press("a", "]")
        await until(pilot, lambda: "other" in screen_text(app) and "mine" not in screen_text(app))
