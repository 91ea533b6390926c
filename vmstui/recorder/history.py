"""Bounded histories on disk: the events and the segments of a camera, one JSON line each, newest last.

Appended as things happen and cut to the newest half when twice the bound is reached, so that years of running cost a
fixed size. Losing one line to a power cut is no harm; a line that cannot be read is skipped. Only the newest entries
are kept in memory, too: with hundreds of cameras the rest would be most of what the service needs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Generic, TypedDict, TypeVar

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import GapCause
from vmstui.recorder.record import write_atomically

T = TypeVar("T")

IN_MEMORY = 20
EVENTS_KEPT = 2000
"""Of a camera."""


class Evidence(TypedDict, total=False):
    """What a line of a camera's history may say beside its text; see `model.Event`."""

    rule: str
    measured: str
    threshold: str
    outcome: str
    cause: GapCause | None


class History(Generic[T]):
    """The newest `bound` entries of one kind."""

    def __init__(self, path: Path, kind: type[T], bound: int) -> None:
        self._path = path
        self._kind = kind
        self._bound = bound
        lines = self._lines_on_disk()
        self._lines = len(lines)
        self._newest = self._parsed(lines[-IN_MEMORY:])[-bound:]

    def add(self, entry: T) -> None:
        """Append an entry. A full or dead state disk loses the line on disk, never the recording that caused it."""
        self._newest.append(entry)
        del self._newest[: -min(IN_MEMORY, self._bound)]
        try:
            if self._lines >= 2 * self._bound:
                kept = (
                    [*self._lines_on_disk()[-(self._bound - 1) :], _line(entry)] if self._bound > 1 else [_line(entry)]
                )
                write_atomically(self._path, b"".join(kept))
                self._lines = len(kept)
                return
            with self._path.open("ab") as file:
                file.write(_line(entry))
            self._lines += 1
        except OSError:
            return

    def newest(self) -> T | None:
        """The newest entry."""
        return self._newest[-1] if self._newest else None

    def recent(self) -> tuple[T, ...]:
        """The last few entries, oldest first."""
        return tuple(self._newest)

    def read(self, count: int) -> tuple[T, ...]:
        """At most `count` newest entries, oldest first. Reads the disk where there are more than a few: in a thread."""
        if count <= len(self._newest) or self._lines <= len(self._newest):
            return tuple(self._newest)[-count:] if count > 0 else ()
        found = self._parsed(self._lines_on_disk()[-min(count, self._bound) :])
        return tuple(found) or self.recent()[-count:]  # a state disk that fails now: better these than none

    def _lines_on_disk(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines(keepends=True)
        except OSError:
            return []

    def _parsed(self, lines: list[bytes]) -> list[T]:
        entries: list[T] = []
        for line in lines:
            try:
                entries.append(from_json(self._kind, json.loads(line)))
            except (ValueError, CodecError):
                continue
        return entries


def _line(entry: object) -> bytes:
    return json.dumps(to_json(entry), separators=(",", ":")).encode() + b"\n"
