"""Starts the service in the background, and waits until it answers."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.cli.patience import Patience
from vmstui.cli.recorder_socket import control_socket, running_service
from vmstui.telemetry.procfs import parse_stat

if TYPE_CHECKING:
    from vmstui.settings import Folders

IDLE_S, LONGEST_S = 30.0, 600.0
"""A service that comes up uses CPU: one that used none for so long hangs."""
TELL_EVERY_S = 10.0
END_S = 10.0


def start_service(config: str, folders: Folders, *, end_mute: bool = False) -> int | None:
    """Start a detached service and wait until it answers, as long as it works at that. Gives its process id, or tells
    why not and gives None. With `end_mute` one that does not answer is ended."""
    from vmstui.own_process import own_argv, own_environment
    from vmstui.recorder.process import seal_descriptors

    state = Path(folders.state)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = state / "service.log"
    argv = own_argv("vmstui", "--config", os.path.abspath(config), "up", "--foreground")
    seal_descriptors()
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        pid = os.posix_spawn(
            argv[0],
            argv,
            own_environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT],
        )
    finally:
        os.close(null)
        os.close(output)
    if running := _answering(pid, control_socket(folders)):
        return running  # ours, or that of somebody who was quicker
    if _cpu_s(pid) is None:
        what = "the recorder did not start"
    elif end_mute:
        _end(pid)
        what = f"the recorder does not answer, so it was ended (process {pid})"
    else:
        what = f"the recorder does not answer, and may still come up (process {pid})"
    print(f"{what}; {log} says:", file=sys.stderr)
    print(log.read_text(errors="replace")[-2000:].rstrip() or "(nothing)", file=sys.stderr)
    return None


def _answering(pid: int, socket: Path) -> int | None:
    """Who answers at last; None where the child has ended, or does nothing any more."""
    begun_s = told_s = time.monotonic()
    patience = Patience(begun_s, IDLE_S, LONGEST_S)
    while (used_s := _cpu_s(pid)) is not None and patience.lasts(time.monotonic(), used_s):
        if running := running_service(socket):
            return running
        now_s = time.monotonic()
        if now_s - told_s >= TELL_EVERY_S:
            told_s = now_s
            waited = f"waiting for the recorder to answer (process {pid}), {now_s - begun_s:.0f} s so far"
            print(f"{waited}, in which it used {used_s:.1f} s of CPU", file=sys.stderr, flush=True)
        time.sleep(0.05)
    return running_service(socket)


def _cpu_s(pid: int) -> float | None:
    """CPU time of a child, None once it has ended."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0]:
            return None
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())[1]
    except (OSError, ValueError):
        return None


def _end(pid: int) -> None:
    """A child that never answered, and so has no workers that anybody knows of: asked to, and then without asking."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        until_s = time.monotonic() + END_S
        while time.monotonic() < until_s:
            if _cpu_s(pid) is None:
                return
            time.sleep(0.05)
