"""The fleet screen: header, banners, cameras, panes, keys. It draws the app's picture and turns keys into requests."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from vmstui.control.errors import RecorderError
from vmstui.findings import Seen
from vmstui.model import CameraSnapshot
from vmstui.tui import questions
from vmstui.tui.actions import Action, Group, Scope, bindings, find, key_of, shadowed
from vmstui.tui.arrange import Pane, arrange
from vmstui.tui.asked import Asked
from vmstui.tui.fleet_rows import context_of, ordered
from vmstui.tui.footage_desk import FootageDesk
from vmstui.tui.lines import Line, cut
from vmstui.tui.log_desk import LogDesk
from vmstui.tui.picture import Picture
from vmstui.tui.questions import Question
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.source import Recorder
from vmstui.tui.verdict import banners, summary
from vmstui.tui.widgets.banner import Banners
from vmstui.tui.widgets.details import DetailsPane
from vmstui.tui.widgets.filter_bar import FilterBar, Purpose
from vmstui.tui.widgets.fleet_table import FleetTable
from vmstui.tui.widgets.header import Header
from vmstui.tui.widgets.history import HistoryPane
from vmstui.tui.widgets.key_bar import KeyBar
from vmstui.tui.widgets.log_body import LogBody
from vmstui.tui.widgets.log_pane import LogPane
from vmstui.tui.widgets.log_text import LogText
from vmstui.tui.widgets.painter import LineBar
from vmstui.tui.widgets.segments import SegmentsBody, SegmentsPane

_NOT_IN_PANE = {"camera.restart", "camera.toggle", "view.details", "view.segments", "view.history", "view.log"}
"""Actions that leave the footer to those of log or segments while these have the keys; they work all the same."""


class FleetScreen(Screen[None]):
    """The screen a person works on."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.FLEET)]
    AUTO_FOCUS = "#fleet"

    def __init__(self, recorder: Recorder, actions: tuple[Action, ...]) -> None:
        super().__init__()
        self.recorder = recorder
        self.actions = actions
        self.picture = Picture()
        self.pattern = ""
        """Filter of the cameras; that of the log lives in the log."""
        self.chosen: Pane | None = None
        self.asked = Asked()
        self.header = Header(id="header")
        self.banners = Banners(id="banners")
        self.table = FleetTable()
        self.details_pane = DetailsPane(recorder)
        self.segments_pane = SegmentsPane(recorder, actions)
        self.history_pane = HistoryPane(recorder)
        self.log_pane = LogPane(recorder)
        self.summary = LineBar(id="summary")
        self.filter_bar = FilterBar(id="filter")
        self.keys = KeyBar()
        self.desk = FootageDesk(self, recorder, self.segments_pane)
        self.log_desk = LogDesk(self, self.log_pane)

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.header
        yield self.banners
        yield self.table
        with Horizontal(id="panes"):
            yield self.details_pane
            yield self.segments_pane
            yield self.history_pane
            yield self.log_pane
        yield self.summary
        yield self.filter_bar
        yield self.keys

    @property
    def selected(self) -> CameraSnapshot | None:
        """The camera under the cursor."""
        return self.picture.camera(self.table.selected_id)

    # ---------------------------------------------------------------------------------------------- what is shown

    def show(self, picture: Picture) -> None:
        """Draw a new picture."""
        self.picture = picture
        if not self.is_mounted:
            return
        self.set_class(picture.link.stale, "-stale")
        snapshot = picture.snapshot
        if snapshot is not None:
            self.desk.config = snapshot.config_path
            for sentence in self.asked.settle(snapshot):
                self.notify(sentence)
            cameras = ordered(snapshot, self.pattern)
            context = context_of(snapshot, picture.cpu, picture.ticks, self.asked.notes, picture.strips)
            empty = f"No camera matches {self.pattern!r}; esc shows all." if snapshot.cameras else ""
            self.table.update(cameras, context, empty)
        self.header.update(picture)
        self.lay_out()

    def lay_out(self) -> None:
        """Show the panes there is room for, and fill what is seen."""
        snapshot = self.picture.snapshot
        taken = 2 + self.banners.update(banners(snapshot, self.picture.link)) + bool(self.filter_bar.display)
        cells, lines = self.app.size
        plan = arrange(cells, lines - taken, len(self.table.cameras), self.chosen if self.selected else None)
        self.summary.display = plan.summary
        camera = self.selected
        self.details_pane.storage = self.picture.storage_of(camera.id) if camera is not None else None
        self.details_pane.strips = self.picture.strips
        shown = plan.panes if camera is not None else ()
        fleet_lines = plan.fleet_lines if shown or plan.summary else lines - taken
        self.table.display = fleet_lines > 0
        if self.table.styles.height is None or self.table.styles.height.value != fleet_lines:
            self.table.styles.height = max(fleet_lines, 1)
        panes = {
            Pane.DETAILS: self.details_pane,
            Pane.SEGMENTS: self.segments_pane,
            Pane.HISTORY: self.history_pane,
            Pane.LOG: self.log_pane,
        }
        self.query_one("#panes").display = bool(shown)
        for kind, pane in panes.items():
            pane.display = kind in shown
            if pane.display and camera is not None and snapshot is not None:
                pane.follow(camera)
                pane.update(snapshot, camera)
            else:
                pane.rest()
        if self.focused is not None and not self.focused.is_on_screen and not self.filter_bar.display:
            self._focus_pane(self.chosen)
        if plan.summary:
            strips = self.picture.strips
            lines_of: tuple[Line, ...] = ()
            if snapshot is not None and camera is not None:
                recorded = strips.share(snapshot, camera) if strips is not None else None
                lines_of = summary(snapshot, camera, recorded)
            self.summary.show_lines(*(cut(line, cells) for line in lines_of))
        self._update_keys()

    def _update_keys(self) -> None:
        camera = self.selected
        inside = {
            Scope.LOG: self.log_pane.body.has_focus,
            Scope.SEGMENTS: self.segments_pane.body.has_focus,
            Scope.FINDINGS: False,
        }
        shown: list[tuple[Action, str]] = []
        replaced = shadowed(action for action in self.actions if inside.get(action.scope))
        for action in self.actions:
            if not action.rank or not action.key or not inside.get(action.scope, True) or action.id in replaced:
                continue
            if camera is None and action.group is Group.CAMERA:
                continue
            words = action.words
            if action.id == "camera.toggle":
                words = "start" if camera is not None and not camera.wanted else "stop"
            if any(inside.values()) and action.id in _NOT_IN_PANE:
                continue
            if action.id == "view.back":
                if self.table.has_focus and not self.pattern:
                    continue
                words = "all" if self.table.has_focus else "cameras"
            shown.append((action, words))
        order = {"recorder.leave": 0, "view.help": 1, "view.back": 2}
        self.keys.update(sorted(shown, key=lambda pair: order.get(pair[0].id, 3)))

    def on_resize(self) -> None:
        """Another size, another arrangement."""
        self.show(self.picture)

    def on_descendant_focus(self) -> None:
        """The footer shows the keys of who has the focus."""
        self.table.refresh()
        self._update_keys()

    @on(FleetTable.Selected)
    def _selected(self) -> None:
        self.lay_out()

    @on(FleetTable.Chosen)
    def _chosen(self) -> None:
        self.action_details()

    # ------------------------------------------------------------------------------------------------------ panes

    def open_pane(self, pane: Pane, camera: str | None = None) -> None:
        """Show a pane, of another camera if one is named, and give it the keys."""
        if camera is not None and not self.table.select(camera):
            self.set_pattern("")
            self.table.select(camera)
        self.chosen = pane
        self.lay_out()
        self._focus_pane(pane)

    def _focus_pane(self, pane: Pane | None) -> None:
        body = {
            None: self.table,
            Pane.DETAILS: self.details_pane.body,
            Pane.SEGMENTS: self.segments_pane.body,
            Pane.HISTORY: self.history_pane.body,
            Pane.LOG: self.log_pane.body,
        }[pane]
        self.call_after_refresh(body.focus)

    def action_details(self) -> None:
        """Key."""
        self.open_pane(Pane.DETAILS)

    def action_log(self) -> None:
        """Key."""
        self.open_pane(Pane.LOG)

    def action_segments(self) -> None:
        """Key."""
        self.open_pane(Pane.SEGMENTS)

    def action_history(self) -> None:
        """Key."""
        self.open_pane(Pane.HISTORY)

    def action_charts(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.open_charts(camera.id)

    def open_charts(self, subject: str) -> None:
        """What a camera, or one of `measured.OWN_SUBJECTS`, looked like."""
        from vmstui.tui.screens.charts import ChartsScreen  # here, as few ask

        def footage(camera: str, at: datetime) -> None:
            self.open_pane(Pane.SEGMENTS, camera)
            self.segments_pane.jump(at)

        self.app.push_screen(ChartsScreen(self.recorder, lambda: self.picture, subject, footage))

    def action_findings(self) -> None:
        """Key."""
        self.open_findings()

    def open_findings(self, camera: str | None = None) -> None:
        """What messages mean, of that camera or of all."""
        from vmstui.tui.screens.findings import FindingsScreen, Ways  # here, as all is well mostly

        def restart(camera: str) -> None:
            if (found := self.picture.camera(camera)) is not None:
                self.restart(found)

        def log(camera: str, seen: Seen | None) -> None:
            self.open_pane(Pane.LOG, camera)
            if seen is not None:
                self.log_pane.seek(seen)

        ways = Ways(lambda camera: self.open_pane(Pane.DETAILS, camera), log, restart)
        selected = self.table.selected_id
        screen = FindingsScreen(
            self.recorder, lambda: self.picture, self.actions, ways, camera=camera, selected=selected
        )
        self.app.push_screen(screen)

    def action_next_pane(self) -> None:
        """Key."""
        self.focus_next()

    def action_previous_pane(self) -> None:
        """Key."""
        self.focus_previous()

    def action_step(self, by: int) -> None:
        """Another camera, from any pane."""
        self.table.action_cursor(by)

    def action_back(self) -> None:
        """Out of what was opened last."""
        log, segments = self.log_pane.body, self.segments_pane.list
        if segments.has_focus and segments.mark_from is not None:
            segments.action_mark()
        elif log.has_focus and self.log_pane.log_body.view.search:
            self.log_pane.log_body.begin_search()  # to stay where that led
            self.log_pane.set_search("")
        elif log.has_focus and self.log_pane.log_body.rule.pattern:
            self.log_pane.set_filter("")
        elif self.chosen is not None or not self.table.has_focus:
            self.chosen = None
            self.lay_out()
            self._focus_pane(None)
        elif self.pattern:
            self.set_pattern("")

    @on(SegmentsBody.Asked)
    def _asked_of_footage(self, message: SegmentsBody.Asked) -> None:
        self.desk.take(message)

    # ----------------------------------------------------------------------------------------------------- filter

    def action_filter(self) -> None:
        """Filter the cameras."""
        self._open_bar(self.pattern, Purpose.ROWS)

    def _open_bar(self, pattern: str, purpose: Purpose, *, literal: bool = False) -> None:
        self.filter_bar.open(pattern, purpose, literal=literal)
        self.lay_out()

    @on(LogBody.Asked)
    def _asked_of_log(self, message: LogBody.Asked) -> None:
        body = self.log_pane.log_body
        match message.verb:
            case "search":
                body.begin_search()
                self._open_bar("", Purpose.LOG_SEARCH)
            case "filter":
                pattern = body.rule.pattern
                self._open_bar(pattern.typed, Purpose.LOG_FILTER, literal=pattern.literal)
            case "everyone":
                self.log_pane.show_everyone(not self.log_pane.everyone)
            case "explain":
                self.log_pane.explain(not self.log_pane.explaining)
            case "restart":
                self.log_pane.to_start()
            case "save":
                if self.picture.snapshot is not None and any(action.id == "log.save" for action in self.actions):
                    self.log_desk.save(self.picture.snapshot.at)
            case "pager":
                self.log_desk.page(readonly=not any(action.changes for action in self.actions))
            case "previous":
                self.log_pane.toggle_previous()
            case "earlier":
                self.log_pane.show_earlier()

    @on(FilterBar.Changed)
    def _filter_changed(self, message: FilterBar.Changed) -> None:
        pane = self.log_pane
        match message.purpose:
            case Purpose.LOG_SEARCH:
                pane.set_search(message.pattern, literal=message.literal)
            case Purpose.LOG_FILTER:
                pane.set_filter(message.pattern, literal=message.literal)
            case Purpose.ROWS:
                self.set_pattern(message.pattern)
        self._tell_bar()
        if message.done:
            self._focus_pane(None if message.purpose is Purpose.ROWS else Pane.LOG)
            self.lay_out()

    @on(LogText.Changed)
    def _tell_bar(self) -> None:
        if not self.filter_bar.display or self.filter_bar.purpose is Purpose.ROWS:
            return
        searches = self.filter_bar.purpose is Purpose.LOG_SEARCH
        words, wrong = self.log_pane.found() if searches else self.log_pane.filtered()
        self.filter_bar.tell(words, wrong=wrong)

    def set_pattern(self, pattern: str) -> None:
        """Show only cameras that match."""
        self.pattern = pattern
        self.show(self.picture)

    # ------------------------------------------------------------------------------------------------------ wishes

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a read-only dashboard does not offer does not exist in it."""
        known = find(action)
        return known is None or known in self.actions

    async def action_run_action_of(self, action_id: str) -> None:
        """A click on the footer."""
        action = next((action for action in self.actions if action.id == action_id), None)
        if action is not None:
            homes = {Scope.LOG: self.log_pane.body, Scope.SEGMENTS: self.segments_pane.body}
            await homes.get(action.scope, self).run_action(action.call)

    def action_restart(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.restart(camera)

    def action_start_or_stop(self) -> None:
        """Key."""
        if (camera := self.selected) is not None:
            self.stop_camera(camera) if camera.wanted else self.start_camera(camera)

    def action_copy_command(self) -> None:
        """Key."""
        details = self.details_pane.details
        if details is None or not details.command:
            self.notify(f"There is no command to copy yet: open the details ({key_of('view.details')}) first.")
            return
        self.app.copy_to_clipboard(shlex.join(details.command))
        self.notify("The command is in the clipboard, if your terminal allows it (OSC 52).")

    def restart(self, camera: CameraSnapshot, *, by_name: bool = False) -> None:
        """Restart a camera, after asking where that costs footage, or where it was chosen by its name."""
        snapshot = self.picture.snapshot
        if snapshot is None:
            return
        if not camera.wanted:
            self.notify(f"{camera.name} is stopped; {key_of('camera.toggle')} starts it.")
            return
        question = questions.restart(snapshot, camera, by_name=by_name)
        self._ask(question, lambda: self._send("restart", camera, self.recorder.restart))

    def stop_camera(self, camera: CameraSnapshot) -> None:
        """Stop recording a camera, after asking."""
        if (snapshot := self.picture.snapshot) is not None:
            self._ask(questions.stop(snapshot, camera), lambda: self._send("stop", camera, self.recorder.stop))

    def start_camera(self, camera: CameraSnapshot, *, by_name: bool = False) -> None:
        """Start recording a camera, after asking where it was chosen by its name."""
        question = questions.start(camera) if by_name else None
        self._ask(question, lambda: self._send("start", camera, self.recorder.start))

    def _ask(self, question: Question | None, then: Callable[[], None]) -> None:
        if question is None:
            then()
            return
        dialog = Confirm(question.title, question.text, question.yes)
        self.app.push_screen(dialog, lambda agreed: then() if agreed else None)

    def _send(self, verb: str, camera: CameraSnapshot, call: Callable[[tuple[str, ...]], Awaitable[None]]) -> None:
        async def send() -> None:
            try:
                await call((camera.id,))
            except RecorderError as error:
                self.asked.refused(camera.id)
                self.show(self.picture)
                self.notify(str(error), severity="error")

        self.asked.note(verb, camera)
        self.show(self.picture)
        self.run_worker(send(), group="requests")
