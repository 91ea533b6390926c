"""The catalogue: which segments there are, the gaps between them, what is locked, and what happened to footage.

An index in the state folder, never the truth: it is made anew from the recordings whenever it is lost or damaged, and
recording never waits for it. Only locks cannot be found in the recordings, so they are noted in `locks.json` beside it
as well, from which an empty catalogue takes them back; events it takes from the damaged one, as far as they can be
read. Written by the service, from one thread of its own, and by commands such as `vmstui lock`; read by commands, with
or without a service. All that is asked for one camera and day goes through an index; whoever needs all files gets them
a page at a time.

Every method raises CatalogueError. With `reopen` set in it the object is of no use any more: the file was damaged and
is put aside, or somebody else replaced it. Open it again, and fill it if it is `fresh`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from vmstui.footage import Gap, Lock, Segment, SegmentVerdict, StoredEvent, StoredEventKind
from vmstui.recording import catalogue_file, locks_note
from vmstui.recording.catalogue_connection import CatalogueConnection
from vmstui.recording.catalogue_file import CatalogueError, Opened
from vmstui.recording.catalogue_rows import (
    EVENT_COLUMNS,
    FILE_COLUMNS,
    GAP_COLUMNS,
    LOCK_COLUMNS,
    SEGMENT_COLUMNS,
    Recent,
    StoredFile,
    Value,
    all_of,
    below_folder,
    event_of,
    event_row,
    file_of,
    gap_of,
    instant,
    lock_of,
    lock_row,
    micros,
    placed_below,
    segment_of,
    segment_row,
    text,
)

FILE_NAME = "catalogue.sqlite3"
MAX_EVENTS = 100_000
_FIRST_PAGE, _PAGE = 20, 500
"""Of files for retention, which mostly wants to see no more than a few."""
_RECORDED_LAST = "ORDER BY generation DESC, number DESC, started_us DESC"
_PLAYS = f"AND verdict <> '{SegmentVerdict.BROKEN.value}'"


class Catalogue(CatalogueConnection):
    """One connection, for any thread, one at a time."""

    def __init__(self, path: Path, opened: Opened, *, readonly: bool) -> None:
        super().__init__(path, opened, readonly=readonly)
        self.fresh = opened.fresh
        """It has to be filled from the recordings, as it is new or a damaged one was put aside, until `filled`."""

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Catalogue:
        """The catalogue at a path, made if need be, unless it shall only be read."""
        opened = catalogue_file.open_reading(path) if readonly else catalogue_file.open_writing(path, _recall)
        return cls(path, opened, readonly=readonly)

    @classmethod
    @contextlib.contextmanager
    def without_room(cls, path: Path) -> Iterator[Catalogue]:
        """The catalogue on a full disk, for whoever makes room there; meanwhile nobody else can open it. Where it is
        lost, it is one that knows the locks alone and is forgotten again. Raises CatalogueError."""
        with contextlib.ExitStack() as opened:
            try:
                opened.enter_context(catalogue_file.alone(path))
            except OSError as error:
                raise CatalogueError(f"the catalogue {path} cannot be opened: {error.strerror}") from error
            made = catalogue_file.open_without_room(path, _recall)
            yield opened.enter_context(cls(path, made, readonly=False))

    def filled(self) -> None:
        """All that is in the recordings is in the catalogue: from now on it is not `fresh` any more."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('filled', '')")
        self.fresh = False

    # -- segments -----------------------------------------------------------------------------------------------------

    def add(self, segments: Iterable[Segment], gaps: Iterable[Gap] = ()) -> int:
        """Note segments, and the gaps before and in them, all or nothing; a segment whose path is known stays as it is,
        and so does a gap that is known. The number of segments that were new."""
        rows = [segment_row(segment) for segment in segments]
        marks = ", ".join("?" * (SEGMENT_COLUMNS.count(",") + 2))
        with self._writing() as connection:
            added = connection.executemany(
                f"INSERT INTO segments ({SEGMENT_COLUMNS}, ended_us) VALUES ({marks}) ON CONFLICT (path) DO NOTHING",
                rows,
            ).rowcount
            _add_gaps(connection, gaps)
            return added

    def segments(
        self,
        camera: str | None,
        since: datetime | None,
        until: datetime | None,
        *,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> tuple[Segment, ...]:
        """Those that overlap [since, until), by start."""
        where, values = self._overlapping(camera, since, until)
        order = "DESC" if newest_first else "ASC"
        rows = self._rows(
            f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE {where} ORDER BY started_us {order}, path {order} LIMIT ?",
            (*values, -1 if limit is None else limit),
        )
        return tuple(segment_of(row) for row in rows)

    def around(self, camera: str, segment: Segment) -> tuple[Segment | None, Segment | None]:
        """The segments of a camera before and after one, by start, among those that play. It need not be catalogued."""
        at = (micros(segment.started_at), segment.path)
        sides = (("<", "<=", "DESC"), (">", ">=", "ASC"))
        before, after = (
            self._rows(
                f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE camera = ? AND started_us {loose} ? "
                f"AND (started_us, path) {strict} (?, ?) {_PLAYS} "
                f"ORDER BY started_us {order}, path {order} LIMIT 1",
                (camera, at[0], *at),
            )
            for strict, loose, order in sides
        )
        return (segment_of(before[0]) if before else None, segment_of(after[0]) if after else None)

    def recorded_last(self, camera: str, count: int) -> tuple[Segment, ...]:
        """The last segments of a camera that play, in the order in which they were recorded, whatever the clock showed
        then, oldest of them first; before them the last one that does not."""
        return self._recorded("camera = ?", (camera,), count)

    def recorded_before(self, segment: Segment, count: int) -> tuple[Segment, ...]:
        """The same of those that were recorded before a segment of the camera."""
        at = (segment.generation, segment.number, micros(segment.started_at))
        return self._recorded(
            "camera = ? AND (generation, number, started_us) < (?, ?, ?)", (segment.camera, *at), count
        )

    def _recorded(self, where: str, values: Sequence[Value], count: int) -> tuple[Segment, ...]:
        query = f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE {where} AND verdict"
        broken = f"'{SegmentVerdict.BROKEN.value}' {_RECORDED_LAST} LIMIT ?"
        playing = self._rows(f"{query} <> {broken}", (*values, count))
        damaged = self._rows(f"{query} = {broken}", (*values, 1))
        return tuple(segment_of(row) for row in (*damaged, *reversed(playing)))

    def recorded_after(self, segment: Segment) -> Segment | None:
        """The one that was recorded next after a segment, of those that play."""
        rows = self._rows(
            f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE camera = ? AND (generation, number, started_us) > (?, ?, ?) "
            f"{_PLAYS} ORDER BY generation, number, started_us LIMIT 1",
            (segment.camera, segment.generation, segment.number, micros(segment.started_at)),
        )
        return segment_of(rows[0]) if rows else None

    def newest_generation(self, camera: str) -> int:
        """The highest number of a worker of whose footage something is catalogued; 0: of none."""
        rows = self._rows("SELECT max(generation) FROM segments WHERE camera = ?", (camera,))
        return int(rows[0][0] or 0)

    def known(self, paths: Iterable[str]) -> set[str]:
        """Which of these paths are catalogued."""
        found: set[str] = set()
        wanted = list(paths)
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            marks = ", ".join("?" * len(page))
            found.update(
                str(path) for (path,) in self._rows(f"SELECT path FROM segments WHERE path IN ({marks})", page)
            )
        return found

    def remove(self, paths: Iterable[str], events: Iterable[StoredEvent] = ()) -> None:
        """Segments leave the catalogue and events say why, both or neither."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM segments WHERE path = ?", [(path,) for path in paths])
            _add_events(connection, events)

    def amend(
        self,
        path: str,
        segment: Segment,
        *,
        old_gaps: Iterable[Gap] = (),
        new_gaps: Iterable[Gap] = (),
        event: StoredEvent | None = None,
    ) -> None:
        """What a later check found of the segment at a path, and where it is now, with the gaps and the line that go
        with it: all of that or nothing."""
        row = segment_row(segment)
        marks = ", ".join("?" * len(row))
        with self._writing() as connection:
            connection.execute("DELETE FROM segments WHERE path = ? AND path <> ?", (segment.path, path))
            connection.execute(
                "UPDATE cameras SET size_bytes = size_bytes + ? - coalesce((SELECT size_bytes FROM segments "
                "WHERE path = ?), 0), first_us = min(first_us, ?), longest_us = max(longest_us, ?) WHERE camera = ?",
                (
                    segment.size_bytes,
                    path,
                    micros(segment.started_at),
                    micros(segment.ended_at) - micros(segment.started_at),
                    segment.camera,
                ),
            )
            connection.execute(
                f"UPDATE segments SET ({SEGMENT_COLUMNS}, ended_us) = ({marks}) WHERE path = ?", (*row, path)
            )
            self.exchange_gaps(old_gaps, new_gaps)
            _add_events(connection, [event] if event is not None else [])

    def camera_below(self, folder: PurePath) -> str | None:
        """Whose segments lie below a folder; None where none do."""
        rows = self._rows("SELECT camera FROM segments WHERE path >= ? AND path < ? LIMIT 1", below_folder(folder))
        return str(rows[0][0]) if rows else None

    def first_at(self, camera: str) -> datetime | None:
        """When the first segment of a camera began that was ever catalogued, also when it was deleted since."""
        rows = self._rows("SELECT first_us FROM cameras WHERE camera = ?", (camera,))
        return instant(rows[0][0]) if rows else None

    def last_at(self) -> datetime | None:
        """When the newest segment of all cameras began."""
        rows = self._rows("SELECT max(started_us) FROM segments", ())
        return instant(rows[0][0]) if rows[0][0] is not None else None

    def fact(self, name: str) -> str | None:
        """What was noted under a name."""
        rows = self._rows("SELECT value FROM facts WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Note something about the catalogue as a whole."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def cameras(self) -> tuple[str, ...]:
        """Ids of cameras that have segments, whether they are configured or not."""
        return tuple(str(camera) for (camera,) in self._rows("SELECT camera FROM cameras WHERE count > 0", ()))

    def amount(self, camera: str, since: datetime, until: datetime) -> tuple[int, int]:
        """How many segments of a camera overlap [since, until), and their bytes."""
        where, values = self._overlapping(camera, since, until)
        rows = self._rows(f"SELECT count(*), coalesce(sum(size_bytes), 0) FROM segments WHERE {where}", values)
        return int(rows[0][0]), int(rows[0][1])

    def total(self, camera: str | None) -> tuple[int, int]:
        """How many segments there are, and their bytes, of one camera or of all."""
        where = "1" if camera is None else "camera = ?"
        rows = self._rows(
            f"SELECT coalesce(sum(count), 0), coalesce(sum(size_bytes), 0) FROM cameras WHERE {where}",
            () if camera is None else (camera,),
        )
        return int(rows[0][0]), int(rows[0][1])

    # -- for retention: a page at a time, never all rows in memory ----------------------------------------------------

    def elsewhere(self, folder: PurePath) -> dict[str, tuple[int, int]]:
        """How many segments of each camera do not lie below a folder, and their bytes. Mostly there are none."""
        found: dict[str, tuple[int, int]] = {}
        for side, bound in zip(("path < ?", "path >= ?"), below_folder(folder), strict=True):
            rows = self._rows(
                f"SELECT camera, count(*), sum(size_bytes) FROM segments WHERE {side} GROUP BY +camera", (bound,)
            )
            for camera, count, size_bytes in rows:
                before = found.get(camera, (0, 0))
                found[camera] = (before[0] + count, before[1] + size_bytes)
        return found

    def oldest(self, camera: str | None, *, below: PurePath | None = None) -> Iterator[StoredFile]:
        """All segments of one camera or of all, oldest first; with `below` those below that folder. Between two pages
        others may write."""
        where, bounds = placed_below(below)
        if camera is not None:
            where += " AND camera = ?"
        values: tuple[Value, ...] = (*bounds, *(() if camera is None else (camera,)))
        after_us, after_id, page = -(2**62), 0, _FIRST_PAGE
        while True:
            rows = self._rows(
                f"SELECT {FILE_COLUMNS}, id FROM segments WHERE {where} AND started_us >= ? "
                f"AND (started_us, id) > (?, ?) ORDER BY started_us, id LIMIT {page}",
                (*values, after_us, after_us, after_id),
            )
            for row in rows:
                yield file_of(row)
            if len(rows) < page:
                return
            after_us, after_id, page = rows[-1][2], rows[-1][-1], _PAGE

    def newest(
        self,
        camera: str,
        count: int,
        *,
        playing: bool = False,
        as_recorded: bool = False,
        below: PurePath | None = None,
    ) -> tuple[StoredFile, ...]:
        """The newest segments of a camera, newest first: by date, or `as_recorded`, whatever the clock showed then.
        With `playing` only those that play, with `below` only those below that folder."""
        where, bounds = placed_below(below)
        rows = self._rows(
            f"SELECT {FILE_COLUMNS} FROM segments WHERE {where} AND camera = ? {_PLAYS if playing else ''} "
            f"{_RECORDED_LAST if as_recorded else 'ORDER BY started_us DESC'}, id DESC LIMIT ?",
            (*bounds, camera, count),
        )
        return tuple(file_of(row) for row in rows)

    def recent(
        self, camera: str, since: datetime, count: int | None = None, *, until: datetime | None = None
    ) -> Recent:
        """What the segments of a camera amount to that began in [since, until) and play, or the newest of them."""
        where, values = all_of(("camera = ?", camera), ("started_us >= ?", since), ("started_us < ?", until))
        rows = self._rows(
            "SELECT count(*), coalesce(sum(size_bytes), 0), coalesce(sum(duration_s), 0) FROM (SELECT size_bytes, "
            f"duration_s FROM segments WHERE {where} {_PLAYS} ORDER BY started_us DESC LIMIT ?)",
            (*values, -1 if count is None else count),
        )
        return Recent(*rows[0])

    def started_between(self, camera: str, since: datetime, until: datetime) -> bool:
        """Whether any segment of a camera began in [since, until)."""
        rows = self._rows(
            "SELECT 1 FROM segments WHERE camera = ? AND started_us >= ? AND started_us < ? LIMIT 1",
            (camera, micros(since), micros(until)),
        )
        return bool(rows)

    # -- gaps ---------------------------------------------------------------------------------------------------------

    def forget_gaps(self, before: datetime) -> int:
        """Gaps go that ended before an instant and before the oldest footage of their camera; their number."""
        with self._writing() as connection:
            return connection.execute(
                "DELETE FROM gaps WHERE ended_us < ? AND ended_us < coalesce("
                "(SELECT min(started_us) FROM segments WHERE segments.camera = gaps.camera), ?)",
                (micros(before), micros(before)),
            ).rowcount

    def exchange_gaps(self, old: Iterable[Gap], new: Iterable[Gap]) -> None:
        """Put gaps in the place of others, both or neither."""
        keys = [(gap.camera, micros(gap.started_at), micros(gap.ended_at)) for gap in old]
        with self._writing() as connection:
            connection.executemany("DELETE FROM gaps WHERE camera = ? AND started_us = ? AND ended_us = ?", keys)
            _add_gaps(connection, new)

    def gaps(self, camera: str | None, since: datetime | None, until: datetime | None) -> tuple[Gap, ...]:
        """Those that overlap [since, until), by start."""
        where, values = all_of(("camera = ?", camera), ("ended_us > ?", since), ("started_us < ?", until))
        rows = self._rows(f"SELECT {GAP_COLUMNS} FROM gaps WHERE {where} ORDER BY started_us, id", values)
        return tuple(gap_of(row) for row in rows)

    # -- locks --------------------------------------------------------------------------------------------------------

    def lock(self, camera: str, since: datetime, until: datetime, note: str, by: str, at: datetime) -> Lock:
        """Keep the footage of [since, until) from retention, also what is only recorded later."""
        if until <= since:
            raise CatalogueError(f"a lock has to end after it begins: found {since} to {until}")
        with self._writing() as connection:
            added = connection.execute(
                "INSERT INTO locks (camera, since_us, until_us, note, by, at_us) VALUES (?, ?, ?, ?, ?, ?)",
                (camera, micros(since), micros(until), text(note), text(by), micros(at)),
            ).lastrowid
            lock = next(lock for lock in self._read_locks(camera) if lock.id == added)
            _add_events(connection, [_lock_event(lock, StoredEventKind.LOCKED, at)])
            locks_note.write(self._path, self._read_locks(None))
        return lock

    def unlock(self, number: int, at: datetime | None = None) -> bool:
        """Give a lock back; False if there is none of that number."""
        with self._writing() as connection:
            lock = next((lock for lock in self._read_locks(None) if lock.id == number), None)
            if lock is None:
                return False
            connection.execute("DELETE FROM locks WHERE id = ?", (number,))
            _add_events(connection, [_lock_event(lock, StoredEventKind.UNLOCKED, at or datetime.now(UTC))])
            locks_note.write(self._path, self._read_locks(None))
        return True

    def locks(self, camera: str | None) -> tuple[Lock, ...]:
        """Those of one camera or of all, by number."""
        with self._reading():
            return self._read_locks(camera)

    @contextlib.contextmanager
    def nobody_locks(self) -> Iterator[tuple[Lock, ...]]:
        """All locks as they are, and stay until the end of this: a transaction, of which what is written meanwhile by
        this thread is part. Others who write wait, so it has to be short."""
        with self._writing():
            yield self._read_locks(None)

    def _read_locks(self, camera: str | None) -> tuple[Lock, ...]:
        rows = self._connection.execute(f"SELECT {LOCK_COLUMNS} FROM locks ORDER BY id").fetchall()
        return tuple(lock_of(row) for row in rows if camera is None or row[1] == camera)

    # -- events -------------------------------------------------------------------------------------------------------

    def add_event(self, event: StoredEvent) -> None:
        """Note what happened to footage; the newest 100,000 are kept."""
        with self._writing() as connection:
            _add_events(connection, [event])

    def events(
        self,
        camera: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        limit: int | None = None,
    ) -> tuple[StoredEvent, ...]:
        """What happened in [since, until), oldest first; the newest `limit` of it."""
        where, values = all_of(("camera = ?", camera), ("at_us >= ?", since), ("at_us < ?", until))
        rows = self._rows(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE {where} ORDER BY at_us DESC, id DESC LIMIT ?",
            [*values, -1 if limit is None else limit],
        )
        return tuple(event_of(row) for row in reversed(rows))

    # -- how it is done -----------------------------------------------------------------------------------------------

    def _overlapping(
        self, camera: str | None, since: datetime | None, until: datetime | None
    ) -> tuple[str, list[Value]]:
        """A condition that an index can answer: none begins longer before `since` than the longest one lasts."""
        where, values = all_of(("camera = ?", camera))
        before, before_values = all_of(("started_us < ?", until))
        if since is not None:
            longest = self._rows(f"SELECT coalesce(max(longest_us), 0) FROM cameras WHERE {where}", values)
            longest_us, since_us = longest[0][0], micros(since)
            where += " AND started_us >= ? AND (ended_us > ? OR started_us >= ?)"
            values += [since_us - longest_us, since_us, since_us]
        return f"{where} AND {before}", [*values, *before_values]


def _recall(path: Path, connection: sqlite3.Connection) -> None:
    """Into an empty catalogue, what the recordings do not tell: locks from the note that the one before it left, and
    events from that one itself, where it was put aside."""
    connection.executemany(
        f"INSERT INTO locks ({LOCK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", map(lock_row, locks_note.read(path))
    )
    from vmstui.recording import salvage  # here, as it is seldom needed

    marks = ", ".join("?" * (EVENT_COLUMNS.count(",") + 2))
    connection.executemany(  # with numbers of ours: those of a damaged file may be anything
        f"INSERT INTO events (id, {EVENT_COLUMNS}) VALUES ({marks})",
        ((MAX_EVENTS - nth, *event_row(event)) for nth, event in enumerate(salvage.events(path, MAX_EVENTS))),
    )


def _add_gaps(connection: sqlite3.Connection, gaps: Iterable[Gap]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO gaps (camera, started_us, ended_us, length_s, cause, detail) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (gap.camera, micros(gap.started_at), micros(gap.ended_at), gap.length_s, gap.cause.value, text(gap.detail))
            for gap in gaps
        ],
    )


def _add_events(connection: sqlite3.Connection, events: Iterable[StoredEvent]) -> None:
    rows = [event_row(event) for event in events]
    if not rows:
        return
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO events ({EVENT_COLUMNS}) VALUES ({marks})", rows)
    connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (MAX_EVENTS,))


def _lock_event(lock: Lock, kind: StoredEventKind, at: datetime) -> StoredEvent:
    note = f": {lock.note}" if lock.note else ""
    told = f"lock {lock.id} of {lock.since.isoformat()} to {lock.until.isoformat()} by {lock.by}{note}"
    return StoredEvent(at, lock.camera, kind, told)
