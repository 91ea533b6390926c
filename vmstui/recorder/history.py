"""Bounded histories on disk: the events and the segments of a camera, one JSON line each, newest last.

Appended as things happen. When the bound is reached the file takes the place of the one before it (`events.1.jsonl`)
and another is begun, so that years of running cost a fixed size and nothing is ever copied or waited for: of cameras
that started together all histories are full in the same minute. Losing some lines to a power cut is no harm; a line
that cannot be read is skipped. Only the newest entries are kept in memory, too: with hundreds of cameras the rest would
be most of what the service needs.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Generic, TypedDict, TypeVar

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import GapCause

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
        lines, older = self._lines_on_disk()
        self._lines = len(lines)
        """In the file that is appended to."""
        self._older = bool(older)
        """There are some in the one before."""
        self._newest = self._parsed((older + lines)[-IN_MEMORY:])[-bound:]

    def add(self, entry: T) -> None:
        """Append an entry. A full or dead state disk loses the line on disk, never the recording that caused it."""
        self._newest.append(entry)
        del self._newest[: -min(IN_MEMORY, self._bound)]
        try:
            if self._lines >= self._bound:
                self._begin_another()
            with self._path.open("ab") as file:
                file.write(_line(entry))
            self._lines += 1
        except OSError:
            return

    @property
    def _before(self) -> Path:
        return self._path.with_suffix(f".1{self._path.suffix}")

    def _begin_another(self) -> None:
        with contextlib.suppress(OSError):  # then this one grows until it can be
            os.replace(self._path, self._before)
            self._lines, self._older = 0, True

    def newest(self) -> T | None:
        """The newest entry."""
        return self._newest[-1] if self._newest else None

    def recent(self) -> tuple[T, ...]:
        """The last few entries, oldest first."""
        return tuple(self._newest)

    def read(self, count: int) -> tuple[T, ...]:
        """At most `count` newest entries, oldest first. Reads the disk where there are more than a few: in a thread."""
        if count <= len(self._newest) or (not self._older and self._lines <= len(self._newest)):
            return tuple(self._newest)[-count:] if count > 0 else ()
        lines, older = self._lines_on_disk()
        found = self._parsed((older + lines)[-min(count, self._bound) :])
        return tuple(found) or self.recent()[-count:]  # a state disk that fails now: better these than none

    def _lines_on_disk(self) -> tuple[list[bytes], list[bytes]]:
        """Of the present file and of the one before it. May be called in a thread."""
        lines, inode = _read(self._path)
        older, inode_before = _read(self._before)
        # The same file twice: another was begun between the two looks, and what was in it is all there is to be told.
        return lines, older if inode != inode_before else []

    def _parsed(self, lines: list[bytes]) -> list[T]:
        entries: list[T] = []
        for line in lines:
            try:
                entries.append(from_json(self._kind, json.loads(line)))
            except (ValueError, CodecError):
                continue
        return entries


def _read(path: Path) -> tuple[list[bytes], int]:
    """Lines and inode number of a file; none, and 0, where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read().splitlines(keepends=True), os.fstat(file.fileno()).st_ino
    except OSError:
        return [], 0


def _line(entry: object) -> bytes:
    return json.dumps(to_json(entry), separators=(",", ":")).encode() + b"\n"
