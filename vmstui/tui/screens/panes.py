"""A screen of panes about one camera: which are seen, who has the keys, and what the keys of a camera do there.

The panes are those of `widgets`; each asks the recorder only while it is seen. Where not all have room, the one that
was chosen is seen, and a key goes on to the next; any of them can have the whole room.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid

from vmstui.findings import Seen
from vmstui.tui.actions import Action, Group, Scope, bindings, key_of, shadowed
from vmstui.tui.arrange import Pane, tiles
from vmstui.tui.fleet_rows import ordered
from vmstui.tui.footage_desk import FootageDesk
from vmstui.tui.log_desk import LogDesk
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.views import View
from vmstui.tui.widgets.details import DetailsPane
from vmstui.tui.widgets.filter_bar import FilterBar, Purpose
from vmstui.tui.widgets.history import HistoryPane
from vmstui.tui.widgets.key_bar import KeyBar
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.log_pane import LogPane
from vmstui.tui.widgets.log_text import LogText
from vmstui.tui.widgets.pane import Pane as PaneWidget
from vmstui.tui.widgets.segments import SegmentsBody, SegmentsPane

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour
    from vmstui.tui.widgets.charts import ChartsPane
    from vmstui.tui.widgets.still_bar import StillBar

P = TypeVar("P", bound=PaneWidget)


_ON_CAMERA = {"still_now", "restart", "start_or_stop", "copy_command", "edit_camera", "remove_camera"}


def _still_bar(tour: Tour) -> StillBar:
    from vmstui.tui.widgets.still_bar import StillBar  # here, as few ask

    return StillBar(tour.terminal, tour.link)


def _made(kind: Pane, tour: Tour) -> PaneWidget:
    match kind:
        case Pane.DETAILS:
            return DetailsPane(tour.recorder, partial(_still_bar, tour))
        case Pane.SEGMENTS:
            return SegmentsPane(tour.recorder, tour.actions)
        case Pane.HISTORY:
            return HistoryPane(tour.recorder)
        case Pane.LOG:
            return LogPane(tour.recorder)
        case Pane.CHARTS:
            from vmstui.tui.widgets.charts import ChartsPane  # here, as few ask

            return ChartsPane(tour.recorder, tour.picture)
        case Pane.MACHINE:
            from vmstui.tui.widgets.machine import MachinePane

            return MachinePane(tour.recorder)


_SCOPE = {
    Pane.LOG: Scope.LOG,
    Pane.SEGMENTS: Scope.SEGMENTS,
    Pane.HISTORY: Scope.HISTORY,
    Pane.CHARTS: Scope.CHARTS,
}
"""Panes that have keys of their own."""
_HOME = {
    Pane.DETAILS: View.CAMERA,
    Pane.CHARTS: View.CAMERA,
    Pane.LOG: View.LOGS,
    Pane.SEGMENTS: View.SEGMENTS,
    Pane.HISTORY: View.HISTORY,
    Pane.MACHINE: View.MACHINE,
}
_NOT_IN_PANE = {"camera.restart", "camera.toggle", "view.details", "view.segments", "view.history", "view.log"}
"""Actions that leave the footer to those of log or segments while these have the keys; they work all the same."""


def home_of(pane: Pane) -> View:
    """The screen that is for it."""
    return _HOME[pane]


class PanesScreen(ViewScreen):
    """Panes beside and above each other."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.FLEET)]
    PANES: ClassVar[tuple[Pane, ...]] = ()
    """Left to right and top to bottom; the first has the keys to begin with."""

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.panes = {kind: _made(kind, tour) for kind in self.PANES}
        self.chosen: Pane | None = None
        """The pane that was asked for."""
        self.zoomed = False
        """It has the whole room."""
        self.filter_bar = FilterBar(id="filter")
        self.keys = KeyBar()
        self.log_desk = LogDesk(self, self.pane(LogPane)) if Pane.LOG in self.PANES else None
        self.desk = FootageDesk(self, tour.recorder, self.pane(SegmentsPane)) if Pane.SEGMENTS in self.PANES else None

    @property
    def paging(self) -> bool:
        """Whether a pager has the terminal."""
        return self.log_desk is not None and self.log_desk.paging

    def compose_body(self) -> ComposeResult:
        """The panes, what is typed, the keys."""
        with Grid(id="tiles"):
            yield from self.panes.values()
        yield self.filter_bar
        yield self.keys

    def on_mount(self) -> None:
        """Somebody has the keys at once."""
        self._focus_pane(self.chosen)

    def pane(self, kind: type[P]) -> P:
        """The pane of that kind, which it has."""
        return next(pane for pane in self.panes.values() if isinstance(pane, kind))

    # ---------------------------------------------------------------------------------------------- what is shown

    def taken(self) -> int:
        """Lines that are not for the panes."""
        return super().taken() + 1 + bool(self.filter_bar.display)

    def lay_out(self) -> None:
        """Show the panes there is room for."""
        cells, lines = self.app.size
        plan = tiles(cells, lines - self.taken(), self.PANES, self.chosen, zoomed=self.zoomed)
        grid = self.query_one("#tiles", Grid)
        if grid.styles.grid_size_columns != plan.columns:
            grid.styles.grid_size_columns = plan.columns
        for kind, pane in self.panes.items():
            span = plan.spans.get(kind, 1)
            if pane.styles.row_span != span:
                pane.styles.row_span = span
        self._fill(plan.panes)

    def _fill(self, shown: tuple[Pane, ...]) -> None:
        """Draw these panes; the others ask nothing."""
        snapshot, camera = self.picture.snapshot, self.selected
        for kind, pane in self.panes.items():
            pane.display = kind in shown
            if isinstance(pane, DetailsPane):
                pane.storage = self.picture.storage_of(camera.id) if camera is not None else None
                pane.strips = self.picture.strips
                pane.alone, pane.pictured = self.zoomed, self.zoomed or self.VIEW is View.CAMERA
            if pane.display and snapshot is not None:
                pane.show(snapshot, camera)
            else:
                pane.rest()
        if self.desk is not None and snapshot is not None:
            self.desk.config = snapshot.config_path
        focused = self.focused
        if (
            focused is not None
            and not self.filter_bar.display
            and not all(one.display for one in focused.ancestors_with_self)
        ):
            self._focus_pane(self.chosen)
        self._update_keys()

    def rest(self) -> None:
        """Another screen is shown."""
        for pane in self.panes.values():
            pane.rest()

    def take_back(self) -> None:
        """What the terminal has of pictures."""
        for pane in self.panes.values():
            if isinstance(pane, DetailsPane):
                pane.take_back()

    def start_over(self) -> None:
        """Another service may number its lines anew."""
        if Pane.LOG in self.PANES:
            self.pane(LogPane).start_over()

    @property
    def inside(self) -> Pane | None:
        """The pane that has the keys."""
        return next((kind for kind, pane in self.panes.items() if pane.body.has_focus), None)

    @property
    def inner(self) -> frozenset[Scope]:
        """Of the keys that only what has the focus hears."""
        return frozenset({_SCOPE[self.inside]} if self.inside in _SCOPE else ())

    def _update_keys(self) -> None:
        self.keys.update(self.keys_shown())

    def keys_shown(self) -> list[tuple[Action, str]]:
        """The footer: what works here now, with its words."""
        in_pane, inner = self.inside in _SCOPE, self.inner
        replaced = shadowed(action for action in self.actions if action.scope in inner)
        camera = self.selected
        shown: list[tuple[Action, str]] = []
        for action in self.actions:
            if not action.rank or not action.key or action.id in replaced or not self.check_action(action.call, ()):
                continue
            if action.scope not in {Scope.APP, Scope.FLEET, *inner} or (in_pane and action.id in _NOT_IN_PANE):
                continue
            if action.group in {Group.CAMERA, Group.CAMERAS} and (camera is None or Pane.MACHINE in self.PANES):
                continue
            words = self._words(action)
            if words:
                shown.append((action, words))
        order = {"recorder.leave": 0, "view.help": 1, "view.back": 2}
        return sorted(shown, key=lambda pair: order.get(pair[0].id, 3))

    def _words(self, action: Action) -> str:
        """What the footer says of an action; empty: nothing, as it does nothing now."""
        match action.id:
            case "camera.toggle":
                return "start" if self.selected is not None and not self.selected.wanted else "stop"
            case "view.fleet":
                return f"to {key_of('view.events')} screens"
            case "view.filter":
                return ""
            case "history.everyone" if self.pane(HistoryPane).everyone:
                return "one camera"
            case "log.everyone" if self.pane(LogPane).everyone:
                return "one camera"
        return action.words

    def on_descendant_focus(self) -> None:
        """The footer shows the keys of who has the focus."""
        self._update_keys()

    # ------------------------------------------------------------------------------------------------------ panes

    def open_pane(self, pane: Pane, *, whole: bool = False) -> None:
        """Show a pane that it has, alone if `whole`, and give it the keys."""
        self.chosen, self.zoomed = pane, whole
        if self.is_mounted:
            self.lay_out()
            self._focus_pane(pane)

    def _focus_pane(self, pane: Pane | None) -> None:
        body = self.panes[pane or self.PANES[0]].body
        self.call_after_refresh(body.focus)

    def _open(self, pane: Pane) -> None:
        if self.selected is not None:
            self.tour.open_pane(pane)

    def action_details(self) -> None:
        """Key."""
        self._open(Pane.DETAILS)

    def action_log(self) -> None:
        """Key."""
        self._open(Pane.LOG)

    def action_segments(self) -> None:
        """Key."""
        self._open(Pane.SEGMENTS)

    def action_history(self) -> None:
        """Key."""
        self._open(Pane.HISTORY)

    def action_charts(self) -> None:
        """Key."""
        self._open(Pane.CHARTS)

    def action_findings(self) -> None:
        """Key."""
        self.tour.go(View.FINDINGS)

    def action_still_now(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.tour.fleet.still_of(camera)

    def action_pictures(self) -> None:
        """Key."""
        from vmstui.tui.screens.wall import WallScreen  # here, as few ask

        fleet, tour = self.tour.fleet, self.tour
        self.app.push_screen(
            WallScreen(
                tour.picture,
                self.order,
                tour.terminal,
                tour.link,
                still=fleet.still_of,
                details=lambda camera: (tour.open_pane(Pane.DETAILS, camera), None)[1],
            )
        )

    def action_zoom(self) -> None:
        """Key: the pane with the keys alone, or all there is room for again."""
        if (inside := self.inside) is not None or self.zoomed:
            self.open_pane(inside or self.chosen or self.PANES[0], whole=not self.zoomed)

    def action_next_pane(self) -> None:
        """Key."""
        self._other_pane(1)

    def action_previous_pane(self) -> None:
        """Key."""
        self._other_pane(-1)

    def _other_pane(self, by: int) -> None:
        here = self.PANES.index(self.inside or self.chosen or self.PANES[0])
        self.open_pane(self.PANES[(here + by) % len(self.PANES)], whole=self.zoomed)

    @property
    def order(self) -> tuple[str, ...]:
        """Cameras one after the other."""
        snapshot = self.picture.snapshot
        return tuple(camera.id for camera in ordered(snapshot)) if snapshot is not None else ()

    def action_step(self, by: int) -> None:
        """Another camera, from any pane."""
        if order := self.order:
            here = order.index(self.tour.selected) if self.tour.selected in order else -by
            self.tour.selected = order[min(max(here + by, 0), len(order) - 1)]
            self.lay_out()

    def action_back(self) -> None:
        """Out of what was opened last: a mark, a search, a filter, then this screen."""
        if not self.left_inside():
            self.zoomed, self.chosen = False, None
            super().action_back()

    def left_inside(self) -> bool:
        """Whether there was something inside the pane with the keys to leave first."""
        match self.inside:
            case Pane.SEGMENTS if (rows := self.pane(SegmentsPane).list).mark_from is not None:
                rows.action_mark()
            case Pane.LOG if (pane := self.pane(LogPane)).log_body.view.search:
                pane.log_body.begin_search()  # to stay where that led
                pane.set_search("")
            case Pane.LOG if (pane := self.pane(LogPane)).log_body.rule.pattern:
                pane.set_filter("")
            case _:
                return False
        return True

    def show_footage(self, camera: str, at: datetime) -> None:
        """The footage of a camera at a time."""
        self.tour.selected = camera
        self.open_pane(Pane.SEGMENTS)
        self.pane(SegmentsPane).jump(at)

    @on(SegmentsBody.Asked)
    def _asked_of_footage(self, message: SegmentsBody.Asked) -> None:
        if self.desk is not None:
            self.desk.take(message)

    def on_charts_pane_turned(self, message: ChartsPane.Turned) -> None:
        """Another camera is looked at there, and so everywhere."""
        self.tour.selected = message.camera
        self.lay_out()

    def on_charts_pane_footage_asked(self, message: ChartsPane.FootageAsked) -> None:
        if Pane.SEGMENTS in self.PANES:
            self.show_footage(message.camera, message.at)

    # ------------------------------------------------------------------------------------------------- search, filter

    def open_bar(self, pattern: str, purpose: Purpose, *, literal: bool = False) -> None:
        """Ask what to search for, or what to show only."""
        self.filter_bar.open(pattern, purpose, literal=literal)
        self.lay_out()

    @on(LogBody.Asked)
    def _asked_of_log(self, message: LogBody.Asked) -> None:
        pane, desk = self.pane(LogPane), self.log_desk
        body = pane.log_body
        match message.verb:
            case "search":
                body.begin_search()
                self.open_bar("", Purpose.LOG_SEARCH)
            case "filter":
                pattern = body.rule.pattern
                self.open_bar(pattern.typed, Purpose.LOG_FILTER, literal=pattern.literal)
            case "everyone":
                pane.show_everyone(not pane.everyone)
            case "explain":
                pane.explain(not pane.explaining)
            case "restart":
                pane.to_start()
            case "save" if desk is not None and any(action.id == "log.save" for action in self.actions):
                if self.picture.snapshot is not None:
                    desk.save(self.picture.snapshot.at)
            case "pager" if desk is not None:
                desk.page(readonly=not any(action.changes for action in self.actions))
            case "previous":
                pane.toggle_previous()
            case "earlier":
                pane.show_earlier()

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        match message.purpose:
            case Purpose.LOG_SEARCH:
                self.pane(LogPane).set_search(message.pattern, literal=message.literal)
            case Purpose.LOG_FILTER:
                self.pane(LogPane).set_filter(message.pattern, literal=message.literal)
            case Purpose.ROWS:
                self.set_pattern(message.pattern, keep=message.done)
        self._tell_bar()
        if message.done:
            self._focus_pane(None if message.purpose is Purpose.ROWS else Pane.LOG)
            self.lay_out()

    def set_pattern(self, pattern: str, *, keep: bool) -> None:
        """Show only rows that match, where there are rows; what is only being typed is not kept."""

    @on(LogText.Changed)
    def _tell_bar(self) -> None:
        if not self.filter_bar.display or self.filter_bar.purpose is Purpose.ROWS:
            return
        searches = self.filter_bar.purpose is Purpose.LOG_SEARCH
        pane = self.pane(LogPane)
        words, wrong = pane.found() if searches else pane.filtered()
        self.filter_bar.tell(words, wrong=wrong)

    def show_line(self, seen: Seen | None) -> None:
        """The log of the camera that is meant, at that line."""
        self.picture = self.tour.picture()  # a screen that was never shown has none, and would begin anew once it has
        self.open_pane(Pane.LOG)
        pane = self.pane(LogPane)
        pane.show_everyone(False)
        if (camera := self.selected) is not None and self.picture.snapshot is not None:
            pane.show(self.picture.snapshot, camera)
        if seen is not None:
            pane.seek(seen)

    # ------------------------------------------------------------------------------------------------------ wishes

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a read-only dashboard does not offer, and what there are no rows for, does not exist."""
        if action == "filter" and self.VIEW is not View.FLEET:
            return False
        if action in _ON_CAMERA and Pane.MACHINE in self.PANES:
            return False  # whose camera nobody sees there
        return super().check_action(action, parameters)

    async def action_run_action_of(self, action_id: str) -> None:
        """A click on the footer."""
        action = next((action for action in self.actions if action.id == action_id), None)
        if action is not None:
            pane = next((kind for kind, scope in _SCOPE.items() if scope is action.scope), None)
            home = self.panes[pane].home if pane in self.panes else self
            await home.run_action(action.call)

    def action_restart(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.tour.wish("camera.restart", camera)

    def action_start_or_stop(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.tour.wish("camera.stop" if camera.wanted else "camera.start", camera)

    def action_add_camera(self) -> None:
        """Key."""
        self.tour.fleet.camera_desk.add()

    def action_edit_camera(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.tour.fleet.camera_desk.edit(camera.id, camera.name)

    def action_remove_camera(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.tour.fleet.camera_desk.remove(camera.id, camera.name)

    def action_copy_command(self) -> None:
        """Key."""
        details = self.pane(DetailsPane).details if Pane.DETAILS in self.PANES else None
        if details is None or not details.command:
            self.notify(f"There is no command to copy yet: open the details ({key_of('view.details')}) first.")
            return
        self.app.copy_to_clipboard(shlex.join(details.command))
        self.notify("The command is in the clipboard, if your terminal allows it (OSC 52).")
