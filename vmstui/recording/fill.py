"""Brings a catalogue up to what lies in a recordings folder: from its journals first, then by a look at files that have
no line there.

`record` puts segments in as they come, in whatever order, with the gaps before them; `ingest` finds those that nobody
handed over: a service that died between publishing and cataloguing, a catalogue that was lost. Blocks as the disk does.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from vmstui.footage import Gap, Segment, StoredEvent, StoredEventKind
from vmstui.model import Event
from vmstui.recording import journal, past
from vmstui.recording.by_name import camera_folders, day_folders, files, named_time
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.check import Expected, Inspect, extent, found_segment, is_gone, judge, look
from vmstui.recording.gaps import Downtime, gaps_of

RECENT = 8
"""Segments before a new one that may have ended last: there are two at most in a hand-over, and some fail."""
BATCH = 500
KEPT_JOURNALS = 3
"""The newest ones of a camera, to which segments may just be added."""
LOOKED_BACK = 20
"""Lines of a journal that are known before what stands above them is taken for known, too."""

FOUND_TOLD = 20
"""Segments of a camera. More than one or two are new only where a catalogue is filled that was lost."""

EventsOf = Callable[[str], Sequence[Event]]
"""The history of a camera, oldest first."""


def record(
    catalogue: Catalogue, segments: Sequence[Segment], events_of: EventsOf, downtimes: Sequence[Downtime] = ()
) -> list[Segment]:
    """Put in segments that are not known yet, with the gaps before and in them; those that were new."""
    known = catalogue.known(segment.path for segment in segments)
    new = sorted((segment for segment in segments if segment.path not in known), key=journal.order)
    for camera in {segment.camera for segment in new}:
        of_camera = [segment for segment in new if segment.camera == camera]
        events = events_of(camera)
        recent = deque(catalogue.recorded_last(camera, RECENT), maxlen=RECENT)
        batch: list[Segment] = []
        gaps: list[Gap] = []
        for segment in of_camera:
            if segment.generation == 0 or (recent and journal.order(segment) < journal.order(recent[-1])):
                _record_late(catalogue, segment, events, downtimes)
                continue
            gaps += gaps_of(segment, tuple(recent), events, downtimes)
            if segment.plays or not recent or recent[-1].plays:  # of those that do not, one is enough to tell
                recent.append(segment)
            batch.append(segment)
            if len(batch) == BATCH:
                catalogue.add(batch, gaps)
                batch, gaps = [], []
        catalogue.add(batch, gaps)
    return new


def _record_late(
    catalogue: Catalogue, segment: Segment, events: Sequence[Event], downtimes: Sequence[Downtime]
) -> None:
    """One that comes after segments that follow it: what was taken for a gap before them was counted without it."""
    before, after = catalogue.around(segment.camera, segment)
    earlier: tuple[Segment, ...] = (before,) if before is not None else ()
    if segment.generation:  # else only the wall clock tells where it belongs
        earlier, after = catalogue.recorded_before(segment, RECENT), catalogue.recorded_after(segment)
    catalogue.add([segment], gaps_of(segment, earlier, events, downtimes))
    if after is not None and segment.plays:
        before_it = catalogue.recorded_before(after, RECENT) if after.generation else (*earlier, segment)
        without = tuple(other for other in before_it if other.path != segment.path)
        catalogue.exchange_gaps(
            gaps_of(after, without, events, downtimes), gaps_of(after, (*without, segment), events, downtimes)
        )


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a look at the recordings."""

    new: int
    """Segments that were not catalogued."""
    unread: int
    """Files that could not be looked at."""
    whole: bool
    """It was brought to its end."""


