"""What was measured over a time as lines of a screen: charts above each other, events, the axis, what is at the cursor.

Pure: from the answer of the recorder, the view and the size. Beside each chart stand its scale and the values at the
cursor, so that nothing depends on colour, or on reading a curve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import partial

from vmstui.footage import Gap, GapCause
from vmstui.measured import MACHINE, OWN_SUBJECTS, Column, Measured
from vmstui.model import Event, EventKind
from vmstui.quantities import bit_rate, title, written
from vmstui.stages import Stage
from vmstui.tui import glyphs
from vmstui.tui.format import day_and_clock, fit, length, short_span, width, wrap
from vmstui.tui.history_lines import KIND_ROLE
from vmstui.tui.lines import Line, Role, Span, cut
from vmstui.tui.plot import ACROSS, BLANK, Cell, Point, Signs, ceiling, curve
from vmstui.tui.time_view import TimeView, axis

LEAST_LINES = 3
"""Of a chart; those of what is counted may have one less."""
_MOST_LINES, _MOST_COUNTED = 14, 6
_RIGHT = 1
STAGES_HELD_S = 660.0
"""The recorder measures the stages of each camera every ten minutes."""
CURSOR = "│"
"""Through all charts."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One of the charts of a subject."""

    title: str
    columns: tuple[str, ...]
    """Of these the largest value counts, as a rule it is one."""
    told: Callable[[float], str]
    factor: float = 1.0
    counted: bool = False
    """A rate of what is counted: drawn as bars, and told as a number."""
    binary: bool = False
    """Of bytes: its scale is in powers of 1024."""
    least: float = 0.0
    """The scale reaches so far at least, whatever was measured: what has a whole is told on the scale of that, so that
    one camera can be compared with another and one hour with the next."""
    held_s: float = 0.0
    """Measured rarely: a value stands for so long, unless another one comes."""


def _plain(name: str, called: str = "", held_s: float = 0.0) -> Chart:
    # In percent of a whole, or of one core; what is held is a part of that, and would be hard to see beside it.
    least = 100.0 if name.endswith("_percent") and not held_s else 0.0
    told = partial(written, name)
    return Chart(called or title(name), (name,), told, binary="_bytes" in name, least=least, held_s=held_s)


def _fps(value: float) -> str:
    return f"{value:.1f} fps"


def _count(value: float) -> str:
    return f"{value:.0f}"


CAMERA = (
    _plain("cpu_percent"),
    Chart("frames", ("fps",), _fps, least=30.0),
    Chart("dropped", ("dropped_frames_per_s",), _count, counted=True),
    Chart("bitrate", ("write_bytes_per_s",), bit_rate, 8.0),
    _plain("rss_bytes"),
    Chart("warnings", ("warnings_per_s",), _count, counted=True),
    Chart("duplicated", ("duplicated_frames_per_s",), _count, counted=True),
)
_STAGES = (
    (Stage.DEMUX, "demux"),
    (Stage.DECODE, "decode"),
    (Stage.FILTER, "filter"),
    (Stage.ENCODE_RECORDING, "encode rec."),
    (Stage.ENCODE_LIVE, "encode live"),
    (Stage.ENCODE, "encode"),
    (Stage.MUX, "mux"),
    (Stage.OTHER, "other threads"),
)
PROCESS = (_plain("cpu_percent"), _plain("rss_bytes"), _plain("write_bytes_per_s"))
_MACHINE = (
    _plain("memory_used_bytes"),
    _plain("load"),
    _plain("disk_write_bytes_per_s", "disk writes"),
    _plain("disk_write_ms", "a disk write"),
    _plain("disk_busy_percent", "disk busy"),
    _plain("received_bytes_per_s", "received"),
    _plain("sent_bytes_per_s", "sent"),
    _plain("temperature_celsius"),
    _plain("steal_percent", "CPU stolen"),
    _plain("disk_read_bytes_per_s", "disk reads"),
    _plain("disk_read_ms", "a disk read"),
)


