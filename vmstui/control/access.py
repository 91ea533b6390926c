"""Who may use the control socket, and for what. The owner of the recorder and root may do everything.

Members of the group of viewers may look. The kernel lets nobody else connect: socket and folder are open to that group
alone. Whatever a viewer asks for that is not known here as mere looking is refused, so that a new method is no hole.
"""

from __future__ import annotations

import contextlib
import grp
import os
import socket
import struct
from enum import Enum, auto
from pathlib import Path

LOOKING = frozenset(
    {
        "browse", "cpu_past", "days", "details", "findings", "footage", "gaps", "hello", "history", "logs", "run_log",
        "samples", "segments", "snapshot", "stages", "storage", "subscribe", "telemetry",
    }
)  # fmt: skip
"""Methods that change nothing."""
REFUSAL = "you may look at this recorder, and change nothing: it is another user's (dashboard.viewers)"


class Access(Enum):
    """What somebody may do."""

    ALL = auto()
    LOOK = auto()


def access_of(connection: socket.socket, viewers: str | None) -> Access | None:
    """What the one at the other end may do, by what the kernel tells of them; None: nothing."""
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid in (0, os.getuid()):
        return Access.ALL
    # Whoever else could connect at all has the permission of the socket, which is that of the group.
    return Access.LOOK if viewers is not None else None


def let_in(path: Path, viewers: str | None) -> str:
    """Set the permissions of the socket, and let the group through the folder that it is in.

    Gives what went wrong, empty if nothing did. Where a group cannot be let in the socket is for its owner alone.
    """
    with contextlib.suppress(OSError):
        os.chmod(path, 0o600)
    if viewers is None:
        return ""
    try:
        group = grp.getgrnam(viewers).gr_gid
        os.chown(path, -1, group)
        os.chmod(path, 0o660)
        mode = path.parent.stat().st_mode & 0o777
        if not mode & 0o001:  # else everybody comes through
            os.chown(path.parent, -1, group)
            os.chmod(path.parent, mode | 0o010)
    except KeyError:
        return f"dashboard.viewers: there is no group {viewers!r} on this system, so nobody else may look"
    except OSError as error:
        return f"dashboard.viewers: {error.strerror}: whom the recorder runs as has to be root or in {viewers!r}"
    return ""