def ingest(
    catalogue: Catalogue,
    recordings: Path,
    folders: Mapping[str, str],
    inspect: Inspect,
    zone: tzinfo | None,
    events_of: EventsOf,
    downtimes: Sequence[Downtime] = (),
    *,
    since: date | None = None,
    progress: Callable[[str], None] = lambda text: None,
    ended: Callable[[], bool] = lambda: False,
    found: Callable[[Sequence[Segment]], None] = lambda segments: None,
) -> Ingested:
    """Put in what the recordings hold and the catalogue does not, of days from `since` on, unless `ended` says to stop.
    `found` is told of each camera the newest segments that were put in.

    `folders` gives the id of a camera by the name of its folder. What has no line in a journal is inspected one by one,
    also in folders of cameras that are not configured any more, or were called differently: it is then that of the
    camera whose footage there is known, else that of a camera named as the folder is.
    Raises OSError for a disk that cannot be read: that is no sign that nothing is there.
    """
    filling = _Filling(
        catalogue, recordings, inspect, zone, events_of, downtimes, since, progress, ended, found, anew=catalogue.fresh
    )
    try:
        of_camera: dict[str, list[str]] = {camera: [] for camera in journal.cameras(recordings)}
        for folder, camera in folders.items():
            of_camera.setdefault(camera, []).append(folder)
        for camera, own in of_camera.items():
            filling.camera(camera, own)
        for folder in camera_folders(recordings):
            if folder not in folders:
                filling.files_of(catalogue.camera_below(recordings / folder) or folder, folder)
        if filling.anew:
            filling.forget_deleted()
    except _Ended:
        return Ingested(filling.new, filling.unread, whole=False)
    return Ingested(filling.new, filling.unread, whole=True)


class _Ended(Exception):
    """Whoever asked for it does not want it any more."""


@dataclass(slots=True)
class _Filling:
    """One look at the recordings; what is asked for, and what came of it so far."""

    catalogue: Catalogue
    recordings: Path
    inspect: Inspect
    zone: tzinfo | None
    events_of: EventsOf
    downtimes: Sequence[Downtime]
    since: date | None
    progress: Callable[[str], None]
    ended: Callable[[], bool]
    found: Callable[[Sequence[Segment]], None]
    anew: bool
    """The catalogue knows nothing yet of what was deleted."""
    new: int = 0
    unread: int = 0
    newest: deque[Segment] = field(default_factory=lambda: deque(maxlen=FOUND_TOLD))
    """Of the camera that is looked at, put in last."""

    def camera(self, camera: str, folders: Sequence[str]) -> None:
        """All of a camera. Of what was deleted since it was recorded the catalogue has to know meanwhile: what lies
        between it and its neighbours is no gap."""
        if self.anew:
            self._remember(camera)
        for file in journal.days(self.recordings, camera):
            if self.since is None or file.stem >= self.since.isoformat():
                self._journal(file)
                self._go_on(f"{camera}: journal of {file.stem}")
        for folder in folders:
            self.files_of(camera, folder)
        if self.newest:
            self.found(tuple(self.newest))
            self.newest.clear()

    def files_of(self, camera: str, folder: str) -> None:
        """What lies in a folder of a camera and nobody noted."""
        for day in day_folders(self.recordings / folder, self.since):
            self._files(camera, day)
            self._go_on(f"{camera}: {day.name}")

    def forget_deleted(self) -> None:
        """What is not there any more leaves the catalogue."""
        for camera in self.catalogue.cameras():
            known = self.catalogue.oldest(camera, below=self.recordings)
            gone = [file.path for file in known if not os.path.exists(file.path)]
            if gone:
                self.catalogue.remove(gone)
            self._end_journals(camera)
            self._go_on(f"{camera}: what was deleted")

    def _remember(self, camera: str) -> None:
        """Put in what stays known of days of which nothing is left: their gaps, and the ends of what was recorded."""
        for day in past.read(self.recordings, camera):
            self.catalogue.add([one for one in day.ends if not Path(one.path).exists()], day.gaps)

    def _end_journals(self, camera: str) -> None:
        """Those of days of which nothing is left: who deleted the last of it did not know then what else there is."""
        found = journal.days(self.recordings, camera)
        for file in found[:-KEPT_JOURNALS]:
            since, until = journal.span(date.fromisoformat(file.stem))
            if not self.catalogue.started_between(camera, since, until):
                with contextlib.suppress(OSError), journal.opened(self.recordings, camera) as folder:
                    past.end_day(folder, self.recordings, since.date(), self.catalogue.gaps(camera, since, until))

    def _go_on(self, told: str) -> None:
        self.progress(told)
        if self.ended():
            raise _Ended

    def _journal(self, file: Path) -> None:
        """Put in what the journal of a day tells of."""
        noted = _noted(self.catalogue, self.recordings, file, whole=self.since is None)
        there = [segment for segment in noted if Path(segment.path).exists()]
        added = record(self.catalogue, noted if self.anew else there, self.events_of, self.downtimes)
        self.new += min(len(added), len(there))
        self.newest += added

    def _files(self, camera: str, day: Path) -> None:
        """Put in the files of a day that nobody noted."""
        paths = sorted(entry.path for entry in files(day))
        known = self.catalogue.known(paths)
        found: list[Segment] = []
        for path in paths:
            if self.ended():
                raise _Ended
            if path not in known:
                with contextlib.suppress(FileNotFoundError):  # retention made room meanwhile
                    segment = _looked_at(path, camera, self.inspect, self.zone)
                    self.unread += segment is None
                    found += [segment] if segment is not None else []
        for segment in found:
            journal.append(self.recordings, segment)
        added = record(self.catalogue, found, self.events_of, self.downtimes)
        self.new += len(added)
        self.newest += added