def charts_of(found: Measured | None, subject: str) -> tuple[Chart, ...]:
    """What is shown of a subject. Of the machine, what it tells; of a camera always the same, and then the stages that
    its worker was seen with."""
    known = tuple(column.name for column in found.columns) if found is not None else ()
    if subject != MACHINE:
        stages = tuple(
            _plain(stage.column, called, STAGES_HELD_S) for stage, called in _STAGES if stage.column in known
        )
        return PROCESS if subject in OWN_SUBJECTS else (*CAMERA, *stages)
    cores = tuple(name for name in known if name.startswith("core_"))
    busiest = (Chart("busiest core", cores, partial(written, "cpu_percent"), least=100.0),) if len(cores) > 1 else ()
    whole = replace(_plain("cpu_percent"), least=100.0 * max(len(cores), 1))
    gpus = tuple(_plain(name, title(name.replace("encoder_s", "s"))) for name in known if name.startswith("gpu_"))
    rest = tuple(chart for chart in _MACHINE if found is None or chart.columns[0] in known)
    return (whole, *busiest, *rest, *gpus)


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that is drawn."""

    subject: str
    found: Measured | None
    """None: nothing has been answered yet."""
    view: TimeView
    now: datetime
    where: tzinfo | None
    events: Sequence[Event] = ()
    """Oldest first."""
    gaps: Sequence[Gap] = ()
    """Times without footage."""
    first: int = 0
    """Number of the chart that is at the top."""
    signs: Signs = Signs.BRAILLE
    """Of which the curves are made."""

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From when to when is drawn. Points keep their places while time goes by."""
        return self.view.window(self.now)


def plot_cells(cells: int) -> int:
    """How wide the curves are."""
    return max(cells - gutter(cells) - _RIGHT, 10)


def gutter(cells: int) -> int:
    """Left of the curves: titles, values and scales, with their edge."""
    return 21 if cells < 70 else 24


def chart_lines(shown: Shown, cells: int, lines: int) -> list[Line]:
    """All of it, in that many cells and lines."""
    charts = charts_of(shown.found, shown.subject)
    below = _below(shown, cells, max(1, min(6, lines - 22)))
    heights = _heights(charts[shown.first :], lines - len(below))
    drawn: list[Line] = []
    for chart, height in zip(charts[shown.first :], heights, strict=False):
        drawn += _chart(shown, chart, cells, height)
    return [*drawn, *below]


def unseen(shown: Shown, cells: int, lines: int) -> int:
    """Charts that there is no room for below those that are shown."""
    charts = charts_of(shown.found, shown.subject)[shown.first :]
    below = _below(shown, cells, max(1, min(6, lines - 22)))
    return len(charts) - len(_heights(charts, lines - len(below)))


def _heights(charts: Sequence[Chart], lines: int) -> list[int]:
    """Lines of each chart, of as many as there is room for."""
    least = [LEAST_LINES - chart.counted for chart in charts]
    while least and sum(least) > max(lines, least[0]):
        least.pop()
    heights, left = list(least), lines - sum(least)
    while left > 0:
        growing = [
            n for n, height in enumerate(heights) if height < (_MOST_COUNTED if charts[n].counted else _MOST_LINES)
        ]
        if not growing:
            break
        for number in growing[:left]:
            heights[number] += 1
        left -= min(len(growing), left)
    return heights


# -- one chart ---------------------------------------------------------------------------------------------------------


def _chart(shown: Shown, chart: Chart, cells: int, lines: int) -> list[Line]:
    across = plot_cells(cells)
    points = _points(shown, chart, across * ACROSS)
    known = [point for point in points if point is not None]
    top = ceiling(max((point[2] for point in known), default=0.0), binary=chart.binary)
    rows = curve(points, max(top, chart.least), lines, shown.signs)
    cursor = _cursor_cell(shown, across)
    edge = "┤" if known else "│"
    told: list[Line] = [(), *_values(shown, chart)]
    drawn: list[Line] = []
    for number, row in enumerate(rows):
        left: Line = told[number] if number < len(told) else ()
        right = ""
        if number == 0:
            left = ((chart.title, Role.LABEL),)
            right = chart.told(max(top, chart.least)).replace(".0 ", " ").removesuffix(".0") if known else ""
        elif number == lines - 1 and known:
            right = "0"
        room = gutter(cells) - 1
        left = cut(left, room - len(right) - (1 if right else 0))
        used = sum(width(text) for text, _ in left)
        drawn.append(
            (
                *left,
                (right.rjust(room - used), Role.DIM),
                (edge if number in (0, lines - 1) else "│", Role.DIM),
                *_spans(row, cursor, CURSOR),
            )
        )
    return drawn


