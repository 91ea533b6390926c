"""The palette: what is typed is completed, done, or told what is wrong with it; never something else than is meant."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.model import CameraState
from vmstui.tui.actions import ACTIONS, use_keys
from vmstui.tui.arrange import Pane
from vmstui.tui.lines import text_of
from vmstui.tui.log_ring import Threshold
from vmstui.tui.palette import LEVELS, MARKED, Palette, World
from vmstui.tui.screens.capacity import CapacityScreen
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.help import ELSEWHERE, heard, help_lines
from vmstui.tui.screens.palette import PaletteScreen

CAMERAS = (
    camera("gate", CameraState.BACKOFF, name="Gate North"),
    camera("lobby"),
    camera("yard", profile="copy"),
)
WORLD = World(ACTIONS, CAMERAS, ["nord", "vmstui-dark"])


def titles(typed: str, world: World = WORLD) -> list[str]:
    return [command.title for command in Palette(world).offers(typed).commands]


def told(typed: str, world: World = WORLD) -> str:
    offers = Palette(world).offers(typed)
    assert not (offers.told and offers.commands), "what is wrong is not done"
    return offers.told


# ---------------------------------------------------------------------------------------------------- what is offered


def test_before_anything_is_typed_every_verb_is_offered_with_what_it_wants() -> None:
    offered = titles("")
    assert {"restart CAMERA", "theme THEME", "sort COLUMN", "notices HOW", "capacity"} <= set(offered)
    assert len(offered) == len({action.verb for action in ACTIONS if action.verb})


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("restart lobby", "restart Lobby"),
        ("logs gate --level error", "logs Gate North --level error"),
        ("logs gate --level=error", "logs Gate North --level error"),
        ("theme nord", "theme nord"),
        ("capacity --profile reencode", "capacity --profile reencode"),
        ("sort cpu", "sort cpu"),
        ("sort problems", "sort problems"),
        ("hide bitrate", "hide bitrate"),
        ("show 24h", "show 24h"),
        ("silence yard --for 1h", "silence Yard --for 1h"),
        ("notices bell", "notices bell"),
    ],
)
def test_a_command_with_its_arguments_is_the_first_one_offered(typed: str, best: str) -> None:
    assert titles(typed)[0] == best


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("logs gate --", ["logs Gate North --level LEVEL"]),
        ("logs gate --le", ["logs Gate North --level LEVEL"]),
        ("logs gate --level", [f"logs Gate North --level {level}" for level in LEVELS]),
        ("logs gate --level ", [f"logs Gate North --level {level}" for level in LEVELS]),
        ("logs gate --level e", ["logs Gate North --level error"]),
        ("capacity --profile ", ["capacity --profile copy", "capacity --profile reencode"]),
        ("theme", ["theme nord", "theme vmstui-dark"]),
        ("notices b", ["notices bell", "notices both"]),
    ],
)
def test_what_is_begun_is_completed(typed: str, offered: list[str]) -> None:
    assert titles(typed) == offered


def test_columns_are_completed_by_the_names_they_have_for_people() -> None:
    assert {"sort camera", "sort graph", "sort file", "sort 24h", "sort bitrate"} <= set(titles("sort"))
    assert "hide camera" not in titles("hide"), "no row could be told from another"


def test_what_is_marked_is_offered_before_any_single_camera() -> None:
    marked = World(ACTIONS, CAMERAS, (), 2)
    best = Palette(marked).offers("restart").commands[0]
    assert (best.title, best.argument) == ("restart 2 marked cameras", MARKED)
    assert all(command.argument != MARKED for command in Palette(WORLD).offers("restart").commands)
    assert all(command.argument != MARKED for command in Palette(marked).offers("details").commands)


# --------------------------------------------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "restart lobbi",
            "restart: found 'lobbi', accepted a camera (did you mean 'Lobby'?): Gate North, Lobby, Yard.",
        ),
        ("theme nrod", "theme: found 'nrod', accepted a theme (did you mean 'nord'?): nord, vmstui-dark."),
        ("notices loud", "notices: found 'loud', accepted one of: screen, bell, desktop, both."),
        ("capacity 3", "capacity: found '3' after it, accepted nothing."),
        ("logs gate --levle error", "logs: found '--levle', accepted --level."),
        (
            "logs gate --level eror",
            "logs --level: found 'eror', accepted one of (did you mean 'error'?): all, warning, error.",
        ),
        ("logs gate --level error x", "logs: found 'x' after its options, accepted it before them."),
        ("logs gate --level all --level all", "logs: found --level twice, accepted it once."),
        ("restart lobby --level error", "restart: found '--level', accepted none: it has no options."),
        ("--level error", "A command goes first, then its options."),
        ("silence lobby --for 8x", "silence --for: found '8x', accepted one of: 30m, 1h, 8h, 24h, 7d, ever."),
    ],
)
def test_what_is_wrong_is_told_with_what_was_found_and_what_is_accepted(typed: str, sentence: str) -> None:
    assert told(typed) == sentence


def test_an_unknown_command_names_the_nearest_one() -> None:
    assert told("restrat lobby").startswith("Found 'restrat lobby', accepted a command (did you mean 'restart'?): ")
    assert told("sort moon").startswith("sort: found 'moon', accepted a column: ")
    assert told("restart x", World(ACTIONS)) == "restart: there is no camera yet."


def test_hostile_text_is_only_ever_quoted() -> None:
    assert "\x1b" not in told("restart \x1b[2Jzebra")
    assert "\x1b" not in told("\x1b]0;x zebra")


def test_what_a_readonly_dashboard_has_not_is_told_as_that() -> None:
    world = World([action for action in ACTIONS if not action.changes], CAMERAS, (), 0, {"restart": "found read-only"})
    assert told("restart lobby", world) == "restart: found read-only"


# ------------------------------------------------------------------------------------------------- in the dashboard


FLEET = recorder_snapshot(*CAMERAS)


async def test_a_wrong_command_stays_in_the_palette_with_the_reason_and_nothing_is_done() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("colon", *"restart zebra", "enter")
        await until(pilot, lambda: "restart: found 'zebra', accepted a camera" in screen_text(app))
        assert isinstance(app.screen, PaletteScreen)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)
    assert recorder.calls == []


async def test_tab_takes_the_marked_command_into_the_field_and_goes_through_the_others() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("colon", *"rest", "tab")
        field = app.screen.query_one(Input)
        await until(pilot, lambda: field.value == "restart Gate North")
        await pilot.press("tab")
        await until(pilot, lambda: field.value == "restart Lobby")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert "Restart Lobby?" in app.screen.text


async def test_enter_does_what_is_marked_in_the_list_also_where_it_comes_right_behind_the_last_letter() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("colon", *"theme", "down", "enter")
        await until(pilot, lambda: app.theme == app.themes.names[1])
        await pilot.press("colon", *"logs yard --level error", "enter")
        await until(pilot, lambda: app.fleet.chosen is Pane.LOG and app.fleet.log_pane.camera == "yard")
        await until(pilot, lambda: app.fleet.log_pane.log_body.rule.threshold is Threshold.ERRORS)


async def test_capacity_is_asked_for_a_profile() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("colon", *"capacity --profile copy", "enter")
        await until(pilot, lambda: isinstance(app.screen, CapacityScreen))
        assert isinstance(app.screen, CapacityScreen)
        assert app.screen.question.profile == "copy"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 60)])
async def test_the_palette_fits_and_keeps_the_marked_command_in_sight(size: tuple[int, int]) -> None:
    many = recorder_snapshot(*(camera(f"cam_{number:03}") for number in range(256)))
    async with dashboard(FakeRecorder(), many, size=size) as (app, pilot):
        await pilot.press("colon", *"restart", *["down"] * 20)
        await until(pilot, lambda: "▌restart Cam 020" in screen_text(app))
        await pilot.press("up")
        await until(pilot, lambda: "▌restart Cam 019" in screen_text(app))
        lines = screen_text(app).splitlines()
        assert sum("▌" in line for line in lines if "restart" in line) == 1
        assert any("esc leaves" in line for line in lines)


async def test_in_ascii_the_palette_is_ascii() -> None:
    named = recorder_snapshot(camera("a", name="Tür ▲"))
    async with dashboard(FakeRecorder(), named, ascii_only=True) as (app, pilot):
        await pilot.press("colon", *"restart")
        await until(pilot, lambda: "restart Tur ^" in screen_text(app))
        assert screen_text(app).isascii()


# ----------------------------------------------------------------------------------------------------------- the help


async def test_the_help_tells_the_keys_as_they_are_where_the_focus_is() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        here = heard(app.screen)
        assert here["view.findings"] == ("f", "F")
        assert here["table.mark"] == ("space",)
        assert "log.follow" not in here
        await pilot.press("l")
        await until(pilot, lambda: app.fleet.log_pane.log_body.has_focus)
        here = heard(app.screen)
        assert here["view.findings"] == ("F",), "f follows the log here"
        assert here["log.follow"] == ("f", "end", "G")
        assert not {"table.mark", "table.silence", "camera.copy"} & {*here}
        lines = [text_of(line) for line in help_lines(app.actions, 78, here)]
        elsewhere = lines.index(ELSEWHERE)
        assert any(line.startswith("  f End G         Go to the newest line") for line in lines[:elsewhere])
        assert any(line.startswith("  F               What is wrong, of all cameras") for line in lines[:elsewhere])
        assert any(line.startswith("  space           Mark the camera") for line in lines[elsewhere:])
        assert any(line.startswith("  :sort COLUMN    ") for line in lines[:elsewhere]), "works everywhere"


async def test_the_help_of_a_person_with_other_keys_tells_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "vmstui"
    await asyncio.to_thread(own.mkdir)
    await asyncio.to_thread((own / "keys.yaml").write_text, "table.mark: [t, space]\nview.log: x\n")
    try:
        async with dashboard(FakeRecorder(), FLEET) as (app, _pilot):
            here = heard(app.screen)
            assert here["table.mark"] == ("t", "space")
            assert here["view.log"] == ("x",)
            lines = [text_of(line) for line in help_lines(app.actions, 78, here)]
            assert any(line.startswith("  t space         Mark the camera") for line in lines)
    finally:
        use_keys({})
