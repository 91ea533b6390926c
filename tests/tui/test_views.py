"""The screens of the dashboard: numbers and names lead to them, `esc` back, and the camera that is meant goes along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from tests.tui.fake_fleet import FakeFleet
from tests.tui.fakes import NOW, FakeRecorder, camera, log_line, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.model import CameraState, Event, EventKind
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.leave import Leave
from vmstui.tui.screens.help import ELSEWHERE, Help
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.views import View, Way
from vmstui.tui.widgets.history import HistoryPane
from vmstui.tui.widgets.log_pane import LogPane

WORKED_ON = [view for view in View if view is not View.WALLBOARD]
KEY = {view: str(number) for number, view in enumerate(WORKED_ON, 1)} | {View.WALLBOARD: "B"}
TITLE = {
    View.FLEET: "camera",
    View.CAMERA: "Details ",
    View.LOGS: "Log all cameras",
    View.FINDINGS: "Findings all cameras",
    View.SEGMENTS: "Segments ",
    View.CAPACITY: "Capacity",
    View.MACHINE: "Machine vms-1",
    View.HISTORY: "History all cameras",
    View.WALLBOARD: "FAILING 43m",
}
"""What each begins with, below header and banners."""
AT = datetime(2025, 10, 20, 7, 56, tzinfo=UTC)
SIZES = [(80, 24), (160, 45)]


@asynccontextmanager
async def in_trouble(
    size: tuple[int, int], *, ascii_only: bool = False, readonly: bool = False
) -> AsyncIterator[tuple[Dashboard, Pilot[Leave]]]:
    """A fleet of twelve, three of which are not recorded."""
    app = Dashboard(FakeFleet(12, at=AT), ascii_only=ascii_only, readonly=readonly)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None and app.picture.strips is not None)
        yield app, pilot


async def look(app: Dashboard, pilot: Pilot[Leave], view: View) -> str:
    """That screen, when it has come."""
    await pilot.press(KEY[view])
    title = TITLE[view]
    await until(pilot, lambda: app.view.VIEW is view and app.screen is app.view and title in screen_text(app))
    await until(pilot, lambda: "asking" not in screen_text(app) and "recorder is asked" not in screen_text(app))
    await pilot.pause()
    return screen_text(app)


def shows(app: Dashboard, view: View) -> Callable[[], bool]:
    return lambda: app.view.VIEW is view and app.screen is app.view


def knows(app: Dashboard, at: datetime) -> Callable[[], bool]:
    return lambda: app.picture.snapshot is not None and app.picture.snapshot.at == at


def reads(app: Dashboard, words: str) -> Callable[[], bool]:
    return lambda: words in screen_text(app)


# ------------------------------------------------------------------------------------------------------------- the way


@given(st.lists(st.sampled_from([*View, None])))
def test_every_way_leads_back_to_the_fleet_without_going_in_circles(steps: list[View | None]) -> None:
    way = Way()
    for view in steps:
        way = way.back() if view is None else way.to(view)
        assert way.views[0] is View.FLEET
        assert len(set(way.views)) == len(way.views)
        assert view is None or way.at is view
    for _ in View:
        way = way.back()
    assert way == Way()


# -------------------------------------------------------------------------------------------------- how each looks


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["colour", "NO_COLOR", "ascii"])
async def test_each_screen_fits_and_tells_what_is_wrong(
    size: tuple[int, int], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mode == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    async with in_trouble(size, ascii_only=mode == "ascii") as (app, pilot):
        for view in View:
            lines = (await look(app, pilot, view)).split("\n")
            assert len(lines) == size[1], view
            assert {len(line) for line in lines} == {size[0]}, f"{view}: no wide signs in it"
            assert "3 of 12 not recording" in lines[0], f"{view}: the first line says it everywhere"
            assert "FAILING" in lines[0], view
            assert "Loading Dock has been FAILING for 43 min: No route" in lines[1], f"{view}: and which"
            assert ("q leave" in lines[-1]) is (view not in {View.FINDINGS, View.CAPACITY, View.WALLBOARD}), view
            if mode == "ascii":
                assert [line for line in lines if not line.isascii()] == [], view
            else:
                assert "✖" in lines[0], view
            if mode == "NO_COLOR":
                styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip]
                used = {style.color for style in styles if style is not None and style.color is not None}
                assert all(colour.is_default for colour in used), view


# -------------------------------------------------------------------------------------------------------- going around


async def test_numbers_lead_to_each_screen_and_esc_back_the_way_one_came() -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        for view in WORKED_ON[1:]:
            await look(app, pilot, view)
        for view in [*WORKED_ON[-2:0:-1], View.FLEET]:
            await pilot.press("escape")
            await until(pilot, shows(app, view))
        await look(app, pilot, View.HISTORY)
        await look(app, pilot, View.LOGS)
        await look(app, pilot, View.FLEET)
        await pilot.press("escape")
        await pilot.pause()
        assert app.tour.way == Way(), "from the fleet there is no way back"


@pytest.mark.parametrize("verb", ["all logs", "capacity", "machine", "events", "footage", "camera", "wallboard"])
async def test_the_palette_leads_there_too(verb: str) -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        action = next(action for action in app.actions if action.verb == verb and not action.argument)
        app.perform(action, "")
        await until(pilot, lambda: app.view is not app.fleet and app.screen is app.view)


async def test_the_camera_that_is_meant_goes_along_from_screen_to_screen() -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        await pilot.press("down", "down", "down", "down")
        chosen = app.fleet.table.selected_id
        assert chosen is not None
        name = app.fleet.table.cameras[4].name
        await pilot.press("2")
        await until(pilot, lambda: f"Details {name}" in screen_text(app))
        await pilot.press("right_square_bracket")
        name = app.fleet.table.cameras[5].name
        await until(pilot, lambda: f"Details {name}" in screen_text(app))
        await pilot.press("5")
        await until(pilot, lambda: f"Segments {name}" in screen_text(app))
        await pilot.press("3", "a")
        await until(pilot, lambda: f"Log {name}" in screen_text(app))
        await pilot.press("8", "a")
        await until(pilot, lambda: f"History {name}" in screen_text(app))
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.fleet)
        await until(pilot, lambda: app.fleet.table.selected_id == app.fleet.table.cameras[5].id)


async def test_the_camera_of_a_finding_is_the_one_that_is_meant_from_then_on() -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        await look(app, pilot, View.FINDINGS)
        await pilot.press("down", "down")
        await pilot.press("2")
        await until(pilot, lambda: "Details Car Park P2" in screen_text(app))


async def test_a_screen_that_is_not_looked_at_asks_and_draws_nothing() -> None:
    recorder = FakeRecorder(lines=[log_line(1)])
    fleet = recorder_snapshot(camera("gate"), camera("lobby"))
    async with dashboard(recorder, fleet, size=(160, 45)) as (app, pilot):
        for key in "2345678":
            await pilot.press(key)
            await pilot.pause()
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.fleet)
        drawn = {view: app.tour.screen_of(view).picture for view in View if view is not View.FLEET}
        asked = len(recorder.finding_questions), len(recorder.history_questions)
        for second in range(3):
            at = NOW + timedelta(seconds=second + 1)
            recorder.send(replace(fleet, at=at))
            await until(pilot, knows(app, at))
        assert drawn == {view: app.tour.screen_of(view).picture for view in View if view is not View.FLEET}
        assert asked == (len(recorder.finding_questions), len(recorder.history_questions))
        for view in (View.CAMERA, View.LOGS, View.SEGMENTS, View.MACHINE, View.HISTORY):
            screen = app.tour.screen_of(view)
            assert isinstance(screen, PanesScreen)
            assert all(pane._worker is None for pane in screen.panes.values())


async def test_what_was_asked_for_is_told_also_where_another_screen_is_shown() -> None:
    recorder = FakeRecorder()
    fleet = recorder_snapshot(camera("lobby"))
    async with dashboard(recorder, fleet) as (app, pilot):
        await pilot.press("2")
        await until(pilot, lambda: app.screen is app.view and app.view.VIEW is View.CAMERA)
        await pilot.press("s")
        await until(pilot, lambda: "Stop recording Lobby?" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("stop", ("lobby",))])
        stopped = camera("lobby", CameraState.STOPPED, wanted=False)
        recorder.send(replace(fleet, at=NOW + timedelta(seconds=2), cameras=(stopped,)))
        await until(pilot, lambda: any("Lobby" in one.message for one in app._notifications))


# ------------------------------------------------------------------------------------------------------------- layouts


async def test_where_there_is_room_everything_of_a_camera_is_seen_at_once() -> None:
    async with in_trouble((160, 45)) as (app, pilot):
        shown = await look(app, pilot, View.CAMERA)
        for title in ("Details", "Charts", "Log", "History", "Segments"):
            assert f"{title} Loading Dock" in shown


async def test_where_there_is_none_a_key_goes_from_pane_to_pane() -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        await look(app, pilot, View.CAMERA)
        for title in ("Charts", "Log", "History", "Segments", "Details"):
            await pilot.press("tab")
            await until(pilot, reads(app, f"{title} Loading Dock"))
            assert screen_text(app).count("Loading Dock ─") == 1


@pytest.mark.parametrize(("view", "pane"), [(View.FLEET, Pane.LOG), (View.CAMERA, Pane.LOG)])
async def test_any_pane_can_have_the_whole_screen(view: View, pane: Pane) -> None:
    async with in_trouble((160, 45)) as (app, pilot):
        await look(app, pilot, view)
        screen = app.view
        assert isinstance(screen, PanesScreen)
        await pilot.press("l")
        await until(pilot, lambda: screen.panes[pane].body.has_focus)
        before = screen.panes[pane].size
        await pilot.press("Z")
        await until(pilot, lambda: screen.panes[pane].size.width == 160 and screen.panes[pane].size.height > 38)
        assert "Details" not in screen_text(app)
        await pilot.press("Z")
        await until(pilot, lambda: screen.panes[pane].size == before and "Details" in screen_text(app))


async def test_help_tells_the_keys_of_the_screen_it_is_asked_on() -> None:
    async with in_trouble((120, 40)) as (app, pilot):
        for view, words, others in (
            (View.CAPACITY, "Would one camera less fit.", "In the log"),
            (View.LOGS, "Show errors only.", "In capacity"),
            (View.HISTORY, "What happened to all cameras, or to", "In the log"),
        ):
            await look(app, pilot, view)
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, Help))
            assert isinstance(app.screen, Help)
            told = "\n".join("".join(text for text, _ in line) for line in app.screen.text.lines)
            here, elsewhere = told.split(ELSEWHERE)
            assert words in here
            assert others not in here
            assert others in elsewhere
            assert "All cameras, those in trouble first." in told
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.view)


async def test_nothing_is_done_to_a_camera_on_a_screen_that_shows_none() -> None:
    async with in_trouble((80, 24)) as (app, pilot):
        await look(app, pilot, View.MACHINE)
        assert "restart" not in screen_text(app).split("\n")[-1]
        await pilot.press("r", "s", "y")
        await pilot.pause()
        assert app.screen is app.view


# ----------------------------------------------------------------------------------------------------- logs, history


async def test_the_logs_are_those_of_all_cameras_or_of_the_one_that_is_meant() -> None:
    lines = [log_line(1, "of the gate", camera="gate"), log_line(2, "of the lobby", camera="lobby")]
    recorder = FakeRecorder(lines=lines)
    async with dashboard(recorder, recorder_snapshot(camera("gate"), camera("lobby"))) as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: all(words in screen_text(app) for words in ("of the gate", "of the lobby")))
        await pilot.press("a")
        await until(pilot, lambda: "of the lobby" not in screen_text(app) and "of the gate" in screen_text(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "of the lobby" in screen_text(app) and "of the gate" not in screen_text(app))
        screen = app.view
        assert isinstance(screen, PanesScreen)
        assert screen.pane(LogPane).camera == "lobby"


async def test_the_history_of_all_cameras_is_merged_and_grows_with_what_happens() -> None:
    first = Event(NOW - timedelta(minutes=9), "gate", EventKind.EXIT, "ffmpeg ended: 401 Unauthorized")
    second = Event(NOW - timedelta(minutes=8), "lobby", EventKind.START, "worker started, PID 7")
    recorder = FakeRecorder(events=(first, second))
    fleet = recorder_snapshot(camera("gate", event_at=first.at), camera("lobby", event_at=second.at))
    async with dashboard(recorder, fleet, size=(100, 30)) as (app, pilot):
        await pilot.press("8")
        await until(pilot, lambda: "Lobby: worker started" in screen_text(app))
        shown = screen_text(app)
        assert shown.index("Lobby: worker started") < shown.index("Gate: ffmpeg ended"), "newest first"
        third = Event(NOW, "gate", EventKind.BACK, "records again")
        recorder.events = (first, second, third)
        gate = camera("gate", event_at=third.at)
        recorder.send(replace(fleet, at=NOW + timedelta(seconds=1), cameras=(gate, fleet.cameras[1])))
        await until(pilot, lambda: "Gate: records again" in screen_text(app))
        assert {asked for asked, _ in recorder.history_questions} == {None}
        await pilot.press("a")
        await until(pilot, lambda: "History Gate" in screen_text(app) and "worker started" not in screen_text(app))
        screen = app.view
        assert isinstance(screen, PanesScreen)
        assert not screen.pane(HistoryPane).everyone


async def test_the_wallboard_can_be_what_a_dashboard_begins_with() -> None:
    app = Dashboard(FakeFleet(12, at=AT), wallboard=True)
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: app.view.VIEW is View.WALLBOARD and app.screen is app.view)
        await until(pilot, lambda: "FAILING 43m  Loading Dock" in screen_text(app))
        assert "q leave" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


async def test_a_wallboard_in_too_small_a_terminal_says_so_and_is_there_once_it_has_grown() -> None:
    app = Dashboard(FakeFleet(12, at=AT), wallboard=True)
    async with app.run_test(size=(59, 15)) as pilot:
        await until(pilot, lambda: "vmstui needs 60x16" in screen_text(app))
        await pilot.resize_terminal(60, 16)
        await until(pilot, lambda: app.view.VIEW is View.WALLBOARD and app.screen is app.view)
        await until(pilot, lambda: "◆ Loading Dock" in screen_text(app))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "it has 40x10" in screen_text(app))
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: app.screen is app.view and "FAILING 43m  Loading Dock" in screen_text(app))
        assert app.view.VIEW is View.WALLBOARD


async def test_the_history_of_a_camera_is_opened_by_its_name() -> None:
    ended = Event(NOW - timedelta(minutes=9), "gate", EventKind.EXIT, "ffmpeg ended: 401 Unauthorized")
    recorder = FakeRecorder(events=(ended,))
    fleet = recorder_snapshot(camera("lobby"), camera("gate", event_at=ended.at))
    async with dashboard(recorder, fleet, size=(80, 24)) as (app, pilot):
        await pilot.press("colon", *"history", "space", *"gate", "enter")
        await until(pilot, lambda: "── History Gate" in screen_text(app) and "401 Unauthorized" in screen_text(app))
        assert app.tour.selected == "gate"
        assert {asked for asked, _ in recorder.history_questions} == {"gate"}
        await pilot.press("3", "colon", *"history", "space", *"lobby", "enter")
        await until(pilot, lambda: "── History Lobby" in screen_text(app))
        assert app.tour.selected == "lobby", "also from another screen"
