"""Pictures of cameras as they are now, small, for what shows them beside other things: `vmstui still` decodes each in a
process of its own, at the lowest priority, and never two of one camera at once, whoever asks.

A picture is worth taking anew once its camera has a newer keyframe, and at most twice a minute. Over a slow link there
are none unless somebody asks for them (`link`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from rich.color import Color
from textual.app import App

from vmstui.model import CameraSnapshot
from vmstui.tui.bitmap import NoBitmap, png_size, read_ppm
from vmstui.tui.blocks import fit_into
from vmstui.tui.child import command, complaint
from vmstui.tui.drawn import Drawn, Lent, behind, in_characters
from vmstui.tui.graphics import Terminal, cells_of, fit_pixels
from vmstui.tui.wall import newest

PERIOD_S = 30.0
"""A picture is not taken anew before."""
MOST_PIXELS = (480, 270)
"""Of a picture that the terminal is given; there may be many."""

_TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def turn(source: str) -> asyncio.Lock:
    """Held by whoever decodes that source: a camera by its id, or a file."""
    return _TURNS.setdefault(source, asyncio.Lock())


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking a picture."""

    of: str
    """See `wall.newest`."""
    at: datetime | None
    """When the recorder had heard of what it is of."""
    clock_s: float
    drawn: Drawn | None
    why: str = ""
    """There is none."""

    def is_old(self, camera: CameraSnapshot) -> bool:
        """Whether there is a newer one to be had, and it is time for it."""
        return self.of != newest(camera) and time.monotonic() - self.clock_s >= PERIOD_S


async def take(
    app: App[Any],
    terminal: Terminal,
    config: str,
    camera: CameraSnapshot,
    room: tuple[int, int],
    number: int,
    lent: Lent,
) -> Taken:
    """A picture of that camera for so many cells and lines. A terminal that can show it itself is given it, by `lent`,
    under that number, of which the colour of the cells tells."""
    drawn, why = None, ""
    try:
        drawn = await _drawn(app, terminal, config, camera.id, room, number, lent)
    except (NoBitmap, OSError) as error:
        why = str(error)
    opened = camera.open_segment
    at = opened.grew_at if opened is not None else camera.last_segment.ended_at if camera.last_segment else None
    return Taken(newest(camera), at, time.monotonic(), drawn, why)


async def _drawn(
    app: App[Any], terminal: Terminal, config: str, camera: str, room: tuple[int, int], number: int, lent: Lent
) -> Drawn:
    """Raises NoBitmap and OSError."""
    coloured = not app.has_class("-ascii") and not app.ansi_color
    # Of 256 colours too few are left to tell many pictures apart by.
    real = coloured and terminal.placeholders and app.console.color_system == "truecolor"
    width, height = fit_pixels(*room, terminal.cell, MOST_PIXELS) if real else fit_into(*room)
    asked = ("still", camera, "--as", "png" if real else "ppm", "--fit", f"{width}x{height}")
    async with turn(camera), command(config, *asked) as process:
        picture, said = await process.communicate()
    if process.returncode != 0:
        raise NoBitmap(complaint(said) or f"the command ended with {process.returncode}")
    if not real:
        return in_characters(read_ppm(picture), coloured=coloured)
    cells = cells_of(png_size(picture), terminal.cell, room, grow=True)
    lent.give(app, picture, number, cells)
    return behind(cells, Color.from_rgb(number >> 16, number >> 8 & 255, number & 255))