def _values(shown: Shown, chart: Chart) -> list[Line]:
    """What is known at the cursor: the value, and from the least to the most where that is more than one sample."""
    point = _point_at(shown, chart, shown.view.at(shown.now))
    if point is None:
        return [((glyphs.DASH, Role.DIM),)]
    low, mean, high = (chart.told(value) for value in point)
    if chart.counted and shown.found is not None:
        return [((f"{mean} in {short_span(shown.found.step_s)}", Role.STRONG if point[1] > 0 else Role.DIM),)]
    value: Line = ((mean, Role.STRONG),)
    if low == high:
        return [value]
    numbers, units = zip(*(one.partition(" ")[::2] for one in (low, mean, high)), strict=True)
    if len(set(units)) == 1:
        low, _, high = numbers
    return [value, ((f"{low} {glyphs.DASH} {high}", Role.DIM),)]


def _spans(row: Sequence[Cell], cursor: int | None, through: str = "") -> Line:
    """Cells as spans, as few as can be; the cursor is drawn as what goes `through` it all, or as what is there."""
    spans: list[Span] = []
    text, role = "", Role.TEXT
    for number, cell in enumerate(row):
        sign, of = cell
        if number == cursor:
            sign, of = through or sign, Role.KEY
        if of is not role and text:
            spans.append((text, role))
            text = ""
        text, role = text + sign, of
    return (*spans, (text, role)) if text else tuple(spans)


def _points(shown: Shown, chart: Chart, count: int) -> list[Point | None]:
    """A point for each column of dots."""
    since, until = shown.window
    step_s = (until - since).total_seconds() / count
    # As multiples of a step, so that what is drawn does not shimmer while time goes by.
    first_s = since.timestamp() // step_s * step_s
    picks = _picks(shown.found, chart)
    return [_picked(shown.found, picks, chart, first_s + (number + 0.5) * step_s) for number in range(count)]


def _point_at(shown: Shown, chart: Chart, at: datetime) -> Point | None:
    """At an instant; at the edge of what is followed, the newest that is known."""
    picks, at_s = _picks(shown.found, chart), at.timestamp()
    if shown.found is None:
        return None
    newest = shown.view.until is None and shown.view.cursor is None
    for back in range(8 if newest else 1):
        if (point := _picked(shown.found, picks, chart, at_s - back * shown.found.step_s)) is not None:
            return point
    return None


def _picks(found: Measured | None, chart: Chart) -> list[Column]:
    if found is None:
        return []
    columns = [column for name in chart.columns if (column := found.column(name)) is not None]
    points = int(chart.held_s // found.step_s)
    return [_held(column, points) for column in columns] if points else columns


def _held(column: Column, points: int) -> Column:
    """With each value on the unknown points after it."""

    def filled(values: Sequence[float | None]) -> tuple[float | None, ...]:
        made: list[float | None] = []
        last, left = None, 0
        for value in values:
            last, left = (value, points) if value is not None else (last, left - 1)
            made.append(last if left >= 0 else None)
        return tuple(made)

    return replace(column, minimum=filled(column.minimum), mean=filled(column.mean), maximum=filled(column.maximum))


def _picked(found: Measured | None, picks: Sequence[Column], chart: Chart, at_s: float) -> Point | None:
    if found is None:
        return None
    index = int((at_s - found.since.timestamp()) // found.step_s)
    best: Point | None = None
    for column in picks:
        if 0 <= index < len(column.mean):
            low, mean, high = column.minimum[index], column.mean[index], column.maximum[index]
            if low is not None and mean is not None and high is not None and (best is None or mean > best[1]):
                best = (low, mean, high)
    if best is None:
        return None
    if chart.counted:
        number = best[1] * found.step_s
        return number, number, number
    return best[0] * chart.factor, best[1] * chart.factor, best[2] * chart.factor


# -- below the charts --------------------------------------------------------------------------------------------------

_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            EventKind.ALARM, EventKind.OFFLINE, EventKind.NO_START, EventKind.EXIT, EventKind.WATCHDOG,
            EventKind.FALLBACK, EventKind.HOLD, EventKind.BACK, EventKind.STOP, EventKind.START, EventKind.CHANGEOVER,
            EventKind.HEALTHY, EventKind.INCIDENT, EventKind.COMMAND, EventKind.ADOPT, EventKind.SEGMENT,
            EventKind.RETENTION,
        )
    )
}  # fmt: skip
"""Which event of several stands in the one cell they have."""
_QUIET = frozenset({EventKind.RETENTION})
"""Deleting old footage is a matter of every few minutes on a full disk."""


def marked(events: Sequence[Event]) -> list[Event]:
    """Events that the charts show."""
    return [event for event in events if event.kind not in _QUIET]


