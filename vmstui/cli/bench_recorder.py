"""The recorder that a bench runs beside. One that is there and does not answer may be recording: it is not taken for
none."""

from __future__ import annotations

import socket
from pathlib import Path

from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderLost
from vmstui.model import RecorderSnapshot

ANSWER_S = 5.0
_TRIES = 2
"""One that is restarted hangs up on who asks."""


class Mute(Exception):
    """There is a recorder, and how its recordings fare is not known; a sentence for a person."""


def seen(path: Path, answer_s: float = ANSWER_S) -> RecorderSnapshot | None:
    """What runs now; None where nobody listens at this socket. Raises Mute, RecorderError when it refuses."""
    for left in reversed(range(_TRIES)):
        try:
            return from_json(RecorderSnapshot, call(path, "snapshot", timeout_s=answer_s))
        except RecorderLost as error:
            if not _listens(path, answer_s):
                return None
            if not left:
                raise Mute(f"{error}: whether recordings suffer could not be seen") from None
    raise AssertionError(path)


def _listens(path: Path, answer_s: float) -> bool:
    """Whether somebody may be there: only where a connection is refused, or there is no socket, nobody is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(answer_s)
        try:
            connection.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
    return True
