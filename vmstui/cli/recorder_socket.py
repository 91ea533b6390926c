"""Where the recorder of this user listens. Apart from all else, as most commands need this and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.control.call import call
from vmstui.control.errors import RecorderLost
from vmstui.settings.folders import CONTROL_SOCKET, default_folders
from vmstui.settings.folders import socket_path as path_of_socket

if TYPE_CHECKING:
    from vmstui.codec import Json
    from vmstui.settings import Folders


def socket_path() -> Path:
    """Where the recorder of this user listens."""
    return control_socket(default_folders())


def control_socket(folders: Folders) -> Path:
    """The socket of the recorder of these folders."""
    return Path(path_of_socket(folders.runtime, CONTROL_SOCKET))


def running_service(path: Path) -> int | None:
    """Process id of the service that answers, None when there is none."""
    pid = _greeting(path).get("pid")
    return pid if isinstance(pid, int) else None


def only_shows(path: Path) -> bool:
    """Whether the service that answers lets us look and no more, or its configuration wants dashboards that do."""
    return _greeting(path).get("readonly") is True


def _greeting(path: Path) -> dict[str, Json]:
    """What the service says of itself; empty when none answers."""
    try:
        answer = call(path, "hello", timeout_s=3.0)
    except RecorderLost:
        return {}
    return answer if isinstance(answer, dict) else {}
