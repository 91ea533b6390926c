"""Tells something that has to stay until it was read, such as the path of a file."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from vmstui.tui.glyphs import in_ascii


class Tell(ModalScreen[None]):
    """A title and a text; any of the keys that close closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,o", "dismiss", "close"),
        Binding("y", "copy", "copy"),
    ]

    def __init__(self, title: str, text: str, copied: str) -> None:
        """`copied` is what `y` copies."""
        super().__init__()
        self._title, self._text, self._copied = title, text, copied

    @property
    def text(self) -> str:
        """All it says."""
        return f"{self._title}\n{self._text}"

    def compose(self) -> ComposeResult:
        """Nothing of it is markup."""
        draw = in_ascii if self.app.has_class("-ascii") else str
        with Vertical(id="dialog"):
            yield Static(Content(draw(self._title)), id="dialog-title")
            yield Static(Content(draw(self._text)), id="dialog-text")
            yield Static(Content("y copies the path (OSC 52), esc closes"), id="dialog-hint")

    def action_copy(self) -> None:
        """Key."""
        self.app.copy_to_clipboard(self._copied)
        self.notify("The path is in the clipboard, if your terminal allows it (OSC 52).")
