"""The action table: one truth behind keys, footer, help and palette."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.model import CameraState
from vmstui.tui.actions import ACTIONS, Action, Argument, Scope, available, bindings, find
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.first_run import FirstRun
from vmstui.tui.palette import commands, score
from vmstui.tui.screens.capacity import CapacityScreen
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.findings import FindingsScreen
from vmstui.tui.screens.fleet import FleetScreen
from vmstui.tui.screens.wall import WallScreen
from vmstui.tui.widgets.charts import ChartsPane
from vmstui.tui.widgets.fleet_table import FleetTable
from vmstui.tui.widgets.history import HistoryBody
from vmstui.tui.widgets.key_bar import fitting
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.segments import SegmentsBody


class Homes:
    """The object that hears the keys of each scope."""

    OF: ClassVar[dict[Scope, type[DOMNode]]] = {
        Scope.APP: Dashboard,
        Scope.FLEET: FleetScreen,
        Scope.TABLE: FleetTable,
        Scope.CAMERAS: FleetTable,
        Scope.LOG: LogBody,
        Scope.SEGMENTS: SegmentsBody,
        Scope.HISTORY: HistoryBody,
        Scope.CAPACITY: CapacityScreen,
        Scope.CHARTS: ChartsPane,
        Scope.PICTURES: WallScreen,
        Scope.FINDINGS: FindingsScreen,
        Scope.FIRST: FirstRun,
    }


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_has_help_and_is_reachable(action: Action) -> None:
    assert action.help.endswith(".")
    assert action.words
    assert action.keys or action.verb, "neither a key nor a name in the palette"
    if action.keys and action.scope not in {Scope.DIALOG, Scope.FIELD}:  # of many places: see test_keymap
        home = Homes.OF[action.scope]
        assert hasattr(home, f"action_{action.call.partition('(')[0]}")
        declared = {binding.id for binding in home.BINDINGS if isinstance(binding, Binding)}
        assert action.id in declared


def test_ids_are_unique_and_no_key_is_given_twice_in_one_place() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for inner in ({Scope.TABLE}, {Scope.LOG}, {Scope.TABLE, Scope.SEGMENTS}):
        heard = {Scope.APP, Scope.FLEET, *inner}
        taken = {a.instead for a in ACTIONS if a.scope in inner}
        keys = [key for a in ACTIONS if a.scope in heard and a.id not in taken for key in a.keys.split(",") if key]
        assert len(keys) == len(set(keys))


def test_readonly_leaves_what_only_looks() -> None:
    left = {action.id for action in available(readonly=True)}
    assert {"view.log", "view.details", "recorder.leave", "view.help", "camera.copy"} <= left
    assert {"segments.still", "segments.open", "segments.mark", "segments.day"} <= left
    assert not {"segments.export", "segments.lock", "segments.unlock"} & left
    assert not {"camera.restart", "camera.toggle", "camera.start", "camera.stop", "recorder.stop"} & left


def test_the_footer_fits_80_columns_and_keeps_the_way_out() -> None:
    inner = {Scope.LOG, Scope.SEGMENTS, Scope.FINDINGS}
    pairs = [(action, action.words) for action in ACTIONS if action.rank and action.scope not in inner]
    shown = fitting(pairs, 80)
    assert sum(len(action.key) + len(words) + 3 for action, words in shown) <= 80
    ids = {action.id for action, _ in shown}
    assert {"recorder.leave", "view.help", "camera.restart", "view.log"} <= ids


def test_a_textual_action_is_found_again_by_its_name() -> None:
    found = find("restart")
    assert found is not None
    assert found.id == "camera.restart"
    assert find("focus_next") is None
    assert all(binding.id for scope in Scope for binding in bindings(scope))


CAMERAS = (camera("gate", CameraState.BACKOFF, name="Gate North"), camera("lobby"), camera("gate_2", name="Gate South"))
ALL = commands(ACTIONS, CAMERAS, ["nord", "vmstui-dark"])


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("restart lobby", ("camera.restart", "lobby")),
        ("logs gate", ("view.log", "gate")),
        ("LOGS GATE_2", ("view.log", "gate_2")),
        ("restart gate south", ("camera.restart", "gate_2")),
        ("south rest", ("camera.restart", "gate_2")),
        ("theme nord", ("view.theme", "nord")),
        ("stop gate n", ("camera.stop", "gate")),
        ("shutdown", ("recorder.stop", "")),
        ("still lobby", ("segments.still", "lobby")),
    ],
)
def test_commands_take_arguments(query: str, best: tuple[str, str]) -> None:
    found = max(ALL, key=lambda command: score(command, query))
    assert (found.action.id, found.argument) == best
    assert 0 < score(found, query) <= 1


def test_words_that_do_not_occur_find_nothing() -> None:
    assert all(score(command, "restart zebra") == 0 for command in ALL)
    assert all(score(command, "  ") == 0 for command in ALL)


def test_every_verb_is_in_the_palette() -> None:
    assert {command.action.verb for command in ALL} == {action.verb for action in ACTIONS if action.verb}
    assert {a.argument for a in ACTIONS if a.verb} == set(Argument)


async def test_the_palette_restarts_shows_logs_and_changes_the_theme() -> None:
    recorder = FakeRecorder()
    fleet = recorder_snapshot(camera("lobby"), camera("gate", name="Gate [North"))
    async with dashboard(recorder, fleet) as (app, pilot):
        await pilot.press("colon", *"logs gate")
        await until(pilot, lambda: "logs Gate [North" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.fleet.chosen is Pane.LOG and app.fleet.log_pane.camera == "gate")
        await pilot.press("colon", *"theme nord")
        await until(pilot, lambda: "Change the colours." in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "nord")
        await pilot.press("colon", *"restart lobby")
        await until(pilot, lambda: "restart Lobby" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("restart", ("lobby",))])


async def test_choosing_a_verb_alone_asks_for_its_argument() -> None:
    async with dashboard(FakeRecorder(), recorder_snapshot(camera("lobby"))) as (app, pilot):
        await pilot.press("colon")
        await until(pilot, lambda: "restart CAMERA" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "restart Lobby" in screen_text(app))


async def test_a_readonly_palette_offers_nothing_that_changes() -> None:
    async with dashboard(FakeRecorder(), recorder_snapshot(camera()), readonly=True) as (app, pilot):
        await pilot.press("colon")
        await until(pilot, lambda: "logs CAMERA" in screen_text(app))
        for verb in ("restart CAMERA", "start CAMERA", "stop CAMERA", "shutdown"):
            assert verb not in screen_text(app)


def test_a_key_that_is_taken_from_another_action_is_one_of_its_keys() -> None:
    by_id = {action.id: action for action in ACTIONS}
    for action in ACTIONS:
        if action.instead:
            assert set(action.keys.split(",")) & set(by_id[action.instead].keys.split(","))
