"""One run of a worker as seen from outside: its samples, its progress, its spool, and the vitals the watchdog judges.

Looked at once a second while the worker lives; holds descriptors only of `/proc`. Never touches the worker. What lies
on the recordings disk is looked at in a thread (`look_at_spool`), since a dead disk blocks whoever asks it, and taken
in on the loop (`take_in`).
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from vmstui.ffmpeg.progress import parse_progress
from vmstui.model import OpenSegment, Progress, Sample
from vmstui.recorder.publisher import Spool
from vmstui.recorder.watchdog import Finding, Vitals, judge
from vmstui.recording.spool import OpenFile, SpoolReader, open_segment
from vmstui.telemetry.procfs import ProcessGone, ProcReader, Reading, sample

PROGRESS_BOUND_BYTES = 64 * 1024
PROGRESS_TAIL_BYTES = 2048
RATE_WINDOW = 30
"""Looks, a second apart, that fps and speed are taken over."""
RATE_MIN_S = 3.0
BLIND_S = 5.0
"""Without a look at the spool for so long, nothing is known about its growth."""


@dataclass(frozen=True, slots=True)
class SpoolView:
    """What a look at the spool saw."""

    closed: tuple[str, ...]
    newest: OpenFile | None


class Run:
    """The run of one generation, `fresh` from its start on. `begun_at` is when its first segment that we have not seen
    published was begun."""

    def __init__(
        self, pid: int, spool: Spool, progress_path: Path, begun_at: datetime, now_s: float, *, fresh: bool
    ) -> None:
        self.spool = spool
        self.sample: Sample | None = None
        self.progress: Progress | None = None
        self.open: OpenSegment | None = None
        self.footage_from: datetime | None = None
        """When the first frame of this run came, on the wall clock; None while unknown, and for one not fresh."""
        self.good_segments = 0
        """Good ones of this run; counted by who publishes them."""
        self._progress_path = progress_path
        self._begun_at = begun_at
        self._fresh = fresh
        self._reader_of_spool = SpoolReader(spool.folder)
        self._told: frozenset[str] = frozenset()
        self._vitals = Vitals(now_s)
        self._looked_s = now_s
        self._counts: deque[tuple[float, int, float]] = deque(maxlen=RATE_WINDOW)
        self._reading: Reading | None = None
        self._reader: ProcReader | None = None
        with contextlib.suppress(ProcessGone):
            self._reader = ProcReader(pid)

    @property
    def recorded(self) -> bool:
        """Footage of this run is on disk."""
        return self._vitals.grew_s is not None

    def look(self, now_s: float, late_s: float) -> None:
        """Take a sample and read the progress. `late_s`: how much later than planned this look comes; that time does
        not count against the worker."""
        self._take_sample(now_s)
        self._read_progress(now_s)
        if late_s > 0:
            self._vitals = self._vitals.postponed(late_s)
        self._see(now_s)

    def look_at_spool(self) -> SpoolView:
        """What lies in the spool now. May block; always called from the same thread."""
        return SpoolView(self._reader_of_spool.closed(), open_segment(self.spool.folder))

    def take_in(self, view: SpoolView, now_s: float) -> tuple[str, ...]:
        """Take over what was seen; gives the names of segments that were closed since the last time."""
        self._looked_s = now_s
        self._take_open_segment(view)
        fresh = tuple(name for name in view.closed if name not in self._told)
        self._told = frozenset(view.closed)
        if fresh:
            self._vitals = self._vitals.closed_segment(now_s)
        self._see(now_s)
        return fresh

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against this run; nothing while the disk itself does not answer us."""
        if now_s - self._looked_s > BLIND_S:
            return None
        return judge(self._vitals, now_s)

    def spare(self, now_s: float) -> None:
        """Give the worker the grace of a start from now on."""
        self._vitals = self._vitals.spared(now_s)

    def close(self) -> None:
        """Release the descriptors. May be called twice."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _see(self, now_s: float) -> None:
        name, size = (self.open.name, self.open.size_bytes) if self.open is not None else ("", 0)
        self._vitals = self._vitals.saw(now_s, name, size, self.progress.out_time_s if self.progress else -1.0)

    def _take_sample(self, now_s: float) -> None:
        if self._reader is None:
            return
        with contextlib.suppress(ProcessGone):
            reading = self._reader.read(now_s)
            if self._reading is not None:
                self.sample = sample(self._reading, reading, datetime.now(UTC))
            self._reading = reading

    def _read_progress(self, now_s: float) -> None:
        try:
            descriptor = os.open(self._progress_path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            raw = os.pread(descriptor, PROGRESS_TAIL_BYTES, max(0, size - PROGRESS_TAIL_BYTES))
            if size > PROGRESS_BOUND_BYTES:
                # The worker appends, so it goes on at the new end; at most one report is lost.
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)
        progress = parse_progress(raw) or self.progress
        if progress is None:
            return
        if self._fresh and progress.out_time_s > 0 and len(self._counts) < RATE_WINDOW:
            # Not when the file was begun: ffmpeg looks through the stream for a while before, then writes all it got.
            began_at = datetime.fromtimestamp(status.st_mtime - progress.out_time_s, UTC)
            self.footage_from = min(self.footage_from or began_at, began_at)
        # ffmpeg's own fps and speed are averages since its start, which after a day say nothing about now.
        self._counts.append((now_s, progress.frame, progress.out_time_s))
        first_s, first_frame, first_out_s = self._counts[0]
        elapsed_s = now_s - first_s
        if elapsed_s >= RATE_MIN_S:
            progress = replace(
                progress,
                fps=round((progress.frame - first_frame) / elapsed_s, 1),
                speed=round((progress.out_time_s - first_out_s) / elapsed_s, 2),
            )
        self.progress = progress

    def _take_open_segment(self, view: SpoolView) -> None:
        newest = view.newest
        if newest is None or newest.name in view.closed:
            return
        now = datetime.now(UTC)
        if self.open is None or self.open.name != newest.name:
            begun_at = newest.born_at or (self._begun_at if self.open is None else now)
            self.open = OpenSegment(newest.name, begun_at, newest.size_bytes, now)
        elif self.open.size_bytes != newest.size_bytes:
            self.open = replace(self.open, size_bytes=newest.size_bytes, grew_at=now)
