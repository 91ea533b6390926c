"""Where things are below the recordings folder, in one place.

What users see is `<folder of the camera>/<date>/<file>`; what only vmstui uses is below `.vmstui/`, on the same file
system, so that a file is published by a rename. Pure; called by the recorder, which creates the folders.
"""

from __future__ import annotations

import os
from pathlib import Path

INTERNAL = ".vmstui"


def spool_root(recordings: Path) -> Path:
    """Folder of all spool folders."""
    return recordings / INTERNAL / "spool"


def camera_spool(recordings: Path, camera_id: str) -> Path:
    """Folder of the spool folders of a camera, one per generation."""
    return spool_root(recordings) / camera_id


def generation_spool(recordings: Path, camera_id: str, generation: int) -> Path:
    """Where the worker of one generation writes its segments."""
    return camera_spool(recordings, camera_id) / str(generation)


def camera_quarantine(recordings: Path, camera_id: str) -> Path:
    """Where files of a camera that do not play are kept."""
    return recordings / INTERNAL / "quarantine" / camera_id


def spooled_generations(recordings: Path, camera_id: str) -> tuple[int, ...]:
    """Generations of a camera that still have a spool folder, oldest first."""
    try:
        with os.scandir(camera_spool(recordings, camera_id)) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return ()
    return tuple(sorted(int(name) for name in names if name.isascii() and name.isdigit()))
