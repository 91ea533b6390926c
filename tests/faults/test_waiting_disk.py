"""A disk that takes what is written, and does not say for long that it has it: nobody may be kept waiting for that."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.waiting_disk_service import DISK, GATE
from tests.faults.watch import Watch
from tests.integration.harness import Recorder, wait_until
from vmstui.codec import to_json
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, Event, EventKind
from vmstui.recorder.history import EVENTS_KEPT


def test_a_disk_that_is_waited_for_keeps_no_camera_from_its_next_worker(
    watched: tuple[Recorder, Watch], source: SimulatedCameras, tmp_path: Path
) -> None:
    recorder, watch = watched
    recorder.program = "tests.faults.waiting_disk_service"
    gate = tmp_path / "gate"
    recorder.environment = {**recorder.environment, GATE: str(gate)}
    recorder.configure([(name, source.url(name)) for name in ("cam1", "cam2")], head="live: {listen: '127.0.0.1:0'}")
    recorder.start()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)
    before = recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)
    gate.touch()
    wait_until(lambda: ".mp4" in gate.read_text() or None, "a segment waits for the disk")
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    recorder.wait_recording("cam1", generation=2)
    assert recorder.command("stop", "cam2", "--wait").returncode in (0, 1)
    recorder.wait_for("stopped", lambda camera: camera.state is CameraState.STOPPED, "cam2")
    assert recorder.command("start", "cam2").returncode == 0
    recorder.wait_recording("cam2", generation=2)
    assert recorder.command("restart", "cam1", "--stop-first").returncode == 0
    recorder.wait_recording("cam1", generation=3)
    assert [len(watch.workers(name)) for name in ("cam1", "cam2")] == [1, 1]

    waiting = set(gate.read_text().split())
    assert any("wanted.json" in name for name in waiting), "what a person asked for is on its way to the disk"
    gate.unlink()
    recorder.wait_for("published again", lambda camera: camera.segments_closed > before.segments_closed + 2)
    generations = {segment.generation for segment in recorder.segments("cam1")}
    assert {1, 2} <= generations, "what waited is published, too"


def test_a_service_that_comes_up_while_its_state_disk_is_waited_for_records_and_answers(
    watched: tuple[Recorder, Watch], source: SimulatedCameras, tmp_path: Path
) -> None:
    """Also where histories are full just then, and logins of cameras and of the live server are to be written."""
    recorder, watch = watched
    recorder.program = "tests.faults.waiting_disk_service"
    gate = tmp_path / "gate"
    recorder.environment = {**recorder.environment, GATE: str(gate), DISK: str(recorder.folder / "state")}
    head = "live: {listen: '127.0.0.1:0', username: viewer, password: {file: password}}"
    recorder.configure([(name, source.url(name)) for name in ("cam1", "cam2")], head=head)
    recorder.start()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)
    recorder.kill_service()
    for pid in recorder.left_running():  # the relay among them
        os.kill(pid, signal.SIGKILL)
    for name in ("cam1", "cam2"):
        folder = recorder.folder / "state" / "cameras" / name
        event = Event(datetime.now(UTC), name, EventKind.START, "long ago")
        with (folder / "events.jsonl").open("ab") as file:
            file.write((json.dumps(to_json(event)).encode() + b"\n") * 2 * EVENTS_KEPT)
        (folder / "input.ffconcat").unlink()
    gate.touch()
    recorder.start()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name, generation=2)
        assert len(watch.workers(name)) == 1
    wait_until(lambda: recorder.snapshot().relay.pid, "the relay runs")
    assert "started" in recorder.command("history", "cam1").stdout
    gate.unlink(missing_ok=True)
