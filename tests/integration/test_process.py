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
from contextlib import contextmanager
from pathlib import Path

import pytest

from vmstui.recorder.process import (
    MARKER,
    USUAL_DESCRIPTORS,
    Exit,
    Identity,
    LockHeld,
    Process,
    adopt,
    all_marked,
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


@contextmanager
def child_of_a_stranger(script: str, *, reaps_at_once: bool) -> Iterator[tuple[Process, subprocess.Popen[bytes]]]:
    """A process that is not our child, as the workers of a dead service are not, adopted; and its parent, which waits
    for its end at once, or only when it is told to (a line on its standard input)."""
    parent_script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {script!r}], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        f"{'child.wait()' if reaps_at_once else 'sys.stdin.readline(); child.wait()'}\n"
        "print('reaped', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent_script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        process = adopt(Identity(pid, start_ticks_of(pid), boot_id()))
        assert process is not None
        assert not process.own
        try:
            yield process, parent
        finally:
            process.send(signal.SIGKILL)
            process.close()
            parent.kill()


def start_ticks_of(pid: int) -> int:
    raw = Path(f"/proc/{pid}/stat").read_bytes()
    return int(raw[raw.rindex(b")") + 2 :].split()[19])


def test_the_end_of_an_adopted_worker_is_told_while_its_parent_has_not_waited_for_it(tmp_path: Path) -> None:
    """As with an init that is slow, or does not wait for orphans at all."""
    killed = "import sys; sys.stdin.read()"
    with child_of_a_stranger(killed, reaps_at_once=False) as (process, _):
        os.kill(process.pid, signal.SIGKILL)
        wait(process)
        assert process.reap() == Exit(signal=signal.SIGKILL)
        assert process.reap() == Exit(signal=signal.SIGKILL), "to ask changes nothing"
        assert reap_dead(process.identity) == Exit(signal=signal.SIGKILL), "as a service that comes later finds it"
    for code in (0, 7, 255):
        with child_of_a_stranger(f"raise SystemExit({code})", reaps_at_once=False) as (process, _):
            wait(process)
            assert process.reap() == Exit(code=code)


def test_of_a_worker_with_threads_the_end_of_all_of_them_is_told(tmp_path: Path) -> None:
    script = "import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(60,)).start()"
    with child_of_a_stranger(script, reaps_at_once=False) as (process, _):
        os.kill(process.pid, signal.SIGSEGV)
        wait(process)
        assert process.reap() == Exit(signal=signal.SIGSEGV)


def test_the_end_of_an_adopted_worker_whose_parent_was_faster_is_told_where_the_kernel_can(tmp_path: Path) -> None:
    """The parent is a stranger here, as init is after a service died."""
    with child_of_a_stranger("raise SystemExit(7)", reaps_at_once=True) as (process, parent):
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reaped\n"
        kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
        told = process.reap()
        assert told in ((Exit(code=7),) if kernel >= (6, 15) else (Exit(code=7), Exit(), None))


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


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
def test_the_mark_of_a_worker_on_a_process_of_another_user_makes_it_no_worker(tmp_path: Path) -> None:
    """Anybody may put anything into the environment of a process of theirs, and root can read that."""
    marker = f"{uuid.uuid4().hex}:lobby:"
    environment = {MARKER: f"{marker}7"}
    strangers = [
        subprocess.Popen(SLEEP, env=environment, start_new_session=True, user=user, group=user) for user in (65534, 0)
    ]
    try:
        deadline = time.monotonic() + 20
        while any(marker_of(one.pid) != f"{marker}7" for one in strangers) and time.monotonic() < deadline:
            time.sleep(0.01)
        found = list(all_marked(marker))
        assert [process.pid for process in found] == [strangers[1].pid], "and it finds those of ours"
        for process in found:
            process.close()
    finally:
        for one in strangers:
            one.kill()
            one.wait()
