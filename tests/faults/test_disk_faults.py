"""The recordings disk fills up, vanishes, is replaced by another, or fails, while two cameras record to it.

In each case: one incident for all cameras, no worker blamed or left running into nowhere, nothing created in what is
not the recordings folder, both record again within ten seconds of the cure, and what was recorded before plays
(`Watch`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.faults.failing_disk import HANG, HANG_AT_FSYNC
from tests.faults.watch import Watch
from tests.integration.harness import PATIENCE_S, REPOSITORY, Recorder, wait_until
from tests.peers import unavailable
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, EventKind

CAMERAS = ("cam1", "cam2")
RESUMED_S = 10.0
"""Promise: so long after the cure, all cameras record again."""
MiB = 1024 * 1024


@dataclass
class OnDisk:
    """A recorder with two cameras, and the folder its recordings folder is in."""

    recorder: Recorder
    watch: Watch
    disk: Path

    def start(self, source: SimulatedCameras, recordings: Path, segments: int = 0) -> None:
        """Until both record, and each has published so many segments."""
        self.recorder.recordings = recordings
        head = "retention: {min_free: 4M}\nlive: {listen: '127.0.0.1:0'}"
        self.recorder.configure([(name, source.url(name)) for name in CAMERAS], head=head)
        self.recorder.start()
        for name in CAMERAS:
            self.recorder.wait_recording(name)
            self.recorder.wait_for("segments", lambda camera: camera.segments_closed >= segments, name)

    def held(self, reason: str) -> None:
        """Wait until both are held for this reason, and nothing runs."""
        for name in CAMERAS:
            self.recorder.wait_for(
                f"held: {reason}", lambda camera: camera.state is CameraState.HELD and reason in camera.reason, name
            )
            assert self.watch.workers(name) == []

    def incidents(self) -> list[str]:
        """What the log says of it: one line for all cameras."""
        return [text for text in self.recorder.log(None) if "the recordings folder" in text or "the folder" in text]

    def holds(self, name: str) -> list[str]:
        """The same in the history of a camera."""
        events = self.recorder.details(name).events
        return [event.text for event in events if event.kind is EventKind.HOLD and str(self.disk) in event.text]

    def failures(self, name: str) -> int:
        """As noted for a later service."""
        life = json.loads((self.recorder.folder / "state" / "cameras" / name / "worker.life.json").read_text())
        return int(life["failures"])

    @contextmanager
    def cured(self) -> Iterator[None]:
        """What is done in this block is the cure: after it both record again in time."""
        before = {name: self.recorder.camera(name).generation for name in CAMERAS}
        yield
        cured_s = time.monotonic()
        for name in CAMERAS:
            self.recorder.wait_recording(name, generation=before[name] + 1)
        took_s = time.monotonic() - cured_s
        print(f"both record {took_s:.1f} s after the cure")
        assert took_s < RESUMED_S


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Mounts a disk that fails with the error that a file names, while that file is there; gives the file."""
    switch, behind = tmp_path / "switch", tmp_path / "behind"
    served: list[tuple[Path, subprocess.Popen[str]]] = []

    def mount(folder: Path) -> Path:
        behind.mkdir()
        argv = [sys.executable, "-m", "tests.faults.failing_disk", str(folder), str(behind), str(switch)]
        disk = subprocess.Popen(argv, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: os.path.ismount(folder) or disk.poll() is not None, "it is mounted")
        if disk.poll() is not None:
            unavailable(disk.communicate()[1].strip())
        served.append((folder, disk))
        return switch

    yield mount
    for folder, disk in served:
        switch.unlink(missing_ok=True)
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        disk.communicate(timeout=PATIENCE_S)


@pytest.fixture
def on_disk(mounts: Callable[..., None], failing: Callable[[Path], Path], watched: tuple[Recorder, Watch]) -> OnDisk:
    """What is mounted is unmounted only when all has ended."""
    recorder, watch = watched
    disk = recorder.folder / "disk"
    disk.mkdir(parents=True)
    return OnDisk(recorder, watch, disk)


