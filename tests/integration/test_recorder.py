"""The recorder's promises about footage, on real cameras, real workers and real kills."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from tests.integration.harness import PATIENCE_S, Recorder, kill_amid_segment, wait_until
from tests.peers import require
from vmstui.configured import OutputKind
from vmstui.footage import Segment, SegmentVerdict
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind, OutputState
from vmstui.recording import layout
from vmstui.recording.catalogue import FILE_NAME

MakeCameras = Callable[..., SimulatedCameras]


def recording(recorder: Recorder, make: MakeCameras, count: int = 1, profile: str = "source") -> SimulatedCameras:
    """A started recorder that records simulated cameras."""
    sources = make(count)
    names = [f"cam{number}" for number in range(1, count + 1)]
    recorder.configure([(name, sources.url(name)) for name in names], profile)
    recorder.start()
    for name in names:
        recorder.wait_recording(name)
    return sources


def frames(path: str) -> list[float]:
    """Presentation times of the video packets, read by PyAV."""
    with av.open(path) as container:
        video = container.streams.video[0]
        return sorted(
            float(packet.pts * video.time_base) for packet in container.demux(video) if packet.pts is not None
        )


def gaps_between(segments: list[Segment]) -> list[float]:
    """Seconds missing between neighbours, from the wall clock at their ends and what they hold."""
    return [
        (after.started_at - before.started_at).total_seconds() - before.duration_s
        for before, after in itertools.pairwise(segments)
    ]


def forget_last_segment(folder: Path) -> None:
    """As a service does that is killed in its first seconds, when it published a segment and before it noted it."""
    for file in folder.parent.parent.glob(f"{FILE_NAME}*"):
        file.unlink()
    noted = folder / "segments.jsonl"
    lines = noted.read_bytes().splitlines(keepends=True)
    assert lines
    noted.write_bytes(b"".join(lines[:-1]))


def write_lines(log: Path, count: int) -> list[str]:
    """Append lines to the log of a worker, as ffmpeg does; gives what is to be seen of them."""
    texts = [f"line {number}" for number in range(count)]
    with log.open("a") as file:
        file.writelines(f"[warning] {text}\n" for text in texts)
    return texts


def shown_lines(recorder: Recorder) -> list[str]:
    """Those lines, as the recorder shows them."""
    return [text for text in recorder.log("cam1") if text.startswith("line ")]


def test_a_camera_becomes_named_segments_that_play(recorder: Recorder, simulated: MakeCameras) -> None:
    recorder.segment_s = 2
    recording(recorder, simulated)
    recorder.wait_for("two segments", lambda camera: camera.segments_closed >= 2)
    for segment in recorder.segments():
        path = Path(segment.path)
        assert segment.verdict is SegmentVerdict.GOOD
        assert path.parent.name == f"{segment.started_at:%Y-%m-%d}"
        assert path.name.startswith(f"cam1_{segment.started_at:%Y%m%d_%H%M%S}")
        assert path.parent.parent == recorder.recordings / "cam1"
        times = frames(segment.path)
        assert len(times) / 10 == pytest.approx(segment.duration_s, abs=0.3)


def test_kill_9_of_a_worker_costs_at_most_a_gop_and_a_second(recorder: Recorder, simulated: MakeCameras) -> None:
    recording(recorder, simulated)
    recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    before = recorder.camera()
    assert before.pid is not None
    killed_at = kill_amid_segment(before.pid, layout.generation_spool(recorder.recordings, "cam1", before.generation))
    after = recorder.wait_for("a new worker", lambda camera: camera.generation == before.generation + 1 and camera.pid)
    assert after.started_at is not None
    assert after.started_at.timestamp() - killed_at < 1.0
    partial = wait_until(
        lambda: [segment for segment in recorder.segments() if segment.verdict is SegmentVerdict.PARTIAL],
        "the interrupted segment is published",
    )[0]
    assert partial.generation == before.generation
    end = partial.started_at.timestamp() + frames(partial.path)[-1]
    assert killed_at - end < 1.0 + 1.0  # the GOP of the simulated camera is one second
    assert recorder.wait_recording(generation=2).restarts == 1
    assert any("SIGKILL" in event.text for event in recorder.details().events)


def test_kill_9_of_the_service_costs_no_frame(recorder: Recorder, simulated: MakeCameras) -> None:
    recorder.segment_s = 2
    recording(recorder, simulated, count=2)
    before = {camera.id: camera for camera in recorder.snapshot().cameras}
    recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    log = Path(recorder.details("cam1").log_path)
    recorder.kill_service()
    forget_last_segment(log.parent.parent)
    written = write_lines(log, 500)
    time.sleep(4)  # at least one segment is closed while nobody looks
    recorder.start()
    wait_until(lambda: shown_lines(recorder) == written, "every line is shown once")
    for name, camera in before.items():
        now = recorder.wait_recording(name)
        assert (now.pid, now.generation, now.restarts) == (camera.pid, camera.generation, 0)
    recorder.wait_for("segments after it", lambda camera: camera.segments_closed >= 3)
    for name in before:
        folder = recorder.recordings / recorder.camera(name).name

        def all_told(name: str = name, folder: Path = folder) -> list[Segment] | None:
            on_disk = {str(path) for path in folder.rglob("*.mp4")}
            segments = recorder.segments(name)
            return segments if on_disk <= {segment.path for segment in segments} else None

        # Also what the service was killed over between publishing and noting it: the next one finds it, soon.
        segments = wait_until(all_told, "every file of the camera is told")
        assert all(segment.verdict is SegmentVerdict.GOOD for segment in segments)
        assert len({segment.path for segment in segments}) == len(segments)
        assert max(map(abs, gaps_between(segments))) < 0.5
    assert len(recorder.left_running()) == 3  # two workers, one relay


def test_a_service_that_leaves_leaves_the_workers_and_up_adopts_them(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recording(recorder, simulated)
    before = recorder.camera()
    assert recorder.service is not None
    recorder.service.send_signal(signal.SIGTERM)
    assert recorder.service.wait(PATIENCE_S) == 0
    again = recorder.command("up")
    assert again.returncode == 0, again.stderr
    after = recorder.wait_recording()
    assert (after.pid, after.generation) == (before.pid, before.generation)
    assert recorder.command("down").returncode == 0
    assert recorder.left_running() == []
    assert recorder.command("status").returncode == 3


def test_a_second_service_on_the_same_state_refuses_and_names_the_first(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recorder.configure([])
    pid = recorder.start()
    second = recorder.command("up", "--foreground")
    assert second.returncode == 1
    assert f"process {pid}" in second.stderr
    assert f"process {pid}" in recorder.command("up").stdout


def test_a_worker_nobody_noted_is_adopted_not_doubled(recorder: Recorder, simulated: MakeCameras) -> None:
    """Torn notes, as after a power cut: marker and lock still say who records."""
    recording(recorder, simulated)
    before = recorder.camera()
    recorder.kill_service()
    (recorder.folder / "state" / "cameras" / "cam1" / "worker.json").write_bytes(b'{"camera": "cam')
    recorder.start()
    after = recorder.wait_recording()
    assert (after.pid, after.generation) == (before.pid, before.generation)


def test_a_stopped_camera_stays_stopped_over_a_restart_of_the_service(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recording(recorder, simulated)
    stopped = recorder.command("stop", "cam1", "--wait")
    assert stopped.returncode == 0, stopped.stderr
    recorder.kill_service()
    recorder.start()
    assert recorder.camera().state is CameraState.STOPPED
    started = recorder.command("start", "cam1", "--wait")
    assert started.returncode == 0, started.stdout
    assert recorder.camera().state is CameraState.RECORDING
    # The service was killed perhaps before it had looked through what the stopped worker closed.
    segments = wait_until(recorder.segments, "its segment is published")
    assert segments[0].verdict is SegmentVerdict.GOOD


def test_restart_replaces_the_worker_and_closes_its_segment(recorder: Recorder, simulated: MakeCameras) -> None:
    recording(recorder, simulated)
    before = recorder.camera()
    done = recorder.command("restart", "cam1", "--wait", "--json")
    assert done.returncode == 0, done.stdout
    after = recorder.camera()
    assert after.generation == before.generation + 1
    segments = wait_until(recorder.segments, "the segment of the old worker is published")
    assert segments[0].verdict is SegmentVerdict.GOOD


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_a_dead_relay_costs_no_frame_of_the_recording_and_comes_back(
    recorder: Recorder, simulated: MakeCameras, way: str
) -> None:
    recorder.segment_s = 2
    recording(recorder, simulated)
    before = recorder.wait_for("live up", live_is(OutputState.UP))
    relay = recorder.snapshot().relay.pid
    assert relay is not None
    os.kill(relay, signal.SIGKILL if way == "killed" else signal.SIGSTOP)
    wait_until(lambda: recorder.snapshot().relay.pid not in (relay, None), "another relay runs")
    after = recorder.wait_for("live up again", live_is(OutputState.UP))
    recorder.wait_for("a segment after it", lambda camera: camera.segments_closed >= 3)
    assert recorder.camera().pid == before.pid == after.pid
    assert max(map(abs, gaps_between(recorder.segments()))) < 0.5


@pytest.mark.peer
def test_packets_have_no_gap_over_segments_while_the_live_server_is_gone(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    """ffprobe, not our own reader, and the list of ffmpeg's own segment times."""
    require("ffprobe")
    recording(recorder, simulated)
    relay = recorder.snapshot().relay.pid
    assert relay is not None
    os.kill(relay, signal.SIGSTOP)
    recorder.wait_for("segments over the freeze", lambda camera: camera.segments_closed >= 3)
    listed = (Path(recorder.details().spool_path) / "segments.csv").read_text().splitlines()
    starts = [float(line.split(",")[1]) for line in listed]
    times = []
    for start, segment in zip(starts, recorder.segments(), strict=False):
        packets = subprocess.run(
            ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0",
             segment.path],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        times += sorted(start + float(packet.strip(",")) for packet in packets)
    # The very first packet of an RTSP session has no time stamp of its own; ffmpeg gives it that of the second.
    steps = [after - before for before, after in itertools.pairwise(times[1:])]
    assert len(times) > 100
    assert max(steps) < 0.15
    assert min(steps) > 0.05


