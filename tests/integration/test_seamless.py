"""A restart that loses nothing: with the packets of the camera itself as witness, not anybody's clock."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from tests.integration.harness import PASSWORD, Recorder, wait_until
from tests.peers import unavailable
from vmstui.footage import Segment
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraSnapshot, CameraState, EventKind

MakeCameras = Callable[..., SimulatedCameras]


def start(recorder: Recorder, sources: SimulatedCameras) -> CameraSnapshot:
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    return recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)


@contextmanager
def witness(recorder: Recorder, sources: SimulatedCameras, ffmpeg: str) -> Iterator[Callable[[], list[bytes]]]:
    """Records the camera beside the recorder; gives all packets it saw, in order, once it was asked for them."""
    file = recorder.folder / "witness.mkv"
    url = sources.url("cam1").replace("rtsp://", f"rtsp://admin:{quote(PASSWORD, safe='')}@")
    argv = [ffmpeg, "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url]
    process = subprocess.Popen([*argv, "-map", "0:v", "-c", "copy", "-flush_packets", "1", str(file)])

    def seen() -> list[bytes]:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        return packets(str(file))

    try:
        wait_until(lambda: file.exists() and file.stat().st_size > 10_000, "the witness records")
        yield seen
    finally:
        process.kill()
        process.wait()


def packets(path: str) -> list[bytes]:
    """Video packets of a file without what containers change: the bare pictures, in order."""
    with av.open(path) as container:
        video = container.streams.video[0]
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", video)
        return [picture(bytes(out)) for packet in container.demux(video) for out in annex_b.filter(packet)]


def picture(packet: bytes) -> bytes:
    """The slices of a packet; parameter sets and the like come and go with the container."""
    units = packet.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return b"".join(unit for unit in units if unit and unit[0] & 0x1F in (1, 5))


def every_frame_is_there(segments: list[Segment], seen: list[bytes]) -> tuple[int, int]:
    """Over all segments no packet between the first and the last one that the witness saw is missing.

    Gives the number of packets covered, and how many of them were recorded twice.
    """
    order = {data: number for number, data in enumerate(seen)}
    assert len(order) == len(seen), "each packet of the simulated camera is unlike all others"
    kept = [order[data] for segment in segments for data in packets(segment.path) if data in order]
    covered = sorted(set(kept))
    assert all(after - before == 1 for before, after in pairwise(covered)), "a hole in the footage"
    return len(covered), len(kept) - len(covered)


def after_restart(recorder: Recorder, before: CameraSnapshot) -> CameraSnapshot:
    return recorder.wait_for(
        "restarted, and what that cost is known",
        lambda now: now.changeover is not None and now.changeover.after == now.generation > before.generation,
    )


def test_a_seamless_restart_covers_every_frame_of_the_camera(
    recorder: Recorder, simulated: MakeCameras, abilities: tuple[Path, str]
) -> None:
    sources = simulated()
    before = start(recorder, sources)
    with witness(recorder, sources, abilities[1]) as seen:
        wait_until(lambda: recorder.camera().segments_closed >= 3, "a segment that the witness saw the beginning of")
        done = recorder.command("restart", "cam1", "--wait")
        assert done.returncode == 0, done.stdout
        now = recorder.camera()
        assert now.generation == before.generation + 1
        assert "no frame lost" in done.stdout
        assert now.changeover is not None
        assert now.changeover.seamless
        closed = now.segments_closed
        recorder.wait_for("a segment of the new worker", lambda camera: camera.segments_closed > closed)
        segments = [entry for entry in recorder.segments() if entry.plays]
        assert {entry.generation for entry in segments} == {before.generation, now.generation}
        covered, twice = every_frame_is_there(segments, seen())
    assert covered > 60
    # What is told of the overlap is true to within 5 frames: counted, against measured by the clock.
    assert abs(twice / 10 + now.changeover.gap_s) < 0.5
    assert [worker for worker in recorder.left_running() if worker != now.pid] == [recorder.snapshot().relay.pid]


def test_a_camera_that_serves_one_connection_is_learnt_and_then_stopped_first(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    before = start(recorder, simulated(connections=1))
    assert before.seamless
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    now = after_restart(recorder, before)
    assert now.changeover is not None
    assert not now.changeover.seamless
    assert not now.seamless
    rules = [event.rule for event in recorder.details().events if event.kind is EventKind.CHANGEOVER]
    assert "the camera serves one connection at a time" in rules
    # It is remembered, also by the next service: this time nobody tries.
    recorder.kill_service()
    recorder.start()
    before = recorder.wait_recording()
    done = recorder.command("restart", "cam1", "--wait")
    assert done.returncode == 0, done.stdout
    assert recorder.camera().generation == before.generation + 1


def test_a_new_worker_that_cannot_log_in_costs_the_old_one_nothing(recorder: Recorder, simulated: MakeCameras) -> None:
    before = start(recorder, simulated())
    (recorder.folder / "password").write_text("wrong")
    assert recorder.command("config", "reload").returncode == 0

    def told() -> bool:
        return any(event.outcome.startswith("the old worker goes on") for event in recorder.details().events)

    wait_until(told, "it is told that the old worker goes on")
    now = recorder.camera()
    assert (now.pid, now.state) == (before.pid, CameraState.RECORDING)
    closed = now.segments_closed
    recorder.wait_for("footage", lambda camera: camera.segments_closed > closed)


def test_a_changed_configuration_is_taken_over_without_a_hole(recorder: Recorder, simulated: MakeCameras) -> None:
    before = start(recorder, simulated())
    text = recorder.config.read_text()
    recorder.config.write_text(text.replace("segment: {length: 5s}", "segment: {length: 6s}"))
    assert recorder.command("config", "reload").returncode == 0
    now = after_restart(recorder, before)
    assert now.changeover is not None
    assert now.changeover.gap_s < 0


def test_a_restart_at_the_boundary_waits_for_the_end_of_the_segment(recorder: Recorder, simulated: MakeCameras) -> None:
    before = start(recorder, simulated())
    done = recorder.command("restart", "cam1", "--at-boundary", "--stop-first", "--wait")
    assert done.returncode == 0, done.stdout
    now = recorder.camera()
    assert now.generation == before.generation + 1
    old = [entry for entry in recorder.segments() if entry.generation == before.generation]
    assert old[-2].duration_s == pytest.approx(5.0, abs=1.0) or len(old) == 2
    assert old[-1].duration_s < 3.0, "ended soon after the boundary"


def test_stop_during_a_hand_over_ends_both_workers(recorder: Recorder, simulated: MakeCameras) -> None:
    start(recorder, simulated(gop_s=4.0))  # a new worker has no keyframe for a while
    assert recorder.command("restart", "cam1").returncode == 0
    recorder.wait_for("a worker beside", lambda camera: camera.beside_pid)
    assert recorder.command("stop", "cam1", "--wait").returncode == 0
    relay = recorder.snapshot().relay.pid
    wait_until(lambda: recorder.left_running() == [relay], "no worker is left")


@pytest.mark.parametrize("who", ["the service", "the old worker", "the new worker"])
def test_a_death_in_the_middle_of_a_hand_over_leaves_exactly_one_worker_that_records(
    recorder: Recorder, simulated: MakeCameras, who: str
) -> None:
    before = start(recorder, simulated(gop_s=4.0))
    assert recorder.command("restart", "cam1").returncode == 0
    during = recorder.wait_for("a worker beside", lambda camera: camera.beside_pid)
    assert during.pid == before.pid
    assert before.pid is not None
    assert during.beside_pid is not None
    if who == "the service":
        recorder.kill_service()
        assert {before.pid, during.beside_pid} <= set(recorder.left_running())
        recorder.start()
    else:
        os.kill(before.pid if who == "the old worker" else during.beside_pid, signal.SIGKILL)
    now = recorder.wait_for("alone and recording", lambda camera: _alone(camera, kept=who != "the old worker"))
    expected = {
        "the service": during.beside_pid,  # the hand-over is brought to its end by the next service
        "the old worker": during.beside_pid,
        "the new worker": before.pid,
    }
    assert now.pid == expected[who]
    assert sorted(recorder.left_running()) == sorted([now.pid, recorder.snapshot().relay.pid or 0])


def _alone(camera: CameraSnapshot, *, kept: bool) -> bool:
    return camera.state is CameraState.RECORDING and camera.beside_pid is None and (not kept or camera.pid is not None)


def test_a_new_worker_dies_and_its_number_is_never_used_again(recorder: Recorder, simulated: MakeCameras) -> None:
    before = start(recorder, simulated(gop_s=4.0))
    assert recorder.command("restart", "cam1").returncode == 0
    during = recorder.wait_for("a worker beside", lambda camera: camera.beside_pid)
    assert during.beside_pid is not None
    os.kill(during.beside_pid, signal.SIGKILL)
    recorder.wait_for("alone", lambda camera: camera.beside_pid is None)
    time.sleep(1)
    done = recorder.command("restart", "cam1", "--stop-first", "--wait")
    assert done.returncode == 0, done.stdout
    assert recorder.camera().generation == before.generation + 2


def test_a_restart_while_nothing_may_start_waits_and_what_records_goes_on(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recorder.configure([("cam1", simulated().url("cam1"))])
    # No segment ends meanwhile: without a folder for the next one the worker would.
    recorder.config.write_text(recorder.config.read_text().replace("length: 5s", "length: 1h"))
    recorder.start()
    before = recorder.wait_recording()
    with read_only(recorder.recordings):  # what is open goes on, nothing new may start
        recorder.wait_for("nothing may start", lambda _: not recorder.snapshot().storage.usable)
        assert recorder.command("restart", "cam1").returncode == 0
        wait_until(lambda: any("replaced later" in event.text for event in recorder.details().events), "it is told")
        assert recorder.camera().pid == before.pid
    recorder.wait_recording(generation=before.generation + 1)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that is reached through a read-only mount of itself; files that are open already can be written."""
    mounted = subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        unavailable(f"mounting a folder is not allowed here: {mounted.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
