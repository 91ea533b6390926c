"""The newest log lines of all cameras, in memory, in the order they came, readable from a cursor.

Bounded per camera, so that one camera's flood pushes out its own lines and nobody else's.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from vmstui.model import LogLevel, LogLine, LogPage

TOTAL_LINES = 20_000
LEAST_PER_CAMERA = 200
OWN_COMPONENT = "recorder"
"""Of our own lines between those of ffmpeg."""
_LOUD = (LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING)


class LogBook:
    """Rings of lines by camera, with one sequence over all."""

    def __init__(self, cameras: int) -> None:
        self._bound = max(LEAST_PER_CAMERA, TOTAL_LINES // max(cameras, 1))
        self._rings: dict[str, deque[LogLine]] = {}
        self._next = 1

    def add(self, at: datetime, camera: str, generation: int, level: LogLevel, component: str, text: str) -> None:
        """Append one line."""
        line = LogLine(self._next, at, camera, generation, level, component, text)
        self._next += 1
        ring = self._rings.get(camera)
        if ring is None:
            ring = self._rings[camera] = deque(maxlen=self._bound)
        ring.append(line)

    def lines(self) -> list[LogLine]:
        """All that is held, in the order it came."""
        return list(heapq.merge(*self._rings.values(), key=lambda line: line.seq))

    def recall(self, lines: Iterable[LogLine]) -> None:
        """Begin with the lines of a log book before this one, and go on counting where it ended."""
        for line in lines:
            self._rings.setdefault(line.camera, deque(maxlen=self._bound)).append(line)
            self._next = max(self._next, line.seq + 1)

    def page(self, camera: str | None, after: int, limit: int) -> LogPage:
        """Lines after the cursor, of one camera or merged; `after` 0 gives the newest `limit` lines.

        With a cursor the oldest `limit` lines after it are given, so that a reader who keeps on gets all of them.
        """
        rings = [self._rings.get(camera, deque())] if camera is not None else list(self._rings.values())
        lines = [line for line in heapq.merge(*rings, key=lambda line: line.seq) if line.seq > after]
        lines = lines[-limit:] if after == 0 else lines[:limit]
        return LogPage(tuple(lines), lines[-1].seq if lines else max(after, 0), self._missed(rings, after))

    def warnings_since(self, camera: str, since: datetime) -> int:
        """Lines of level warning or worse that came after an instant."""
        count = 0
        for line in reversed(self._rings.get(camera, ())):
            if line.at < since:
                break
            count += line.level in _LOUD
        return count

    def forget(self, camera: str) -> None:
        """Drop the lines of a camera that left the configuration."""
        self._rings.pop(camera, None)

    def _missed(self, rings: list[deque[LogLine]], after: int) -> int:
        """Lines after the cursor that had left a full ring; exact for one camera, a lower bound for several."""
        if after == 0:
            return 0
        full = [ring for ring in rings if len(ring) == self._bound and ring[0].seq > after + 1]
        return min((ring[0].seq - after - 1 for ring in full), default=0) if len(rings) == 1 else 0
