"""Asks for one line of text: a time, a note, the name of a file. Says at once what is wrong with what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from vmstui.tui.screens.dialog import Dialog


class Ask(Dialog[str | None]):
    """Dismisses with the text, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", "leave it", priority=True)]

    def __init__(self, title: str, text: str, begin: str = "", check: Callable[[str], str] = lambda typed: "") -> None:
        """`check` gives a sentence about what cannot be taken, empty for what can."""
        super().__init__(title, text)
        self._begin, self._check = begin, check
        self.wrong = ""

    @property
    def text(self) -> str:
        """All it says."""
        return f"{super().text}\n{self.wrong}"

    def below(self) -> ComposeResult:
        """A field, room for what is wrong with it, a hint."""
        yield Input(self._begin, id="ask-input", compact=True)
        yield Static("", id="dialog-wrong")
        yield Static(self.drawn("enter takes it, esc leaves it"), id="dialog-hint")

    def on_mount(self) -> None:
        """What is there already can be gone on with."""
        self.query_one(Input).cursor_position = len(self._begin)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        typed = event.value.strip()
        self.wrong = self._check(typed)
        self.query_one("#dialog-wrong", Static).update(self.drawn(self.wrong))
        if not self.wrong:
            self.dismiss(typed)

    def action_drop(self) -> None:
        """Escape."""
        self.dismiss(None)
