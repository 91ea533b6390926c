"""Camera names and ffmpeg text may hold anything; the terminal gets harmless text and the app lives on."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import (
    NOW,
    FakeRecorder,
    acknowledged,
    camera,
    explained,
    findings_page,
    incident,
    log_line,
    recorder_snapshot,
    segment,
)
from tests.tui.screens import dashboard, screen_text, until
from vmstui.findings import Severity
from vmstui.logged import LogLevel
from vmstui.model import CameraState, Event, EventKind, RecorderSnapshot
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.source import Harmless, harmless
from vmstui.tui.widgets.details import DetailsPane

HOSTILE = [
    "\x1b]0;owned\x07Gate",
    "\x1b[2J\x1b[HGate",
    "[/rec/cam012/a.mp4]",
    "[rtsp @ 0x55d1] [bold red on]",
    "[@click=app.leave]Gate[/]",
    "\u202egateevil\u2066\u200f",
    "Gate\nNorth\r\x00\x9b31m",
    "Cửa Bắc 東口 \U0001f3a5 e\u0301",
    "$background {{x}} %s",
    "",
]
FORBIDDEN = {"\x1b", "\x07", "\x9b", "\x00", "\n", "\r", "\u202e", "\u2066", "\u200f"}


def hostile_recorder() -> tuple[FakeRecorder, RecorderSnapshot]:
    """Of each text a camera in trouble and one that is well, everything of which is called so."""
    recorder, cameras, found, incidents = FakeRecorder(), [], [], []
    for nth, text in enumerate(HOSTILE):
        bad, good = f"bad_{nth}", f"good_{nth}"
        cameras += [
            camera(bad, CameraState.BACKOFF, name=text, reason=text),
            camera(good, name=text, last_segment=segment(path=f"/rec/{text}.mp4", reason=text), fallback=text),
        ]
        recorder.lines += [
            log_line(2 * nth + 1, text, LogLevel.ERROR, bad),
            log_line(2 * nth + 2, text, LogLevel.ERROR, good),
        ]
        recorder.closed_segments += (segment(path=f"/rec/{text}.mp4", reason=text),)
        recorder.events += (Event(NOW - timedelta(minutes=nth), good, EventKind.EXIT, text, text, text, text, text),)
        recorder.meanings[text] = (text, Severity.DEGRADED)
        one = explained("", None, camera=bad, text=text, level="error", cause=text, action=text, source=text,
                        numbers={text: 1}, follows=text, examples=(text, text + "x"))  # fmt: skip
        known = acknowledged(note=text, by=text, fingerprint=text)
        found += [one, replace(one, acknowledgement=known, is_quiet=True)]
        incidents.append(incident(bad, good, text=text, action=text, key=text))
    recorder.page = findings_page(*found, incidents=tuple(incidents))
    return recorder, recorder_snapshot(*cameras, incidents=tuple(incidents))


async def look_after(pilot: Pilot[Leave], *keys: str) -> None:
    await pilot.press(*keys)
    assert not FORBIDDEN & set(screen_text(pilot.app).replace("\n", "")), keys


async def test_names_reasons_and_lines_are_shown_harmless_on_every_screen() -> None:
    recorder, snapshot = hostile_recorder()
    async with dashboard(recorder, snapshot, size=(160, 45)) as (app, pilot):
        for nth, text in enumerate(HOSTILE, 1):
            recorder.send(replace(snapshot, host=text, at=snapshot.at + timedelta(seconds=nth)))
            await until(pilot, partial(has_come, app, snapshot.at + timedelta(seconds=nth)))
            await look_after(pilot)
        await look_after(pilot, "f")
        await until(pilot, lambda: recorder.finding_questions)
        for _ in HOSTILE:
            await look_after(pilot, "down", "down")
        for keys in (("enter", "down", "enter"), ("escape", "A"), ("escape", "a"), ("escape", "c")):
            await look_after(pilot, *keys)
        for key in "2345678B1":
            await look_after(pilot, key)
            await pilot.pause(0.2)  # what it asks for has mostly come then
            await look_after(pilot)
        await until(pilot, lambda: app.screen is app.fleet)
        await look_after(pilot, "l", "a")
        await until(pilot, lambda: len(app.fleet.log_pane.log_body.view.ring) >= len(recorder.lines))
        await look_after(pilot, "v", "up")
        for key in ("v", "O", "enter", "question_mark", "escape", "colon"):
            await look_after(pilot, key)
        await look_after(pilot, *"restart")
        assert app.is_running


async def test_everything_of_a_camera_is_shown_harmless_and_its_keys_mean_it() -> None:
    recorder, snapshot = hostile_recorder()
    async with dashboard(recorder, snapshot, size=(160, 45)) as (app, pilot):
        await pilot.press("2")
        for _ in snapshot.cameras:
            await until(pilot, lambda: camera_shown(app) == app.tour.selected)
            await look_after(pilot)
            await look_after(pilot, "right_square_bracket")
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.fleet)
        for nth, _ in enumerate(HOSTILE):
            app.fleet.table.select(f"good_{nth}")
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await look_after(pilot, "y")
            await until(pilot, partial(was_asked, recorder, nth))
        assert app.is_running


def has_come(app: Dashboard, at: datetime) -> bool:
    """Whether the picture of that time is shown."""
    return app.picture.snapshot is not None and app.picture.snapshot.at == at


def was_asked(recorder: FakeRecorder, nth: int) -> bool:
    """Whether the one request after so many was to restart that camera."""
    return recorder.calls[nth:] == [("restart", (f"good_{nth}",))]


def camera_shown(app: Dashboard) -> str | None:
    """Whose details have come."""
    screen = app.view
    assert isinstance(screen, PanesScreen)
    details = screen.pane(DetailsPane).details
    return details.id if details is not None else None


async def test_square_brackets_are_shown_as_they_are() -> None:
    recorder = FakeRecorder(lines=[log_line(1, "[rtsp @ 0x55d1] closed [/rec/a.mp4]")])
    snapshot = recorder_snapshot(camera(name="Gate [North]"))
    async with dashboard(recorder, snapshot) as (app, pilot):
        assert "Gate [North]" in screen_text(app)
        await pilot.press("l")
        await until(pilot, lambda: "[rtsp @ 0x55d1] closed [/rec/a.mp4]" in screen_text(app))


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in strings(item)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in strings(getattr(value, field.name))]
    return []


def test_everything_that_enters_is_cleaned_at_any_depth() -> None:
    text = HOSTILE[0]
    snapshot = recorder_snapshot(camera(name=text, last_segment=segment(path=text, reason=text)), host=text)
    assert any("\x1b" in found for found in strings(snapshot))
    cleaned = harmless(snapshot)
    assert not any(FORBIDDEN & set(found) for found in strings(cleaned))
    assert cleaned.cameras[0].state is CameraState.RECORDING


def test_numbers_by_name_are_cleaned_as_well() -> None:
    found = harmless(explained(numbers={HOSTILE[0]: 3}))
    assert found.finding.numbers == {"Gate": 3}
    assert harmless(found) is found


def test_what_is_clean_already_is_not_copied() -> None:
    snapshot = recorder_snapshot(camera())
    assert harmless(snapshot) is snapshot


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_again_is_as_harmless_as_what_comes_first(text: str) -> None:
    usual = recorder_snapshot(camera("a"), camera("b", open_segment=None), camera("c"))
    steered = replace(usual, cameras=(usual.cameras[0], camera("b", reason=text), replace(usual.cameras[2], name=text)))
    cleaned = Harmless[RecorderSnapshot]()
    for each in (usual, steered, steered, replace(steered, cpu_count=3), usual, replace(usual, cameras=()), steered):
        assert cleaned(each) == harmless(each)
    assert cleaned(usual) is usual
