"""The app: one worker reads the recorder, one reactive holds what is known, the fleet screen draws it.

Nothing here may be needed for recording: the recorder is another process, and a terminal that stalls stops only this.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import CursorPosition, Event, Key, Paste, Resize
from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.reactive import reactive

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.settings.folders import KEYS_FILE, own_folder
from vmstui.settings.problems import first_of
from vmstui.tui import themes
from vmstui.tui.actions import Action, Scope, available, bindings, find, key_of, use_keys
from vmstui.tui.day_strip import Strips
from vmstui.tui.glyphs import in_ascii, needs_ascii
from vmstui.tui.graphics import Terminal
from vmstui.tui.key_names import use_ascii
from vmstui.tui.leave import Leave, stopped
from vmstui.tui.link import Link as TerminalLink
from vmstui.tui.messages import (
    FootageArrived,
    PastArrived,
    RecorderGone,
    RoomArrived,
    SnapshotArrived,
    StorageArrived,
)
from vmstui.tui.notices import Notices, announcement
from vmstui.tui.picture import Picture
from vmstui.tui.remembered import Chosen, Remembered
from vmstui.tui.screens.fleet import FleetScreen
from vmstui.tui.screens.too_small import TooSmall, too_small
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.source import Harmless, Recorder, harmless, reconnect_delays
from vmstui.tui.spark import WINDOW_S, CpuHistory
from vmstui.tui.theme_desk import ThemeDesk
from vmstui.tui.tour import Tour
from vmstui.tui.typed import Typed
from vmstui.tui.verdict import Link
from vmstui.tui.views import View
from vmstui.tui.way_out import on_signals, shell_waits, watch_terminal, way_out
from vmstui.tui.widgets.painter import ROLE_CLASSES

if TYPE_CHECKING:
    from vmstui.footage_accounts import FootageReport
    from vmstui.model import RecorderSnapshot
    from vmstui.tui.load import Load
    from vmstui.tui.palette import Command

STANDS_S = 3.0
"""After which everything that a dashboard is made of is there."""
FIRST_NEWS_S = 1.0
"""Keys wait so long for a recorder that does not answer."""
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
GARBAGE_AT = 10_000
"""New objects until garbage is looked for among them (700 by default): so many are drawn, or come with a snapshot of
hundreds of cameras, several times a second, and to look for what is not there took 7 % of the CPU."""


def _hung_up() -> bool:
    """Whether the terminal is gone: an SSH link that broke, a window that was closed, without SIGHUP reaching us."""
    poll = select.poll()
    poll.register(0, 0)
    return bool(poll.poll(0))


def _all_stands() -> None:
    """What is left of all that was made by now will never be garbage, and to look through it again and again would hold
    up keys, as it would have held up the start. What was garbage already goes first: that takes 20 ms, as what was
    loaded before the start is not looked through (`shown`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
    gc.enable()


class Dashboard(App[Leave]):
    """The dashboard over a recorder."""

    CSS_PATH = "vmstui.tcss"
    TITLE = "vmstui"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.APP),
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False
    """Textual's; ours is `screens.palette`."""

    picture: reactive[Picture] = reactive(Picture(), repaint=False)

    def __init__(
        self,
        recorder: Recorder,
        *,
        readonly: bool = False,
        theme: str | None = None,
        ascii_only: bool = False,
        wallboard: bool = False,
        terminal: Terminal | None = None,
        delays: Callable[[], Iterator[float]] = reconnect_delays,
        remembered: Remembered | None = None,
    ) -> None:
        """`remembered`: what the person chose before; None: nothing is, and nothing is kept."""
        # With NO_COLOR Textual makes greys, unless it is told to leave colours to the terminal; then it uses none.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.recorder = recorder
        self.actions = available(readonly=readonly)
        self.remembered = remembered or Remembered()
        kept = self.remembered.begin()
        self._link = TerminalLink(self)
        self.tour = Tour(
            self,
            recorder,
            self.actions,
            lambda: self.picture,
            self._loads,
            self.perform,
            terminal or Terminal(),
            self.remembered,
            self._link,
        )
        self.fleet = self.tour.fleet
        self._begins_at = View.WALLBOARD if wallboard else View.FLEET
        self._delays = delays
        self._typed = Typed(self, super().on_event)
        self._heard = asyncio.Event()
        """Something is known of the recorder."""
        self._history = CpuHistory()
        self._notices = Notices()
        self._load: Load | None = None
        self._seen_at = time.monotonic()
        self._stopping = False
        self._stop_asked = False
        """The request to stop is on its way, and is carried out whatever becomes of us."""
        self._way_out: threading.Timer | None = None
        self._leaving = False
        self._deaf: Callable[[], None] = lambda: None
        """Hear signals no more."""
        self._on_terminal = os.isatty(0)
        self.themes = ThemeDesk(self)
        before = self.remembered.chosen().theme
        self._problems = [*kept, *self._take_keys(), *self.themes.begin(theme, before)]
        output = sys.__stderr__  # where Textual writes
        only = ascii_only or needs_ascii(output.encoding if output else None)
        use_ascii(only)
        self.set_class(only, "-ascii")

    # ----------------------------------------------------------------------------------------------------- start

    def get_default_screen(self) -> FleetScreen:
        """The fleet is at the bottom of everything."""
        return self.fleet

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables for themes that do not know them, such as Textual's."""
        return themes.own_variables(self.current_theme)

    async def on_mount(self) -> None:
        """Begin to read; leave the terminal as it was, whatever ends this."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))  # the shell has written on it
        if not self.is_headless:  # where there is no terminal to leave as it was
            self._deaf = on_signals(asyncio.get_running_loop(), self._signalled, self._must_leave)
        if self._on_terminal:
            if not self.is_headless:
                watch_terminal()
            self.set_timer(STANDS_S, _all_stands)
        self.run_worker(self._take_typed(), group="keys")
        self.run_worker(self._read(), group="snapshots")
        self.set_interval(1.0, self._look_at_clock)
        self.call_after_refresh(self._begin)
        for problem in self._problems:
            self.notify(problem, severity="warning", timeout=10)

    def _begin(self) -> None:
        """On the screen that was asked for, once there is room for any."""
        if self._begins_at is not View.FLEET and not isinstance(self.screen, TooSmall):
            view, self._begins_at = self._begins_at, View.FLEET
            self.tour.go(view)

    async def _take_typed(self) -> None:
        """Keys; those that were typed while this was loaded are for what the recorder tells first."""
        if self._on_terminal:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), FIRST_NEWS_S)
        await self._typed.run()

    @property
    def _paging(self) -> bool:
        """Whether a pager has the terminal, and so what is typed there."""
        return any(screen.paging for screen in self.tour.made)

    def _signalled(self, number: signal.Signals) -> None:
        if number is not signal.SIGINT or not self._paging:
            self._leave_at_once()

    def _must_leave(self, number: signal.Signals) -> None:
        """At the very moment of a signal, also while a terminal that does not read keeps everything else waiting."""
        if self._way_out is None and (number is not signal.SIGINT or not self._paging):
            self._way_out = way_out()

    def _leave_at_once(self) -> None:
        """Told to by a signal, or the terminal is gone: nobody can be asked or told anything any more.

        What Textual still wants to write to a terminal that is gone may never be taken; that must not keep us here.
        """
        self._way_out = self._way_out or way_out()
        if not self._leaving:
            self._leaving = True
            if not self._stopping:
                self._detach()
            elif self._stop_asked:
                self.exit(Leave.STOPPING)
            # else: a person said yes; what they asked for is sent first, and then left

    def exit(self, result: Leave | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave. A picture that the terminal keeps for us is taken back while it still shows our screen."""
        from vmstui.tui.drawn import KeepsPictures

        for screen in self.screen_stack:
            if isinstance(screen, KeepsPictures):
                screen.take_back()
        super().exit(result, return_code, message)

    def has_left(self) -> None:
        """It is over; whoever ran the dashboard may have more to do."""
        self._deaf()
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
        cleaned: Harmless[RecorderSnapshot] = Harmless()
        while True:
            reason = "the connection ended."
            try:
                past_asked = False
                async for snapshot in self.recorder.snapshots():
                    self.post_message(SnapshotArrived(cleaned(snapshot)))
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
        cleaned: Harmless[FootageReport] = Harmless()
        while True:
            wait_s = FOOTAGE_PERIOD_S
            try:
                report = cleaned(await self.recorder.footage())
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
            for screen in self.tour.made:
                screen.start_over()
            self._notices.detached()
        if notice := self._notices.heard(message.snapshot, self.fleet.fleet_desk.silent(message.snapshot.at)):
            self._told(notice, severity="error")
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
        self._look_at_size()
        self.themes.look()
        link = replace(self.picture.link, age_s=time.monotonic() - self._seen_at)
        if link.stale and self.picture.snapshot is not None:
            self.picture = replace(self.picture, link=link)

    def watch_picture(self, picture: Picture) -> None:
        """Everything that is seen follows from here; what arrives while this ends finds nothing to be drawn on."""
        if self.is_running:
            self.fleet.hear(picture)
            self.view.show(picture)
            if picture.snapshot is not None or picture.link.lost:
                self._heard.set()

    # ---------------------------------------------------------------------------------------------------- screens

    @property
    def view(self) -> ViewScreen:
        """Which of the screens is shown, also below a dialog."""
        return self.tour.shown

    def action_go(self, view: str) -> None:
        """Key."""
        self.tour.go(View(view))

    # ------------------------------------------------------------------------------------------------------- keys

    async def on_event(self, event: Event) -> None:
        """Textual's way in for everything; keys and pastes wait for their turn, and then come in by the same way."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.take(event)
        elif isinstance(event, CursorPosition):
            self._link.answered()
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

    def perform(self, action: Action, argument: str, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """A command of the palette."""
        from vmstui.tui import performing  # here, as are dialogs: the first picture waits for none of them

        performing.perform(self, action, argument, options)

    def open_palette(self, typed: str = "") -> None:
        """Ask for a command, with something typed already."""
        from vmstui.tui import performing
        from vmstui.tui.screens.palette import PaletteScreen

        def chosen(command: Command | None) -> None:
            if command is not None:
                self.perform(command.action, command.argument, command.options)

        self.push_screen(PaletteScreen(performing.world(self), typed), chosen)

    def choose_theme(self, name: str) -> None:
        """Show it, now and from the next start on."""
        if not self.themes.has(name):
            return
        self.theme = name
        if not os.environ.get("NO_COLOR"):
            self.remember(lambda chosen: replace(chosen, theme=name))

    def remember(self, change: Callable[[Chosen], Chosen]) -> None:
        """What a person chose, of no recorder in particular."""
        for sentence in self.remembered.remember("", change):
            self.notify(sentence, severity="warning", timeout=10)

    def choose_tell(self, tell: str) -> None:
        """How notices are told from now on; told that way at once, so that it is seen whether it works."""
        self.remember(lambda chosen: replace(chosen, tell=tell))
        self._told("Notices come like this.", severity="information")

    def _told(self, notice: str, severity: SeverityLevel) -> None:
        """A notice, in the ways that a person wants."""
        self.notify(notice, severity=severity, timeout=12)
        tell = self.remembered.chosen().tell
        if tell in {"bell", "both"}:
            self.bell()
        if tell in {"desktop", "both"} and self._driver is not None:
            self._driver.write(announcement(notice, in_tmux="TMUX" in os.environ))

    def action_command_palette(self) -> None:
        """Key."""
        self.open_palette()

    def action_help(self) -> None:
        """The keys as they are where the focus is, and those of the other parts."""
        from vmstui.tui.screens.help import Help, heard

        actions = [action for action in self.actions if action.scope is not Scope.FIRST]
        self.push_screen(Help(actions, heard(self.screen)))

    def action_leave(self) -> None:
        """Detach; the recorder goes on, or nobody knows. Not while all recording is being stopped: then it does not."""
        if self._stopping:
            self.notify("Recording is being stopped; this leaves by itself when that is done.")
            return
        self._detach()

    def _detach(self) -> None:
        self.exit(Leave.LOST if self.picture.link.lost else Leave.DETACHED)

    def action_suspend(self) -> None:
        """Key: stop, until the shell says `fg`."""
        if shell_waits():
            self.action_suspend_process()
        else:
            self.notify(f"There is no shell to go back to; {key_of('recorder.leave')} leaves, recording goes on.")

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
        from vmstui.tui import questions
        from vmstui.tui.screens.confirm import Confirm

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

    def _look_at_size(self) -> None:
        """While a window is pulled, Textual's handler of one SIGWINCH is interrupted by that of the next, and an older
        size then comes last: it would stay until the window is pulled again."""
        size = Size(*shutil.get_terminal_size())
        if not self.is_headless and size != self.size:
            self.post_message(Resize(size, size))

    def on_resize(self, event: Resize) -> None:
        """Too small a terminal is covered by a sentence, and uncovered when it has grown."""
        covered = isinstance(self.screen, TooSmall)
        small = too_small(*event.size)  # the app's own size still is the one before
        if small and not covered:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()
            self._begin()

    async def on_unmount(self) -> None:
        """The connection ends with the dashboard."""
        await self.recorder.close()
