"""One question to the recorder service, for commands: no event loop, and nothing imported that `vmstui status` would
have to wait for.

Raises RecorderLost when no service answers and RecorderError, with a sentence for a person, when it refuses.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vmstui.control import protocol
from vmstui.control.errors import RecorderError, RecorderLost

if TYPE_CHECKING:
    from pathlib import Path

    from vmstui.codec import Json

CALL_TIMEOUT_S = 10.0
RETRY_S = 0.02
MAX_ANSWER_BYTES = 64 * 1024 * 1024


def call(path: Path, method: str, params: Mapping[str, Json] | None = None, timeout_s: float = CALL_TIMEOUT_S) -> Json:
    """Ask once and give the result. Raises RecorderLost, RecorderError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            _connect(connection, path, timeout_s)
            connection.sendall(protocol.request_line(1, method, params or {}))
            with connection.makefile("rb") as stream:
                line = stream.readline(MAX_ANSWER_BYTES)
        except TimeoutError:
            raise RecorderLost(f"the recorder at {path} does not answer within {timeout_s:g} s") from None
        except (ConnectionResetError, BrokenPipeError):
            raise RecorderLost(f"the recorder at {path} hung up") from None
        except OSError as error:
            raise RecorderLost(f"no recorder answers at {path} ({error.strerror or error})") from None
    return result_of(line, path)


def _connect(connection: socket.socket, path: Path, timeout_s: float) -> None:
    """Raises OSError. Somebody whose queue is full for the moment is there, and is waited for."""
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            return connection.connect(str(path))
        except BlockingIOError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(RETRY_S)


def message_of(line: bytes, path: Path) -> dict[str, Json]:
    """A line of the service as a message. Raises RecorderLost."""
    if not line.endswith(b"\n"):
        raise RecorderLost(f"the recorder at {path} hung up")
    try:
        message = json.loads(line)
    except ValueError:
        raise RecorderLost(f"what answers at {path} is not a recorder") from None
    if not isinstance(message, dict):
        raise RecorderLost(f"what answers at {path} is not a recorder")
    return message


def result_of(line: bytes, path: Path) -> Json:
    """The result in an answer. Raises RecorderLost, RecorderError."""
    message = message_of(line, path)
    error = message.get("error")
    if isinstance(error, dict):
        raise RecorderError(str(error.get("message", "refused")))
    return message.get("result")
