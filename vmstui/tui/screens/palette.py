"""The palette: a field, what can become of what is typed in it, and what is wrong with it.

`enter` does what is marked in the list, `tab` takes it into the field to type on, and what cannot be done leaves the
palette open with the reason. It dismisses with a command, or with None.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Static

from vmstui.tui.actions import binding, key_of
from vmstui.tui.format import fit, width, wrap
from vmstui.tui.glyphs import BAD, CURSOR
from vmstui.tui.lines import Line, Role
from vmstui.tui.palette import Command, Offers, Palette, World, help_of
from vmstui.tui.widgets.painter import LineBar

ROWS = 12
AROUND = 6
"""Lines of the screen that the list leaves free: field, hint, frame."""
TITLE = 26
"""Cells that a title has at least beside its help."""


class Offered(LineBar):
    """The commands that are offered, as many as have room around the marked one."""

    class Clicked(Message):
        """With the mouse."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__(id="palette-list")
        self.commands: tuple[Command, ...] = ()
        self.index = 0
        self._top = 0

    def offer(self, commands: tuple[Command, ...]) -> None:
        """Show these, the first one marked."""
        self.commands, self.index, self._top = commands, 0, 0
        self.draw()

    def move(self, by: int) -> None:
        """Mark another one."""
        if self.commands:
            self.index = (self.index + by) % len(self.commands)
            self.draw()

    @property
    def rows(self) -> int:
        """How many have room."""
        return max(min(len(self.commands), ROWS, self.app.size.height - AROUND), 0)

    def draw(self) -> None:
        """Draw."""
        rows = self.rows
        self._top = min(max(self._top, self.index - rows + 1), self.index)
        shown = self.commands[self._top : self._top + rows]
        longest = max((width(command.title) for command in shown), default=0)
        cells = max(self.app.size.width - 6, 20)
        title = min(max(longest, TITLE), cells)
        lines: list[Line] = []
        for index, command in enumerate(shown, self._top):
            mark = CURSOR if index == self.index else " "
            told = (
                (f"  {fit(help_of(command.action), cells - title - 3)}", Role.DIM)
                if cells - title > 12
                else ("", Role.DIM)
            )
            role = Role.STRONG if index == self.index else Role.TEXT
            lines.append(((mark, Role.KEY), (fit(command.title, title), role), told))
        self.styles.height = rows
        self.display = bool(rows)
        self.show_lines(*lines)

    def render_line(self, y: int) -> Strip:
        """Line API: the marked one as in every list."""
        line = self._lines[y] if y < len(self._lines) else ()
        return self.paint(line, self.size.width, "cursor" if self._top + y == self.index else "")

    def on_click(self, event: Click) -> None:
        """Mouse."""
        if self._top + event.y < len(self.commands):
            self.post_message(self.Clicked(self._top + event.y))


class PaletteScreen(ModalScreen[Command | None]):
    """Over whatever was asked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "leave it", priority=True),
        binding("palette.up", "move(-1)", priority=True),
        binding("palette.down", "move(1)", priority=True),
        binding("palette.complete", "complete", priority=True),
    ]

    def __init__(self, world: World, typed: str = "") -> None:
        super().__init__()
        self._palette = Palette(world)
        self._begin = typed
        self.offers = Offers()
        self.list = Offered()

    @property
    def text(self) -> str:
        """All it says."""
        return "\n".join([*(command.title for command in self.offers.commands), self.offers.told])

    def compose(self) -> ComposeResult:
        """Field, list, what is wrong or how to go on."""
        with Vertical(id="palette"):
            with Horizontal(id="palette-line"):
                yield Static(Content(":"), id="palette-prompt")
                yield Input(self._begin, id="palette-input", compact=True, placeholder="a command, or part of it")
            yield self.list
            yield LineBar(id="palette-told")

    def on_mount(self) -> None:
        """What is there already can be gone on with."""
        self.query_one(Input).cursor_position = len(self._begin)
        self._answer(self._begin)

    def on_resize(self) -> None:
        """Another size."""
        self.call_after_refresh(self._draw)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every letter counts."""
        event.stop()
        self._answer(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self._take()

    def on_offered_clicked(self, message: Offered.Clicked) -> None:
        """Mouse."""
        self.list.index = message.index
        self._take()

    def action_move(self, by: int) -> None:
        """Key."""
        self.list.move(by)

    def action_complete(self) -> None:
        """Key: take the marked one into the field; once it is there, the next one."""
        field = self.query_one(Input)
        if not self.list.commands:
            return
        if field.value == self.list.commands[self.list.index].line:
            self.list.move(1)
        kept, index = self.list.commands, self.list.index
        self._fill(kept[index].line)
        if not kept[index].goes_on:  # so that further ones can be gone through
            self.list.commands, self.list.index = kept, index
            self.list.draw()

    def action_drop(self) -> None:
        """Escape."""
        self.dismiss(None)

    def _take(self) -> None:
        field = self.query_one(Input)
        if not self.list.commands:
            self._answer(field.value)
            return
        command = self.list.commands[self.list.index]
        if command.goes_on:
            self._fill(command.goes_on)
        else:
            self.dismiss(command)

    def _fill(self, line: str) -> None:
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = line
        field.cursor_position = len(line)
        self._answer(line)

    def _answer(self, typed: str) -> None:
        self.offers = self._palette.offers(typed)
        self.list.offer(self.offers.commands)
        self._draw()

    def _draw(self) -> None:
        told, cells = self.query_one("#palette-told", LineBar), max(self.app.size.width - 6, 20)
        if self.offers.told:
            first, *rest = wrap(self.offers.told, cells - 2)
            lines: list[Line] = [((f"{BAD} {first}", Role.BAD),), *(((f"  {line}", Role.BAD),) for line in rest[:2])]
        else:
            up, down = key_of("palette.up"), key_of("palette.down")
            hint = f"{key_of('palette.complete')} completes  {up} {down} choose  enter does it  esc leaves"
            lines = [((fit(hint, cells), Role.DIM),)]
        told.styles.height = len(lines)
        told.show_lines(*lines)
        self.list.draw()
