"""A curve over time as cells: filled up to the least, dotted from there to the most, a line through it for the mean.

In braille a cell has two dots beside each other and four above each other. In blocks, for fonts without braille, and
in ASCII the same dots become signs that tell their height. Where nothing is known nothing is drawn, so a gap in the
data is a gap in the curve, while a known zero is a line at the bottom. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import floor, log

from vmstui.tui.lines import Role

ACROSS, UP = 2, 4
"""Dots of a cell."""
Point = tuple[float, float, float]
"""Least, mean and most."""
Cell = tuple[str, Role]
BLANK: Cell = (" ", Role.TEXT)

_LEFT, _RIGHT = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)
"""Bits of the dots of a braille sign, from the bottom up."""
_EVEN = int("01" * 512, 2)
_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Signs(StrEnum):
    """Of which curves are made."""

    BRAILLE = "braille"
    BLOCKS = "blocks"
    ASCII = "ascii"


def curve(points: Sequence[Point | None], top: float, lines: int, signs: Signs = Signs.BRAILLE) -> list[list[Cell]]:
    """Rows of cells, the highest first; two points a cell. `top` is the value at the upper edge, 0 at the lower."""
    dots = UP * lines
    solid: list[int] = []
    dotted: list[int] = []
    before: int | None = None
    for number, point in enumerate(points):
        if point is None:
            solid.append(0)
            dotted.append(0)
            before = None
            continue
        low, mean, high = (_level(value, top, dots) for value in point)
        # Up or down to it from the one before, so that the line has no holes; not beyond what was measured.
        first, last = (mean, mean) if before is None else (min(mean, before + 1), max(mean, before - 1))
        solid.append(_between(0, low) | _between(max(first, low), min(last, high)))
        dotted.append(_between(low, high) & (_EVEN if number % 2 else _EVEN << 1))
        before = mean
    draw = {Signs.BRAILLE: _braille, Signs.BLOCKS: _blocks, Signs.ASCII: _ascii}[signs]
    return [
        [
            draw(solid[at : at + ACROSS], dotted[at : at + ACROSS], UP * (lines - 1 - line))
            for at in range(0, len(points), ACROSS)
        ]
        for line in range(lines)
    ]


def ceiling(value: float, *, binary: bool = False) -> float:
    """The next round number for the upper edge of a chart; `binary`: round in K, M, G."""
    if value <= 0:
        return 1.0
    unit = 1024.0 ** floor(log(value, 1024.0)) if binary and value >= 1 else 1.0
    power = 10.0 ** floor(log(value / unit, 10.0) + 1e-9)
    return next((step * power for step in _STEPS if step * power >= value / unit * (1 - 1e-9)), 10 * power) * unit


def _level(value: float, top: float, dots: int) -> int:
    return min(max(round(value / top * (dots - 1)), 0), dots - 1)


def _between(low: int, high: int) -> int:
    return (2 << high) - (1 << low)


def _braille(solid: Sequence[int], dotted: Sequence[int], from_dot: int) -> Cell:
    sign = 0
    for column, bits in enumerate((_LEFT, _RIGHT)[: len(solid)]):
        here = (solid[column] | dotted[column]) >> from_dot
        sign |= sum(bit for number, bit in enumerate(bits) if here >> number & 1)
    if not sign:
        return BLANK
    return chr(0x2800 + sign), Role.SPARK if _any(solid, from_dot) else Role.DIM


def _blocks(solid: Sequence[int], dotted: Sequence[int], from_dot: int) -> Cell:
    """Quarters of a cell, filled up to the line; a light shade where values vary."""
    here = _any(solid, from_dot)
    if here:
        levels = [number for number in range(UP) if here >> number & 1]
        if levels[0] == 0:
            return "▂▄▆█"[levels[-1]], Role.SPARK
        return "▀" if levels[-1] == UP - 1 else "─", Role.SPARK
    return ("░", Role.DIM) if _any(dotted, from_dot) else BLANK


def _ascii(solid: Sequence[int], dotted: Sequence[int], from_dot: int) -> Cell:
    here = _any(solid, from_dot)
    if here:
        levels = [number for number in range(UP) if here >> number & 1]
        if levels[-1] - levels[0] > 1:
            return ("#" if all(column >> from_dot & 15 == 15 for column in solid) else "|"), Role.SPARK
        return "_--'"[(levels[0] + levels[-1]) // 2], Role.SPARK
    return (":", Role.DIM) if _any(dotted, from_dot) else BLANK


def _any(columns: Sequence[int], from_dot: int) -> int:
    found = 0
    for column in columns:
        found |= column >> from_dot & 15
    return found
