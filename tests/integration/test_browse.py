"""Browsing on the dashboard over a real recorder: what keys do is seen by commands and by other programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.integration.export_support import packets, pictures
from tests.integration.harness import Recorder
from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.integration.test_recorder import MakeCameras, recording
from vmstui.control.client import Client
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.export import Export
from vmstui.tui.screens.still import Still
from vmstui.tui.stretch import Kind, Row


@asynccontextmanager
async def browsing(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Dashboard, Pilot[Leave]]]:
    """The dashboard with the segments pane open, as this user's."""
    for name in ("VMSTUI_STATE", "VMSTUI_RUNTIME", "VMSTUI_CONFIG"):
        monkeypatch.setenv(name, recorder.environment[name])
    app = Dashboard(Client(recorder.socket))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(lambda: app.picture.snapshot is not None)
        await pilot.press("o")
        await until(lambda: app.fleet.segments_pane.list.has_focus and row(app))
        yield app, pilot


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that must come."""
    for _ in range(800):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("waited 40 s in vain")


def row(app: Dashboard) -> Row | None:
    return app.fleet.segments_pane.list.row


async def test_a_still_of_the_open_segment_a_lock_and_an_export_by_keys(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording(recorder, simulated)
    await asyncio.to_thread(recorder.wait_catalogued, 3)
    monkeypatch.chdir(tmp_path)
    async with browsing(recorder, monkeypatch) as (app, pilot):
        await until(lambda: (found := row(app)) is not None and found.kind is Kind.OPEN)
        await pilot.press("p")
        await until(lambda: isinstance(app.screen, Still) and app.screen.picture.bitmap is not None)
        assert isinstance(app.screen, Still)
        bitmap = app.screen.picture.bitmap
        assert bitmap is not None
        assert abs(bitmap.width / bitmap.height - 320 / 180) < 0.1
        assert len(set(bitmap.rgb)) > 20, "a picture, not a plain colour"
        assert app.screen.told.startswith("cam1, being recorded")
        await pilot.press("escape")

        await pilot.press("down", "space", "down", "L")
        await until(lambda: isinstance(app.screen, Ask))
        await pilot.press(*"fight", "enter")
        await until(lambda: (found := row(app)) is not None and found.lock is not None)
        listed = await asyncio.to_thread(recorder.command, "locks", "--json")
        lock = json.loads(listed.stdout)
        assert (lock["camera"], lock["note"]) == ("cam1", "fight")
        assert lock["segments"] >= 2

        meant = app.fleet.segments_pane.list.meant
        assert meant is not None
        await pilot.press("e")
        await until(lambda: isinstance(app.screen, Ask))
        app.screen.query_one(Input).value = "film.mp4"
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Export) and app.screen.ended)
        assert isinstance(app.screen, Export)
        assert app.screen.said.startswith(f"{tmp_path}/film.mp4\n"), app.screen.said
        await pilot.press("escape")
    film = tmp_path / "film.mp4"
    assert len(pictures(film)) == len(packets(film)) > 0
    assert pictures(film)[-1] == pytest.approx(meant.length_s, abs=2.5), "two segments, from keyframe to keyframe"
    shown = await asyncio.to_thread(recorder.command, "still", "cam1", "-o", str(tmp_path / "now.png"))
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "now.png").read_bytes().startswith(b"\x89PNG")


def exports_take_their_time(recorder: Recorder) -> None:
    """From now on commands are given an ffmpeg that reads what it joins at a hundredth of its speed."""
    slow = recorder.folder / "slow_ffmpeg"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *concat*) exec {EMBEDDED_FFMPEG} -readrate 0.01 "$@";; esac\n'
        f'exec {EMBEDDED_FFMPEG} "$@"\n'
    )
    slow.chmod(0o755)
    written = recorder.config.read_text(encoding="utf-8")
    recorder.config.write_text(written.replace("ffmpeg: embedded", f"ffmpeg: {slow}"), encoding="utf-8")


async def test_an_export_that_is_cancelled_leaves_nothing(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording(recorder, simulated)
    await asyncio.to_thread(recorder.wait_catalogued)
    out = tmp_path / "out"
    temporary = tmp_path / "temporary"
    for folder in (out, temporary):
        folder.mkdir()
    monkeypatch.chdir(out)
    monkeypatch.setenv("TMPDIR", str(temporary))
    exports_take_their_time(recorder)
    async with browsing(recorder, monkeypatch) as (app, pilot):
        await pilot.press("end", "e")
        await until(lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Export) and app.screen.said.startswith("copying"))
        assert len(list(temporary.iterdir())) == 1
        await pilot.press("escape")
        await until(lambda: app.screen is app.fleet)
        await until(lambda: all(one.is_finished for one in app.workers if one.group == "export"))
        assert list(out.iterdir()) == list(temporary.iterdir()) == []
