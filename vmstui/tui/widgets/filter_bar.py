"""The line a filter is typed into; it works while it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static


class FilterBar(Horizontal):
    """Asks for a text. Enter keeps it, escape takes it away."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", "drop the filter", priority=True)]

    @dataclass
    class Changed(Message):
        """Another text is asked for; `done` when the person is through with typing."""

        pattern: str
        done: bool

    def compose(self) -> ComposeResult:
        """A prompt and the input."""
        yield Static(Content(" filter "), id="filter-prompt")
        yield Input(id="filter-input", compact=True, placeholder="text to show only; !text to hide")

    def open(self, pattern: str) -> None:
        """Ask, beginning with what applies now."""
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = pattern
        field.cursor_position = len(pattern)
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every letter counts."""
        event.stop()
        self.post_message(self.Changed(event.value.strip(), done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.display = False
        self.post_message(self.Changed(event.value.strip(), done=True))

    def action_drop(self) -> None:
        """Escape."""
        self.display = False
        self.post_message(self.Changed("", done=True))
