"""What a report is made of, whichever way it is written down: frozen blocks, no markup. Pure.

Texts come from cameras, ffmpeg and people: whoever writes blocks down makes them harmless and escapes them, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Tone(StrEnum):
    """How a verdict is to be taken."""

    GOOD = "good"
    OPEN = "open"
    """Not known, or nothing to say."""
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A few words that decide something. Its tone is never told by colour alone."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Code:
    """Something to be typed or found as it stands: a command, a path."""

    text: str


Inline = str | Verdict | Code
Text = Sequence[Inline]
"""Pieces of a sentence or of a cell, one after the other."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or some."""

    text: Text


@dataclass(frozen=True, slots=True)
class Bullets:
    """Points in a list."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as the header has; the columns in `right` are aligned to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines as they are."""

    lines: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart; None where nothing is known."""

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    """With `high`, a band about it."""
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over a time, at equal distances. In a text a spark for each line."""

    title: str
    unit: str
    since: datetime
    until: datetime
    lines: tuple[Line, ...]
    limit: float | None = None
    """A level that is to be seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, of parts in the order of the legend."""

    name: str
    parts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars beside each other. Left out in a text, where a table says the same."""

    title: str
    unit: str
    legend: tuple[str, ...]
    bars: tuple[Bar, ...]
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a strip, as shares of its length."""

    start: float
    end: float
    tone: Tone


@dataclass(frozen=True, slots=True)
class Strips:
    """What became of a time, a strip for each name. Left out in a text, where a table says the same."""

    title: str
    since: datetime
    until: datetime
    strips: tuple[tuple[str, tuple[Stretch, ...]], ...]


Block = Paragraph | Bullets | Table | Listing | Chart | Bars | Strips


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it."""

    title: str
    blocks: tuple[Block | Section, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    title: str
    blocks: tuple[Block, ...]
    """Before the first heading."""
    sections: tuple[Section, ...]


def said(*pieces: Inline) -> Paragraph:
    """A paragraph of these pieces."""
    return Paragraph(pieces)
