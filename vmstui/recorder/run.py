"""One run of a worker as seen from outside: its samples, its progress, its spool, and the vitals the watchdog judges.

Looked at once a second while the worker lives, its spool every third second; holds descriptors of `/proc`
and of the progress file, none on the recordings disk. Never touches the worker. What lies on the recordings disk is
looked at in a thread (`look_at_spool`), since a dead disk blocks whoever asks it, and taken in on the loop (`take_in`).

There are hundreds of these: what is done here each second is most of what the recorder costs.
"""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path

from vmstui.model import OpenSegment, Progress, Sample
from vmstui.recorder.progress_file import ProgressFile
from vmstui.recorder.publisher import Spool
from vmstui.recorder.watchdog import Closed, Finding, Vitals, judge, judge_closed, still
from vmstui.recording.gaps import Moment
from vmstui.recording.spool import OpenFile, SpoolReader, SpoolView
from vmstui.telemetry.procfs import ProcessGone, ProcReader, Rates

BLIND_S = 5.0
"""Without a look at the spool for so long, nothing is known about its growth."""


class Run:
    """The run of one generation, `fresh` from its start on. `begun_at` is when its first segment that we have not seen
    published was begun."""

    def __init__(
        self, pid: int, spool: Spool, progress_path: Path, begun_at: datetime, now_s: float, *, fresh: bool
    ) -> None:
        self.spool = spool
        self.fresh = fresh
        self.rates: Rates | None = None
        """As last read."""
        self.recorded = False
        """Footage of this run is on disk."""
        self.closed = Closed()
        """What became of the segments of this run; told by who publishes them."""
        self._progress = ProgressFile(progress_path, fresh=fresh)
        self._reader_of_spool = SpoolReader(spool.folder)
        self._told: frozenset[str] = frozenset()
        self._open: OpenFile | None = None
        self._begun_at = begun_at
        """When the open segment was begun."""
        self._grew_at_s = 0.0
        self._vitals = Vitals(now_s)
        self._looked_s = now_s
        self._sampled_s = 0.0
        self._reader: ProcReader | None = None
        with contextlib.suppress(ProcessGone):
            self._reader = ProcReader(pid)

    @property
    def sample(self) -> Sample | None:
        """The last one."""
        return Sample(datetime.fromtimestamp(self._sampled_s, UTC), *self.rates) if self.rates is not None else None

    @property
    def open(self) -> OpenSegment | None:
        """The file that is being written, None before the first."""
        if self._open is None:
            return None
        grew_at = datetime.fromtimestamp(self._grew_at_s, UTC)
        return OpenSegment(self._open.name, self._begun_at, self._open.size_bytes, grew_at)

    @property
    def progress(self) -> Progress | None:
        """What ffmpeg last reported."""
        return self._progress.progress

    @property
    def young(self) -> bool:
        """Its reports are still looked at as they come."""
        return self._progress.young

    @property
    def footage_from(self) -> Moment | None:
        """When the first frame of this run came; None while unknown, and for one not fresh."""
        return self._progress.footage_from

    def take_sample(self, now_s: float, at_s: float) -> Rates | None:
        """What the process took since the last time; `at_s`: what the wall clock says. None at the first, or where it
        is gone, which is seen to elsewhere."""
        if self._reader is None:
            return None
        try:
            rates = self._reader.rates(now_s)
        except ProcessGone:
            return None
        self.rates, self._sampled_s = rates, at_s
        return rates

    def look(self, now_s: float, late_s: float) -> None:
        """Look at the progress. `late_s`: how much later than planned this look comes; that time does not count against
        the worker."""
        if now_s >= self._progress.due_s:
            self._progress.look(now_s)
        if late_s > 0:
            self._vitals = self._vitals.postponed(late_s)

    def out_time_s(self, now_s: float) -> float:
        """Seconds of footage it has made so far, looked at now; 0 where it does not tell."""
        if now_s < self._progress.due_s:
            self._progress.due_s = 0.0
            self._progress.look(now_s)
        return self.progress.out_time_s if self.progress is not None else 0.0

    def look_at_spool(self) -> SpoolView:
        """What lies in the spool now. May block; always called from the same thread."""
        return self._reader_of_spool.look()

    def take_in(self, view: SpoolView, now_s: float) -> tuple[str, ...]:
        """Take over what was seen; gives the names of segments that were closed since the last time."""
        self._looked_s = now_s
        if self._open is None and view.newest is not None and view.newest.follows_another:
            # Taken over just after a segment was begun: the worker has recorded, so it has no start's grace any more.
            self._vitals = self._vitals.closed_segment(now_s)
        self._take_open_segment(view)
        fresh: tuple[str, ...] = ()
        if view.closed:
            fresh = tuple(name for name in view.closed if name not in self._told)
            self._told = frozenset(view.closed)
            if fresh:
                self._vitals = self._vitals.closed_segment(now_s)
        name, size_bytes = (self._open.name, self._open.size_bytes) if self._open is not None else ("", 0)
        progress = self._progress.progress
        self._vitals = self._vitals.saw(now_s, name, size_bytes, progress.out_time_s if progress else -1.0)
        self.recorded = self._vitals.grew_s is not None
        return fresh

    @property
    def unplayable(self) -> str:
        """Why what this run makes is no record: nothing of it plays, or not any more. Empty while all is well."""
        if not self.closed.unplayable:
            return ""
        return f"the last {self.closed.broken_in_a_row} segments do not play: {self.closed.reason}"

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against this run; nothing while the disk itself does not answer us."""
        if now_s - self._looked_s > BLIND_S:
            return None
        found = judge(self._vitals, now_s)
        if found is None and self.closed.unplayable:
            found = judge_closed(self.closed, self._vitals, now_s)
        return found

    def still(self, now_s: float) -> bool:
        """Whether it does not grow as it did: a sign, not a finding."""
        return still(self._vitals, now_s)

    def spare(self, now_s: float) -> None:
        """Give the worker the grace of a start from now on."""
        self._vitals = self._vitals.spared(now_s)

    def close(self) -> None:
        """Release the descriptors. May be called twice."""
        self._progress.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _take_open_segment(self, view: SpoolView) -> None:
        newest, before = view.newest, self._open
        if newest is None or newest is before or newest.name in view.closed:
            return
        if before is None or before.name != newest.name:
            self._begun_at = newest.born_at or (self._begun_at if before is None else datetime.now(UTC))
        if before is None or (before.name, before.size_bytes) != (newest.name, newest.size_bytes):
            self._grew_at_s = time.time()
        self._open = newest
