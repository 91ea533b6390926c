"""Supervisors and workers as seen from outside: who runs, since when, at what cost, and how they are ended.

A process belongs to a contender by a mark in its environment, which everything it starts inherits; a worker carries the
recorder's own mark besides, with the name of its camera. A process is always meant by pid and start time, never by a
bare pid: pids come round within minutes where thousands of processes are started.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmstui.recorder.process import MARKER
from vmstui.telemetry.procfs import parse_start_ticks, parse_stat

MARK = "SUPERVISION_BENCH"
"""Environment variable of everything that a contender starts."""
_WORKER = re.compile(rf"(?:^|\0){MARKER}=[^:\0]*:(cam\d+):".encode())
_PR_SET_CHILD_SUBREAPER = 36
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_END_S = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A live process of a contender."""

    pid: int
    start_ticks: int
    worker: str
    """Name of the camera whose worker it is; empty for the supervisor and its helpers."""


@dataclass(frozen=True, slots=True)
class Start:
    """A worker that entered `main()`."""

    worker: str
    at_ns: int


class StartLog:
    """Follows the file in which workers note their starts (`FAKE_FFMPEG_STARTS`, see `fake_ffmpeg.c`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[str, int] = {}
        """The newest start of each worker, in nanoseconds of the monotonic clock."""
        self._offset = 0
        path.touch()

    def read(self) -> list[Start]:
        """The starts since the last call."""
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            raw = stream.read()
        raw = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(raw)
        fresh = []
        for line in raw.splitlines():
            mark, _, at_ns = line.split()
            start = Start(mark.split(b":")[1].decode(), int(at_ns))
            self.last[start.worker] = max(start.at_ns, self.last.get(start.worker, 0))
            fresh.append(start)
        return fresh


def worker_of(environment: bytes) -> str:
    """The camera whose worker has this environment (as in `/proc/PID/environ`), empty when it is none."""
    found = _WORKER.search(environment)
    return found[1].decode() if found else ""


def processes_of(mark: str) -> list[Seen]:
    """All live processes of a contender."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            folder = Path("/proc", entry)
            environment = (folder / "environ").read_bytes()
            if wanted not in environment.split(b"\0"):
                continue
            stat = (folder / "stat").read_bytes()
            if parse_stat(stat)[0] not in "ZX":
                found.append(Seen(int(entry), parse_start_ticks(stat), worker_of(environment)))
    return found


def send(seen: Seen, number: signal.Signals) -> bool:
    """Signal exactly this process; False if it is gone."""
    try:
        pidfd = os.pidfd_open(seen.pid)
    except OSError:
        return False
    try:
        if parse_start_ticks(Path(f"/proc/{seen.pid}/stat").read_bytes()) != seen.start_ticks:
            return False
        signal.pidfd_send_signal(pidfd, number)
    except OSError:
        return False
    finally:
        os.close(pidfd)
    return True


def cpu_ns(pid: int) -> int:
    """CPU time of all threads that live (`schedstat`, in nanoseconds), and of helpers that came and went."""
    total = 0
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_bytes().split()[0])
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        total += (int(fields[13]) + int(fields[14])) * _TICK_NS
    return total


def rss_bytes(pid: int) -> int:
    """Resident memory, 0 for a process that is gone."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())[3]
    except OSError:
        return 0


class BusyMeter:
    """How busy all cores together are from now on."""

    def __init__(self) -> None:
        self._before = _idle_and_all_ticks()

    def percent(self) -> float:
        """Since the meter was made."""
        idle, all_ = (now - then for now, then in zip(_idle_and_all_ticks(), self._before, strict=True))
        return 100 * (1 - idle / max(all_, 1))


def _idle_and_all_ticks() -> tuple[int, int]:
    # proc(5): user, nice, system, idle, iowait, irq, softirq, steal; guest time is part of user time.
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def until(look: Callable[[], bool], limit_s: float, step_s: float = 0.005) -> bool:
    """Poll until it is so; False when it was not within the limit."""
    deadline = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True


def become_reaper() -> None:
    """Be the parent of what a dead supervisor leaves, so that no zombie stays where init does not reap."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def reap() -> None:
    """Take the exit status of everything that ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all(mark: str) -> None:
    """End everything of a contender, those first that would start others. Raises RuntimeError naming who stays."""
    deadline = time.monotonic() + _END_S
    while left := processes_of(mark):
        if time.monotonic() > deadline:
            raise RuntimeError(f"did not end within {_END_S:g} s after SIGKILL: {', '.join(map(str, left))}")
        for seen in sorted(left, key=lambda seen: seen.worker != ""):
            send(seen, signal.SIGKILL)
        time.sleep(0.02)
        reap()
