"""What stays known of days of which no footage is left: a line for each in `.vmstui/journal/<camera>/past.jsonl`.

The journal of a day goes with the last segment of that day. A catalogue that is made anew would then take what
retention deleted for what was never recorded, and would not know why something was missing then. So a line stays: the
segments between which nothing was missing, by their ends alone, and the gaps. It is a kilobyte for an ordinary day, and
is kept for so long as gaps are. Written by a pass of retention, below an open folder; read when a catalogue is filled.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from math import isfinite
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import Gap, Segment
from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over
from vmstui.recording import journal

FILE_NAME = "past.jsonl"
KEPT = timedelta(days=400)
"""Before the day that was added last."""
MOST_ENDS, MOST_GAPS = 40, 400
"""Of a day: the first and last ends, and the longest gaps. Only a camera that hardly ever works has more."""
_LINE_BYTES = 256 * 1024
"""More than the line of a day takes with all of these."""
_SLACK = timedelta(days=30)
"""So much more is kept before the file is written anew."""


@dataclass(frozen=True, slots=True)
class PastDay:
    """A day (UTC) of a camera whose footage is gone."""

    day: date
    ends: tuple[Segment, ...]
    """The first and the last of each row of segments that follow each other, in the order they were recorded in."""
    gaps: tuple[Gap, ...]


def past_day(day: date, segments: Iterable[Segment], gaps: Iterable[Gap]) -> PastDay:
    """What has to stay known of the segments in the journal of a day, and the gaps in that day. Pure."""
    noted_last = {segment.path: segment for segment in segments if segment.plays}
    ends = _ends(sorted(noted_last.values(), key=journal.order))
    if len(ends) > MOST_ENDS:
        ends = [*ends[: MOST_ENDS // 2], *ends[-MOST_ENDS // 2 :]]
    longest = sorted(gaps, key=lambda gap: gap.length_s, reverse=True)[:MOST_GAPS]
    return PastDay(day, tuple(ends), tuple(sorted(longest, key=lambda gap: gap.started_at)))


def _ends(segments: Sequence[Segment]) -> list[Segment]:
    kept = {*segments[:1], *segments[-1:]}
    for before, after in pairwise(segments):
        if (before.generation, before.number + 1) != (after.generation, after.number) and after.generation:
            kept.update((before, after))
    return [segment for segment in segments if segment in kept]


def end_day(folder: int, recordings: Path, day: date, gaps: Iterable[Gap]) -> None:
    """The journal of a day of which nothing is left goes from an open folder of a camera's journals, once what has to
    stay known of that day is noted. Raises OSError."""
    name = f"{day.isoformat()}.jsonl"
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "rb") as file:
        segments = journal.parsed(recordings, file.read().splitlines())
    note(folder, recordings, past_day(day, segments, gaps))
    os.unlink(name, dir_fd=folder)


def note(folder: int, recordings: Path, past: PastDay) -> None:
    """Add a day to the file in an open folder of a camera's journals. Raises OSError."""
    if not past.ends and not past.gaps:
        return
    ends = [to_json(replace(one, path=_below(recordings, one.path))) for one in past.ends]
    data = {"day": past.day.isoformat(), "ends": ends, "gaps": to_json(past.gaps)}
    descriptor = os.open(
        FILE_NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        hand_over(FILE_NAME, folder)
        journal.add_line(descriptor, json.dumps(data, separators=(",", ":")).encode())
        begin = os.pread(descriptor, 64, 0)
        os.fsync(descriptor)  # what is known from the journal so far is about to go
    finally:
        os.close(descriptor)
    first = _day(begin)
    if first is None or first < past.day - KEPT - _SLACK:
        _shorten(folder, past.day - KEPT)


def read(recordings: Path, camera: str) -> Iterator[PastDay]:
    """All days, in the order they were added in; what makes no sense is left out. Raises OSError."""
    with (
        contextlib.suppress(FileNotFoundError),
        open(_file(recordings, camera), "rb") as file,
    ):
        for line in file:
            try:
                data = json.loads(line)
                day = date.fromisoformat(data["day"])
                gaps = from_json(tuple[Gap, ...], data["gaps"])
                ends = journal.parsed(recordings, [json.dumps(one).encode() for one in data["ends"]])
            except (ValueError, TypeError, KeyError, CodecError, RecursionError, OverflowError):
                continue
            yield PastDay(day, ends, tuple(gap for gap in gaps if _sane(gap)))


def newest_generation(recordings: Path, camera: str) -> int:
    """The highest number of a worker in the days that were added last; 0 where none can be read."""
    return journal.highest_generation(_file(recordings, camera), _LINE_BYTES)


def _sane(gap: Gap) -> bool:
    return isfinite(gap.length_s) and 0 < gap.length_s < 1e9 and journal.is_date(gap.started_at)


def _shorten(folder: int, since: date) -> None:
    """Leave out days before one. A power cut leaves the old file or the new one."""
    beside = f".{FILE_NAME}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with (
        open(os.open(FILE_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "rb") as old,
        open(os.open(beside, flags, 0o600, dir_fd=folder), "wb") as new,
    ):
        for line in old:
            day = _day(line)
            if day is not None and day >= since:
                new.write(line)
        new.flush()
        os.fsync(new.fileno())
    hand_over(beside, folder)
    os.replace(beside, FILE_NAME, src_dir_fd=folder, dst_dir_fd=folder)


def _day(line: bytes) -> date | None:
    """The day at the beginning of a line."""
    with contextlib.suppress(ValueError):
        return date.fromisoformat(line.removeprefix(b'{"day":"')[:10].decode("ascii", "replace"))
    return None


def _file(recordings: Path, camera: str) -> Path:
    return journal.journal_root(recordings) / camera / FILE_NAME


def _below(recordings: Path, path: str) -> str:
    return str(Path(path).relative_to(recordings))
