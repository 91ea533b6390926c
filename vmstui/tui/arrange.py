"""Which panes of the fleet screen are shown, and how high the fleet is: one pure function of size and choice.

The fleet comes first. What a small fleet leaves free is used for a pane below it; where nothing is left, a pane that
was asked for takes the place of the fleet, and `escape` brings that back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MINIMUM = (60, 16)
"""Width and height below which nothing useful can be shown."""

SIDE_BY_SIDE = 160
TALL = 34
PANE = 11
"""A pane with fewer lines is not worth its title."""
SUMMARY = 2
"""Lines about the selected camera where its details are not shown: how it is, and what to do."""


class Pane(StrEnum):
    """What can be shown below the fleet."""

    DETAILS = "details"
    SEGMENTS = "segments"
    HISTORY = "history"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is on the screen."""

    fleet_lines: int
    """0: the fleet is hidden behind a pane."""
    panes: tuple[Pane, ...]
    """Left to right; the first is the one that was asked for, if any was."""
    summary: bool
    """Whether the selected camera is summed up, for want of its details."""


def arrange(cells: int, lines: int, cameras: int, chosen: Pane | None) -> Arrangement:
    """Divide the room between header and footer (`lines`); `cameras` is how many rows the fleet has."""
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
