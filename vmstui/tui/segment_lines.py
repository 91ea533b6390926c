"""The rows of a camera's footage as lines, for a given width. Pure.

In front of each are two cells: the cursor, and the mark of a range.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from vmstui.footage import GapCause, SegmentVerdict
from vmstui.footage_accounts import FootageDay
from vmstui.tui import glyphs
from vmstui.tui.format import clock, fit, plural, size, span, tail, timer
from vmstui.tui.lines import Line, Role, Span, cut, width_of
from vmstui.tui.stretch import Kind, Row

VERDICT_ROLE = {
    SegmentVerdict.GOOD: Role.OK,
    SegmentVerdict.PARTIAL: Role.WARN,
    SegmentVerdict.SUSPECT: Role.WARN,
    SegmentVerdict.BROKEN: Role.BAD,
}
WIDE = 100
"""Cells from which a segment shows codec and picture size as well."""
_LOCK = 8
_PICTURE = 17


def title_line(cells: int) -> Line:
    """The headings over the rows."""
    picture = "picture".ljust(_PICTURE) if cells - 2 >= WIDE else ""
    titles = f"  {'start':<8}  {'length':>7}  {'size':>6}  {'check':<10} {'kept':<{_LOCK}}{picture}file"
    return ((fit(titles, cells), Role.LABEL),)


def row_line(row: Row, where: tzinfo | None, now: datetime, cells: int, *, cursor: bool, marked: bool) -> Line:
    """A row in that many cells."""
    mark: Span = (glyphs.MARK if marked else " ", Role.BUSY)
    head: Line = ((glyphs.CURSOR if cursor else " ", Role.KEY), mark)
    if row.kind is Kind.DAY:
        return cut((("  ", Role.TEXT), *_day(row.day, row.at.astimezone(where))), cells)
    body = _segment(row, where, cells - width_of(head)) if row.segment is not None else _other(row, where, now)
    return cut((*head, *body), cells)


def day_words(day: FootageDay) -> str:
    """What there is of a day, and what not."""
    facts = [f"{span(day.recorded_s)} recorded", size(day.size_bytes), plural(day.segments, "segment")]
    if day.losses:
        facts.append(f"{plural(day.losses, 'gap')} of {span(day.lost_s)} in all")
    return f" {glyphs.DOT} ".join(facts)


def _day(day: FootageDay | None, at: datetime) -> Line:
    name: Span = (f"{at:%a %Y-%m-%d}", Role.STRONG)
    return (name,) if day is None else (name, (f"  {day_words(day)}", Role.DIM))


def _figures(row: Row, where: tzinfo | None, length_s: float, size_bytes: int | None) -> Span:
    shown = size(size_bytes) if size_bytes is not None else ""
    return f"{clock(row.at, where)}  {timer(length_s):>7}  {shown:>6}  ", Role.TEXT


def _kept(row: Row) -> Span:
    return fit(f"lock {row.lock.id}" if row.lock is not None else "", _LOCK), Role.BUSY


def _segment(row: Row, where: tzinfo | None, cells: int) -> Line:
    segment = row.segment
    assert segment is not None
    role = VERDICT_ROLE[segment.verdict]
    sign: Span = (f"{glyphs.VERDICT[segment.verdict]} {segment.verdict.value:<8} ", role)
    picture = fit(f"{segment.codec} {segment.width}x{segment.height}", _PICTURE)
    # Where there is room for one of both: why it is not good; its name tells little more than its time.
    why: Line = ((f"{segment.reason}  ", role),) if segment.reason else ()
    told: Line = (
        _figures(row, where, segment.duration_s, segment.size_bytes),
        sign,
        _kept(row),
        *(((picture, Role.DIM),) if cells >= WIDE else ()),
        *why,
    )
    # All names of a camera begin alike.
    return (*told, (tail(segment.path.rpartition("/")[2], cells - width_of(told)), Role.DIM))


def _other(row: Row, where: tzinfo | None, now: datetime) -> Line:
    if row.opened is not None:
        length_s = (now - row.opened.started_at).total_seconds()
        figures = _figures(row, where, length_s, row.opened.size_bytes)
        return figures, (f"{glyphs.OPEN} {'open':<8} ", Role.BUSY), _kept(row), ("being written", Role.DIM)
    gap = row.gap
    assert gap is not None
    off = gap.cause is GapCause.OFF
    role = Role.OFF if off else Role.WARN
    word = "off" if off else "now" if row.kind is Kind.MISSING else "gap"
    sign: Span = (f"{glyphs.UNWANTED if off else glyphs.GAP} {word:<8} ", role)
    told = gap.detail if off or gap.cause is GapCause.UNKNOWN else ""
    why = told or ": ".join(filter(None, (gap.cause.value, gap.detail)))
    return _figures(row, where, gap.length_s, None), sign, (why, role)
