"""Follows the file a worker writes its progress to, and bounds the space it takes.

Once a second the watchdog wants to know whether ffmpeg's own time advances; everything else that a report holds is
worked out when somebody asks for it. The descriptor stays open: the file is in the state folder, never on the disk of
the recordings.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vmstui.ffmpeg.progress import parse_out_time_s, parse_progress
from vmstui.model import Progress

BOUND_BYTES = 64 * 1024
TAIL_BYTES = 1024
"""Holds the last whole report: one takes some 250."""
MARK_S = 5.0
RATE_MARKS = 7
"""fps and speed are taken over the last 30 to 35 s: from the oldest of so many marks until now."""
RATE_MIN_S = 3.0
FIRST_REPORTS = 30
"""By so many it is known when the first frame came: the first ones come late."""


class ProgressFile:
    """The reports of one run, `fresh` from its start on. Looked at once a second by `Run`."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self.out_time_s = -1.0
        """ffmpeg's own time of the last report; negative before the first."""
        self.footage_from: datetime | None = None
        """When the first frame of this run came, on the wall clock; None while unknown, and for one not fresh."""
        self._telling = FIRST_REPORTS if fresh else 0
        """Reports still to come that may tell it better."""
        self._path = path
        self._fd = -1
        self._size_bytes = 0
        self._tail = b""
        self._looked_s = 0.0
        self._marks: deque[tuple[float, int, float]] = deque(maxlen=RATE_MARKS)
        """Instant, frames and ffmpeg's time."""

    def look(self, now_s: float) -> None:
        """Take in what was reported since the last time."""
        if self._fd < 0:
            try:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                return
        self._looked_s = now_s
        size_bytes = os.lseek(self._fd, 0, os.SEEK_END)
        if size_bytes != self._size_bytes:
            self._size_bytes = size_bytes
            self._read(size_bytes)
        if not self._marks or now_s - self._marks[-1][0] >= MARK_S:
            reported = parse_progress(self._tail)
            if reported is not None:
                self._marks.append((now_s, reported.frame, reported.out_time_s))

    def _read(self, size_bytes: int) -> None:
        tail = os.pread(self._fd, TAIL_BYTES, max(0, size_bytes - TAIL_BYTES))
        if size_bytes > BOUND_BYTES:
            # The worker appends, so it goes on at the new end; at most one report is lost.
            os.ftruncate(self._fd, 0)
        out_time_s = parse_out_time_s(tail)
        if out_time_s is None:
            return
        self.out_time_s, self._tail = out_time_s, tail
        if self._telling and out_time_s > 0:
            # Not when the file was begun: ffmpeg looks through the stream for a while before, then writes all it got.
            began_at = datetime.fromtimestamp(os.fstat(self._fd).st_mtime - out_time_s, UTC)
            self.footage_from = min(self.footage_from or began_at, began_at)
            self._telling -= 1

    def progress(self) -> Progress | None:
        """The last report, with fps and speed up to the last look; None before the first."""
        reported = parse_progress(self._tail)
        if reported is None or not self._marks:
            return reported
        # ffmpeg's own fps and speed are averages since its start, which after a day say nothing about now.
        first_s, first_frame, first_out_s = self._marks[0]
        elapsed_s = self._looked_s - first_s
        if elapsed_s < RATE_MIN_S:
            return reported
        return replace(
            reported,
            fps=round((reported.frame - first_frame) / elapsed_s, 1),
            speed=round((reported.out_time_s - first_out_s) / elapsed_s, 2),
        )

    def close(self) -> None:
        """Release the descriptor. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
