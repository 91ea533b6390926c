"""Cameras that do not come back, and workers that do not end: told loudly, and not forgotten by the next service."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.harness import Recorder, read_json, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind
from vmstui.recorder.life import Life, Now, save_life
from vmstui.recorder.machine_events import Past
from vmstui.recorder.process import Exit, Process, boot_id, spawn, take_lock
from vmstui.recorder.record import WorkerRecord, save_record

MakeCameras = Callable[..., SimulatedCameras]
UNWELL_S = 23 * 60 + 5.0


@pytest.fixture
def silent_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def camera_folder(recorder: Recorder, name: str = "cam1") -> Path:
    folder = recorder.folder / "state" / "cameras" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def note_life(recorder: Recorder, boot: str, generation: int, failures: int, past: Past) -> None:
    now = Now(boot, time.monotonic(), datetime.now(UTC))
    save_life(camera_folder(recorder) / "worker.life.json", Life(now, generation, "", failures, past))


def test_a_failing_camera_is_loud_everywhere_and_over_services(recorder: Recorder, silent_port: int) -> None:
    note_life(recorder, "an earlier boot", 0, 6, Past(unwell_since_s=time.monotonic() - UNWELL_S, failing=True))
    recorder.configure([("cam1", f"rtsp://127.0.0.1:{silent_port}/cam1")])
    recorder.start()
    before = recorder.wait_for("failing", lambda camera: camera.state is CameraState.FAILING)
    assert before.failing_since is not None
    assert before.next_start_at is not None
    assert (datetime.now(UTC) - before.failing_since).total_seconds() == pytest.approx(UNWELL_S, abs=60)
    status = recorder.command("status")
    assert status.returncode == 1
    assert "cam1: FAILING for 23 min" in status.stdout or "cam1: FAILING for 24 min" in status.stdout
    told = read_json(recorder.command("status", "--json").stdout)["cameras"][0]
    assert (told["state"], datetime.fromisoformat(told["failing_since"])) == ("failing", before.failing_since)

    recorder.kill_service()
    recorder.start()
    after = recorder.wait_for("failing", lambda camera: camera.state is CameraState.FAILING)
    assert (after.reason, after.failing_since) == (before.reason, before.failing_since)
    assert after.next_start_at is not None
    # The same wait goes on: a service that dies again and again must not hammer the camera.
    assert abs((after.next_start_at - before.next_start_at).total_seconds()) < 1.5
    starts = [event.text for event in recorder.details().events if event.kind is EventKind.NO_START]
    assert len(starts) == 1, starts


@pytest.fixture
def stubborn(recorder: Recorder) -> Iterator[Process]:
    """What looks like a worker of this installation, and tells which signals it gets instead of ending."""
    (recorder.folder / "state" / "installation").write_text("tested\n")
    folder = camera_folder(recorder)
    script = "trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while :; do sleep 0.05; done"
    process = spawn(
        ["/bin/sh", "-c", script],
        marker="tested:cam1:1",
        environment=os.environ,
        stdout=folder / "got",
        stderr=folder / "got",
        lock_fd=take_lock(folder / "lock"),
    )
    yield process
    if process.pidfd >= 0:
        process.send(signal.SIGKILL)
        os.waitid(os.P_PIDFD, process.pidfd, os.WEXITED)
        process.close()


def test_a_worker_that_was_told_to_end_is_told_no_second_time_and_is_followed(
    recorder: Recorder, simulated: MakeCameras, stubborn: Process
) -> None:
    """The service before had sent SIGINT and died; this one goes on with SIGTERM when that was due."""
    got = camera_folder(recorder) / "got"
    wait_until(lambda: "ready" in got.read_text(), "it runs")
    save_record(
        camera_folder(recorder) / "worker.json",
        WorkerRecord("cam1", generation=1, identity=stubborn.identity, started_at=datetime.now(UTC)),
    )
    note_life(recorder, boot_id(), 1, 0, Past(signals=1, signalled_s=time.monotonic() - 7.0))
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    camera = recorder.camera()
    assert (camera.state, camera.pid) == (CameraState.STOPPING, stubborn.pid)
    assert "earlier service" in camera.reason
    after = recorder.wait_recording(generation=2)
    assert after.pid != stubborn.pid
    assert got.read_text().split() == ["ready", "TERM"]
    assert stubborn.reap() == Exit(signal=signal.SIGKILL)
    stubborn.close()
    texts = [event.text for event in recorder.details().events if event.kind is EventKind.STOP]
    assert any("ended as it was told to" in text for text in texts)
