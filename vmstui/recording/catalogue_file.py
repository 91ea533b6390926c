"""The file of the catalogue: how it is made, opened, and put aside when it is damaged. `catalogue` has what is in it.

It is an index that can be made anew from the recordings, so a damaged one costs nothing but time: it is renamed to
`….corrupt-N` (the newest two are kept) and an empty one takes its place. One that a newer vmstui made is left alone.
Several processes may open it at once; whoever makes it or puts it aside holds `….lock`, so that nobody puts aside the
one that somebody else has just made.

A disk without a byte left has no room for the two files that SQLite has beside an open catalogue (WAL, and the memory
that processes share). Who makes room there opens it for itself alone (`open_without_room`), which needs neither.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over

SCHEMA_VERSION = 1
"""In `PRAGMA user_version`. What would make an older vmstui read wrongly gets a new number."""
_APPLICATION_ID = 0x766D7374
"""`vmst`, in the header of the file: whose it is."""
BUSY_S = 5.0
_KEPT_ASIDE = 2
_WAL_BYTES = 8 * 1024 * 1024
"""To which the write-ahead log is cut again after a burst."""

SCHEMA = (
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        path TEXT NOT NULL UNIQUE,
        started_us INTEGER NOT NULL,
        ended_us INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        duration_s REAL NOT NULL,
        codec TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        fps REAL NOT NULL,
        starts_with_keyframe INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL,
        span_start_s REAL,
        span_end_s REAL,
        boot TEXT,
        uptime_s REAL,
        holes TEXT NOT NULL)""",
    "CREATE INDEX segments_by_camera ON segments (camera, started_us)",
    "CREATE INDEX segments_by_start ON segments (started_us)",
    "CREATE INDEX segments_as_recorded ON segments (camera, generation, number, started_us)",
    # What would else be counted over all rows at every pass of retention.
    """CREATE TABLE cameras (
        camera TEXT PRIMARY KEY,
        first_us INTEGER NOT NULL,
        longest_us INTEGER NOT NULL,
        count INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TRIGGER segment_added AFTER INSERT ON segments BEGIN
        INSERT INTO cameras VALUES (
            new.camera, new.started_us, new.ended_us - new.started_us, 1, new.size_bytes)
        ON CONFLICT (camera) DO UPDATE SET
            first_us = min(first_us, excluded.first_us),
            longest_us = max(longest_us, excluded.longest_us),
            count = count + 1,
            size_bytes = size_bytes + excluded.size_bytes;
        END""",
    """CREATE TRIGGER segment_removed AFTER DELETE ON segments BEGIN
        UPDATE cameras SET count = count - 1, size_bytes = size_bytes - old.size_bytes WHERE camera = old.camera;
        END""",
    """CREATE TABLE gaps (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        started_us INTEGER NOT NULL,
        ended_us INTEGER NOT NULL,
        length_s REAL NOT NULL,
        cause TEXT NOT NULL,
        detail TEXT NOT NULL)""",
    "CREATE INDEX gaps_by_end ON gaps (camera, ended_us)",
    # The service and a command may find the same one at the same time.
    "CREATE UNIQUE INDEX gaps_once ON gaps (camera, started_us, ended_us)",
    """CREATE TABLE locks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        camera TEXT NOT NULL,
        since_us INTEGER NOT NULL,
        until_us INTEGER NOT NULL,
        note TEXT NOT NULL,
        by TEXT NOT NULL,
        at_us INTEGER NOT NULL)""",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_us INTEGER NOT NULL,
        camera TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        path TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        rule TEXT NOT NULL,
        measured TEXT NOT NULL,
        threshold TEXT NOT NULL,
        outcome TEXT NOT NULL)""",
    "CREATE INDEX events_by_time ON events (at_us)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
_TABLES = ("segments", "cameras", "gaps", "locks", "events", "facts")

Fill = Callable[[Path, sqlite3.Connection], None]
"""What an empty catalogue begins with, in the transaction that makes it."""


class CatalogueError(Exception):
    """The catalogue cannot be used; the text says what to do."""

    def __init__(self, text: str, *, reopen: bool = False, no_room: bool = False) -> None:
        super().__init__(text)
        self.no_room = no_room
        """The disk that it is on is full."""
        self.reopen = reopen
        """Opening it anew helps: this one was put aside, or replaced by somebody else."""


class Damaged(Exception):
    """What is there is no catalogue, or not all of one."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection to the catalogue."""

    connection: sqlite3.Connection
    identity: tuple[int, int] | None
    """Which file it is."""
    fresh: bool
    """It has still to be filled from the recordings."""


