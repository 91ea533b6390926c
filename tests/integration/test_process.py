"""Processes of ours: they outlive us, are found again, and are never confused with others."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmstui.recorder.process import (
    USUAL_DESCRIPTORS,
    Exit,
    Identity,
    LockHeld,
    Process,
    adopt,
    boot_id,
    children,
    find_marked,
    marker_of,
    reap_dead,
    seal_descriptors,
    spawn,
    take_lock,
    unprotect,
)

SLEEP = ("/bin/sleep", "60")


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        if process.pidfd >= 0:
            process.send(signal.SIGKILL)
            wait(process)
            process.reap()
            process.close()


def start(folder: Path, argv: tuple[str, ...] = SLEEP, marker: str = "") -> Process:
    return spawn(
        argv,
        marker=marker or uuid.uuid4().hex,
        environment=os.environ,
        stdout=folder / "out",
        stderr=folder / "err",
        lock_fd=take_lock(folder / "lock"),
    )


def wait(process: Process, limit_s: float = 20.0) -> None:
    assert select.select([process.pidfd], [], [], limit_s)[0], "the process did not end"


def test_a_worker_holds_no_pipe_and_leads_its_own_session(tmp_path: Path, started: list[Process]) -> None:
    inherited = os.dup2(os.open("/dev/null", os.O_RDONLY), 700, inheritable=True)
    seal_descriptors()
    process = start(tmp_path)
    os.close(inherited)
    started.append(process)
    assert os.getsid(process.pid) == process.pid
    # The dynamic loader has its libraries open for an instant; a descriptor that was inherited would stay.
    deadline = time.monotonic() + 20
    while len(names := os.listdir(f"/proc/{process.pid}/fd")) > 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    targets = {name: os.readlink(f"/proc/{process.pid}/fd/{name}") for name in names}
    assert targets["0"] == "/dev/null"
    assert (targets["1"], targets["2"]) == (str(tmp_path / "out"), str(tmp_path / "err"))
    assert targets["3"] == str(tmp_path / "lock")
    assert set(targets) == {"0", "1", "2", "3"}


def test_a_worker_may_open_as_many_files_as_any_process_and_not_as_many_as_the_service(
    tmp_path: Path, started: list[Process]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = min(hard, 4096)
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    try:
        worker = start(tmp_path)
        started.append(worker)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(worker.pid, resource.RLIMIT_NOFILE) == (min(raised, USUAL_DESCRIPTORS), hard)


def test_the_protection_of_the_service_from_lack_of_memory_is_not_for_its_workers(
    tmp_path: Path, started: list[Process]
) -> None:
    script = "echo 300 >/proc/self/oom_score_adj; exec sleep 60"  # below 0 needs a right that tests seldom have
    process = start(tmp_path, ("/bin/sh", "-c", script))
    started.append(process)
    adjustment = Path(f"/proc/{process.pid}/oom_score_adj")
    deadline = time.monotonic() + 20
    while adjustment.read_text() != "300\n" and time.monotonic() < deadline:
        time.sleep(0.01)
    unprotect(process.pid, 0)
    assert adjustment.read_text() == "300\n"
    unprotect(process.pid, -500)
    assert adjustment.read_text() == "0\n"


def test_a_second_worker_is_refused_until_the_first_is_gone(tmp_path: Path, started: list[Process]) -> None:
    process = start(tmp_path)
    started.append(process)
    with pytest.raises(LockHeld):
        start(tmp_path)
    process.send(signal.SIGKILL)
    wait(process)
    assert process.reap() == Exit(signal=9)
    os.close(take_lock(tmp_path / "lock"))


def test_the_lock_is_held_as_long_as_a_grandchild_lives(tmp_path: Path, started: list[Process]) -> None:
    process = start(tmp_path, ("/bin/sh", "-c", "sleep 60 & printf up; wait"))
    started.append(process)
    deadline = time.monotonic() + 20
    while (tmp_path / "out").read_bytes() != b"up" and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    wait(process)
    with pytest.raises(LockHeld):
        take_lock(tmp_path / "lock")
    os.killpg(process.pid, signal.SIGKILL)


def test_a_lock_that_was_taken_with_the_last_descriptor_is_given_back(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    last = os.open("/dev/null", os.O_RDONLY)
    os.close(last)
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 1, limits[1]))
    try:
        with pytest.raises(OSError, match=r"Too many open files|Invalid argument"):
            take_lock(tmp_path / "lock")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    os.close(take_lock(tmp_path / "lock"))


def test_exit_codes_and_signals_are_told_apart(tmp_path: Path) -> None:
    process = start(tmp_path, (sys.executable, "-c", "raise SystemExit(228)"))
    wait(process)
    assert process.reap() == Exit(code=228)
    process.close()


def test_a_frozen_worker_takes_a_polite_signal(tmp_path: Path) -> None:
    process = start(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    process.send(signal.SIGTERM)
    wait(process)
    assert process.reap() == Exit(signal=signal.SIGTERM)
    process.send(signal.SIGTERM)  # ended meanwhile: no error
    process.close()


def test_a_program_that_is_not_there_is_an_error_and_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        start(tmp_path, (str(tmp_path / "nothing"),))
    os.close(take_lock(tmp_path / "lock"))


def test_a_process_is_adopted_by_its_identity_only(tmp_path: Path, started: list[Process]) -> None:
    process = start(tmp_path)
    started.append(process)
    known = process.identity
    again = adopt(known)
    assert again is not None
    assert again.identity == known
    again.close()
    assert adopt(Identity(known.pid, known.start_ticks + 1, known.boot_id)) is None
    assert adopt(Identity(known.pid, known.start_ticks, "another boot")) is None
    assert adopt(Identity(os.getppid(), known.start_ticks, boot_id())) is None


def test_a_worker_nobody_noted_is_found_by_its_marker(tmp_path: Path, started: list[Process]) -> None:
    marker = f"{uuid.uuid4().hex}:lobby:"
    process = start(tmp_path, marker=f"{marker}7")
    started.append(process)
    deadline = time.monotonic() + 20
    while (found := find_marked(marker)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert found is not None
    assert found.identity == process.identity
    assert marker_of(found.pid) == f"{marker}7"
    found.close()
    assert find_marked(f"{uuid.uuid4().hex}:lobby:") is None


def test_the_exit_of_an_adopted_worker_is_told_where_the_kernel_can(tmp_path: Path) -> None:
    """The parent is a stranger here, as init is after a service died."""
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read(); sys.exit(7)'], stdin=0)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdin is not None
    pid = int(parent.stdout.readline())
    raw = Path(f"/proc/{pid}/stat").read_bytes()
    start_ticks = int(raw[raw.rindex(b")") + 2 :].split()[19])
    process = adopt(Identity(pid, start_ticks, boot_id()))
    assert process is not None
    assert not process.own
    parent.stdin.close()
    wait(process)
    told = process.reap()
    process.close()
    parent.stdout.close()
    parent.wait()
    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert told in ((Exit(code=7),) if kernel >= (6, 15) else (Exit(code=7), Exit()))


def test_a_child_that_died_while_nobody_waited_still_tells_how(tmp_path: Path) -> None:
    """As between two versions of the service in one process: the dead are not adopted, and not lost."""
    process = start(tmp_path)
    assert process.pid in children()
    assert reap_dead(process.identity) is None, "it lives"
    os.kill(process.pid, signal.SIGSEGV)
    wait(process)
    assert adopt(process.identity) is None
    assert process.pid in children()
    other = Identity(process.pid, process.identity.start_ticks + 1, process.identity.boot_id)
    assert reap_dead(other) is None
    assert reap_dead(process.identity) == Exit(signal=signal.SIGSEGV)
    assert reap_dead(process.identity) is None, "it was waited for"
    assert process.pid not in children()
    process.close()


def test_killing_a_worker_takes_its_whole_group(tmp_path: Path) -> None:
    process = start(tmp_path, ("/bin/sh", "-c", "sleep 60 & echo $!; wait"))
    deadline = time.monotonic() + 20
    while not (tmp_path / "out").read_bytes().strip() and time.monotonic() < deadline:
        time.sleep(0.02)
    child = int((tmp_path / "out").read_text())
    pidfd = os.pidfd_open(child)
    process.send(signal.SIGKILL)
    wait(process)
    assert select.select([pidfd], [], [], 20)[0], "the grandchild lives on"
    os.close(pidfd)
    process.reap()
    process.close()
