"""How pictures of many cameras share a screen: where each goes, and what stands above it. Pure.

A tile is a title and a picture of 16:9; a character is about twice as high as wide. As large as all of them fit, and
no smaller than something can be recognised on: what has no room then is on the next page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vmstui.model import CameraSnapshot, CameraState
from vmstui.tui.format import fit, short_span, width
from vmstui.tui.glyphs import STATE, WORD
from vmstui.tui.lines import Line, Role

LEAST_CELLS = 24
BETWEEN = 1
"""Blank cells beside a tile."""


@dataclass(frozen=True, slots=True)
class Wall:
    """The tiles of a page, from left to right and from the top."""

    columns: int
    rows: int
    cells: int
    """Of a picture; the tile has one more, blank."""
    lines: int
    """Of a picture; the tile has one more, its title."""

    @property
    def count(self) -> int:
        """Tiles of a page."""
        return self.columns * self.rows

    def page_of(self, index: int) -> int:
        """The page that a tile is on."""
        return index // self.count

    def on_page(self, page: int, count: int) -> range:
        """Numbers of the tiles of a page, of so many in all."""
        return range(page * self.count, min((page + 1) * self.count, count))

    def moved(self, index: int, by: int, count: int) -> int:
        """Where the cursor is after a move by so many tiles; it stays at an end."""
        return min(max(index + by, 0), max(count - 1, 0))


def wall(cells: int, lines: int, count: int) -> Wall:
    """The largest tiles of which all `count` fit into that room; else the smallest, on several pages."""
    most = max(cells // (LEAST_CELLS + BETWEEN), 1)
    made = [_with_columns(columns, cells, lines) for columns in range(1, most + 1)]
    return next((one for one in made if one.count >= count), made[-1])


def _with_columns(columns: int, cells: int, lines: int) -> Wall:
    wide = max(cells // columns - BETWEEN, 1)
    high = min(max(wide * 9 // 32, 1), max(lines - 1, 1))
    rows = max(lines // (high + 1), 1)
    return Wall(columns, rows, wide, max(lines // rows - 1, 1))


def title(camera: CameraSnapshot, now: datetime, taken_at: datetime | None, cells: int, mark: str) -> Line:
    """Its state, its name, and how old the picture is, which is when the recorder had heard of it last."""
    state, role = f"{STATE[camera.state]} ", Role.OK if camera.state is CameraState.RECORDING else Role.WARN
    age = f" {short_span(max((now - taken_at).total_seconds(), 0.0))}" if taken_at is not None else ""
    words = camera.name if camera.state is CameraState.RECORDING else f"{camera.name} {WORD[camera.state]}"
    room = max(cells - width(mark) - width(state) - width(age), 0)
    return ((mark, Role.KEY), (state, role), (fit(words, room), Role.NAME), (age, Role.DIM))


def newest(camera: CameraSnapshot) -> str:
    """What the newest picture of a camera is of: it is another one once this is another."""
    if (opened := camera.open_segment) is not None:
        return f"{opened.name} {opened.size_bytes}"
    return camera.last_segment.path if camera.last_segment is not None else ""
