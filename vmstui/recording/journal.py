"""What a recordings folder holds, written down in itself: a line for each segment as it is published.

`<recordings>/.vmstui/journal/<camera>/<day>.jsonl`, by the UTC day in which the segment begins; paths are relative to
the recordings folder, so that a disk can be read wherever it is mounted. The catalogue is an index over these files and
can be made anew from them. A segment whose line was lost to a power cut is found by its name (`fill`). A line stays
when its segment is deleted: it was recorded then, and no gap; with the last segment of a day its journal goes, and
`past` keeps what has to stay known. Called by the publisher, in a thread, and by whoever fills a catalogue.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import Segment
from vmstui.ownership import hand_over
from vmstui.recording.check import LONGEST_SEGMENT_S
from vmstui.recording.layout import INTERNAL

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")
_GENERATION = re.compile(rb'"generation":(\d{1,15})[,}]')
_NEWEST_DAYS, _NEWEST_BYTES = 3, 16 * 1024
"""Of the newest days, as a clock that was ahead may have left one of a day that has not come yet, the last lines."""


def journal_root(recordings: Path) -> Path:
    """Folder of the journals of all cameras."""
    return recordings / INTERNAL / "journal"


def journal_file(recordings: Path, camera: str, day: date) -> Path:
    """Journal of a camera for a day (UTC)."""
    return journal_root(recordings) / camera / f"{day.isoformat()}.jsonl"


def append(recordings: Path, segment: Segment) -> None:
    """Add a line; never raises for a disk that fails: the segment is published, and found without its line as well."""
    with contextlib.suppress(OSError, ValueError):
        relative = str(Path(segment.path).relative_to(recordings))
        line = json.dumps(to_json(replace(segment, path=relative)), separators=(",", ":")).encode()
        file = journal_file(recordings, segment.camera, segment.started_at.date())
        for folder in (journal_root(recordings), file.parent):  # not what is above: the disk may just have gone
            folder.mkdir(exist_ok=True, mode=0o700)
            hand_over(folder)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            hand_over(file)
            add_line(descriptor, line)
        finally:
            os.close(descriptor)


def add_line(descriptor: int, line: bytes) -> None:
    """Add a line to a file that is open to be read and added to. Raises OSError."""
    size_bytes = os.fstat(descriptor).st_size
    torn = size_bytes and os.pread(descriptor, 1, size_bytes - 1) != b"\n"  # by a power cut
    os.write(descriptor, (b"\n" if torn else b"") + line + b"\n")  # at once: no other writer's line comes between


def order(segment: Segment) -> tuple[int, int, datetime]:
    """Segments of a camera in the order in which they were recorded, whatever the clock showed."""
    return segment.generation, segment.number, segment.started_at


def in_order(noted: Iterable[Segment]) -> tuple[Segment, ...]:
    """Segments of a camera in the order in which they were recorded, each once, as it was noted last. Where one without
    a generation belongs, only the wall clock tells."""
    once = {segment.path: segment for segment in noted}.values()
    placed = sorted((segment for segment in once if segment.generation), key=order)
    for segment in sorted((segment for segment in once if not segment.generation), key=order):
        at = len(placed)
        while at and placed[at - 1].started_at > segment.started_at:
            at -= 1
        placed.insert(at, segment)
    return tuple(placed)


def cameras(recordings: Path) -> tuple[str, ...]:
    """Cameras that have a journal."""
    try:
        return tuple(sorted(entry.name for entry in os.scandir(journal_root(recordings)) if entry.is_dir()))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def days(recordings: Path, camera: str) -> tuple[Path, ...]:
    """The journal files of a camera, oldest day first."""
    folder = journal_root(recordings) / camera
    try:
        return tuple(folder / name for name in sorted(os.listdir(folder)) if _DAY.fullmatch(name))
    except (FileNotFoundError, NotADirectoryError):
        return ()


@contextlib.contextmanager
def opened(recordings: Path, camera: str) -> Iterator[int]:
    """The folder of a camera's journals. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(journal_root(recordings) / camera, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def span(day: date) -> tuple[datetime, datetime]:
    """From when to when the journal of a day is."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight, midnight + timedelta(days=1)


def newest_generation(recordings: Path, camera: str) -> int:
    """The highest number of a worker in the newest lines of a camera's journals; 0 where none can be read."""
    newest: tuple[Path, ...] = ()
    with contextlib.suppress(OSError):
        newest = days(recordings, camera)[-_NEWEST_DAYS:]
    return max((highest_generation(file, _NEWEST_BYTES) for file in newest), default=0)


def highest_generation(file: Path, last_bytes: int) -> int:
    """The highest number of a worker in the last bytes of a file of segments; 0 where none can be read."""
    end = b""
    with contextlib.suppress(OSError), file.open("rb", buffering=0) as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - last_bytes))
        end = stream.read()
    return max((int(number) for number in _GENERATION.findall(end)), default=0)


def lines(file: Path) -> list[bytes]:
    """The whole lines of a journal file. Raises OSError for a disk that cannot be read."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return []
    return raw[: raw.rfind(b"\n") + 1].splitlines()


def parsed(recordings: Path, found: Sequence[bytes]) -> tuple[Segment, ...]:
    """The segments in lines of a journal. What makes no sense, or names a file outside of the folder, is left out."""
    return tuple(_parsed(recordings, found))


def _parsed(recordings: Path, found: Sequence[bytes]) -> Iterator[Segment]:
    for line in found:
        try:
            segment = from_json(Segment, json.loads(line))
        except (ValueError, CodecError, OverflowError, RecursionError):
            continue
        if not _sane(segment):
            continue
        parts = Path(segment.path).parts
        if parts and not Path(segment.path).is_absolute() and ".." not in parts:
            yield replace(segment, path=str(recordings.joinpath(*parts)))


def _sane(segment: Segment) -> bool:
    """Whether the figures of a line can be those of a file; a disk that dies writes what it likes."""
    counts = (segment.size_bytes, segment.generation, segment.frames, segment.width, segment.height, segment.number)
    spans = (segment.span.start_s, segment.span.end_s) if segment.span is not None else ()
    uptimes = (segment.uptime.s,) if segment.uptime is not None else ()
    holes = (figure for hole in segment.holes for figure in (hole.offset_s, hole.length_s))
    return (
        all(isinstance(count, int) and -1 <= count < 2**62 for count in counts)
        and 0 <= segment.duration_s <= LONGEST_SEGMENT_S
        and all(isfinite(figure) for figure in (segment.fps, *spans, *uptimes, *holes))
        and is_date(segment.started_at)
    )


def is_date(at: datetime) -> bool:
    """Whether something can have been recorded then, by whatever clock."""
    return at.tzinfo is not None and _FIRST_YEAR <= at.year <= _LAST_YEAR
