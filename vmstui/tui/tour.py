"""The way of a person through the screens: which is shown, which were before it, and the camera that is meant on all.

Screens are made when they are looked at first and stay as they were left; one that is not shown rests. What a screen
needs of the app it finds here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from textual.app import App

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import Action
from vmstui.tui.arrange import Pane
from vmstui.tui.graphics import Terminal
from vmstui.tui.link import Link
from vmstui.tui.picture import Picture
from vmstui.tui.remembered import Remembered
from vmstui.tui.screens.fleet import FleetScreen
from vmstui.tui.screens.panes import PanesScreen, home_of
from vmstui.tui.screens.view import ViewScreen
from vmstui.tui.source import Recorder
from vmstui.tui.views import View, Way

if TYPE_CHECKING:
    from vmstui.findings import Seen
    from vmstui.tui.load import Load


class Tour:
    """Over the screens of one app."""

    def __init__(
        self,
        app: App[Any],
        recorder: Recorder,
        actions: tuple[Action, ...],
        picture: Callable[[], Picture],
        loads: Callable[[], Load],
        perform: Callable[[Action, str], None],
        terminal: Terminal,
        remembered: Remembered,
        link: Link,
    ) -> None:
        """`actions` are those that the person has, `perform` does one with a camera, `loads` gives what the projection
        of capacity goes by, `terminal` shows pictures, `link` measures the way to it, and `remembered` is what the
        person chose before."""
        self._app, self._perform, self.terminal = app, perform, terminal
        self.recorder, self.actions, self.picture, self.loads = recorder, actions, picture, loads
        self.remembered, self.link = remembered, link
        self.selected: str | None = None
        """The camera that is meant, on every screen."""
        self.way = Way()
        self._made: dict[View, ViewScreen] = {}
        self.fleet = FleetScreen(self)
        self._keep(View.FLEET, self.fleet)

    # ------------------------------------------------------------------------------------------------------- screens

    @property
    def shown(self) -> ViewScreen:
        """The screen that is shown, also below a dialog."""
        return self.screen_of(self.way.at)

    @property
    def made(self) -> Iterable[ViewScreen]:
        """Those that were shown once."""
        return self._made.values()

    def screen_of(self, view: View) -> ViewScreen:
        """That screen, from the module that is named as it is: imported now, so that the fleet waits for none."""
        if view not in self._made:
            module = import_module(f"vmstui.tui.screens.{view}")
            kind: type[ViewScreen] = getattr(module, f"{view.title()}Screen")
            self._app.install_screen(self._keep(view, kind(self)), view.value)
        return self._made[view]

    def _keep(self, view: View, screen: ViewScreen) -> ViewScreen:
        self._made[view] = screen
        if isinstance(screen, PanesScreen) and screen.desk is not None:
            screen.desk.terminal = self.terminal
        return screen

    # --------------------------------------------------------------------------------------------------------- going

    def go(self, view: View, camera: str | None = None) -> None:
        """Show a screen; from now on that camera is meant, if one is named."""
        self.selected = camera or self.selected
        self._show(self.way.to(view))

    def back(self) -> None:
        """Show the screen before."""
        self._show(self.way.back())

    def _show(self, way: Way) -> None:
        before, self.way = self.shown, way
        screen = self.shown
        if screen is before:
            return
        before.rest()
        if screen is self.fleet:
            self._app.pop_screen()
        elif before is self.fleet:
            self._app.push_screen(screen)
        else:
            self._app.switch_screen(screen)

    def open_pane(self, pane: Pane, camera: str | None = None) -> PanesScreen:
        """Show a pane of a camera, on the screen that is shown if it has one, else on the one that is for it."""
        before = self.shown
        if not isinstance(before, PanesScreen) or pane not in before.PANES:
            self.go(home_of(pane), camera)
        screen = self.shown
        assert isinstance(screen, PanesScreen)
        if camera is not None:
            screen.mean(camera)
        screen.open_pane(pane, whole=pane is Pane.CHARTS and screen is not before)
        return screen

    def show_line(self, camera: str, seen: Seen | None) -> None:
        """Show the log of a camera, at that line."""
        self.go(View.LOGS, camera)
        screen = self.shown
        assert isinstance(screen, PanesScreen)
        screen.show_line(seen)

    def wish(self, action: str, camera: CameraSnapshot) -> None:
        """Do what an action of the table does, with that camera."""
        self._perform(next(one for one in self.actions if one.id == action), camera.id)
