"""The fleet screen: cameras above panes. It draws the app's picture and turns keys into requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import Action, Scope
from vmstui.tui.arrange import Pane, arrange
from vmstui.tui.camera_desk import CameraDesk
from vmstui.tui.fleet_desk import FleetDesk
from vmstui.tui.fleet_rows import context_of
from vmstui.tui.lines import Line, cut
from vmstui.tui.picture import Picture
from vmstui.tui.screens.covering import is_covered
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.verdict import Banner, summary
from vmstui.tui.views import View
from vmstui.tui.widgets.details import DetailsPane
from vmstui.tui.widgets.filter_bar import Purpose
from vmstui.tui.widgets.fleet_table import FleetTable
from vmstui.tui.widgets.history import HistoryPane
from vmstui.tui.widgets.log_pane import LogPane
from vmstui.tui.widgets.painter import LineBar
from vmstui.tui.widgets.segments import SegmentsPane
from vmstui.tui.wishes import Wishes

if TYPE_CHECKING:
    from vmstui.tui.tour import Tour


class FleetScreen(PanesScreen):
    """The screen a person works on."""

    VIEW: ClassVar[View] = View.FLEET
    PANES: ClassVar[tuple[Pane, ...]] = (Pane.DETAILS, Pane.SEGMENTS, Pane.HISTORY, Pane.LOG)
    AUTO_FOCUS = "#fleet"

    def __init__(self, tour: Tour) -> None:
        super().__init__(tour)
        self.table = FleetTable()
        self.details_pane = self.pane(DetailsPane)
        self.segments_pane = self.pane(SegmentsPane)
        self.history_pane = self.pane(HistoryPane)
        self.log_pane = self.pane(LogPane)
        self.summary = LineBar(id="summary")
        self.camera_desk = CameraDesk(self, self._config)
        self.fleet_desk = FleetDesk(self, self.table, tour.remembered, self._redraw)
        self.wishes = Wishes(self, tour.recorder, lambda: self.picture.snapshot, self._redraw)

    def compose_body(self) -> ComposeResult:
        """Cameras above panes."""
        yield self.table
        with Horizontal(id="panes"):
            yield from self.panes.values()
        yield self.summary
        yield self.filter_bar
        yield self.keys

    @property
    def selected(self) -> CameraSnapshot | None:
        """The camera under the cursor."""
        return self.picture.camera(self.table.selected_id)

    @property
    def pattern(self) -> str:
        """Filter of the cameras; that of the log lives in the log."""
        return self.fleet_desk.view.pattern

    # ---------------------------------------------------------------------------------------------- what is shown

    def hear(self, picture: Picture) -> None:
        """What concerns a person also while another screen is shown: what has become of what was asked for."""
        self.picture = picture
        if picture.snapshot is None:
            return
        self.fleet_desk.hear(picture.snapshot)
        if ended := self.wishes.asked.settle(picture.snapshot):
            self.app.notify("\n".join(ended))
        arrived, told = self.camera_desk.look(picture.snapshot)
        for sentence in told:
            self.app.notify(sentence)
        if arrived is not None:
            self.call_after_refresh(self._arrived, arrived)

    def _arrived(self, camera: str) -> None:
        """One that was added is there: that is what a person waits for."""
        if self.tour.shown is not self and self.app.screen is not self.tour.shown:
            self.tour.selected = camera  # a dialog over another screen is not taken away from anybody
            return
        self.tour.go(View.FLEET, camera)
        self.mean(camera)
        self.open_pane(Pane.DETAILS)

    def _config(self) -> str:
        return self.picture.snapshot.config_path if self.picture.snapshot is not None else ""

    def _redraw(self) -> None:
        self.show(self.picture)

    def show(self, picture: Picture) -> None:
        """Draw a new picture."""
        snapshot = picture.snapshot
        if snapshot is not None and self.is_mounted and not is_covered(self.app):
            notes = self.wishes.asked.notes
            self.fleet_desk.show(snapshot, context_of(snapshot, picture.cpu, picture.ticks, notes, picture.strips))
        super().show(picture)

    def on_screen_resume(self) -> None:
        """The cursor is where another screen left it."""
        wanted = self.tour.selected
        super().on_screen_resume()
        if wanted is not None:
            self.table.select(wanted)

    def told(self) -> list[Banner]:
        """That not all cameras are shown, below what everybody has to know."""
        return [*super().told(), *self.fleet_desk.banner()]

    def lay_out(self) -> None:
        """Show the panes there is room for, and fill what is seen."""
        snapshot, camera = self.picture.snapshot, self.selected
        cells, lines = self.app.size
        lines -= self.taken()
        chosen = self.chosen if camera is not None else None
        plan = arrange(cells, lines, len(self.table.cameras), chosen, zoomed=self.zoomed)
        self.summary.display = plan.summary
        shown = plan.panes if camera is not None else ()
        fleet_lines = plan.fleet_lines if shown or plan.summary else lines
        self.table.display = fleet_lines > 0
        if self.table.styles.height is None or self.table.styles.height.value != fleet_lines:
            self.table.styles.height = max(fleet_lines, 1)
        self.query_one("#panes").display = bool(shown)
        self._fill(shown)
        if plan.summary:
            strips = self.picture.strips
            lines_of: tuple[Line, ...] = ()
            if snapshot is not None and camera is not None:
                recorded = strips.share(snapshot, camera) if strips is not None else None
                lines_of = summary(snapshot, camera, recorded)
            self.summary.show_lines(*(cut(line, cells) for line in lines_of))

    @property
    def inner(self) -> frozenset[Scope]:
        """Of the keys that only what has the focus hears."""
        return frozenset({Scope.CAMERAS}) if self.table.has_focus else super().inner

    def _words(self, action: Action) -> str:
        """What the footer says of an action."""
        match action.id:
            case "view.back":
                return self.fleet_desk.back_words() if self.table.has_focus else "cameras"
            case "view.filter":
                return action.words
            case "camera.toggle":
                meant, _ = self.fleet_desk.meant()
                words = "stop" if any(one.wanted for one in meant) else "start"
            case _:
                words = super()._words(action)
        return f"{words} {len(self.table.marked)}" if words and action.many and self.table.marked else words

    def on_descendant_focus(self) -> None:
        """The footer shows the keys of who has the focus."""
        self.table.refresh()
        super().on_descendant_focus()

    @on(FleetTable.Selected)
    def _selected(self) -> None:
        self.tour.selected = self.table.selected_id
        self.lay_out()

    @on(FleetTable.Marked)
    def _marked(self) -> None:
        self._update_keys()

    @on(FleetTable.Asked)
    def _asked_of_table(self, message: FleetTable.Asked) -> None:
        meant, unseen = self.fleet_desk.meant()
        match message.verb.split():
            case ["sort"]:
                self.fleet_desk.sort(by=message.by)
            case ["sort", column]:
                self.fleet_desk.sort(column)
            case ["reverse"]:
                self.fleet_desk.reverse()
            case ["faults"]:
                self.fleet_desk.faults()
            case ["silence"]:
                self.fleet_desk.toggle_silence(meant)
            case ["acknowledge"]:
                if any(action.id == "table.acknowledge" for action in self.actions):
                    self.wishes.acknowledge(meant, unseen=unseen)

    @on(FleetTable.Chosen)
    def _chosen(self) -> None:
        self.action_details()

    # ------------------------------------------------------------------------------------------------------ panes

    def mean(self, camera: str) -> None:
        """The cursor goes to this camera; a filter that hides it is dropped for now."""
        super().mean(camera)
        if not self.table.select(camera):
            self.fleet_desk.look(replace(self.fleet_desk.view, pattern="", faults=False), keep=False)
            self.table.select(camera)

    def still_of(self, camera: CameraSnapshot) -> None:
        """A picture of what is being recorded of a camera."""
        if self.desk is not None:
            self.desk.still_of(camera.id, camera.name)

    def _focus_pane(self, pane: Pane | None) -> None:
        if pane is None:
            self.call_after_refresh(self.table.focus)
        else:
            super()._focus_pane(pane)

    def action_next_pane(self) -> None:
        """Key."""
        self.focus_next()

    def action_previous_pane(self) -> None:
        """Key."""
        self.focus_previous()

    @property
    def order(self) -> tuple[str, ...]:
        """Cameras as they are shown."""
        return tuple(camera.id for camera in self.table.cameras)

    def action_step(self, by: int) -> None:
        """Another camera, from any pane."""
        self.table.action_cursor(by)

    def action_back(self) -> None:
        """Out of what was opened last."""
        if self.left_inside():
            return
        if self.chosen is not None or not self.table.has_focus:
            self.chosen, self.zoomed = None, False
            self.lay_out()
            self._focus_pane(None)
        else:
            self.fleet_desk.back()

    # ----------------------------------------------------------------------------------------------------- filter

    def action_filter(self) -> None:
        """Filter the cameras."""
        self.open_bar(self.pattern, Purpose.ROWS)

    def set_pattern(self, pattern: str, *, keep: bool) -> None:
        """Show only cameras that match."""
        self.fleet_desk.look(replace(self.fleet_desk.view, pattern=pattern), keep=keep)

    # ------------------------------------------------------------------------------------------------------ wishes

    async def action_run_action_of(self, action_id: str) -> None:
        """A click on the footer."""
        action = next((action for action in self.actions if action.id == action_id), None)
        if action is not None and action.scope is Scope.CAMERAS:
            await self.table.run_action(action.call)
        else:
            await super().action_run_action_of(action_id)

    def action_restart(self) -> None:
        """Key."""
        meant, unseen = self.fleet_desk.meant()
        self.wishes.restart(meant, by_name=bool(self.table.marked), unseen=unseen)

    def action_start_or_stop(self) -> None:
        """Key: of several, those that are recorded are stopped; where none is, all are started."""
        meant, unseen = self.fleet_desk.meant()
        if any(camera.wanted for camera in meant):
            self.wishes.stop(meant, unseen=unseen)
        elif meant:
            self.wishes.start(meant, by_name=bool(self.table.marked), unseen=unseen)
