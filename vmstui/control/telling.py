"""What all who subscribed are told of a tick: the snapshot, whole, or what is different from the one before.

Each line is made once, whoever asks for it, so that several dashboards cost little more than one, and nothing is kept
while nobody listens. A client that does not know the tick before this one gets all of it: the first time, or where a
busy loop let it miss one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from vmstui.changes import difference
from vmstui.codec import Json
from vmstui.control import protocol

NOTHING = -1
"""The number of no tick: of a client that knows none."""


class Telling:
    """`made` gives the snapshot of now, as JSON data."""

    def __init__(self, made: Callable[[], Json]) -> None:
        self._made = made
        self._listeners = 0
        self._forget()

    def _forget(self) -> None:
        self._tick = self._before_tick = NOTHING
        self._data: Json = None
        self._before: Json = None
        self._whole = self._changes = b""
        """Lines of this tick; empty until somebody asks."""

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Somebody listens meanwhile."""
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._forget()

    def line(self, tick: int, known: int) -> bytes:
        """For a client that knows the snapshot of the tick `known`, or `NOTHING`."""
        if tick != self._tick:
            self._before_tick, self._before = self._tick, self._data
            self._tick, self._data = tick, self._made()
            self._whole = self._changes = b""
        if known != NOTHING and known == self._before_tick:
            self._changes = self._changes or protocol.notification_line("changes", difference(self._before, self._data))
            return self._changes
        self._whole = self._whole or protocol.notification_line("snapshot", self._data)
        return self._whole
