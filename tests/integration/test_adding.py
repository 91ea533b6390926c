"""A camera of one's own: looked at, added, recorded; on the command line and from the first screen on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.harness import PASSWORD, REPOSITORY, Recorder, wait_until
from tests.tui.terminal import Terminal
from vmstui.live.client import ProbeError, ProbeErrorKind
from vmstui.live.probe import REMEDIES, probe
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState


def asked(recorder: Recorder, *arguments: str, listens: str = "") -> tuple[int, dict[str, object], str]:
    """Exit code, what was told as JSON, and everything that was printed."""
    done = subprocess.run(
        [sys.executable, "-m", "vmstui", *arguments, "--json"], input=listens + "\n", capture_output=True, text=True,
        env=recorder.environment, cwd=recorder.folder, timeout=90,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def with_login(url: str, user: str = "admin", password: str = PASSWORD) -> str:
    return url.replace("rtsp://", f"rtsp://{user}:{quote(password, safe='')}@")


def test_each_way_to_fail_is_told_with_what_to_look_at(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    url = simulated(1, username="admin", password=PASSWORD).url("cam1")
    for address, password, kind in (
        (url, None, ProbeErrorKind.AUTH),
        (url.replace("cam1", "cam7"), PASSWORD, ProbeErrorKind.NOT_FOUND),
        ("rtsp://127.0.0.1:1/x", PASSWORD, ProbeErrorKind.REFUSED),
        ("rtsp://nobody.invalid/x", PASSWORD, ProbeErrorKind.RESOLVE),
    ):
        with pytest.raises(ProbeError) as failed:
            asyncio.run(probe(address, "admin" if password else None, password))
        assert failed.value.kind is kind
    code, told, all_said = asked(recorder, "probe", "-", listens=with_login(url, password="hunter22"))
    assert (code, told["ok"], told["kind"], told["remedy"]) == (1, False, "auth", REMEDIES[ProbeErrorKind.AUTH])
    assert "refused the user name or password" in str(told["error"])
    assert "hunter22" not in all_said


def test_a_camera_is_added_recorded_changed_and_removed_and_its_password_is_nowhere_to_be_read(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(2, username="admin", password=PASSWORD)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    before = recorder.config.read_text()
    whole = with_login(sources.url("cam2"))
    code, told, all_said = asked(recorder, "add", "-", "--name=Hof", "--dry-run", listens=whole)
    assert code == 0
    assert recorder.config.read_text() == before
    code, done, said = asked(recorder, "add", "-", "--name=Hof", "--yes", f"--expect={told['state']}", listens=whole)
    assert (code, done["running"]) == (0, True), said
    assert "hof: starts" in done["lines"]  # type: ignore[operator]
    worker = recorder.wait_recording("hof").pid
    assert recorder.config.read_text().startswith(before.rstrip("\n"))
    for text in (all_said, said, recorder.config.read_text(), "\n".join(recorder.log(None))):
        assert PASSWORD not in text
        assert quote(PASSWORD, safe="") not in text
    assert asked(recorder, "edit", "hof", "--days=3", "--yes")[0] == 0
    assert recorder.camera("hof").pid == worker, "a limit restarts nothing"
    assert asked(recorder, "remove", "hof", "--yes")[0] == 0
    assert [camera.id for camera in recorder.snapshot().cameras] == ["cam1"]
    assert recorder.config.read_text() == before
    assert not list((recorder.folder / "secrets").iterdir())
    wait_until(lambda: list((recorder.recordings / "Hof").rglob("*.mp4")), "its footage, which stays")


def test_what_the_recorder_refuses_is_taken_back(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(1, username="admin", password=PASSWORD)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    broken = recorder.config.read_text() + "  - {id: other, url: 'rtsp://127.0.0.1:1/x', password: {env: NOT_SET}}\n"
    recorder.config.write_text(broken)
    code, told, _ = asked(recorder, "add", "-", "--name=Hof", "--yes", listens=with_login(sources.url("cam1")))
    assert code == 1
    assert "the recorder refuses it, so nothing was changed" in str(told["error"])
    assert "NOT_SET, which is not set" in str(told["error"])
    assert recorder.config.read_text() == broken
    assert not list((recorder.folder / "secrets").iterdir())


def test_from_nothing_to_a_camera_that_records_by_what_the_screens_say(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras], tmp_path: Path
) -> None:
    sources = simulated(1, username="admin", password=PASSWORD)
    url = sources.url("cam1")
    environment = {key: value for key, value in recorder.environment.items() if os.environ.get(key) != value} | {
        "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path),
    }  # fmt: skip
    with Terminal(["-m", "vmstui"], env=environment) as terminal:
        terminal.wait_for("add a camera")
        terminal.type("a")
        terminal.wait_for("Paste its RTSP address")
        terminal.type(f"\x1b[200~{with_login(url)}\x1b[201~")
        terminal.wait_for("•" * len(PASSWORD))
        assert PASSWORD not in terminal.screen()
        terminal.type("\r")
        terminal.wait_for("a keyframe every", 60.0)
        terminal.wait_for("enter shows what changes in the file")
        terminal.type("\t\x15" + f"{recorder.recordings}\r")
        terminal.wait_for("y writes it", 60.0)
        assert "Camera 1 is recorded into" in terminal.screen()
        terminal.type("y")
        terminal.wait_for("records, PID", 90.0)
        assert recorder.camera("camera_1").state is CameraState.RECORDING
        assert "source     rtsp://" in terminal.screen() or "Details Camera 1" in terminal.screen()
        terminal.type("q")
        assert terminal.wait_for_end() == 0
    assert PASSWORD.encode() not in terminal.raw
    assert quote(PASSWORD, safe="").encode() not in terminal.raw
    assert recorder.config.stat().st_mode & 0o777 == 0o600
    assert f"recordings: {recorder.recordings}\n" in recorder.config.read_text()
