"""Help: the keys that work, from the action table, and what the signs mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from vmstui.footage_accounts import CellKind
from vmstui.tui import glyphs
from vmstui.tui.actions import Action, Group, binding, key_of, keys_of
from vmstui.tui.day_strip import ROLE, WORD
from vmstui.tui.fleet_rows import STATE_ROLE
from vmstui.tui.format import width, wrap
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.key_names import sign
from vmstui.tui.lines import Line, Role
from vmstui.tui.palette import typed_as
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
PANES = frozenset(
    {Group.LOG, Group.SEGMENTS, Group.HISTORY, Group.CAPACITY, Group.CHARTS, Group.PICTURES, Group.FINDINGS}
)
"""Headings of what has keys of its own; where it is, they are what was asked for."""
ELSEWHERE = "— Elsewhere: in other panes and screens —"
STRIP_MEANING = {
    CellKind.RECORDED: "all that should have been recorded then was",
    CellKind.PART: "something was not; the details say since when, for how long and why",
    CellKind.LOST: "nothing was",
    CellKind.OFF: "nobody wanted it recorded",
    CellKind.GONE: "it was recorded and is deleted since, or the clock was set then",
}
"""A blank: nothing is known of that time."""


Heard = Mapping[str, tuple[str, ...]]
"""Textual's names of the keys that an action has where the help was asked for, by its id."""


def heard(screen: Screen[Any]) -> Heard:
    """What the keys do now: not all keys of an action are its own everywhere, as the pane that has the focus may use
    them for something else."""
    found: dict[str, tuple[str, ...]] = {}
    for key, active in screen.active_bindings.items():
        if active.enabled and active.binding.id:
            found[active.binding.id] = (*found.get(active.binding.id, ()), key)
    return {
        id_: tuple(sorted(keys, key=keys_of(id_).index)) for id_, keys in found.items() if {*keys} <= {*keys_of(id_)}
    }


def help_lines(actions: Sequence[Action], cells: int, here: Heard | None = None) -> list[Line]:
    """The help as lines: what is heard `here` first, with the keys it has here (None: all is), that of the pane before
    all; what is elsewhere after it. Commands stand with what they take; those without a key work everywhere."""
    near = [one for one in actions if here is None or one.id in here or not keys_of(one.id)]
    lines = _groups(near, cells, here or {})
    far = [one for one in actions if one not in near]
    if far:
        lines += [(), ((ELSEWHERE, Role.STRONG),), *_groups(far, cells, {})]
    lines += [(), (("Signs", Role.STRONG),)]
    for state, drawn in glyphs.STATE.items():
        word = glyphs.WORD[state]
        lines.append(((f"  {drawn} {word:<13} ", STATE_ROLE[state]), (MEANING[state.value], Role.TEXT)))
    for lead, meaning in ((glyphs.MARKED, "marked by you"), (glyphs.SILENT, "no notices of it, as you asked")):
        lines.append(((f"  {lead} {'in front':<13} ", Role.KEY), (meaning, Role.TEXT)))
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


def _groups(actions: Sequence[Action], cells: int, here: Heard) -> list[Line]:
    lines: list[Line] = []
    of_pane = {action.group for action in actions if action.id in here} & PANES
    for group in sorted(Group, key=lambda group: group not in of_pane):
        of_group = [action for action in actions if action.group is group]
        if not of_group:
            continue
        lines += [(), ((group.value, Role.STRONG),)] if lines else [((group.value, Role.STRONG),)]
        for action in of_group:
            command = typed_as(action)
            key = keys_words(here.get(action.id, keys_of(action.id))) or command or "(no key)"
            told: list[Line] = [((line, Role.TEXT),) for line in wrap(action.help, cells - 18)]
            if key != command and " " in command.removeprefix(f":{action.verb}"):  # it takes more than a key can say
                told += [((line, Role.DIM),) for line in wrap(command, cells - 18)]
            if width(key) > KEYS_CELLS:
                lines.append(((f"  {key}", Role.KEY),))
            else:
                told[0] = ((f"  {key:<{KEYS_CELLS}} ", Role.KEY), *told[0])
            lines += [line if line[0][1] is Role.KEY else ((" " * 18, Role.TEXT), *line) for line in told]
    return lines


def keys_words(names: Sequence[str]) -> str:
    """Keys by Textual's names, as many as have room."""
    keys = [sign(name) for name in names]
    while len(keys) > 1 and width(" ".join(keys)) > KEYS_CELLS:
        keys.pop()
    return " ".join(keys)


class Help(ModalScreen[None]):
    """The help over the screen it was asked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding(action, "dismiss", "close") for action in ("view.back", "recorder.leave", "view.help")
    ]

    def __init__(self, actions: Sequence[Action], here: Heard | None = None) -> None:
        """`here`: the keys that are heard where it was asked for; None: those of all these actions are."""
        super().__init__()
        self._actions, self._here = tuple(actions), here
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
        cells = max(self.text.scrollable_content_region.width - 1, 40)
        self.text.set_lines(help_lines(self._actions, cells, self._here))
        scroll = f"{key_of('move.up')} {key_of('move.down')} scroll"
        close: Line = ((f"esc closes {DOT} {scroll}", Role.DIM),)
        self._title.show_lines(title_line("Help", "", close, self._title.size.width, focused=True, rule=RULE))
