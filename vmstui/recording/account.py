"""How much of a time was recorded. Pure: from gaps to seconds and a share.

Recorded is what segments hold, lost what gaps say; what comes after the last segment is neither yet: it is not closed,
or is a gap that still goes on. Time in which nobody wanted it recorded counts for nothing. `ledger` has the same in
cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from vmstui.footage import Gap, Hole, Segment
from vmstui.footage_accounts import Account
from vmstui.recording.catalogue_rows import micros

MICROS = 1_000_000
"""In a second; stretches of time are whole microseconds here, so that parts of them add up to the whole."""


def account(
    camera: str, segments: Iterable[Segment], gaps: Iterable[Gap], since: datetime, until: datetime
) -> Account | None:
    """From the footage and the gaps that overlap a time; None where there is neither."""
    footage, missing = sorted(segments, key=lambda one: one.started_at), list(gaps)
    reached_us, until_us = micros(since), micros(until)
    recorded_us = 0
    for segment in footage:
        if segment.plays:
            started_us, ended_us = micros(segment.started_at), min(micros(segment.ended_at), until_us)
            for begin_us, end_us in pieces(started_us, ended_us, segment.holes, reached_us):
                recorded_us += end_us - begin_us
            reached_us = max(reached_us, ended_us)
    lost_s = off_s = 0.0
    count = 0
    for gap in missing:
        within_s = (min(gap.ended_at, until) - max(gap.started_at, since)).total_seconds()
        if within_s <= 0:
            continue
        if gap.lost:
            lost_s += within_s
            count += 1
        else:
            off_s += within_s
    if not footage and not missing:
        return None
    return Account(camera, since, until, recorded_us / MICROS, lost_s, off_s, count)


def pieces(started_us: int, ended_us: int, holes: Sequence[Hole], reached_us: int) -> Iterator[tuple[int, int]]:
    """What a segment holds beyond what earlier ones reached, without its holes: each moment counts once, also where
    generations overlap."""
    begin_us = max(started_us, reached_us)
    for hole in holes:
        hole_us = started_us + round(hole.offset_s * MICROS)
        if begin_us < min(hole_us, ended_us):
            yield begin_us, min(hole_us, ended_us)
        begin_us = max(begin_us, hole_us + round(hole.length_s * MICROS))
    if begin_us < ended_us:
        yield begin_us, ended_us
