"""The number of a worker that is about to start: above every one that was ever given to a worker of its camera.

What was recorded is put in order by it (`recording.fill`), and no worker may write into the spool of another. The note
of the worker before tells the number; where the state folder was lost, or comes from an old backup, the recordings do:
their spools, the ends of their newest journals, and what stays known of days of which nothing is left. That is a look
at some kilobytes, on the disk that the worker is about to write to, so whoever asks waits for no other. Called in a
thread, at each start.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from vmstui.recording import journal, layout, past
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError


def next_generation(recordings: Path, state_folder: Path, camera: str, noted: int) -> int:
    """`noted` is the highest number that is remembered; 0: none is."""
    told = (journal.newest_generation(recordings, camera), past.newest_generation(recordings, camera))
    known = max(noted, *told, *layout.spooled_generations(recordings, camera))
    if not noted:  # the note alone may be lost, after recordings went to another disk
        known = max(known, _catalogued(state_folder, camera))
    return known + 1


def _catalogued(state_folder: Path, camera: str) -> int:
    with (
        contextlib.suppress(CatalogueError),
        Catalogue.open(state_folder / FILE_NAME, readonly=True) as catalogue,
    ):
        return catalogue.newest_generation(camera)
    return 0
