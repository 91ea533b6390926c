"""What somebody acknowledged: who, until when, up to which rate, and why; each can be taken back here."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmstui.findings import Acknowledgement
from vmstui.tui.actions import binding, key_of
from vmstui.tui.findings_lines import Context, acknowledged_words
from vmstui.tui.format import fit, sentence, short_count, wrap
from vmstui.tui.glyphs import DASH, DOT, RULE
from vmstui.tui.lines import Line, Role
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar
from vmstui.tui.widgets.row_list import RowList

NARROW = 100


def known_line(known: Acknowledgement, context: Context, cells: int) -> Line:
    """One of them in a line."""
    until = "for good" if known.until is None else f"{known.until.astimezone(context.where):%m-%d %H:%M}"
    over = known.until is not None and known.until <= context.now
    ceiling = DASH if known.ceiling_per_min is None else f"{short_count(known.ceiling_per_min)}/min"
    columns = ((context.name(known.camera), 14), (until, 11), (ceiling, 9), (fit(known.by, 10), 10))
    role = Role.DIM if over else Role.TEXT
    what = _what(known, context)
    room = max(cells - sum(width + 1 for _, width in columns), 10)
    note = f" {DOT} {known.note}" if known.note else ""
    told: Line = ((fit(what + note, room), role),)
    return (*((fit(text, width) + " ", role) for text, width in columns), *told)


def _what(known: Acknowledgement, context: Context) -> str:
    cause = next((row.cause for row in context.findings if row.finding.fingerprint == known.fingerprint), "")
    return cause or known.fingerprint


class Acknowledged(ModalScreen[None]):
    """Over the findings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(binding(action, "dismiss", "close") for action in ("view.back", "recorder.leave", "findings.known")),
        *(binding(action, "take_back", "take back") for action in ("findings.take_back", "dialog.take")),
    ]

    def __init__(
        self, known: tuple[Acknowledgement, ...], context: Context, take_back: Callable[[Acknowledgement], None] | None
    ) -> None:
        """`take_back` is None where nothing may be changed."""
        super().__init__()
        self.known, self._beside, self._take_back = known, context, take_back
        self.list = RowList(id="known-list")
        self._title = LineBar(classes="title")
        self._told = LineBar(id="known-told")

    def compose(self) -> ComposeResult:
        """Title, rows, the whole of the one under the cursor."""
        with Vertical(id="known-box"):
            yield self._title
            yield self.list
            yield self._told

    def on_mount(self) -> None:
        """Draw."""
        self.list.focus()
        self.show(self.known, self._beside)

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self.show, self.known, self._beside)

    def show(self, known: tuple[Acknowledgement, ...], context: Context) -> None:
        """Show these."""
        self.known, self._beside = known, context
        titles: Line = ((" " + fit("camera", 15) + fit("until", 12) + fit("up to", 10) + fit("by", 11), Role.LABEL),)

        def draw(index: int, cells: int) -> Line:
            return known_line(self.known[index], self._beside, cells)

        empty = f"Nothing is acknowledged; {key_of('findings.acknowledge')} on a finding does that."
        self.list.update([one.id for one in known], draw, lambda cells: (*titles, ("what", Role.LABEL)), empty)
        back = f"{key_of('findings.take_back')} takes it back {DOT} " if self._take_back is not None else ""
        cells = self._title.size.width
        right: Line = ((f"{back}esc closes", Role.DIM),)
        self._title.show_lines(title_line("Acknowledged", str(len(known)), right, cells, focused=True, rule=RULE))
        self._tell()

    def on_row_list_moved(self) -> None:
        """Another one is under the cursor."""
        self._tell()

    def _tell(self) -> None:
        index, cells = self.list.index, max(self._told.size.width - 1, 20)
        if index is None or index >= len(self.known):
            self._told.show_lines()
            return
        known = self.known[index]
        about = f" {DOT} about its {known.origin}" if known.origin is not None else ""
        said = acknowledged_words(known, self._beside)
        words = f"{sentence(said)} {_what(known, self._beside)} ({known.fingerprint}{about})"
        self._told.show_lines(*(((f" {line}", Role.TEXT),) for line in wrap(words, cells)[:4]))

    def action_take_back(self) -> None:
        """Key."""
        index = self.list.index
        if self._take_back is not None and index is not None:
            self._take_back(self.known[index])
