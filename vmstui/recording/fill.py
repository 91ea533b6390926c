"""Brings a catalogue up to what lies in a recordings folder: from its journals first, then by a look at files that have
no line there.

`record` puts segments in as they come, in whatever order, with the gaps before them; `ingest` finds those that nobody
handed over: a service that died between publishing and cataloguing, a catalogue that was lost. Blocks as the disk does.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from vmstui.footage import Gap, Segment, StoredEvent, StoredEventKind
from vmstui.model import Event
from vmstui.recording import journal, past
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.check import Expected, Media, judge
from vmstui.recording.gaps import Downtime, gaps_of
from vmstui.recording.naming import SUFFIX

RECENT = 8
"""Segments before a new one that may have ended last: there are two at most in a hand-over, and some fail."""
BATCH = 500
LOOKED_BACK = 20
"""Lines of a journal that are known before what stands above them is taken for known, too."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r".+_(\d{8}_\d{6})(?:_\d+)?" + re.escape(SUFFIX))

EventsOf = Callable[[str], Sequence[Event]]
"""The history of a camera, oldest first."""
Inspect = Callable[[str], Media]
"""Looks a file through. Raises ValueError for one that does not play, OSError if it could not look."""


def record(
    catalogue: Catalogue, segments: Sequence[Segment], events_of: EventsOf, downtimes: Sequence[Downtime] = ()
) -> int:
    """Put in segments that are not known yet, with the gaps before and in them; the number of those that were new."""
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
    return len(new)


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
) -> Ingested:
    """Put in what the recordings hold and the catalogue does not, of days from `since` on, unless `ended` says to stop.

    `folders` gives the id of a camera by the name of its folder. What has no line in a journal is inspected one by one.
    Raises OSError for a disk that cannot be read: that is no sign that nothing is there.
    """
    filling = _Filling(
        catalogue, recordings, inspect, zone, events_of, downtimes, since, progress, ended, anew=catalogue.fresh
    )
    try:
        of_camera: dict[str, list[str]] = {camera: [] for camera in journal.cameras(recordings)}
        for folder, camera in folders.items():
            of_camera.setdefault(camera, []).append(folder)
        for camera, own in of_camera.items():
            filling.camera(camera, own)
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
    anew: bool
    """The catalogue knows nothing yet of what was deleted."""
    new: int = 0
    unread: int = 0

    def camera(self, camera: str, folders: Sequence[str]) -> None:
        """All of a camera. Of what was deleted since it was recorded the catalogue has to know meanwhile: what lies
        between it and its neighbours is no gap."""
        deleted = _remembered(self.catalogue, self.recordings, camera) if self.anew else set()
        for file in journal.days(self.recordings, camera):
            if self.since is None or file.stem >= self.since.isoformat():
                deleted |= self._journal(file)
                self._go_on(f"{camera}: journal of {file.stem}")
        for folder in folders:
            for day in _days(self.recordings / folder, self.since):
                self._files(camera, folder, day)
                self._go_on(f"{camera}: {day.name}")
        if gone := [path for path in deleted if not Path(path).exists()]:
            self.catalogue.remove(gone)

    def _go_on(self, told: str) -> None:
        self.progress(told)
        if self.ended():
            raise _Ended

    def _journal(self, file: Path) -> set[str]:
        """Put in what the journal of a day tells of; the paths of what is there only for as long as this goes on."""
        segments = _noted(self.catalogue, self.recordings, file, whole=self.since is None)
        there = [segment for segment in segments if Path(segment.path).exists()]
        if not self.anew:
            self.new += record(self.catalogue, there, self.events_of, self.downtimes)
            return set()
        deleted = {segment.path for segment in segments} - {segment.path for segment in there}
        added = record(self.catalogue, segments, self.events_of, self.downtimes)
        self.new += min(added, len(there))
        return deleted

    def _files(self, camera: str, folder: str, day: Path) -> None:
        """Put in the files of a day that nobody noted."""
        paths = sorted(str(path) for path in _files(day, folder))
        known = self.catalogue.known(paths)
        found: list[Segment] = []
        for path in paths:
            if self.ended():
                raise _Ended
            if path not in known:
                segment = _looked_at(path, camera, self.inspect, self.zone)
                self.unread += segment is None
                found += [segment] if segment is not None else []
        for segment in found:
            journal.append(self.recordings, segment)
        self.new += record(self.catalogue, found, self.events_of, self.downtimes)


