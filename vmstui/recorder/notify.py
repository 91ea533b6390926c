"""What the service tells systemd about itself: that it is ready, that it is alive, what it does, that it leaves.

The protocol of sd_notify(3): a datagram with lines `NAME=value` to the socket named in $NOTIFY_SOCKET. Without that
variable every call does nothing. Nothing here ever waits or fails: a message systemd has no room for is sent again with
the next sign of life.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

STOPPED_FOR_GOOD = 4
"""Exit status towards systemd after `vmstui down`: by it the unit tells that it is not to start the service again."""
BEATS_PER_WATCHDOG = 4
"""So many signs of life go into the time after which systemd takes the service for hung."""


class Notifier:
    """Talks to the service manager that started this process, if one did."""

    def __init__(self, environment: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_s = _watchdog_s(environment, os.getpid() if pid is None else pid) if self._address else None
        """Silence for so long makes systemd replace the service; None: it does not watch."""
        self._ready = False
        self._untold_ready = False
        self._told = ""
        self._due_s = 0.0

    @property
    def managed(self) -> bool:
        """Whether somebody listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """The service listens and looks after its cameras: what was ordered after it may start."""
        self._untold_ready = not self._tell("READY=1", status)

    def alive(self, now_s: float, status: str) -> None:
        """All cameras were just looked after. Cheap: tells systemd only what is new, or due."""
        if not self.managed:
            return
        due = self.watchdog_s is not None and now_s >= self._due_s
        if not due and status == self._told and not self._untold_ready:
            return
        lines = ["WATCHDOG=1"] if self.watchdog_s is not None else []
        if self._untold_ready:
            lines.append("READY=1")
        if self._tell("\n".join(lines), status):
            self._untold_ready = False
            self._due_s = now_s + (self.watchdog_s or 0.0) / BEATS_PER_WATCHDOG

    def stopping(self, status: str) -> None:
        """The service is on its way out."""
        self._tell("STOPPING=1", status)

    def _tell(self, lines: str, status: str) -> bool:
        """Whether systemd has got it, or need not."""
        if self._address is None:
            return True
        message = f"{lines}\nSTATUS={' '.join(status.split())}\n".lstrip()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                connection.sendto(message.encode(), self._address)
                self._told = status
                return True
        return False


def _address(given: str) -> str | None:
    """A path, or with `@` in front a name in the abstract namespace; anything else (vsock) is none of ours."""
    if given.startswith("@"):
        return "\0" + given[1:]
    return given if given.startswith("/") else None


def _watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """sd_watchdog_enabled(3): the time is in microseconds, and meant for us only if $WATCHDOG_PID says so."""
    time_us, watched = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not time_us.isdecimal() or int(time_us) == 0 or watched not in ("", str(pid)):
        return None
    return int(time_us) / 1e6
