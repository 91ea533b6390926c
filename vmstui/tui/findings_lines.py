"""How findings look: a row of the list, two lines that sum it up, and everything about it as a text. Pure.

    ✖ critical  Gate North   input      The camera refused name or password.          14    2.0   8s

What it means stands where there is most room; what it says word for word is in the text below, as ffmpeg wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from vmstui.findings import (
    ERROR_LEVELS,
    Acknowledgement,
    ExplainedFinding,
    Finding,
    Incident,
    Origin,
    Seen,
    UntoldLines,
)
from vmstui.model import CameraSnapshot
from vmstui.tui import glyphs
from vmstui.tui.actions import key_of
from vmstui.tui.findings_rows import QUIET, Kind, Row
from vmstui.tui.fleet_rows import REASON_ROLE, state_span
from vmstui.tui.format import (
    clock,
    day_and_clock,
    fit,
    flow,
    names,
    plural,
    sentence,
    short_count,
    short_span,
    span,
    tiny_span,
    width,
    wrap,
)
from vmstui.tui.lines import Line, Role, Span, cut, join, spread
from vmstui.tui.severity import finding_span, severity_span
from vmstui.tui.verdict import advice

LABEL = 11
TREND_LINES = 3
WITH_IT = 5
"""Messages that only follow from another one, or say it again, that are shown with it."""
ROOMY = 100
"""Cells from which on nothing is shortened, and the trend is shown."""
_SHORT = {Origin.INPUT: "input", Origin.RECORDING: "rec", Origin.LIVE: "live", Origin.PROCESS: "proc"}


@dataclass(frozen=True, slots=True)
class Context:
    """What rows and texts need beside a finding."""

    now: datetime
    where: tzinfo | None
    cameras: Mapping[str, CameraSnapshot]
    findings: tuple[ExplainedFinding, ...] = ()
    """All that are known, where one follows from another."""
    incidents: tuple[Incident, ...] = ()
    config: str = ""
    """File of the configuration."""

    def name(self, camera: str) -> str:
        """As a person calls it."""
        return self.cameras[camera].name if camera in self.cameras else camera or "all cameras"

    def ago(self, at: datetime | None) -> str:
        """How long ago, with its greatest unit."""
        return f"{short_span((self.now - at).total_seconds())} ago" if at is not None else "at an unknown time"


# --------------------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide each is; 0: left out."""

    camera: int
    output: int
    meaning: int
    spark: int
    last: int
    severity: int = 10
    count: int = 5
    rate: int = 5


def place(cells: int, longest_name: int, *, one_camera: bool) -> Columns:
    """The columns in that many cells: the mark of the cursor, columns, a gap after each."""
    roomy = cells >= ROOMY
    camera = 0 if one_camera else min(max(longest_name, 8), 24 if roomy else 16)
    spark = 0 if not roomy else 15 if cells < 150 else 30
    last, output = (10, 9) if roomy else (4, 5)
    fixed = [10, camera, output, 5, 5, spark, last]
    taken = 1 + sum(cell + 1 for cell in fixed if cell)
    return Columns(camera, output, max(cells - taken - 1, 10), spark, last)


def head_line(columns: Columns) -> Line:
    """The titles."""
    titles = (
        ("severity", columns.severity, False), ("camera", columns.camera, False),
        ("about" if columns.output >= 9 else "of", columns.output, False),
        ("what it means", columns.meaning, False), ("lines", columns.count, True), ("/min", columns.rate, True),
        ("last 30 minutes" if columns.spark >= 15 else "", columns.spark, False),
        ("last seen" if columns.last > 4 else "last", columns.last, True),
    )  # fmt: skip
    spans = [(fit(title, cells, right=right) + " ", Role.LABEL) for title, cells, right in titles if cells]
    return ((" ", Role.LABEL), *spans)


def row_line(row: Row, columns: Columns, context: Context, cells: int) -> Line:
    """A row, without the mark of the cursor."""
    match row.kind:
        case Kind.FINDING:
            assert row.explained is not None
            return _finding_row(row, row.explained, columns, context)
        case Kind.INCIDENT:
            assert row.incident is not None
            return _incident_row(row, row.incident, context, cells)
        case Kind.DOWN:
            return cut(_down_row(row, columns, context), cells)
        case Kind.MEMBER:
            return cut(_member_row(row, context), cells)
        case Kind.UNTOLD:
            assert row.untold is not None
            role = Role.WARN if row.untold.not_kept_errors else Role.DIM
            words = f"{context.name(row.camera)}: {' '.join(untold_sentences(row.untold))}"
            return cut((("? ", role), (words, role)), cells)
        case Kind.MORE:
            return cut(((f"{glyphs.ELLIPSIS} {row.text}", Role.WARN),), cells)
        case Kind.FOLD:
            sign = glyphs.UNFOLDED if row.opened else glyphs.FOLDED
            return cut(((f"{sign} {row.text}", Role.LABEL),), cells)


