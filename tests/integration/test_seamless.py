"""A restart that loses nothing: with the packets of the camera itself as witness, not anybody's clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from tests.integration.harness import PASSWORD, Recorder, kill_amid_segment, wait_until
from tests.peers import unavailable
from vmstui.control.call import call
from vmstui.footage import Segment, SegmentVerdict
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraSnapshot, CameraState, EventKind
from vmstui.recorder.process import marker_of
from vmstui.recording import layout

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


@pytest.mark.parametrize("first", ["another restart", "a death"])
def test_a_restart_at_the_boundary_is_done_with_once_another_worker_came_before_it(
    recorder: Recorder, simulated: MakeCameras, first: str
) -> None:
    before = start(recorder, simulated())
    recorder.wait_for("a boundary", lambda camera: camera.segments_closed > before.segments_closed)
    call(recorder.socket, "restart", {"cameras": ["cam1"], "at_boundary": True})
    if first == "a death":
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
    else:
        call(recorder.socket, "restart", {"cameras": ["cam1"]})
    now = recorder.wait_recording(generation=before.generation + 1)
    wait_until(
        lambda: sum(entry.generation > before.generation for entry in recorder.segments()) >= 2,
        "boundaries of the new worker",
    )
    assert recorder.camera().pid == now.pid, "nobody asked for a second one"
    assert recorder.camera().generation == before.generation + 1


def test_a_camera_that_is_silent_for_a_moment_is_not_taken_for_one_that_serves_one_connection(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated()
    recorder.hurry({"handover.RETRY_S": 10.0})
    before = start(recorder, sources)

    def turned_away() -> list[str]:
        return [event.measured for event in recorder.details().events if event.kind is EventKind.CHANGEOVER]

    os.killpg(sources.pid, signal.SIGSTOP)  # as a network that is gone for some seconds
    try:
        assert recorder.command("restart", "cam1").returncode == 0
        wait_until(turned_away, "the new worker came to nothing")
    finally:
        os.killpg(sources.pid, signal.SIGCONT)
    # Asked again by itself, and then it is done as it was asked for: the old one records until then.
    now = recorder.wait_for(
        "replaced after all",
        lambda camera: camera.generation > before.generation and camera.state is CameraState.RECORDING,
        limit_s=120,
    )
    assert now.changeover is None or now.changeover.seamless
    rules = [event.rule for event in recorder.details().events]
    assert "the camera serves one connection at a time" not in rules
    recorder.wait_for("still taken for one that serves two", lambda camera: camera.seamless)
    assert [event.kind for event in recorder.details().events].count(EventKind.EXIT) == 0


def test_what_the_old_worker_left_is_published_also_where_it_dies_before_the_new_one_exists(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    gate = recorder.folder / "gate"
    recorder.environment["VMSTUI_TEST_GATE"] = str(gate)
    recorder.program = "tests.integration.hesitating_service"
    before = start(recorder, simulated())
    assert before.pid is not None
    gate.touch()
    assert recorder.command("restart", "cam1").returncode == 0
    wait_until(lambda: gate.read_text(), "a new worker is being prepared")
    spool = layout.generation_spool(recorder.recordings, "cam1", before.generation)
    kill_amid_segment(before.pid, spool)
    wait_until(lambda: before.pid not in recorder.left_running(), "the old one is gone")
    recorder.wait_for("its end is known", lambda camera: camera.pid is None)
    gate.unlink()
    recorder.wait_recording(generation=before.generation + 1)
    wait_until(lambda: not spool.exists(), "its spool is settled")
    last = [entry for entry in recorder.segments() if entry.generation == before.generation][-1]
    assert last.verdict is SegmentVerdict.PARTIAL


def workers_of(recorder: Recorder) -> dict[str, list[int]]:
    """Processes of each camera, by the marks in their environments."""
    found: dict[str, list[int]] = {}
    for pid in recorder.left_running():
        name = (marker_of(pid) or "::").split(":")[1]
        found.setdefault(name, []).append(pid)
    return found


def test_cameras_that_encode_are_handed_over_one_after_the_other(recorder: Recorder, simulated: MakeCameras) -> None:
    names = recording_encoded(recorder, simulated(4), 4)
    asking = subprocess.Popen(
        [sys.executable, "-m", "vmstui", "restart", "--all", "--wait"],
        env=recorder.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    twice = list[set[str]]()
    while asking.poll() is None:
        twice.append({name for name, pids in workers_of(recorder).items() if len(pids) > 1})
        time.sleep(0.05)
    assert asking.stdout is not None
    told = asking.stdout.read()
    asking.stdout.close()
    assert asking.returncode == 0, told
    assert set().union(*twice) == set(names), "every one of them was handed over"
    assert max(map(len, twice)) == 1
    assert [line.partition(":")[0] for line in told.splitlines() if "no frame lost" in line] == names
    assert {recorder.camera(name).generation for name in names} == {2}


def test_who_waits_for_its_turn_to_be_handed_over_is_stopped_and_replaced_at_once(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    gate = recorder.folder / "gate"
    recorder.environment["VMSTUI_TEST_GATE"] = str(gate)
    recorder.program = "tests.integration.hesitating_service"
    names = recording_encoded(recorder, simulated(3), 3)
    gate.touch()
    call(recorder.socket, "restart", {"cameras": "all"})
    first = wait_until(lambda: gate.read_text(), "one is handed over, and takes its time")
    dies, stops = (name for name in names if name != first)
    before = recorder.camera(dies)
    assert before.generation == recorder.camera(stops).generation == 1
    assert "waits for its turn" in before.reason
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    call(recorder.socket, "stop", {"cameras": [stops]})
    recorder.wait_for("started anew", lambda camera: camera.generation == 2 and camera.pid, dies)
    recorder.wait_for("stopped", lambda camera: camera.state is CameraState.STOPPED, stops)
    assert recorder.camera(first).generation == 1, "both while the first one is handed over still"
    gate.unlink()
    recorder.wait_recording(first, generation=2)
    recorder.wait_for("alone", lambda camera: camera.beside_pid is None, first)
    recorder.wait_recording(dies)
    closed = recorder.camera(dies).segments_closed
    recorder.wait_for("footage of the one that came instead", lambda now: now.segments_closed >= closed + 2, dies)
    assert recorder.camera(dies).generation == 2, "nobody asked for a third one"
    assert recorder.camera(stops).generation == 1
    assert stops not in workers_of(recorder)


def recording_encoded(recorder: Recorder, sources: SimulatedCameras, count: int) -> list[str]:
    """All cameras are recorded, each by a worker that encodes; gives their ids."""
    head = """retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  small:
    recording: {codec: h264, encoder: software, bitrate: 100k}
    live: {codec: h264, encoder: copy}"""
    names = [f"cam{number}" for number in range(1, count + 1)]
    recorder.configure([(name, sources.url(name)) for name in names], "small", head)
    recorder.start()
    for name in names:
        recorder.wait_recording(name)
        recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1, name)
    return names
