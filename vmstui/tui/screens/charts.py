"""Charts: what a camera, or the machine, looked like over a time, with keys to move in it.

The recorder is asked in the background and never waited for: a key moves what is known at once, and what is not known
yet is blank until its answer comes. While now is followed it is asked again as often as there is another point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap
from vmstui.measured import ALL, MACHINE, OWN_SUBJECTS, RELAY, SERVICE, Measured
from vmstui.model import Event
from vmstui.tui.actions import ACTIONS, Scope, binding, bindings, key_of
from vmstui.tui.chart_lines import Shown, chart_lines, head_line, marked, plot_cells, unseen
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.format import day_and_clock, wrap, zone
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role, Span, pack
from vmstui.tui.picture import Picture
from vmstui.tui.plot import ACROSS
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.help import Help
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.time_view import TimeView
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar

SETTLE_S = 0.15
"""A time that is only passed is not asked for."""
LEAST_PERIOD_S, MOST_PERIOD_S = 2.0, 60.0
EVENTS_PERIOD_S = 20.0
EVENTS_ASKED, GAPS_ASKED = 2000, 1000
"""The newest ones."""
NAMES = {ALL: "everything together", MACHINE: "the machine", SERVICE: "the service", RELAY: "the live relay"}
TOO_OLD = "this recorder is of an older version, which keeps no history of what it measured: vmstui upgrade"


class ChartsScreen(ModalScreen[None]):
    """Over the fleet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.CHARTS),
        binding("view.back", "dismiss", "close"),
        binding("recorder.leave", "dismiss", "close"),
        binding("view.help", "keys"),
    ]

    def __init__(
        self,
        recorder: Recorder,
        picture: Callable[[], Picture],
        subject: str,
        go_to_footage: Callable[[str, datetime], None],
    ) -> None:
        """`subject` is a camera or one of `measured.OWN_SUBJECTS`; `go_to_footage` shows that of a camera, when this
        is closed."""
        super().__init__()
        self._recorder, self._picture = recorder, picture
        self._go_to_footage = go_to_footage
        self.subject = subject
        self._opened_for = subject
        self.view = TimeView()
        self.found: Measured | None = None
        self.events: tuple[Event, ...] = ()
        self.gaps: tuple[Gap, ...] = ()
        self.trouble = ""
        """Why the recorder could not be asked."""
        self._asking = False
        self._first = 0
        self._events_of: tuple[str, datetime, float] | None = None
        """Whose events are known, from when on, and when they were asked for."""
        self.body = LineBar(id="charts-body")
        self._title = LineBar(classes="title")
        self._head = LineBar(id="charts-head")
        self._keys = LineBar(id="charts-keys")

    def compose(self) -> ComposeResult:
        """Title, time, charts, keys."""
        with Vertical(id="charts-box"):
            yield self._title
            yield self._head
            yield self.body
            yield self._keys

    def on_mount(self) -> None:
        """Begin to ask."""
        self.set_interval(1.0, self._tick)
        self._ask_anew()

    def on_resize(self) -> None:
        """Another width has other points."""
        self.call_after_refresh(self._ask_anew)

    # ------------------------------------------------------------------------------------------------------- asking

    def _ask_anew(self) -> None:
        self._asking = True
        self._redraw()
        self.run_worker(self._ask_on(), group="charts", exclusive=True)

    async def _ask_on(self) -> None:
        await asyncio.sleep(SETTLE_S)
        while True:
            try:
                await self._ask()
                self.trouble = ""
            except RecorderLost as error:
                self.trouble = str(error)
            except RecorderError as error:
                self.trouble = TOO_OLD if "unknown method" in str(error) else str(error)
            self._asking = False
            self._redraw()
            if self.view.until is not None and not self.trouble:
                return
            step_s = self.found.step_s if self.found is not None else LEAST_PERIOD_S
            await asyncio.sleep(min(max(step_s, LEAST_PERIOD_S), MOST_PERIOD_S))

    async def _ask(self) -> None:
        subject, view = self.subject, self.view
        since, until = view.window(self.now)
        # One point less than there are columns, as the first one may begin before `since`.
        columns = plot_cells(self.size.width - 2) * ACROSS - 1
        found = harmless(await self._recorder.telemetry(subject, since, until, columns))
        if subject != self.subject:
            return
        self.found = found
        self._redraw()
        if subject not in OWN_SUBJECTS:
            await self._ask_events(subject, since)

    async def _ask_events(self, camera: str, since: datetime) -> None:
        """They are asked for less often than what is measured: an answer may be long."""
        now_s = asyncio.get_running_loop().time()
        known = self._events_of
        if known is not None and known[:1] == (camera,) and known[1] <= since and now_s - known[2] < EVENTS_PERIOD_S:
            return
        events = harmless(await self._recorder.history(camera, EVENTS_ASKED))
        try:
            gaps = harmless(await self._recorder.gaps_since(camera, since, GAPS_ASKED))
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
        ascii_only = self.app.has_class("-ascii")
        return Shown(
            self.subject, self.found, self.view, self.now, where, self.events, self.gaps, self._first, ascii_only
        )

    @property
    def name(self) -> str:
        """Whose charts they are."""
        camera = self._picture().camera(self.subject)
        return NAMES.get(self.subject) or (camera.name if camera is not None else self.subject)

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

    def _tick(self) -> None:
        if self.view.until is None:
            self._redraw()

    def _redraw(self) -> None:
        if not self.is_mounted or not self.body.size.height:
            return
        shown, cells, lines = self.shown, self.body.size.width, self.body.size.height
        nothing = self._nothing(shown)
        if nothing:
            self.body.show_lines(*(((line, Role.WARN),) for line in wrap(nothing, cells)))
        else:
            self.body.show_lines(*chart_lines(shown, cells, lines))
        more = 0 if nothing else unseen(shown, cells, lines)
        right: Line = ((f"esc closes {DOT} {key_of('view.help')} keys", Role.DIM),)
        if more or self._first:
            hidden = f"{self._first} charts above" if not more else f"{more} more below"
            right = ((f"{hidden} {DOT} ", Role.BUSY), *right)
        self._title.show_lines(title_line("Charts", self.name, right, self._title.size.width, focused=True, rule=RULE))
        self._head.show_lines(head_line(shown, cells, self.state))
        self._keys.show_lines(_hints(self._keys.size.width))

    def _nothing(self, shown: Shown) -> str:
        """Why there is nothing to be drawn; empty where there is."""
        if self.trouble and (self.found is None or not self.found.columns):
            return self.trouble
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
            self._redraw()
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
        cell_s = self.view.span_s / plot_cells(max(self.body.size.width, 1))
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
        self.dismiss()
        self._go_to_footage(self.subject, self.view.at(self.now))

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
        if self._opened_for in OWN_SUBJECTS and snapshot is not None and snapshot.cameras:
            self._opened_for = ordered(snapshot)[0].id
        self.show_subject(self._opened_for)

    def action_machine(self) -> None:
        """Key."""
        self.show_subject(MACHINE)

    def action_scroll(self, by: int) -> None:
        """Key."""
        most = self._first + max(unseen(self.shown, self.body.size.width, self.body.size.height), 0)
        self._first = min(max(self._first + by, 0), most)
        self._redraw()

    def action_keys(self) -> None:
        """Key."""
        self.app.push_screen(Help([action for action in ACTIONS if action.scope is Scope.CHARTS]))

    def show_subject(self, subject: str) -> None:
        """Charts of another one, of the same time."""
        if subject == self.subject:
            return
        if subject not in OWN_SUBJECTS:
            self._opened_for = subject
        self.subject, self.found, self.events, self.gaps, self._events_of = subject, None, (), (), None
        self._first, self.trouble = 0, ""
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
