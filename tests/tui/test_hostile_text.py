"""Camera names and ffmpeg text may hold anything; the terminal gets harmless text and the app lives on."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest

from tests.tui.fakes import (
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
from vmstui.model import CameraState, LogLevel
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.source import harmless

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


@pytest.mark.parametrize("text", HOSTILE)
async def test_names_reasons_and_lines_are_shown_harmless_everywhere(text: str) -> None:
    bad = camera("bad", CameraState.BACKOFF, name=text, reason=text)
    good = camera("good", name=text, last_segment=segment(path=f"/rec/{text}.mp4", reason=text), fallback=text)
    recorder = FakeRecorder(
        lines=[log_line(1, text, LogLevel.ERROR, "bad"), log_line(2, text, LogLevel.ERROR, "good")],
        closed_segments=(segment(path=f"/rec/{text}.mp4", reason=text),),
    )
    found = explained("", None, camera="bad", text=text, level="error", cause=text, action=text, source=text,
                      numbers={text: 1}, follows=text, examples=(text, text + "x"))  # fmt: skip
    known = acknowledged(note=text, by=text, fingerprint=text)
    recorder.page = findings_page(
        found, replace(found, acknowledgement=known, is_quiet=True),
        incidents=(incident("bad", "good", text=text, action=text, key=text),),
    )  # fmt: skip
    recorder.meanings = {text: (text, Severity.DEGRADED)}
    snapshot = recorder_snapshot(bad, good, host=text, incidents=recorder.page.incidents)
    async with dashboard(recorder, snapshot, size=(160, 45)) as (app, pilot):
        for keys in (("f",), ("end", "enter", "down", "enter"), ("escape", "A"), ("escape", "a"), ("escape", "c")):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("l", "v", "up")
        await pilot.pause(0.05)
        assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))
        await pilot.press("escape")
        app.fleet.table.select("bad")
        for key in ("down", "l", "O", "enter", "question_mark", "escape", "colon"):
            await pilot.press(key)
            await pilot.pause(0.05)
            assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))
        await pilot.press(*"restart", "escape", "escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("restart", ("good",))])
        assert app.is_running


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
