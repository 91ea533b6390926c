"""The service and what it lives on are damaged: who records goes on, who does not comes back, and none is doubled."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.watch import Watch
from tests.integration.harness import Recorder, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState
from vmstui.recorder.life import Life, Now, save_life
from vmstui.recorder.machine_events import Past
from vmstui.recorder.process import Identity, boot_id
from vmstui.recorder.record import load_record, save_record
from vmstui.telemetry.procfs import parse_start_ticks

NOTES = (
    *("worker.json", "worker.life.json", "successor.json", "predecessor.json", "events.jsonl", "segments.jsonl"),
    *("../../relay/relay.json", "../../recordings.json"),
)


@pytest.fixture
def running(watched: tuple[Recorder, Watch], source: SimulatedCameras) -> tuple[Recorder, Watch]:
    """Two cameras are recorded."""
    recorder, watch = watched
    recorder.program = "tests.faults.crashing_service"
    recorder.configure([(name, source.url(name)) for name in ("cam1", "cam2")])
    recorder.start()
    for name in ("cam1", "cam2"):
        one_records(recorder, watch, name)
    return recorder, watch


def one_records(recorder: Recorder, watch: Watch, name: str = "cam1") -> int:
    """Wait until exactly one worker records, and the service knows; gives its pid."""

    def look() -> int | None:
        pid = watch.recording(name)
        camera = recorder.camera(name) if pid is not None else None
        return pid if camera is not None and (camera.pid, camera.state) == (pid, CameraState.RECORDING) else None

    return int(wait_until(look, f"{name}: one worker records", recorder._explain))


def state(recorder: Recorder) -> Path:
    return recorder.folder / "state"


def clear(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def spoil(path: Path, how: str) -> None:
    """Damage a note."""
    content = path.read_bytes() if path.is_file() else b"{}"
    clear(path)
    match how:
        case "empty":
            path.write_bytes(b"")
        case "torn":
            path.write_bytes(content[: len(content) // 2])
        case "of another version":
            path.write_text(json.dumps({"version": 99, "camera": ["cam1"], "identity": "4711", "noted": 3}))
        case "of another boot":
            path.write_bytes(content.replace(boot_id().encode(), str(uuid.uuid4()).encode()))
        case "unreadable":  # for anybody but root
            path.write_bytes(content)
            path.chmod(0)
        case "a directory":
            path.mkdir()
        case "gone":
            pass


def test_no_damage_to_what_is_noted_ends_or_doubles_a_worker(running: tuple[Recorder, Watch]) -> None:
    recorder, watch = running
    pid = one_records(recorder, watch)
    installation = (state(recorder) / "installation").read_text()
    folder = state(recorder) / "cameras" / "cam1"
    for how in ("empty", "torn", "of another version", "of another boot", "unreadable", "a directory", "gone"):
        recorder.kill_service()
        for note in NOTES:
            spoil(folder / note, how)
        recorder.start()
        assert one_records(recorder, watch) == pid, how
        assert recorder.camera().restarts == 0
        for note in NOTES:
            if (folder / note).is_dir():
                (folder / note).rmdir()
    for how in ("empty", "a directory", "gone"):
        recorder.kill_service()
        spoil(state(recorder) / "installation", how)
        spoil(folder / "worker.json", "torn")
        recorder.start()
        assert one_records(recorder, watch) == pid, f"the installation is {how}"
    clear(state(recorder) / "installation")
    (state(recorder) / "installation").write_text(installation)
    assert watch.generations == 2


def test_where_the_lock_of_the_state_folder_is_taken_away_one_service_stays_and_no_worker_is_touched(
    running: tuple[Recorder, Watch],
) -> None:
    recorder, watch = running
    pid = one_records(recorder, watch)
    lock = state(recorder) / "service.lock"
    lock.unlink()
    wait_until(lambda: lock.exists(), "it is made anew")
    assert any("service.lock was taken away" in line for line in recorder.log(None))
    lock.unlink()
    first = recorder.service
    assert first is not None
    second = recorder.launch()  # before the first one looks again, as a rule
    wait_until(lambda: (first.poll() is None) != (second.poll() is None), "one of them leaves")
    recorder.service = first if first.poll() is None else second
    wait_until(recorder.answers, "the other one answers")
    assert one_records(recorder, watch) == pid
    assert recorder.camera().restarts == 0


def test_a_stranger_that_got_the_pid_of_a_worker_is_neither_adopted_nor_signalled(
    running: tuple[Recorder, Watch],
) -> None:
    """After a reboot, too: all is noted from another boot, and the socket of the service still lies there."""
    recorder, watch = running
    folder = state(recorder) / "cameras" / "cam1"
    stranger = subprocess.Popen(["/bin/sleep", "600"])
    try:
        ticks = parse_start_ticks(Path(f"/proc/{stranger.pid}/stat").read_bytes())
        for identity in (
            Identity(stranger.pid, ticks - 1, boot_id()),
            Identity(stranger.pid, ticks, str(uuid.uuid4())),
        ):
            before = one_records(recorder, watch)
            recorder.kill_service()
            os.kill(before, signal.SIGKILL)
            note = load_record(folder / "worker.json", "cam1")
            save_record(folder / "worker.json", replace(note, identity=identity))
            told = Life(
                Now(identity.boot_id, time.monotonic(), datetime.now(UTC)),
                note.generation,
                past=Past(signals=1, signalled_s=time.monotonic() - 60),
            )
            save_life(folder / "worker.life.json", told)
            assert recorder.socket.exists()
            recorder.start()
            assert one_records(recorder, watch) not in (before, stranger.pid)
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_of_two_services_started_at_once_one_stays(watched: tuple[Recorder, Watch], source: SimulatedCameras) -> None:
    recorder, watch = watched
    recorder.configure([("cam1", source.url("cam1"))])
    started = [recorder.launch() for _ in range(3)]
    wait_until(lambda: sum(service.poll() is None for service in started) == 1, "all but one leave")
    assert sorted(str(service.poll()) for service in started) == ["1", "1", "None"]
    recorder.service = next(service for service in started if service.poll() is None)
    wait_until(recorder.answers, "it answers")
    one_records(recorder, watch)
    assert watch.generations == 1
    assert (recorder.folder / "service.log").read_text().count(f"process {recorder.service.pid}") == 2


@contextmanager
def frozen(recorder: Recorder) -> Iterator[None]:
    """The service does not run."""
    assert recorder.service is not None
    recorder.service.send_signal(signal.SIGSTOP)
    yield
    time.sleep(3)
    recorder.service.send_signal(signal.SIGCONT)


@contextmanager
def without_descriptors(recorder: Recorder) -> Iterator[None]:
    """It cannot open a single file (EMFILE)."""
    assert recorder.service is not None
    pid = recorder.service.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    open_now = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now, before[1]))
    yield
    time.sleep(3)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextmanager
def without_processes(recorder: Recorder, number: int) -> Iterator[None]:
    """It cannot start a process."""
    (state(recorder) / "no_fork").write_text(str(number))
    yield
    recorder.wait_for("it is told", lambda camera: os.strerror(number) in camera.reason)
    (state(recorder) / "no_fork").unlink()


@pytest.mark.parametrize("how", ["frozen", "without descriptors", "without processes", "without memory"])
def test_a_worker_dies_while_the_service_can_do_nothing(running: tuple[Recorder, Watch], how: str) -> None:
    recorder, watch = running
    assert recorder.service is not None
    before, other = one_records(recorder, watch, "cam1"), one_records(recorder, watch, "cam2")
    fault = {
        "frozen": frozen(recorder),
        "without descriptors": without_descriptors(recorder),
        "without processes": without_processes(recorder, errno.EAGAIN),
        "without memory": without_processes(recorder, errno.ENOMEM),
    }[how]
    with fault:
        os.kill(before, signal.SIGKILL)
    assert one_records(recorder, watch) != before
    assert one_records(recorder, watch, "cam2") == other
    assert recorder.service.poll() is None
    assert watch.generations == 3


def test_a_full_state_disk_keeps_nothing_from_recording(
    watched: tuple[Recorder, Watch], source: SimulatedCameras, mounts: Callable[[Path, str], None]
) -> None:
    recorder, watch = watched
    aside = recorder.folder / "aside"
    shutil.copytree(state(recorder), aside)
    mounts(state(recorder), "size=2M")
    shutil.copytree(aside, state(recorder), dirs_exist_ok=True)
    recorder.configure([("cam1", source.url("cam1"))])
    recorder.start()
    pid = one_records(recorder, watch)
    with contextlib.suppress(OSError), (state(recorder) / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: watch.recording() not in (None, pid), "another worker", recorder._explain)
    pid = one_records(recorder, watch)
    recorder.kill_service()
    recorder.start()
    assert one_records(recorder, watch) == pid
    (state(recorder) / "filler").unlink()


def test_without_a_free_core_no_worker_is_taken_for_stalled(running: tuple[Recorder, Watch]) -> None:
    recorder, watch = running
    before = [one_records(recorder, watch, name) for name in ("cam1", "cam2")]
    busy = [multiprocessing.Process(target=_burn, args=(12.0,)) for _ in range(4 * (os.cpu_count() or 1))]
    for process in busy:
        process.start()
    for process in busy:
        process.join()
    assert [one_records(recorder, watch, name) for name in ("cam1", "cam2")] == before
    assert watch.generations == 2


def test_a_dead_worker_that_nobody_reaps_is_no_worker(running: tuple[Recorder, Watch]) -> None:
    """As where pid 1 of a container does not: here it is the test that orphans come to."""
    recorder, watch = running
    libc, set_child_subreaper = ctypes.CDLL(None), 36
    assert libc.prctl(set_child_subreaper, 1, 0, 0, 0) == 0
    dead = []
    try:
        recorder.kill_service()
        dead += watch.workers("cam1")
        os.kill(dead[-1], signal.SIGKILL)
        wait_until(lambda: not watch.workers("cam1"), "a zombie")
        recorder.start()
        one_records(recorder, watch)
        dead += watch.workers("cam2")  # adopted
        os.kill(dead[-1], signal.SIGKILL)
        wait_until(lambda: watch.recording("cam2") not in (None, dead[-1]), "another one", recorder._explain)
        relay = recorder.snapshot().relay.pid
        assert relay is not None
        os.kill(relay, signal.SIGKILL)
        dead.append(relay)
        assert all(Path(f"/proc/{pid}").exists() for pid in dead)
    finally:
        libc.prctl(set_child_subreaper, 0, 0, 0, 0)
        for pid in dead:
            os.waitpid(pid, 0)


def _burn(seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        pass
