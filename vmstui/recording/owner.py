"""The mark in a recordings folder: which folder it is, and the one recorder that records into it.

Two recorders on one folder (root's and a user's, say) would take each other's spools for what a dead worker left, and
publish files that are still being written. So the mark names the recorder by the id of its installation, which lies in
its state folder; it is taken over only when that installation is provably gone. The mark also gives the folder itself
an id, by which `guard.py` tells it from whatever else its path may lead to one day.

Works below an open folder: what is looked at is what is written, wherever the path leads meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over
from vmstui.recording.layout import INTERNAL

MARK = "owner.json"
INSTALLATION = "installation"
"""File in a state folder that holds the id of the installation."""
_LONGEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Mark:
    """What the mark says; empty strings where it is torn."""

    installation: str = ""
    """Of the recorder."""
    state_folder: str = ""
    folder: str = ""
    """Id of the recordings folder; empty also in a mark that an earlier version wrote."""


def read_mark(root: int) -> Mark | None:
    """The mark in a recordings folder, None where there is none. Raises OSError if the disk does not tell."""
    try:
        descriptor = os.open(f"{INTERNAL}/{MARK}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        raw = file.read(_LONGEST_BYTES)
    try:
        said = json.loads(raw)
        return Mark(str(said["installation"]), str(said["state_folder"]), str(said.get("folder", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Mark()


def write_mark(root: int, mark: Mark) -> None:
    """Replace the mark; after that it survives a power cut. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(INTERNAL, 0o700, dir_fd=root)
        hand_over(INTERNAL, root)
    internal = os.open(INTERNAL, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
    try:
        said = {"installation": mark.installation, "state_folder": mark.state_folder, "folder": mark.folder}
        beside = f".{MARK}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(beside, flags, 0o600, dir_fd=internal), "wb") as file:
            file.write(json.dumps(said).encode())
            file.flush()
            os.fsync(file.fileno())
        hand_over(beside, internal)
        os.replace(beside, MARK, src_dir_fd=internal, dst_dir_fd=internal)
        os.fsync(internal)
    finally:
        os.close(internal)


def new_id() -> str:
    """For a folder that has none."""
    return os.urandom(16).hex()


def stranger(mark: Mark, installation: str, state_folder: Path) -> str:
    """State folder of the other recorder that a mark names, empty where it is ours or may be taken over."""
    ours = Path(mark.state_folder) == state_folder  # if under another id, that was lost: nobody else works on our state
    if not mark.installation or mark.installation == installation or ours:
        return ""
    return "" if _gone(Path(mark.state_folder), mark.installation) else mark.state_folder


def _gone(state_folder: Path, installation: str) -> bool:
    """Whether an installation does not exist any more. One that we may not look at counts as there."""
    try:
        return (state_folder / INSTALLATION).read_text().strip() != installation
    except FileNotFoundError:
        return True
    except OSError:
        return False
