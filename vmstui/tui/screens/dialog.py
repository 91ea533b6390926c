"""What all dialogs are: a title and a text over the screen before, and below them what each one adds."""

from __future__ import annotations

from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from vmstui.tui.glyphs import in_ascii

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Dismisses with an answer. Nothing that is shown is markup, and in an ASCII terminal all of it is ASCII."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    @property
    def text(self) -> str:
        """All it says."""
        return f"{self._title}\n{self._text}"

    def compose(self) -> ComposeResult:
        """Title, text, and the rest."""
        with Vertical(id="dialog"):
            yield Static(self.drawn(self._title), id="dialog-title")
            yield Static(self.drawn(self._text), id="dialog-text")
            yield from self.below()

    def below(self) -> ComposeResult:
        """What is under the text."""
        raise NotImplementedError

    def drawn(self, text: str) -> Content:
        """As it is shown."""
        return Content(in_ascii(text) if self.app.has_class("-ascii") else text)
