"""A list of rows that come anew again and again: the cursor stays on its row, by the key of it, wherever that goes.

Where its row is gone the cursor stays at its height. A header line stays while the rows scroll. What rows say is made
by whoever shows the list, and only for those that are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from vmstui.tui.actions import Scope, bindings
from vmstui.tui.glyphs import CURSOR
from vmstui.tui.lines import Line, Role
from vmstui.tui.widgets.painter import LinePane

Draw = Callable[[int, int], Line]
"""A row by its index, in so many cells."""
Head = Callable[[int], Line]
"""What stands above the rows, in so many cells."""


def nothing(index: int, cells: int) -> Line:
    """Before there is anything."""
    return ()


class RowList(LinePane):
    """The rows."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.TABLE)]
    ALLOW_SELECT = False

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        index: int | None

    @dataclass
    class Chosen(Message):
        """A row was double-clicked."""

        index: int

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.keys: tuple[str, ...] = ()
        self.key = ""
        """Of the row under the cursor."""
        self.head: Head | None = None
        self.empty = ""
        self._draw: Draw = nothing

    @property
    def index(self) -> int | None:
        """Of the row under the cursor; None where there is none."""
        return self.keys.index(self.key) if self.key in self.keys else None

    def update(self, keys: Sequence[str], draw: Draw, head: Head | None = None, empty: str = "") -> None:
        """Show these rows; `empty` is said where there are none."""
        before = self.index or 0
        self.keys, self._draw, self.head, self.empty = tuple(keys), draw, head, empty
        self.set_extent(0, len(keys) + self._top)
        if self.key not in self.keys:
            self._select(min(before, len(keys) - 1) if keys else None)
        self._reveal()
        self.refresh()

    def select(self, key: str) -> None:
        """Put the cursor there, if there is such a row."""
        if key in self.keys:
            self._select(self.keys.index(key))

    def line_at(self, row: int) -> Line | None:
        """A row, behind the mark of the cursor."""
        index = row - self._top
        if not self.keys:
            return ((f" {self.empty}", Role.DIM),) if index == 0 and self.empty else None
        if not 0 <= index < len(self.keys):
            return None
        mark = CURSOR if self.keys[index] == self.key else " "
        return ((mark, Role.KEY), *self._draw(index, self.scrollable_content_region.width - 1))

    def render_line(self, y: int) -> Strip:
        """Line API: the header never scrolls away."""
        if y or self.head is None:
            return super().render_line(y)
        cells = self.scrollable_content_region.width
        return self.paint(self.head(cells), cells, "head")

    def row_kind(self, row: int) -> str:
        """The cursor."""
        index = row - self._top
        if 0 <= index < len(self.keys) and self.keys[index] == self.key:
            return "cursor" if self.has_focus else "cursor-blurred"
        return ""

    def action_cursor(self, by: int) -> None:
        """Key."""
        if self.keys:
            self._select(min(max((self.index or 0) + by, 0), len(self.keys) - 1))

    def action_page(self, by: int) -> None:
        """Key."""
        self.action_cursor(by * max(self.size.height - self._top - 1, 1))

    def action_first(self) -> None:
        """Key."""
        self.action_cursor(-len(self.keys))

    def action_last(self) -> None:
        """Key."""
        self.action_cursor(len(self.keys))

    def on_click(self, event: Click) -> None:
        """Select the row under the mouse; choose it on the second click."""
        index = event.y + self.scroll_offset.y - self._top
        if event.y >= self._top and 0 <= index < len(self.keys):
            self._select(index)
            if event.chain == 2:
                self.post_message(self.Chosen(index))

    def on_resize(self) -> None:
        """The row under the cursor stays in sight."""
        self._reveal()

    @property
    def _top(self) -> int:
        return 0 if self.head is None else 1

    def _select(self, index: int | None) -> None:
        key = self.keys[index] if index is not None else ""
        if key != self.key:
            self.key = key
            self.post_message(self.Moved(index))
        self._reveal()
        self.refresh()

    def _reveal(self) -> None:
        height, index, top = max(self.size.height - self._top, 1), self.index or 0, self.scroll_offset.y
        if index < top or index >= top + height:
            wanted = index if index < top else index - height + 1
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)
