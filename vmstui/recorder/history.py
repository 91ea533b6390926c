"""Bounded histories on disk: the last events and the last segments of a camera, one JSON line each.

Appended as things happen and cut to the newest half when twice the bound is reached, so that years of running cost a
fixed size. Losing one line to a power cut is no harm; a line that cannot be read is skipped.
"""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Generic, TypeVar

from vmstui.codec import CodecError, from_json, to_json
from vmstui.recorder.record import write_atomically

T = TypeVar("T")


class History(Generic[T]):
    """The newest `bound` entries of one kind, in memory and on disk."""

    def __init__(self, path: Path, kind: type[T], bound: int) -> None:
        self._path = path
        self._bound = bound
        self._entries: deque[T] = deque(maxlen=bound)
        self._lines = 0
        try:
            lines = path.read_bytes().splitlines()
        except OSError:
            lines = []
        self._lines = len(lines)
        for line in lines[-bound:]:
            try:
                self._entries.append(from_json(kind, json.loads(line)))
            except (ValueError, CodecError):
                continue

    def add(self, entry: T) -> None:
        """Append an entry. A full or dead state disk loses the line on disk, never the recording that caused it."""
        self._entries.append(entry)
        try:
            if self._lines >= 2 * self._bound:
                write_atomically(self._path, b"".join(_line(kept) for kept in self._entries))
                self._lines = len(self._entries)
                return
            with self._path.open("ab") as file:
                file.write(_line(entry))
            self._lines += 1
        except OSError:
            return

    def last(self, count: int) -> tuple[T, ...]:
        """At most `count` newest entries, oldest first."""
        return tuple(self._entries)[-count:] if count > 0 else ()

    def newest(self) -> T | None:
        """The newest entry."""
        return self._entries[-1] if self._entries else None


def _line(entry: object) -> bytes:
    return json.dumps(to_json(entry), separators=(",", ":")).encode() + b"\n"