def live_is(state: OutputState) -> Callable[..., bool]:
    """For `wait_for`."""

    def look(camera: object) -> bool:
        output = camera.output(OutputKind.LIVE)  # type: ignore[attr-defined]
        return output is not None and output.state is state

    return look


def test_what_is_recorded_is_the_cameras_own_stream(recorder: Recorder, simulated: MakeCameras) -> None:
    recording(recorder, simulated)
    camera = recorder.camera()
    outputs = {output.kind: output.encoder for output in camera.outputs}
    assert outputs == {OutputKind.RECORDING: "copy", OutputKind.LIVE: "copy"}
    assert recorder.details().source_codec == "h264"


def test_a_camera_that_sends_h265_is_recorded_by_copy_and_live_is_h264(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(codec="h265")
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    camera = recorder.wait_for("live up", live_is(OutputState.UP))
    live, kept = camera.output(OutputKind.LIVE), camera.output(OutputKind.RECORDING)
    assert live is not None
    assert kept is not None
    assert (live.codec, kept.codec, kept.encoder) == ("h264", "h265", "copy")
    assert live.encoder != "copy"


def test_reencode_falls_back_from_missing_hardware_and_says_why(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    head = "\n".join(
        (
            "retention: {min_free: 16M}",
            "live: {listen: '127.0.0.1:0'}",
            "profiles:",
            "  gpu:",
            "    recording: {codec: h265, encoder: nvenc, bitrate: 300k}",
            "    live: {codec: h264, encoder: nvenc, size: 320x180, bitrate: 300k}",
        )
    )
    recorder.configure([("cam1", sources.url("cam1"))], "gpu", head)
    recorder.start()
    camera = recorder.wait_recording()
    assert {output.encoder for output in camera.outputs} == {"libx265", "libx264"}
    assert camera.fallback.startswith("software encoders: ")
    assert "nvenc" in camera.fallback
    recorder.wait_for("a closed segment", lambda now: now.segments_closed >= 1)
    assert recorder.segments()[0].codec == "h265"


def test_a_frozen_worker_is_found_by_its_segment_and_replaced(recorder: Recorder, simulated: MakeCameras) -> None:
    recorder.segment_s = 2
    recorder.hurry({"watchdog.STALE_S": 6.0})
    recording(recorder, simulated)
    before = recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGSTOP)
    recorder.wait_recording(generation=2)
    event = next(event for event in recorder.details().events if event.kind is EventKind.WATCHDOG)
    assert "does not grow" in event.rule
    assert event.measured
    assert event.threshold
    assert event.outcome == "worker is replaced"


def test_a_camera_with_keyframes_further_apart_than_segments_are_long_is_recorded(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(gop_s=7.0)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()


def test_a_lost_note_never_lets_a_worker_write_over_what_lies_in_the_spool(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    old = recorder.recordings / ".vmstui" / "spool" / "cam1" / "1" / "000000.mp4"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"evidence")
    recording(recorder, simulated)
    assert recorder.camera().generation == 2
    kept = wait_until(
        lambda: [file for file in (recorder.recordings / ".vmstui" / "quarantine" / "cam1").glob("*.mp4")],
        "the old file is set aside",
    )
    assert kept[0].read_bytes() == b"evidence"
    assert not old.parent.exists()


def test_the_clock_of_the_watchdog_is_not_the_wall_clock(recorder: Recorder, simulated: MakeCameras) -> None:
    """A service that was frozen for a while judges no camera by the time it missed."""
    recorder.segment_s = 2
    recorder.hurry({"watchdog.STALE_S": 12.0})
    recording(recorder, simulated)
    before, log = recorder.camera(), Path(recorder.details().log_path)
    assert recorder.service is not None
    recorder.service.send_signal(signal.SIGSTOP)
    written = write_lines(log, 500)
    time.sleep(15)
    recorder.service.send_signal(signal.SIGCONT)
    wait_until(lambda: shown_lines(recorder) == written, "every line is shown once")
    recorder.wait_for("segments after it", lambda camera: camera.segments_closed >= 5)
    after = recorder.camera()
    assert (after.pid, after.restarts) == (before.pid, 0)
    assert max(map(abs, gaps_between(recorder.segments()))) < 0.5
