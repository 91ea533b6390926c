"""A question with consequences: names what happens, No has the focus, a key for each answers at once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button

from vmstui.tui.actions import binding, key_of
from vmstui.tui.screens.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks, and dismisses with the answer; `escape` is No."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("dialog.yes", "answer(True)"),
        binding("dialog.no", "answer(False)"),
        binding("view.back", "answer(False)", "no"),
        binding("recorder.leave", "answer(False)", "no"),
        binding("dialog.other", "other"),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, title: str, text: str, yes: str) -> None:
        super().__init__(title, text)
        self._yes = yes

    def below(self) -> ComposeResult:
        """Two buttons."""
        with Horizontal(id="dialog-buttons"):
            yield Button(self.drawn(f"  {key_of('dialog.yes')}  {self._yes}  "), id="yes", compact=True)
            yield Button(self.drawn(f"  {key_of('dialog.no')}  No, leave it  "), id="no", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Mouse or enter."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Key."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Arrow keys go to the other button."""
        self.focus_next()
