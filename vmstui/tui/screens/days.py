"""The days there is footage of, to choose one from."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmstui.footage_accounts import FootageDay
from vmstui.tui.actions import binding, key_of
from vmstui.tui.glyphs import CURSOR, DOT, RULE
from vmstui.tui.lines import Line, Role, cut
from vmstui.tui.segment_lines import day_words
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar, LinePane

MOST_DAYS = 100_000
"""More than there are."""


class DayList(LinePane):
    """The days, newest first, with a cursor."""

    ALLOW_SELECT = False

    def __init__(self, days: tuple[FootageDay, ...], where: tzinfo | None, cursor: int) -> None:
        super().__init__(id="days-list")
        self.days, self.where, self.cursor = days, where, cursor

    def on_mount(self) -> None:
        """All of them are known."""
        super().on_mount()
        self.set_extent(0, len(self.days))
        self.call_after_refresh(self.move, 0)

    def line_at(self, row: int) -> Line | None:
        """One day."""
        if row >= len(self.days):
            return None
        day = self.days[row]
        name = f"{day.began_at.astimezone(self.where):%a %Y-%m-%d}"
        mark = CURSOR if row == self.cursor else " "
        role = Role.WARN if day.losses else Role.DIM
        line: Line = ((mark, Role.KEY), (f" {name}  ", Role.TEXT), (day_words(day), role))
        return cut(line, self.scrollable_content_region.width)

    def row_kind(self, row: int) -> str:
        """The cursor."""
        return "cursor" if row == self.cursor else ""

    def move(self, by: int) -> None:
        """Move the cursor, and what is seen with it."""
        self.cursor = min(max(self.cursor + by, 0), len(self.days) - 1)
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= self.cursor < top + height:
            wanted = self.cursor if self.cursor < top else self.cursor - height + 1
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)
        self.refresh()


class Days(ModalScreen[datetime | None]):
    """Dismisses with the beginning of the day that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("view.back", "drop", "close"),
        binding("recorder.leave", "drop", "close"),
        binding("segments.day", "drop", "close"),
        binding("move.up", "move(-1)"),
        binding("move.down", "move(1)"),
        binding("move.page_up", "move(-10)"),
        binding("move.page_down", "move(10)"),
        binding("move.first", f"move(-{MOST_DAYS})", "newest"),
        binding("move.last", f"move({MOST_DAYS})", "oldest"),
        binding("dialog.take", "take"),
    ]

    def __init__(self, camera: str, days: tuple[FootageDay, ...], where: tzinfo | None, at: datetime) -> None:
        """`at` is where the person is now."""
        super().__init__()
        self._camera = camera
        here = next((index for index, day in enumerate(days) if day.began_at <= at), len(days) - 1)
        self.list = DayList(days, where, here)
        self._title = LineBar(classes="title")

    def compose(self) -> ComposeResult:
        """Title above the days."""
        with Vertical(id="days-box"):
            yield self._title
            yield self.list

    def on_resize(self) -> None:
        """The title fills the width."""
        self.call_after_refresh(self._retitle)

    def _retitle(self) -> None:
        close: Line = ((f"{key_of('dialog.take')} goes there {DOT} esc closes", Role.DIM),)
        cells = self._title.size.width
        self._title.show_lines(title_line("Days", self._camera, close, cells, focused=True, rule=RULE))

    def action_move(self, by: int) -> None:
        """Key."""
        self.list.move(by)

    def action_take(self) -> None:
        """Key."""
        self.dismiss(self.list.days[self.list.cursor].began_at)

    def action_drop(self) -> None:
        """Key."""
        self.dismiss(None)
