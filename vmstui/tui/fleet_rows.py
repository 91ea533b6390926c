"""The fleet table as data: which columns fit, which cameras in which order, what each cell says.

`widgets.fleet_table` only draws this. A camera that records gets its numbers; one that does not gets the reason across
the columns that would be empty, since that is what the person came to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from vmstui.configured import OutputKind
from vmstui.findings import Incident
from vmstui.footage import SegmentVerdict
from vmstui.model import CameraSnapshot, CameraState, OutputState, RecorderSnapshot
from vmstui.tui import glyphs
from vmstui.tui.day_strip import NARROWEST, Strips, widest
from vmstui.tui.format import clock, cpu, fit, plural, short_span, size, timer, tiny_span, width, zone
from vmstui.tui.lines import Line, Role, Span
from vmstui.tui.severity import camera_span, rank
from vmstui.tui.spark import WINDOW_S, spark
from vmstui.tui.verdict import NO_GROWTH_S, failing, health, incidents_of

STATE_ROLE = {
    CameraState.RECORDING: Role.OK,
    CameraState.STARTING: Role.BUSY,
    CameraState.STOPPING: Role.BUSY,
    CameraState.STOPPED: Role.OFF,
    CameraState.HELD: Role.BAD,
    CameraState.BACKOFF: Role.BAD,
    CameraState.FAILING: Role.PILL_BAD,
    CameraState.STALLED: Role.BAD,
    CameraState.AUTH_FAILED: Role.BAD,
    CameraState.CONFIG_ERROR: Role.BAD,
    CameraState.UNKILLABLE: Role.BAD,
}

REASON_ROLE = STATE_ROLE | {CameraState.FAILING: Role.BAD}
"""Of the sentence that explains a state; a whole row as a pill could not be read."""

OUTPUT_ROLE = {
    OutputState.UP: Role.OK,
    OutputState.DOWN: Role.WARN,
    OutputState.OFF: Role.OFF,
    OutputState.UNKNOWN: Role.DIM,
}


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a cell may need beyond its camera."""

    now: datetime
    where: tzinfo | None = None
    cpu: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    ticks: int = 1
    notes: Mapping[str, str] = field(default_factory=dict)
    """Per camera, what was just asked of it and has not shown in its state yet."""
    strips: Strips | None = None
    """How much was recorded; None while nothing is known of it."""
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    """Per camera, the one that goes on with it."""


Cell = Callable[[CameraSnapshot, RowContext, int], Span]
Parts = Callable[[CameraSnapshot, RowContext, int], Line]
"""A cell of several spans, together as wide as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `keep` says how long it stays when the terminal gets narrow: the greatest goes first."""

    key: str
    title: str
    cells: int
    keep: int
    cell: Cell
    right: bool = False
    parts: Parts | None = None
    """In place of `cell`."""
    always: bool = False
    """It has something to say also of a camera that does not record."""
    extra: bool = False
    """It is there only where it is asked for."""
    name: str = ""
    """What it is called in commands, where that is not its key."""

    @property
    def called(self) -> str:
        """Its name in commands and sentences."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with the width it got."""

    column: Column
    cells: int


def state_span(camera: CameraSnapshot, now: datetime, note: str = "") -> Span:
    """Glyph and word of a state; in back-off, when it is tried again; of one that is failing, for how long."""
    word = note or glyphs.WORD[camera.state]
    if not note and camera.next_start_at and camera.state is CameraState.BACKOFF:
        left_s = (camera.next_start_at - now).total_seconds()
        word = f"retry {short_span(left_s)}" if left_s > 0 else "retrying"
    elif not note and camera.failing_since and camera.state is CameraState.FAILING:
        word = f"{word} {tiny_span((now - camera.failing_since).total_seconds())}"
    return f"{glyphs.STATE[camera.state]} {word}", STATE_ROLE[camera.state]


