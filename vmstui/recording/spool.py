"""The spool folder of one generation of a worker: what is closed, what is open, and the check at publication.

ffmpeg writes numbered files and adds a line to `segments.csv` as it closes each (libavformat/segment.c). `settle` takes
one file out of the folder: it is looked through, named by the time it began and published, or put in quarantine. It
never deletes, and if the process dies at any point the file is still in one place only and the next call goes on.
Called by the recorder; `settle` reads the whole file and syncs it, so not on an event loop.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite
from pathlib import Path

from vmstui.configured import Camera
from vmstui.footage import Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.light_dataclass import dataclass
from vmstui.recording.birth import born_at
from vmstui.recording.check import Expected, Extent, Inspect, extent, found_segment, judge, look
from vmstui.recording.clock import WallClock
from vmstui.recording.layout import camera_quarantine
from vmstui.recording.naming import segment_path
from vmstui.recording.publish import publish, quarantine
from vmstui.settings.names import camera_folder

LIST_NAME = "segments.csv"
_NUMBERED = re.compile(r"\d{6,}\.mp4")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The file that is being written."""

    name: str
    size_bytes: int
    born_at: datetime | None
    """When ffmpeg began it, where the file system tells."""

    @property
    def follows_another(self) -> bool:
        """The worker closed a segment before it; ffmpeg counts them from 0."""
        return int(self.name.partition(".")[0]) > 0


@dataclass(frozen=True, slots=True)
class SpoolView:
    """What a look at a generation's folder saw."""

    closed: tuple[str, ...]
    """Names of closed segments that are still in the folder, in order."""
    newest: OpenFile | None
    """The newest numbered file, which may be one of the closed; None if there is none yet."""


class SpoolReader:
    """Follows one generation's folder. A look costs one `stat` while the open file grows and two while it does not; the
    folder is listed only to find the file that comes next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = str(folder / LIST_NAME)
        self._list_bytes = -1
        self._read_bytes = 0
        self._view = SpoolView((), None)
        self._open = ""
        """Path of the file known to be open; empty while it has to be looked for."""

    def look(self) -> SpoolView:
        """What is there now; the very same view as before if nothing changed."""
        closed, newest = self._view.closed, self._followed()
        # A file that grew may just have been closed; then it does not grow any more, and the next look sees it.
        if closed or newest is None or newest is self._view.newest:
            closed = self._closed()
            if not self._open:
                newest = self._found(closed)
        if closed is not self._view.closed or newest is not self._view.newest:
            self._view = SpoolView(closed, newest)
        return self._view

    def _followed(self) -> OpenFile | None:
        """The open file as it is now, None while it has to be looked for."""
        before = self._view.newest
        if not self._open or before is None:
            return None
        size_bytes = _size(self._open)
        if size_bytes == before.size_bytes:
            return before
        if size_bytes < 0:  # somebody took it away
            self._open = ""
            return None
        return OpenFile(before.name, size_bytes, before.born_at)

    def _closed(self) -> tuple[str, ...]:
        names = self._view.closed
        size_bytes = _size(self._list)
        if size_bytes != self._list_bytes:
            self._list_bytes = size_bytes
            self._open = ""
            raw, self._read_bytes = _complete_lines(Path(self._list), self._read_bytes)
            names += tuple(_listed(raw))
        return tuple(name for name in names if (self._folder / name).exists()) if names else names

    def _found(self, closed: tuple[str, ...]) -> OpenFile | None:
        """The newest file by a look at all of them; followed from now on if it is open."""
        for name in reversed(leftovers(self._folder)):
            path = self._folder / name
            with contextlib.suppress(OSError):
                found = OpenFile(name, os.stat(path).st_size, born_at(path))
                self._open = str(path) if name not in closed else ""
                return found
        return None


def leftovers(folder: Path) -> tuple[str, ...]:
    """All segments in the folder, in order; those of an ended generation are to be settled."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    return tuple(sorted((name for name in names if _NUMBERED.fullmatch(name)), key=lambda name: (len(name), name)))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a segment comes from, and what is known of it beforehand."""

    camera: Camera
    generation: int
    recordings: Path
    ended: bool
    """No worker of this generation writes any more."""
    codec: str = ""
    """Of the recording, where that is known."""


