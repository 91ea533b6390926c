"""Locks, noted in a file beside the catalogue: they are all of it that cannot be found again in the recordings.

Written whole before a lock counts as set or given back, read only into an empty catalogue. Called by `catalogue`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import Lock
from vmstui.ownership import hand_over
from vmstui.recording.catalogue_file import CatalogueError

FILE_NAME = "locks.json"


def write(catalogue: Path, locks: Iterable[Lock]) -> None:
    """Replace the note; it survives a power cut. Raises CatalogueError."""
    note = catalogue.with_name(FILE_NAME)
    beside = note.with_name(f".{FILE_NAME}.new")
    try:
        with open(beside, "w", encoding="utf-8", opener=_private) as file:
            hand_over(beside)
            json.dump([to_json(lock) for lock in locks], file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, note)
    except OSError as error:
        raise CatalogueError(f"the locks cannot be noted in {note}: {error.strerror}") from error


def read(catalogue: Path) -> tuple[Lock, ...]:
    """What was noted, none where there is no note. Raises CatalogueError for a note that cannot be read."""
    note = catalogue.with_name(FILE_NAME)
    try:
        return tuple(from_json(Lock, entry) for entry in json.loads(note.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, CodecError) as error:
        raise CatalogueError(
            f"the locks noted in {note} cannot be read ({error}), and without them retention would delete what was "
            "locked: mend the file, or move it away"
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
