"""Which time is looked at, how far, and where the cursor is: pure, moved by keys.

Following (`until` None) the right edge is now. Whatever is asked for, nothing later than now is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from vmstui.spoken import short_span

SPANS_S = (600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
_TICKS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 2 * 86_400, 7 * 86_400)
_TICK_CELLS = 9
"""At least between two marks of the axis."""
_EPOCH = datetime(1970, 1, 1)
_FIRST_S = 31 * 86_400.0
"""Nothing was measured earlier, and no window reaches back beyond the epoch, which cannot be asked for."""


@dataclass(frozen=True, slots=True)
class TimeView:
    """A stretch of time."""

    span_s: int = SPANS_S[1]
    until: datetime | None = None
    """Its right edge; None: now, and it goes on."""
    cursor: datetime | None = None
    """None: at the right edge."""

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """From when to when."""
        until = self.until or now
        return until - timedelta(seconds=self.span_s), until

    def at(self, now: datetime) -> datetime:
        """Where the cursor is."""
        since, until = self.window(now)
        return min(max(self.cursor or until, since), until)

    def moved(self, by: float, now: datetime) -> TimeView:
        """By that part of the span, the cursor with it."""
        step = timedelta(seconds=self.span_s * by)
        until = _bounded(self.until or now, step, now)
        if until >= now:
            return replace(self, until=None, cursor=None)
        at = self.at(now) + step
        return replace(self, until=until, cursor=min(max(at, until - timedelta(seconds=self.span_s)), until))

    def zoomed(self, by: int, now: datetime) -> TimeView:
        """To the next longer (1) or shorter (-1) span; the cursor stays where it is on the screen."""
        index = min(max(SPANS_S.index(self.span_s) + by, 0), len(SPANS_S) - 1)
        if self.until is None and self.cursor is None:
            return replace(self, span_s=SPANS_S[index])
        at, (_, until) = self.at(now), self.window(now)
        right = (until - at).total_seconds() / self.span_s
        wanted = at + timedelta(seconds=right * SPANS_S[index])
        return TimeView(SPANS_S[index], wanted if wanted < now else None, at)

    def seeking(self, at: datetime, now: datetime) -> TimeView:
        """With that time under the cursor, in the middle where it can be."""
        at = _bounded(min(at, now), timedelta(0), now)
        until = at + timedelta(seconds=self.span_s / 2)
        return TimeView(self.span_s, until if until < now else None, at)

    def following(self) -> TimeView:
        """At now again."""
        return TimeView(self.span_s)

    def stepped(self, cells: int, cell_s: float, now: datetime) -> TimeView:
        """The cursor by so many cells; at an edge, time moves beneath it."""
        since, until = self.window(now)
        at = self.at(now) + timedelta(seconds=cells * cell_s)
        if at >= now:
            return self.following()
        if at < since or at > until:
            moved = self.moved(-0.25 if at < since else 0.25, now)
            since, until = moved.window(now)
            return replace(moved, cursor=min(max(at, since), until))
        return replace(self, cursor=at)

    def showing(self, at: datetime, now: datetime) -> TimeView:
        """The cursor on a time, moving the window only if it is not in it."""
        since, until = self.window(now)
        return replace(self, cursor=at) if since <= at <= until else self.seeking(at, now)

    @property
    def words(self) -> str:
        """`10 min`, `24 h`, `7 d`."""
        return "24 h" if self.span_s == 86_400 else short_span(self.span_s)


def axis(since: datetime, until: datetime, where: tzinfo | None, cells: int) -> str:
    """The marks of the axis in that many cells: times of the day, dates where another day begins."""
    if cells <= 0:
        return ""
    span_s = (until - since).total_seconds()
    cell_s = span_s / cells
    tick_s = next((tick for tick in _TICKS_S if tick >= cell_s * _TICK_CELLS), _TICKS_S[-1])
    labels = [" "] * cells
    free, before, day = 0, None, None
    for cell in range(cells + 1):
        local = (since + timedelta(seconds=cell * cell_s)).astimezone(where)
        offset = local.utcoffset() or timedelta(0)
        index = int((local.timestamp() + offset.total_seconds()) // tick_s)
        if before is not None and index != before and cell - 1 >= free and cell <= cells:
            begun = _EPOCH + timedelta(seconds=index * tick_s)  # of local time
            text = f"│{begun:%m-%d}" if begun.date() != day and (day or tick_s >= 86_400) else f"│{begun:%H:%M}"
            day = begun.date()
            start = cell - 1
            if start + len(text) <= cells:
                labels[start : start + len(text)] = text
                free = start + len(text) + 1
        day = day or local.date()
        before = index
    return "".join(labels)


def _bounded(at: datetime, step: timedelta, now: datetime) -> datetime:
    """Moved, and never before anything could be."""
    try:
        moved = at + step
    except OverflowError:
        return at
    if moved.timestamp() < _FIRST_S:
        return datetime.fromtimestamp(_FIRST_S, now.tzinfo)
    return min(moved, now)
