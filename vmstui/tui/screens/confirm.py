"""A question with consequences: names what happens, No has the focus, y and n answer at once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button

from vmstui.tui.screens.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks, and dismisses with the answer; `escape` is No."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape,q", "answer(False)", "no"),
        Binding("left,right,up,down,h,l", "other", "other button", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, text: str, yes: str) -> None:
        super().__init__(title, text)
        self._yes = yes

    def below(self) -> ComposeResult:
        """Two buttons."""
        with Horizontal(id="dialog-buttons"):
            yield Button(self.drawn(f"  y  {self._yes}  "), id="yes", compact=True)
            yield Button(self.drawn("  n  No, leave it  "), id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Mouse or enter."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Key."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Arrow keys go to the other button."""
        self.focus_next()
