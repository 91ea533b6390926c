"""The service is killed at every transition of a worker, and another one goes on: promise 3, 4 and 5.

After each kill: exactly one worker records (or none, where that was asked for and noted), it is the one that ran where
nobody asked for its end, there was never more than one (two in a hand-over), no generation was started twice, and
nothing that ever lay in the spool is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import pytest

from tests.faults.watch import Watch
from tests.integration.harness import Recorder, wait_until
from vmstui.codec import Json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraSnapshot, CameraState
from vmstui.recorder import machine_events as ev
from vmstui.recorder.life import Life, Now, load_life, save_life
from vmstui.recorder.process import boot_id

START = (
    "Hold before",
    "Hold after",
    "Resumed before",
    "Resumed after",
    "Release before",
)
ADOPTED = ("Adopted before", "Adopted after", "Release after")
DEATH = (
    "Ended before",
    "ended before",
    "SetAlarm before",
    "StartWorker before",
    "StartWorker after",
    "worker.json intent written",
    "spawn before",
    "spawn after",
    "worker.json identity written",
    "Running before",
    "Running after",
    "Footage before",
    "worker.life.json written",
    "publish before",
    "publish after",
    "noted in history before",
    "spool removed before",
    "spool removed after",
    "Footage after",
)
STOP = ("Stop before", "worker.life.json written", "Send before", "Send after", "Stop after", "Ended after")
STARTED = ("Start before", "Start after")
RESTART = ("Restart before", "Send before", "Restart after", "ended before", "Ended after")
HAND_OVER = (
    "Heir before",
    "Heir after",
    "Resumed after",
    "successor.json intent written",
    "spawn after",
    "successor.json identity written",
    "promote before",
    "worker.json identity written",
    "worker.json identity renamed",
    "predecessor.json identity written",
    "predecessor.json identity renamed",
    "forget before",
    "promote after",
    "Ended before",
    "left before",
    "left after",
)
FULL = ("Hold before", "Send after", "Hold after")
HEALTH = ("Healthy before", "Healthy after")
STALL = ("Stalled before", "Stalled after")
UNREACHABLE = (
    "NotStarted before",
    "SetTimer before",
    "NotStarted after",
    "TimeUp before",
    "TimeUp after",
    "Overdue before",
    "Note before",
    "Overdue after",
)
ASKED = ("ClearTimer before", "ClearAlarm before", "CancelStart before")
ALL = (START, ADOPTED, DEATH, STOP, STARTED, RESTART, HAND_OVER, FULL, HEALTH, STALL, UNREACHABLE, ASKED)


def test_every_event_and_every_action_has_a_point() -> None:
    """An event that is added to the table needs a point here, and with it a scenario that comes to it."""
    points = {point for group in ALL for point in group}
    assert points >= {f"{event.__name__} {when}" for event in get_args(ev.Event) for when in ("before", "after")}
    assert {point.split()[0] for point in points} >= {action.__name__ for action in get_args(ev.Action)}


@dataclass
class Crashes:
    """A recorder whose service is killed at points."""

    recorder: Recorder
    watch: Watch
    source: str
    point: str = ""

    def configure(self, url: str = "", head: str = "") -> None:
        self.recorder.configure([("cam1", url or self.source)], head=head)

    def killed_at(self, point: str, provoke: Callable[[], object] | None = None) -> list[int]:
        """Have the service killed there; without anything to provoke it, during its start. Gives who is left."""
        self.point = point
        crash = self.recorder.folder / "state" / "crash"
        crash.write_text(point)
        if provoke is None:
            self.recorder.launch()
        else:
            with contextlib.suppress(RecorderError):
                provoke()
        service = self.recorder.service
        assert service is not None
        wait_until(lambda: service.poll() is not None, f"it comes to {point}", self.explain)
        assert service.wait() == -signal.SIGKILL
        crash.unlink()
        return self.watch.workers()

    def start(self) -> None:
        self.recorder.start()

    def one_records(self) -> int:
        """Wait until exactly one worker records, and the service knows; gives its pid."""

        def look() -> int | None:
            pid = self.watch.recording()
            camera = self.recorder.camera() if pid is not None else None
            known = camera is not None and (camera.pid, camera.beside_pid) == (pid, None)
            return pid if known and camera is not None and camera.state is CameraState.RECORDING else None

        return int(wait_until(look, f"after {self.point}: one worker records", self.explain))

    def explain(self) -> str:
        return f"workers: {self.watch.workers()}\n{self.recorder._explain()}"

    def none_is_left(self) -> None:
        wait_until(lambda: not self.watch.workers(), f"after {self.point}: no worker is left", self.explain)

    def command(self, method: str, **more: Json) -> Callable[[], object]:
        return lambda: call(self.recorder.socket, method, {"cameras": ["cam1"], **more})

    def limits(self, **limits: float) -> None:
        (self.recorder.folder / "state" / "limits").write_text(json.dumps(limits))


@pytest.fixture
def crashes(watched: tuple[Recorder, Watch], source: SimulatedCameras) -> Crashes:
    recorder, watch = watched
    recorder.program = "tests.faults.crashing_service"
    made = Crashes(recorder, watch, source.url("cam1"))
    made.configure()
    return made


def test_killed_while_a_worker_is_started(crashes: Crashes) -> None:
    for point in START:
        assert crashes.killed_at(point) == []
    crashes.start()
    crashes.one_records()


def test_killed_while_a_worker_is_adopted(crashes: Crashes) -> None:
    crashes.start()
    pid = crashes.one_records()
    crashes.recorder.kill_service()
    for point in ADOPTED:
        assert crashes.killed_at(point) == [pid]
    crashes.start()
    assert crashes.one_records() == pid
    assert crashes.watch.generations == 1


@pytest.mark.parametrize("half", [0, 1])
def test_killed_after_a_worker_died(crashes: Crashes, half: int) -> None:
    crashes.limits(healthy_s=0.0, healthy_segments=0)  # else there is a longer wait each time
    crashes.start()
    for point in DEATH[half::2]:
        pid = crashes.one_records()
        left = crashes.killed_at(point, lambda pid=pid: os.kill(pid, signal.SIGKILL))  # type: ignore[misc]
        crashes.start()
        assert left in ([], [crashes.one_records()])


def test_killed_while_a_worker_is_stopped_and_started(crashes: Crashes) -> None:
    crashes.start()
    for point in STOP:
        crashes.one_records()
        crashes.killed_at(point, crashes.command("stop"))
        crashes.start()
        crashes.none_is_left()
        assert crashes.recorder.camera().state in (CameraState.STOPPING, CameraState.STOPPED)
        crashes.command("start")()
    pid = crashes.one_records()
    # Not noted, so not answered: nothing was done.
    assert crashes.killed_at("wanted.json written", crashes.command("stop")) == [pid]
    crashes.start()
    assert crashes.one_records() == pid
    for point in ("wanted.json renamed", "worker.json identity written"):  # noted: done by the next service
        crashes.killed_at(point, crashes.command("stop"))
        crashes.start()
        crashes.none_is_left()
        crashes.command("start")()
        crashes.one_records()
    for point in STARTED:
        crashes.command("stop")()
        crashes.none_is_left()
        crashes.killed_at(point, crashes.command("start"))
        crashes.start()
        crashes.one_records()


def test_killed_while_a_worker_is_restarted(crashes: Crashes) -> None:
    crashes.start()
    for point in RESTART:
        before = crashes.one_records()
        left = crashes.killed_at(point, crashes.command("restart", mode="stop_first"))
        crashes.start()
        after = crashes.one_records()
        assert after == before or before not in crashes.watch.workers()
        assert left in ([], [before], [after])


def test_killed_in_a_hand_over(crashes: Crashes) -> None:
    crashes.start()
    crashes.watch.allowed = 2
    for point in HAND_OVER:
        before = crashes.one_records()
        left = crashes.killed_at(point, crashes.command("restart"))
        assert left, "nobody records"
        crashes.start()
        assert crashes.one_records() in left
        assert before in left or len(left) == 1


def test_killed_while_a_full_disk_ends_recording(crashes: Crashes) -> None:
    crashes.start()
    full = crashes.recorder.folder / "state" / "full"
    for point in FULL:
        crashes.one_records()
        crashes.killed_at(point, full.touch)
        full.unlink()
        crashes.start()
    crashes.one_records()


def test_killed_when_a_worker_is_well_again(crashes: Crashes) -> None:
    crashes.limits(healthy_s=6.0, healthy_segments=0)
    crashes.start()
    os.kill(crashes.one_records(), signal.SIGKILL)
    crashes.recorder.wait_recording(generation=2)
    pid = crashes.one_records()
    for point in HEALTH:
        assert crashes.killed_at(point, lambda: None) == [pid]
        crashes.start()
    assert crashes.one_records() == pid


def test_killed_when_a_worker_stalls(crashes: Crashes) -> None:
    crashes.limits(stale_s=4.0)
    crashes.start()
    for point in STALL:
        pid = crashes.one_records()
        time.sleep(1.5)  # its second look at the open segment
        crashes.killed_at(point, lambda pid=pid: os.kill(pid, signal.SIGSTOP))  # type: ignore[misc]
        crashes.start()
        wait_until(lambda pid=pid: pid not in crashes.watch.workers(), "the frozen worker is replaced")  # type: ignore[misc]
    crashes.one_records()


def test_killed_while_a_camera_is_not_reached(crashes: Crashes) -> None:
    with socket.socket() as silent, socket.socket() as deaf:
        silent.bind(("127.0.0.1", 0))
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        crashes.configure(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/cam1")
        folder = crashes.recorder.folder / "state" / "cameras" / "cam1"
        folder.mkdir(parents=True)
        for point in UNREACHABLE:
            if point.startswith(("Overdue", "Note")):
                note = Now(boot_id(), time.monotonic(), datetime.now(UTC))
                unwell = ev.Past(unwell_since_s=time.monotonic() - 598.5)
                save_life(folder / "worker.life.json", Life(note, failures=3, past=unwell))
            assert crashes.killed_at(point) == []
        assert load_life(folder / "worker.life.json").past.failing
        for point, url in zip(ASKED, (silent, silent, deaf), strict=True):
            crashes.configure(f"rtsp://127.0.0.1:{url.getsockname()[1]}/cam1")
            crashes.start()
            state = CameraState.STARTING if url is deaf else CameraState.FAILING
            crashes.recorder.wait_for(f"{state}", lambda camera, state=state: camera.state is state)  # type: ignore[misc]
            method = "start" if point.startswith("ClearTimer") else "stop"
            assert crashes.killed_at(point, crashes.command(method)) == []
            crashes.start()
            assert _wanted(crashes.recorder.camera()) == (method == "start")
            crashes.command("start")()
            crashes.recorder.kill_service()
        crashes.configure()
        crashes.start()
        crashes.one_records()


def _wanted(camera: CameraSnapshot) -> bool:
    return camera.state is not CameraState.STOPPED
