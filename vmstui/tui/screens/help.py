"""Help: the keys that work, from the action table, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmstui.footage_accounts import CellKind
from vmstui.tui import glyphs
from vmstui.tui.actions import Action, Group, binding, key_of
from vmstui.tui.day_strip import ROLE, WORD
from vmstui.tui.fleet_rows import STATE_ROLE
from vmstui.tui.format import width, wrap
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role
from vmstui.tui.severity import MEANING as SEVERITY_MEANING
from vmstui.tui.severity import ROLE as SEVERITY_ROLE
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar

MEANING = {
    "recording": "segments are written",
    "starting": "the worker runs, no footage yet",
    "stopping": "being ended, as asked",
    "stopped": "not wanted: stopped by a person, or disabled",
    "held": "waits for something all cameras need",
    "backoff": "waits for the next start (shown as retry and its time)",
    "failing": "no healthy run for ten minutes or more; still tried",
    "stalled": "nothing was recorded any more; being replaced",
    "auth_failed": "the camera refused name or password",
    "config_error": "ffmpeg refused its options",
    "unkillable": "the worker does not end; no second one is started",
}

KEYS_CELLS = 15
STRIP_MEANING = {
    CellKind.RECORDED: "all that should have been recorded then was",
    CellKind.PART: "something was not; the details say since when, for how long and why",
    CellKind.LOST: "nothing was",
    CellKind.OFF: "nobody wanted it recorded",
    CellKind.GONE: "it was recorded and is deleted since, or the clock was set then",
}
"""A blank: nothing is known of that time."""


def help_lines(actions: Sequence[Action], cells: int) -> list[Line]:
    """The help as lines; actions without a key are shown as what to type after `:`."""
    lines: list[Line] = []
    for group in Group:
        of_group = [action for action in actions if action.group is group]
        if not of_group:
            continue
        lines += [(), ((group.value, Role.STRONG),)] if lines else [((group.value, Role.STRONG),)]
        for action in of_group:
            key = keys_words(action) or f":{action.verb} {action.argument.upper()}".rstrip(": ") or "(no key)"
            first, *rest = wrap(action.help, cells - 18)
            lines.append(((f"  {key:<{KEYS_CELLS}} ", Role.KEY), (first, Role.TEXT)))
            lines += [((" " * 18, Role.TEXT), (line, Role.TEXT)) for line in rest]
    lines += [(), (("Signs", Role.STRONG),)]
    for state, sign in glyphs.STATE.items():
        word = glyphs.WORD[state]
        lines.append(((f"  {sign} {word:<13} ", STATE_ROLE[state]), (MEANING[state.value], Role.TEXT)))
    lines += [(), (("Signs of what messages mean", Role.STRONG),)]
    for severity, meaning in SEVERITY_MEANING.items():
        word = severity.value if severity is not None else "unknown"
        role = SEVERITY_ROLE[severity] if severity is not None else Role.TEXT
        lines.append(((f"  {glyphs.SEVERITY[severity]} {word:<13} ", role), (meaning, Role.TEXT)))
    lines += [(), (("Signs of the last 24 hours", Role.STRONG),)]
    for kind, meaning in STRIP_MEANING.items():
        lines.append(((f"  {glyphs.STRIP[kind]} {WORD[kind]:<13} ", ROLE[kind]), (meaning, Role.TEXT)))
    scale = "CPU is in percent of one core. The graph beside it is one minute; its full height is always 100 %."
    return [*lines, (), *(((line, Role.DIM),) for line in wrap(scale, cells))]


def keys_words(action: Action) -> str:
    """Its keys, as many as have room."""
    keys = list(action.all_keys)
    while len(keys) > 1 and width(" ".join(keys)) > KEYS_CELLS:
        keys.pop()
    return " ".join(keys)


class Help(ModalScreen[None]):
    """The help over the screen it was asked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding(action, "dismiss", "close") for action in ("view.back", "recorder.leave", "view.help")
    ]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = tuple(actions)
        self.text = TextBody(id="help-text")
        self._title = LineBar(classes="title")

    def compose(self) -> ComposeResult:
        """Title above the text."""
        with Vertical(id="help-box"):
            yield self._title
            yield self.text

    def on_mount(self) -> None:
        """Scrolling keys work at once."""
        self.text.focus()

    def on_resize(self) -> None:
        """Wrap to the width there is."""
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self.text.set_lines(help_lines(self._actions, max(self.text.scrollable_content_region.width - 1, 40)))
        scroll = f"{key_of('move.up')} {key_of('move.down')} scroll"
        close: Line = ((f"esc closes {DOT} {scroll}", Role.DIM),)
        self._title.show_lines(title_line("Help", "", close, self._title.size.width, focused=True, rule=RULE))
