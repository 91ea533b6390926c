"""The charts pane: what a camera, or the machine, looked like over a time, with keys to move in it.

The recorder is asked in the background and never waited for: a key moves what is known at once, and what is not known
yet is blank until its answer comes. While now is followed it is asked again as often as there is another point.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from textual.binding import BindingType
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widget import Widget

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap
from vmstui.measured import ALL, MACHINE, OWN_SUBJECTS, RELAY, SERVICE, Measured
from vmstui.model import CameraSnapshot, Event, RecorderSnapshot
from vmstui.tui.actions import ACTIONS, Scope, bindings, key_of
from vmstui.tui.chart_lines import Shown, chart_lines, head_line, marked, plot_cells, unseen
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.format import day_and_clock, wrap, zone
from vmstui.tui.lines import Line, Role, Span, pack
from vmstui.tui.picture import Picture
from vmstui.tui.plot import ACROSS, Signs
from vmstui.tui.screens.ask import Ask
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.time_view import TimeView
from vmstui.tui.widgets.painter import LinePane
from vmstui.tui.widgets.pane import Pane

SETTLE_S = 0.15
"""A time that is only passed is not asked for."""
LEAST_PERIOD_S, MOST_PERIOD_S = 2.0, 60.0
EVENTS_PERIOD_S = 20.0
EVENTS_ASKED, GAPS_ASKED = 2000, 1000
"""The newest ones."""
HINTED = 18
"""Lines from which on one of them is for the keys."""
NAMES = {ALL: "everything together", MACHINE: "the machine", SERVICE: "the service", RELAY: "the live relay"}
TOO_OLD = "this recorder is of an older version, which keeps no history of what it measured: vmstui upgrade"


class ChartsBody(LinePane):
    """The charts, as many as have room: they are moved through by keys of the pane, not scrolled."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="charts-body")
        self.lines: tuple[Line, ...] = ()

    def show_lines(self, *lines: Line) -> None:
        """Replace what it shows."""
        if lines != self.lines:
            self.lines = lines
            self.refresh()

    def line_at(self, row: int) -> Line | None:
        """One line."""
        return self.lines[row] if row < len(self.lines) else None