def _finding_row(row: Row, explained: ExplainedFinding, columns: Columns, context: Context) -> Line:
    finding = explained.finding
    word, role = finding_span(finding)
    told = Role.DIM if row.over or explained.is_quiet else Role.TEXT
    quiet = Role.DIM if row.over or explained.is_quiet else role
    indent = "  " * row.depth
    seen_s = (context.now - finding.last.at).total_seconds() if finding.last.at is not None else None
    last = glyphs.DASH if seen_s is None else tiny_span(seen_s)
    if columns.last > 4 and seen_s is not None:
        last = f"{short_span(seen_s)} ago"
    rate = glyphs.DASH if finding.rate_per_min is None else short_count(finding.rate_per_min)
    rate = "over" if row.over else rate
    drawn: list[tuple[str, int, bool, Role]] = [
        (indent + word, columns.severity + 2 * row.depth, False, quiet),
        (context.name(finding.camera), columns.camera, False, Role.DIM if told is Role.DIM else Role.NAME),
        (finding.origin.value if columns.output >= 9 else _SHORT[finding.origin], columns.output, False, Role.DIM),
        (meaning(explained), max(columns.meaning - 2 * row.depth, 1), False, told),
        (short_count(finding.count), columns.count, True, told),
        (rate, columns.rate, True, told if finding.rate_per_min else Role.DIM),
        (spark(finding.spark, columns.spark), columns.spark, False, Role.SPARK),
        (last, columns.last, True, told),
    ]
    return tuple((fit(text, cells, right=right) + " ", role) for text, cells, right, role in drawn if cells)


def _incident_row(row: Row, incident: Incident, context: Context, cells: int) -> Line:
    word, role = severity_span(incident.severity)
    if row.over:
        assert incident.over_at is not None
        lasted = span((incident.over_at - incident.since).total_seconds())
        left: Line = (("  " * row.depth, Role.TEXT), (f"{word:<11}", Role.DIM), (incident.text, Role.DIM))
        return _with_end(left, f" {clock(incident.since, context.where)} for {lasted} ", cells)
    sign = glyphs.UNFOLDED if row.opened else glyphs.FOLDED
    lasts = short_span((context.now - incident.since).total_seconds())
    left = ((f"{word:<11}", role), (f"{sign} Incident: ", Role.STRONG), (incident.text, Role.STRONG))
    return _with_end(left, f" {lasts} ", cells)


def _with_end(left: Line, end: str, cells: int) -> Line:
    """What is at the end stays, and the rest is cut for it."""
    return spread(cut(left, max(cells - width(end) - 1, 0)), ((end, Role.DIM),), cells)


def _down_row(row: Row, columns: Columns, context: Context) -> Line:
    camera = context.cameras[row.camera]
    name: Line = ((fit(camera.name, columns.camera) + " ", Role.NAME),) if columns.camera else ()
    told = f"{glyphs.WORD[camera.state]}: {camera.reason or 'no reason given'}"
    return ((fit(f"{glyphs.BAD} down", columns.severity) + " ", Role.BAD), *name, (told, Role.TEXT))


def _member_row(row: Row, context: Context) -> Line:
    camera = context.cameras.get(row.camera)
    line: Line = (("  " * (row.depth + 5) + " ", Role.TEXT), (f"{context.name(row.camera)}  ", Role.NAME))
    if camera is None:
        return (*line, ("no longer configured", Role.DIM))
    if row.over:
        return (*line, ("does not have it any more", Role.DIM))
    reason: Line = ((f"  {camera.reason}", REASON_ROLE[camera.state]),) if camera.reason else ()
    return (*line, state_span(camera, context.now), *reason)


def meaning(explained: ExplainedFinding) -> str:
    """What it means; of what nobody knows what it says, and of what is known to a person that it is."""
    finding = explained.finding
    words = explained.cause or finding.last.text or finding.fingerprint
    if explained.acknowledgement is not None and not explained.is_quiet:
        return f"(acknowledged, but above its ceiling) {words}"
    return words


