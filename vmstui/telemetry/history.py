"""The history of samples: 1 s for an hour, 10 s for a day, 1 min for 30 days, of each camera and of the machine.

What is kept is counted in measured time, not by the calendar, so that a clock that is set deletes nothing. Every minute
the samples of that minute are added, a chunk a subject (`history_rows`), in one transaction; every ten minutes those of
a subject become points of the next tier, and those in turn every hour, each subject at another minute. Each tier notes
up to which chunk of the one below it was made, in the same transaction: killed at any instant, the next one goes on
from there. Questions are answered by `history_ask`.

All of it blocks and belongs into a thread. A batch breathes between subjects: the loop of the service shares Python's
lock with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from vmstui.telemetry.history_file import PAGE_BYTES, HistoryError, code, open_writing, put_damaged_aside, said_as
from vmstui.telemetry.history_rows import (
    COARSE_KEPT_S,
    COARSE_S,
    FINE_KEPT_S,
    FINE_S,
    MIDDLE_KEPT_S,
    MIDDLE_S,
    NoChunk,
    Part,
    Points,
    Quantity,
    pack,
    roll_up,
    unpack,
)

LEAST_BYTES, SUBJECT_BYTES = 16 * 1024 * 1024, 2 * 1024 * 1024
"""The file is never larger than this and so much for each subject: 216 MB with 100 cameras, who take some 120 as a
rule. Beyond that the oldest goes."""
FREE_BYTES = 64 * 1024 * 1024
"""So much stays free on the disk, which holds the notes that recording needs."""
_FEW = 200
_BELOW = {MIDDLE_S: FINE_S, COARSE_S: MIDDLE_S}
_KEPT = {
    FINE_S: FINE_KEPT_S + 600,
    MIDDLE_S: (MIDDLE_KEPT_S + 3600) // MIDDLE_S,
    COARSE_S: COARSE_KEPT_S // COARSE_S,
}
"""Points of each tier; with those of a round more, which the next tier is still to be made of."""
_MIDDLE_MINUTES, _COARSE_ROUNDS = 10, 6
"""A tier is made every ten minutes, and the next one at every sixth of those."""

Breathe = Callable[[], None]


class History:
    """To be written to, by one thread at a time. The file is opened at the first batch."""

    def __init__(self, path: Path) -> None:
        self.news = ""
        """What a person should know about the file, once it came up; for whoever says it to take."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._subjects: dict[str, int] = {}
        self._layouts: dict[tuple[Quantity, ...], int] = {}

    def add(self, batch: Iterable[tuple[str, Sequence[Quantity], Points]], now_s: float, breathe: Breathe) -> None:
        """Write what was measured since the last time; all of it, or nothing. `breathe` is called between subjects.

        Raises HistoryError.
        """
        try:
            self._check_room()
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for subject, quantities, points in batch:
                    if points.times_s:
                        self._add(connection, subject, tuple(quantities), points, int(now_s // 60))
                    breathe()
                self._keep_small(connection)
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                self._subjects.clear()  # what was numbered in it is not
                self._layouts.clear()
                raise
        except HistoryError:
            raise
        except (OSError, sqlite3.Error, NoChunk) as error:
            self.close()
            if isinstance(error, NoChunk) or code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                with contextlib.suppress(OSError):
                    self.news = put_damaged_aside(self._path)
            raise said_as(self._path, error) from error

    def close(self) -> None:
        """May be called twice."""
        connection, self._connection = self._connection, None
        self._subjects.clear()
        self._layouts.clear()
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._identity != _identity(self._path):
            self.close()  # somebody removed it
        if self._connection is None:
            self._connection, said = open_writing(self._path)
            self._identity = _identity(self._path)
            self.news = said or self.news
        return self._connection

    def _check_room(self) -> None:
        room = os.statvfs(self._path.parent)
        if room.f_bavail * room.f_frsize < FREE_BYTES:
            text = (
                f"the disk of {self._path.parent} has less than {FREE_BYTES // 2**20} MiB left: no history of samples"
            )
            raise HistoryError(text)

    def _add(
        self,
        connection: sqlite3.Connection,
        subject: str,
        quantities: tuple[Quantity, ...],
        points: Points,
        minute: int,
    ) -> None:
        number = self._subject(connection, subject)
        self._insert(connection, number, FINE_S, quantities, points)
        turn = minute + number
        if turn % _MIDDLE_MINUTES == 0:
            self._make(connection, number, MIDDLE_S)
            if turn // _MIDDLE_MINUTES % _COARSE_ROUNDS == 0:
                self._make(connection, number, COARSE_S)
                _prune(connection, number, COARSE_S)

    def _insert(
        self,
        connection: sqlite3.Connection,
        subject: int,
        tier_s: int,
        quantities: tuple[Quantity, ...],
        points: Points,
    ) -> None:
        layout = self._layout(connection, quantities)
        connection.executemany(
            "INSERT INTO chunks (subject, tier_s, layout, since_s, until_s, count, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (subject, tier_s, layout, chunk.since_s, chunk.until_s, chunk.count, chunk.data)
                for chunk in pack(points, quantities, tier_s)
            ],
        )

    def _make(self, connection: sqlite3.Connection, subject: int, tier_s: int) -> None:
        """Bring a tier up to the one below."""
        below = _BELOW[tier_s]
        mark = mark_of(connection, subject, tier_s)
        found = connection.execute(
            f"{SELECT} WHERE subject = ? AND tier_s = ? AND chunks.id > ? ORDER BY chunks.id", (subject, below, mark)
        ).fetchall()
        parts: dict[tuple[Quantity, ...], list[Points]] = {}
        for row in found:
            part = part_of(row)
            parts.setdefault(part.quantities, []).append(part.points)
        for quantities, points in parts.items():
            self._insert(connection, subject, tier_s, quantities, roll_up(points, tier_s))
        if found:
            upto = found[-1][0]
            connection.execute("REPLACE INTO marks VALUES (?, ?, ?)", (subject, tier_s, upto))
            _prune(connection, subject, below, upto)

    def _keep_small(self, connection: sqlite3.Connection) -> None:
        """The oldest goes where the file is too large, a few at a time."""
        most = LEAST_BYTES + SUBJECT_BYTES * max(len(self._subjects), 1)
        pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
        if (pages - free) * PAGE_BYTES > most:
            connection.execute(f"DELETE FROM chunks WHERE id IN (SELECT id FROM chunks ORDER BY id LIMIT {_FEW})")
        connection.execute(f"PRAGMA max_page_count = {max(pages, most * 5 // 4 // PAGE_BYTES)}")

    def _subject(self, connection: sqlite3.Connection, name: str) -> int:
        if name not in self._subjects:
            self._subjects[name] = _numbered(connection, "subjects", "name", name)
        return self._subjects[name]

    def _layout(self, connection: sqlite3.Connection, quantities: tuple[Quantity, ...]) -> int:
        if quantities not in self._layouts:
            told = json.dumps([[quantity.name, quantity.scale] for quantity in quantities])
            self._layouts[quantities] = _numbered(connection, "layouts", "quantities", told)
        return self._layouts[quantities]


SELECT = "SELECT chunks.id, since_s, until_s, tier_s, data, quantities FROM chunks JOIN layouts ON layouts.id = layout"
_Found = tuple[int, float, float, int, bytes, str]


def part_of(row: _Found) -> Part:
    """What `SELECT` found. Raises NoChunk."""
    _, since_s, _, tier_s, data, told = row
    quantities = tuple(Quantity(str(name), float(scale)) for name, scale in json.loads(told))
    return Part(unpack(since_s, data, quantities, tier_s), quantities)


def mark_of(connection: sqlite3.Connection, subject: int, tier_s: int) -> int:
    """Up to which chunk of the tier below this one was made."""
    row = connection.execute("SELECT chunk FROM marks WHERE subject = ? AND tier_s = ?", (subject, tier_s)).fetchone()
    return int(row[0]) if row is not None else 0


def _prune(connection: sqlite3.Connection, subject: int, tier_s: int, upto: int | None = None) -> None:
    """Delete what is beyond the number of points that is kept, of what the next tier has been made of."""
    found = connection.execute(
        "SELECT id, count FROM chunks WHERE subject = ? AND tier_s = ? ORDER BY id DESC", (subject, tier_s)
    )
    left = _KEPT[tier_s]
    doomed: list[tuple[int]] = []
    for number, count in found:
        left -= count
        if left + count <= 0 and (upto is None or number <= upto):
            doomed.append((number,))
    connection.executemany("DELETE FROM chunks WHERE id = ?", doomed)


def _numbered(connection: sqlite3.Connection, table: str, column: str, text: str) -> int:
    connection.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", (text,))
    (number,) = connection.execute(f"SELECT id FROM {table} WHERE {column} = ?", (text,)).fetchone()
    return int(number)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
