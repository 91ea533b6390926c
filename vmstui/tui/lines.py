"""What widgets draw: a line is a tuple of spans, a span is text with a role. Themes give roles their colours.

The pure modules (rows, verdict, details) build lines; only `widgets.painter` knows how a role looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from vmstui.tui.format import fit, width


class Role(StrEnum):
    """What a piece of text is for."""

    TEXT = "text"
    STRONG = "strong"
    NAME = "name"
    DIM = "dim"
    LABEL = "label"
    KEY = "key"
    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"
    SPARK = "spark"
    MATCH = "match"
    PILL_WARN = "pill-warn"
    PILL_BAD = "pill-bad"


Span = tuple[str, Role]
Line = tuple[Span, ...]


def text_of(line: Line) -> str:
    """The line without its roles."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """Cells the line takes."""
    return sum(width(text) for text, _ in line)


def join(parts: Sequence[Line], separator: Span) -> Line:
    """The parts on one line."""
    spans: list[Span] = []
    for part in parts:
        if spans:
            spans.append(separator)
        spans += part
    return tuple(spans)


def pack(parts: Sequence[tuple[int, Line]], cells: int, separator: Span) -> Line:
    """The parts that fit, in their order; room is given by rank, lowest first, and what does not fit is left out.

    The part of lowest rank always stays, cut if it must be.
    """
    if not parts:
        return ()
    kept: set[int] = set()
    room = cells
    for index in sorted(range(len(parts)), key=lambda index: parts[index][0]):
        needed = width_of(parts[index][1]) + (width(separator[0]) if kept else 0)
        if needed <= room or not kept:
            kept.add(index)
            room -= needed
    return cut(join([part for index, (_, part) in enumerate(parts) if index in kept], separator), cells)


def lines_of(parts: Sequence[Line], cells: int, separator: Span) -> list[Line]:
    """All parts, in as many lines as that takes."""
    rows: list[list[Line]] = []
    for part in parts:
        if rows and width_of(join([*rows[-1], part], separator)) <= cells:
            rows[-1].append(part)
        else:
            rows.append([part])
    return [cut(join(row, separator), cells) for row in rows]


def cut(line: Line, cells: int) -> Line:
    """The line, with an ellipsis where it would be wider than that."""
    spans: list[Span] = []
    room = cells
    for text, role in line:
        have = width(text)
        if have > room:
            return (*spans, (fit(text, room), role)) if room else tuple(spans)
        spans.append((text, role))
        room -= have
    return tuple(spans)


def spread(left: Line, right: Line, cells: int, fill: Span = (" ", Role.TEXT)) -> Line:
    """Left part, filling, right part; the right part goes first where both do not fit."""
    gap = cells - width_of(left) - width_of(right)
    if gap < 1:
        left = cut(left, cells)
        return (*left, (fill[0] * max(cells - width_of(left), 0), fill[1]))
    return (*left, (fill[0] * gap, fill[1]), *right)
