"""A connection to the catalogue for any thread, one at a time: questions, transactions, and what becomes of it when the
file is damaged or replaced. `catalogue` has what is asked and written; `catalogue_file` makes and opens the file.

What is written is written wholly or not at all. Damage that is found on the way is put aside at once by whoever may
write, so that the next one to open the catalogue gets an empty one to fill; from then on this connection only says that
it has to be opened again, as it does when somebody else put another file in its place. All raise CatalogueError.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from vmstui.recording import catalogue_file
from vmstui.recording.catalogue_file import CatalogueError, Damaged, Opened
from vmstui.recording.catalogue_rows import Row, Value


class CatalogueConnection:
    """Of one process; several may have the same file open."""

    def __init__(self, path: Path, opened: Opened, *, readonly: bool) -> None:
        self._path = path
        self._connection = opened.connection
        self._identity = opened.identity
        self._readonly = readonly
        self._lock = threading.RLock()
        self._ended = False

    def close(self) -> None:
        """End the connection. Nothing is lost without it."""
        with self._lock:
            self._ended = True
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, statement: str, values: Sequence[Value]) -> list[Row]:
        with self._reading():
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Nobody else uses the connection meanwhile."""
        with self._lock, self._told():
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction, or part of the one that this thread is in: all of it or nothing."""
        with self._reading():
            if self._connection.in_transaction:  # begun by this thread, as it holds the lock
                yield self._connection
                return
            if catalogue_file.identity(self._path) != self._identity:
                raise CatalogueError(f"the catalogue {self._path} was replaced by another process", reopen=True)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if not self._ended and self._connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        if self._ended:  # by whoever closed it, or found the damage
            raise CatalogueError(f"the catalogue {self._path} was closed: open it again", reopen=True)
        try:
            with catalogue_file.told(self._path):
                yield
        except Damaged as damage:
            if self._readonly:
                raise CatalogueError(catalogue_file.damaged(self._path, str(damage))) from damage
            self.close()
            aside = self._put_aside(str(damage))
            where = f" and was put aside as {aside}" if aside else ""
            raise CatalogueError(f"the catalogue {self._path} is damaged ({damage}){where}", reopen=True) from damage

    def _put_aside(self, reason: str) -> Path | None:
        """None if somebody else has done it already, or it could not be done."""
        try:
            with catalogue_file.alone(self._path):
                if catalogue_file.identity(self._path) == self._identity:
                    return catalogue_file.put_aside(self._path, reason)
        except (OSError, CatalogueError):
            pass
        return None