def spark(minutes: Sequence[int], cells: int) -> str:
    """The last minutes in that many cells, newest at the right, as high as the most of them; zero is a blank."""
    if cells <= 0 or not minutes:
        return ""
    each = -(-len(minutes) // cells)
    start = len(minutes) % each
    sums = [sum(minutes[max(at - each + start, 0) : at + start]) for at in range(each, len(minutes) + 1 - start, each)]
    sums = [sum(minutes[:start]), *sums] if start else sums
    most = max(sums)
    levels = "".join(_level(value, most) for value in sums)
    return levels[-cells:].rjust(cells)


def _level(value: int, most: int) -> str:
    if value <= 0:
        return " "
    return glyphs.LEVELS[min(-(-value * len(glyphs.LEVELS) // most) - 1, len(glyphs.LEVELS) - 1)]


# ------------------------------------------------------------------------------------------------------------ summary


def summary(row: Row | None, context: Context, cells: int) -> tuple[Line, Line]:
    """What a row means, and what to do: two lines."""
    first: Line = ()
    second: Line = ()
    camera_key, log_key = key_of("findings.camera"), key_of("findings.log")
    if row is None:
        pass
    elif row.explained is not None:
        first = ((f" {meaning(row.explained)}", Role.TEXT),)
        todo = row.explained.action or f"Nobody knows this one; {key_of('findings.open')} shows what ffmpeg said."
        second = ((f" {glyphs.ARROW} {todo}", Role.STRONG),)
    elif row.kind in {Kind.MEMBER, Kind.DOWN} and (camera := context.cameras.get(row.camera)) is not None:
        first = ((f" {camera.name}: {camera.reason or 'no reason given'}", Role.TEXT),)
        todo = advice(camera, context.config) if row.kind is Kind.DOWN else ""
        second = (
            ((f" {glyphs.ARROW} {todo}", Role.STRONG),)
            if todo
            else ((f" {camera_key} goes to it, {log_key} to its log.", Role.DIM),)
        )
    elif row.incident is not None:
        affected = names([context.name(camera) for camera in row.incident.cameras], 5)
        first = ((f" {row.incident.text}: ", Role.TEXT), (affected, Role.DIM))
        todo = sentence(row.incident.action)
        second = ((f" {glyphs.ARROW} {todo}", Role.STRONG),) if todo else ()
    elif row.untold is not None:
        first = ((f" {' '.join(untold_sentences(row.untold))}", Role.TEXT),)
        second = ((f" {log_key} goes to its log.", Role.DIM),)
    elif row.kind is Kind.MORE:
        first = ((f" {row.text}", Role.TEXT),)
    elif row.key == QUIET:
        tells = f"{key_of('findings.known')} tells who and until when"
        first = ((f" Somebody knows of these: {key_of('findings.open')} opens them, {tells}.", Role.DIM),)
    else:
        first = ((f" What cameras had in common before: {key_of('findings.open')} opens them.", Role.DIM),)
    return cut(first, cells), cut(second, cells)


# --------------------------------------------------------------------------------------------------------------- text


def text_lines(row: Row | None, context: Context, cells: int, *, raw: bool = True) -> list[Line]:
    """Everything there is to say about a row."""
    if row is None:
        return []
    if row.explained is not None:
        return finding_lines(row.explained, context, cells)
    if row.incident is not None and row.kind is Kind.INCIDENT:
        return incident_lines(row.incident, context, cells)
    if row.untold is not None:
        return [line for words in untold_sentences(row.untold) for line in _field("", words, cells)]
    if (camera := context.cameras.get(row.camera)) is not None:
        return camera_lines(camera, context, cells)
    return [line for line in summary(row, context, cells) if line]


def camera_lines(camera: CameraSnapshot, context: Context, cells: int) -> list[Line]:
    """Of a camera of which no message says why it is not recorded."""
    since = f"since {clock(camera.since, context.where)} ({context.ago(camera.since)})"
    word, role = state_span(camera, context.now)
    lines: list[Line] = [((f"{word}  ", role), (since, Role.DIM))]
    lines += _field("why", camera.reason or "no reason given", cells)
    if todo := advice(camera, context.config):
        lines += _field("what to do", todo, cells, Role.STRONG)
    ways = f"{key_of('findings.log')} goes to its log, {key_of('findings.camera')} to the camera."
    return [*lines, *_field("", f"No message of ffmpeg says more. {ways}", cells, Role.DIM)]


def finding_lines(explained: ExplainedFinding, context: Context, cells: int) -> list[Line]:
    """Of a finding: what it means, what to do, how often, since when, word for word, and how it went."""
    finding = explained.finding
    word, role = finding_span(finding)
    facts = [context.name(finding.camera), f"about its {finding.origin}", finding.message or "not in the table"]
    if finding.worst is not None and finding.worst is not finding.severity:
        facts.append(f"was {finding.worst} at its worst")
    facts.append("goes on" if explained.active else "does not go on")
    lines: list[Line] = []
    for index, words in enumerate(flow(facts, cells - len(word) - 2)):
        lead: Span = (f"{word}  ", role) if index == 0 else (" " * (len(word) + 2), Role.TEXT)
        lines.append((lead, (words, Role.STRONG if index == 0 else Role.TEXT)))
    if explained.cause:
        lines += _field("means", explained.cause, cells)
    else:
        unknown = "Nobody knows; ffmpeg calls it an error." if finding.level in ERROR_LEVELS else "Nobody knows."
        lines += _field("means", f"{unknown} vmstui findings --unknown gives an entry to write what it means.", cells)
    if explained.action:
        lines += _field("what to do", explained.action, cells, Role.STRONG)
    if finding.follows:
        lines += _field("follows", _cause_of(explained, context), cells)
    if explained.incident:
        text = next((one.text for one in context.incidents if one.id == explained.incident), explained.incident)
        lines += _field("incident", text, cells, Role.BUSY)
    if explained.acknowledgement is not None:
        known = acknowledged_words(explained.acknowledgement, context)
        above = "" if explained.is_quiet else "; it is above its ceiling or expired, so it is told again"
        lines += _field("known", f"{known}{above}. {key_of('findings.take_back')} takes that back.", cells, Role.BUSY)
    lines += _block("how often", flow(_often(explained), cells - LABEL))
    if finding.numbers:
        lines += _block("numbers", flow([f"{name} {value}" for name, value in finding.numbers.items()], cells - LABEL))
    lines += _seen("first", finding.first, context, cells)
    if finding.last != finding.first:
        lines += _seen("last", finding.last, context, cells)
    others = [text for text in finding.examples if text not in {finding.first.text, finding.last.text}]
    for index, text in enumerate(others):
        lines += _field("also" if index == 0 else "", text, cells, Role.DIM)
    for index, text in enumerate(_with_it(finding, context)):
        lines += _field("with it" if index == 0 else "", text, cells, Role.DIM)
    lines += trend_lines(finding.spark, cells)
    if explained.source:
        lines += _field("known from", explained.source, cells, Role.DIM)
    return lines


def incident_lines(incident: Incident, context: Context, cells: int) -> list[Line]:
    """Of an incident: what it is, what to do, which cameras."""
    word, role = severity_span(incident.severity)
    lines: list[Line] = []
    for index, part in enumerate(wrap(incident.text, cells - len(word) - 2)):
        lines.append(((f"{word}  ", role) if index == 0 else (" " * (len(word) + 2), Role.TEXT), (part, Role.STRONG)))
    if incident.action:
        lines += _field("what to do", sentence(incident.action), cells, Role.STRONG)
    since = f"since {day_and_clock(incident.since, context.where)} ({context.ago(incident.since)})"
    ended = f"over since {clock(incident.over_at, context.where)}" if incident.over_at else "goes on"
    lines += _block("when", flow([since, f"newest {clock(incident.last, context.where)}", ended], cells - LABEL))
    lines += _block("cameras", flow([context.name(camera) for camera in incident.cameras], cells - LABEL))
    return [*lines, *_field("in common", incident.key, cells, Role.DIM)]


def trend_lines(minutes: Sequence[int], cells: int) -> list[Line]:
    """The last minutes as bars, a minute each, with the scale and the time below."""
    if not any(minutes):
        return _field("trend", "none in the last 30 minutes", cells, Role.DIM) if minutes else []
    each = 2 if cells >= LABEL + 2 * len(minutes) + 8 else 1
    most, steps = max(minutes), len(glyphs.LEVELS)
    lines: list[Line] = []
    for line in reversed(range(TREND_LINES)):
        heights = [-(-value * steps * TREND_LINES // most) - line * steps for value in minutes]
        bars = "".join(" " * each if high <= 0 else glyphs.LEVELS[min(high, steps) - 1] * each for high in heights)
        scale = f" {short_count(most)}/min" if line == TREND_LINES - 1 else ""
        lines.append((_label("trend" if scale else ""), (bars, Role.SPARK), (scale, Role.DIM)))
    axis = f"{len(minutes)} min ago".ljust(len(minutes) * each - 3) + "now"
    return [*lines, (_label(""), (axis, Role.DIM))]


def acknowledged_words(known: Acknowledgement, context: Context) -> str:
    """Who knows of it, where, until when, up to which rate."""
    at = day_and_clock(known.at, context.where)[:16]
    until = "for good" if known.until is None else f"until {day_and_clock(known.until, context.where)[:16]}"
    ceiling = "" if known.ceiling_per_min is None else f", up to {short_count(known.ceiling_per_min)}/min"
    place_ = f" on {context.name(known.camera)}" if known.camera else " on all cameras"
    note = f": {known.note}" if known.note else ""
    return f"acknowledged by {known.by} at {at}{place_} {until}{ceiling}{note}"


def untold_sentences(untold: UntoldLines) -> list[str]:
    """What lines are in no finding, and why; a sentence each."""
    told: list[str] = []
    if untold.not_kept:
        errors = f", {untold.not_kept_errors} of them errors," if untold.not_kept_errors else ""
        told.append(f"{plural(untold.not_kept, 'line')} of further unknown kinds{errors} were only counted.")
    if untold.left_out:
        told.append(f"{plural(untold.left_out, 'line')} came faster than could be taken in; they are in the log files.")
    return told


def _often(explained: ExplainedFinding) -> list[str]:
    finding = explained.finding
    facts = [plural(finding.count, "line")]
    if finding.amount != finding.count:
        facts.append(f"{short_count(finding.amount)} counted in them")
    if finding.rate_per_min is not None:
        facts.append(f"{short_count(finding.rate_per_min)}/min now")
    if finding.peak_per_min is not None:
        facts.append(f"{short_count(finding.peak_per_min)}/min at most")
    return facts


def _cause_of(explained: ExplainedFinding, context: Context) -> str:
    finding = explained.finding
    same = (row for row in context.findings if row.finding.camera == finding.camera)
    cause = next((row for row in same if row.finding.fingerprint == finding.follows), None)
    words = cause.cause if cause is not None and cause.cause else finding.follows
    return f"it only follows from: {words}"


def _with_it(finding: Finding, context: Context) -> list[str]:
    """Lines that only follow from it, or say it again."""
    same = (row.finding for row in context.findings if row.finding.camera == finding.camera)
    texts = dict.fromkeys(one.last.text for one in same if one.follows == finding.fingerprint)
    return list(texts)[:WITH_IT]


def _seen(label: str, seen: Seen, context: Context, cells: int) -> list[Line]:
    when = f"{day_and_clock(seen.at, context.where)} ({context.ago(seen.at)})" if seen.at is not None else ""
    lines = _field(label, f"{when}, line {seen.number}" if when else f"line {seen.number}", cells, Role.DIM)
    return [*lines, *_field("", seen.text, cells)]


def _label(text: str) -> Span:
    return f"{text:<{LABEL}}", Role.LABEL


def _field(label: str, text: str, cells: int, role: Role = Role.TEXT) -> list[Line]:
    return _block(label, wrap(text, cells - LABEL), role)


def _block(label: str, lines: Sequence[str], role: Role = Role.TEXT) -> list[Line]:
    return [(_label(label if index == 0 else ""), (line, role)) for index, line in enumerate(lines)]


def counts_line(counts: Mapping[str, int]) -> Line:
    """For the title: how many problems of each kind go on."""
    if not counts:
        return (("no problem", Role.OK),)
    roles = {"critical": Role.BAD, "incident": Role.BAD, "down": Role.BAD}
    parts: list[Line] = [
        ((plural(count, word) if word == "incident" else f"{count} {word}", roles.get(word, Role.WARN)),)
        for word, count in counts.items()
    ]
    return join(parts, (f" {glyphs.DOT} ", Role.DIM))


def longest(context: Context) -> int:
    """Width of the longest name."""
    return max((width(camera.name) for camera in context.cameras.values()), default=8)
