"""What an earlier configuration, a dead service or another recorder left: nothing is lost and nobody doubled."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.harness import PASSWORD, PATIENCE_S, Recorder, wait_until
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind

MakeCameras = Callable[..., SimulatedCameras]


def segments_on_disk(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*/*.mp4"))


def spooled(recordings: Path) -> list[Path]:
    return sorted(recordings.glob(".vmstui/spool/*/*/*.mp4"))


def start_with(recorder: Recorder, sources: SimulatedCameras, *names: str) -> None:
    recorder.configure([(name, sources.url(name)) for name in names])
    recorder.start()
    for name in names:
        recorder.wait_recording(name)


def test_a_camera_that_left_the_configuration_while_no_service_ran_is_ended_and_settled(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(2)
    start_with(recorder, sources, "cam1", "cam2")
    recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1, "cam2")
    gone = recorder.camera("cam2").pid
    recorder.kill_service()
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    wait_until(lambda: gone not in recorder.left_running(), "its worker is ended")
    wait_until(lambda: not list(recorder.recordings.glob(".vmstui/spool/cam2/*")), "its spool is settled")
    assert list((recorder.recordings / "cam2").glob("*/*.mp4"))
    script = recorder.folder / "state" / "cameras" / "cam2" / "input.ffconcat"
    wait_until(lambda: not script.exists(), "its password is forgotten")
    assert [camera.id for camera in recorder.snapshot().cameras] == ["cam1"]


def test_a_recordings_folder_that_changed_while_no_service_ran_is_settled_where_it_was(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated()
    start_with(recorder, sources, "cam1")
    recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)
    old = recorder.recordings
    recorder.kill_service()
    recorder.recordings = recorder.folder / "other"
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording(generation=2)
    wait_until(lambda: not spooled(old), "the old spool is settled")
    recorder.wait_for("a segment in the new folder", lambda _: segments_on_disk(recorder.recordings))
    assert len(segments_on_disk(old)) >= 2


def test_a_camera_that_leaves_and_comes_back_at_once_has_one_worker(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated(2)
    start_with(recorder, sources, "cam1", "cam2")
    recorder.configure([("cam1", sources.url("cam1"))])
    assert recorder.command("config", "reload").returncode == 0
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    assert recorder.command("config", "reload").returncode == 0
    recorder.wait_recording("cam2", generation=2)
    assert len(recorder.left_running()) == 3  # two workers and the relay


def test_a_worker_that_died_while_no_service_ran_is_explained_and_replaced(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    start_with(recorder, simulated(), "cam1")
    worker = recorder.camera().pid
    assert worker is not None
    recorder.kill_service()
    os.kill(worker, signal.SIGKILL)
    recorder.start()
    recorder.wait_recording(generation=2)
    texts = [event.text for event in recorder.details().events if event.kind is EventKind.EXIT]
    assert any("while no service looked" in text for text in texts)


def test_two_recorders_on_one_folder_do_not_touch_each_other(
    recorder: Recorder, simulated: MakeCameras, abilities: tuple[Path, str], tmp_path: Path
) -> None:
    sources = simulated()
    start_with(recorder, sources, "cam1")
    before = recorder.camera()
    other = Recorder(tmp_path / "other", abilities[0])
    other.recordings = recorder.recordings
    try:
        other.configure([("cam1", sources.url("cam1"))])
        other.start()
        held = other.wait_for("held", lambda now: now.state is CameraState.HELD and "another recorder" in now.reason)
        assert str(recorder.folder / "state") in held.reason
        recorder.wait_for("more segments", lambda camera: camera.segments_closed >= before.segments_closed + 2)
        assert recorder.camera().pid == before.pid
        assert other.camera().pid is None
        assert other.segments() == []
    finally:
        other.stop()


def test_stopping_ends_also_when_what_is_left_cannot_be_published(recorder: Recorder) -> None:
    """No ffmpeg any more, and footage in the spool: it stays there, and the recorder still ends."""
    left = recorder.recordings / ".vmstui" / "spool" / "cam1" / "4" / "000000.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"footage")
    recorder.configure([("cam1", "rtsp://127.0.0.1:9/cam1")])
    text = recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {recorder.folder}/gone/ffmpeg")
    recorder.config.write_text(text)
    recorder.start()
    recorder.wait_for("held", lambda camera: camera.state is CameraState.HELD and "ffmpeg" in camera.reason)
    done = recorder.command("down")
    assert done.returncode == 0
    assert "stay in the spool" in done.stderr
    assert left.read_bytes() == b"footage"


def test_nothing_starts_any_more_once_recording_is_being_stopped(recorder: Recorder, simulated: MakeCameras) -> None:
    start_with(recorder, simulated(), "cam1")
    worker = recorder.camera().pid
    assert worker is not None
    stopping = threading.Thread(target=lambda: call(recorder.socket, "shutdown", timeout_s=60))
    refused: list[str] = []
    stopping.start()
    while stopping.is_alive():
        try:
            call(recorder.socket, "restart", {"cameras": "all"}, timeout_s=5)
        except RecorderError as error:
            refused.append(str(error))
    stopping.join()
    assert recorder.service is not None
    assert recorder.service.wait(PATIENCE_S) == 0
    assert recorder.left_running() == []
    assert refused


@pytest.mark.parametrize("method", ["restart", "reload"])
def test_a_command_that_still_reads_the_configuration_when_recording_is_stopped_is_refused(
    recorder: Recorder, simulated: MakeCameras, method: str
) -> None:
    start_with(recorder, simulated(), "cam1")
    changed = recorder.config.read_bytes().replace(b"length: 5s", b"length: 7s")
    recorder.config.unlink()
    os.mkfifo(recorder.config)  # whoever reads the configuration now waits until somebody writes it
    refused: list[str] = []

    def ask(method: str) -> None:
        try:
            call(recorder.socket, method, {"cameras": "all"} if method == "restart" else {}, timeout_s=60)
        except RecorderError as error:
            refused.append(str(error))

    asking, stopping = (threading.Thread(target=ask, args=(what,)) for what in (method, "shutdown"))
    asking.start()
    with recorder.config.open("wb") as config:  # opens once somebody reads
        stopping.start()
        recorder.wait_for("stopping", lambda camera: camera.state is not CameraState.RECORDING)
        config.write(changed)
    asking.join(60)
    stopping.join(60)
    assert recorder.service is not None
    assert recorder.service.wait(PATIENCE_S) == 0
    assert recorder.left_running() == []
    assert len(refused) == 1, "the command is refused, the shutdown is not"


def test_a_password_that_was_written_while_nobody_looked_is_masked_by_the_next_service(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    start_with(recorder, simulated(), "cam1")
    recorder.kill_service()
    log = recorder.folder / "state" / "cameras" / "cam1" / "log" / "000001.log"
    encoded = quote(PASSWORD, safe="")
    with log.open("a") as file:
        file.write(f"[error] Impossible to open 'rtsp://admin:{encoded}@cam/1'\n" * 3)
        file.write("[warning] harmless\n" * 40_000)
    recorder.start()
    recorder.wait_recording()
    wait_until(lambda: encoded.encode() not in log.read_bytes(), "it is masked")
    assert log.read_bytes().endswith(b"[warning] harmless\n")


def test_a_password_from_the_environment_stays_in_the_service(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    text = recorder.config.read_text().replace("{file: password}", "{env: CAMERA_PASSWORD}")
    recorder.config.write_text(text)
    recorder.environment["CAMERA_PASSWORD"] = PASSWORD
    recorder.start()
    recorder.wait_recording()
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in recorder.left_running()]
    assert len(environments) == 2
    assert not any(b"CAMERA_PASSWORD" in environment for environment in environments)


def test_a_camera_that_is_disabled_is_stopped_whatever_was_asked_before(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated()
    start_with(recorder, sources, "cam1")
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    text = recorder.config.read_text()
    recorder.config.write_text(text.replace("  - id: cam1\n", "  - id: cam1\n    enabled: false\n"))
    assert recorder.command("config", "reload").returncode == 0
    recorder.wait_for("stopped", lambda camera: camera.state is CameraState.STOPPED)


def test_up_runs_nothing_that_lies_in_the_current_folder(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo vmstui up` may be typed in a folder that anybody can write to."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("heapq", "vmstui", "yaml"):
        (trap / f"{name}.py").write_text(f"open({str(trap / 'sprung')!r}, 'w').close()\n")
    recorder.configure([])
    monkeypatch.chdir(trap)
    from vmstui.cli.starting import start_service
    from vmstui.settings import Folders

    for name in ("VMSTUI_STATE", "VMSTUI_RUNTIME", "VMSTUI_CONFIG"):
        monkeypatch.setenv(name, recorder.environment[name])
    folders = Folders(recorder.environment["VMSTUI_STATE"], recorder.environment["VMSTUI_RUNTIME"])
    pid = start_service(str(recorder.config), folders)
    assert pid is not None
    call(recorder.socket, "shutdown", timeout_s=60)
    os.waitpid(pid, 0)
    assert not (trap / "sprung").exists()


def test_encoders_that_vanish_are_left_rung_by_rung_with_the_reason(recorder: Recorder, simulated: MakeCameras) -> None:
    """A driver that worked when it was probed and is missing now, as it really is on a machine without NVIDIA."""
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has an NVIDIA driver")
    for cache in (recorder.folder / "state" / "cache").glob("*.json"):
        known = json.loads(cache.read_text())
        known["encoders"] += ["h264_nvenc", "hevc_nvenc"]
        known["cuda_frames"] = True
        cache.write_text(json.dumps(known))
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
    events = recorder.details().events
    starts = [event.text.rpartition(": ")[2] for event in events if event.kind is EventKind.START]
    assert starts == ["GPU frames", "software decode, hardware encoders", "software encoders"]
    assert sum(event.kind is EventKind.FALLBACK for event in events) == 2
    assert "libcuda" in " ".join(event.text + event.measured for event in events)
    assert camera.fallback.startswith("software encoders")
    recording = camera.output(OutputKind.RECORDING)
    assert recording is not None
    assert recording.encoder == "libx265"