def _below(shown: Shown, cells: int, most: int) -> list[Line]:
    left, across = gutter(cells), plot_cells(cells)
    since, until = shown.window
    cursor = _cursor_cell(shown, across)
    marks: list[Cell] = [BLANK] * across
    for gap in shown.gaps:
        first, last = (_cell(at, since, until, across) for at in (gap.started_at, gap.ended_at))
        sign = (glyphs.UNWANTED, Role.OFF) if gap.cause is GapCause.OFF else (glyphs.GAP, Role.BAD)
        if gap.started_at < until and gap.ended_at > since:
            for number in range(max(first, 0), min(last, across - 1) + 1):
                marks[number] = sign
    for event in sorted(marked(shown.events), key=lambda event: -_RANK.get(event.kind, 0)):
        if since <= event.at <= until:
            role = KIND_ROLE[event.kind] if event.kind is not EventKind.ALARM else Role.BAD
            marks[min(_cell(event.at, since, until, across), across - 1)] = glyphs.EVENT[event.kind], role
    line = axis(since, until, shown.where, across)
    axis_spans: Line = ((line, Role.DIM),)
    if cursor is not None:
        axis_spans = ((line[:cursor], Role.DIM), ("↑", Role.KEY), (line[cursor + 1 :], Role.DIM))
    if shown.subject in OWN_SUBJECTS:
        return [((" " * left, Role.TEXT), *axis_spans)]
    return [
        ((fit("events", left - 1), Role.LABEL), ("│", Role.DIM), *_spans(marks, cursor)),
        ((" " * left, Role.TEXT), *axis_spans),
        *_at_cursor(shown, cells, most),
    ]


def _at_cursor(shown: Shown, cells: int, most: int) -> list[Line]:
    """What happened then, in words."""
    at = shown.view.at(shown.now)
    since, until = shown.window
    half = timedelta(seconds=(until - since).total_seconds() / plot_cells(cells) / 2)
    told: list[Line] = []
    for gap in shown.gaps:
        if gap.started_at <= at + half and gap.ended_at >= at - half:
            why = f": {gap.detail}" if gap.detail else ""
            sign = glyphs.UNWANTED if gap.cause is GapCause.OFF else glyphs.GAP
            role = Role.OFF if gap.cause is GapCause.OFF else Role.BAD
            words = f"{sign} no footage from {day_and_clock(gap.started_at, shown.where)} for {length(gap.length_s)}"
            told += [((line, role),) for line in wrap(f"{words} ({gap.cause}{why})", cells)]
    for event in marked(shown.events):
        if at - half <= event.at <= at + half:
            when = day_and_clock(event.at, shown.where)
            head = f"{when} {glyphs.EVENT[event.kind]} {event.kind}: "
            first, *rest = wrap(event.text, max(cells - width(head), 20))
            told.append(((head, KIND_ROLE[event.kind]), (first, Role.TEXT)))
            told += [((" " * width(head) + line, Role.TEXT),) for line in rest]
    if not told:
        told = [(("nothing happened at the cursor", Role.DIM),)]
    if len(told) > most:
        more = f" (+{len(told) - most} more lines)"
        told = [*told[: most - 1], (*cut(told[most - 1], cells - len(more)), (more, Role.DIM))]
    return [cut(line, cells) for line in told]


def _cell(at: datetime, since: datetime, until: datetime, across: int) -> int:
    return int((at - since).total_seconds() / max((until - since).total_seconds(), 1e-9) * across)


def _cursor_cell(shown: Shown, across: int) -> int | None:
    """None where nobody has moved it: it is at the edge then."""
    if shown.view.cursor is None:
        return None
    return min(max(_cell(shown.view.at(shown.now), *shown.window, across), 0), across - 1)


def head_line(shown: Shown, cells: int, state: Span) -> Line:
    """From when to when, how finely, where the cursor is, and whether it is now."""
    since, until = shown.window
    year = 0 if cells >= 100 else len("2025-")
    begun, end, at = (day_and_clock(one, shown.where)[year:] for one in (since, until, shown.view.at(shown.now)))
    if since.astimezone(shown.where).date() == until.astimezone(shown.where).date():
        end, at = end[-8:], at[-8:]
    parts: list[Span] = [(f"{begun[:-3]} to {end[:-3]}", Role.TEXT), (f" {glyphs.DOT} {shown.view.words}", Role.DIM)]
    if shown.found is not None:
        parts.append((f" {glyphs.DOT} {short_span(shown.found.step_s)} a point", Role.DIM))
    parts += [
        (f" {glyphs.DOT} at ", Role.DIM),
        (at, Role.KEY),
        (f" {glyphs.DOT} " if state[0] else "", Role.DIM),
        state,
    ]
    return cut(tuple(parts), cells)