def _remembered(catalogue: Catalogue, recordings: Path, camera: str) -> set[str]:
    """Put in what stays known of days of which nothing is left: their gaps, and for as long as the catalogue is being
    filled the ends of what was recorded; the paths of these."""
    paths: set[str] = set()
    for day in past.read(recordings, camera):
        ends = [one for one in day.ends if not Path(one.path).exists()]
        catalogue.add(ends, day.gaps)
        paths.update(one.path for one in ends)
    return paths


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


def forget_vanished(catalogue: Catalogue) -> int:
    """Take out segments whose file somebody took away, with a line each in the history of footage; their number."""
    gone = [file for file in catalogue.oldest(None) if not Path(file.path).exists()]
    now = datetime.now(UTC)
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        events = [
            StoredEvent(now, file.camera, StoredEventKind.VANISHED, "not there any more", file.path, file.size_bytes)
            for file in batch
        ]
        catalogue.remove([file.path for file in batch], events)
    return len(gone)


def _days(folder: Path, since: date | None) -> list[Path]:
    try:
        found = sorted(entry.name for entry in folder.iterdir() if _DAY.fullmatch(entry.name) and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    # Names are of the local day, which may be the one before that of UTC.
    first = (since - timedelta(days=1)).isoformat() if since is not None else ""
    return [folder / name for name in found if name >= first]


def _files(day: Path, folder: str) -> Iterator[Path]:
    try:
        for path in day.iterdir():
            if (
                path.name.startswith(f"{folder}_")
                and _local_time(path.name)
                and not path.is_symlink()
                and path.is_file()
            ):
                yield path
    except FileNotFoundError:
        return  # retention took the folder away


def _looked_at(path: str, camera: str, inspect: Inspect, zone: tzinfo | None) -> Segment | None:
    """A file that nobody noted: what it holds, and by its name when it was recorded. None: it could not be read."""
    found: Media | ValueError
    try:
        status = Path(path).stat()
    except OSError:
        return None
    try:
        found = inspect(path)
    except ValueError as error:
        found = error
    except OSError:
        return None
    verdict, reason = judge(found, Expected(closed=True, size_bytes=status.st_size))
    media = None if isinstance(found, ValueError) else found
    duration_s = media.duration_s if media is not None else 0.0
    closed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Segment(
        camera=camera,
        generation=0,
        path=path,
        started_at=_named_time(Path(path).name, closed_at - timedelta(seconds=duration_s), zone),
        duration_s=duration_s,
        size_bytes=status.st_size,
        codec=media.codec if media else "",
        width=media.width if media else 0,
        height=media.height if media else 0,
        verdict=verdict,
        reason=reason,
        frames=media.frames if media else 0,
        fps=round(media.fps, 3) if media else 0.0,
        starts_with_keyframe=media.starts_with_keyframe if media else False,
        holes=media.holes if media else (),
    )


def _named_time(name: str, near: datetime, zone: tzinfo | None) -> datetime:
    """The instant in a file name; of an hour that came twice in autumn the one nearer to that of the file."""
    local = _local_time(name)
    if local is None:
        return near
    try:
        readings = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (OverflowError, ValueError):  # the last evening of the calendar
        return near
    return min(readings, key=lambda instant: abs(instant - near))


def _local_time(name: str) -> datetime | None:
    """What a file name says, on the clock of the zone; None for a name that is not of our making."""
    match = _NAME.fullmatch(name)
    try:
        return datetime.strptime(match[1], "%Y%m%d_%H%M%S") if match else None
    except ValueError:
        return None
