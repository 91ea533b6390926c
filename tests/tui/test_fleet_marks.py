"""Several cameras at once: marks that stay on their cameras, one question for all of them, what became of each; and how
the table is looked at, kept from one start to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import NOW, FakeRecorder, camera, explained, findings_page, recorder_snapshot
from tests.tui.screens import at_once, dashboard, screen_text, toasts, until
from vmstui.control.errors import RecorderError
from vmstui.findings import Severity
from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.tui import questions_many
from vmstui.tui.app import Dashboard
from vmstui.tui.asked import PATIENCE_TICKS, Asked
from vmstui.tui.fleet_view import View
from vmstui.tui.leave import Leave
from vmstui.tui.lines import Role
from vmstui.tui.remembered import Remembered
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.tell import Tell

Write = Callable[[str], None]
FLEET = recorder_snapshot(*(camera(f"cam_{n}", pid=100 + n) for n in range(5)))


def question(app: Dashboard) -> str:
    assert isinstance(app.screen, Confirm)
    return app.screen.text


def leads(app: Dashboard) -> list[str]:
    """What stands before the rows of the table, where the terminal has Unicode."""
    table = app.fleet.table
    return [(table.line_at(row) or (("", Role.TEXT),))[0][0] for row in range(1, len(table.cameras) + 1)]


def again(snapshot: RecorderSnapshot, *ids: str, state: CameraState = CameraState.RECORDING) -> RecorderSnapshot:
    """A new generation of these."""
    changed = {one: camera(one, state, pid=700, generation=2, since=NOW) for one in ids}
    return replace(snapshot, cameras=tuple(changed.get(one.id, one) for one in snapshot.cameras))


# ------------------------------------------------------------------------------------------------------------- marks


async def test_marks_stay_on_their_cameras_through_sorting_and_filtering_and_escape_takes_them_away() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        table = app.fleet.table
        await pilot.press("space", "space")
        assert table.marked == {"cam_0", "cam_1"}
        assert table.selected_id == "cam_2"
        await pilot.press("I")
        await until(pilot, lambda: table.cameras[0].id == "cam_4")
        assert table.marked == {"cam_0", "cam_1"}
        assert table.selected_id == "cam_2"
        await pilot.press("slash", *"cam_4", "enter")
        await until(pilot, lambda: [one.id for one in table.cameras] == ["cam_4"])
        assert table.marked == {"cam_0", "cam_1"}
        await pilot.press("escape")
        assert table.marked == frozenset()
        assert app.fleet.pattern == "cam_4", "one step at a time"
        await pilot.press("escape")
        await until(pilot, lambda: len(table.cameras) == 5)
    assert recorder.calls == []


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_marks_and_silence_are_signs_and_no_colours(ascii_only: bool) -> None:
    async with dashboard(FakeRecorder(), FLEET, ascii_only=ascii_only) as (app, pilot):
        await pilot.press("space")
        await until(pilot, lambda: leads(app) == [" +", "▌ ", "  ", "  ", "  "])
        assert "+* recording" in screen_text(app) if ascii_only else "+● recording" in screen_text(app)
        await pilot.press("escape", "z")
        await until(pilot, lambda: leads(app) == ["  ", "▌z", "  ", "  ", "  "])
        await pilot.press("space")
        await until(pilot, lambda: leads(app) == ["   ", " +z", "▌  ", "   ", "   "])
        assert all(len(line) <= 80 for line in screen_text(app).splitlines())


async def test_all_that_are_shown_are_marked_with_one_key_and_unmarked_with_it() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("slash", *"!cam_3", "enter")
        await until(pilot, lambda: len(app.fleet.table.cameras) == 4)
        await pilot.press("asterisk")
        assert app.fleet.table.marked == {"cam_0", "cam_1", "cam_2", "cam_4"}
        await pilot.press("asterisk")
        assert app.fleet.table.marked == frozenset()


async def test_a_mark_ends_with_its_camera() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("asterisk")
        recorder.send(replace(FLEET, cameras=FLEET.cameras[2:]))
        await until(pilot, lambda: app.fleet.table.marked == {"cam_2", "cam_3", "cam_4"})


# ---------------------------------------------------------------------------------------------------------- requests


async def shown_until(
    pilot: Pilot[Leave], recorder: FakeRecorder, snapshot: RecorderSnapshot, condition: Callable[[], object]
) -> None:
    """The recorder sends this, as it does every second, until something has come: a busy dashboard leaves some out."""

    def look() -> object:
        recorder.send(snapshot)
        return condition()

    await until(pilot, look)


async def test_one_question_names_how_many_and_which_and_each_of_them_is_asked_of_the_recorder() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("space", "down", "space", "r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Restart 2 cameras?\nCam 0, Cam 2." in question(app)
        assert "All are ended first: about 1–3 s of footage are lost of each." in question(app)
        assert "2 live viewers will see an interruption." in question(app)
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("restart", ("cam_0",)), ("restart", ("cam_2",))])
        await until(pilot, lambda: screen_text(app).count("● restarting") == 2)
        recorder.send(again(FLEET, "cam_0"))
        recorder.send(again(FLEET, "cam_0", "cam_2"))
        shown = again(FLEET, "cam_0", "cam_2")  # for a while: what it cost may still be measured
        await shown_until(pilot, recorder, shown, lambda: "Restarted: 2 of 2 cameras." in toasts(app))
        assert "Cam 0 records again, PID 700." in toasts(app)
        assert len(app._notifications) == 1, "told once, together"
        assert app.fleet.table.marked == {"cam_0", "cam_2"}, "for what is to be done next"


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_no_is_no_for_all_of_them(key: str) -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("asterisk", "s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Stop recording 5 cameras?" in question(app)
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.fleet)
        assert len(app.fleet.table.marked) == 5
    assert recorder.calls == []


async def test_marked_cameras_that_are_not_in_the_table_are_told_before_anything_is_done_to_them() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("space", "space", "slash", *"cam_1", "enter")
        await until(pilot, lambda: len(app.fleet.table.cameras) == 1)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Cam 0, Cam 1.\n1 of them is not in the table now." in question(app)


async def test_of_several_those_that_are_recorded_are_stopped_and_where_none_is_all_are_started() -> None:
    recorder = FakeRecorder()
    off = camera("cam_9", CameraState.STOPPED, wanted=False, name="Off")
    async with dashboard(recorder, replace(FLEET, cameras=(*FLEET.cameras[:2], off))) as (app, pilot):
        await pilot.press("asterisk", "s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Stop recording 2 cameras?\nCam 0, Cam 1." in question(app)
        assert "Off: stopped already." in question(app)
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("stop", ("cam_0",)), ("stop", ("cam_1",))])
        stopped = [replace(one, wanted=False, state=CameraState.STOPPED) for one in FLEET.cameras[:2]]
        recorder.send(replace(FLEET, cameras=(*stopped, off)))
        await until(pilot, lambda: "Stopped: 2 of 2 cameras." in toasts(app))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Record 3 cameras?" in question(app)


class Choosy(FakeRecorder):
    """Refuses what is asked of one camera."""

    async def restart(self, cameras: tuple[str, ...]) -> None:
        await super().restart(cameras)
        if cameras == ("cam_1",):
            raise RecorderError("cam_1 may not start now: \x1b[2Jits disk is gone")


async def test_one_that_is_refused_holds_nobody_else_up_and_is_told_with_the_others() -> None:
    recorder = Choosy()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("space", "space", "space", "r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(recorder.calls) == 3)
        shown = again(FLEET, "cam_0", "cam_2")
        await shown_until(pilot, recorder, shown, lambda: "Restarted: 2 of 3 cameras." in toasts(app))
        assert "Cam 1: cam_1 may not start now" in toasts(app)
        assert "\x1b" not in toasts(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_footer_says_how_many_a_key_means(size: tuple[int, int]) -> None:
    async with dashboard(FakeRecorder(), FLEET, size=size) as (app, pilot):
        assert ("space mark" in app.fleet.keys.text) is (size[0] > 80)
        await pilot.press("space", "space")
        await until(pilot, lambda: "r restart 2" in app.fleet.keys.text and "esc unmark" in app.fleet.keys.text)
        assert "s stop 2" in app.fleet.keys.text
        assert len(app.fleet.keys.text) <= size[0]


async def test_what_is_told_of_marked_cameras_is_acknowledged_with_one_question_but_nothing_critical() -> None:
    page = findings_page(
        explained(camera="cam_0"),
        explained("disk.full", Severity.CRITICAL, "cam_0", "No space left"),
        explained(camera="cam_1"),
        explained("noise", Severity.BENIGN, "cam_1", "noise"),
        explained(camera="cam_3"),
    )
    recorder = FakeRecorder(page=page)
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Acknowledge 2 findings?\nCam 0, Cam 1." in question(app)
        assert "1 critical finding is left as they are" not in question(app)
        assert "1 critical finding is left as it is" in question(app)
        assert recorder.acknowledged == []
        await pilot.press("y")
        await until(pilot, lambda: len(recorder.acknowledged) == 2)
        assert {(one[0], one[1], one[3], one[4]) for one in recorder.acknowledged} == {
            ("cam_0", "rtp.missed", 28_800.0, 50.0),
            ("cam_1", "rtp.missed", 28_800.0, 50.0),
        }
        await until(pilot, lambda: "Acknowledged for 8 h: 2 findings." in toasts(app))


async def test_a_readonly_dashboard_marks_and_looks_but_changes_nothing() -> None:
    recorder = FakeRecorder(page=findings_page(explained(camera="cam_0")))
    async with dashboard(recorder, FLEET, readonly=True) as (app, pilot):
        await pilot.press("asterisk", "r", "s", "a")
        await pilot.pause()
        assert app.screen is app.fleet
        assert (recorder.calls, recorder.finding_questions) == ([], [])
        await pilot.press("escape", "exclamation_mark")
        await until(pilot, lambda: app.fleet.fleet_desk.view.faults)


# -------------------------------------------------------------------------------------------- what is told in the end


def test_of_many_a_few_are_told_and_the_others_are_counted() -> None:
    asked = Asked()
    many = recorder_snapshot(*(camera(f"cam_{n}") for n in range(40)))
    asked.note("start", many.cameras)
    (told,) = asked.settle(again(many, *(one.id for one in many.cameras)))
    first, *lines = told.splitlines()
    assert first == "Started: 40 of 40 cameras."
    assert len(lines) == 4
    assert lines[-1] == "And 37 more; h tells of each."


def test_what_does_not_come_to_an_end_is_told_with_what_it_is_now_once_nothing_moves_any_more() -> None:
    asked = Asked()
    asked.note("restart", FLEET.cameras[:3])
    down = again(FLEET, "cam_1", state=CameraState.BACKOFF)
    done = again(down, "cam_0")
    told: list[str] = []
    for tick in range(PATIENCE_TICKS + 20):
        told += asked.settle(done if tick > 3 else down)
    assert told == [
        "Restarted: 1 of 3 cameras.\nCam 0 records again, PID 700.\nNot yet: Cam 1 (back-off), Cam 2 (recording)."
    ]
    assert asked.notes == {}


def test_cameras_that_wait_for_their_turn_are_waited_for() -> None:
    asked = Asked()
    many = recorder_snapshot(*(camera(f"cam_{n}") for n in range(6)))
    asked.note("start", many.cameras)
    told: list[str] = []
    for turn in range(1, 7):
        now = again(many, *(f"cam_{n}" for n in range(turn)))
        for _ in range(PATIENCE_TICKS - 1):
            told += asked.settle(now)
    assert [one.splitlines()[0] for one in told] == ["Started: 6 of 6 cameras."]


def test_who_is_asked_something_else_meanwhile_is_no_longer_part_of_it() -> None:
    asked = Asked()
    asked.note("start", FLEET.cameras[:2])
    asked.note("stop", FLEET.cameras[:1])
    stopped = replace(FLEET.cameras[0], state=CameraState.STOPPED, wanted=False)
    both = again(replace(FLEET, cameras=(stopped, *FLEET.cameras[1:])), "cam_1")
    assert asked.settle(both) == ["Cam 0 is stopped.", "Started: 1 of 1 camera.\nCam 1 records, PID 700."]
    asked.note("start", FLEET.cameras[:2])
    assert "no longer configured" in asked.settle(replace(both, cameras=()))[0]


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        ([camera("a", seamless=True), camera("b", seamless=True)], "All are handed over to a new worker: no footage"),
        ([camera("a", seamless=True), camera("b")], "1 is handed over to a new worker: no footage is lost."),
        ([camera("a"), camera("b", CameraState.BACKOFF)], "1 does not record now: nothing to lose."),
        ([camera("a"), camera("b", CameraState.AUTH_FAILED)], "B: the login was refused. A further wrong try counts"),
    ],
)
def test_the_question_says_what_it_costs(cameras: list[CameraSnapshot], words: str) -> None:
    assert words in questions_many.restart(recorder_snapshot(*cameras), cameras).text


# --------------------------------------------------------------------------------------------- looks that are kept


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dashboard.json"


@pytest.fixture
def write(path: Path) -> Write:
    """Puts a text into the file."""

    def written(text: str) -> None:
        path.write_text(text)

    return written


@pytest.fixture
def read(path: Path) -> Callable[[str], str]:
    """What is in a file beside it, or in it."""
    return lambda name: (path.parent / name).read_text()


async def test_order_columns_filter_and_theme_are_as_they_were_left(path: Path) -> None:
    for start in (1, 2):
        app = Dashboard(recorder := FakeRecorder(), delays=at_once, remembered=Remembered(str(path)))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            recorder.send(FLEET)
            await until(pilot, lambda: app.picture.snapshot is not None)  # noqa: B023 (awaited here)
            if start == 1:
                for command in ("sort pid", "hide fps", "show restarts", "theme nord", "faults"):
                    await pilot.press("colon", *command, "enter")
                    await until(pilot, lambda: app.screen is app.fleet)  # noqa: B023
                await pilot.press("I", "slash", *"cam", "enter")
                await until(pilot, lambda: app.fleet.pattern == "cam")  # noqa: B023
            view = app.fleet.fleet_desk.view
            assert view == View("pid", True, ("fps",), ("restarts",), "cam", True)
            assert app.theme == "nord"
            assert "fps" not in app.fleet.table.columns_seen
            assert {"pid", "restarts"} <= set(app.fleet.table.columns_seen)
            assert "0 of 5 cameras shown: 'cam', faults only. esc shows all." in screen_text(app)


async def test_the_flag_wins_over_the_theme_that_was_chosen_and_one_that_is_gone_is_told(
    write: Write, read: Callable[[str], str], path: Path
) -> None:
    write('{"theme": "my-own"}')
    for flag, theme, said in (("gruvbox", "gruvbox", ""), (None, "vmstui-dark", "The theme 'my-own' that you chose")):
        app = Dashboard(FakeRecorder(), delays=at_once, remembered=Remembered(str(path)), theme=flag)
        async with app.run_test(notifications=True) as pilot:
            await pilot.pause()
            assert app.theme == theme
            assert (said in toasts(app)) if said else not toasts(app)
    assert read(path.name) == '{"theme": "my-own"}', "it may come back"


async def test_where_no_colour_is_wanted_no_chosen_theme_brings_any(
    write: Write, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('{"theme": "nord"}')
    monkeypatch.setenv("NO_COLOR", "1")
    app = Dashboard(FakeRecorder(), delays=at_once, remembered=Remembered(str(path)))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme != "nord"


async def test_a_file_that_is_not_ours_is_told_once_and_all_is_as_usual(
    write: Write, read: Callable[[str], str], path: Path
) -> None:
    write("not ours")
    app = Dashboard(recorder := FakeRecorder(), delays=at_once, remembered=Remembered(str(path)))
    async with app.run_test(notifications=True) as pilot:
        recorder.send(FLEET)
        await until(pilot, lambda: "What you chose before is not used" in toasts(app))
        assert app.fleet.fleet_desk.view == View()
    assert read("dashboard.json.unread-1") == "not ours"


async def test_what_is_wrong_is_never_hidden_without_a_word() -> None:
    down = recorder_snapshot(camera("down", CameraState.BACKOFF), *FLEET.cameras)
    async with dashboard(FakeRecorder(), down) as (app, pilot):
        await pilot.press("slash", *"cam_1", "enter")
        await until(
            pilot,
            lambda: "1 of 6 cameras shown: 'cam_1'. 1 not shown is in trouble. esc shows all." in screen_text(app),
        )
        await pilot.press("escape")
        await until(pilot, lambda: "not shown" not in screen_text(app))


async def test_the_heading_that_is_sorted_by_has_an_arrow_and_a_click_on_one_sorts() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: "state↑" in screen_text(app))
        left = screen_text(app).splitlines()[1].index("CPU")
        await pilot.click("#fleet", offset=(left, 0))
        await until(pilot, lambda: "CPU %↓" in screen_text(app))
        await pilot.click("#fleet", offset=(left, 0))
        await until(pilot, lambda: "CPU %↑" in screen_text(app))
        await pilot.press("less_than_sign")
        await until(pilot, lambda: app.fleet.fleet_desk.view.sort != "cpu")


async def test_the_name_cannot_be_hidden_and_a_column_without_room_says_so() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        app.fleet.fleet_desk.hide("name")
        await until(pilot, lambda: "The name of a camera stays" in toasts(app))
        app.fleet.fleet_desk.show_column("bitrate")
        await until(pilot, lambda: "bitrate" in app.fleet.table.columns_seen)
        assert "Mbit/s" in screen_text(app)
        await pilot.resize_terminal(60, 20)
        app.fleet.fleet_desk.show_column("strip")
        app.fleet.fleet_desk.show_column("last_name")
        await until(pilot, lambda: "There is no room for file here: hide another one." in toasts(app))


# ----------------------------------------------------------------------------------------------------------- silence


async def test_silence_has_an_end_is_listed_is_kept_and_can_be_undone(path: Path) -> None:
    for start in (1, 2):
        app = Dashboard(recorder := FakeRecorder(), delays=at_once, remembered=Remembered(str(path)))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            recorder.send(FLEET)
            await until(pilot, lambda: app.picture.snapshot is not None)  # noqa: B023
            if start == 1:
                await pilot.press("z")
                await until(pilot, lambda: "No notices of Cam 0 until 2025-10-20 15:56." in toasts(app))  # noqa: B023
                await pilot.press("colon", *"silence cam_1 --for ever", "enter")
                await until(pilot, lambda: "No notices of Cam 1 until z undoes it." in toasts(app))  # noqa: B023
            await pilot.press("colon", *"silences", "enter")
            await until(pilot, lambda: isinstance(app.screen, Tell))  # noqa: B023
            assert isinstance(app.screen, Tell)
            assert "Cam 0: until 2025-10-20 15:56\nCam 1: until it is undone" in app.screen.text
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.fleet)  # noqa: B023
            if start == 2:
                await pilot.press("colon", *"unsilence cam_1", "enter")
                await until(pilot, lambda: app.fleet.fleet_desk.silent(NOW) == {"cam_0"})  # noqa: B023
                assert app.fleet.fleet_desk.silent(NOW + timedelta(hours=9)) == frozenset()
