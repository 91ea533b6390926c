"""Cameras are added, changed and removed in the dashboard; the first screen. Commands are the real ones, and write."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.model import CameraState, RecorderSnapshot
from vmstui.tui.camera_desk import CameraDesk
from vmstui.tui.first_run import First, FirstRun
from vmstui.tui.leave import Leave
from vmstui.tui.screens.adding import AddressForm, CameraForm, EditForm, Review

PASSWORD = "p@ss/w#rd"
TEXT = """# Mine.
recordings: /srv/recordings
cameras:
  - id: lobby
    name: Lobby
    url: rtsp://192.0.2.1/1
  - id: gate
    url: rtsp://192.0.2.2/1
"""
LOOK = 2000
"""Tries while a command starts."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration, and no recorder that would read it."""
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    path = tmp_path / "vmstui.yaml"
    path.write_text(TEXT)
    return path


def fleet(config: Path) -> tuple[FakeRecorder, RecorderSnapshot]:
    cameras = (camera("lobby", name="Lobby"), camera("gate", name="gate"))
    return FakeRecorder(), recorder_snapshot(*cameras, config_path=str(config))


def content(path: Path) -> str:
    return path.read_text()


def saved(path: Path, text: str) -> None:
    path.write_text(text)


def words_of(text: str) -> str:
    """However it is wrapped."""
    return " ".join(text.replace("│", " ").split())


async def typed(pilot: Pilot[Leave], text: str) -> None:
    await pilot.press(*("full_stop" if one == "." else one for one in text))


async def test_a_pasted_login_leaves_the_address_for_a_field_that_does_not_show_it(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AddressForm) and isinstance(app.focused, Input))
        app.post_message(Paste(f"rtsp://admin:{PASSWORD}@192.0.2.9:554/1?a=b\n"))
        await until(pilot, lambda: app.screen.query_one("#adding-password", Input).value == PASSWORD)
        assert app.screen.query_one("#adding-url", Input).value == "rtsp://192.0.2.9:554/1?a=b"
        assert app.screen.query_one("#adding-user", Input).value == "admin"
        assert PASSWORD not in screen_text(app)
        assert "•" * len(PASSWORD) in screen_text(app)


async def test_what_is_no_address_is_told_with_what_is_accepted(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AddressForm) and isinstance(app.focused, Input))
        await typed(pilot, "cam.example")
        await pilot.press("enter")
        await until(pilot, lambda: "accepted rtsp://host:port/path" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


async def test_a_camera_that_does_not_answer_is_told_with_what_to_look_at_and_added_all_the_same(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AddressForm) and isinstance(app.focused, Input))
        app.post_message(Paste(f"rtsp://admin:{PASSWORD}@127.0.0.1:1/x"))
        await until(pilot, lambda: app.screen.query_one("#adding-password", Input).value == PASSWORD)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CameraForm) and isinstance(app.focused, Input), LOOK)
        text = words_of(screen_text(app))
        assert "nothing listens there" in text
        assert "Most cameras use" in text  # beside the last word there is what the dialog is over
        assert "enter adds it all the same" in text
        assert app.screen.query_one("#adding-name", Input).value == "Camera 3"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.ready, LOOK)
        assert "+  - id: camera_3" in screen_text(app)
        assert PASSWORD not in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.fleet, LOOK)
        assert content(config).startswith(TEXT)
        assert content(config.parent / "secrets" / "camera_3") == f"{PASSWORD}\n"
        await until(pilot, lambda: "Camera 3 is recorded into /srv/recordings/Camera_3" in toasts(app))


async def test_leaving_it_while_a_camera_is_looked_at_goes_back_and_writes_nothing(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AddressForm) and isinstance(app.focused, Input))
        app.post_message(Paste("rtsp://192.0.2.77/x"))
        await until(pilot, lambda: app.screen.query_one("#adding-url", Input).value == "rtsp://192.0.2.77/x")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CameraForm))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AddressForm))
        assert app.screen.query_one("#adding-url", Input).value == "rtsp://192.0.2.77/x"
        assert content(config) == TEXT


async def test_a_camera_is_changed_in_its_own_lines(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        app.fleet.table.select("lobby")
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, EditForm) and isinstance(app.focused, Input), LOOK)
        await pilot.press("down", "right", "down", "3", "0", "enter")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.ready, LOOK)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.fleet, LOOK)
        added = "    profile: reencode\n    retention: {days: 30}\n"
        assert content(config) == TEXT.replace("192.0.2.1/1\n", f"192.0.2.1/1\n{added}")


