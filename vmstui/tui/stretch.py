"""The footage of a camera that is looked through: what was asked for so far as one stretch, and its rows. Pure.

A stretch is a page that grows: pages put together without a hole between them, everything newest first. A row is a
segment, a gap, the file that is being written, or the heading of a day. It is known by its `key`, never by its number,
as new ones come in above it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from vmstui.footage import Gap, GapCause, Lock, Segment
from vmstui.footage_accounts import FootageDay, FootagePage
from vmstui.model import CameraSnapshot, CameraState, OpenSegment
from vmstui.tui import glyphs

MOST = 4000
"""Segments that are kept; those at the other end go, and are asked for again when they are wanted."""
GAP_S = 2.0
"""Segments start on a keyframe; less than this between two of them is not worth a row."""


def covers(stretch: FootagePage, at: datetime) -> bool:
    """Whether there is nothing to be asked about that time."""
    from_ = stretch.oldest_at is None or not stretch.older or stretch.oldest_at <= at
    to = stretch.newest_at is None or not stretch.newer or stretch.newest_at >= at
    return from_ and to


def with_older(stretch: FootagePage, page: FootagePage) -> FootagePage:
    """The stretch with the page before it."""
    joined = replace(_joined(stretch, page), older=page.older, newer=stretch.newer)
    if len(joined.segments) > MOST:
        joined = replace(joined, segments=joined.segments[-MOST:], newer=True)
    return joined


def with_newer(stretch: FootagePage, page: FootagePage) -> FootagePage:
    """The stretch with the page after it."""
    joined = replace(_joined(stretch, page), older=stretch.older, newer=page.newer)
    if len(joined.segments) > MOST:
        joined = replace(joined, segments=joined.segments[:MOST], older=True)
    return joined


def _joined(stretch: FootagePage, page: FootagePage) -> FootagePage:
    segments = {segment.path: segment for segment in (*stretch.segments, *page.segments)}
    days = {day.began_at: day for day in (*stretch.days, *page.days)}
    return replace(
        page,
        segments=tuple(sorted(segments.values(), key=lambda one: (one.started_at, one.path), reverse=True)),
        gaps=_sorted_gaps((*stretch.gaps, *page.gaps)),
        days=tuple(sorted(days.values(), key=lambda day: day.began_at, reverse=True)),
    )


def _sorted_gaps(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    known = {(gap.started_at, gap.length_s): gap for gap in gaps}
    return tuple(sorted(known.values(), key=lambda gap: gap.started_at, reverse=True))


# --------------------------------------------------------------------------------------------------------------------
# Rows
# --------------------------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What a row is about."""

    OPEN = "open"
    """The file that is being written."""
    MISSING = "missing"
    """Nothing is being written, and why."""
    SEGMENT = "segment"
    GAP = "gap"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    kind: Kind
    key: str
    at: datetime
    """When it began."""
    until: datetime
    segment: Segment | None = None
    gap: Gap | None = None
    """Of MISSING, too."""
    opened: OpenSegment | None = None
    day: FootageDay | None = None
    lock: Lock | None = None
    """That keeps it from retention."""

    @property
    def chosen(self) -> bool:
        """Whether the cursor stops here."""
        return self.kind is not Kind.DAY


def past_rows(stretch: FootagePage, where: tzinfo | None) -> tuple[Row, ...]:
    """What is over, newest first, a heading over each day."""
    days = {day.began_at.astimezone(where).date(): day for day in stretch.days}
    headed: list[Row] = []
    before: date | None = None
    for row in _past(stretch):
        local = row.at.astimezone(where).date()
        if local != before:
            headed.append(_heading(row, local, days.get(local)))
        headed.append(row)
        before = local
    return tuple(headed)


def with_present(
    past: tuple[Row, ...], stretch: FootagePage, camera: CameraSnapshot | None, now: datetime, where: tzinfo | None
) -> tuple[Row, ...]:
    """The same with what goes on now above it, where the stretch reaches so far."""
    present = None if camera is None or stretch.newer else _present(stretch, camera, now)
    if present is None:
        return past
    local = present.at.astimezone(where).date()
    if past and past[0].at.astimezone(where).date() == local:
        return (past[0], present, *past[1:])
    return (_heading(present, local, None), present, *past)


