"""Asks how a finding is to be known: where, for how long, up to which rate, and why. Pure choices and two fields.

Nothing is sent from here; it dismisses with what was chosen. A ceiling is proposed above the present rate, so that what
is acknowledged as a trickle comes back when it is a flood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Click
from textual.widgets import Input, Static

from vmstui.findings import ExplainedFinding
from vmstui.tui.actions import binding, key_of
from vmstui.tui.format import fit, width
from vmstui.tui.glyphs import CURSOR
from vmstui.tui.lines import Line, Role
from vmstui.tui.screens.dialog import Dialog
from vmstui.tui.widgets.painter import LineBar

LABEL = 10
MAX_NOTE = 300
TIMES: tuple[tuple[str, float | None], ...] = (
    ("1 h", 3600.0),
    ("8 h", 8 * 3600.0),
    ("7 d", 7 * 86_400.0),
    ("for good", None),
)
USUAL_TIME = 1
"""A shift."""
_STEPS = (1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Known:
    """What was chosen."""

    everywhere: bool
    for_s: float | None
    ceiling_per_min: float | None
    note: str


def proposed(rate_per_min: float | None) -> str:
    """A ceiling at least twice the present rate, in round figures; empty where no rate is known."""
    if rate_per_min is None:
        return ""
    wanted, power = max(2 * rate_per_min, 1.0), 1.0
    while power < 1e12:
        for step in _STEPS:
            if step * power >= wanted:
                return f"{step * power:.0f}"
        power *= 10
    return ""


def wrong_ceiling(typed: str) -> str:
    """What is wrong with a ceiling; empty where nothing is."""
    if not typed:
        return ""
    try:
        ceiling = float(typed.replace(",", "."))
    except ValueError:
        return "The ceiling is lines per minute, such as 20; or empty for none."
    return "" if 0 < ceiling < 1e12 else "The ceiling is a number above 0; or empty for none."


class Choice(LineBar, can_focus=True):
    """One of a few."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("dialog.before", "turn(-1)"),
        binding("dialog.after", "turn(1)"),
    ]

    def __init__(self, label: str, options: Sequence[str], index: int, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.label, self.options, self.index = label, tuple(options), index

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def on_resize(self) -> None:
        """As many as there is room for."""
        self._draw()

    def on_focus(self) -> None:
        """The mark."""
        self._draw()

    def on_blur(self) -> None:
        """The mark."""
        self._draw()

    def action_turn(self, by: int) -> None:
        """Key."""
        self.index = (self.index + by) % len(self.options)
        self._draw()

    def on_click(self, event: Click) -> None:
        """Mouse."""
        self.focus()
        self.action_turn(1)

    def _draw(self) -> None:
        line: Line = ((CURSOR if self.has_focus else " ", Role.KEY), (f"{self.label:<{LABEL}}", Role.LABEL))
        taken = 1 + LABEL + sum(width(option) + 2 for option in self.options)
        if 0 < self.size.width < taken:  # too many for a line
            count = f"  {self.index + 1} of {len(self.options)}"
            self.show_lines((*line, (f"[{self.options[self.index]}]", Role.KEY), (count, Role.DIM)))
            return
        for index, option in enumerate(self.options):
            chosen = index == self.index
            line = (*line, (f"[{option}]" if chosen else f" {option} ", Role.KEY if chosen else Role.DIM))
        self.show_lines(line)


class Acknowledge(Dialog[Known | None]):
    """Dismisses with what was chosen, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "leave it", priority=True),
        Binding("enter", "take", "acknowledge", priority=True),
        binding("field.previous", "other(-1)", priority=True),
        binding("field.next", "other(1)", priority=True),
    ]
    AUTO_FOCUS = "#known-time"

    def __init__(self, explained: ExplainedFinding, camera: str, what: str) -> None:
        """`camera` is its name, `what` what it means."""
        super().__init__("Acknowledge: this is known", what)
        self._rate = explained.finding.rate_per_min
        self._camera = camera
        self.wrong = ""
        self.where = Choice(
            "where", (f"only {fit(camera, min(width(camera), 32))}", "all cameras"), 0, id="known-where"
        )
        self.time = Choice("how long", [words for words, _ in TIMES], USUAL_TIME, id="known-time")

    @property
    def text(self) -> str:
        """All it says."""
        return f"{super().text}\n{self.where.text}\n{self.time.text}\n{self.wrong}"

    def below(self) -> ComposeResult:
        """Two choices, two fields, what is wrong, a hint."""
        now = "now" if self._rate is None else f"now {self._rate:.1f}"
        yield self.where
        yield self.time
        with Horizontal(classes="known-field"):
            yield Static(self.drawn(f" {'up to':<{LABEL}}"), classes="known-label")
            yield Input(proposed(self._rate), id="known-ceiling", compact=True)
            yield Static(self.drawn(f" lines/min ({now}); above it is told again"), classes="known-unit")
        with Horizontal(classes="known-field"):
            yield Static(self.drawn(f" {'why':<{LABEL}}"), classes="known-label")
            yield Input(id="known-note", compact=True)
        yield Static("", id="dialog-wrong")
        fields = f"{key_of('field.previous')} {key_of('field.next')} field"
        choices = f"{key_of('dialog.before')} {key_of('dialog.after')} choose"
        hint = f"{fields}   {choices}   enter acknowledges   esc leaves it"
        yield Static(self.drawn(hint), id="dialog-hint")

    def action_other(self, by: int) -> None:
        """Key."""
        self.focus_next() if by > 0 else self.focus_previous()

    def action_take(self) -> None:
        """Key."""
        ceiling = self.query_one("#known-ceiling", Input).value.strip()
        note = self.query_one("#known-note", Input).value.strip()
        too_long = f"The note is {len(note)} characters long; at most {MAX_NOTE}." if len(note) > MAX_NOTE else ""
        self.wrong = wrong_ceiling(ceiling) or too_long
        self.query_one("#dialog-wrong", Static).update(self.drawn(self.wrong))
        if not self.wrong:
            limit = float(ceiling.replace(",", ".")) if ceiling else None
            self.dismiss(Known(self.where.index == 1, TIMES[self.time.index][1], limit, note))

    def action_drop(self) -> None:
        """Key."""
        self.dismiss(None)
