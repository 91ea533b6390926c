"""The first screen of somebody who has no configuration yet: add a camera, see a demo, read.

An app of its own: there is no recorder to show. It ends with what was chosen, and `cli.dashboard` goes on with that.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import ClassVar

from textual.app import App, ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Event, Key, Paste
from textual.notifications import SeverityLevel

from vmstui.resources import documentation
from vmstui.sanitise import clean
from vmstui.tui import themes
from vmstui.tui.actions import ACTIONS, Action, Scope, available, binding, bindings
from vmstui.tui.camera_desk import CameraDesk
from vmstui.tui.format import width, wrap
from vmstui.tui.glyphs import CURSOR, DOT, in_ascii, needs_ascii
from vmstui.tui.key_names import use_ascii
from vmstui.tui.lines import Line, Role
from vmstui.tui.log_desk import pager
from vmstui.tui.screens.too_small import TooSmall, too_small
from vmstui.tui.theme_desk import ThemeDesk
from vmstui.tui.typed import Typed
from vmstui.tui.widgets.painter import ROLE_CLASSES, LineBar

LEAVE = "recorder.leave"
MARGIN = 2


@dataclass(frozen=True, slots=True)
class First:
    """How the first screen was left: nothing of it is set where somebody just left."""

    demo: bool = False
    camera: str = ""
    """Id of the camera that was added."""


class FirstRun(App[First]):
    """Says what there is to do; a letter does it, or the arrows and enter."""

    CSS_PATH = "vmstui.tcss"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES)
    TITLE = "vmstui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.FIRST),
        binding("move.up", "cursor(-1)"),
        binding("move.down", "cursor(1)"),
        binding("dialog.take", "take"),
        binding(LEAVE, "leave"),
        binding("view.back", "leave"),
    ]

    def __init__(
        self, config: str, *, readonly: bool = False, theme: str | None = None, ascii_only: bool = False, also: str = ""
    ) -> None:
        """`config` is the file that is not there; `also` is a sentence about another recorder on this machine."""
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self._config, self._also = config, also
        allowed = available(readonly=readonly)
        self.choices: tuple[Action, ...] = tuple(
            action for action in allowed if action.scope is Scope.FIRST or action.id == LEAVE
        )
        self.cursor = 0
        self._typed = Typed(self, super().on_event)
        self.text = LineBar(id="first-text")
        self.desk = CameraDesk(self, lambda: config, self._added)
        ThemeDesk(self).begin(theme)
        output = sys.__stderr__  # where Textual writes
        only = ascii_only or needs_ascii(output.encoding if output else None)
        use_ascii(only)
        self.set_class(only, "-ascii")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """As in the dashboard."""
        return themes.own_variables(self.current_theme)

    def on_mount(self) -> None:
        """Keys wait for each other, as in the dashboard."""
        self.run_worker(self._typed.run(), group="keys")

    async def on_event(self, event: Event) -> None:
        """Textual's way in for everything."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.take(event)
        else:
            await super().on_event(event)

    def compose(self) -> ComposeResult:
        """One text."""
        with Vertical(id="first-box"):
            yield self.text

    def on_resize(self) -> None:
        """Wrap to the width there is; say so where there is none."""
        small, covered = too_small(*self.size), isinstance(self.screen, TooSmall)
        if small and not covered:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()
        self.draw()

    def draw(self) -> None:
        """What there is to do."""
        cells = max(self.size.width - 2 * MARGIN, 20)
        lines: list[Line] = [
            (),
            (("vmstui", Role.STRONG), (f" {DOT} records IP cameras, operated over SSH", Role.DIM)),
            (),
        ]
        path, home = clean(self._config), os.path.expanduser("~")
        shown = f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path
        said = f"There is no configuration yet: {shown} is not there."
        lines += [((part, Role.TEXT),) for part in wrap(said, cells)]
        lines += [((part, Role.WARN),) for part in (wrap(self._also, cells) if self._also else [])]
        lines += [(), (("What would you like to do?", Role.TEXT),), ()]
        words = max(width(action.words) for action in self.choices) + 2
        for number, action in enumerate(self.choices):
            here = number == self.cursor
            head: Line = (
                (f"{CURSOR if here else ' '} ", Role.KEY),
                (f"{action.key:<3}", Role.KEY),
                (f"{action.words:<{words}}", Role.STRONG if here else Role.NAME),
            )
            told = "Nothing is recorded yet." if action.id == LEAVE else action.help
            first, *rest = wrap(told, max(cells - words - 5, 20))
            lines += [(*head, (first, Role.DIM)), *((((" " * (words + 5)) + part, Role.DIM),) for part in rest)]
        lines += [(), (("up, down and enter, or the letter", Role.DIM),)]
        lines += [
            (),
            (("On the command line: vmstui add, demo, config example, --help", Role.DIM),),
        ]
        self.text.show_lines(*lines)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Never markup."""
        words = in_ascii(message) if self.has_class("-ascii") else message
        super().notify(words, title=title, severity=severity, timeout=timeout, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is not offered does not exist; where a dialog is open its own keys count."""
        first = {one.call for one in ACTIONS if one.scope is Scope.FIRST}
        return action not in first or action in {one.call for one in self.choices}

    def action_cursor(self, by: int) -> None:
        """Key."""
        self.cursor = (self.cursor + by) % len(self.choices)
        self.draw()

    async def action_take(self) -> None:
        """Key."""
        await self.run_action(self.choices[self.cursor].call)

    def action_add_camera(self) -> None:
        """Key."""
        self.desk.add()

    def _added(self, camera: str) -> None:
        self.exit(First(camera=camera))

    def action_demo(self) -> None:
        """Key."""
        self.exit(First(demo=True))

    def action_leave(self) -> None:
        """Key."""
        self.exit(First())

    async def action_docs(self) -> None:
        """Key."""
        try:
            path = str(documentation())
            argv = pager(os.environ.get("PAGER", ""))
            if not argv:
                self.notify(f"There is no pager; it is in {path}", timeout=12)
                return
            with self.suspend():
                await (await asyncio.create_subprocess_exec(*argv, path)).wait()
        except SuspendNotSupported:
            self.notify("A pager needs a terminal of its own.", severity="warning")
        except OSError as error:
            self.notify(clean(str(error)), severity="error")
        self.refresh(layout=True)
