"""A picture as rows of segments: two pixels per cell, signs where there is no colour, or the cells behind which a
terminal with kitty's placeholders shows one that it was given. What is given to a terminal is taken back from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App

from vmstui.tui.bitmap import Bitmap
from vmstui.tui.blocks import HALF, half_blocks, ramp_lines
from vmstui.tui.kitty import forgotten, placeholder, stored

PIECE = 16
"""Cells in one segment: where something covers a part of the picture, Rich cuts segments, and it is from 23 cells on
that it may part a character from the marks behind it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """So many cells and lines; `row` gives one line on a ground."""

    cells: int
    lines: int
    row: Callable[[int, Style], list[Segment]]


def in_characters(bitmap: Bitmap, *, coloured: bool) -> Drawn:
    """As every terminal can."""
    lines = (bitmap.height + 1) // 2
    if not coloured:
        signs = ramp_lines(bitmap)
        return Drawn(bitmap.width, lines, lambda y, base: [Segment(signs[y], base)])
    runs = half_blocks(bitmap)

    def row(y: int, base: Style) -> list[Segment]:
        return [
            Segment(HALF * count, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
            for count, (upper, lower) in runs[y]
        ]

    return Drawn(bitmap.width, lines, row)


def behind(cells: tuple[int, int], colour: Color) -> Drawn:
    """Columns and lines that are left to a picture that the terminal has under the number that is this colour."""
    width, height = cells

    def row(y: int, base: Style) -> list[Segment]:
        return list(_placeholders(y, width, base + Style(color=colour)))

    return Drawn(width, height, row)


def _placeholders(row: int, width: int, style: Style) -> Iterator[Segment]:
    for begin in range(0, width, PIECE):
        columns = range(begin, min(begin + PIECE, width))
        yield Segment("".join(placeholder(row, column) for column in columns), style)


def in_the_middle(drawn: Drawn, line: int, cells: int, lines: int, base: Style) -> Iterator[Segment]:
    """One line of so many cells and lines that have a picture in their middle."""
    row, left = line - (lines - drawn.lines) // 2, max((cells - drawn.cells) // 2, 0)
    if 0 <= row < drawn.lines:
        yield Segment(" " * left, base)
        yield from drawn.row(row, base)
        yield Segment(" " * (cells - drawn.cells - left), base)
    else:
        yield Segment(" " * cells, base)


@runtime_checkable
class KeepsPictures(Protocol):
    """A screen that has given some to the terminal."""

    def take_back(self) -> None:
        """It has them no longer."""


class Lent:
    """The pictures that a terminal has of us, by their numbers."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()

    def give(self, app: App[Any], png: bytes, number: int, cells: tuple[int, int]) -> None:
        """In one piece, so that nothing of a frame comes between; Textual itself copies to the clipboard like this."""
        _send(app, stored(png, number, *cells))
        self._numbers.add(number)

    def take_back(self, app: App[Any]) -> None:
        """All of them."""
        for number in sorted(self._numbers):
            _send(app, forgotten(number))
        self._numbers.clear()


def _send(app: App[Any], sequence: str) -> None:
    if (driver := app._driver) is not None:
        driver.write(sequence)
