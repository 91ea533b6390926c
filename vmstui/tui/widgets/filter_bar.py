"""The line a filter or a search is typed into; it works while it is typed.

In the log `/` searches and `&` filters, as in less: the first goes from match to match, the other leaves out all else.
Both take regular expressions; a key makes the one into the other, another takes what is typed as a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from vmstui.tui.actions import binding, keys_of
from vmstui.tui.glyphs import in_ascii
from vmstui.tui.key_names import sign


class Purpose(StrEnum):
    """What is typed."""

    ROWS = "filter"
    """Of cameras, of findings."""
    LOG_SEARCH = "search"
    LOG_FILTER = "show only"


PLACEHOLDER = {
    Purpose.ROWS: "text to show only; !text to hide",
    Purpose.LOG_SEARCH: "expression; with ! lines without it",
    Purpose.LOG_FILTER: "expression; with ! to hide",
}
OTHER = {Purpose.LOG_SEARCH: Purpose.LOG_FILTER, Purpose.LOG_FILTER: Purpose.LOG_SEARCH}


class FilterBar(Horizontal):
    """Asks for a text. Enter keeps it, escape takes it away."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "drop the filter", priority=True),
        binding("field.kind", "other", priority=True),
        binding("field.literal", "literal", priority=True),
    ]

    @dataclass
    class Changed(Message):
        """Another text is asked for; `done` when the person is through with typing."""

        pattern: str
        done: bool
        purpose: Purpose = Purpose.ROWS
        literal: bool = False

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.purpose = Purpose.ROWS
        self.literal = False
        """What is typed is a text, whatever is in it."""
        self._told: tuple[str, bool] = "", False

    def compose(self) -> ComposeResult:
        """A prompt, the input, what there is to say about it."""
        yield Static(Content(""), id="filter-prompt")
        yield Input(id="filter-input", compact=True)
        yield Static(Content(""), id="filter-told")

    def open(self, pattern: str, purpose: Purpose, *, literal: bool = False) -> None:
        """Ask, beginning with what applies now."""
        self.display = True
        self.purpose, self.literal = purpose, literal
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = pattern
        field.cursor_position = len(pattern)
        self.tell("")
        field.focus()

    def tell(self, words: str, *, wrong: bool = False) -> None:
        """What becomes of what is typed, before the keys that work."""
        self._told = words, wrong
        self.query_one("#filter-prompt", Static).update(Content(f" {self.purpose} "))
        self.query_one(Input).placeholder = self._drawn(PLACEHOLDER[self.purpose])
        keys = ""
        if self.purpose in OTHER and not wrong:  # what is wrong needs the room
            kind, other = ("text", "expression") if self.literal else ("expression", "text")
            keys = f"{kind} {self._key('field.literal')} {other}  {self._key('field.kind')} {OTHER[self.purpose]} "
        told = self.query_one("#filter-told", Static)
        told.update(Content(self._drawn(f" {words}  {keys}" if words else f" {keys}" if keys else "")))
        told.set_class(wrong, "-wrong")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Every letter counts."""
        event.stop()
        self._post(event.value.strip(), done=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.display = False
        self._post(event.value.strip(), done=True)

    def action_drop(self) -> None:
        """Escape."""
        self.display = False
        self._post("", done=True)

    def action_other(self) -> None:
        """A search becomes a filter, and a filter a search."""
        if self.purpose not in OTHER:
            return
        self._post("", done=False)
        self.purpose = OTHER[self.purpose]
        self.tell("")
        self._post(self.query_one(Input).value.strip(), done=False)

    def action_literal(self) -> None:
        """An expression becomes a text, and a text an expression."""
        if self.purpose in OTHER:
            self.literal = not self.literal
            self.tell("")
            self._post(self.query_one(Input).value.strip(), done=False)

    def _post(self, pattern: str, *, done: bool) -> None:
        self.post_message(self.Changed(pattern, done, self.purpose, self.literal))

    @staticmethod
    def _key(action: str) -> str:
        return next(map(sign, keys_of(action)), "(no key)")

    def _drawn(self, text: str) -> str:
        return in_ascii(text) if self.app.has_class("-ascii") else text
