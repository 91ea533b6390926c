"""What a service hands to the one that takes its place: the lock of the state folder, the listening socket, its log.

It crosses execve(2) as one environment variable that names open descriptors, and is taken out of the environment before
anything is started, so that no worker sees it. A service that comes back after a new version failed (`guardian.py`) is
told so in the same way, without descriptors.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict

from vmstui.codec import CodecError, from_json
from vmstui.light_dataclass import dataclass

VARIABLE = "VMSTUI_INHERITED"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """One upgrade, as the service is told of it that comes out of it."""

    token: str
    """Names it; made up by whoever asked for it."""
    old_version: str
    new_version: str
    since_s: float
    """Monotonic instant from which on nobody looked after the workers."""
    due: tuple[str, ...] = ()
    """Cameras whose worker was about to be replaced: those are not up to date."""
    configuration: str = ""
    """Digest (`Loaded.digest`) of the configuration that the workers run on; empty where the version did not tell."""
    lock_fd: int = -1
    socket_fd: int = -1
    guardian_fd: int = -1
    memory_fd: int = -1
    rolled_back: str = ""
    """Why the new version was given up; empty when this is the new version."""

    def to_text(self) -> str:
        """For the environment."""
        return json.dumps(asdict(self))

    def descriptors(self) -> tuple[int, ...]:
        """Those that have to stay open over execve(2)."""
        all_ = (self.lock_fd, self.socket_fd, self.guardian_fd, self.memory_fd)
        return tuple(number for number in all_ if number >= 0)


def take() -> Inheritance | None:
    """What we were handed, once; None for a service that was simply started."""
    text = os.environ.pop(VARIABLE, None)
    try:
        return None if text is None else from_json(Inheritance, json.loads(text))
    except (ValueError, CodecError):
        return None


def same_file(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether an open descriptor is of the file at this path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def listening_socket(descriptor: int, path: str) -> socket.socket | None:
    """The socket that listens at this path, None where the descriptor is not that."""
    try:
        listener = socket.socket(fileno=descriptor)
    except (OSError, ValueError):  # ValueError: a negative number
        return None
    try:
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and listener.getsockname() == path
    except OSError:
        listens = False
    if listens and os.path.exists(path):
        return listener
    listener.close()
    return None


def say_leaving(given: Inheritance | None, exit_status: int = 0) -> bool:
    """Tell the guardian that the end that follows is meant. False when none watches any more."""
    return _say(given, f"leaving {exit_status}\n")


def say_over(given: Inheritance | None, pid: int) -> bool:
    """Tell the guardian that it is not needed any more; `pid` is the main process again. False as above."""
    return _say(given, f"over {pid}\n")


def _say(given: Inheritance | None, word: str) -> bool:
    if given is None or given.guardian_fd < 0:
        return False
    try:
        os.write(given.guardian_fd, word.encode())
    except OSError:
        return False
    return True
