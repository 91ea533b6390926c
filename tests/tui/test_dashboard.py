"""What the dashboard does, over a fake recorder: messages and requests first, the picture second."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from textual.widgets import Button

from tests.tui.fakes import NOW, FakeRecorder, camera, log_line, recorder_snapshot, segment
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.footage import Gap, GapCause, SegmentVerdict
from vmstui.model import CameraState, Changeover, Event, EventKind, LeftBehind, StorageSnapshot
from vmstui.tui.actions import Scope
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.leave import Leave, stopped
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.help import Help
from vmstui.tui.screens.too_small import TooSmall


def shows(app: Dashboard, words: str) -> bool:
    return words in screen_text(app)


FLEET = recorder_snapshot(*(camera(f"cam_{n}", pid=100 + n) for n in range(5)))


# ------------------------------------------------------------------------------------------------------- the cursor


async def test_the_cursor_stays_on_its_camera_when_the_order_changes() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("down", "down")
        assert app.fleet.table.selected_id == "cam_2"
        changed = replace(FLEET, cameras=(*FLEET.cameras[:4], camera("cam_4", CameraState.BACKOFF)))
        recorder.send(changed)
        await until(pilot, lambda: app.picture.snapshot is changed)
        await pilot.pause()
        assert [c.id for c in app.fleet.table.cameras] == ["cam_4", "cam_0", "cam_1", "cam_2", "cam_3"]
        assert app.fleet.table.selected_id == "cam_2"
        await pilot.press("r", "y")
        await until(pilot, lambda: recorder.calls)
        assert recorder.calls == [("restart", ("cam_2",))]


async def test_a_camera_that_vanishes_hands_the_cursor_to_its_neighbour() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("end")
        fewer = replace(FLEET, cameras=FLEET.cameras[:3])
        recorder.send(fewer)
        await until(pilot, lambda: app.fleet.table.selected_id == "cam_2")
        recorder.send(replace(FLEET, cameras=()))
        await until(pilot, lambda: app.fleet.table.selected_id is None)


async def test_256_cameras_can_be_walked_through_and_the_cursor_stays_in_sight() -> None:
    recorder = FakeRecorder()
    many = recorder_snapshot(*(camera(f"cam_{n:03d}", pid=1000 + n) for n in range(256)))
    async with dashboard(recorder, many) as (app, pilot):
        assert "✔ 256/256 recording" in screen_text(app)
        await pilot.press("end")
        await pilot.pause()
        assert app.fleet.table.selected_id == "cam_255"
        assert "▌● recording    Cam 255" in screen_text(app)
        assert "state " in screen_text(app).splitlines()[1], "the header does not scroll away"
        await pilot.press("pageup", "k")
        await pilot.pause()
        assert "▌● recording" in screen_text(app)
        await pilot.press("home")
        await pilot.pause()
        assert app.fleet.table.selected_id == "cam_000"


async def test_a_click_selects_and_a_double_click_opens_the_details() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.click("#fleet", offset=(20, 3))
        await until(pilot, lambda: app.fleet.table.selected_id == "cam_2")
        await pilot.click("#fleet", offset=(20, 4), times=2)
        await until(pilot, lambda: app.fleet.details_pane.camera == "cam_3")
        assert app.fleet.chosen is Pane.DETAILS


# --------------------------------------------------------------------------------------------------------- requests


async def test_restart_names_the_camera_and_the_cost_and_no_has_the_focus() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert isinstance(app.screen, Confirm)
        for words in ("Restart Cam 0?", "1–3 s of footage are lost", "closed cleanly", "cam_0_20251020_075346.mp4"):
            assert words in app.screen.text
        assert isinstance(app.focused, Button)
        assert app.focused.id == "no"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.fleet)
        assert recorder.calls == []


@pytest.mark.parametrize(("keys", "asked"), [("n", 0), ("escape", 0), ("q", 0), ("y", 1), ("left,enter", 1)])
async def test_restart_is_sent_only_after_yes(keys: str, asked: int) -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.focused, Button))
        await pilot.press(*keys.split(","))
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.pause()
        assert len(recorder.calls) == asked
        assert app.is_running


async def test_a_key_press_shows_at_once_and_its_end_is_told() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("r", "y")
        await until(pilot, lambda: "● restarting" in screen_text(app))
        cost = Changeover(1, 2, -1.24, 0, True, NOW)
        for measured in (None, cost):  # what it cost is known a moment later than that it records
            now = camera("cam_0", pid=777, generation=2, since=NOW, changeover=measured)
            recorder.send(replace(FLEET, cameras=(now, *FLEET.cameras[1:])))
        told = "Cam 0 records again, PID 777: no frame lost: generation 2 overlaps 1 by 1.2 s."
        await until(pilot, lambda: told in toasts(app))
        assert "restarting" not in screen_text(app)


@pytest.mark.parametrize(
    ("action", "state", "title"),
    [
        ("camera.restart", CameraState.BACKOFF, "Try Lobby now?"),
        ("camera.start", CameraState.STOPPED, "Record Lobby?"),
    ],
)
async def test_a_camera_chosen_by_name_is_never_touched_without_a_question(
    action: str, state: CameraState, title: str
) -> None:
    """The palette may have highlighted another one than was meant."""
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera(state=state))) as (app, pilot):
        chosen = next(entry for entry in app.actions if entry.id == action)
        app.perform(chosen, "lobby")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert title in app.screen.text
        assert recorder.calls == []


async def test_a_camera_in_back_off_is_tried_without_a_question_for_there_is_nothing_to_lose() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera(state=CameraState.BACKOFF))) as (_, pilot):
        await pilot.press("r")
        await until(pilot, lambda: recorder.calls == [("restart", ("lobby",))])


async def test_a_refused_password_is_tried_again_only_after_a_warning() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera(state=CameraState.AUTH_FAILED))) as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert "locking the account" in app.screen.text


async def test_stop_asks_and_start_does_not() -> None:
    recorder = FakeRecorder()
    fleet = recorder_snapshot(camera("a"), camera("b", CameraState.STOPPED, wanted=False))
    async with dashboard(recorder, fleet) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("stop", ("a",))])
        await pilot.press("down", "s")
        await until(pilot, lambda: recorder.calls[1:] == [("start", ("b",))])


async def test_a_refusal_is_shown_in_the_recorders_words() -> None:
    recorder = FakeRecorder(refuses="Camera 'lobby' is disabled [in the configuration].")
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        await pilot.press("r", "y")
        await until(pilot, lambda: "is disabled [in the configuration]." in toasts(app))
        assert "restarting" not in screen_text(app)


# ---------------------------------------------------------------------------------------------------------- leaving


async def test_q_leaves_and_says_that_recording_goes_on() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value is Leave.DETACHED
    assert "recording goes on" in Leave.DETACHED.sentence
    assert recorder.calls == []
    assert recorder.closed


async def test_shift_q_asks_names_what_ends_and_then_stops_everything() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        assert "5 workers will end: Cam 0, Cam 1" in app.screen.text
        await pilot.press("n")
        await until(pilot, lambda: app.screen is app.fleet)
        assert recorder.calls == []
        await pilot.press("Q", "y")
        await until(pilot, lambda: app.return_value is Leave.STOPPED)
    assert recorder.calls == [("shutdown", ())]


async def test_nobody_is_told_that_recording_goes_on_while_it_is_being_stopped() -> None:
    recorder = FakeRecorder()
    recorder.stopped = asyncio.Event()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: recorder.calls == [("shutdown", ())])
        await pilot.press("q")
        await until(pilot, lambda: "Recording is being stopped" in toasts(app))
        assert app.return_value is None
        recorder.stopped.set()
        await until(pilot, lambda: app.return_value is Leave.STOPPED)


async def test_what_a_person_agreed_to_stop_is_asked_of_the_recorder_before_a_signal_ends_the_dashboard() -> None:
    recorder = FakeRecorder(sending=asyncio.Event(), stopped=asyncio.Event())
    assert recorder.sending is not None
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: app._stopping)
        app._leave_at_once()
        await pilot.pause(0.1)
        assert app.return_value is None
        recorder.sending.set()
        await until(pilot, lambda: app.return_value is Leave.STOPPING)
        app.has_left()
    assert recorder.calls == [("shutdown", ())]


async def test_a_signal_while_recording_is_being_stopped_leaves_at_once_and_says_so() -> None:
    recorder = FakeRecorder(stopped=asyncio.Event())
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: recorder.calls)
        app._leave_at_once()
        app.has_left()
        assert app.return_value is Leave.STOPPING
    assert "is being stopped" in Leave.STOPPING.sentence


async def test_a_recorder_that_is_gone_before_it_was_asked_has_stopped_nothing() -> None:
    recorder = FakeRecorder(sending=asyncio.Event())
    assert recorder.sending is not None
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: app._stopping)
        recorder.reachable = False
        recorder.lose()
        await until(pilot, lambda: recorder.connections > 2)
        recorder.sending.set()
        await until(pilot, lambda: "Nothing was stopped: nothing listens on" in toasts(app))
        assert app.return_value is None
        recorder.reachable = True
        recorder.send(FLEET)  # and it is still looked for
        await until(pilot, lambda: not app._stopping and not app.picture.link.lost)
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is Leave.DETACHED)


async def test_a_recorder_that_dies_while_it_stops_recording_is_not_said_to_have_stopped_it() -> None:
    recorder = FakeRecorder(left=None)
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: app.return_value is Leave.UNTOLD)
    assert "nobody can say whether workers go on" in Leave.UNTOLD.sentence
    assert Leave.UNTOLD.exit_status == 3


async def test_what_stopping_left_behind_is_said_after_leaving() -> None:
    recorder = FakeRecorder(left=LeftBehind(("cam_3",), 2))
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("Q", "y")
        await until(pilot, lambda: app.return_value is not None)
        leave = app.return_value
    assert leave is not None
    assert "these workers could not be killed: cam_3." in leave.sentence
    assert "segments of 2 cameras stay in the spool" in leave.sentence
    assert "Recording is stopped" not in leave.sentence
    assert leave.exit_status == 1
    assert "Recording is stopped" in stopped(LeftBehind((), 1)).sentence


async def test_ctrl_c_and_ctrl_q_never_stop_recording() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "q leaves, recording goes on" in toasts(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_value is Leave.DETACHED)
    assert recorder.calls == []


# ------------------------------------------------------------------------------------------------- lost connections


async def test_a_lost_service_is_a_banner_greys_the_picture_and_is_reached_again() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        recorder.reachable = False
        recorder.lose()
        await until(pilot, lambda: "No recorder answers" in screen_text(app))
        assert app.fleet.has_class("-stale")
        assert "Cam 0" in screen_text(app), "the last picture stays"
        assert "old; the workers may well go on recording" in " ".join(screen_text(app).split())
        assert screen_text(app).startswith(" ✖ not connected "), "a verdict of the past is no verdict"
        tries = recorder.connections
        await until(pilot, lambda: recorder.connections > tries + 2)
        recorder.reachable = True
        recorder.send(FLEET)
        await until(pilot, lambda: not app.fleet.has_class("-stale"))
        assert "No recorder answers" not in screen_text(app)


async def test_a_service_that_was_never_there_is_waited_for() -> None:
    recorder = FakeRecorder(reachable=False)
    async with dashboard(recorder) as (app, pilot):
        await until(pilot, lambda: "nothing listens on /run/vmstui/control.sock" in screen_text(app))
        recorder.reachable = True
        recorder.send(FLEET)
        await until(pilot, lambda: "5/5 recording" in screen_text(app))


async def test_leaving_without_a_service_promises_nothing() -> None:
    recorder = FakeRecorder(reachable=False)
    async with dashboard(recorder) as (app, pilot):
        await until(pilot, lambda: app.picture.link.lost)
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is Leave.LOST)


async def test_no_usable_storage_is_a_banner_that_goes_when_it_is_cured() -> None:
    recorder = FakeRecorder()
    broken = StorageSnapshot("/srv/rec", False, "no such folder", 0, 0, "/srv")
    async with dashboard(recorder, replace(FLEET, storage=broken)) as (app, pilot):
        assert "/srv/rec is not usable: no such folder." in screen_text(app)
        recorder.send(FLEET)
        await until(pilot, lambda: "not usable" not in screen_text(app))


async def test_an_empty_configuration_says_where_to_add_a_camera() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot()) as (app, pilot):
        text = screen_text(app)
        assert "No camera is configured" in text
        assert "/etc/vmstui/vmstui.yaml" in text
        await pilot.press("r", "s", "enter", "l", "O", "down", "y", "escape")
        await pilot.pause()
        assert recorder.calls == []


# ------------------------------------------------------------------------------------------------------------ panes


async def test_on_80x24_a_pane_takes_the_place_of_the_fleet_and_escape_brings_it_back() -> None:
    recorder = FakeRecorder(lines=[log_line(1, "Connection refused")])
    many = recorder_snapshot(*(camera(f"cam_{n}", pid=100 + n) for n in range(15)))
    async with dashboard(recorder, many) as (app, pilot):
        assert "Cam 14" in screen_text(app)
        for key, words in (
            ("enter", "6 samples over 30 s"),
            ("o", "being written"),
            ("h", "Nothing has happened to this camera yet"),
            ("l", "Log Cam 0"),
        ):
            await pilot.press(key)
            await until(pilot, partial(shows, app, words))
            assert "Cam 14" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "Cam 14" in screen_text(app))
        assert app.focused is app.fleet.table


async def test_on_120x40_details_are_below_the_fleet() -> None:
    async with dashboard(FakeRecorder(), FLEET, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "very stable" in screen_text(app))
        assert "Cam 4" in screen_text(app)


async def test_on_160x45_fleet_details_and_log_are_seen_at_once() -> None:
    recorder = FakeRecorder(lines=[log_line(1, "hello from ffmpeg", camera="cam_0")])
    async with dashboard(recorder, FLEET, size=(160, 45)) as (app, pilot):
        await until(pilot, lambda: "hello from ffmpeg" in screen_text(app) and "very stable" in screen_text(app))
        assert "Cam 4" in screen_text(app)


async def test_only_what_is_seen_is_asked_for() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await until(pilot, lambda: app.fleet.details_pane.details)
        assert recorder.log_questions == []
        await pilot.press("l")
        await until(pilot, lambda: len(recorder.log_questions) > 1)
        await pilot.press("escape")
        await until(pilot, lambda: not app.fleet.log_pane.display)
        asked = len(recorder.log_questions)
        await pilot.pause(0.8)
        assert len(recorder.log_questions) == asked


async def test_brackets_go_to_another_camera_without_leaving_the_pane() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("enter", "]", "]", "[")
        await until(pilot, lambda: (d := app.fleet.details_pane.details) is not None and d.id == "cam_1")
        assert app.focused is app.fleet.details_pane.body


async def test_the_details_show_what_a_person_would_look_up() -> None:
    async with dashboard(FakeRecorder(), recorder_snapshot(camera()), size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "very stable" in screen_text(app))
        text = screen_text(app)
        for words in (
            "6 samples over 30 s: 46.7  46.5  46.5  46.7  46.8  46.8 %",
            "min 46.5  max 46.8",
            "h265 by libx265 into /srv/recordings/lobby",
            "h264 by libx264 at rtsp://127.0.0.1:8554/lobby",
            "PID 101613 · generation 1",
            "ffmpeg -hide_banner -i /run/vmstui/lobby.ffconcat",
            "worker started, PID 101613",
        ):
            assert words in text


async def test_segments_show_their_check_and_the_gaps_between_them() -> None:
    torn = segment(minutes_ago=9, duration_s=97.0, verdict=SegmentVerdict.PARTIAL, reason="the worker died")
    gap = Gap("lobby", torn.ended_at, 83.0, GapCause.MACHINE, "killed by the kernel")
    recorder = FakeRecorder(closed_segments=(segment(minutes_ago=3), segment(minutes_ago=6), torn), gaps=(gap,))
    async with dashboard(recorder, recorder_snapshot(camera()), size=(120, 40)) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: "◐ partial" in screen_text(app))
        text = screen_text(app)
        assert "01:23          ▼ gap      machine: killed by the kernel" in text
        assert "the worker died" in text
        assert "3 segments" in text
        recorder.closed_segments = (segment(minutes_ago=0), *recorder.closed_segments)
        recorder.send(recorder_snapshot(camera(last_segment=segment(minutes_ago=0))))
        await until(pilot, lambda: "4 segments" in screen_text(app))


def happened(*numbers: int) -> tuple[Event, ...]:
    """Events of cam_0, each with a line of evidence."""
    return tuple(
        Event(NOW + timedelta(seconds=number), "cam_0", EventKind.EXIT, f"death {number:03d}", measured="signal 9")
        for number in numbers
    )


async def test_the_history_is_shown_newest_first_and_follows_the_camera() -> None:
    recorder = FakeRecorder(events=(*happened(1, 2), replace(happened(3)[0], camera="cam_1", text="of another")))
    async with dashboard(recorder, FLEET, size=(120, 40)) as (app, pilot):
        await pilot.press("h")
        await until(pilot, lambda: "✖ exit        death 002" in screen_text(app))
        text = screen_text(app)
        assert text.index("death 002") < text.index("measured: signal 9") < text.index("death 001")
        assert "2 events" in text
        assert app.focused is app.fleet.history_pane.body
        await pilot.press("]")
        await until(pilot, lambda: "of another" in screen_text(app))
        assert "death" not in screen_text(app)


async def test_the_history_is_asked_for_only_when_something_happened() -> None:
    recorder = FakeRecorder(events=happened(*range(30)))
    async with dashboard(recorder, FLEET) as (app, pilot):
        pane = app.fleet.history_pane
        await pilot.press("h")
        await until(pilot, lambda: pane.events)
        for number in range(3):
            tick = replace(FLEET, at=NOW + timedelta(seconds=number))
            recorder.send(tick)
            await until(pilot, lambda tick=tick: app.picture.snapshot is tick)  # type: ignore[misc]
        assert recorder.history_questions == [("cam_0", 500)]
        recorder.events += happened(31)
        recorder.send(replace(FLEET, cameras=(replace(FLEET.cameras[0], event_at=NOW), *FLEET.cameras[1:])))
        await until(pilot, lambda: "death 031" in screen_text(app))
        assert recorder.history_questions[1:] == [("cam_0", 20)]
        assert pane.events == recorder.events
        recorder.events = happened(*range(100, 130))  # more than was asked for, and nothing that was known
        recorder.send(replace(FLEET, cameras=(replace(FLEET.cameras[0], event_at=None), *FLEET.cameras[1:])))
        await until(pilot, lambda: pane.events == recorder.events)


async def test_what_is_read_in_the_history_stays_where_it_is_when_something_happens() -> None:
    recorder = FakeRecorder(events=happened(*range(60)))
    async with dashboard(recorder, FLEET) as (app, pilot):
        pane = app.fleet.history_pane

        def top() -> str:
            """The first line of the history that is in sight."""
            lines = screen_text(app).splitlines()
            return lines[next(row for row, line in enumerate(lines) if "History Cam 0" in line) + 1].strip("│ ▁▂▃▄▅▆▇█")

        def happens(event: Event) -> None:
            recorder.events += (event,)
            cam_0 = replace(FLEET.cameras[0], event_at=event.at)
            recorder.send(replace(FLEET, cameras=(cam_0, *FLEET.cameras[1:])))

        await pilot.press("h")
        await until(pilot, lambda: "death 059" in top())
        happens(happened(60)[0])
        await until(pilot, lambda: "death 060" in top())
        await pilot.press("pagedown", "down", "down", "down")
        await until(pilot, lambda: pane.text.scroll_y == pane.text.scroll_target_y > 5)
        before = top()
        happens(happened(61)[0])
        happens(happened(62)[0])
        await until(pilot, lambda: "2 new above" in screen_text(app))
        assert top() == before
        await pilot.resize_terminal(70, 24)
        await until(pilot, lambda: pane.size.width == 70)
        assert top() == before
        await pilot.press("home")
        await until(pilot, lambda: "death 062" in top() and "new above" not in screen_text(app))


async def test_the_fleet_filter_works_while_it_is_typed_and_escape_drops_it() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("slash", *"cam_3")
        await until(pilot, lambda: [c.id for c in app.fleet.table.cameras] == ["cam_3"])
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is app.fleet.table)
        assert app.fleet.selected is not None
        assert app.fleet.selected.id == "cam_3"
        await pilot.press("escape")
        await until(pilot, lambda: len(app.fleet.table.cameras) == 5)
        await pilot.press("slash", *"!cam_3", "escape")
        await until(pilot, lambda: len(app.fleet.table.cameras) == 5)
        await pilot.press("slash", *"zzz", "enter")
        await until(pilot, lambda: "No camera matches 'zzz'" in screen_text(app))


async def test_y_copies_the_command() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: app.fleet.details_pane.details)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("ffmpeg -hide_banner -i /run/vmstui/cam_0.ffconcat"))


# ------------------------------------------------------------------------------------------------------------- size


async def test_a_terminal_that_is_too_small_says_what_it_needs_and_recovers() -> None:
    async with dashboard(FakeRecorder(), FLEET, size=(50, 12)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, TooSmall))
        await pilot.pause()
        text = " ".join(screen_text(app).split())
        assert "vmstui needs 60x16, it has 50x12" in text
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.screen is app.fleet)
        await until(pilot, lambda: "5/5 recording" in screen_text(app))
        await pilot.resize_terminal(59, 24)
        await until(pilot, lambda: isinstance(app.screen, TooSmall))
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is Leave.DETACHED)


async def test_a_dialog_survives_a_terminal_that_shrinks_for_a_while() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: isinstance(app.screen, TooSmall))
        await pilot.press("y")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert recorder.calls == []


@pytest.mark.parametrize("size", [(60, 16), (61, 17), (80, 24), (100, 30), (120, 40), (160, 45), (250, 70)])
async def test_the_footer_and_every_line_fit(size: tuple[int, int]) -> None:
    snapshot = recorder_snapshot(
        *(camera(f"cam_{n}", CameraState.BACKOFF if n == 1 else CameraState.RECORDING) for n in range(6))
    )
    async with dashboard(FakeRecorder(lines=[log_line(1)]), snapshot, size=size) as (app, pilot):
        for key in ("", "enter", "l", "O", "h", "slash"):
            if key:
                await pilot.press(key)
            await pilot.pause(0.05)
            lines = screen_text(app).splitlines()
            assert len(lines) == size[1]
            assert all(len(line) == size[0] for line in lines)
            assert "q leave" in lines[-1]
            assert not lines[-1][-1].strip(), "the last word is whole"


# -------------------------------------------------------------------------------------------------- rights and keys


async def test_readonly_has_no_action_that_changes_anything() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET, readonly=True, size=(160, 45)) as (app, pilot):
        last = screen_text(app).splitlines()[-1]
        assert "restart" not in last
        assert "stop" not in last
        await pilot.press("r", "s", "Q")
        await pilot.pause()
        assert app.screen is app.fleet
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help) and "What its ffmpeg says." in screen_text(app))
        text = screen_text(app)
        assert "What its ffmpeg says." in text
        assert "asks first" not in text
        assert recorder.calls == []


async def test_help_shows_every_action_with_its_key() -> None:
    async with dashboard(FakeRecorder(), FLEET, size=(120, 340)) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help) and "unkillable" in screen_text(app))
        text = screen_text(app)
        for action in app.actions:
            assert action.scope is Scope.FIRST or action.help[:50] in text
        assert "unkillable" in text
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


async def test_the_footer_can_be_clicked() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        footer = screen_text(app).splitlines()[-1]
        await pilot.click("#keys", offset=(footer.index("log"), 0))
        await until(pilot, lambda: app.fleet.chosen is Pane.LOG)


async def test_stale_data_says_so_by_itself() -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        app._seen_at -= 30
        await until(pilot, lambda: "sent nothing for 3" in screen_text(app))
        assert screen_text(app).startswith(" ✖ no news ")


async def test_in_back_off_the_row_counts_down() -> None:
    recorder = FakeRecorder()
    waiting = camera(state=CameraState.BACKOFF, reason="No route", next_start_at=NOW + timedelta(seconds=28))
    async with dashboard(recorder, recorder_snapshot(waiting)) as (app, pilot):
        assert "retry 28 s" in screen_text(app)
        recorder.send(recorder_snapshot(waiting, at=NOW + timedelta(seconds=3)))
        await until(pilot, lambda: "retry 25 s" in screen_text(app))
