"""The spool folder of one worker: what it has closed, what it is writing, and how a closed file becomes a segment.

Files are numbered by ffmpeg, so that no step of the clock makes it write into one twice; they get their names here, by
the time they were begun. `settle` never deletes: what plays is published, what does not is set aside with its reason.
It may be interrupted at any point and called again: a file is in the spool, or under its final name, never both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from vmstui.model import Camera, Segment, SegmentVerdict
from vmstui.recording import layout
from vmstui.recording.naming import segment_path
from vmstui.recording.publish import publish, quarantine

MAX_DURATION_S = 24 * 3600.0
"""A segment claiming to be longer than a day has broken timestamps."""


class Inspected(Protocol):
    """What the check of a file tells (`ffmpeg.inspect.MediaInfo`)."""

    @property
    def duration_s(self) -> float: ...
    @property
    def frames(self) -> int: ...
    @property
    def codec(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The file a worker is writing."""

    name: str
    size_bytes: int


class SpoolReader:
    """Follows the list of closed segments that ffmpeg appends to (`-segment_list`, one line each, at once)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._position = 0

    def closed(self) -> tuple[str, ...]:
        """Names of files closed since the last look that still lie in the spool."""
        try:
            with (self._folder / layout.SEGMENT_LIST).open("rb") as file:
                file.seek(self._position)
                raw = file.read()
        except OSError:
            return ()
        whole = raw[: raw.rfind(b"\n") + 1]
        self._position += len(whole)
        names = (line.split(b",", 1)[0].decode(errors="replace") for line in whole.splitlines())
        return tuple(name for name in names if _is_segment(name) and (self._folder / name).exists())


def open_segment(folder: Path) -> OpenFile | None:
    """The newest file of a spool folder: what the worker writes now, if it lives."""
    newest = max(_segments(folder), default=None)
    if newest is None:
        return None
    try:
        return OpenFile(newest, os.stat(folder / newest).st_size)
    except OSError:
        return None


def leftovers(folder: Path) -> tuple[Path, ...]:
    """All files a worker that has ended left in its spool folder, in order."""
    return tuple(folder / name for name in sorted(_segments(folder)))


def closed_before(folder: Path) -> frozenset[str]:
    """Names of all files the worker closed properly, whether they still lie there or not."""
    try:
        lines = (folder / layout.SEGMENT_LIST).read_bytes().splitlines()
    except OSError:
        return frozenset()
    return frozenset(line.split(b",", 1)[0].decode(errors="replace") for line in lines)


def settle(
    file: Path,
    *,
    was_closed: bool,
    camera: Camera,
    generation: int,
    zone: tzinfo | None,
    inspect: Callable[[str], Inspected],
) -> Segment:
    """Check a file of a spool folder and move it to where it belongs.

    `was_closed`: the worker finished it; otherwise it died while writing, and what plays of it is published as partial.
    `inspect` raises ValueError with the reason for a file that does not play. Raises OSError when the disk does not do
    as told; the file then still lies in the spool.
    """
    status = file.stat()
    recordings = layout.recordings_of(file.parent)
    ended_at = datetime.fromtimestamp(status.st_mtime, UTC)
    try:
        media = inspect(str(file))
        reason = _unfit(media)
    except ValueError as error:
        media, reason = None, str(error)
    if media is None or reason:
        if not was_closed and (media is None or media.frames == 0):
            reason = f"its worker ended before the first keyframe interval was written, which is normal ({reason})"
        name = f"{generation:06d}_{ended_at:%Y%m%dT%H%M%SZ}_{file.name}"
        path = quarantine(file, layout.quarantine_folder(recordings, camera.id), name, reason)
        return Segment(
            camera.id,
            generation,
            str(path),
            ended_at,
            0.0,
            status.st_size,
            "",
            0,
            0,
            SegmentVerdict.QUARANTINED,
            reason,
        )
    started_at = ended_at - timedelta(seconds=media.duration_s)
    place = recordings / segment_path(camera, started_at, zone)
    path = publish(file, place.parent, place.name)
    verdict = SegmentVerdict.GOOD if was_closed else SegmentVerdict.PARTIAL
    return Segment(
        camera.id,
        generation,
        str(path),
        started_at,
        media.duration_s,
        status.st_size,
        media.codec,
        media.width,
        media.height,
        verdict,
        "" if was_closed else "the worker ended while writing it",
    )


def _unfit(media: Inspected) -> str:
    if media.frames == 0:
        return "it holds no video frame"
    if not 0 < media.duration_s <= MAX_DURATION_S:
        return f"its duration is {media.duration_s:g} s"
    return ""


def _segments(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if _is_segment(name)]
    except OSError:
        return []


def _is_segment(name: str) -> bool:
    stem, _, suffix = name.rpartition(".")
    return f".{suffix}" == layout.SEGMENT_SUFFIX and stem.isdigit()
