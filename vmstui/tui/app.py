"""The app: one worker reads the recorder, one reactive holds what is known, the fleet screen draws it.

Nothing here may be needed for recording: the recorder is another process, and a terminal that stalls stops only this.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandInput, CommandPalette
from textual.events import Event, Key, Paste, Resize
from textual.notifications import SeverityLevel
from textual.reactive import reactive

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.measured import MACHINE
from vmstui.settings.folders import KEYS_FILE, own_folder
from vmstui.settings.problems import first_of
from vmstui.tui import questions, themes
from vmstui.tui.actions import Action, Argument, Scope, available, bindings, find, key_of, use_keys
from vmstui.tui.arrange import Pane
from vmstui.tui.day_strip import Strips
from vmstui.tui.glyphs import in_ascii, needs_ascii
from vmstui.tui.graphics import Terminal
from vmstui.tui.leave import Leave, stopped
from vmstui.tui.messages import (
    FootageArrived,
    PastArrived,
    RecorderGone,
    RoomArrived,
    SnapshotArrived,
    StorageArrived,
)
from vmstui.tui.notices import Notices
from vmstui.tui.palette import Commands
from vmstui.tui.picture import Picture
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.fleet import FleetScreen
from vmstui.tui.screens.help import Help
from vmstui.tui.screens.still import Still
from vmstui.tui.screens.too_small import TooSmall, too_small
from vmstui.tui.source import Recorder, harmless, reconnect_delays
from vmstui.tui.spark import WINDOW_S, CpuHistory
from vmstui.tui.theme_desk import ThemeDesk
from vmstui.tui.typed import Typed
from vmstui.tui.verdict import Link

if TYPE_CHECKING:
    from vmstui.tui.load import Load

LEAVE_LIMIT_S = 5.0
NO_KEY = "<none>"
"""For Textual, which knows no action without a key: what no terminal sends."""
STORAGE_PERIOD_S = 45.0
"""How long footage will stay changes slowly."""
FOOTAGE_PERIOD_S = 15.0
"""The recorder counts no more often."""
COUNTING_PERIOD_S = 3.0
"""While it has not counted yet."""
ROOM_FIRST_S, ROOM_PERIOD_S = 2.0, 30.0
"""How many more cameras fit: once all else is shown, and as seldom as it changes."""


def _hung_up() -> bool:
    """Whether the terminal is gone: an SSH link that broke, a window that was closed, without SIGHUP reaching us."""
    poll = select.poll()
    poll.register(0, 0)
    return bool(poll.poll(0))


class Dashboard(App[Leave]):
    """The dashboard over a recorder."""

    CSS_PATH = "vmstui.tcss"
    TITLE = "vmstui"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.APP),
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]
    COMMANDS: ClassVar[set[type[Commands]]] = {Commands}  # type: ignore[assignment]
    COMMAND_PALETTE_BINDING = "colon"

    picture: reactive[Picture] = reactive(Picture())

    def __init__(
        self,
        recorder: Recorder,
        *,
        readonly: bool = False,
        theme: str | None = None,
        ascii_only: bool = False,
        terminal: Terminal | None = None,
        delays: Callable[[], Iterator[float]] = reconnect_delays,
    ) -> None:
        # With NO_COLOR Textual makes greys, unless it is told to leave colours to the terminal; then it uses none.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.recorder = recorder
        self.actions = available(readonly=readonly)
        self.fleet = FleetScreen(recorder, self.actions)
        self.fleet.desk.terminal = terminal or Terminal()
        self._delays = delays
        self._typed = Typed(self, super().on_event)
        self._history = CpuHistory()
        self._notices = Notices()
        self._load: Load | None = None
        self._seen_at = time.monotonic()
        self._stopping = False
        self._stop_asked = False
        """The request to stop is on its way, and is carried out whatever becomes of us."""
        self._way_out: threading.Timer | None = None
        self._on_terminal = os.isatty(0)
        self._themes = ThemeDesk(self)
        self._problems = [*self._take_keys(), *self._themes.begin(theme)]
        output = sys.__stderr__  # where Textual writes
        if ascii_only or needs_ascii(output.encoding if output else None):
            self.add_class("-ascii")

    # ----------------------------------------------------------------------------------------------------- start

    def get_default_screen(self) -> FleetScreen:
        """The fleet is at the bottom of everything."""
        return self.fleet

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables for themes that do not know them, such as Textual's."""
        return themes.own_variables(self.current_theme)

    async def on_mount(self) -> None:
        """Begin to read; leave the terminal as it was, whatever ends this."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            # Not possible outside the main thread, where tests may run the app.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._signalled, number)
        self.run_worker(self._typed.run(), group="keys")
        self.run_worker(self._read(), group="snapshots")
        self.set_interval(1.0, self._look_at_clock)
        for problem in self._problems:
            self.notify(problem, severity="warning", timeout=10)

    def _signalled(self, number: signal.Signals) -> None:
        if number is not signal.SIGINT or not self.fleet.log_desk.paging:
            self._leave_at_once()

    def _leave_at_once(self) -> None:
        """Told to by a signal, or the terminal is gone: nobody can be asked or told anything any more.

        What Textual still wants to write to a terminal that is gone may never be taken; that must not keep us here.
        """
        if self._way_out is None:
            self._way_out = threading.Timer(LEAVE_LIMIT_S, os._exit, (1,))
            self._way_out.daemon = True
            self._way_out.start()
            if not self._stopping:
                self._detach()
            elif self._stop_asked:
                self.exit(Leave.STOPPING)
            # else: a person said yes; what they asked for is sent first, and then left

    def exit(self, result: Leave | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave. A picture that the terminal keeps for us is taken back while it still shows our screen."""
        for screen in self.screen_stack:
            if isinstance(screen, Still):
                screen.take_back()
        super().exit(result, return_code, message)

    def has_left(self) -> None:
        """It is over; whoever ran the dashboard may have more to do."""
        if self._way_out is not None:
            self._way_out.cancel()

    def _take_keys(self) -> list[str]:
        """The person's own keys, where they have any; what is wrong with them otherwise."""
        path = os.path.join(own_folder(), KEYS_FILE)
        use_keys({})
        if not os.path.exists(path):
            return []
        from vmstui.tui.keymap import load_keymap  # here, as few have one

        keymap = load_keymap(path)
        use_keys(keymap.own)
        self.set_keymap({action: ",".join(keys) or NO_KEY for action, keys in keymap.own.items()})
        if not keymap.problems:
            return []
        return [f"Your keys are not used, all are the usual ones: {first_of(keymap.problems)}"]

    # ------------------------------------------------------------------------------------------------- the recorder

    async def _read(self) -> None:
        """Read snapshots for ever; on a lost service, say so and try again, a little later each time."""
        delays = self._delays()
        while True:
            reason = "the connection ended."
            try:
                past_asked = False
                async for snapshot in self.recorder.snapshots():
                    self.post_message(SnapshotArrived(harmless(snapshot)))
                    delays = self._delays()
                    if not past_asked:
                        past_asked = True
                        self.run_worker(self._read_past(), group="past", exclusive=True)
                        self.run_worker(self._read_storage(), group="storage", exclusive=True)
                        self.run_worker(self._read_footage(), group="footage", exclusive=True)
                        self.run_worker(self._read_room(), group="room", exclusive=True)
            except RecorderError as error:
                reason = str(error)
            retry_in_s = next(delays)
            if not self._stopping:  # where it is, that is how it ends
                self.post_message(RecorderGone(reason, retry_in_s))
            await asyncio.sleep(retry_in_s)

    async def _read_past(self) -> None:
        with contextlib.suppress(RecorderError):
            self.post_message(PastArrived(await self.recorder.samples(WINDOW_S)))

    async def _read_storage(self) -> None:
        while True:
            with contextlib.suppress(RecorderError):  # not known yet, or an older recorder; what was known stays
                self.post_message(StorageArrived(harmless(await self.recorder.storage())))
            await asyncio.sleep(STORAGE_PERIOD_S)

    async def _read_footage(self) -> None:
        while True:
            wait_s = FOOTAGE_PERIOD_S
            try:
                report = harmless(await self.recorder.footage())
                wait_s = COUNTING_PERIOD_S if report.trouble and not report.cameras else FOOTAGE_PERIOD_S
                self.post_message(FootageArrived(report))
            except RecorderLost:
                pass  # what was known stays, as everything else does
            except RecorderError:  # an older recorder, or another one than before: nothing is known of it
                self.post_message(FootageArrived(None))
            await asyncio.sleep(wait_s)

    def _loads(self) -> Load:
        """What the projection of capacity goes by; imported once that is needed."""
        from vmstui.tui.load import Load

        self._load = self._load or Load(self.recorder)
        return self._load

    async def _read_room(self) -> None:
        await asyncio.sleep(ROOM_FIRST_S)
        load = self._loads()
        while True:
            snapshot = self.picture.snapshot
            if snapshot is not None and not self.picture.link.lost:
                with contextlib.suppress(RecorderError):  # what was known stays, as everything else does
                    known = await load.read(snapshot)
                    self.post_message(RoomArrived(known.headline_part(snapshot, self.picture.storage)))
            await asyncio.sleep(ROOM_PERIOD_S)

    @on(SnapshotArrived)
    def _snapshot_arrived(self, message: SnapshotArrived) -> None:
        self._seen_at = time.monotonic()
        if self.picture.link.lost:  # another service may number its lines anew
            self.fleet.log_pane.start_over()
            self._notices.detached()
        if notice := self._notices.heard(message.snapshot):
            self.notify(notice, severity="error", timeout=12)
        cpu = self._history.add(message.snapshot)
        self.picture = replace(self.picture, snapshot=message.snapshot, cpu=cpu, ticks=self._history.ticks, link=Link())

    @on(PastArrived)
    def _past_arrived(self, message: PastArrived) -> None:
        self._history.seed(message.samples)

    @on(StorageArrived)
    def _storage_arrived(self, message: StorageArrived) -> None:
        self.picture = replace(self.picture, storage=message.storage)

    @on(RoomArrived)
    def _room_arrived(self, message: RoomArrived) -> None:
        self.picture = replace(self.picture, room=message.room)

    @on(FootageArrived)
    def _footage_arrived(self, message: FootageArrived) -> None:
        self.picture = replace(self.picture, strips=Strips(message.report) if message.report is not None else None)

    @on(RecorderGone)
    def _recorder_gone(self, message: RecorderGone) -> None:
        link = Link(message.reason, message.retry_in_s, time.monotonic() - self._seen_at)
        self.picture = replace(self.picture, link=link)

    def _look_at_clock(self) -> None:
        """While nothing arrives, what is shown grows old, and says so; what a person saves is looked for."""
        if self._on_terminal and _hung_up():
            self._leave_at_once()
            return
        self._themes.look()
        link = replace(self.picture.link, age_s=time.monotonic() - self._seen_at)
        if link.stale and self.picture.snapshot is not None:
            self.picture = replace(self.picture, link=link)

    def watch_picture(self, picture: Picture) -> None:
        """Everything that is seen follows from here; what arrives while this ends finds nothing to be drawn on."""
        if self.is_running:
            self.fleet.show(picture)

    # ------------------------------------------------------------------------------------------------------- keys

    async def on_event(self, event: Event) -> None:
        """Textual's way in for everything; keys and pastes wait for their turn, and then come in by the same way."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.take(event)
        else:
            await super().on_event(event)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A notification. Never markup: names of cameras and words of the recorder are in it."""
        words = in_ascii(message) if self.has_class("-ascii") else message
        super().notify(words, title=title, severity=severity, timeout=timeout, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a read-only dashboard does not offer does not exist in it."""
        known = find(action)
        return known is None or known in self.actions

    def perform(self, action: Action, argument: str) -> None:
        """A command of the palette."""
        camera = self.picture.camera(argument)
        if action.argument is Argument.THEME:
            self.theme = argument
        elif action.argument is Argument.CAMERA and camera is None:
            self.notify("That camera is no longer configured.", severity="warning")
        elif camera is not None:
            match action.id:
                case "camera.restart":
                    self.fleet.restart(camera, by_name=True)
                case "camera.start":
                    self.fleet.start_camera(camera, by_name=True)
                case "camera.stop":
                    self.fleet.stop_camera(camera)
                case "camera.copy":
                    self.fleet.open_pane(Pane.DETAILS, camera.id)
                case "view.details":
                    self.fleet.open_pane(Pane.DETAILS, camera.id)
                case "view.log":
                    self.fleet.open_pane(Pane.LOG, camera.id)
                case "view.charts":
                    self.fleet.open_charts(camera.id)
                case "camera.findings":
                    self.fleet.open_findings(camera.id)
                case "view.segments":
                    self.fleet.open_pane(Pane.SEGMENTS, camera.id)
                case "segments.still":
                    self.fleet.desk.still_of(camera.id, camera.name)
                case "view.history":
                    self.fleet.open_pane(Pane.HISTORY, camera.id)
        elif action.scope is Scope.LOG:
            self.fleet.open_pane(Pane.LOG)
            self.call_after_refresh(self.fleet.log_pane.log_body.run_action, action.call)
        else:
            self.call_next(self.run_action, action.call)

    def open_palette(self, typed: str = "") -> None:
        """Ask for a command, with something typed already."""
        examples = [f"{action.verb} {action.argument.value}" for action in self.actions if action.argument]
        palette = CommandPalette(placeholder=", ".join(examples[-4:]))
        self.push_screen(palette)
        if typed:
            self.call_after_refresh(self._type_into, palette, typed)

    def _type_into(self, palette: CommandPalette, typed: str) -> None:
        field = palette.query_one(CommandInput)
        field.value = typed
        field.cursor_position = len(typed)

    def action_command_palette(self) -> None:
        """Key."""
        self.open_palette()

    def action_help(self) -> None:
        """The keys that work on this screen now, and those of its parts."""
        live = {active.binding.id for active in self.fleet.active_bindings.values() if active.enabled}
        parts = set(Scope) - {Scope.APP, Scope.FLEET}
        self.push_screen(Help([action for action in self.actions if action.scope in parts or action.id in live]))

    def action_capacity(self) -> None:
        """How many more cameras fit."""
        from vmstui.tui.screens.capacity import CapacityScreen  # here, as few ask

        self.push_screen(CapacityScreen(self._loads(), lambda: self.picture))

    def action_machine(self) -> None:
        """What the machine looked like."""
        self.fleet.open_charts(MACHINE)

    def action_leave(self) -> None:
        """Detach; the recorder goes on, or nobody knows. Not while all recording is being stopped: then it does not."""
        if self._stopping:
            self.notify("Recording is being stopped; this leaves by itself when that is done.")
            return
        self._detach()

    def _detach(self) -> None:
        self.exit(Leave.LOST if self.picture.link.lost else Leave.DETACHED)

    async def action_quit(self) -> None:
        """Textual's own way out is a detach as well."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """ctrl+c: neither way out is taken by reflex."""
        stops = (
            f" {key_of('recorder.stop')} stops recording."
            if any(one.id == "recorder.stop" for one in self.actions)
            else ""
        )
        self.notify(f"{key_of('recorder.leave')} leaves, recording goes on.{stops}")

    def action_stop_recording(self) -> None:
        """End everything, after asking."""
        question = questions.shutdown(self.picture.snapshot)
        self.push_screen(Confirm(question.title, question.text, question.yes), self._stop_agreed)

    def _stop_agreed(self, agreed: bool | None) -> None:
        if agreed:
            self._stopping, self._stop_asked = True, False
            self.notify("Ending the workers; each closes its segment first.", timeout=30)
            self.run_worker(self._stop(), group="stop", exclusive=True)

    async def _stop(self) -> None:
        try:
            self.exit(stopped(await self.recorder.shutdown(self._stop_is_asked)))
        except RecorderError as error:
            if self._stop_asked and isinstance(error, RecorderLost):
                self.exit(Leave.UNTOLD)
                return
            self._stopping = False
            self.notify(str(error) if self._stop_asked else f"Nothing was stopped: {error}", severity="error")
            if self._way_out is not None:
                self._detach()

    def _stop_is_asked(self) -> None:
        self._stop_asked = True
        if self._way_out is not None:
            self.exit(Leave.STOPPING)

    # ------------------------------------------------------------------------------------------------------- size

    def on_resize(self, event: Resize) -> None:
        """Too small a terminal is covered by a sentence, and uncovered when it has grown."""
        covered = isinstance(self.screen, TooSmall)
        small = too_small(*event.size)  # the app's own size still is the one before
        if small and not covered:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()

    async def on_unmount(self) -> None:
        """The connection ends with the dashboard."""
        await self.recorder.close()
