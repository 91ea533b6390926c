"""Tells something that has to stay until it was read, such as the path of a file."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from vmstui.tui.actions import binding, key_of
from vmstui.tui.screens.dialog import Dialog


class Tell(Dialog[None]):
    """A title and a text; any of the keys that close closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            binding(action, "dismiss", "close")
            for action in ("view.back", "recorder.leave", "dialog.take", "segments.open")
        ),
        binding("dialog.copy", "copy"),
    ]

    def __init__(self, title: str, text: str, copied: str = "") -> None:
        """`copied` is a path that a key copies; empty where there is none."""
        super().__init__(title, text)
        self._copied = copied

    def below(self) -> ComposeResult:
        """A hint."""
        copies = f"{key_of('dialog.copy')} copies the path (OSC 52), " if self._copied else ""
        yield Static(self.drawn(f"{copies}esc closes"), id="dialog-hint")

    def action_copy(self) -> None:
        """Key."""
        if not self._copied:
            return
        self.app.copy_to_clipboard(self._copied)
        self.notify("The path is in the clipboard, if your terminal allows it (OSC 52).")
