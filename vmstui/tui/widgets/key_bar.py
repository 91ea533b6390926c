"""The last line of the screen: the keys that work here, as many as fit, each of them clickable."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vmstui.tui.actions import Action
from vmstui.tui.format import width
from vmstui.tui.lines import Role
from vmstui.tui.widgets.painter import LineBar


def fitting(actions: Sequence[tuple[Action, str]], cells: int) -> list[tuple[Action, str]]:
    """The pairs of action and words that fit, in their order; those of high rank go first."""
    kept = list(actions)
    while kept and sum(width(action.key) + width(words) + 3 for action, words in kept) > cells:
        kept.remove(max(kept, key=lambda pair: pair[0].rank))
    return kept


class KeyBar(LineBar):
    """The footer. `update` gets the actions that work now with the words to show for them."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._actions: tuple[tuple[Action, str], ...] = ()

    def update(self, actions: Sequence[tuple[Action, str]]) -> None:
        """Show these actions."""
        if tuple(actions) != self._actions:
            self._actions = tuple(actions)
            self.refresh()

    @property
    def text(self) -> str:
        """What it says."""
        return " ".join(f"{action.key} {words}" for action, words in fitting(self._actions, self.size.width))

    def render_line(self, y: int) -> Strip:
        """Line API."""
        key_style, words_style = self.role_style(Role.KEY), self.role_style(Role.DIM)
        segments: list[Segment] = []
        for action, words in fitting(self._actions, self.size.width):
            call = f"app.{action.call}" if action.scope == "app" else f"screen.run_action_of('{action.id}')"
            click = Style(meta={"@click": call})
            segments.append(Segment(f" {action.key}", key_style + click))
            segments.append(Segment(f" {words} ", words_style + click))
        return Strip(segments).crop_extend(0, self.size.width, words_style)
