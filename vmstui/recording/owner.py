"""Who records into a recordings folder: one recorder, marked in a file, so that a second one keeps its hands off.

Two recorders on one folder (root's and a user's, say) would take each other's spools for what a dead worker left, and
publish files that are still being written. The mark names the recorder by the id of its installation, which lies in its
state folder; it is taken over only when that installation is provably gone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from vmstui.recording.layout import INTERNAL

MARK = "owner.json"
INSTALLATION = "installation"
"""File in a state folder that holds the id of the installation."""


def claim(recordings: Path, installation: str, state_folder: Path) -> str:
    """Mark the folder as ours. Gives a sentence why it is not, empty when it is.

    Blocks as the disk does: call it from a thread.
    """
    mark = recordings / INTERNAL / MARK
    try:
        mark.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            owner = json.loads(mark.read_bytes())
            other, other_state = str(owner["installation"]), str(owner["state_folder"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            other, other_state = "", ""
        ours = Path(other_state) == state_folder  # if under another id, that was lost: nobody else works on our state
        if other and other != installation and not ours and not _gone(Path(other_state), other):
            return (
                f"the recordings folder {recordings} belongs to another recorder (state in {other_state}): "
                f"use a folder of its own for each, or remove {mark} if the other is gone for good"
            )
        if (other, other_state) != (installation, str(state_folder)):
            beside = mark.with_name(f".{MARK}.{os.getpid()}")
            beside.write_text(json.dumps({"installation": installation, "state_folder": str(state_folder)}))
            os.replace(beside, mark)
    except OSError as error:
        return f"cannot mark the recordings folder {recordings} as ours: {error.strerror}"
    return ""


def _gone(state_folder: Path, installation: str) -> bool:
    """Whether an installation does not exist any more. One that we may not look at counts as there."""
    try:
        return (state_folder / INSTALLATION).read_text().strip() != installation
    except FileNotFoundError:
        return True
    except OSError:
        return False
