"""Ledgers of all cameras, kept up with the catalogue: each look reads what was added since the one before.

What changes otherwise (retention, `vmstui verify`, footage that comes late) is found when a ledger is made anew, every
five minutes, or less often where that would take more than a five-hundredth of a core. A connection is held no longer
than a look takes, so a catalogue that is put aside or replaced is no matter.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vmstui.footage import GapCause, Hole, SegmentVerdict
from vmstui.recording import catalogue_file
from vmstui.recording.catalogue_file import CatalogueError, Damaged
from vmstui.recording.catalogue_rows import instant, micros
from vmstui.recording.ledger import Ledger
from vmstui.recording.ongoing import LastFootage

ANEW_S = 300.0
SHARE = 500
"""Of a core, what making ledgers anew may take: one part in so many."""
_PLAYS = f"verdict <> '{SegmentVerdict.BROKEN.value}'"


@dataclass(slots=True)
class Kept:
    """What is known of one camera."""

    ledger: Ledger
    first_at: datetime | None = None
    """When its first segment began that was ever catalogued."""
    number: tuple[int, int, int] = (0, 0, 0)
    """Of its last segment that plays: generation, number in it, start."""
    last: LastFootage | None = None
    due_s: float = 0.0
    """When its ledger is to be made anew, on the monotonic clock."""


class Ledgers:
    """Those of one catalogue, for one thread at a time. `breathe` is called again and again, between two cameras."""

    def __init__(self, path: Path, breathe: Callable[[], None] = lambda: None) -> None:
        self.kept: dict[str, Kept] = {}
        self._path = path
        self._breathe = breathe
        self._identity: tuple[int, int] | None = None
        self._segment = self._gap = 0
        """Ids of the newest rows that were taken in."""

    def look(self, cameras: Iterable[str], since: datetime) -> bool:
        """Bring the ledgers of these cameras up to now, to tell of the time from `since` on; whether the catalogue
        holds everything. Raises CatalogueError."""
        wanted = tuple(cameras)
        opened = catalogue_file.open_reading(self._path)
        with closing(opened.connection) as connection, self._told():
            connection.execute("BEGIN")  # all that is read belongs together
            if opened.identity != self._identity:
                self.kept, self._segment, self._gap, self._identity = {}, 0, 0, opened.identity
            self.kept = {camera: kept for camera, kept in self.kept.items() if camera in wanted}
            newest = connection.execute(
                "SELECT (SELECT coalesce(max(id), 0) FROM segments), (SELECT coalesce(max(id), 0) FROM gaps)"
            ).fetchone()
            if self.kept:
                self._take_in_news(connection)
            now_s = time.monotonic()
            for camera in wanted:
                kept = self.kept.get(camera)
                if kept is None or kept.due_s <= now_s or not kept.ledger.covers(since):
                    self.kept[camera] = _made(connection, camera, since, len(wanted))
                    self._breathe()
            self._segment, self._gap = newest
        return not opened.fresh

    def _take_in_news(self, connection: sqlite3.Connection) -> None:
        for camera, *segment in connection.execute(
            f"SELECT camera, started_us, ended_us, generation, number, holes FROM segments WHERE id > ? AND {_PLAYS} "
            "ORDER BY id",
            (self._segment,),
        ):
            kept = self.kept.get(camera)
            if kept is not None and not _take_in(kept, segment):
                kept.due_s = 0.0
        for camera, started_us, ended_us, cause in connection.execute(
            "SELECT camera, started_us, ended_us, cause FROM gaps WHERE id > ?", (self._gap,)
        ):
            if camera in self.kept:
                self.kept[camera].ledger.gap(started_us, ended_us, GapCause(cause))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with catalogue_file.told(self._path):
                yield
        except Damaged as damage:
            raise CatalogueError(catalogue_file.damaged(self._path, str(damage))) from damage


def _made(connection: sqlite3.Connection, camera: str, since: datetime, cameras: int) -> Kept:
    """The ledger of one camera from the beginning."""
    began_s = time.thread_time()
    since_us, kept = micros(since), Kept(Ledger(since))
    known = connection.execute("SELECT first_us, longest_us FROM cameras WHERE camera = ?", (camera,)).fetchone()
    longest_us = known[1] if known else 0
    if known:
        kept.first_at = instant(known[0])
    last = connection.execute(
        f"SELECT started_us, ended_us, generation, number, '' FROM segments WHERE camera = ? AND {_PLAYS} "
        "ORDER BY generation DESC, number DESC, started_us DESC LIMIT 1",
        (camera,),
    ).fetchone()
    if last:
        _note_last(kept, last)
    for segment in connection.execute(  # none begins longer before than the longest one lasts
        "SELECT started_us, ended_us, generation, number, holes FROM segments "
        f"WHERE camera = ? AND started_us >= ? AND ended_us > ? AND {_PLAYS} ORDER BY started_us",
        (camera, since_us - longest_us, since_us),
    ):
        kept.ledger.footage(segment[0], segment[1], _holes(segment[4]))
    for started_us, ended_us, cause in connection.execute(
        "SELECT started_us, ended_us, cause FROM gaps WHERE camera = ? AND ended_us > ?", (camera, since_us)
    ):
        kept.ledger.gap(started_us, ended_us, GapCause(cause))
    spent_s = time.thread_time() - began_s
    kept.due_s = time.monotonic() + max(ANEW_S, spent_s * SHARE * cameras)
    return kept


def _take_in(kept: Kept, segment: list[Any]) -> bool:
    """False for one that comes late."""
    if kept.first_at is None:
        kept.first_at = instant(segment[0])
    if (segment[2], segment[3], segment[0]) > kept.number:
        _note_last(kept, segment)
    return kept.ledger.footage(segment[0], segment[1], _holes(segment[4]))


def _note_last(kept: Kept, segment: list[Any]) -> None:
    started_us, ended_us, generation, number, _ = segment
    kept.number, kept.last = (generation, number, started_us), LastFootage(generation, instant(ended_us))


def _holes(stored: str) -> tuple[Hole, ...]:
    return tuple(Hole(*hole) for hole in json.loads(stored)) if stored else ()
