"""Text as only the dashboard writes it, and, for its modules, what it has in common with commands (`vmstui.spoken`)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from vmstui.spoken import (
    clock,
    coarse_size,
    day_and_clock,
    decimal_size,
    fit,
    length,
    names,
    plural,
    short_count,
    short_span,
    size,
    span,
    tail,
    timer,
    tiny_span,
    width,
    zone,
)
from vmstui.tui.glyphs import DASH, DOT

__all__ = [
    "clock",
    "coarse_size",
    "command_lines",
    "cpu",
    "day_and_clock",
    "decimal_size",
    "fit",
    "flow",
    "length",
    "names",
    "plural",
    "sentence",
    "short_count",
    "short_span",
    "size",
    "span",
    "tail",
    "timer",
    "tiny_span",
    "width",
    "wrap",
    "zone",
]


def cpu(percent: float | None) -> str:
    """CPU percent for a column five wide: `23.4`, `205`; a dash where nothing is known."""
    if percent is None:
        return DASH
    return f"{percent:.1f}" if percent < 999.95 else f"{percent:.0f}"


def wrap(text: str, cells: int) -> list[str]:
    """The text in lines of at most that many cells, broken at spaces, in the middle of a word where it must be."""
    cells = max(cells, 1)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width(candidate) <= cells:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, cells)
        lines += full
    return [*lines, line] if line or not lines else lines


def sentence(words: str) -> str:
    """As a sentence: begun with a capital letter, and ended."""
    words = words.strip()
    words = words[:1].upper() + words[1:]
    return words if not words or words.endswith((".", "!", "?")) else words + "."


def flow(facts: Sequence[str], cells: int) -> list[str]:
    """Facts with dots between them, in lines of at most that many cells, broken between facts."""
    lines: list[str] = []
    for fact in facts:
        longer = f"{lines[-1]} {DOT} {fact}" if lines else fact
        if lines and width(longer) <= cells:
            lines[-1] = longer
        else:
            lines += wrap(fact, cells)
    return lines or [""]


def command_lines(argv: tuple[str, ...], cells: int) -> list[str]:
    """A command as it could be pasted into a shell, wrapped between its words."""
    return wrap(" ".join(shlex.quote(word) for word in argv), cells)


def _pieces(word: str, cells: int) -> list[str]:
    pieces: list[str] = []
    piece, used = "", 0
    for character in word:
        wide = width(character)
        if used + wide > cells and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + character, used + wide
    return [*pieces, piece]
