"""Capacity: how many more cameras fit, what ends it, and what if. Asks the recorder every ten seconds while it is open.

Everything is worked out here, from what the recorder tells anyway; a key that changes the question asks nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmstui.capacity.projection import Unmeasured, project
from vmstui.capacity.told import short
from vmstui.capacity.words import Capacity, Question, Resource
from vmstui.control.errors import RecorderError
from vmstui.tui.actions import ACTIONS, Scope, binding, bindings, key_of
from vmstui.tui.capacity_lines import capacity_lines, question_line
from vmstui.tui.format import wrap
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role, pack
from vmstui.tui.load import Known, Load
from vmstui.tui.picture import Picture
from vmstui.tui.screens.help import Help
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar

PERIOD_S = 10.0
MOST_CAMERAS = 9999
MOST_DAYS = 3650.0
UNPROMISED_DAYS = 14.0
"""To begin with where nothing is promised."""


class CapacityScreen(ModalScreen[None]):
    """Over the fleet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.CAPACITY),
        binding("view.back", "dismiss", "close"),
        binding("recorder.leave", "dismiss", "close"),
        binding("view.capacity", "dismiss", "close"),
        binding("view.help", "keys"),
    ]

    def __init__(self, load: Load, picture: Callable[[], Picture]) -> None:
        super().__init__()
        self._load, self._picture = load, picture
        self.question = Question()
        self.found: Capacity | None = None
        self.text = TextBody(id="capacity-text")
        self._title = LineBar(classes="title")
        self._keys = LineBar(id="capacity-keys")
        self._known: Known | None = None
        self._reason = "the recorder is asked"
        self._profiles: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Title, answer, keys."""
        with Vertical(id="capacity-box"):
            yield self._title
            yield self.text
            yield self._keys

    def on_mount(self) -> None:
        """Scrolling keys work at once."""
        self.text.focus()
        self.run_worker(self._ask(), group="capacity", exclusive=True)

    def on_resize(self) -> None:
        """Wrap to the width there is."""
        self.call_after_refresh(self._redraw)

    async def _ask(self) -> None:
        while True:
            snapshot = self._picture().snapshot
            if snapshot is not None:
                try:
                    self._known = await self._load.read(snapshot)
                except RecorderError as error:
                    self._reason = str(error)
            self._answer()
            await asyncio.sleep(PERIOD_S)

    # ------------------------------------------------------------------------------------------------- the answer

    def _answer(self) -> None:
        picture, known = self._picture(), self._known
        if known is not None and picture.snapshot is not None:
            there = known.there(picture.snapshot, picture.storage, self.question)
            self._profiles = tuple(sorted({camera.profile for camera in there.cameras if camera.taken}))
            try:
                self.found = project(there, self.question)
            except Unmeasured as error:
                self.found, self._reason = None, f"{error}; this is looked at again every {PERIOD_S:.0f} s"
        self._redraw()

    def _redraw(self) -> None:
        cells = max(self.text.scrollable_content_region.width - 1, 40)
        if self.found is not None:
            lines = capacity_lines(self.found, self.question, cells)
        else:
            lines = [question_line(self.question, None), *(((part, Role.BUSY),) for part in wrap(self._reason, cells))]
        self.text.set_lines(lines)
        close: Line = ((f"esc closes {DOT} {key_of('view.help')} keys", Role.DIM),)
        width = self._title.size.width
        self._title.show_lines(title_line("Capacity", short(self.found), close, width, focused=True, rule=RULE))
        self._keys.show_lines(_hints(self._keys.size.width))

    # ------------------------------------------------------------------------------------------------------ what if

    def _what_if(self, question: Question) -> None:
        self.question = question
        self._answer()

    def action_profile(self) -> None:
        """Key: the next profile, and after the last one such as there are."""
        order = [None, *self._profiles]
        here = order.index(self.question.profile) if self.question.profile in order else 0
        self._what_if(replace(self.question, profile=order[(here + 1) % len(order)]))

    def action_budget(self, by: int) -> None:
        """Key: so many percent of a core more, in round figures."""
        now = self.question.budget_percent
        if now is None:
            now = self.found.cost(Resource.CPU).limit if self.found is not None else None
        if now is not None:
            step = abs(by)
            steps = floor(now / step) + 1 if by > 0 else ceil(now / step) - 1
            self._what_if(replace(self.question, budget_percent=float(max(steps, 1) * step)))

    def action_cameras(self, by: int) -> None:
        """Key: one more or less in the question; first, as many as run and one."""
        now = self.question.cameras or (self.found.running if self.found is not None else 0)
        self._what_if(replace(self.question, cameras=min(max(now + by, 1), MOST_CAMERAS)))

    def action_days(self, by: int) -> None:
        """Key: a day more or less that footage is to stay."""
        now = self.question.retention_days
        if now is None:
            storage = self._picture().storage
            stored = storage.cameras if storage is not None else ()
            now = max((one.promised_days or 0.0 for one in stored), default=0.0) or UNPROMISED_DAYS - by
        self._what_if(replace(self.question, retention_days=min(max(now + by, 1.0), MOST_DAYS)))

    def action_keys(self) -> None:
        """Key."""
        self.app.push_screen(Help([action for action in ACTIONS if action.scope in {Scope.CAPACITY, Scope.TABLE}]))

    def action_as_it_is(self) -> None:
        """Key: no what if."""
        self._what_if(Question())


def _hints(cells: int) -> Line:
    """The keys of what if, from the table of actions; those of one figure together."""
    keys: dict[str, list[str]] = {}
    for action in ACTIONS:
        if action.scope is Scope.CAPACITY:
            keys.setdefault(action.words, []).extend([action.key] if action.key else [])
    hints: list[tuple[int, Line]] = [
        (rank, (("/".join(of), Role.KEY), (f" {words}", Role.DIM)))
        for rank, (words, of) in enumerate(keys.items())
        if of
    ]
    return pack(hints, cells, ("   ", Role.DIM))
