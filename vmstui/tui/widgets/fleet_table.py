"""The fleet: one row per camera, problems first, drawn from one snapshot.

The cursor belongs to a camera id, never to a row number, so a key pressed just after a re-sort still means the camera
that the person was looking at. So do marks: they outlast sorting, filtering and hiding, and end with the camera.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import Scope, bindings
from vmstui.tui.fleet_rows import Placed, RowContext, place, row, title_of
from vmstui.tui.fleet_view import View, downwards
from vmstui.tui.format import fit
from vmstui.tui.glyphs import CURSOR, DOWN, MARKED, SILENT, UP
from vmstui.tui.lines import Line, Role
from vmstui.tui.widgets.painter import LinePane


class FleetTable(LinePane):
    """The cameras. Its header line stays while the rows scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.TABLE), *bindings(Scope.CAMERAS)]
    ALLOW_SELECT = False

    @dataclass
    class Selected(Message):
        """Another camera is under the cursor; None when there is none at all."""

        camera: str | None

    @dataclass
    class Chosen(Message):
        """A camera was double-clicked."""

        camera: str

    @dataclass
    class Marked(Message):
        """Other cameras are marked than before."""

    @dataclass
    class Asked(Message):
        """A key that is not about moving or marking; `verb` is one of those the fleet's desk knows."""

        verb: str
        by: int = 0

    def __init__(self) -> None:
        super().__init__(id="fleet")
        self.cameras: tuple[CameraSnapshot, ...] = ()
        self.selected_id: str | None = None
        self.marked: frozenset[str] = frozenset()
        """Ids; also of cameras that are not shown now."""
        self.view = View()
        self._silent: Collection[str] = ()
        self.empty = ""
        self._row_context: RowContext | None = None
        self._names: tuple[str, ...] = ()
        self._placed: tuple[Placed, ...] = ()
        self._placed_for: tuple[int, tuple[str, ...], View] = (0, (), View())

    def update(
        self,
        cameras: tuple[CameraSnapshot, ...],
        context: RowContext,
        empty: str,
        view: View = View(),  # noqa: B008 (frozen)
        silent: Collection[str] = (),
    ) -> None:
        """Show these cameras in this order; the cursor stays on its camera. `empty` is said where there are none; of
        those that are `silent` no notices come."""
        self.view, self._silent = view, silent
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
        lead = CURSOR if camera.id == self.selected_id else " "
        if self.marked:
            lead += MARKED if camera.id in self.marked else " "
        if self._silent:
            lead += SILENT if camera.id in self._silent else " "
        return ((lead, Role.KEY), *row(camera, self._columns(), self._row_context))

    def render_line(self, y: int) -> Strip:
        """Line API: the header never scrolls away."""
        if y:
            return super().render_line(y)
        cells = self.scrollable_content_region.width
        arrow = DOWN if downwards(self.view) else UP
        line: Line = ((" " * self._lead, Role.LABEL),)
        for item in self._columns():
            by = item.column.key == self.view.sort
            title = title_of(item, arrow if by else "")
            line += ((fit(title, item.cells, right=item.column.right) + " ", Role.STRONG if by else Role.LABEL),)
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

    def action_mark_camera(self) -> None:
        """Key: mark it or unmark it, and go on to the next one."""
        if self.selected_id is not None:
            self.mark(self.marked ^ {self.selected_id})
            self.action_cursor(1)

    def action_mark_cameras(self) -> None:
        """Key: mark all that are shown; once all are, none of them."""
        shown = frozenset(camera.id for camera in self.cameras)
        self.mark(self.marked - shown if shown <= self.marked else self.marked | shown)

    def mark(self, cameras: Collection[str]) -> None:
        """Let these be the ones that are marked."""
        if frozenset(cameras) != self.marked:
            self.marked = frozenset(cameras)
            self.refresh()
            self.post_message(self.Marked())

    def action_ask(self, verb: str, by: int = 0) -> None:
        """Key."""
        self.post_message(self.Asked(verb, by))

    @property
    def columns_seen(self) -> tuple[str, ...]:
        """Keys of the columns that there is room for."""
        return tuple(item.column.key for item in self._columns())

    def on_click(self, event: Click) -> None:
        """Select the row under the mouse; choose it on the second click."""
        index = event.y + self.scroll_offset.y - 1
        if event.y == 0 and (column := self._column_at(event.x)):
            self.post_message(self.Asked(f"sort {column}"))
        if event.y >= 1 and 0 <= index < len(self.cameras):
            self._select(self.cameras[index].id)
            if event.chain == 2:
                self.post_message(self.Chosen(self.cameras[index].id))

    def _select(self, camera: str | None) -> None:
        if camera != self.selected_id:
            before, self.selected_id = self.cursor_row, camera
            self.post_message(self.Selected(camera))
            self.refresh_rows(before + 1, self.cursor_row + 1)
        self._reveal()

    def _columns(self) -> tuple[Placed, ...]:
        view = self.view
        key = (self.scrollable_content_region.width - 1 - self._lead, self._names, view)
        if key != self._placed_for:
            placed = place(key[0], key[1], hidden=view.hidden, wanted=view.wanted, sort=view.sort)
            self._placed, self._placed_for = placed, key
        return self._placed

    @property
    def _lead(self) -> int:
        """Cells before the columns: the cursor, and signs where there are any to show."""
        return 1 + bool(self.marked) + bool(self._silent)

    def _column_at(self, x: int) -> str:
        left = self._lead
        for item in self._columns():
            if left <= x <= left + item.cells:
                return item.column.key
            left += item.cells + 1
        return ""

    def _cursor_visible(self) -> bool:
        top = self.scroll_offset.y
        return top <= self.cursor_row < top + max(self.size.height - 1, 1)

    def _reveal(self) -> None:
        height, row_number, top = max(self.size.height - 1, 1), self.cursor_row, self.scroll_offset.y
        if row_number < top or row_number >= top + height:
            wanted = row_number if row_number < top else row_number - height + 1
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)
