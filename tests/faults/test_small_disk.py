"""Two cameras on a disk of a few megabytes that is full to the last byte: retention makes room by itself where it may,
and where all is locked both are held until a person does.

What retention deletes is not where `Watch` looks for it, so these recorders are not watched.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.test_disk_faults import CAMERAS, RESUMED_S, fill
from tests.integration.harness import Recorder, cameras, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind

SIZE_MB = 16


@pytest.fixture(scope="module")
def source(abilities: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCameras]:
    """Cameras that fill it three times as fast as others."""
    folder = tmp_path_factory.mktemp("cameras")
    some: SimulatedCameras = cameras(abilities[1], folder, 2, fps=30, gop_s=0.3, bitrate_bps=1_500_000)
    some.start()
    yield some
    some.stop()


def start(recorder: Recorder, source: SimulatedCameras, disk: Path, wanted_bytes: int) -> None:
    """Until both record, and so much is published."""
    recorder.recordings = disk / "recordings"
    recorder.segment_s = 3
    head = "retention: {min_free: 1M}\nlive: {listen: '127.0.0.1:0'}"
    recorder.configure([(name, source.url(name)) for name in CAMERAS], head=head)
    recorder.start()
    for name in CAMERAS:
        recorder.wait_recording(name)
    wait_until(
        lambda: published(recorder) >= wanted_bytes, f"{wanted_bytes} bytes are recorded", recorder._explain, 150
    )


def published(recorder: Recorder) -> int:
    return sum(path.stat().st_size for path in recorder.recordings.glob("cam*/*/*.mp4"))


def holds(recorder: Recorder, name: str) -> int:
    """Those for the disk, in the history of a camera."""
    events = recorder.details(name).events
    return sum(event.kind is EventKind.HOLD and str(recorder.recordings) in event.text for event in events)


def all_record(recorder: Recorder) -> bool:
    return all(camera.state is CameraState.RECORDING for camera in recorder.snapshot().cameras)


def test_retention_makes_room_by_itself_and_nothing_is_held_for_long(
    mounts: Callable[..., None], recorder: Recorder, source: SimulatedCameras, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, f"size={SIZE_MB}M")
    start(recorder, source, disk, 7 * 10**6)
    oldest = sorted(recorder.recordings.glob("cam*/*/*.mp4"), key=lambda path: path.name[-10:])[0]
    fill(disk / "ballast")
    longest_s, since_s, begun_s = 0.0, 0.0, time.monotonic()
    closed = {name: recorder.camera(name).segments_closed for name in CAMERAS}

    def goes_on() -> bool:
        """Three more segments of each, and none of the oldest; meanwhile it is measured how long one is held."""
        nonlocal longest_s, since_s
        now_s = time.monotonic()
        if any(camera.state is CameraState.HELD for camera in recorder.snapshot().cameras):
            since_s = since_s or now_s
            longest_s = max(longest_s, now_s - since_s)
        else:
            since_s = 0.0
        more = all(recorder.camera(name).segments_closed >= closed[name] + 3 for name in CAMERAS)
        return more and not oldest.exists() and all_record(recorder)

    wait_until(goes_on, "both record on in the room that the oldest had", recorder._explain, 120)
    print(f"goes on after {time.monotonic() - begun_s:.1f} s, held for {longest_s:.1f} s at the longest")
    assert longest_s <= RESUMED_S
    events = [event for name in CAMERAS for event in recorder.details(name).events]
    told = [event for event in events if event.kind is EventKind.RETENTION]
    assert {event.rule for event in told} == {"free space"}, recorder._explain()


def test_where_all_is_locked_both_are_held_once_and_record_again_when_a_person_makes_room(
    mounts: Callable[..., None], recorder: Recorder, source: SimulatedCameras, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, f"size={SIZE_MB}M")
    start(recorder, source, disk, 2 * 10**6)
    for name in CAMERAS:
        done = recorder.command("lock", name, "--from", "-1d", "--to", "2099-01-01")
        assert done.returncode == 0, done.stderr
    before = set(recorder.recordings.glob("cam*/*/*.mp4"))
    ballast = disk / "ballast"
    fill(ballast)
    generations = {}
    for name in CAMERAS:
        held = recorder.wait_for("held", lambda camera: camera.state is CameraState.HELD, name)
        assert "free space" in held.reason
        generations[name] = held.generation
    time.sleep(3)  # longer than it takes to look again
    assert all(camera.state is CameraState.HELD for camera in recorder.snapshot().cameras)
    assert [holds(recorder, name) for name in CAMERAS] == [1, 1]
    incidents = [text for text in recorder.log(None) if text.startswith("held: ") and "free" in text]
    assert len(incidents) == 1, recorder.log(None)
    assert before <= set(recorder.recordings.glob("cam*/*/*.mp4")), "what is locked stays, whatever it costs"
    ballast.unlink()
    cured_s = time.monotonic()
    for name in CAMERAS:
        recorder.wait_recording(name, generation=generations[name] + 1)
    took_s = time.monotonic() - cured_s
    print(f"both record {took_s:.1f} s after the cure")
    assert took_s < RESUMED_S
    projection = json.loads(recorder.command("storage", "--json").stdout)["projection"]
    assert projection["held_at"] is not None, "it is foretold that nothing can make room again"
