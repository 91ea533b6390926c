"""What a catalogue that is made anew takes over from the one that was put aside: what happened to footage.

The recordings tell what there is and what was missing, but not which rule deleted what. A damaged database is seldom
damaged everywhere: its events are read as far as they can be, newest first, and what makes no sense is left out. What
cannot be read is lost, and no error. Called while an empty catalogue is made; never holds all of them in memory.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from vmstui.footage import StoredEvent
from vmstui.recording import catalogue_file
from vmstui.recording.catalogue_rows import EVENT_COLUMNS, event_of


def events(path: Path, most: int) -> Iterator[StoredEvent]:
    """Those of the catalogue that was put aside last, newest first, and no more than so many."""
    aside = catalogue_file.newest_aside(path)
    if aside is None:
        return
    # What was not yet in the file is found only through a shared memory, which SQLite makes for this look alone.
    how = "mode=ro" if os.path.exists(f"{aside}-wal") else "mode=ro&immutable=1"
    with (
        contextlib.suppress(sqlite3.Error, catalogue_file.CatalogueError),
        contextlib.closing(catalogue_file.connect(aside, how)) as connection,
    ):
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for row in connection.execute(f"SELECT {EVENT_COLUMNS} FROM events ORDER BY id DESC LIMIT ?", (most,)):
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                event = event_of(row)
                texts = (event.camera, event.text, event.path, event.rule, event.measured, event.threshold)
                if all(isinstance(text, str) for text in (*texts, event.outcome)) and isinstance(event.size_bytes, int):
                    yield event
    with contextlib.suppress(OSError):
        os.unlink(f"{aside}-shm")
