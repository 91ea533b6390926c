"""What is shown instead of everything on a terminal that is too small; it goes away by itself."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from vmstui.tui.actions import binding, key_of
from vmstui.tui.arrange import MINIMUM
from vmstui.tui.screens.covering import Covering


def too_small(cells: int, lines: int) -> bool:
    """Whether nothing useful fits."""
    return cells < MINIMUM[0] or lines < MINIMUM[1]


def sentence(cells: int, lines: int) -> str:
    """What it needs and what it has."""
    need, leave = f"{MINIMUM[0]}x{MINIMUM[1]}", key_of("recorder.leave")
    return (
        f"The terminal is too small: vmstui needs {need}, it has {cells}x{lines}.\nRecording goes on. {leave} leaves."
    )


class TooSmall(Covering):
    """One sentence in the middle of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [binding("recorder.leave", "app.leave")]

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield Static(Content(sentence(*self.app.size)), id="too-small")

    def on_resize(self, event: Resize) -> None:
        """The figures follow the terminal."""
        self.query_one("#too-small", Static).update(Content(sentence(*event.size)))
