"""Two dozen workers and more, with a stand-in for ffmpeg: what a new service makes of them, also when they all die at
once. `bench_cost` does it with 300."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from tests.bench.fake_fleet import FakeFleet, c_compiler
from tests.integration.harness import wait_until
from tests.peers import require
from vmstui.control.call import call
from vmstui.model import EventKind

CAMERAS = 24
MANY = 100


def test_killed_and_started_again_the_service_takes_over_every_worker_and_starts_none(tmp_path: Path) -> None:
    require(c_compiler() or "cc")
    with FakeFleet(tmp_path, CAMERAS) as fleet:
        fleet.start()
        pids = fleet.wait_all_recording()
        assert len(fleet.starts()) == CAMERAS
        for _ in range(2):
            fleet.kill_service()
            assert fleet.workers() == {name: [pid] for name, pid in pids.items()}
            fleet.start()
            assert fleet.wait_all_recording() == pids
            assert fleet.workers() == {name: [pid] for name, pid in pids.items()}
        assert all(camera.generation == 1 for camera in fleet.snapshot().cameras)
        assert len(fleet.starts()) == CAMERAS, "a worker was started although all were there"


class Asking:
    """Asks the service who it is, again and again, from a thread; `longest_s` is what an answer took at most."""

    def __init__(self, socket: Path) -> None:
        self.longest_s = 0.0
        self._socket = socket
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.01):
            began_s = time.monotonic()
            call(self._socket, "hello", timeout_s=30)
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)


def test_of_a_hundred_adopted_workers_killed_at_once_each_end_is_known_and_each_is_replaced(tmp_path: Path) -> None:
    """Nobody of them is a child of the service: the parent they have now waits for them when it comes to it."""
    require(c_compiler() or "cc")
    with FakeFleet(tmp_path, MANY, {"FAKE_FFMPEG_THREADS": "1"}) as fleet:
        fleet.start()
        fleet.wait_all_recording()
        fleet.kill_service()
        fleet.start()
        pids = fleet.wait_all_recording()
        with Asking(fleet.socket) as asking:
            for pid in pids.values():
                os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda: all(camera.generation >= 2 for camera in fleet.snapshot().cameras),
                "all are replaced",
                limit_s=120,
            )
        now = fleet.wait_all_recording()
        assert set(now.values()).isdisjoint(pids.values())
        assert {name: len(found) for name, found in fleet.workers().items()} == dict.fromkeys(fleet.names, 1)
        measured = {
            name: [event.measured for event in fleet.details(name).events if event.kind is EventKind.EXIT]
            for name in fleet.names
        }
        unknown = [name for name, ends in measured.items() if not any("SIGKILL" in end for end in ends)]
        print(f"{len(unknown)} ends are not known; the longest answer took {asking.longest_s:.3f} s")
        assert unknown == []
