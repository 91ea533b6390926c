"""How lines of the log look: on the screen, wrapped or not, and in a file or the clipboard. Pure.

    07:56:00 W ×312   Lobby            rtsp: max delay reached. need to consume packet

Time, level, how bad it is where that is asked for, how often, camera where several are shown, component, text, and
which message it is. What stands before the text is as wide in each line; a mark takes the blank before the level, so
that nothing moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import pairwise

from vmstui.logged import OWN_COMPONENT, LogLevel, LogLine
from vmstui.tui import severity
from vmstui.tui.format import clock, day_and_clock, fit, short_span, width
from vmstui.tui.glyphs import MARK
from vmstui.tui.lines import Line, Role, Span
from vmstui.tui.log_match import text_of_line
from vmstui.tui.log_ring import NOTABLE

CAMERA_CELLS = 16
INDENT = 2
"""Of the further lines of one that is wrapped."""

LEVEL_ROLE = {
    LogLevel.FATAL: Role.BAD,
    LogLevel.ERROR: Role.BAD,
    LogLevel.WARNING: Role.WARN,
    LogLevel.INFO: Role.TEXT,
    LogLevel.UNKNOWN: Role.TEXT,
}
LEVEL_SIGN = {
    LogLevel.FATAL: "F",
    LogLevel.ERROR: "E",
    LogLevel.WARNING: "W",
    LogLevel.INFO: " ",
    LogLevel.UNKNOWN: "?",
}


class Times(StrEnum):
    """What stands for the time of a line."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    OFF = "off"


_TIME_CELLS = {Times.ABSOLUTE: 8, Times.RELATIVE: 10, Times.OFF: 0}


@dataclass(frozen=True, slots=True)
class Looks:
    """How lines begin."""

    where: tzinfo | None = None
    with_camera: bool = False
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of the cameras, by id; the recorder's own lines have none."""
    times: Times = Times.ABSOLUTE
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """For relative times."""
    counts: bool = False
    """There is room for how often a line was repeated."""
    explained: bool = False
    """How bad each line is stands before it, and which message it is behind it."""

    def time(self, line: LogLine, *, timed: bool) -> str:
        """The time of a line, as wide for each; blank where nobody knows it (`timed`)."""
        cells = _TIME_CELLS[self.times]
        if not timed or self.times is Times.OFF:
            return " " * cells
        if self.times is Times.ABSOLUTE:
            return clock(line.at, self.where)
        return fit(f"{short_span((self.now - line.at).total_seconds())} ago", cells, right=True)


def drawn(
    line: LogLine,
    looks: Looks,
    found: Sequence[tuple[int, int]] = (),
    count: int = 1,
    *,
    marked: bool = False,
    timed: bool = True,
) -> Line:
    """One line; `found` are stretches of `text_of_line` that are highlighted."""
    role = role_of(line, looks)
    spans: list[Span] = [
        (looks.time(line, timed=timed), Role.DIM),
        (MARK if marked else " ", Role.KEY),
        (f"{LEVEL_SIGN[line.level]} ", role),
    ]
    if looks.explained:
        spans.append((f"{severity_sign(line)} ", role))
    if looks.counts:
        spans.append((f"×{count:<6} " if count > 1 else " " * 8, Role.STRONG))
    if looks.with_camera:
        spans.append((fit(looks.names.get(line.camera, line.camera), CAMERA_CELLS) + " ", Role.LABEL))
    text, beginning = text_of_line(line), len(line.component) + 2 if line.component else 0
    cuts = sorted({0, beginning, len(text), *(at for span in found for at in span if at < len(text))})
    for start, end in pairwise(cuts):
        lit = any(first <= start < last for first, last in found)
        spans.append((text[start:end], Role.MATCH if lit else Role.DIM if start < beginning else role))
    if looks.explained and line.message:
        spans.append((_message(line), Role.LABEL))
    return tuple(spans)


def role_of(line: LogLine, looks: Looks) -> Role:
    """By ffmpeg's level; where lines are explained, by how bad it is."""
    if looks.explained and line.severity is not None:
        return severity.ROLE[line.severity]
    return LEVEL_ROLE[line.level]


def severity_sign(line: LogLine) -> str:
    """How bad it is; `?` for warnings and errors that nobody knows."""
    if line.severity is None:
        is_ours = OWN_COMPONENT in (line.component, line.camera)  # what the recorder says needs no table
        return severity.sign(None) if line.level in NOTABLE and not is_ours else " "
    return severity.sign(line.severity)


def _message(line: LogLine) -> str:
    return f"  <{line.message}>"


def cells_of(line: LogLine, looks: Looks) -> int:
    """How wide it is drawn."""
    before = _TIME_CELLS[looks.times] + 3 + 8 * looks.counts + (CAMERA_CELLS + 1) * looks.with_camera
    behind = width(_message(line)) if looks.explained and line.message else 0
    return before + 2 * looks.explained + width(text_of_line(line)) + behind


def height(line: LogLine, looks: Looks, cells: int) -> int:
    """Lines on the screen that it takes where it is wrapped."""
    if text_of_line(line).isascii():
        more = max(cells_of(line, looks) - cells, 0)
        return 1 + -(-more // max(cells - INDENT, 1))
    return len(wrapped(drawn(line, looks), cells))


def wrapped(line: Line, cells: int) -> list[Line]:
    """The line in lines of so many cells, broken anywhere, those after the first one indented."""
    lines: list[Line] = []
    spans: list[Span] = []
    room = max(cells, 1)
    for text, role in line:
        start = used = 0
        for index, character in enumerate(text):
            wide = 1 if character.isascii() else width(character)
            if used + wide > room:
                lines.append((*spans, (text[start:index], role)))
                spans, start, used = [(" " * INDENT, Role.TEXT)], index, 0
                room = max(cells - INDENT, 1)
            used += wide
        spans.append((text[start:], role))
        room -= used
    return [*lines, tuple(spans)]


def record(line: LogLine, where: tzinfo | None, *, timed: bool = True) -> str:
    """The line as `vmstui logs` prints it, for a file, a pager or the clipboard."""
    at = day_and_clock(line.at, where) if timed else " " * 19
    return f"{at} {line.camera} {line.level.value:<7} {text_of_line(line)}"
