"""Which panes of a screen are shown, and how high the fleet is: pure functions of size and choice.

The fleet comes first. What a small fleet leaves free is used for a pane below it; where nothing is left, a pane that
was asked for takes the place of the fleet, and `escape` brings that back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MINIMUM = (60, 16)
"""Width and height below which nothing useful can be shown."""

SIDE_BY_SIDE = 160
TALL = 34
PANE = 11
"""A pane with fewer lines is not worth its title."""
TILE_CELLS, TILE_LINES = 58, 13
"""A pane beside or above others has at least so much room."""
SUMMARY = 2
"""Lines about the selected camera where its details are not shown: how it is, and what to do."""


class Pane(StrEnum):
    """A part of a screen that is about one camera, or about the machine."""

    DETAILS = "details"
    SEGMENTS = "segments"
    HISTORY = "history"
    LOG = "log"
    CHARTS = "charts"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is on the screen."""

    fleet_lines: int
    """0: the fleet is hidden behind a pane."""
    panes: tuple[Pane, ...]
    """Left to right; the first is the one that was asked for, if any was."""
    summary: bool
    """Whether the selected camera is summed up, for want of its details."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Panes in a grid of equal cells, left to right and top to bottom."""

    panes: tuple[Pane, ...]
    columns: int
    spans: Mapping[Pane, int] = field(default_factory=dict)
    """Rows of those that have more than one, so that no cell is empty."""


def tiles(cells: int, lines: int, panes: Sequence[Pane], chosen: Pane | None, *, zoomed: bool = False) -> Tiles:
    """As many of the panes as have room, in their order; the one that was chosen is among them, alone if `zoomed`."""
    first = chosen or panes[0]
    across = 1 if zoomed else min(max(cells // TILE_CELLS, 1), 2, len(panes))
    down = 1 if zoomed else max(lines // TILE_LINES, 1)
    count = min(across * down, len(panes))
    shown = list(panes[:count])
    if first not in shown:
        shown[-1] = first
    empty = -len(shown) % across
    return Tiles(tuple(shown), across, {shown[0]: 1 + empty} if empty else {})


def arrange(cells: int, lines: int, cameras: int, chosen: Pane | None, *, zoomed: bool = False) -> Arrangement:
    """Divide the room between header and footer (`lines`); `cameras` is how many rows the fleet has."""
    if zoomed and chosen is not None:
        return Arrangement(0, (chosen,), summary=False)
    whole_fleet = max(cameras, 1) + 1
    if lines - whole_fleet >= PANE:
        fleet = whole_fleet
    elif lines + 2 >= TALL:
        fleet = max(min(whole_fleet, lines // 2), lines - 26, 4)
    else:
        fleet = 0
    if not fleet:
        return Arrangement(
            0 if chosen else lines - SUMMARY, (chosen,) if chosen else (), summary=chosen is not Pane.DETAILS
        )
    if cells >= SIDE_BY_SIDE and lines - fleet >= PANE:
        left = chosen if chosen not in {None, Pane.LOG} else Pane.DETAILS
        return Arrangement(fleet, (left or Pane.DETAILS, Pane.LOG), summary=False)
    return Arrangement(fleet, (chosen or Pane.DETAILS,), summary=chosen not in {None, Pane.DETAILS})