def fill(path: Path, leave_bytes: int = 0) -> None:
    """Write until the disk has no more room than this."""
    status = os.statvfs(path.parent)
    wanted = status.f_bavail * status.f_frsize - leave_bytes if leave_bytes else 1 << 40
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.tell() < wanted:
            file.write(bytes(min(MiB, wanted - file.tell())))


def test_a_disk_without_a_byte_left_holds_both_cameras_at_once_and_blames_no_worker(
    on_disk: OnDisk, source: SimulatedCameras, mounts: Callable[..., None]
) -> None:
    mounts(on_disk.disk, "size=40M")
    on_disk.start(source, on_disk.disk / "recordings", segments=1)
    ballast = on_disk.disk / "ballast"
    fill(ballast)
    on_disk.held("free space")
    assert len(on_disk.incidents()) == 1, on_disk.incidents()
    assert on_disk.holds("cam1") == on_disk.holds("cam2")
    assert len(on_disk.holds("cam1")) == 1
    assert [on_disk.failures(name) for name in CAMERAS] == [0, 0]
    with on_disk.cured():
        ballast.unlink()


def test_who_can_make_room_is_asked_first_and_then_nothing_is_held(
    on_disk: OnDisk, source: SimulatedCameras, mounts: Callable[..., None]
) -> None:
    mounts(on_disk.disk, "size=40M")
    old = on_disk.disk / "recordings" / "Old"
    old.mkdir(parents=True)
    for number in range(4):
        (old / f"{number}.mp4").write_bytes(bytes(4 * MiB))
    on_disk.recorder.program = "tests.faults.freeing_service"
    on_disk.start(source, on_disk.disk / "recordings")
    before = {name: on_disk.recorder.camera(name).pid for name in CAMERAS}
    fill(on_disk.disk / "ballast", leave_bytes=3 * MiB)
    wait_until(lambda: len(os.listdir(old)) == 2, "the oldest files go")
    assert sorted(os.listdir(old)) == ["2.mp4", "3.mp4"]
    # Long enough for another look, which finds room.
    for name in CAMERAS:
        on_disk.recorder.wait_for("more segments", lambda camera: camera.segments_closed >= 2, name)
        assert on_disk.recorder.camera(name).pid == before[name]
        assert on_disk.holds(name) == []
    assert on_disk.incidents() == []
    assert len(os.listdir(old)) == 2
    for path in old.iterdir():
        path.unlink()  # they are no recordings


def test_a_folder_that_is_moved_away_is_neither_recorded_into_nor_made_anew(
    on_disk: OnDisk, source: SimulatedCameras
) -> None:
    recordings, away = on_disk.disk / "recordings", on_disk.disk / "away"
    on_disk.start(source, recordings)
    recordings.rename(away)
    on_disk.held(f"{recordings} is gone")
    recordings.mkdir()
    on_disk.held("has no mark of a recordings folder")
    assert os.listdir(recordings) == []
    recordings.rmdir()
    on_disk.held(f"{recordings} is gone")
    assert not recordings.exists()
    assert [on_disk.failures(name) for name in CAMERAS] == [0, 0]
    assert len(on_disk.holds("cam1")) == 1
    with on_disk.cured():
        away.rename(recordings)


def test_nothing_is_written_into_the_empty_folder_below_a_disk_that_went_away(
    on_disk: OnDisk, source: SimulatedCameras, mounts: Callable[..., None]
) -> None:
    disk, real = on_disk.disk, on_disk.recorder.folder / "real"
    real.mkdir()
    mounts(real, "size=40M")
    mounts(disk, bind=real)
    on_disk.start(source, disk)
    subprocess.run(["umount", "--lazy", str(disk)], check=True)
    on_disk.held(f"is not on the file system mounted at {disk}")
    assert os.listdir(disk) == []
    assert len(on_disk.incidents()) == 1, on_disk.incidents()
    mounts(disk, bind=real)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)
    on_disk.held("is mounted read-only")
    with on_disk.cured():
        subprocess.run(["mount", "-o", "remount,bind,rw", str(disk)], check=True)


