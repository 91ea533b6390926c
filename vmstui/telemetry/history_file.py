"""The file of the history: how it is made, opened, and put aside when it is damaged or of another version.

It may be deleted at any time, also while the service runs: what was measured is lost with it, and nothing else. One
writes (the service, which holds the state folder), any number read. A damaged one is renamed to `….corrupt` and one of
another version to `….version-N`, each in the place of an earlier one; a version that comes back finds its own again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

FILE_NAME = "samples.sqlite3"
"""In the state folder."""
SCHEMA_VERSION = 1
"""In `PRAGMA user_version`. What would make an older vmstui read wrongly gets a new number."""
_APPLICATION_ID = 0x766D7468
"""`vmth`, in the header of the file: whose it is."""
BUSY_S = 2.0
PAGE_BYTES = 8192
"""Rows of about a kilobyte leave a fifth of a page of 4096 empty."""
_CACHE_KIB = 128
_WAL_BYTES = 2 * 1024 * 1024
"""To which the write-ahead log is cut again after a burst."""
SCHEMA = (
    "CREATE TABLE subjects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # Names and scales of the columns of a chunk, as JSON.
    "CREATE TABLE layouts (id INTEGER PRIMARY KEY, quantities TEXT NOT NULL UNIQUE)",
    # By id in the order in which they came, whatever the clock showed. See `history_rows`.
    """CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        subject INTEGER NOT NULL,
        tier_s INTEGER NOT NULL,
        layout INTEGER NOT NULL,
        since_s REAL NOT NULL,
        until_s REAL NOT NULL,
        count INTEGER NOT NULL,
        data BLOB NOT NULL)""",
    "CREATE INDEX chunks_by_time ON chunks (subject, tier_s, since_s, until_s, count)",
    # Up to which chunk of the tier below a tier was made.
    """CREATE TABLE marks (
        subject INTEGER NOT NULL,
        tier_s INTEGER NOT NULL,
        chunk INTEGER NOT NULL,
        PRIMARY KEY (subject, tier_s)) WITHOUT ROWID""",
)


class HistoryError(Exception):
    """The history cannot be used; the text says why."""

    def __init__(self, text: str, *, reopen: bool = False) -> None:
        super().__init__(text)
        self.reopen = reopen
        """Opening it anew helps."""


def open_writing(path: Path) -> tuple[sqlite3.Connection, str]:
    """A connection that may write, and what a person should know about it, if anything. Raises HistoryError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = ""
        if path.exists() and (why := _unusable(path)):
            said = _put_aside(path, why)
        return _prepared(path), said
    except (OSError, sqlite3.Error) as error:
        raise said_as(path, error) from error


def open_reading(path: Path) -> sqlite3.Connection | None:
    """A connection that only reads, whether somebody writes meanwhile or not; None where nothing was written yet.

    Raises HistoryError.
    """
    if not path.exists():
        return None
    # A folder that may not be written to has no place for the shared memory that WAL wants; then nobody writes there.
    for how in ("mode=ro", "mode=ro&immutable=1"):
        try:
            connection = _connect(path, how)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION:
                return connection
            empty = not version and not _tables(connection)
            connection.close()
            if empty:  # being made at this moment
                return None
            raise HistoryError(f"the history of samples {path} was made by another version of vmstui")
        except sqlite3.Error as error:
            if code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or how != "mode=ro":
                raise said_as(path, error) from error
    raise AssertionError("unreachable")


NOTHING_YET = "nothing was measured yet: the recorder begins with that as it runs (vmstui up)"


def said_as(path: Path, error: Exception) -> HistoryError:
    """An error of SQLite, or of the system, as a sentence."""
    number = code(error)
    match number:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            text = f"the history of samples {path} is damaged ({error})"
        case sqlite3.SQLITE_FULL:
            text = f"the disk of the history of samples {path} is full"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            text = f"the history of samples {path} is in use by another process"
        case _:
            told = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            text = f"the history of samples {path} cannot be used: {told}"
    return HistoryError(text, reopen=number not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))


def put_damaged_aside(path: Path) -> str:
    """After it was seen to be damaged while it was used; gives the sentence to say. Raises OSError."""
    return _put_aside(path, "corrupt")


def code(error: BaseException | None) -> int | None:
    """Primary result code of SQLite; None for what SQLite did not say."""
    extended = getattr(error, "sqlite_errorcode", None)
    return extended & 0xFF if isinstance(extended, int) else None


def _unusable(path: Path) -> str:
    """Why the file that is there cannot be gone on with: the name it is put aside under; empty when it can be."""
    connection = None
    try:
        connection = _connect(path, "mode=rw")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if not version and not application and not _tables(connection):
            return ""  # made, and nothing written to it yet
        if application != _APPLICATION_ID:
            return "corrupt"
        if version != SCHEMA_VERSION:
            return f"version-{version}"
        if missing := {"subjects", "layouts", "chunks", "marks"} - _tables(connection):
            raise sqlite3.DatabaseError(f"lacks {missing}")
        for statement in ("SELECT max(id) FROM chunks", "SELECT count(*) FROM subjects", "SELECT count(*) FROM marks"):
            connection.execute(statement).fetchone()
        return ""
    except sqlite3.DatabaseError as error:
        if code(error) in (None, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return "corrupt"
        raise
    finally:
        if connection is not None:
            connection.close()


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _put_aside(path: Path, why: str) -> str:
    """Rename it, and take back our own, if an earlier version of us left one."""
    _rename(path, path.with_name(f"{path.name}.{why}"))
    ours = path.with_name(f"{path.name}.version-{SCHEMA_VERSION}")
    if why != "corrupt" and ours.exists():
        _rename(ours, path)
    what = "is damaged" if why == "corrupt" else f"is of another {why.replace('-', ' ')}"
    return f"the history of samples {what}: it was put aside as {path.name}.{why}, and another one takes its place"


def _rename(path: Path, to: Path) -> None:
    """With what was not yet in the file, which comes first so that it never lies beside another one."""
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{to}{ending}")
    with contextlib.suppress(FileNotFoundError):
        os.rename(f"{path}-wal", f"{to}-wal")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}-shm")
    os.rename(path, to)


def _prepared(path: Path) -> sqlite3.Connection:
    if not path.exists():
        for ending in ("-wal", "-shm"):  # of one that somebody removed: SQLite would take it for that of the new one
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}{ending}")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = _connect(path, "mode=rw")
    try:
        # The last minutes may be lost in a power cut, and nothing waits for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        made = bool(_tables(connection))
        if not made:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        if not made:
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        return connection
    except BaseException:
        connection.close()
        raise


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?{how}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,  # transactions are begun and ended by us
        check_same_thread=False,  # opened, used and closed one after the other
    )
