"""Whatever becomes of a camera's log file or of the disk it is on, the recording is not touched, and it is said."""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.line_writer import SECRET
from tests.faults.log_follower import context
from tests.integration.harness import PASSWORD, Recorder, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.log_folder import Bounds
from vmstui.recorder.process import spawn, take_lock


def test_a_log_that_is_replaced_and_flooded_costs_no_recording(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras], tmp_path: Path
) -> None:
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    pid = recorder.wait_recording().pid
    logs = recorder.folder / "state" / "cameras" / "cam1" / "log"
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    log = logs / "000001.log"
    log.unlink()
    log.symlink_to(victim)
    (logs / "000002.log").symlink_to(victim)
    (logs / "000003.log").mkdir()

    with open(f"/proc/{pid}/fd/2", "ab", buffering=0) as stderr:  # as the worker itself would
        for _ in range(10):
            stderr.write(b"\x1b]0;owned\x07\0\xff" * 100_000 + PASSWORD.encode())
        stderr.write(b"\n[error] after ten megabytes\n")
    wait_until(lambda: "after ten megabytes" in recorder.log(), "the log is still read", lambda: str(recorder.log()))
    wait_until(lambda: any("all of it is in" in text for text in recorder.log()), "the long line is told of")
    assert sum("deleted, moved or replaced" in text for text in recorder.log()) == 1
    assert not any("\x1b" in text or PASSWORD in text for text in recorder.log())
    camera = recorder.camera()
    assert (camera.state, camera.pid, camera.generation) == (CameraState.RECORDING, pid, 1)

    for generation in (2, 3):
        assert recorder.command("restart", "cam1", "--wait").returncode == 0
        recorder.wait_recording(generation=generation)
        assert (logs / f"{generation:06}.log").is_file()
        assert not (logs / f"{generation:06}.log").is_symlink()
        assert os.path.lexists(logs / f"{generation:06}.log.aside1")
    assert victim.read_bytes() == b"precious"


def test_a_worker_never_writes_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "log").symlink_to(victim)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        spawn(
            ["/bin/sh", "-c", "echo written >&2"],
            marker="test:cam:1",
            environment={},
            stdout=tmp_path / "progress",
            stderr=tmp_path / "log",
            lock_fd=take_lock(tmp_path / "lock"),
        )
    assert victim.read_bytes() == b"precious"


def test_a_full_state_disk_costs_log_lines_and_nothing_else(
    tmp_path: Path, mounts: Callable[[Path, str], None]
) -> None:
    (tmp_path / "cam").mkdir()
    mounts(tmp_path / "cam", "size=2M")
    service = context(tmp_path)
    log = CameraLog(service, "cam", Bounds(rotate_bytes=512 * 1024, live_bytes=1024 * 1024))
    log.prepare(1)
    worker = os.open(log.path(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    log.follow(1)

    def shows(*words: str) -> bool:
        log.read()
        texts = [line.text for line in service.logbook.page("cam", 0, 20_000).lines]
        return any(all(word in text for word in words) for text in texts)

    fill(worker, 600 * 1024)
    fill(filler := os.open(tmp_path / "cam" / "filler", os.O_WRONLY | os.O_CREAT), 4 * 1024 * 1024)
    wait_until(lambda: shows("cannot rotate", "No space left"), "it is said")
    fill(worker, 600 * 1024)
    log.read()
    log.prepare(2)
    os.truncate(tmp_path / "cam" / "filler", 0)
    fill(worker, 200 * 1024)
    os.write(worker, b"\n[error] room again\n")
    wait_until(lambda: shows("room again"), "the log goes on")
    wait_until(lambda: shows("room again") and log.path(1).with_name("000001.000001.log.gz").exists(), "it is rotated")
    assert log.settled(30)
    for path in (tmp_path / "cam" / "log").iterdir():
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert SECRET.encode() not in content
    log.close()
    os.close(worker)
    os.close(filler)


def fill(descriptor: int, size_bytes: int) -> None:
    """Write that much, or as much as the disk takes; like ffmpeg, which goes on when its log does not."""
    line = b"[error] cannot open rtsp://admin:%s@camera/1 %s\n" % (SECRET.encode(), b"." * 200)
    for _ in range(size_bytes // len(line)):
        with contextlib.suppress(OSError):
            os.write(descriptor, line)
