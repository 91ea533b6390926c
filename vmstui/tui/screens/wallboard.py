"""The wallboard: all cameras at once and no keys, for a screen on the wall; any size, the larger the more it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from vmstui.tui.actions import binding
from vmstui.tui.board_lines import board_lines
from vmstui.tui.fleet_rows import context_of, ordered
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.views import View
from vmstui.tui.widgets.painter import LineBar

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class WallboardScreen(ViewScreen):
    """Header, banners, a tile for each camera."""

    VIEW: ClassVar[View] = View.WALLBOARD
    BINDINGS: ClassVar[list[BindingType]] = [binding("view.back", "back"), binding("view.wallboard", "back")]

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.board = LineBar(id="board")

    def compose_body(self) -> ComposeResult:
        """All the rest is for the cameras."""
        yield self.board

    def lay_out(self) -> None:
        """As large as there is room for."""
        picture, snapshot = self.picture, self.picture.snapshot
        lines = self.app.size.height - self.taken()
        if snapshot is not None:
            context = context_of(snapshot, picture.cpu, picture.ticks, {}, picture.strips)
            self.board.show_lines(*board_lines(ordered(snapshot), context, self.app.size.width, lines))
