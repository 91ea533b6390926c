"""Rows of the catalogue to the words of `footage` and back, and conditions on rows. Pure; for `catalogue` alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

from vmstui.footage import (
    Gap,
    GapCause,
    Hole,
    Lock,
    Segment,
    SegmentVerdict,
    StoredEvent,
    StoredEventKind,
    StreamSpan,
    Uptime,
)
from vmstui.light_dataclass import dataclass

Value = str | int | float | None
Row = tuple[Any, ...]

SEGMENT_COLUMNS = (
    "camera, path, started_us, size_bytes, generation, number, duration_s, codec, width, height, frames, fps, "
    "starts_with_keyframe, verdict, reason, span_start_s, span_end_s, boot, uptime_s, holes"
)
FILE_COLUMNS = "camera, path, started_us, ended_us, size_bytes, boot, uptime_s"
GAP_COLUMNS = "camera, started_us, length_s, cause, detail"
LOCK_COLUMNS = "id, camera, since_us, until_us, note, by, at_us"
EVENT_COLUMNS = "at_us, camera, kind, text, path, size_bytes, rule, measured, threshold, outcome"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What retention has to know of a segment."""

    camera: str
    path: str
    started_at: datetime
    ended_at: datetime
    size_bytes: int
    uptime: Uptime | None = None
    """Its beginning, as in `Segment`."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What a few segments amount to."""

    count: int
    size_bytes: int
    duration_s: float


def micros(at: datetime) -> int:
    """Since the epoch, as instants are stored."""
    return (at - _EPOCH) // _MICROSECOND


def instant(stored: int) -> datetime:
    """The instant of a stored number."""
    return _EPOCH + timedelta(microseconds=stored)


def text(given: str) -> str:
    """As SQLite takes it: text of a program that was not UTF-8 may hold surrogates."""
    return given.encode("utf-8", "replace").decode()


def segment_row(segment: Segment) -> tuple[Value, ...]:
    """In the order of SEGMENT_COLUMNS, with the end last."""
    span, uptime = segment.span, segment.uptime
    return (
        segment.camera,
        segment.path,
        micros(segment.started_at),
        segment.size_bytes,
        segment.generation,
        segment.number,
        segment.duration_s,
        segment.codec,
        segment.width,
        segment.height,
        segment.frames,
        segment.fps,
        int(segment.starts_with_keyframe),
        segment.verdict.value,
        text(segment.reason),
        span.start_s if span else None,
        span.end_s if span else None,
        uptime.boot if uptime else None,
        uptime.s if uptime else None,
        json.dumps([[hole.offset_s, hole.length_s] for hole in segment.holes]) if segment.holes else "",
        micros(segment.ended_at),
    )


def segment_of(row: Row) -> Segment:
    """From SEGMENT_COLUMNS."""
    return Segment(
        camera=row[0],
        path=row[1],
        started_at=instant(row[2]),
        size_bytes=row[3],
        generation=row[4],
        number=row[5],
        duration_s=row[6],
        codec=row[7],
        width=row[8],
        height=row[9],
        frames=row[10],
        fps=row[11],
        starts_with_keyframe=bool(row[12]),
        verdict=SegmentVerdict(row[13]),
        reason=row[14],
        span=None if row[15] is None else StreamSpan(row[15], row[16]),
        uptime=None if row[17] is None else Uptime(row[17], row[18]),
        holes=tuple(Hole(*hole) for hole in json.loads(row[19])) if row[19] else (),
    )


def file_of(row: Row) -> StoredFile:
    """From FILE_COLUMNS."""
    uptime = Uptime(row[5], row[6]) if row[5] is not None and row[6] is not None else None
    return StoredFile(row[0], row[1], instant(row[2]), instant(row[3]), row[4], uptime)


def gap_of(row: Row) -> Gap:
    """From GAP_COLUMNS."""
    return Gap(row[0], instant(row[1]), row[2], GapCause(row[3]), row[4])


def lock_row(lock: Lock) -> tuple[Value, ...]:
    """In the order of LOCK_COLUMNS."""
    since_us, until_us = micros(lock.since), micros(lock.until)
    return lock.id, lock.camera, since_us, until_us, text(lock.note), text(lock.by), micros(lock.at)


def lock_of(row: Row) -> Lock:
    """From LOCK_COLUMNS."""
    return Lock(row[0], row[1], instant(row[2]), instant(row[3]), row[4], row[5], instant(row[6]))


def event_row(event: StoredEvent) -> tuple[Value, ...]:
    """In the order of EVENT_COLUMNS."""
    return (
        micros(event.at),
        event.camera,
        event.kind.value,
        text(event.text),
        event.path,
        event.size_bytes,
        event.rule,
        event.measured,
        event.threshold,
        text(event.outcome),
    )


def event_of(row: Row) -> StoredEvent:
    """From EVENT_COLUMNS."""
    return StoredEvent(instant(row[0]), row[1], StoredEventKind(row[2]), *row[3:])


def all_of(*conditions: tuple[str, str | datetime | None]) -> tuple[str, list[Value]]:
    """All of these conditions but those on a value that is not given."""
    given = [(condition, value) for condition, value in conditions if value is not None]
    values: list[Value] = [micros(value) if isinstance(value, datetime) else value for _, value in given]
    return " AND ".join(["1", *(condition for condition, _ in given)]), values


def below_folder(folder: PurePath) -> tuple[str, str]:
    """The first path below a folder, and the first behind it: `0` is what follows `/`."""
    prefix = text(str(folder)).rstrip("/")
    return f"{prefix}/", f"{prefix}0"


def placed_below(below: PurePath | None) -> tuple[str, tuple[Value, ...]]:
    """A condition for where files lie. Its `+` keeps SQLite on the index that the rest of the question needs."""
    return ("1", ()) if below is None else ("+path >= ? AND +path < ?", below_folder(below))
