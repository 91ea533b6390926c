"""A person's own keys: everything that is wrong is told with its line, and then nothing changes at all; what is right
is heard, and every place that names a key names that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.dom import DOMNode
from textual.keys import _character_to_key

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.cli.config_commands import check
from vmstui.cli.keys import keys as print_keys
from vmstui.model import CameraState
from vmstui.tui.actions import ACTIONS, Scope, default_keys, key_of, keys_of, use_keys
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.first_run import FirstRun
from vmstui.tui.key_names import UnknownKey, is_character, parse_key, sign, written
from vmstui.tui.keymap import PLACES, Keymap, clashes, parse_keymap, template
from vmstui.tui.screens.acknowledge import Acknowledge
from vmstui.tui.screens.acknowledged import Acknowledged
from vmstui.tui.screens.adding import AddressForm, CameraForm, EditForm, Review
from vmstui.tui.screens.bundle import Bundle
from vmstui.tui.screens.capacity import CapacityScreen
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.days import DayList, Days
from vmstui.tui.screens.export import Export
from vmstui.tui.screens.findings import FindingsScreen
from vmstui.tui.screens.fleet import FleetScreen
from vmstui.tui.screens.help import Help
from vmstui.tui.screens.palette import PaletteScreen
from vmstui.tui.screens.still import Still
from vmstui.tui.screens.tell import Tell
from vmstui.tui.screens.wall import WallScreen
from vmstui.tui.typed import _run_of
from vmstui.tui.verdict import advice
from vmstui.tui.widgets.charts import ChartsBody, ChartsPane
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.filter_bar import FilterBar
from vmstui.tui.widgets.fleet_table import FleetTable
from vmstui.tui.widgets.history import HistoryBody
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.painter import LinePane
from vmstui.tui.widgets.row_list import RowList
from vmstui.tui.widgets.segments import SegmentsBody

FLEET = recorder_snapshot(*(camera(f"cam_{n}", pid=100 + n) for n in range(5)))


@pytest.fixture(autouse=True)
def _usual_keys_afterwards() -> Iterator[None]:
    yield
    use_keys({})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a person's keys are; nothing is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "vmstui" / "keys.yaml"
    path.parent.mkdir()
    return path


Give = Callable[[str], None]


@pytest.fixture
def give(file: Path) -> Give:
    """Has a person write their keys."""

    def write(text: str) -> None:
        file.write_text(text)

    return write


def keymap(text: str) -> Keymap:
    return parse_keymap(text.encode(), "keys.yaml")


# -------------------------------------------------------------------------------------------------- names of keys


def test_characters_have_the_names_that_textual_gives_them() -> None:
    for character in [*map(chr, range(33, 127)), "ü", "§", "°", "ж"]:
        assert parse_key(character) == _character_to_key(character)
        assert written(parse_key(character)) == character
        assert is_character(parse_key(character))


@pytest.mark.parametrize(
    ("text", "key"),
    [("ESC", "escape"), ("pgup", "pageup"), ("Ctrl+R", "ctrl+r"), ("return", "enter"), ("space", "space"),
     ("F5", "f5"), ("shift+tab", "shift+tab"), ("ctrl+shift+up", "ctrl+shift+up"), (" ", "space"),
     ("question_mark", "question_mark")],
)  # fmt: skip
def test_keys_are_taken_as_they_stand_on_keyboards(text: str, key: str) -> None:
    assert parse_key(text) == key
    assert key == "space" or not is_character(key) or len(written(key)) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [("alt+x", "terminals send alt as escape and that key"), ("shift+a", "write what it types: 'A'"),
     ("ctrl+i", "to a terminal that is tab"), ("up,k", "write several keys as a list: [up, k]"),
     ("pagup", "did you mean 'pageup'?"), ("hyper+q", ""), ("", "")],
)  # fmt: skip
def test_what_no_terminal_sends_is_refused_with_what_it_sends_instead(text: str, hint: str) -> None:
    with pytest.raises(UnknownKey) as refused:
        parse_key(text)
    assert refused.value.hint == hint


def test_signs_are_short() -> None:
    keys = ("enter", "escape", "up", "ctrl+f", "slash", "shift+tab", "G")
    assert [sign(key) for key in keys] == ["⏎", "esc", "↑", "^F", "/", "shift+tab", "G"]


# -------------------------------------------------------------------------------------------------- what is checked


FREE = "accepted a key that is free there, or another one for"
OTHER = "accepted any other key"
ONE = "accepted a key, a list of keys, or [] for none (~ as a key in quotes)"


@pytest.mark.parametrize(
    ("text", "line", "found", "accepted"),
    [
        ("view.lgo: x", 1, "'view.lgo'", "accepted: did you mean 'view.log'? (the id of an action that `vmstui keys`"),
        ("\nview.theme: x", 2, "'view.theme', which is done by its name only", "accepted the id of an action"),
        ("view.log: entr", 1, "'entr'", "accepted: did you mean 'enter'? (a character such as k, G or '/', or a name"),
        ("view.log: r", 1, "'r', which is camera.restart among the cameras (by default)", f"{FREE} camera.restart"),
        ("view.log: x\nview.history: x", 2, "'x', which is view.log among the cameras (line 1)", f"{FREE} view.log"),
        ("log.mark: q", 1, "'q', which is recorder.leave in the log (by default)", f"{FREE} recorder.leave"),
        ("dialog.yes: enter", 1, "'enter', which is dialog.take at a question (by default)", f"{FREE} dialog.take"),
        ("view.log: ctrl+c", 1, "'ctrl+c', which tells how to leave", OTHER),
        ("recorder.leave: ctrl+q", 1, "'ctrl+q', which always leaves, whatever else is wrong", OTHER),
        ("view.log: esc", 1, "'escape', which is view.back everywhere", OTHER),
        ("view.back: backspace", 1, "no escape", "accepted escape and, if you like, further keys: [escape, backspace]"),
        ("field.kind: x", 1, "'x', which a field takes itself", "accepted a key such as ctrl+r"),
        ("view.log: [x, x]", 1, "'x' twice", "accepted it once"),
        ("view.log:", 1, "nothing", ONE),
        ("view.log: {a: b}", 1, "a mapping", ONE),
        ("- view.log", 1, "a list", "accepted lines such as `view.log: l`"),
        ("view.log: x\nview.log: e", 2, "the same key twice (first in line 1)", "accepted it once"),
        ("view.log: [x", 1, "a syntax error", "accepted YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_is_accepted(
    text: str, line: int, found: str, accepted: str
) -> None:
    made = keymap(text)
    assert made.own == {}
    (problem,) = made.problems
    said = str(problem)
    assert said.startswith(f"keys.yaml:{line}: ")
    assert f"found {found}" in said
    assert accepted in said
    action = text.strip().partition(":")[0]
    assert action in said or found in ("a list", "a syntax error")


def test_everything_that_is_wrong_is_told_at_once_and_nothing_of_the_file_is_used() -> None:
    found = keymap("view.log: r\nview.lgo: e\nview.history: hyper+q\nlog.mark: Q\nlog.times: h\n")
    assert [problem.line for problem in found.problems] == [2, 3, 4], "who knows which keys line 2 and 3 are to have"
    assert found.own == {}


def test_hostile_text_in_it_is_shown_harmless() -> None:
    found = keymap('"view.\\e[2Jlog": "\\e]0;owned\\a"\nview.log: "\\u202Ex"')
    assert found.problems
    assert all(str(problem).isprintable() for problem in found.problems)


def test_keys_may_be_exchanged_added_and_taken_away() -> None:
    found = keymap("camera.restart: s\ncamera.toggle: r\nview.back: [escape, backspace]\nrecorder.stop: []\n")
    assert found.problems == ()
    assert found.own == {
        "camera.restart": ("s",), "camera.toggle": ("r",), "view.back": ("escape", "backspace"), "recorder.stop": ()
    }  # fmt: skip


def test_what_is_as_in_the_table_is_no_change() -> None:
    assert keymap("view.log: l\nmove.up: [up, k]\n").own == {}
    assert keymap("# nothing\n") == Keymap({})


def test_words_are_keys_as_written_though_yaml_might_take_them_for_others() -> None:
    assert keymap("dialog.yes: n\ndialog.no: y\ncapacity.as_it_is: 010").problems[0].found == "'010'"
    assert keymap("dialog.yes: n\ndialog.no: y").own == {"dialog.yes": ("n",), "dialog.no": ("y",)}


# ------------------------------------------------------------------------------------- the table and the places


def test_no_two_actions_of_the_table_share_a_key_where_both_are_heard() -> None:
    assert list(clashes({action.id: default_keys(action.id) for action in ACTIONS})) == []


def test_every_action_with_a_key_is_heard_somewhere() -> None:
    assert {action.id for action in ACTIONS if action.keys} == set().union(*PLACES.values())


HEARD: dict[str, tuple[type[DOMNode], ...]] = {
    "among the cameras": (FleetTable, FleetScreen, Dashboard),
    "in the log": (LogBody, FleetScreen, Dashboard),
    "in the segments": (SegmentsBody, FleetScreen, Dashboard),
    "in the history": (HistoryBody, FleetScreen, Dashboard),
    "in capacity": (TextBody, CapacityScreen, Dashboard),
    "in the charts": (ChartsBody, ChartsPane, FleetScreen, Dashboard),
    "in the findings": (RowList, TextBody, FindingsScreen, Dashboard),
    "among the pictures": (WallScreen,),
    "among what is acknowledged": (RowList, Acknowledged),
    "among the days": (DayList, Days),
    "in the help": (TextBody, Help),
    "at a picture": (Still,),
    "at a question": (Confirm,),
    "where a path is told": (Tell, Export, Bundle),
    "among choices": (Acknowledge, AddressForm, CameraForm, EditForm),
    "at a change of the configuration": (Review,),
    "on the first screen": (FirstRun,),
    "in the palette": (PaletteScreen,),
    "in a field": (FilterBar,),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_heard_in_a_place_is_what_its_parts_bind(place: str) -> None:
    """So that a key that somebody chooses is checked against all that it would meet."""
    bound = {
        binding.id
        for part in HEARD[place]
        for bindings in part._merge_bindings().key_to_bindings.values()
        for binding in bindings
        if binding.id is not None and binding.id in {action.id for action in ACTIONS}
    }
    assert bound <= PLACES[place]


@pytest.mark.parametrize(
    "part", [FleetTable, RowList, SegmentsBody, LogBody, TextBody, Days], ids=lambda part: part.__name__
)
def test_every_list_and_text_is_walked_by_arrows_and_by_the_keys_of_vi(part: type[LinePane]) -> None:
    bound = part._merge_bindings().key_to_bindings
    for arrow, letter in (("up", "k"), ("down", "j"), ("home", "g"), ("end", "G")):
        actions = {binding.action for key in (arrow, letter) for binding in bound[key]}
        assert len(actions) == 1, "both do the same"
    assert {"pageup", "pagedown"} <= set(bound)


def test_no_key_of_a_list_is_one_that_no_action_has() -> None:
    for part in (FleetTable, RowList, SegmentsBody, LogBody, TextBody, DayList):
        bound = part._merge_bindings().key_to_bindings.values()
        assert all(binding.id for bindings in bound for binding in bindings), part


# -------------------------------------------------------------------------------------------------- the template


def test_the_printed_keymap_loads_to_the_same_keymap() -> None:
    own = {
        "view.log": ("x",),
        "move.up": ("up", "w", "apostrophe"),
        "recorder.stop": (),
        "view.help": ("f1", "number_sign"),
    }
    for used in ({}, own):
        use_keys(used)
        printed = template("keys.yaml")
        found = keymap(printed)
        assert found.problems == ()
        assert found.own == used
        for action in ACTIONS:
            assert not action.keys or f"\n{action.id}: " in printed
            assert not action.keys or f"# {action.help}\n" in printed


def test_the_command_prints_the_keys_in_use_and_tells_what_is_wrong(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_keys() == 0
    assert "view.log: l " in capsys.readouterr().out
    file.write_text("view.log: x\n")
    assert print_keys() == 0
    assert "view.log: x " in capsys.readouterr().out
    file.write_text("view.log: r\n")
    assert print_keys() == 2
    said = capsys.readouterr()
    assert f"{file}:1: view.log: found 'r'" in said.err
    assert "view.log: l " in said.out


def test_the_check_of_the_configuration_tells_of_the_keys_too(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vmstui.yaml"
    config.write_text("recordings: /srv/r\ncameras: [{id: a, url: 'rtsp://h/'}]\n")
    file.write_text("view.log: r\n")
    assert check(str(config), as_json=False) == 0, "the recorder can be started all the same"
    said = capsys.readouterr().out
    assert f"{file}:1: view.log: found 'r', which is camera.restart" in said
    assert f"{file}: 1 error, so the dashboard has its usual keys" in said


# -------------------------------------------------------------------------------------------------- in the dashboard


async def test_own_keys_are_heard_and_the_old_ones_are_not(give: Give) -> None:
    give("view.log: x\nmove.down: [w, down]\ncamera.restart: s\ncamera.toggle: r\n")
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("j", "w", "down")
        assert app.fleet.table.selected_id == "cam_2", "j is nobody's any more"
        await pilot.press("s", "y")
        await until(pilot, lambda: recorder.calls == [("restart", ("cam_2",))])
        await pilot.press("l")
        assert app.fleet.chosen is None
        await pilot.press("x")
        await until(pilot, lambda: app.fleet.chosen is Pane.LOG)


async def test_footer_help_palette_and_sentences_tell_the_keys_in_use(give: Give) -> None:
    give("view.log: x\nview.help: [f1, '#']\ncamera.restart: R\nrecorder.leave: ctrl+x\nrecorder.stop: []\n")
    async with dashboard(FakeRecorder(), FLEET, size=(120, 40)) as (app, pilot):
        await pilot.pause()
        footer = app.fleet.keys.text
        assert "x log" in footer
        assert "R restart" in footer
        assert "^X leave" in footer
        assert "stop all" not in footer, "what has no key is no key to be told"
        assert "R tries now" in advice(camera(state=CameraState.BACKOFF), "f.yaml")
        app.action_help_quit()
        await until(pilot, lambda: "ctrl+x leaves, recording goes on. :shutdown stops recording." in toasts(app))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await until(pilot, lambda: "R               End the worker" in screen_text(app))
        told = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(TextBody).lines)
        assert "f1 #            The keys that work now" in told
        assert ":shutdown       Stop recording everything" in told
        await pilot.press("number_sign")
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("colon", *"logs")
        await until(pilot, lambda: "What its ffmpeg says. Key: x" in screen_text(app))


async def test_the_palette_can_have_another_key(give: Give) -> None:
    give("view.palette: ctrl+p\n")
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("colon")
        assert app.screen is app.fleet
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "restart CAMERA" in screen_text(app))


async def test_a_text_is_walked_to_its_end_and_back_by_letters() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("enter")
        text = app.fleet.details_pane.text
        await until(pilot, lambda: text.has_focus and text.max_scroll_y > 2)
        await pilot.press("G")
        await until(pilot, lambda: text.scroll_offset.y == text.max_scroll_y)
        await pilot.press("g", "j")
        await until(pilot, lambda: text.scroll_offset.y == 1)


async def test_dialogs_follow_too(give: Give) -> None:
    give("dialog.yes: z\nrecorder.leave: X\n")
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await until(pilot, lambda: "z  Restart" in screen_text(app))
        await pilot.press("y", "q")
        assert isinstance(app.screen, Confirm)
        await pilot.press("X")
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("r", "z")
        await until(pilot, lambda: recorder.calls == [("restart", ("cam_0",))])


async def test_a_wrong_file_changes_nothing_and_is_told_once(give: Give) -> None:
    give("view.history: x\nview.log: r\nview.lgo: e\n")
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await until(pilot, lambda: "Your keys are not used" in toasts(app))
        assert toasts(app).count("keys.yaml:3:") == 1
        assert keys_of("view.history") == ("h",)
        await pilot.press("h")
        await until(pilot, lambda: app.fleet.chosen is Pane.HISTORY)


async def test_a_filter_takes_every_letter_whatever_the_keys_are(give: Give) -> None:
    give("camera.restart: x\nview.log: e\nrecorder.leave: c\nview.capacity: C\n")
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("slash", *"xecam", "enter")
        await until(pilot, lambda: app.fleet.pattern == "xecam")
        assert app.is_running
        assert recorder.calls == []


async def test_without_a_file_nothing_is_read_and_nothing_is_told() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.pause()
        assert toasts(app) == ""
        assert app._keymap == {}


def test_a_cursor_that_is_moved_along_by_own_keys_does_not_wait_in_between() -> None:
    from textual.events import Key

    table = FleetTable()
    use_keys({"move.down": ("e",)})
    assert _run_of(Key("e", "e"), table) is _run_of(Key("up", None), table)
    assert _run_of(Key("j", "j"), table) is not _run_of(Key("e", "e"), table)


def test_an_action_without_a_key_is_told_by_its_name() -> None:
    use_keys({"view.log": (), "log.mark": ()})
    assert key_of("view.log") == ":logs"
    assert key_of("log.mark") == "(no key)"
    assert {action.scope for action in ACTIONS if action.id == "log.mark"} == {Scope.LOG}
