"""Bars: how much of something is in use, on a scale that is always the whole of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vmstui.tui import glyphs
from vmstui.tui.lines import Line, Role, Span

HIGH, FULL = 85.0, 97.0
"""Percent from which on what runs out is told in another colour; the number beside a bar tells it as well."""


def bar(used: float, whole: float, cells: int, *, runs_out: bool = True) -> Line:
    """So much of the whole, in that many cells; more than all of it is drawn as all. `runs_out`: near its end it wants
    a look."""
    share = min(max(used / whole, 0.0), 1.0) if whole > 0 else 0.0
    full = round(share * cells)
    role = Role.SPARK
    if runs_out and share * 100 >= HIGH:
        role = Role.BAD if share * 100 >= FULL else Role.WARN
    return ((glyphs.BLOCK * full, role), (glyphs.REST * (cells - full), Role.DIM))


def parts_bar(parts: Sequence[tuple[float, Span]], cells: int) -> Line:
    """Several parts of one whole beside each other, each with the sign and role it is drawn in; together as wide as
    that, and none that there is at all without a cell of its own."""
    whole = sum(part for part, _ in parts)
    if whole <= 0:
        return ((" " * cells, Role.TEXT),)
    widths = [max(round(part / whole * cells), 1) if part > 0 else 0 for part, _ in parts]
    largest = max(range(len(parts)), key=lambda index: widths[index])
    widths[largest] += cells - sum(widths)
    return tuple((sign * count, role) for (_, (sign, role)), count in zip(parts, widths, strict=True) if count > 0)