def open_writing(path: Path, fill: Fill) -> Opened:
    """A connection that may write; the file is made if need be. Raises CatalogueError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        hand_over(path.parent)
        with alone(path):
            try:
                return _prepared(path, fill)
            except Damaged as damage:
                put_aside(path, str(damage))
                return _prepared(path, fill)
    except (OSError, Damaged) as error:
        told = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise CatalogueError(f"the catalogue {path} cannot be opened: {told}", no_room=no_room) from error


def open_without_room(path: Path, fill: Fill) -> Opened:
    """A connection for making room on a full disk, in no need of any itself. Call it inside `alone`, and stay there
    until it is closed: it is the only one, so that nobody locks footage unheard. Where there is no catalogue, or a
    damaged one, it is an empty one in memory, with what `fill` knows: to be remade once there is room.

    Raises CatalogueError.
    """
    if path.exists():
        connection = connect(path, "mode=rw")
        try:
            with told(path):
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # before the first look: sqlite.org/wal.html
                _adjust(connection)
                if _is_made(path, connection):
                    return Opened(connection, identity(path), not _is_filled(connection))
        except Damaged:
            pass
        except BaseException:
            connection.close()
            raise
        connection.close()
    connection = connect(Path(":memory:"), "mode=memory")
    try:
        with told(path):
            _adjust(connection)
            _make(path, connection, fill)
    except Damaged as damage:
        connection.close()
        raise CatalogueError(f"no catalogue can be made in memory: {damage}") from damage
    except BaseException:
        connection.close()
        raise
    return Opened(connection, identity(path), fresh=True)


def open_reading(path: Path) -> Opened:
    """A connection that only reads, whether somebody writes meanwhile or not. Raises CatalogueError."""
    if not path.exists():
        raise CatalogueError(
            f"there is no catalogue yet at {path}: the recorder makes it as it records (vmstui up), "
            "or make it from the recordings: vmstui segments --rebuild"
        )
    # A folder that may not be written to, or a full disk, has no place for the shared memory that WAL wants; then
    # nobody writes there.
    for how in ("mode=ro", "mode=ro&immutable=1"):
        connection = connect(path, how)
        try:
            with told(path):
                if not _is_made(path, connection):
                    raise CatalogueError(f"the catalogue {path} is still empty: the recorder fills it (vmstui up)")
                return Opened(connection, identity(path), not _is_filled(connection))
        except CatalogueError as error:
            connection.close()
            no_place = error.no_room or _code(error.__cause__) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
            if not no_place or how != "mode=ro":
                raise
        except Damaged as damage:
            connection.close()
            raise CatalogueError(damaged(path, str(damage))) from damage
    raise AssertionError("unreachable")


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Errors of SQLite as sentences: CatalogueError, or Damaged for a damaged file."""
    try:
        yield
    except sqlite3.Error as error:
        no_room = _is_no_room(error)
        match _code(error):
            case _ if no_room:
                text = f"the disk of the catalogue {path} is full: free space there"
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise Damaged(str(error)) from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                text = f"the catalogue {path} was in use by another process for {BUSY_S:.0f} s: try again"
            case sqlite3.SQLITE_READONLY:
                text = f"the catalogue {path} may not be written to: change its owner or mode"
            case sqlite3.SQLITE_IOERR:
                text = f"the catalogue {path} cannot be read or written ({error}): check its disk with `dmesg`"
            case _:
                text = f"the catalogue {path} cannot be used: {error}"
        raise CatalogueError(text, no_room=no_room) from error


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else makes the catalogue or puts it aside meanwhile. Raises CatalogueError if somebody takes too long."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        hand_over(f"{path}.lock")
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CatalogueError(f"the catalogue {path} is being made by another process: try again") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def put_aside(path: Path, reason: str) -> Path:
    """Rename a damaged catalogue, and remove those put aside before but the newest. Call it inside `alone`.

    Raises OSError.
    """
    numbers = _asides(path)
    number = numbers[-1] + 1 if numbers else 1
    aside = _aside(path, number)
    # First what was not yet in the file, so that it never lies beside the next one.
    with contextlib.suppress(FileNotFoundError):
        os.rename(f"{path}-wal", f"{aside}-wal")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}-shm")
    os.rename(path, aside)
    note = aside.with_name(f"{aside.name}.reason.txt")
    with contextlib.suppress(OSError):
        note.write_text(f"{reason}\n", encoding="utf-8")
        hand_over(note)
    for old in [*numbers, number][:-_KEPT_ASIDE]:
        for ending in ("", "-wal", ".reason.txt"):
            with contextlib.suppress(OSError):
                os.unlink(f"{_aside(path, old)}{ending}")
    return aside


