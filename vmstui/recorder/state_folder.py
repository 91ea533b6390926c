"""Whose state folder it is: one service works on it at a time, and one id marks all that comes from it.

The kernel lets go of the lock when its holder dies, however it does. Called by the service when it starts, before it
looks at anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from vmstui.recorder.inheritance import Inheritance, same_file
from vmstui.recorder.process import holders
from vmstui.recorder.record import write_atomically
from vmstui.recording.owner import INSTALLATION

LOCK = "service.lock"


class AlreadyRunning(Exception):
    """Another service works on this state folder; the text names it."""


def take_state_folder(state_folder: Path, inheritance: Inheritance | None) -> int:
    """Hold the state folder for this service. Raises AlreadyRunning naming the other.

    After an upgrade the version before us holds it by a descriptor that it left open: there is no moment without.
    """
    path = state_folder / LOCK
    if inheritance is not None and inheritance.lock_fd >= 0 and same_file(inheritance.lock_fd, path):
        descriptor = inheritance.lock_fd
    else:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(f"a recorder already runs on {state_folder}: process {holder}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def keep_state_folder(state_folder: Path, descriptor: int) -> int:
    """What holds the state folder from now on: this descriptor, or another where somebody took the file of the lock
    away, after which any service could start beside us. Raises AlreadyRunning if one did, OSError."""
    if same_file(descriptor, state_folder / LOCK):
        return descriptor
    return take_state_folder(state_folder, None)


def installation_id(state_folder: Path) -> str:
    """An id that tells the workers of this state folder from those of any other."""
    path = state_folder / INSTALLATION
    with contextlib.suppress(OSError, ValueError):
        if known := path.read_text().strip():
            return known
    # Lost, as by a dying disk: those that run still carry it, and are found by nothing else.
    known = next(holders(state_folder), "").partition(":")[0] or os.urandom(16).hex()
    with contextlib.suppress(OSError):
        write_atomically(path, f"{known}\n".encode())
    return known