def _noted(catalogue: Catalogue, recordings: Path, file: Path, *, whole: bool) -> list[Segment]:
    """The segments of a journal that may not be catalogued, each as it was noted last; unless `whole`, only the last
    lines are looked at, back to where all are known: a segment is noted in the order in which it was published."""
    lines = journal.lines(file)
    if whole:
        return list({segment.path: segment for segment in journal.parsed(recordings, lines)}.values())
    segments: list[Segment] = []
    for end in range(len(lines), 0, -LOOKED_BACK):
        part = journal.parsed(recordings, lines[max(0, end - LOOKED_BACK) : end])
        known = catalogue.known(segment.path for segment in part)
        segments[:0] = [segment for segment in part if segment.path not in known]
        if part and len(known) == len(part):
            break
    return list({segment.path: segment for segment in segments}.values())


def forget_vanished(catalogue: Catalogue, recordings: Path) -> int:
    """Take out segments whose file somebody took away from the recordings, with a line each in the history of footage;
    their number. What lies elsewhere, as on an earlier disk that is not mounted now, is left alone."""
    gone = [file for file in catalogue.oldest(None, below=recordings) if not Path(file.path).exists()]
    now = datetime.now(UTC)
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        events = [
            StoredEvent(now, file.camera, StoredEventKind.VANISHED, "not there any more", file.path, file.size_bytes)
            for file in batch
        ]
        catalogue.remove([file.path for file in batch], events)
    return len(gone)


def _looked_at(path: str, camera: str, inspect: Inspect, zone: tzinfo | None) -> Segment | None:
    """A file that nobody noted: what it holds, and by its name when it was recorded. None: it could not be read. Raises
    FileNotFoundError for one that is not there any more."""
    try:
        status = os.stat(path)
        found = look(inspect, path)
        os.stat(path)
    except OSError as error:
        if is_gone(path):  # nothing else says so: it may be ffmpeg that is missing
            raise FileNotFoundError(path) from error
        return None
    expected = Expected(closed=True, size_bytes=status.st_size)
    recorded = extent(found, expected)
    closed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    started_at = named_time(Path(path).name, closed_at - timedelta(seconds=recorded.duration_s), zone)
    return found_segment(camera, 0, path, started_at, expected, judge(found, expected), recorded, found)
