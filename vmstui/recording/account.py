"""How much of a time was recorded. Pure: from gaps to seconds and a share.

Recorded is what segments hold, lost what gaps say; what comes after the last segment is neither yet: it is not closed,
or is a gap that still goes on. Time in which nobody wanted it recorded counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vmstui.footage import Gap, Segment


@dataclass(frozen=True, slots=True)
class Account:
    """Of one camera over a time. `recorded_s` and `lost_s` together are the time in which it should have recorded."""

    camera: str
    since: datetime
    until: datetime
    recorded_s: float
    lost_s: float
    off_s: float
    """Not wanted."""
    gaps: int
    """Those in which something was lost."""

    @property
    def percent(self) -> float | None:
        """What was recorded of what should have been; None where nothing should have been."""
        wanted_s = self.recorded_s + self.lost_s
        return 100.0 * self.recorded_s / wanted_s if wanted_s > 0 else None


def account(
    camera: str, segments: Iterable[Segment], gaps: Iterable[Gap], since: datetime, until: datetime
) -> Account | None:
    """From the footage and the gaps that overlap a time; None where there is neither."""
    footage, missing = sorted(segments, key=lambda one: one.started_at), list(gaps)
    recorded_s, reached = 0.0, since
    for segment in footage:
        begin, end = max(segment.started_at, reached), min(segment.ended_at, until)
        if segment.plays and end > begin:  # each moment once, also where generations overlap
            holes_s = sum(hole.length_s for hole in segment.holes) if begin == segment.started_at else 0.0
            recorded_s += max(0.0, (end - begin).total_seconds() - holes_s)
            reached = end
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
    return Account(camera, since, until, recorded_s, lost_s, off_s, count)


def spoken(percent: float | None) -> str:
    """`99.98 %`; never rounded up to a hundred while anything was lost."""
    if percent is None:
        return "–"
    if percent >= 100.0:
        return "100 %"
    return f"{min(percent, 99.99):.2f} %"
