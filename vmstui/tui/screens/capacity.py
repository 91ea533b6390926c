"""Capacity: how many more cameras fit, what ends it, and what if. Asks the recorder every ten seconds while it is open.

Everything is worked out here, from what the recorder tells anyway; a key that changes the question asks nobody.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import ceil, floor
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.worker import Worker

from vmstui.capacity.projection import Unmeasured, project
from vmstui.capacity.told import short
from vmstui.capacity.words import Capacity, Question, Resource
from vmstui.control.errors import RecorderError
from vmstui.tui.actions import ACTIONS, Scope, binding, bindings, key_of
from vmstui.tui.capacity_lines import capacity_lines, question_line
from vmstui.tui.format import wrap, zone
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role, pack
from vmstui.tui.load import Known
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.storage_lines import storage_lines
from vmstui.tui.views import View
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour

PERIOD_S = 10.0
MOST_CAMERAS = 9999
MOST_DAYS = 3650.0
UNPROMISED_DAYS = 14.0
"""To begin with where nothing is promised."""


class CapacityScreen(ViewScreen):
    """How many more cameras fit."""

    VIEW: ClassVar[View] = View.CAPACITY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.CAPACITY), binding("view.back", "back")]
    AUTO_FOCUS = "#capacity-text"

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.question = Question()
        self.found: Capacity | None = None
        self.text = TextBody(id="capacity-text")
        self._title = LineBar(classes="title")
        self._keys = LineBar(id="capacity-keys")
        self._known: Known | None = None
        self._worker: Worker[None] | None = None
        self._reason = "the recorder is asked"
        self._profiles: tuple[str, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Title, answer, keys."""
        with Vertical(id="capacity-box"):
            yield self._title
            yield self.text
            yield self._keys

    def lay_out(self) -> None:
        """A new tick, or another size."""
        self.taken()
        if self._worker is None or self._worker.is_finished:
            self._worker = self.run_worker(self._ask(), group="capacity", exclusive=True)
        self.call_after_refresh(self._redraw)

    def rest(self) -> None:
        """Not seen any more: ask nothing."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _ask(self) -> None:
        while True:
            snapshot = self.picture.snapshot
            if snapshot is not None:
                try:
                    self._known = await self.tour.loads().read(snapshot)
                except RecorderError as error:
                    self._reason = str(error)
            self._answer()
            await asyncio.sleep(PERIOD_S)

    # ------------------------------------------------------------------------------------------------- the answer

    def _answer(self) -> None:
        picture, known = self.picture, self._known
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
        snapshot, storage = self.picture.snapshot, self.picture.storage
        if snapshot is not None and storage is not None:
            names = {camera.id: camera.name for camera in snapshot.cameras}
            lines = [*lines, (), *storage_lines(storage, names, zone(snapshot.timezone), cells)]
        self.text.set_lines(lines)
        close: Line = ((f"esc back {DOT} {key_of('view.help')} keys", Role.DIM),)
        width = self._title.size.width
        self._title.show_lines(title_line("Capacity", short(self.found), close, width, focused=True, rule=RULE))
        self._keys.show_lines(_hints(self._keys.size.width))

    # ------------------------------------------------------------------------------------------------------ what if

    def ask(self, question: Question) -> None:
        """What if; asked from elsewhere, perhaps before this was ever shown."""
        self.question = question
        if self.is_mounted:
            self._answer()

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
            storage = self.picture.storage
            stored = storage.cameras if storage is not None else ()
            now = max((one.promised_days or 0.0 for one in stored), default=0.0) or UNPROMISED_DAYS - by
        self._what_if(replace(self.question, retention_days=min(max(now + by, 1.0), MOST_DAYS)))

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
