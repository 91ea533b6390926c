"""The fleet: one row per camera, problems first, drawn from one snapshot.

The cursor belongs to a camera id, never to a row number, so a key pressed just after a re-sort still means the camera
that the person was looking at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import Scope, bindings
from vmstui.tui.fleet_rows import Placed, RowContext, place, row, title_of
from vmstui.tui.format import fit
from vmstui.tui.glyphs import CURSOR
from vmstui.tui.lines import Line, Role
from vmstui.tui.widgets.painter import LinePane


class FleetTable(LinePane):
    """The cameras. Its header line stays while the rows scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.TABLE)]
    ALLOW_SELECT = False

    @dataclass
    class Selected(Message):
        """Another camera is under the cursor; None when there is none at all."""

        camera: str | None

    @dataclass
    class Chosen(Message):
        """A camera was double-clicked."""

        camera: str

    def __init__(self) -> None:
        super().__init__(id="fleet")
        self.cameras: tuple[CameraSnapshot, ...] = ()
        self.selected_id: str | None = None
        self.empty = ""
        self._row_context: RowContext | None = None
        self._names: tuple[str, ...] = ()
        self._placed: tuple[Placed, ...] = ()
        self._placed_for: tuple[int, tuple[str, ...]] = (0, ())

    def update(self, cameras: tuple[CameraSnapshot, ...], context: RowContext, empty: str) -> None:
        """Show these cameras in this order; the cursor stays on its camera. `empty` is said where there are none."""
        was_visible = self._cursor_visible()
        old_index = self.cursor_row
        self.cameras, self._row_context, self.empty = cameras, context, empty
        self._names = tuple(sorted(camera.name for camera in cameras))
        self.set_extent(0, len(cameras) + 1)
        if not any(camera.id == self.selected_id for camera in cameras):
            self._select(cameras[min(old_index, len(cameras) - 1)].id if cameras else None)
        elif was_visible:
            self._reveal()
        self.refresh()

    @property
    def cursor_row(self) -> int:
        """Row of the selected camera, 0 where there is none."""
        return next((index for index, camera in enumerate(self.cameras) if camera.id == self.selected_id), 0)

    def select(self, camera: str) -> bool:
        """Put the cursor on a camera; False if it is not shown."""
        if not any(shown.id == camera for shown in self.cameras):
            return False
        self._select(camera)
        return True

    def line_at(self, row_number: int) -> Line | None:
        """A row; row 0 is drawn by `render_line` from the header, whatever is scrolled."""
        index = row_number - 1
        if self._row_context is None or index >= len(self.cameras):
            return ((f"   {self.empty}", Role.DIM),) if index == 0 and not self.cameras and self.empty else None
        camera = self.cameras[index]
        mark = CURSOR if camera.id == self.selected_id else " "
        return ((mark, Role.KEY), *row(camera, self._columns(), self._row_context))

    def render_line(self, y: int) -> Strip:
        """Line API: the header never scrolls away."""
        if y:
            return super().render_line(y)
        cells = self.scrollable_content_region.width
        titles = [fit(title_of(item), item.cells, right=item.column.right) + " " for item in self._columns()]
        line: Line = ((" ", Role.LABEL), *((title, Role.LABEL) for title in titles))
        return self.paint(line, cells, "head")

    def row_kind(self, row_number: int) -> str:
        """The cursor shows where the keys go, weaker while another pane has the focus."""
        if row_number - 1 < len(self.cameras) and self.cameras[row_number - 1].id == self.selected_id:
            return "cursor" if self.has_focus else "cursor-blurred"
        return ""

    def action_cursor(self, by: int) -> None:
        """Move by rows."""
        if self.cameras:
            self._select(self.cameras[min(max(self.cursor_row + by, 0), len(self.cameras) - 1)].id)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.action_cursor(by * max(self.size.height - 2, 1))

    def action_first(self) -> None:
        """To the first row."""
        self.action_cursor(-len(self.cameras))

    def action_last(self) -> None:
        """To the last row."""
        self.action_cursor(len(self.cameras))

    def on_click(self, event: Click) -> None:
        """Select the row under the mouse; choose it on the second click."""
        index = event.y + self.scroll_offset.y - 1
        if event.y >= 1 and 0 <= index < len(self.cameras):
            self._select(self.cameras[index].id)
            if event.chain == 2:
                self.post_message(self.Chosen(self.cameras[index].id))

    def _select(self, camera: str | None) -> None:
        if camera != self.selected_id:
            self.selected_id = camera
            self.post_message(self.Selected(camera))
        self._reveal()
        self.refresh()

    def _columns(self) -> tuple[Placed, ...]:
        key = (self.scrollable_content_region.width, self._names)
        if key != self._placed_for:
            self._placed, self._placed_for = place(key[0] - 2, key[1]), key
        return self._placed

    def _cursor_visible(self) -> bool:
        top = self.scroll_offset.y
        return top <= self.cursor_row < top + max(self.size.height - 1, 1)

    def _reveal(self) -> None:
        height, row_number, top = max(self.size.height - 1, 1), self.cursor_row, self.scroll_offset.y
        if row_number < top or row_number >= top + height:
            wanted = row_number if row_number < top else row_number - height + 1
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)
