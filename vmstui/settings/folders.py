"""Where things are on this machine: the configuration file, the state folder, the folder of the sockets.

Called by every command before anything else, so it imports next to nothing and creates nothing.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from vmstui.settings.errors import SettingsError

CONFIG_FILE = "vmstui.yaml"
KEYS_FILE = "keys.yaml"
"""Of a person, for the dashboard."""
CHOSEN_FILE = "dashboard.json"
"""Of a person, written by the dashboard: what they chose in it."""
THEMES_FOLDER = "themes"
"""Of a person, below their own folder."""
MAX_SOCKET_PATH_BYTES = 107
"""`sun_path` of unix(7) holds 108 bytes with the NUL at the end."""
CONTROL_SOCKET = "control.sock"


class Folders(NamedTuple):
    """Absolute paths; who creates them gives them mode 0700. A tuple, as dataclasses take longer to import than
    all that is here."""

    state: str
    """Catalogue, logs, what outlives a reboot."""
    runtime: str
    """Sockets."""


def find_path(explicit: str | None = None) -> str:
    """The configuration file: `explicit` (--config), $VMSTUI_CONFIG, or the place for this user. It need not exist."""
    named = explicit or os.environ.get("VMSTUI_CONFIG")
    if named:
        return named
    if os.geteuid() == 0:
        return f"/etc/vmstui/{CONFIG_FILE}"
    return os.path.join(own_folder(), CONFIG_FILE)


def own_folder() -> str:
    """Where a person keeps what concerns them alone and no recorder: the keys and the themes of their dashboard."""
    return os.path.join(_xdg("XDG_CONFIG_HOME", ".config"), "vmstui")


def own_state_folder() -> str:
    """Where a person's dashboard keeps what they chose in it; also of root, whose recorder has its state elsewhere."""
    return os.path.join(_xdg("XDG_STATE_HOME", ".local/state"), "vmstui")


def default_folders() -> Folders:
    """State and runtime folder: $VMSTUI_STATE and $VMSTUI_RUNTIME, or the places for this user.

    Raises `SettingsError` if a socket in the runtime folder would have a longer path than the system allows.
    """
    is_root = os.geteuid() == 0
    state = os.environ.get("VMSTUI_STATE")
    if not state:
        state = "/var/lib/vmstui" if is_root else os.path.join(_xdg("XDG_STATE_HOME", ".local/state"), "vmstui")
    state = os.path.abspath(state)
    runtime = os.environ.get("VMSTUI_RUNTIME")
    if not runtime:
        session = os.environ.get("XDG_RUNTIME_DIR", "")
        if is_root:
            runtime = "/run/vmstui"
        elif os.path.isabs(session):
            runtime = os.path.join(session, "vmstui")
        else:
            runtime = os.path.join(state, "run")
    folders = Folders(state, os.path.abspath(runtime))
    socket_path(folders.runtime, CONTROL_SOCKET)
    return folders


def socket_path(folder: str, name: str) -> str:
    """Path of a Unix socket. Raises `SettingsError` where it is longer than the system allows (107 bytes)."""
    path = os.path.join(folder, name)
    length = len(os.fsencode(path))
    if length > MAX_SOCKET_PATH_BYTES:
        from vmstui.settings.problems import Problem

        found = f"a socket path of {length} bytes"
        accepted = f"at most {MAX_SOCKET_PATH_BYTES} bytes, the limit of Unix sockets; "
        accepted += "set VMSTUI_RUNTIME to a folder with a shorter path"
        raise SettingsError([Problem(path, 0, 0, "", found, accepted)])
    return path


def _xdg(variable: str, below_home: str) -> str:
    """A folder of the XDG base directory specification, which says that relative values are to be ignored."""
    value = os.environ.get(variable, "")
    return value if os.path.isabs(value) else os.path.join(os.path.expanduser("~"), below_home)