def _heading(row: Row, local: date, day: FootageDay | None) -> Row:
    return Row(Kind.DAY, f"day {local}", row.at, row.at, day=day)


def _present(stretch: FootagePage, camera: CameraSnapshot, now: datetime) -> Row | None:
    if (opened := camera.open_segment) is not None:
        return Row(Kind.OPEN, "open", opened.started_at, now, opened=opened, lock=_lock(stretch, now, now))
    last = next((segment for segment in stretch.segments if segment.plays), None)
    since = last.ended_at if last is not None else camera.since
    length_s = (now - since).total_seconds()
    if camera.state is CameraState.RECORDING or length_s < GAP_S:
        return None
    cause = GapCause.OFF if not camera.wanted else GapCause.UNKNOWN
    why = camera.reason or f"{glyphs.WORD[camera.state]} now"
    return Row(Kind.MISSING, "open", since, now, gap=Gap(camera.id, since, length_s, cause, why))


def _past(stretch: FootagePage) -> list[Row]:
    oldest_at = stretch.oldest_at
    rows = [
        Row(
            Kind.SEGMENT, one.path, one.started_at, one.ended_at, one, lock=_lock(stretch, one.started_at, one.ended_at)
        )
        for one in stretch.segments
    ]
    rows += [
        Row(Kind.GAP, f"gap {gap.started_at.isoformat()} {gap.length_s}", gap.started_at, gap.ended_at, gap=gap)
        for gap in stretch.gaps
        if gap.length_s >= GAP_S and (oldest_at is None or gap.ended_at > oldest_at)
    ]
    return sorted(rows, key=lambda row: (row.at, row.kind is Kind.GAP), reverse=True)


def _lock(stretch: FootagePage, since: datetime, until: datetime) -> Lock | None:
    return next((lock for lock in stretch.locks if lock.since <= max(since, until) and since < lock.until), None)


# --------------------------------------------------------------------------------------------------------------------
# What is meant by a mark
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """A time of a camera that something shall be done with."""

    camera: str
    since: datetime
    until: datetime
    segments: int
    """How many of them, the open one not counted."""
    size_bytes: int
    reaches_now: bool = False
    """It ends with what is being written."""

    @property
    def length_s(self) -> float:
        """From its beginning to its end."""
        return (self.until - self.since).total_seconds()


def range_of(rows: tuple[Row, ...], camera: str) -> Range:
    """All of these rows, which lie side by side; at least one."""
    held = [row.segment for row in rows if row.segment is not None]
    return Range(
        camera,
        min(row.at for row in rows if row.chosen),
        max(row.until for row in rows if row.chosen),
        len(held),
        sum(segment.size_bytes for segment in held),
        reaches_now=any(row.kind is Kind.OPEN for row in rows),
    )


def file_name(wanted: Range, where: tzinfo | None) -> str:
    """What an export of it is called, if nothing else is wanted."""
    return f"{wanted.camera}_{wanted.since.astimezone(where):%Y%m%d_%H%M%S}.mp4"


def row_at(rows: tuple[Row, ...], at: datetime) -> int | None:
    """The row of a time: the newest that began by then, or the oldest there is; None without a row to choose."""
    chosen = [index for index, row in enumerate(rows) if row.chosen]
    return next((index for index in chosen if rows[index].at <= at), chosen[-1] if chosen else None)


def moved(at: datetime, where: tzinfo | None, *, days: int = 0, hours: int = 0) -> datetime:
    """So many days or hours on, by the clock on the wall for days."""
    local = at.astimezone(where)
    if not days:
        return at + timedelta(hours=hours)
    shifted = local.replace(tzinfo=None) + timedelta(days=days)
    return shifted.astimezone() if where is None else shifted.replace(tzinfo=where)
