"""Follows the file a worker writes its progress to, and bounds the space it takes.

Looked at every second while a run is young, then every few seconds: what is shown are rates over half a minute, and the
watchdog's limits are far longer. The descriptor stays open: the file is in the state folder, never on the disk of the
recordings.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from vmstui.ffmpeg.progress import parse_progress
from vmstui.footage import Uptime
from vmstui.model import Progress
from vmstui.recorder.clocks import boot_and_wall_s
from vmstui.recorder.process import boot_id
from vmstui.recording.gaps import Moment

BOUND_BYTES = 64 * 1024
TAIL_BYTES = 1024
"""Holds the last whole report: one takes some 250."""
FIRST_REPORTS = 30
"""Looked at as they come. By then it is known when the first frame came: the first reports come late."""
LOOK_S = 5.0
"""At least, from then on; who looks does not look every second."""
RATE_LOOKS = 7
"""fps and speed are taken from the oldest of so many looks until now."""
RATE_MIN_S = 3.0


class ProgressFile:
    """The reports of one run, `fresh` from its start on. `look` may be called once a second, and has nothing to do
    before `due_s`."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self.progress: Progress | None = None
        """The last report, with the fps and speed of the last half minute."""
        self.footage_from: Moment | None = None
        """When the first frame of this run came; None while unknown, and for one not fresh."""
        self._path = path
        self._fresh = fresh
        self._fd = -1
        self.due_s = 0.0
        self.young = True
        """Its reports are still looked at as they come."""
        self._reports = 0
        self._looks: list[tuple[float, int, float]] = []
        """Instant, frames and ffmpeg's own time."""

    def look(self, now_s: float) -> None:
        """Take in the last report, if it is time for that."""
        if now_s < self.due_s:
            return
        if self._fd < 0:
            try:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                return
        status = os.fstat(self._fd)
        tail = os.pread(self._fd, TAIL_BYTES, max(0, status.st_size - TAIL_BYTES))
        if status.st_size > BOUND_BYTES:
            # The worker appends, so it goes on at the new end; at most one report is lost.
            os.ftruncate(self._fd, 0)
        reported = parse_progress(tail) or self.progress
        if reported is None:
            return
        self._reports += 1
        if self._reports > FIRST_REPORTS:
            self.due_s = now_s + LOOK_S
            self.young = False
        elif self._fresh and reported.out_time_s > 0:
            # Not when the file was begun: ffmpeg looks through the stream for a while before, then writes all it got.
            began_s = status.st_mtime - reported.out_time_s
            # Seen within a second, so that the clock of the wall hardly was set since it was written.
            boot_s, wall_s = boot_and_wall_s()
            up_s = boot_s - wall_s + began_s
            before = self.footage_from
            if before is None or before.uptime is None or up_s < before.uptime.s:
                self.footage_from = Moment(datetime.fromtimestamp(began_s, UTC), Uptime(boot_id(), up_s))
        self._looks.append((now_s, reported.frame, reported.out_time_s))
        del self._looks[:-RATE_LOOKS]
        self.progress = self._with_rates(now_s, reported)

    def _with_rates(self, now_s: float, reported: Progress) -> Progress:
        """ffmpeg's own fps and speed are averages since its start, which after a day say nothing about now."""
        first_s, first_frame, first_out_s = self._looks[0]
        elapsed_s = now_s - first_s
        if elapsed_s < RATE_MIN_S:
            return reported
        return Progress(
            reported.frame,
            round((reported.frame - first_frame) / elapsed_s, 1),
            round((reported.out_time_s - first_out_s) / elapsed_s, 2),
            reported.out_time_s,
            reported.dup_frames,
            reported.drop_frames,
        )

    def close(self) -> None:
        """Release the descriptor. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
