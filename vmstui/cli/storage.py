"""`vmstui storage`: the recordings folder as it is now and how long footage will stay on it, and with `--accept` a
person's word that it is the right one.

Works with and without a recorder. The files that say which folder is recorded to are read and written here; a recorder
that runs sees at its next look, a second later, that they have changed.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from vmstui.cli.recorder_socket import socket_path
from vmstui.configured import Settings
from vmstui.control.call import call
from vmstui.control.errors import RecorderLost
from vmstui.sanitise import clean
from vmstui.settings import default_folders, find_path, load

NOT_WELL, WRONG_USE = 1, 2


def storage(config: str | None, *, accept: bool, as_json: bool) -> int:
    """Show it. Exit code 1 when it cannot be recorded to, 2 when it cannot be accepted. A promise that will not be kept
    is a warning and changes neither."""
    from vmstui.cli.storage_outlook import as_json as outlook_json
    from vmstui.cli.storage_outlook import lines, projected
    from vmstui.recorder.resources import full_bytes
    from vmstui.recording.guard import Guard
    from vmstui.recording.owner import INSTALLATION

    settings = load(config_in_use(config)).settings
    path, mount = settings.recordings, settings.recordings_mount
    state = Path(default_folders().state)
    if accept:
        if refusal := _accept(settings, state):
            print(f"not accepted: {refusal}", file=sys.stderr)
            return WRONG_USE
        if not as_json:
            print(f"recordings go to {path} from now on; a recorder that runs goes on within seconds")
    installation = ""
    with contextlib.suppress(OSError):
        installation = (state / INSTALLATION).read_text().strip()
    guard = Guard(state, installation)
    status = guard.look(path, mount, full_bytes(settings), use=False)
    known, found = guard.known(path), guard.id_of(path)
    projection = projected(settings)
    if as_json:
        shown = {
            "path": path,
            "usable": status.usable,
            "reason": status.reason,
            "trouble": status.trouble,
            "free_bytes": status.free_bytes,
            "total_bytes": status.total_bytes,
            "mount_point": status.mount_point,
            "folder": found,
            "recorded_to": known.folder if known is not None else None,
            "recorded_to_mount": known.mount if known is not None else None,
            "projection": outlook_json(projection),
        }
        print(json.dumps(shown))
    else:
        recorded = (known.folder or "a folder without an id") if known is not None else "nothing yet"
        room = f"{status.free_bytes / 1e9:.1f} of {status.total_bytes / 1e9:.1f} GB free"
        rows = (
            ("path", path),
            ("file system", f"{status.mount_point or 'not known'}, {room}" if status.total_bytes else "not known"),
            ("this folder", found or ("has no id" if found == "" else "has no mark")),
            ("recorded to", recorded),
            ("usable", "yes" if status.usable else f"no: {status.reason}"),
        )
        print("\n".join(f"{name:<13}{clean(value)}" for name, value in rows))
        print("\n".join(clean(line) for line in lines(projection, settings.timezone)))
    return 0 if status.usable else NOT_WELL


def _accept(settings: Settings, state: Path) -> str:
    """Why it cannot be accepted; empty when it was."""
    from vmstui.recorder.state_folder import installation_id
    from vmstui.recording.guard import Guard, WrongFolder

    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        Guard(state, installation_id(state)).accept(settings.recordings, settings.recordings_mount)
    except WrongFolder as error:
        return str(error)
    except OSError as error:
        return f"the state folder {state} cannot be written: {error.strerror}"
    return ""


def config_in_use(config: str | None) -> str:
    """That of the recorder that runs, unless another is named."""
    if config is None:
        try:
            answer = call(socket_path(), "snapshot")
        except RecorderLost:
            answer = None
        if isinstance(answer, dict) and isinstance(answer.get("config_path"), str):
            return str(answer["config_path"])
    return find_path(config)