def newest_aside(path: Path) -> Path | None:
    """The catalogue that was put aside last; None for none."""
    numbers: list[int] = []
    with contextlib.suppress(OSError):
        numbers = _asides(path)
    return _aside(path, numbers[-1]) if numbers else None


def _asides(path: Path) -> list[int]:
    """Numbers of those that were put aside, oldest first. Raises OSError."""
    named = re.compile(re.escape(path.name) + r"\.corrupt-([0-9]+)")
    return sorted(int(found[1]) for name in os.listdir(path.parent) if (found := named.fullmatch(name)))


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.corrupt-{number}")


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is there now, None for none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _prepared(path: Path, fill: Fill) -> Opened:
    if not path.exists():
        for ending in ("-wal", "-shm"):  # of one that somebody removed: SQLite would take it for that of the new one
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{path}{ending}")
        # Only to make it: closing a file that SQLite has open in this process drops its locks (fcntl(2)).
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        hand_over(path)  # what SQLite makes beside it goes to the same owner
    connection = connect(path, "mode=rw")
    try:
        with told(path):
            _adjust(connection)
            is_made = _is_made(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            if not is_made:
                _make(path, connection, fill)
            return Opened(connection, identity(path), not _is_filled(connection))
    except BaseException:
        connection.close()
        raise


def _adjust(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")


def _make(path: Path, connection: sqlite3.Connection, fill: Fill) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        connection.execute(statement)
    fill(path, connection)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _is_made(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether it holds the tables. Raises Damaged for what is not ours, and CatalogueError for a newer one."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not there and not version:
        return False
    if application != _APPLICATION_ID:
        raise Damaged("a database of something else")
    if version > SCHEMA_VERSION:
        raise CatalogueError(
            f"the catalogue {path} was made by a newer vmstui (its version is {version}, this one reads up to "
            f"{SCHEMA_VERSION}): use that vmstui, or move the file away and it is made anew from the recordings"
        )
    if missing := [name for name in _TABLES if name not in there]:
        raise Damaged(f"it lacks {', '.join(missing)}")
    for name in _TABLES:
        connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
    return True


def _is_filled(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM facts WHERE name = 'filled'").fetchone() is not None


def connect(path: Path, how: str) -> sqlite3.Connection:
    """As SQLite opens it, whatever it is. Raises CatalogueError."""
    try:
        return sqlite3.connect(
            f"file:{quote(str(path))}?{how}",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,  # transactions are begun and ended by us
            check_same_thread=False,  # the lock of `Catalogue` lets one thread in at a time
        )
    except sqlite3.Error as error:
        raise CatalogueError(f"the catalogue {path} cannot be opened: {error}") from error


def damaged(path: Path, why: str) -> str:
    """What to do about a damaged catalogue that is only read."""
    return (
        f"the catalogue {path} is damaged ({why}): the recorder makes it anew from the recordings, "
        "or do it now: vmstui segments --rebuild"
    )


def _is_no_room(error: sqlite3.Error) -> bool:
    """The disk is full: of the memory that processes share SQLite says only that it could not be made so large."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def _code(error: BaseException | None) -> int | None:
    """Primary result code of SQLite; None for what SQLite did not say."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
