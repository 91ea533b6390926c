"""How much of a time was recorded. Pure: from gaps to seconds and a share.

The accounting of a camera begins with its first segment ever and reaches to the end of its last one: what comes after
that is not closed yet, or is a gap that nobody can tell the length of. Time in which nobody wanted it recorded counts
for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vmstui.footage import Gap


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
    camera: str, gaps: Iterable[Gap], since: datetime, until: datetime, first_at: datetime, last_at: datetime
) -> Account:
    """`first_at` is the beginning of the first segment ever, `last_at` the end of the last one."""
    since, until = max(since, first_at), min(until, last_at)
    lost_s = off_s = 0.0
    count = 0
    for gap in gaps:
        within_s = (min(gap.ended_at, until) - max(gap.started_at, since)).total_seconds()
        if within_s <= 0:
            continue
        if gap.lost:
            lost_s += within_s
            count += 1
        else:
            off_s += within_s
    whole_s = max(0.0, (until - since).total_seconds())
    return Account(camera, since, max(since, until), max(0.0, whole_s - lost_s - off_s), lost_s, off_s, count)


def spoken(percent: float | None) -> str:
    """`99.98 %`; never rounded up to a hundred while anything was lost."""
    if percent is None:
        return "–"
    if percent >= 100.0:
        return "100 %"
    return f"{min(percent, 99.99):.2f} %"
