"""Where the recorder of this user listens. Apart from all else, as most commands need this and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.control.call import call
from vmstui.control.errors import RecorderLost
from vmstui.settings.folders import CONTROL_SOCKET, default_folders
from vmstui.settings.folders import socket_path as path_of_socket

if TYPE_CHECKING:
    from vmstui.settings import Folders


def socket_path() -> Path:
    """Where the recorder of this user listens."""
    return control_socket(default_folders())


def control_socket(folders: Folders) -> Path:
    """The socket of the recorder of these folders."""
    return Path(path_of_socket(folders.runtime, CONTROL_SOCKET))


def running_service(path: Path) -> int | None:
    """Process id of the service that answers, None when there is none."""
    try:
        answer = call(path, "hello", timeout_s=3.0)
    except RecorderLost:
        return None
    pid = answer.get("pid") if isinstance(answer, dict) else None
    return pid if isinstance(pid, int) else None