async def test_a_removal_says_what_becomes_of_the_footage_and_asks(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        app.fleet.table.select("lobby")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.ready, LOOK)
        assert "its footage stays in" in screen_text(app)
        await pilot.press("enter", "n")
        await until(pilot, lambda: app.screen is app.fleet)
        assert content(config) == TEXT


async def test_a_file_that_was_changed_meanwhile_is_shown_anew_before_it_is_written(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        app.fleet.table.select("lobby")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.ready, LOOK)
        saved(config, TEXT + "timezone: UTC\n")
        await pilot.press("y")
        await until(pilot, lambda: "changed by somebody else" in screen_text(app), LOOK)
        assert "lobby" in content(config)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is app.fleet, LOOK)
        assert content(config).endswith("timezone: UTC\n")
        assert "lobby" not in content(config)


async def test_the_palette_adds_too_and_a_terminal_of_ascii_shows_no_password_either(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first, ascii_only=True) as (app, pilot):
        app.perform(next(action for action in app.actions if action.id == "camera.add"), "")
        await until(pilot, lambda: isinstance(app.screen, AddressForm) and isinstance(app.focused, Input))
        app.post_message(Paste(f"rtsp://admin:{PASSWORD}@192.0.2.9:554/1"))
        await until(pilot, lambda: "*" * len(PASSWORD) in screen_text(app))
        assert screen_text(app).isascii()
        assert PASSWORD not in screen_text(app)


async def test_a_choice_of_many_tells_which_of_how_many() -> None:
    profiles = [f"profile_number_{number}" for number in range(9)]
    async with dashboard(FakeRecorder()) as (app, pilot):
        app.push_screen(EditForm("gate", "Gate", {"profile": profiles[2]}, profiles))
        await until(pilot, lambda: "[profile_number_2]  3 of 9" in screen_text(app))


async def test_a_read_only_dashboard_neither_adds_nor_changes_nor_removes(config: Path) -> None:
    recorder, first = fleet(config)
    async with dashboard(recorder, first, readonly=True) as (app, pilot):
        await pilot.press("A", "E", "D")
        await pilot.pause()
        assert app.screen is app.fleet
        assert not {"camera.add", "camera.edit", "camera.remove"} & {action.id for action in app.actions}


def test_a_camera_that_was_added_is_followed_until_it_records() -> None:
    desk = CameraDesk(FirstRun("/nowhere"), lambda: "/nowhere")
    desk.follow("gate")
    assert desk.look(recorder_snapshot(camera("lobby"))) == (None, [])
    starting = camera("gate", name="Gate", state=CameraState.STARTING, open_segment=None)
    assert desk.look(recorder_snapshot(starting)) == ("gate", [])
    assert desk.look(recorder_snapshot(starting)) == (None, [])
    arrived, sentences = desk.look(recorder_snapshot(camera("gate", name="Gate")))
    assert arrived is None
    assert sentences[0].startswith("Gate records, PID ")
    assert desk.look(recorder_snapshot(camera("gate", name="Gate"))) == (None, [])


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_first_screen_says_what_there_is_to_do_and_does_it(ascii_only: bool) -> None:
    app = FirstRun("/nowhere/vmstui.yaml", ascii_only=ascii_only, also="There is another one.")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = words_of(app.text.text)
        for words in (
            "/nowhere/vmstui.yaml is not there",
            "There is another one.",
            "add a camera",
            "demo",
            "documentation",
        ):
            assert words in text
        assert len(app.text.text.splitlines()) <= 24
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, AddressForm)
        await pilot.press("escape", "down", "enter")
        await pilot.pause()
    assert app.return_value == First(demo=True)


async def test_a_read_only_first_screen_adds_nothing(tmp_path: Path) -> None:
    app = FirstRun(str(tmp_path / "vmstui.yaml"), readonly=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a")
        await pilot.pause()
        assert not isinstance(app.screen, AddressForm)
        assert "add a camera" not in app.text.text
        await pilot.press("q")
    assert app.return_value == First()


async def test_a_long_change_leaves_room_for_the_keys_that_answer_it(config: Path) -> None:
    names = "".join(f"    # a remark, number {number}\n" for number in range(6))
    saved(
        config, TEXT + f"    name: {'Gate ' * 15}\n{names}    username: admin\n    password: {{file: secrets/gate}}\n"
    )
    recorder, first = fleet(config)
    async with dashboard(recorder, first) as (app, pilot):
        app.fleet.table.select("gate")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Review) and app.screen.ready, LOOK)
        text = words_of(screen_text(app))
        assert "its footage stays in" in text
        assert "secrets/gate: a password that nothing needs any more" in text
        assert "lines more" in text
        assert "y writes it n leaves it esc goes back" in text
