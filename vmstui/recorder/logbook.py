"""The newest log lines of all cameras, in memory, in the order they came, readable from a cursor.

Bounded per camera, so that one camera's flood pushes out its own lines and nobody else's. Packed (`line_ring.py`): a
line takes a tenth of the memory of a `LogLine`, of which there would be sixty thousand for 300 cameras.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile

from vmstui.logged import LogLevel, LogLine, LogPage
from vmstui.recorder.line_ring import LineRing

TOTAL_LINES = 20_000
LEAST_PER_CAMERA = 200

_LEVELS = tuple(LogLevel)
_LEVEL_NUMBERS = {level: number for number, level in enumerate(_LEVELS)}
_LAST_LOUD = _LEVEL_NUMBERS[LogLevel.WARNING]
"""Levels are in order, the most severe first."""
_HEAD = struct.Struct(">QdIB")
"""Sequence number, instant in seconds since the epoch, generation, level. Component and text follow, with a NUL in
between. The number comes first, its most significant byte in front: so lines sort as they are."""

_EMPTY = LineRing(0)


class LogBook:
    """Rings of lines by camera, with one sequence over all."""

    def __init__(self, cameras: int) -> None:
        self._bound = max(LEAST_PER_CAMERA, TOTAL_LINES // max(cameras, 1))
        self._rings: dict[str, LineRing] = {}
        self._warned: dict[str, int] = {}
        self._next = 1

    def add(self, at: datetime, camera: str, generation: int, level: LogLevel, component: str, text: str) -> None:
        """Append one line."""
        self._append(self._next, at, camera, generation, level, component, text)

    def add_lines(self, at_s: float, camera: str, generation: int, lines: Iterable[tuple[LogLevel, str, str]]) -> None:
        """Append lines that came at once, at a POSIX time: level, component and text of each."""
        seq, numbers, pack = self._next, _LEVEL_NUMBERS, _HEAD.pack
        packed: list[bytes] = []
        warned = 0
        for level, component, text in lines:
            number = numbers[level]
            warned += number <= _LAST_LOUD
            head = pack(seq, at_s, generation, number)
            packed.append(head + f"{component}\0{text}".encode("utf-8", "surrogatepass"))
            seq += 1
        self._next = seq
        self._ring(camera).extend(packed)
        if warned:
            self._warned[camera] = self._warned.get(camera, 0) + warned

    def lines(self) -> list[LogLine]:
        """All that is held, in the order it came."""
        return [
            _unpacked(camera, line)
            for line, camera in heapq.merge(*(_named(camera, ring) for camera, ring in self._rings.items()))
        ]

    def recall(self, lines: Iterable[LogLine]) -> None:
        """Begin with the lines of a log book before this one, and go on counting where it ended."""
        for line in lines:
            self._append(line.seq, line.at, line.camera, line.generation, line.level, line.component, line.text)

    def page(self, camera: str | None, after: int, limit: int, *, newest: bool = False) -> LogPage:
        """Lines after the cursor, of one camera or merged; `after` 0 gives the newest `limit` lines.

        With a cursor the oldest `limit` lines after it are given, so that a reader who keeps on gets all of them; with
        `newest` those that came last, and `missed` tells how many it went past as well.
        """
        names = list(self._rings) if camera is None else [camera]
        rings = {name: self._rings.get(name, _EMPTY) for name in names}
        first, from_end = (after + 1).to_bytes(8, "big"), newest or after == 0
        newer = [
            list(takewhile(lambda line: line >= first, islice(reversed(ring), limit if from_end else None)))[::-1]
            for ring in rings.values()
        ]
        merged = list(heapq.merge(*(_named(name, ring) for name, ring in zip(names, newer, strict=True))))
        chosen = (merged[-limit:] if limit else []) if from_end else merged[:limit]
        lines = tuple(_unpacked(name, line) for line, name in chosen)
        missed = self._missed(list(rings.values()), after)
        if newest and after > 0:
            missed += sum(ring.count_from(first) for ring in rings.values()) - len(chosen)
        return LogPage(lines, lines[-1].seq if lines else max(after, 0), missed)

    def warnings_since(self, camera: str, since: datetime) -> int:
        """Lines of level warning or worse that came after an instant."""
        count, since_s = 0, since.timestamp()
        for line in reversed(self._rings.get(camera, _EMPTY)):
            _, at_s, _, level = _HEAD.unpack_from(line)
            if at_s < since_s:
                break
            count += level <= _LAST_LOUD
        return count

    def warnings(self, camera: str) -> int:
        """All lines of level warning or worse there ever were, also those that have left the ring."""
        return self._warned.get(camera, 0)

    def forget(self, camera: str) -> None:
        """Drop the lines of a camera that left the configuration."""
        self._rings.pop(camera, None)
        self._warned.pop(camera, None)

    def _append(
        self, seq: int, at: datetime, camera: str, generation: int, level: LogLevel, component: str, text: str
    ) -> None:
        number = _LEVEL_NUMBERS[level]
        if number <= _LAST_LOUD:
            self._warned[camera] = self._warned.get(camera, 0) + 1
        head = _HEAD.pack(seq, at.timestamp(), generation, number)
        self._ring(camera).append(head + f"{component}\0{text}".encode("utf-8", "surrogatepass"))
        self._next = max(self._next, seq + 1)

    def _ring(self, camera: str) -> LineRing:
        ring = self._rings.get(camera)
        if ring is None:
            ring = self._rings[camera] = LineRing(self._bound)
        return ring

    def _missed(self, rings: list[LineRing], after: int) -> int:
        """Lines after the cursor that had left a full ring; exact for one camera, a lower bound for several."""
        if after == 0 or len(rings) != 1 or len(rings[0]) < self._bound:
            return 0
        line = rings[0].oldest
        assert line is not None
        oldest: int = _HEAD.unpack_from(line)[0]
        return max(0, oldest - after - 1)


def _named(camera: str, lines: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    return ((line, camera) for line in lines)


def _unpacked(camera: str, line: bytes) -> LogLine:
    seq, at_s, generation, level = _HEAD.unpack_from(line)
    component, _, text = line[_HEAD.size :].decode("utf-8", "surrogatepass").partition("\0")
    return LogLine(seq, datetime.fromtimestamp(at_s, UTC), camera, generation, _LEVELS[level], component, text)