class ChartsPane(Pane):
    """Of the camera that is meant, or of whatever a person looks at instead."""

    TITLE: ClassVar[str] = "Charts"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.CHARTS)]

    signs: ClassVar[Signs] = Signs.BLOCKS if os.environ.get("TERM") == "linux" else Signs.BRAILLE
    """On all screens; the font of the Linux console has no braille."""

    @dataclass
    class Turned(Message):
        """A person looks at another camera here."""

        camera: str

    @dataclass
    class FootageAsked(Message):
        """The footage of that time is wanted."""

        camera: str
        at: datetime

    def __init__(self, recorder: Recorder, picture: Callable[[], Picture]) -> None:
        self.charts = ChartsBody()
        super().__init__(recorder, self.charts, id="charts")
        self._picture = picture
        self._fixed = False
        """What is shown does not follow the camera that is meant."""
        self.subject = ""
        """A camera or one of `measured.OWN_SUBJECTS`; empty before the first one."""
        self.view = TimeView()
        self.found: Measured | None = None
        self.events: tuple[Event, ...] = ()
        self.gaps: tuple[Gap, ...] = ()
        self.reason = ""
        """Why the recorder could not be asked; told in the place of the charts."""
        self._asking = False
        self._first = 0
        self._hidden = ""
        """What there is no room for."""
        self._events_of: tuple[str, datetime, float] | None = None
        """Whose events are known, from when on, and when they were asked for."""

    def fix(self, subject: str) -> None:
        """Show this, whichever camera is meant, until a person looks at something else here."""
        self._fixed, self.subject = True, subject

    @property
    def home(self) -> Widget:
        """The keys are heard wherever the focus is within."""
        return self

    # ------------------------------------------------------------------------------------------------------- asking

    def show(self, snapshot: RecorderSnapshot, camera: CameraSnapshot | None) -> None:
        """It is seen at this tick."""
        if not self._fixed and camera is not None and camera.id != self.camera:
            self.camera = camera.id
            self.show_subject(camera.id)
        if self.subject and (self._worker is None or self._worker.is_finished):
            self._ask_anew()
        self.redraw()

    def _ask_anew(self) -> None:
        self._asking = True
        self.redraw()
        self._ask_again()

    async def _ask_on(self) -> None:
        await asyncio.sleep(SETTLE_S)
        while True:
            try:
                await self.ask()
                self.reason = ""
            except RecorderLost as error:
                self.reason = str(error)
            except RecorderError as error:
                self.reason = TOO_OLD if "unknown method" in str(error) else str(error)
            self._asking = False
            self.redraw()
            await self.wait()

    async def wait(self) -> None:
        """Until there is another point; for ever where the past is shown, which does not change."""
        if self.view.until is not None and not self.reason:
            await asyncio.Event().wait()
        step_s = self.found.step_s if self.found is not None else LEAST_PERIOD_S
        await asyncio.sleep(min(max(step_s, LEAST_PERIOD_S), MOST_PERIOD_S))

    async def ask(self) -> None:
        """What was measured in the time that is shown, and what happened in it."""
        subject, view = self.subject, self.view
        since, until = view.window(self.now)
        # One point less than there are columns, as the first one may begin before `since`.
        columns = plot_cells(self.charts.size.width) * ACROSS - 1
        found = harmless(await self.recorder.telemetry(subject, since, until, columns))
        if subject != self.subject:
            return
        self.found = found
        self.redraw()
        if subject not in OWN_SUBJECTS:
            await self._ask_events(subject, since)
            if view.until is None:
                await self._ask_stages(subject)

    async def _ask_stages(self, camera: str) -> None:
        """Whom somebody asks for, the recorder measures, so that the charts have what comes of it."""
        try:
            await self.recorder.stages(camera, 1)
        except RecorderLost:
            raise
        except RecorderError:  # an older recorder, which has none
            pass

    async def _ask_events(self, camera: str, since: datetime) -> None:
        """They are asked for less often than what is measured: an answer may be long."""
        now_s = asyncio.get_running_loop().time()
        known = self._events_of
        if known is not None and known[:1] == (camera,) and known[1] <= since and now_s - known[2] < EVENTS_PERIOD_S:
            return
        events = harmless(await self.recorder.history(camera, EVENTS_ASKED))
        try:
            gaps = harmless(await self.recorder.gaps_since(camera, since, GAPS_ASKED))
        except RecorderLost:
            raise
        except RecorderError:  # an older recorder, or a catalogue that is being filled: the events tell of them too
            gaps = ()
        if camera == self.subject:
            self.events, self.gaps, self._events_of = events, gaps, (camera, since, now_s)

    # ------------------------------------------------------------------------------------------------ what is shown

    @property
    def now(self) -> datetime:
        """By the recorder's clock."""
        snapshot = self._picture().snapshot
        return snapshot.at if snapshot is not None else datetime.now(UTC)

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        snapshot = self._picture().snapshot
        where = zone(snapshot.timezone if snapshot is not None else "")
        signs = Signs.ASCII if self.app.has_class("-ascii") else ChartsPane.signs
        return Shown(self.subject, self.found, self.view, self.now, where, self.events, self.gaps, self._first, signs)

    @property
    def state(self) -> Span:
        """Whether it is now that is shown, and what is wrong."""
        link = self._picture().link
        if link.stale:
            return (link.lost or "no news of the recorder", Role.BAD)
        if self._asking:
            return ("asking…", Role.BUSY)
        if self.found is not None and self.found.overlaps:
            return ("the clock was put back: some of this passed twice", Role.WARN)
        return ("live", Role.OK) if self.view.until is None else ("", Role.DIM)

    def on_resize(self) -> None:
        """Another width has other points."""
        super().on_resize()
        if self.subject and self._worker is not None:
            self.call_after_refresh(self._ask_anew)

    @property
    def _room(self) -> tuple[int, int]:
        """Cells and lines for the charts: without the time above them, and the keys below where these are shown."""
        cells, lines = self.charts.size
        return cells, lines - 1 - self._hinted

    @property
    def _hinted(self) -> bool:
        return self.charts.size.height >= HINTED and self.charts.has_focus

    def redraw(self) -> None:
        """With what is known."""
        cells, lines = self._room
        if not self.is_mounted or lines <= 0:
            return
        shown = self.shown
        nothing = self._nothing(shown)
        drawn: list[Line] = [((line, Role.WARN),) for line in wrap(nothing, cells)]
        more = 0
        if not nothing:
            drawn, more = chart_lines(shown, cells, lines), unseen(shown, cells, lines)
        self._hidden = f"{more} more below" if more else f"{self._first} charts above" if self._first else ""
        drawn += [()] * (lines - len(drawn))
        hints = (_hints(cells),) if self._hinted else ()
        self.charts.show_lines(head_line(shown, cells, self.state), *drawn[:lines], *hints)
        self.retitle()

    def status(self) -> Line:
        """How many charts there was no room for."""
        return ((self._hidden, Role.BUSY),) if self._hidden else ()

    def about(self) -> str:
        """Whose charts they are."""
        camera = self._picture().camera(self.subject)
        return NAMES.get(self.subject) or (camera.name if camera is not None else self.subject)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """With the keys come the words about them."""
        self.redraw()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """And go."""
        self.redraw()

    def _nothing(self, shown: Shown) -> str:
        """Why there is nothing to be drawn; empty where there is."""
        if self.reason and (self.found is None or not self.found.columns):
            return self.reason
        if self.found is None:
            return "asking…"
        if self.found.columns or self._asking:
            return ""
        oldest = self.found.oldest_at
        if oldest is None:
            return "nothing was ever measured of this"
        return f"nothing is known of that time; what is known begins at {day_and_clock(oldest, shown.where)}"

    # ------------------------------------------------------------------------------------------------------- keys

    def look(self, view: TimeView) -> None:
        """At another time."""
        before, self.view = self.view, view
        if (before.span_s, before.until) == (view.span_s, view.until):
            self.redraw()
        else:
            self._ask_anew()

    def action_move(self, by: int) -> None:
        """Key: half of what is shown."""
        self.look(self.view.moved(by / 2, self.now))

    def action_zoom(self, by: int) -> None:
        """Key."""
        self.look(self.view.zoomed(by, self.now))

    def action_cursor(self, by: int) -> None:
        """Key: a cell."""
        cell_s = self.view.span_s / plot_cells(max(self.charts.size.width, 1))
        self.look(self.view.stepped(by, cell_s, self.now))

    def action_event(self, by: int) -> None:
        """Key: the next one that way."""
        at, margin = self.view.at(self.now), timedelta(seconds=1e-3)
        times = sorted({*(event.at for event in marked(self.events)), *(gap.started_at for gap in self.gaps)})
        beyond = [time for time in times if (time > at + margin if by > 0 else time < at - margin)]
        if not beyond:
            self.notify(f"No event {'after' if by > 0 else 'before'} that is known.")
            return
        self.look(self.view.showing(beyond[0 if by > 0 else -1], self.now))

    def action_now(self) -> None:
        """Key."""
        self.look(self.view.following())

    def action_go_to_time(self) -> None:
        """Key."""
        from vmstui.times import parse_time

        def wrong(typed: str) -> str:
            try:
                parse_time(typed, self.now, self.shown.where)
            except ValueError as error:
                return str(error)
            return ""

        def taken(typed: str | None) -> None:
            if typed is not None:
                self.look(self.view.seeking(parse_time(typed, self.now, self.shown.where), self.now))

        hint = "For example 03:12, yesterday 03:12, 2025-10-20, 2025-10-20T03:12, -2h."
        self.app.push_screen(Ask("To which time?", hint, check=wrong), taken)

    def action_footage(self) -> None:
        """Key."""
        if self.subject in OWN_SUBJECTS:
            self.notify(f"There is no footage of this; {key_of('charts.next')} goes to a camera.")
            return
        self.post_message(self.FootageAsked(self.subject, self.view.at(self.now)))

    def action_subject(self, by: int) -> None:
        """Key."""
        snapshot = self._picture().snapshot
        order = [*(camera.id for camera in ordered(snapshot)), *OWN_SUBJECTS] if snapshot is not None else []
        if order:
            here = order.index(self.subject) if self.subject in order else -by
            self.show_subject(order[(here + by) % len(order)])

    def action_camera(self) -> None:
        """Key."""
        snapshot = self._picture().snapshot
        if self.camera is None and snapshot is not None and snapshot.cameras:
            self.camera = ordered(snapshot)[0].id
        if self.camera is not None:
            self.show_subject(self.camera)

    def action_machine(self) -> None:
        """Key."""
        self.show_subject(MACHINE)

    def action_signs(self) -> None:
        """Key."""
        ChartsPane.signs = Signs.BLOCKS if ChartsPane.signs is Signs.BRAILLE else Signs.BRAILLE
        self.redraw()

    def action_scroll(self, by: int) -> None:
        """Key."""
        most = self._first + max(unseen(self.shown, *self._room), 0)
        self._first = min(max(self._first + by, 0), most)
        self.redraw()

    def show_subject(self, subject: str) -> None:
        """Charts of another one, of the same time."""
        if subject == self.subject:
            return
        if subject not in OWN_SUBJECTS and subject != self.camera:
            self.camera = subject
            self.post_message(self.Turned(subject))
        self.subject, self.found, self.events, self.gaps, self._events_of = subject, None, (), (), None
        self._first, self.reason = 0, ""
        self._ask_anew()


def _hints(cells: int) -> Line:
    """The keys, from the table of actions; those of one thing together."""
    keys: dict[str, list[str]] = {}
    for action in ACTIONS:
        if action.scope is Scope.CHARTS:
            keys.setdefault(action.words, []).extend([action.key] if action.key else [])
    ranks = {words: rank for rank, words in enumerate(("time", "zoom", "cursor", "to a time", "now", "event", "next"))}
    hints: list[tuple[int, Line]] = [
        (ranks.get(words, 9), (("/".join(of), Role.KEY), (f" {words}", Role.DIM))) for words, of in keys.items() if of
    ]
    return pack(hints, cells, ("   ", Role.DIM))
