"""How much was recorded of one camera, as lines of its details: pure, from what the recorder tells, for a given width.

The shares of today and of the last day, the strip of that day with its times, and each stretch that was lost, with its
beginning, its length and its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from vmstui.footage import Gap, GapCause
from vmstui.footage_accounts import Account, CameraFootage, FootageReport, percent_text
from vmstui.tui import glyphs
from vmstui.tui.actions import key_of
from vmstui.tui.day_strip import NEARLY_ALL, axis, legend, strip_line, widest
from vmstui.tui.format import clock, flow, length, plural, span, wrap
from vmstui.tui.lines import Line, Role, Span, cut, lines_of
from vmstui.tui.losing import Losing, with_loss

MOST_GAPS = 12
"""Are listed; all there are can be browsed."""

_CAUSE = 24
"""Cells that a cause needs to be read beside a gap."""


@dataclass(frozen=True, slots=True)
class LastDay:
    """What is known of the last day of one camera."""

    report: FootageReport
    footage: CameraFootage
    gaps: tuple[Gap, ...] | None = None
    """Of that time and catalogued, newest first; None where they were not told."""
    losing: Losing | None = None
    """What is being lost now, beyond the report; None: nothing."""

    @property
    def losses(self) -> tuple[Gap, ...]:
        """All in which something was lost, newest first; what goes on may be catalogued meanwhile."""
        settled = self.gaps or ()
        ongoing = [
            gap
            for gap in self.footage.going_on
            if not any(one.started_at < gap.ended_at and gap.started_at < one.ended_at for one in settled)
        ]
        return tuple(gap for gap in (*reversed(ongoing), *settled) if gap.lost and gap.ended_at > self.report.since)


def footage_lines(day: LastDay, where: tzinfo | None, cells: int, label_cells: int) -> list[Line]:
    """The lines, with labels in front of them that take so many cells."""
    room = cells - label_cells
    lines: list[Line] = []
    if (today := day.footage.today) is not None:
        lines += _account("today", today, day.losing, room, label_cells)
    if day.losing is not None:
        words = "not recording since" if day.losing.certain else "nothing was written since"
        role = Role.BAD if day.losing.certain else Role.WARN
        lines += _block("", [f"{words} {_begun(day.losing.since, day.report.at, where)}"], role, label_cells)
    if (last_day := day.footage.last_day) is not None:
        lines += _account("24 hours", last_day, day.losing, room, label_cells)
    lines += _strip(day, where, cells, label_cells)
    if day.report.trouble:
        lines += _block("", wrap(day.report.trouble, room), Role.WARN, label_cells)
    return [*lines, *_losses(day, where, room, label_cells)]


def _account(label: str, reported: Account, loss: Losing | None, room: int, label_cells: int) -> list[Line]:
    account = with_loss(reported, loss)
    percent = account.percent
    facts = [] if percent is None else [f"{percent_text(percent)}"]
    facts.append(f"{length(account.recorded_s)} recorded")
    if account.lost_s > 0:
        facts.append(f"{length(account.lost_s)} lost in {plural(account.gaps, 'gap')}")
    elif percent is not None and loss is None:
        facts.append("nothing lost")
    if account.off_s >= 1.0:
        facts.append(f"{length(account.off_s)} not wanted")
    role = Role.WARN if percent is not None and percent < NEARLY_ALL else Role.TEXT
    return _block(label, flow(facts, room), role, label_cells)


def _strip(day: LastDay, where: tzinfo | None, cells: int, label_cells: int) -> list[Line]:
    strip, width = day.footage.strip, widest(cells)
    if not width:
        return []
    # A strip that is twice as fine is worth some of the cells in front of it.
    margin: Span = (" " * min(label_cells, cells - width), Role.TEXT)
    count = sum(run.count for run in strip)
    times = axis(day.report.since, day.report.cell_s, count, width, where)
    each = f"a sign is {span(day.report.cell_s * max(-(-count // width), 1))}"
    words: list[Line] = [*legend(strip), ((each, Role.DIM),)]
    return [
        (margin, *strip_line(strip, width)),
        (margin, (times, Role.LABEL)),
        *((margin, *line) for line in lines_of(words, cells - len(margin[0]), ("  ", Role.DIM))),
    ]


def _losses(day: LastDay, where: tzinfo | None, room: int, label_cells: int) -> list[Line]:
    losses = day.losses
    lines: list[Line] = []
    told = [(gap, _begun(gap.started_at, day.report.at, where), _length(gap, day.report.at)) for gap in losses]
    told = told[:MOST_GAPS]
    begun_cells = max((len(begun) for _, begun, _ in told), default=0)
    length_cells = max((len(lasted) for _, _, lasted in told), default=0)
    for gap, begun, lasted in told:
        head = f"{glyphs.GAP} {begun:>{begun_cells}}  {lasted:<{length_cells}}  "
        label = _label("" if lines else "lost", label_cells)
        beside = room - len(head) >= _CAUSE  # else it is told below
        first, *rest = wrap(cause_words(gap), room - len(head) if beside else room - 2)
        margin = " " * len(head) if beside else "  "
        lines.append(cut((label, (head, Role.WARN), *(((first, Role.TEXT),) if beside else ())), label_cells + room))
        below = rest if beside else [first, *rest]
        lines += [(_label("", label_cells), (margin + line, Role.TEXT)) for line in below]
    counted = day.footage.last_day.gaps if day.footage.last_day is not None else 0
    if (more := max(counted, len(losses)) - min(len(losses), MOST_GAPS)) > 0:
        words = f"{'and ' if lines else ''}{plural(more, 'gap')} more; "
        words += f"{key_of('view.segments')} shows them among the segments"
        lines += _block("" if lines else "lost", wrap(words, room), Role.DIM, label_cells)
    return lines


def _begun(at: datetime, now: datetime, where: tzinfo | None) -> str:
    same_day = at.astimezone(where).date() == now.astimezone(where).date()
    return f"{'' if same_day else 'yesterday '}{clock(at, where)}"


def _length(gap: Gap, now: datetime) -> str:
    goes_on = gap.ended_at >= now - timedelta(seconds=1)
    return f"{length(gap.length_s)}{' so far' if goes_on else ''}"


def cause_words(gap: Gap) -> str:
    """Why nothing was recorded, in a line."""
    told = gap.detail if gap.cause in {GapCause.OFF, GapCause.UNKNOWN} else ""
    return told or ": ".join(filter(None, (gap.cause.value, gap.detail)))


def _label(text: str, cells: int) -> Span:
    return f"{text:<{cells}}", Role.LABEL


def _block(label: str, lines: Sequence[str], role: Role, label_cells: int) -> list[Line]:
    return [(_label(label if index == 0 else "", label_cells), (line, role)) for index, line in enumerate(lines)]
