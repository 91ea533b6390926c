"""Wrong passwords, absent cameras, broken folders, garbage: a clear reason, no harm, and it goes on when cured."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.harness import PASSWORD, PATIENCE_S, Recorder, wait_until
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraSnapshot, CameraState
from vmstui.recorder.policy import JITTER

MakeCameras = Callable[..., SimulatedCameras]


def in_state(*states: CameraState) -> Callable[[CameraSnapshot], bool]:
    return lambda camera: camera.state in states


def test_a_wrong_password_is_asked_once_and_then_not_for_about_ten_minutes(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path
) -> None:
    sources = simulated(password="another password")
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    camera = recorder.wait_for("auth_failed", in_state(CameraState.AUTH_FAILED))
    assert camera.next_start_at is not None
    wait_s = (camera.next_start_at - camera.since).total_seconds()
    assert wait_s == pytest.approx(600, rel=JITTER + 0.01)
    assert camera.generation == 0, "no ffmpeg was started to try the password again"
    assert "password" in camera.reason or "401" in camera.reason
    # A key tries again at once, with what the password file holds now.
    (recorder.folder / "password").write_text("another password")
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    assert recorder.wait_recording().generation == 1


def test_an_unreachable_camera_backs_off_and_comes_back_by_itself(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    sources.down()
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    camera = recorder.wait_for("backoff", in_state(CameraState.BACKOFF))
    assert "refused" in camera.reason.lower()
    assert camera.next_start_at is not None
    sources.up()
    recorder.wait_recording()


def test_a_camera_that_is_full_is_left_in_peace_and_tried_again(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    sources.refuse("cam1", 453)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_for("backoff", in_state(CameraState.BACKOFF))
    sources.refuse("cam1", None)
    recorder.wait_recording()


def test_a_camera_that_stops_sending_is_noticed_and_followed(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)
    sources.freeze("cam1")
    dark = recorder.wait_for("not recording any more", lambda camera: camera.state is not CameraState.RECORDING)
    assert dark.grew_at is not None, "since when it is not recorded is known at once"
    assert dark.grew_at < dark.since
    sources.thaw("cam1")
    recorder.wait_recording(generation=2)
    # The last segment was closed long after its last frame; it is named by when it began all the same.
    first_run = [segment for segment in recorder.segments() if segment.generation == 1]
    for before, after in itertools.pairwise(first_run):
        assert abs((after.started_at - before.started_at).total_seconds() - before.duration_s) < 1.5


def test_a_camera_that_comes_back_with_another_codec_is_recorded_as_it_is_now(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)
    sources.close("cam1")
    recorder.wait_for("camera lost", lambda camera: camera.pid is None)
    sources.reopen("cam1", size=(480, 270), codec="h265")
    camera = recorder.wait_recording(generation=2)
    live = camera.output(OutputKind.LIVE)
    assert live is not None
    assert (live.codec, live.encoder != "copy") == ("h264", True)
    recorder.wait_for("a segment of it", lambda now: now.last_segment and now.last_segment.codec == "h265")
    newest = recorder.segments()[-1]
    assert (newest.width, newest.height) == (480, 270)


def test_a_folder_that_is_missing_holds_all_cameras_and_they_go_on_when_it_is_back(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated(2)
    recorder.recordings = recorder.folder / "disk" / "recordings"
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    recorder.start()
    for name in ("cam1", "cam2"):
        camera = recorder.wait_for(
            "held by the folder",
            lambda now: now.state is CameraState.HELD and str(recorder.recordings) in now.reason,
            name,
        )
        assert camera.pid is None
    assert recorder.command("status").returncode == 1
    (recorder.folder / "disk").mkdir()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)


def test_a_disk_that_is_not_mounted_is_not_replaced_by_the_root_disk(
    recorder: Recorder, simulated: MakeCameras, mounts: Callable[[Path, str], None]
) -> None:
    sources = simulated()
    disk = recorder.folder / "disk"
    disk.mkdir(parents=True)
    mounts(disk, "size=64M")
    recorder.recordings = disk / "recordings"
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    assert recorder.command("down").returncode == 0
    subprocess.run(["umount", str(disk)], check=True)
    recorder.recordings.mkdir()  # as a careless script would
    recorder.start()
    camera = recorder.wait_for("held", lambda now: now.state is CameraState.HELD and str(disk) in now.reason)
    assert camera.pid is None
    assert os.listdir(recorder.recordings) == []


def test_a_full_disk_holds_and_recording_goes_on_when_there_is_room(
    recorder: Recorder, simulated: MakeCameras, mounts: Callable[[Path, str], None]
) -> None:
    sources = simulated()
    disk = recorder.folder / "disk"
    disk.mkdir(parents=True)
    mounts(disk, "size=48M")
    recorder.recordings = disk / "recordings"
    head = "retention: {min_free: 16M}\nlive: {listen: '127.0.0.1:0'}"
    recorder.configure([("cam1", sources.url("cam1"))], head=head)
    recorder.start()
    recorder.wait_recording()
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(36 * 1024 * 1024))
    held = recorder.wait_for("held", in_state(CameraState.HELD))
    assert "full" in held.reason or "free" in held.reason
    assert held.pid is None
    kept = wait_until(recorder.segments, "what was recorded is published")
    assert all(segment.duration_s > 0 for segment in kept)
    ballast.unlink()
    recorder.wait_recording(generation=2)


def test_a_disk_without_a_single_byte_left_is_survived_by_every_camera(
    recorder: Recorder, simulated: MakeCameras, mounts: Callable[[Path, str], None]
) -> None:
    """Filled between two looks at the disk, so that workers die of it and others start on it."""
    sources = simulated(3)
    disk = recorder.folder / "disk"
    disk.mkdir(parents=True)
    mounts(disk, "size=48M")
    recorder.recordings = disk / "recordings"
    names = [f"cam{number}" for number in (1, 2, 3)]
    head = "retention: {min_free: 4M}\nlive: {listen: '127.0.0.1:0'}"
    recorder.configure([(name, sources.url(name)) for name in names], head=head)
    recorder.start()
    before = {name: recorder.wait_recording(name).generation for name in names}
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1024 * 1024))
    for name in names:
        recorder.wait_for("not recording", lambda camera: camera.state is not CameraState.RECORDING, name)
    ballast.unlink()
    for name in names:
        recorder.wait_recording(name, generation=before[name] + 1)


def test_no_usable_ffmpeg_is_one_clear_sentence(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    text = recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {recorder.folder}/nothing/ffmpeg")
    recorder.config.write_text(text)
    recorder.start()
    camera = recorder.wait_for("held by ffmpeg", lambda now: now.state is CameraState.HELD and "ffmpeg" in now.reason)
    assert f"{recorder.folder}/nothing/ffmpeg" in camera.reason
    assert "\n" not in camera.reason


def test_garbage_on_the_socket_costs_that_client_only(recorder: Recorder) -> None:
    recorder.configure([])
    recorder.start()
    for garbage in (
        b"\x00\xff\xfe" * 100 + b"\n",
        b"{}\n",
        b"x" * 200_000,
        b"[" * 50_000 + b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE_S)
            client.connect(str(recorder.socket))
            try:
                client.sendall(garbage)
                while client.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
        assert isinstance(call(recorder.socket, "hello"), dict)


def test_a_client_that_never_reads_is_dropped_alone(recorder: Recorder) -> None:
    recorder.configure([])
    recorder.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(recorder.socket))
        client.settimeout(PATIENCE_S)
        request = b'{"jsonrpc":"2.0","id":1,"method":"snapshot"}\n' * 50_000
        with pytest.raises(ConnectionError):
            client.sendall(request)
        assert isinstance(call(recorder.socket, "hello"), dict)


def test_only_the_owner_may_reach_the_socket(recorder: Recorder) -> None:
    recorder.configure([])
    recorder.start()
    assert stat.S_IMODE(recorder.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(recorder.socket.parent.stat().st_mode) == 0o700


def test_unknown_cameras_and_methods_are_refused_with_what_is_known(recorder: Recorder, simulated: MakeCameras) -> None:
    recorder.configure([])
    recorder.start()
    refused = recorder.command("restart", "lobby")
    assert refused.returncode == 2
    assert "'lobby'" in refused.stderr
    assert recorder.command("restart").returncode == 2


def test_the_password_is_nowhere(recorder: Recorder, simulated: MakeCameras) -> None:
    """Neither in any command line, file, log or answer, raw or percent-encoded, also while the camera misbehaves."""
    from urllib.parse import quote, quote_plus

    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    sources.close("cam1")
    recorder.wait_for("camera lost", lambda camera: camera.pid is None)
    sources.reopen("cam1")
    recorder.wait_recording(generation=2)
    time.sleep(1.5)
    secrets = {PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), quote_plus(PASSWORD)}
    secrets |= {secret.lower() for secret in secrets}
    needles = [secret.encode() for secret in secrets]
    places: dict[str, bytes] = {str(path): content for path, content in recorder.all_files().items()}
    for pid in [*recorder.left_running(), recorder.service.pid if recorder.service else 0]:
        places[f"argv of {pid}"] = Path(f"/proc/{pid}/cmdline").read_bytes()
        places[f"environment of {pid}"] = Path(f"/proc/{pid}/environ").read_bytes()
    for arguments in (
        ("status", "--json"), ("status",), ("logs", "--json"), ("config", "show"), ("config", "show", "--json"),
    ):  # fmt: skip
        done = recorder.command(*arguments)
        places[" ".join(arguments)] = (done.stdout + done.stderr).encode()
    places["details"] = str(call(recorder.socket, "details", {"camera": "cam1"})).encode()
    found = [place for place, content in places.items() if any(needle in content for needle in needles)]
    assert found == []
    assert (recorder.folder / "state" / "cameras" / "cam1" / "input.ffconcat").stat().st_mode & 0o777 == 0o600


def test_hostile_names_and_messages_are_harmless_on_the_command_line(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    hostile = '"\\e]0;owned\\a[/red]\\u202eevil"'
    text = recorder.config.read_text().replace("  - id: cam1\n", f"  - id: cam1\n    name: {hostile}\n")
    recorder.config.write_text(text)
    recorder.start()
    recorder.wait_recording()
    shown = recorder.command("status").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)
    assert "\x1b" not in recorder.segments()[0].path
