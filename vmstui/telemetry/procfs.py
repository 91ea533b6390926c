"""CPU, memory and I/O of a process, read from `/proc` through descriptors that stay open.

Kept-open files cost a quarter of what psutil does and, opened while a pidfd pins the process, cannot be fooled by a
reused pid: reads from them fail once that process is gone. Called once a second per worker by the recorder.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from vmstui.model import Sample

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SLOW_SAMPLES = 5
"""Threads and I/O are read once in so many samples."""


class ProcessGone(Exception):
    """The process has ended; it was reaped or is a zombie whose numbers mean nothing any more."""


class Reading(NamedTuple):
    """Counters of one process at one instant (proc(5))."""

    monotonic_s: float
    cpu_s: float
    """User and system time of all threads, live and ended."""
    rss_bytes: int
    threads: int
    read_bytes: int
    """Bytes the process asked to be read by system calls (rchar)."""
    write_bytes: int
    """Bytes the process asked to be written by system calls (wchar)."""


class Rates(NamedTuple):
    """What a sample holds, without its instant. A tuple: there are hundreds each second."""

    cpu_percent: float
    rss_bytes: int
    threads: int
    read_bytes_per_s: float
    write_bytes_per_s: float


class ProcReader:
    """Reads one process. Open it while the process is known to be the right one, close it when it ended.

    `read` gives everything as of now. `rates` is made for hundreds of processes each second: CPU and memory are of each
    call; threads and I/O, which cost the kernel a walk over all threads, of every `SLOW_SAMPLES`th.
    """

    def __init__(self, pid: int) -> None:
        """Raises ProcessGone when there is no such process."""
        self._stat_fd = self._statm_fd = self._io_fd = -1
        try:
            self._stat_fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
            self._statm_fd = os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.close()
            raise ProcessGone(f"process {pid}: {error.strerror}") from None
        # Another user's process, or a kernel without task accounting: CPU and memory still tell a lot.
        with contextlib.suppress(OSError):
            self._io_fd = os.open(f"/proc/{pid}/io", os.O_RDONLY | os.O_CLOEXEC)
        self._clock = cpu_clock(pid)
        self._at_s = self._cpu_s = -1.0
        """Of the last sample; negative before the first."""
        self._slow_in = 0
        """Samples until threads and I/O are read again."""
        self._slow: Reading | None = None
        """When they were read last."""
        self._rates = 0, 0.0, 0.0
        """Threads, bytes read and bytes written per second."""

    def read(self, monotonic_s: float) -> Reading:
        """The counters now. Raises ProcessGone once the process has ended."""
        try:
            stat = os.pread(self._stat_fd, 2048, 0)
        except OSError as error:
            raise ProcessGone(error.strerror) from None
        state, cpu_s, threads, rss_bytes = parse_stat(stat)
        if state in "ZX":
            raise ProcessGone("the process is a zombie")
        read_bytes, write_bytes = self._io()
        return Reading(monotonic_s, cpu_s, rss_bytes, threads, read_bytes, write_bytes)

    def sample(self, monotonic_s: float, at: datetime) -> Sample | None:
        """`rates` as a sample; `at` is what the wall clock says."""
        rates = self.rates(monotonic_s)
        return Sample(at, *rates) if rates is not None else None

    def rates(self, monotonic_s: float) -> Rates | None:
        """The rates since the last call, None at the first. 100 % is one core.

        Raises ProcessGone once the process has ended.
        """
        try:
            cpu_s = time.clock_gettime(self._clock)
            # After the clock, which goes by the pid: this descriptor cannot come to mean another process.
            rss_pages = int(os.pread(self._statm_fd, 128, 0).split(None, 2)[1])
        except OSError as error:
            raise ProcessGone(error.strerror) from None
        if not rss_pages:
            # A zombie, as a rule; but some kernels count roughly, and a small process has nothing resident then.
            rss_pages = self.read(monotonic_s).rss_bytes // _PAGE_BYTES
        elapsed_s, used_s = monotonic_s - self._at_s, cpu_s - self._cpu_s
        first = self._at_s < 0
        self._at_s, self._cpu_s = monotonic_s, cpu_s
        if self._slow_in <= 0:
            self._read_slowly(monotonic_s)
        self._slow_in -= 1
        if first:
            return None
        cpu_percent = 100.0 * used_s / elapsed_s if elapsed_s > 0 else 0.0
        return Rates(cpu_percent if cpu_percent > 0 else 0.0, rss_pages * _PAGE_BYTES, *self._rates)

    def _read_slowly(self, monotonic_s: float) -> None:
        before, self._slow = self._slow, self.read(monotonic_s)
        now = self._slow
        if before is None:
            self._rates = now.threads, 0.0, 0.0
            self._slow_in = 1  # rates need two readings; not many seconds without any
            return
        elapsed_s = max(monotonic_s - before.monotonic_s, 1e-6)
        self._rates = (
            now.threads,
            max(0.0, (now.read_bytes - before.read_bytes) / elapsed_s),
            max(0.0, (now.write_bytes - before.write_bytes) / elapsed_s),
        )
        self._slow_in = SLOW_SAMPLES

    def runnable(self) -> bool:
        """Whether it runs or waits for a CPU; not when it sleeps, is stopped, or has ended."""
        try:
            return parse_stat(os.pread(self._stat_fd, 2048, 0))[0] == "R"
        except OSError:
            return False

    def _io(self) -> tuple[int, int]:
        if self._io_fd < 0:
            return 0, 0
        try:
            return parse_io(os.pread(self._io_fd, 512, 0))
        except OSError:
            return 0, 0

    def close(self) -> None:
        """Release the descriptors. May be called twice."""
        for descriptor in (self._stat_fd, self._statm_fd, self._io_fd):
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._stat_fd = self._statm_fd = self._io_fd = -1


def cpu_clock(pid: int) -> int:
    """The clock of the CPU time of all threads of a process, to the nanosecond: what `clock_getcpuclockid` gives
    (include/linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK). `/proc/PID/stat` has the same time in ticks of 10 ms."""
    return (~pid << 3) | 2


def parse_stat(raw: bytes) -> tuple[str, float, int, int]:
    """State letter, CPU seconds, threads and RSS in bytes from the text of `/proc/PID/stat`.

    The command name may hold spaces and parentheses, so the fields are counted from the last `)`.
    """
    fields = raw[raw.rindex(b")") + 2 :].split(None, 22)
    cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return fields[0].decode(), cpu_s, int(fields[17]), int(fields[21]) * _PAGE_BYTES


def parse_start_ticks(raw: bytes) -> int:
    """Start time of the process in clock ticks since boot (field 22 of `/proc/PID/stat`); with the boot id and the
    pid it names a process for ever, whatever the wall clock does."""
    return int(raw[raw.rindex(b")") + 2 :].split()[19])


def parse_io(raw: bytes) -> tuple[int, int]:
    """Bytes read and written by system calls from the text of `/proc/PID/io`.

    `rchar` and `wchar`, not `read_bytes` and `write_bytes`: the latter count only what reached a block device, so
    network input and a tmpfs would show as nothing.
    """
    fields = raw.split(None, 4)  # `rchar: N`, `wchar: N` and the rest, in the kernel's order
    return int(fields[1]), int(fields[3])


def together(readings: Iterable[Sample | Rates], at: datetime) -> Sample:
    """Several processes as one reading: everything added up."""
    cpu_percent = read_bytes_per_s = write_bytes_per_s = 0.0
    rss_bytes = threads = 0
    for entry in readings:  # once a second, of hundreds
        cpu_percent += entry.cpu_percent
        rss_bytes += entry.rss_bytes
        threads += entry.threads
        read_bytes_per_s += entry.read_bytes_per_s
        write_bytes_per_s += entry.write_bytes_per_s
    return Sample(at, cpu_percent, rss_bytes, threads, read_bytes_per_s, write_bytes_per_s)