def test_a_disk_that_fails_with_io_errors_holds_both_cameras_and_costs_no_file(
    on_disk: OnDisk, source: SimulatedCameras, failing: Callable[[Path], Path]
) -> None:
    switch = failing(on_disk.disk)
    on_disk.start(source, on_disk.disk / "recordings")
    switch.write_text("EIO")
    on_disk.held("(Input/output error): check its disk")
    assert len(on_disk.incidents()) == 1, on_disk.incidents()
    assert [on_disk.failures(name) for name in CAMERAS] == [0, 0]
    with on_disk.cured():
        switch.unlink()


def test_starts_that_hang_on_a_dead_disk_keep_nobody_from_being_told_and_obeyed(
    on_disk: OnDisk, source: SimulatedCameras, failing: Callable[[Path], Path]
) -> None:
    recorder, names = on_disk.recorder, tuple(f"cam{number}" for number in range(1, 9))
    switch = failing(on_disk.disk)
    recorder.recordings = on_disk.disk / "recordings"
    head = "retention: {min_free: 4M}\nlive: {listen: '127.0.0.1:0'}"
    recorder.configure([(name, source.url("cam1")) for name in names], head=head)
    recorder.config.write_text(recorder.config.read_text().replace("profile: source", "enabled: false"))
    recorder.start()
    wait_until(lambda: recorder.snapshot().storage.usable, "the disk was looked at")
    switch.write_text(HANG)
    assert recorder.command("start", "--all").returncode == 0
    for _ in range(8):  # starts pass a gate, one after the other
        time.sleep(0.5)
        for method in ("details", "history", "segments"):
            call(recorder.socket, method, {"camera": "cam1"}, timeout_s=20)
    assert {recorder.camera(name).state for name in names} <= {CameraState.STARTING, CameraState.HELD}
    assert recorder.command("stop", "--all").returncode == 0
    assert recorder.command("start", "cam1").returncode == 0
    switch.unlink()
    recorder.wait_recording("cam1")
    assert len(on_disk.watch.workers("cam1")) == 1
    assert all(on_disk.watch.workers(name) == [] for name in names[1:])
    recorder.wait_for("progress is reported", lambda camera: camera.progress is not None)


def test_a_disk_that_hangs_keeps_no_process_from_starting_and_nobody_from_being_told(
    on_disk: OnDisk, source: SimulatedCameras, failing: Callable[[Path], Path]
) -> None:
    """While the service has files open on it: a new process, which gets a copy of each, must not wait for them."""
    switch, recorder = failing(on_disk.disk), on_disk.recorder
    on_disk.start(source, on_disk.disk / "recordings")
    before = {name: recorder.camera(name).pid for name in CAMERAS}
    switch.write_text(HANG_AT_FSYNC)
    service = recorder.pid()
    wait_until(lambda: files_open(service, on_disk.disk), "the service waits for the disk with a file open")
    for _ in range(2):
        old = recorder.snapshot().relay.pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        new = wait_until(partial(another_relay, recorder, old), "another relay runs")
        assert os.readlink(f"/proc/{new}/exe") == os.path.realpath(sys.executable)
        assert files_open(new, on_disk.disk) == []
    assert {name: recorder.camera(name).pid for name in CAMERAS} == before
    assert files_open(service, on_disk.disk), "it did so all the while"
    switch.unlink()
    for name in CAMERAS:
        recorder.wait_recording(name)
        assert len(on_disk.watch.workers(name)) == 1


def files_open(pid: int, disk: Path) -> list[str]:
    """Files on this disk that a process has open; folders do not count, whose close waits for nobody."""
    found = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            path = os.readlink(entry.path)
            flags = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().split("flags:")[1].split()[0]
            if path.startswith(f"{disk}/") and not int(flags, 8) & os.O_DIRECTORY:
                found.append(path)
    return found


def another_relay(recorder: Recorder, than: int) -> int | None:
    """The pid of the relay, if it is not that one."""
    pid = recorder.snapshot().relay.pid
    return pid if pid != than else None
