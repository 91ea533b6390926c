"""Findings: what ffmpeg's messages mean, problems first, and what to do about each. Asks the recorder every two seconds
while it is open, and nobody else does.

A list, and everything about the row under the cursor: below it where there is room, else in its place after `enter`.
What is to be done with a finding (acknowledge, bundle) is asked and sent from here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.worker import Worker

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import Acknowledgement, FindingsPage
from vmstui.sanitise import clean
from vmstui.tui.actions import Scope, binding, bindings, key_of
from vmstui.tui.findings_lines import (
    Columns,
    Context,
    acknowledged_words,
    counts_line,
    head_line,
    longest,
    meaning,
    place,
    row_line,
    summary,
    text_lines,
)
from vmstui.tui.findings_rows import Look, Row, counted, rows
from vmstui.tui.format import zone
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role, pack, text_of
from vmstui.tui.screens.acknowledge import Acknowledge, Known
from vmstui.tui.screens.acknowledged import Acknowledged
from vmstui.tui.screens.bundle import ask_bundle
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.source import harmless
from vmstui.tui.views import View
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.filter_bar import FilterBar, Purpose
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar
from vmstui.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour

PERIOD_S = 2.0
LEAST_CELLS = 40
TALL = 34
"""Lines from which on there is room for both the list and what its row means."""
TOO_OLD = "this recorder is of an older version, which does not say what messages mean: vmstui upgrade"


class FindingsScreen(ViewScreen):
    """Of all cameras, or of one."""

    VIEW: ClassVar[View] = View.FINDINGS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.FINDINGS),
        binding("view.back", "back"),
        binding("view.findings", "leave"),
    ]
    AUTO_FOCUS = "#findings-list"

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.look = Look(None)
        self.page: FindingsPage | None = None
        self.trouble = ""
        """Why the recorder could not be asked."""
        self._worker: Worker[None] | None = None
        self.opened = False
        """The text has the keys and, where there is no room for both, the place of the list."""
        self._again = asyncio.Event()
        self._rows: tuple[Row, ...] = ()
        self.list = RowList(id="findings-list")
        self.text = TextBody(id="findings-text")
        self._title = LineBar(classes="title")
        self._text_title = LineBar(classes="title")
        self._summary = LineBar(id="findings-summary")
        self._keys = LineBar(id="findings-keys")
        self._filter = FilterBar(id="filter")

    def compose_body(self) -> ComposeResult:
        """Title, list, text, two lines where there is no text, keys."""
        with Vertical(id="findings-box"):
            yield self._title
            yield self.list
            yield self._text_title
            yield self.text
            yield self._summary
            yield self._filter
            yield self._keys

    def lay_out(self) -> None:
        """A new tick, or another size."""
        if self._worker is None or self._worker.is_finished:
            self._worker = self.run_worker(self._ask_on(), group="findings", exclusive=True)
        self.call_after_refresh(self._redraw)

    def rest(self) -> None:
        """Not seen any more: ask nothing."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def mean(self, camera: str) -> None:
        """Its findings alone."""
        super().mean(camera)
        self._show(replace(self.look, camera=camera))

    # ------------------------------------------------------------------------------------------------------- asking

    async def _ask_on(self) -> None:
        while True:
            self._again.clear()
            asked = self.look.camera
            try:
                page = await asyncio.to_thread(harmless, await self.recorder.findings(asked))
                if asked == self.look.camera:
                    self.page, self.trouble = page, ""
            except RecorderLost as error:
                self.trouble = clean(str(error))
            except RecorderError as error:
                self.trouble = TOO_OLD if "unknown method" in str(error) else clean(str(error))
            self._redraw()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._again.wait()

    def _ask_now(self) -> None:
        self._again.set()

    # ------------------------------------------------------------------------------------------------ what is shown

    @property
    def context(self) -> Context:
        """What rows are drawn with."""
        snapshot, page = self.picture.snapshot, self.page
        cameras = {camera.id: camera for camera in snapshot.cameras} if snapshot is not None else {}
        where = zone(snapshot.timezone) if snapshot is not None else None
        assert page is not None
        config = snapshot.config_path if snapshot is not None else ""
        return Context(page.at, where, cameras, page.rows, page.incidents, config)

    @property
    def row(self) -> Row | None:
        """Under the cursor."""
        index = self.list.index
        return self._rows[index] if index is not None and index < len(self._rows) else None

    def _redraw(self) -> None:
        if not self.is_mounted:
            return
        page = self.page
        if page is None:
            self._lay_out()
            self.list.update((), lambda index, width: (), None, self.trouble or "the recorder is asked")
        else:
            self._rows = rows(page, self.picture.snapshot, self.look)
            self._lay_out()
            context = self.context
            longest_name, one_camera = longest(context), self.look.camera is not None

            @cache
            def columns(cells: int) -> Columns:  # by what the list has then: it may get a scroll bar, or lose it
                return place(max(cells, LEAST_CELLS), longest_name, one_camera=one_camera)

            self.list.update(
                [row.key for row in self._rows],
                lambda index, cells: row_line(self._rows[index], columns(cells + 1), context, cells),
                lambda cells: head_line(columns(cells)),
                self._nothing(),
            )
        self._redraw_row()
        self._retitle()

    def _nothing(self) -> str:
        if self.look.pattern:
            return f"Nothing matches {self.look.pattern!r}; esc shows all."
        return "Nothing was said that anybody has to know of."

    @property
    def _lines(self) -> int:
        """Of the list and what belongs to it."""
        return self.app.size.height - self.taken()

    def _lay_out(self) -> None:
        both = self._lines >= TALL
        self.list.display = both or not self.opened
        self.text.display = self._text_title.display = both or self.opened
        self._summary.display = not self.text.display
        if both:
            most = self._lines // 2
            self.list.styles.height = min(max(len(self._rows) + 1, 6), most)
        else:
            self.list.styles.height = "1fr"

    def _redraw_row(self) -> None:
        """What belongs to the row under the cursor."""
        row, page = self.row, self.page
        if page is None:
            self.text.set_lines([])
            self._summary.show_lines()
            return
        context = self.context
        cells = self.size.width - 3  # blanks at both sides and the scroll bar: the text itself may not be laid out yet
        self.text.set_lines(text_lines(row, context, cells))
        self._summary.show_lines(*summary(row, context, self.size.width))
        about = self._about(row, context)
        keys: Line = (
            ((f"{key_of('findings.previous')} {key_of('findings.next')} another {DOT} esc back", Role.DIM),)
            if self.opened
            else ((f"{key_of('findings.open')} to scroll it", Role.DIM),)
        )
        width = self.size.width
        self._text_title.show_lines(title_line("Finding", about, keys, width, focused=self.text.has_focus, rule=RULE))

    @staticmethod
    def _about(row: Row | None, context: Context) -> str:
        if row is None:
            return ""
        return context.name(row.camera) if row.camera else "of several cameras"

    def _retitle(self) -> None:
        whose = "all cameras"
        if self.look.camera is not None:
            camera = self.picture.camera(self.look.camera)
            whose = camera.name if camera is not None else self.look.camera
        right: Line = ()
        if self.trouble:
            right = ((self.trouble, Role.WARN),)
        elif self.page is not None:
            right = counts_line(counted(self.page, self._rows, self.look.camera))
        if self.look.pattern:
            whose = f"{whose}, {self.look.pattern!r}"
        width = self.size.width
        self._title.show_lines(title_line("Findings", whose, right, width, focused=self.list.has_focus, rule=RULE))
        self._keys.show_lines(self._hints(self.size.width))

    def _hints(self, cells: int) -> Line:
        row = self.row
        hints: list[tuple[int, Line]] = []
        for action in self.actions:
            if action.scope is not Scope.FINDINGS or not action.rank or not action.key:
                continue
            words = action.words
            if action.id == "findings.one":
                words = "all cameras" if self.look.camera is not None else "one camera"
            if action.id == "findings.open" and row is not None and row.opened is not None:
                words = "close" if row.opened else "open"
            if action.id == "findings.take_back" and self._known(row) is None:
                continue
            hints.append((action.rank, ((action.key, Role.KEY), (f" {words}", Role.DIM))))
        hints.append((1, ((key_of("view.help"), Role.KEY), (" help", Role.DIM))))
        return ((" ", Role.DIM), *pack(hints, cells - 1, ("  ", Role.DIM)))

    @property
    def shown(self) -> str:
        """What the text says, for tests and for people who cannot see it."""
        return "\n".join(text_of(line) for line in self.text.lines)

    def on_row_list_moved(self) -> None:
        """Another row is under the cursor; its camera is the one that is meant from now on."""
        if self.row is not None and self.row.camera and self.list.has_focus:
            self.tour.selected = self.row.camera
        self.text.scroll_home(animate=False)
        self._redraw_row()
        self._keys.show_lines(self._hints(self.size.width))

    def on_row_list_chosen(self) -> None:
        """A double click."""
        self.action_open()

    # --------------------------------------------------------------------------------------------------------- looking

    def _show(self, look: Look) -> None:
        another = look.camera != self.look.camera
        self.look = look
        if another:
            self._ask_now()
        self._redraw()

    def action_open(self) -> None:
        """Key: what is below a row, or everything about it."""
        row = self.row
        if row is None or self.text.has_focus:
            return
        if row.opened is not None:
            self._show(replace(self.look, opened=self.look.opened ^ {row.key}))
            return
        self._open(True)

    def _open(self, opened: bool) -> None:
        self.opened = opened
        self._lay_out()
        (self.text if opened else self.list).focus()
        self.call_after_refresh(self._redraw)

    def action_back(self) -> None:
        """Key: out of what was opened last."""
        if self.opened:
            self._open(False)
        elif self.look.pattern:
            self._show(replace(self.look, pattern=""))
        else:
            super().action_back()

    def action_leave(self) -> None:
        """Key: the one that led here."""
        super().action_back()

    def action_step(self, by: int) -> None:
        """Key: another row, also from the text."""
        self.list.action_cursor(by)

    def action_one_or_all(self) -> None:
        """Key: of the camera of this row, or of all again."""
        row = self.row
        camera = (row.camera if row is not None else "") or self.tour.selected
        self._show(replace(self.look, camera=None if self.look.camera is not None else camera or None))

    def action_filter_findings(self) -> None:
        """Key."""
        self._filter.open(self.look.pattern, Purpose.ROWS)

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        self._show(replace(self.look, pattern=message.pattern))
        if message.done:
            (self.text if self.opened else self.list).focus()

    # --------------------------------------------------------------------------------------------------------- leading

    def _camera(self) -> str:
        """Of the row; empty, and told, where it has none."""
        row = self.row
        if row is None or not row.camera:
            self.notify(f"That is of several cameras: {key_of('findings.open')} opens it, then choose one of them.")
            return ""
        return row.camera

    def action_go_to_camera(self) -> None:
        """Key."""
        if camera := self._camera():
            self.tour.go(View.CAMERA, camera)

    def action_go_to_log(self) -> None:
        """Key."""
        row = self.row
        if camera := self._camera():
            explained = row.explained if row is not None else None
            self.tour.show_line(camera, explained.finding.last if explained is not None else None)

    def action_restart_camera(self) -> None:
        """Key."""
        camera = self.picture.camera(self._camera())
        if camera is not None:
            self.tour.wish("camera.restart", camera)

    # ---------------------------------------------------------------------------------------------------------- wishes

    @staticmethod
    def _known(row: Row | None) -> Acknowledgement | None:
        return row.explained.acknowledgement if row is not None and row.explained is not None else None

    def action_acknowledge(self) -> None:
        """Key."""
        explained = self.row.explained if self.row is not None else None
        if explained is None:
            self.notify(f"Only findings can be acknowledged; {key_of('findings.open')} opens what this stands for.")
            return
        finding = explained.finding

        def chosen(known: Known | None) -> None:
            if known is not None:
                camera = "" if known.everywhere else finding.camera
                self._send(lambda: send(camera, known))

        async def send(camera: str, known: Known) -> None:
            got = harmless(
                await self.recorder.acknowledge(
                    camera, finding.fingerprint, finding.origin, known.for_s, known.ceiling_per_min, known.note
                )
            )
            words = acknowledged_words(got, self.context).capitalize()
            self.notify(f"{words}. {key_of('findings.take_back')} takes it back.")

        self.app.push_screen(Acknowledge(explained, self.context.name(finding.camera), meaning(explained)), chosen)

    def action_take_back(self) -> None:
        """Key."""
        known = self._known(self.row)
        if known is None:
            self.notify(f"This is not acknowledged; {key_of('findings.known')} tells what is.")
        else:
            self._give_back(known)

    def _give_back(self, known: Acknowledgement) -> None:
        async def send() -> None:
            got = harmless(await self.recorder.unacknowledge(known.id))
            self.notify(f"Taken back: it is told again ({got.fingerprint}).")

        self._send(send)

    def action_acknowledged(self) -> None:
        """Key."""
        if self.page is not None:
            may_change = any(action.id == "findings.take_back" for action in self.actions)
            dialog = Acknowledged(self.page.acknowledgements, self.context, self._give_back if may_change else None)
            self.app.push_screen(dialog)

    def action_bundle(self) -> None:
        """Key."""
        snapshot = self.picture.snapshot
        if snapshot is not None and (camera := self._camera()):
            ask_bundle(self.app, snapshot.config_path, camera, self.context.name(camera), snapshot.at)

    def _send(self, send: Callable[[], Awaitable[None]]) -> None:
        async def sent() -> None:
            try:
                await send()
            except RecorderError as error:
                self.app.notify(clean(str(error)), severity="error")
            self._ask_now()

        self.run_worker(sent(), group="requests")
