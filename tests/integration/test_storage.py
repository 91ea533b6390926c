"""How long footage will stay: what the recorder projects, held against `du` and the disk by other programs."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from typing import Any

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.integration.test_recorder import MakeCameras, frames
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.storage import StorageProjection


def projected(recorder: Recorder) -> dict[str, Any]:
    done = recorder.command("storage", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["projection"]
    return found


def asked(recorder: Recorder) -> StorageProjection:
    return from_json(StorageProjection, call(recorder.socket, "storage"))


def first_answer(recorder: Recorder) -> StorageProjection:
    """Once the catalogue is filled."""

    def look() -> StorageProjection | None:
        try:
            return asked(recorder)
        except RecorderError:
            return None

    found: StorageProjection = wait_until(look, "the recorder projects")
    return found


def test_the_rates_are_those_of_du_and_pyav(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated(2)
    recorder.configure(
        [("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))],
        head="retention: {min_free: 16M, days: 2, max_size: 20M}\nlive: {listen: '127.0.0.1:0'}",
    )
    recorder.start()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)
        recorder.wait_for("segments", lambda camera: camera.segments_closed >= 4, name)
    over_socket = first_answer(recorder)
    assert over_socket.provisional
    assert [camera.camera for camera in over_socket.cameras] == ["cam1", "cam2"]

    # From here on nothing is recorded, so that others can count; all that is needed is on the disk and in the notes.
    down = recorder.command("down")
    assert (down.returncode, down.stderr) == (0, "")
    found = projected(recorder)
    assert found["provisional"]
    for one in found["cameras"]:
        folder = recorder.recordings / one["camera"]
        du = subprocess.run(["du", "-sb", "--apparent-size", str(folder)], capture_output=True, text=True, check=True)
        folders = sum(1 for path in folder.rglob("*") if path.is_dir()) + 1
        size_bytes = int(du.stdout.split()[0])
        files = list(folder.rglob("*.mp4"))
        counted = sum(path.stat().st_size for path in files)
        assert counted <= size_bytes <= counted + folders * 4096 * 2
        assert one["size_bytes"] == counted
        seconds = sum(len(frames(str(path))) for path in files) / 10.0  # frames a second
        assert one["bytes_per_s"] * 3600 == pytest.approx(size_bytes / seconds * 3600, rel=0.05)
        assert one["recorded_s"] == pytest.approx(seconds, rel=0.03)
        oldest = min(path.name for path in files)
        assert f"{datetime.fromisoformat(one['oldest_at']):%Y%m%d_%H%M%S}" in oldest
    rate = sum(one["bytes_per_s"] for one in found["cameras"])
    promised_bytes = rate * 2 * 86400
    assert promised_bytes > 20e6, "or nothing is in the way of the promise"
    assert not found["promises_kept"]
    for one in found["cameras"]:
        assert one["rule"] == "size of all"
        assert one["days"] == pytest.approx(20e6 / rate / 86400, rel=0.001)
        assert one["missing_bytes"] == pytest.approx(promised_bytes - 20e6, rel=0.001)
    df = subprocess.run(
        ["df", "-B1", "--output=avail,size", str(recorder.recordings)], capture_output=True, text=True, check=True
    )
    available, size = map(int, df.stdout.split("\n")[1].split())
    assert found["total_bytes"] == size
    assert found["free_bytes"] == pytest.approx(available, rel=0.02)
    assert "too small" in recorder.command("storage").stdout


def test_asking_again_and_again_costs_the_service_one_answer_a_minute(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(1)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording("cam1")
    recorder.wait_for("segments", lambda camera: camera.segments_closed >= 1)
    first = first_answer(recorder)
    assert asked(recorder).at == first.at
    head = "retention: {min_free: 16M, days: 3}\nlive: {listen: '127.0.0.1:0'}"
    recorder.configure([("cam1", sources.url("cam1"))], head=head)
    assert recorder.command("config", "reload").returncode == 0
    assert asked(recorder).cameras[0].promised_days == 3, "a changed configuration is not answered from before"