@dataclass(frozen=True, slots=True)
class Times:
    """How to read the times that files carry."""

    zone: tzinfo | None
    """Of file names; None is that of the machine."""
    clock: WallClock
    now_s: float
    """On the clock of the boot."""


def settle(file: Path, origin: Origin, times: Times, inspect: Inspect) -> Segment:
    """Look a segment through and publish it, or put it in quarantine.

    Raises ValueError for a segment that is still being written, PublishError if it could not be moved, and what
    `inspect` raises if it could not look; the file is then still in the spool.
    """
    spans = _listed(_complete_lines(file.parent / LIST_NAME, 0)[0])
    closed = file.name in spans
    if not closed and not origin.ended:
        raise ValueError(f"{file} is still being written")
    status, born = os.stat(file), born_at(file)
    closed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    closed_s = times.clock.uptime_s(status.st_mtime, times.now_s)
    born_s = times.clock.uptime_s(born.timestamp(), closed_s) if born is not None and closed_s is not None else None
    took_s = max(0.0, closed_s - born_s) if closed_s is not None and born_s is not None else None
    found = look(inspect, str(file))
    on_wall_s = status.st_mtime - born.timestamp() if born is not None else None
    expected = Expected(closed, status.st_size, origin.codec, took_s, on_wall_s, first=int(file.stem) == 0)
    verdict, reason = judge(found, expected)
    plays = verdict is not SegmentVerdict.BROKEN
    recorded = extent(found, expected) if plays else Extent(0.0)
    # A worker whose camera fell silent closes its file long after the last frame, so the end does not tell the start;
    # a file that begins with what a relay had kept holds frames from before its birth. The earlier of the two is right.
    started_at = closed_at - timedelta(seconds=recorded.duration_s)
    started_s = closed_s - recorded.duration_s if closed_s is not None else None
    if plays and born is not None:
        started_at = min(started_at, born)
        if started_s is not None and born_s is not None:
            started_s = min(started_s, born_s)
    folders, name = segment_path(camera_folder(origin.camera), started_at, times.zone)
    if plays:
        path = publish(file, origin.recordings.joinpath(*folders), name)
    else:
        path = quarantine(file, camera_quarantine(origin.recordings, origin.camera.id), reason, name)
    segment = found_segment(
        origin.camera.id, origin.generation, str(path), started_at, expected, (verdict, reason), recorded, found
    )
    uptime = Uptime(times.clock.boot, started_s) if started_s is not None else None
    return replace(segment, number=int(file.stem), span=spans.get(file.name), uptime=uptime)


def _size(path: str) -> int:
    """-1 for a file that is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _complete_lines(path: Path, offset: int) -> tuple[bytes, int]:
    """Whole lines after an offset, and the offset after them; a line that is still being written is left for later."""
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            raw = stream.read()
    except OSError:
        return b"", offset
    raw = raw[: raw.rfind(b"\n") + 1]
    return raw, offset + len(raw)


def _listed(raw: bytes) -> dict[str, StreamSpan | None]:
    """File names of a segment list, and where in the stream they lie: `000000.mp4,0.000000,180.040000`.

    A line that names no file of ours is left out.
    """
    listed: dict[str, StreamSpan | None] = {}
    for line in raw.decode("ascii", "replace").splitlines():
        name, *times = line.split(",")
        if _NUMBERED.fullmatch(name):
            listed[name] = _span(times)
    return listed


def _span(times: list[str]) -> StreamSpan | None:
    try:
        start_s, end_s = map(float, times)
    except ValueError:
        return None
    return StreamSpan(start_s, end_s) if isfinite(start_s) and start_s <= end_s < float("inf") else None
