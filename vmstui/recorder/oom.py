"""Did the kernel kill it for want of memory?

A process killed by the kernel's OOM killer looks like any other that got SIGKILL. The kernel tells twice: it counts
every such kill in `/proc/vmstat` (`oom_kill`, also for cgroups, readable by everybody), and it writes a line with the
pid and the size into its log (`/dev/kmsg`, readable by root or with CAP_SYSLOG). Asked by `worker.py` for workers that
were killed by a SIGKILL that is not ours.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

KMSG_BYTES = 8192
"""Longest record the kernel hands out (include/linux/printk.h, PRINTK_MESSAGE_MAX and its head)."""
KMSG_BUDGET_S = 0.05
"""For reading the kernel's log through; a burst of deaths must not hold up the service."""
LATELY_S = 10.0
"""Several workers may die of one want of memory, and be looked into one after the other."""
_KILLED = re.compile(
    r"(?P<scope>Out of memory|Memory cgroup out of memory): Killed process (?P<pid>\d+) .*?"
    r"(?:anon-rss:(?P<rss_kb>\d+)kB|$)"
)


class OomWatch:
    """Remembers how many kills the kernel had counted when it was last asked, and when there were more."""

    def __init__(self, vmstat: Path = Path("/proc/vmstat"), kmsg: Path = Path("/dev/kmsg")) -> None:
        self._vmstat = vmstat
        self._kmsg = kmsg
        self._told = kill_count(self._read_vmstat())
        self._more = 0
        """Kills that were counted lately."""
        self._counted_s = 0.0
        """When they were."""

    def evidence(self, pid: int, since_boot_s: float) -> str:
        """What shows that the process was killed for want of memory after that instant (seconds since boot); empty
        when nothing does."""
        before, self._told = self._told, kill_count(self._read_vmstat())
        if before is not None and self._told is not None:
            if self._told > before:
                self._more, self._counted_s = self._told - before, time.monotonic()
            elif time.monotonic() - self._counted_s > LATELY_S:
                self._more = 0
            if not self._more:
                return ""  # no kill at all of which a worker can have died just now
        log = self._log()
        if log is not None:  # it names whom it killed, so that another's death is not taken for this one
            return find_kill(log, pid, since_boot_s)
        return f"the kernel counts {self._more} more kills for want of memory" if self._more else ""

    def _read_vmstat(self) -> str:
        try:
            return self._vmstat.read_text()
        except OSError:
            return ""

    def _log(self) -> list[str] | None:
        """The kernel's log; None when it may not be read, or not all of it was there to be read in time."""
        records: list[str] = []
        try:
            descriptor = os.open(self._kmsg, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            deadline_s = time.monotonic() + KMSG_BUDGET_S
            while time.monotonic() < deadline_s:
                try:
                    raw = os.read(descriptor, KMSG_BYTES)
                except BrokenPipeError:
                    continue  # records were overwritten meanwhile; the next read goes on behind them
                except BlockingIOError:
                    return records  # that was the newest
                if not raw:
                    return records
                records += raw.decode("utf-8", "replace").splitlines()
            return None
        except OSError:
            return None
        finally:
            os.close(descriptor)


def kill_count(vmstat: str) -> int | None:
    """`oom_kill` from the text of `/proc/vmstat` (Linux 4.13); None where it is not told."""
    found = re.search(r"^oom_kill (\d+)$", vmstat, re.MULTILINE)
    return int(found[1]) if found else None


def find_kill(records: Iterable[str], pid: int, since_boot_s: float) -> str:
    """The kernel's word on that process among records of `/dev/kmsg` (`6,1234,5678901,-;text`, time in µs since boot;
    mm/oom_kill.c)."""
    for record in records:
        head, _, text = record.partition(";")
        found = _KILLED.search(text)
        if found is None or int(found["pid"]) != pid:
            continue
        fields = head.split(",")
        if len(fields) > 2 and fields[2].isdigit() and int(fields[2]) / 1e6 < since_boot_s:
            continue  # an earlier process with the same pid
        of = " of its cgroup" if found["scope"].startswith("Memory cgroup") else ""
        size = f" with {int(found['rss_kb']) / 1024:.0f} MiB" if found["rss_kb"] else ""
        return f"the kernel log tells that process {pid}{size} was killed for want of memory{of}"
    return ""
