"""A question with consequences: names what happens, No has the focus, y and n answer at once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from vmstui.tui.glyphs import in_ascii


class Confirm(ModalScreen[bool]):
    """Asks, and dismisses with the answer; `escape` is No."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape,q", "answer(False)", "no"),
        Binding("left,right,up,down,h,l", "other", "other button", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, text: str, yes: str) -> None:
        super().__init__()
        self._title, self._text, self._yes = title, text, yes

    @property
    def text(self) -> str:
        """All it says."""
        return f"{self._title}\n{self._text}"

    def compose(self) -> ComposeResult:
        """Title, text, two buttons; nothing of it is markup."""
        draw = in_ascii if self.app.has_class("-ascii") else str
        with Vertical(id="dialog"):
            yield Static(Content(draw(self._title)), id="dialog-title")
            yield Static(Content(draw(self._text)), id="dialog-text")
            with Horizontal(id="dialog-buttons"):
                yield Button(Content(draw(f"  y  {self._yes}  ")), id="yes", compact=True)
                yield Button(Content("  n  No, leave it  "), id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Mouse or enter."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Key."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Arrow keys go to the other button."""
        self.focus_next()
