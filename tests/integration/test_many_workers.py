"""Two dozen workers, with a stand-in for ffmpeg: what a new service makes of them. `bench_cost` does it with 300."""

from __future__ import annotations

from pathlib import Path

from tests.bench.fake_fleet import FakeFleet, c_compiler
from tests.peers import require

CAMERAS = 24


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
