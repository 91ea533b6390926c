"""The other end of an upgrade: what the version that took the place does once it has taken everything over.

It says what came of the upgrade, to the log and to whoever asked for it (`hello` of the control socket), and sees to
what only an upgrade leaves: children of the version before it that are nobody's worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING

from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.recorder.inheritance import Inheritance
from vmstui.recorder.process import children

if TYPE_CHECKING:
    from vmstui.recorder.service import Service


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of an upgrade."""

    token: str
    """Names it."""
    old_version: str
    new_version: str
    rolled_back: str
    """Why the old version runs again; empty when the new one does."""
    gap_s: float
    """How long nobody looked after the workers."""
    workers: int
    """How many went on all the while."""


def arrived(service: Service, given: Inheritance) -> Arrival:
    """Called once, when the workers that run are taken over."""
    gap_s = round(max(0.0, time.monotonic() - given.since_s), 3)
    processes = [worker.process for worker in service.fleet.workers() if worker.process is not None]
    arrival = Arrival(
        given.token, given.old_version, given.new_version, given.rolled_back, gap_s, workers=len(processes)
    )
    text = f"workers taken over: {arrival.workers}; for {gap_s:.1f} s nobody looked after them"
    change = f"from {given.old_version} to {given.new_version}"
    if given.rolled_back:
        service.say(LogLevel.ERROR, f"upgrade {change} rolled back: {given.rolled_back}; {text}")
        return arrival
    service.say(LogLevel.INFO, f"upgraded {change}; {text}")
    if service.live.process is not None:
        processes.append(service.live.process)
    known = {process.pid for process in processes}
    for pid in children():
        if pid not in known:  # what a thread of the version before us had started
            wait_for_child(pid)
    return arrival


def wait_for_child(pid: int) -> None:
    """See to it that a child that is nobody's worker does not stay as a zombie when it ends."""
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return

    def ended() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, ended)