def _state(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return state_span(camera, context.now, context.notes.get(camera.id, ""))


def _name(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return camera.name, Role.NAME


def _cpu(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    percent = camera.sample.cpu_percent if camera.sample else None
    return cpu(percent), Role.DIM if percent is None else Role.TEXT


def _spark(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return spark(context.cpu.get(camera.id, ()), cells, context.ticks), Role.SPARK


def _fps(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return (f"{camera.progress.fps:.0f}", Role.TEXT) if camera.progress else (glyphs.DASH, Role.DIM)


def _speed(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return (f"{camera.progress.speed:.2f}x", Role.TEXT) if camera.progress else (glyphs.DASH, Role.DIM)


def bitrate_bps(camera: CameraSnapshot) -> float | None:
    """Of its last segment; None where there is none."""
    segment = camera.last_segment
    return segment.size_bytes * 8 / segment.duration_s if segment is not None and segment.duration_s > 0 else None


def _bitrate(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    rate = bitrate_bps(camera)
    return (f"{rate / 1e6:.2f}", Role.TEXT) if rate is not None else (glyphs.DASH, Role.DIM)


def _open(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    segment = camera.open_segment
    if segment is None:
        return glyphs.DASH, Role.DIM
    stuck = (context.now - segment.grew_at).total_seconds() >= NO_GROWTH_S
    age = timer((context.now - segment.started_at).total_seconds())
    return f"{age}{'!' if stuck else ' '}{size(segment.size_bytes):>6}", Role.WARN if stuck else Role.TEXT


def _last(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    segment = camera.last_segment
    if segment is None:
        return glyphs.DASH, Role.DIM
    sign = "" if segment.verdict is SegmentVerdict.GOOD else glyphs.VERDICT[segment.verdict]
    words = f"{clock(segment.started_at, context.where)}{sign or ' '}{size(segment.size_bytes):>6}"
    return words, Role.WARN if sign else Role.TEXT


def _last_name(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return (camera.last_segment.path.rpartition("/")[2], Role.DIM) if camera.last_segment else ("", Role.DIM)


def _live(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    output = camera.output(OutputKind.LIVE)
    if output is None:
        return f"{glyphs.DASH} none", Role.DIM
    readers = f" {output.readers}" if output.readers and output.state is OutputState.UP and cells > 6 else ""
    word = "?" if output.state is OutputState.UNKNOWN else output.state.value + readers
    return f"{glyphs.OUTPUT[output.state]} {word}" if word != "?" else "?", OUTPUT_ROLE[output.state]


def _pid(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return (str(camera.pid), Role.DIM) if camera.pid else (glyphs.DASH, Role.DIM)


def _restarts(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return str(camera.restarts), Role.TEXT if camera.restarts else Role.DIM


def _warnings(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return str(camera.warnings_per_min), Role.WARN if camera.warnings_per_min else Role.DIM


def _severity(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return camera_span(camera, cells) or (glyphs.DASH, Role.DIM)


def _today(camera: CameraSnapshot, context: RowContext, cells: int) -> Span:
    return context.strips.today(camera, context.now) if context.strips is not None else ("", Role.DIM)


def _strip(camera: CameraSnapshot, context: RowContext, cells: int) -> Line:
    return context.strips.line(camera.id, cells) if context.strips is not None else ((" " * cells, Role.TEXT),)


NAME = "name"

COLUMNS = (
    Column("state", "state", 14, 0, _state),
    Column(NAME, "camera", 10, 0, _name, name="camera"),
    Column("severity", "sv", 2, 2, _severity, always=True),
    Column("cpu", "CPU %", 5, 1, _cpu, right=True),
    Column("spark", "0–100 %", 6, 3, _spark, name="graph"),
    Column("fps", "fps", 3, 4, _fps, right=True),
    Column("speed", "speed", 6, 8, _speed, right=True),
    Column("bitrate", "Mbit/s", 6, 13, _bitrate, right=True, extra=True),
    Column("open", "open segment", 12, 1, _open),
    Column("last", "last segment", 15, 9, _last),
    Column("last_name", "last file", 36, 12, _last_name, name="file"),
    Column("live", "live", 6, 2, _live),
    Column("pid", "PID", 7, 5, _pid, right=True),
    Column("restarts", "restarts", 8, 10, _restarts, right=True),
    Column("warnings", "warn/min", 8, 11, _warnings, right=True),
    Column("today", "today", 8, 6, _today, right=True, always=True),
    Column("strip", "last 24 hours", NARROWEST, 7, _today, parts=_strip, always=True, name="24h"),
)
BY_KEY = {column.key: column for column in COLUMNS}

_GROWTH = ((NAME, 32), ("live", 8), ("strip", 144), ("severity", 10), ("spark", 30))
"""Columns that take what is left over, up to that width; the name only as far as its longest text, the strip to a width
of its own."""
WORDY = 180
"""Cells from which on severity is a word and no letter."""
_GRAPH = 12
"""Cells more than its least that a graph is to have: what the strip leaves to it."""
_ROOM_TO_GROW = NARROWEST + _GRAPH
"""A strip twice as fine and a graph that can be read come before the name of the last file, which tells little more
than its time."""


def place(
    cells: int, names: Sequence[str], *, hidden: Sequence[str] = (), wanted: Sequence[str] = (), sort: str = ""
) -> tuple[Placed, ...]:
    """The columns that fit into that many cells (one cell between them), and how wide each is.

    Those that are `wanted`, and the one that is sorted by, stay longer than others; `sort` has room for its arrow.
    """
    longest = min(max((width(name) for name in names), default=10), 32)
    wanted_name = max(min(longest, 16), 10)
    asked = {*wanted, sort}
    columns = [one for one in COLUMNS if one.key not in hidden and (not one.extra or one.key in asked)]

    def least(column: Column) -> int:
        cells_ = wanted_name if column.key == NAME else column.cells
        return max(cells_, width(column.title) + 1) if column.key == sort else cells_

    def needed() -> int:
        return sum(map(least, columns)) + len(columns) - 1

    def goes(column: Column) -> float:
        if not column.keep:
            return 0.0
        return 0.5 if column.key in asked else column.keep

    while len(columns) > 2 and needed() > cells:
        columns.remove(max(columns, key=goes))
    widths = {column.key: least(column) for column in columns}
    spare = cells - needed()
    if "last_name" in widths and spare < _ROOM_TO_GROW and "last_name" not in asked:
        columns = [column for column in columns if column.key != "last_name"]
        spare = cells - needed()
    for key, most in _GROWTH:
        if key in widths and spare > 0:
            most = {NAME: min(most, longest), "strip": widest(widths[key] + spare - _GRAPH)}.get(key, most)
            grown = min(spare, max(most - widths[key], 0))
            if key == "severity" and (cells < WORDY or widths[key] + grown < most):
                continue  # a word needs room for all of it
            widths[key] += grown
            spare -= grown
    return tuple(Placed(column, widths[column.key]) for column in columns)


def title_of(placed: Placed, arrow: str = "") -> str:
    """The header cell; that of the spark states its scale, and its window where there is room. `arrow`: which way it is
    sorted by this column."""
    title = _title(placed)
    return title + arrow if width(title + arrow) <= placed.cells else fit(title, placed.cells - len(arrow)) + arrow


def _title(placed: Placed) -> str:
    if placed.column.key == "severity" and placed.cells >= 10:
        return "severity"
    if placed.column.key == "spark" and placed.cells >= 14:
        return f"{placed.column.title}, {WINDOW_S} s"
    if width(placed.column.title) > placed.cells:
        return placed.column.title.replace(" ", "")
    return placed.column.title


def reason_of(camera: CameraSnapshot, now: datetime, incident: Incident | None = None) -> str:
    """What to say across the row instead of numbers; empty for a camera whose numbers are of use. What it has in common
    with others goes before its own words for it."""
    if camera.state is CameraState.RECORDING:
        return ""
    if camera.state is CameraState.STOPPED:
        return camera.reason or "not recorded; s starts it"
    alarm = failing(camera, now) if camera.state is not CameraState.FAILING else []
    if camera.state in {CameraState.STARTING, CameraState.STOPPING} and not camera.reason and not alarm:
        return ""
    why = camera.reason or ("" if alarm else "no reason given")
    why = f"incident: {incident.text}" if incident is not None else why
    again = plural(camera.restarts, "restart") if camera.restarts else ""
    return f" {glyphs.DOT} ".join(fact for fact in (*alarm, why, again) if fact)


def row(camera: CameraSnapshot, columns: Sequence[Placed], context: RowContext) -> list[Span]:
    """The cells, each padded to its width and the gap after it; a reason takes all that would be empty otherwise."""
    incident = context.incidents.get(camera.id)
    reason = reason_of(camera, context.now, incident)
    kept = [not reason or place_.column.keep == 0 or place_.column.always for place_ in columns]
    spare = sum(place_.cells + 1 for place_, stays in zip(columns, kept, strict=True) if not stays)
    spans: list[Span] = []
    for place_, stays in zip(columns, kept, strict=True):
        if not stays:
            if spare:
                spans.append(_reason(camera, reason, spare, shared=incident is not None))
                spare = 0
            continue
        if place_.column.parts is not None:
            spans += [*place_.column.parts(camera, context, place_.cells), (" ", Role.TEXT)]
        else:
            text, role = place_.column.cell(camera, context, place_.cells)
            spans.append((fit(text, place_.cells, right=place_.column.right) + " ", role))
    return spans


def _reason(camera: CameraSnapshot, reason: str, cells: int, *, shared: bool) -> Span:
    # What cameras share is said once, in a banner; saying it in red in every row would shout.
    role = Role.TEXT if shared or camera.state is CameraState.HELD else REASON_ROLE[camera.state]
    return fit(reason, cells - 1) + " ", role


def matches(camera: CameraSnapshot, pattern: str) -> bool:
    """Whether a filter keeps a camera: text in its name, id, state, reason, profile or worst finding; `!` first
    inverts."""
    inverse = pattern.startswith("!")
    needle = pattern[1:] if inverse else pattern
    if not needle:
        return True
    found = (camera.severity or "", camera.finding)
    words = (camera.name, camera.id, glyphs.WORD[camera.state], camera.reason, camera.profile, *found)
    haystack = "\n".join(words).casefold()
    return (needle.casefold() in haystack) is not inverse


def ordered(snapshot: RecorderSnapshot, pattern: str = "") -> tuple[CameraSnapshot, ...]:
    """The cameras to show: problems first, of equal ones those whose messages are worse, otherwise as configured."""
    kept = [camera for camera in snapshot.cameras if matches(camera, pattern)]
    return tuple(sorted(kept, key=lambda camera: (health(camera, snapshot.at), -rank(camera))))


def context_of(
    snapshot: RecorderSnapshot,
    history: Mapping[str, Sequence[float | None]],
    ticks: int,
    notes: Mapping[str, str],
    strips: Strips | None = None,
) -> RowContext:
    """The context of all rows of one snapshot."""
    return RowContext(snapshot.at, zone(snapshot.timezone), history, ticks, notes, strips, incidents_of(snapshot))
