"""Bounded histories on disk: the events and the segments of a camera, one JSON line each, newest last.

Appended as things happen. When the bound is reached the file takes the place of the one before it (`events.1.jsonl`)
and another is begun, so that years of running cost a fixed size and nothing is ever copied or waited for: of cameras
that started together all histories are full in the same minute. Losing some lines to a power cut is no harm; a line
that cannot be read is skipped. Only the newest entries are kept in memory, too, packed as they are on disk: with
hundreds of cameras the rest, or these as objects, would be most of what the service needs. And only they are read at
its start, from the end of the file, and none is looked into before it is asked for: after weeks there are megabytes of
each camera, which a service that takes over hundreds of workers must not wait for.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Generic, NamedTuple, TypedDict, TypeVar

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import GapCause
from vmstui.recorder.line_ring import packed, unpacked

T = TypeVar("T")

IN_MEMORY = 20
"""Entries, unless who makes a history says otherwise."""
_AT_FIRST_BYTES = 16 * 1024
"""Of the end of a file: most often more lines than are kept in memory."""
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
    """The newest `bound` entries of one kind, the newest few of them in memory."""

    def __init__(self, path: Path, kind: type[T], bound: int, in_memory: int = IN_MEMORY) -> None:
        self._path = str(path)  # a Path takes four times the memory, and there are two histories of each camera
        self._kind = kind
        self._bound = bound
        self._in_memory = min(in_memory, bound)
        end = _end_of(path, in_memory)
        before = _end_of(self._before, max(1, in_memory - len(end.lines)))
        self._lines = end.total
        """In the file that is appended to; of a long one, about."""
        self._older = bool(before.lines) and before.inode != end.inode
        """There are some in the one before."""
        older = before.lines if self._older else []
        self._recent = packed((older + end.lines)[-self._in_memory :])
        self._newest: T | None = None
        """Once it was asked for, or added."""

    def add(self, entry: T) -> None:
        """Append an entry. A full or dead state disk loses the line on disk, never the recording that caused it."""
        line = _line(entry)
        self._recent = packed([*unpacked(self._recent), line][-self._in_memory :])
        self._newest = entry
        self._append(line)

    def add_earlier(self, entry: T) -> None:
        """Append an entry that is older than those in memory."""
        self._append(_line(entry))

    def _append(self, line: bytes) -> None:
        try:
            if self._lines >= self._bound:
                self._begin_another()
            with open(self._path, "ab", buffering=0) as file:
                file.write(line)
            self._lines += 1
        except OSError:
            return

    @property
    def _before(self) -> Path:
        path = Path(self._path)
        return path.with_suffix(f".1{path.suffix}")

    def _begin_another(self) -> None:
        with contextlib.suppress(OSError):  # then this one grows until it can be
            os.replace(self._path, self._before)
            self._lines, self._older = 0, True

    def newest(self) -> T | None:
        """The newest entry."""
        if self._newest is None:
            self._newest = next(self._parsed(reversed(unpacked(self._recent))), None)
        return self._newest

    def recent(self) -> tuple[T, ...]:
        """The last few entries, oldest first."""
        return tuple(self._parsed(unpacked(self._recent)))

    def read(self, count: int) -> tuple[T, ...]:
        """At most `count` newest entries, oldest first. Reads the disk where there are more than a few: in a thread."""
        recent = self.recent()
        if count <= len(recent) or (not self._older and self._lines <= len(recent)):
            return recent[-count:] if count > 0 else ()
        lines, older = self._lines_on_disk()
        found = tuple(self._parsed((older + lines)[-min(count, self._bound) :]))
        return found or recent[-count:]  # a state disk that fails now: better these than none

    def _lines_on_disk(self) -> tuple[list[bytes], list[bytes]]:
        """Of the present file and of the one before it. May be called in a thread."""
        lines, inode = _read(Path(self._path))
        older, inode_before = _read(self._before)
        # The same file twice: another was begun between the two looks, and what was in it is all there is to be told.
        return lines, older if inode != inode_before else []

    def _parsed(self, lines: Iterable[bytes]) -> Iterator[T]:
        for line in lines:
            try:
                yield from_json(self._kind, json.loads(line))
            except (ValueError, CodecError):
                continue


class _End(NamedTuple):
    """The last lines of a file; none, and 0, where it cannot be read."""

    lines: list[bytes]
    total: int
    """How many there are in the file: exactly where all were read, else as many as it has room for by their size."""
    inode: int


def _end_of(path: Path, count: int) -> _End:
    """At least so many lines, where there are as many."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return _End([], 0, 0)
    try:
        about, size = os.fstat(descriptor), _AT_FIRST_BYTES
        while True:
            start = max(0, about.st_size - size)
            raw = os.pread(descriptor, about.st_size - start, start)
            lines = raw.splitlines(keepends=True)
            if not start:
                return _End(lines, len(lines), about.st_ino)
            if len(lines) > count:  # the first of them is only the end of one
                return _End(lines[1:], round(about.st_size * len(lines) / len(raw)), about.st_ino)
            size *= 4
    except OSError:
        return _End([], 0, 0)
    finally:
        os.close(descriptor)


def newest_of_all(histories: Iterable[History[T]], count: int, at: Callable[[T], datetime]) -> list[T]:
    """The newest `count` entries of several histories, oldest first. The disk is read only for those that may have more
    among them than they have in memory: in a thread."""
    recent = [(history, history.recent()) for history in histories]
    known = sorted((at(entry) for _, entries in recent for entry in entries), reverse=True)
    since = known[count - 1] if 0 < count <= len(known) else None
    found: list[T] = []
    for history, entries in recent:
        older = bool(entries) and (since is None or at(entries[0]) >= since)
        found += history.read(count) if older else entries
    return sorted(found, key=at)[-count:] if count > 0 else []


def _read(path: Path) -> tuple[list[bytes], int]:
    """Lines and inode number of a file; none, and 0, where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read().splitlines(keepends=True), os.fstat(file.fileno()).st_ino
    except OSError:
        return [], 0


def _line(entry: object) -> bytes:
    return json.dumps(to_json(entry), separators=(",", ":")).encode() + b"\n"
