"""The still of a camera above its details: taken while it is seen, of the camera that is meant, and by nobody else.

It is not taken while another camera, screen or dialog is in front, while the terminal is not looked at, or over a slow
link: then one line says so, and the key that shows the picture large is the one that asks for it all the same.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from textual.strip import Strip
from textual.worker import Worker

from vmstui.model import CameraSnapshot
from vmstui.tui.actions import key_of
from vmstui.tui.drawn import Lent, in_the_middle
from vmstui.tui.format import short_span
from vmstui.tui.graphics import Terminal
from vmstui.tui.lines import Line, Role
from vmstui.tui.link import Link, too_slow
from vmstui.tui.stills import PERIOD_S, Taken, take
from vmstui.tui.widgets.painter import LineBar

NUMBER = 0xD75D00
"""Of the picture that the terminal is given; those of other screens have others."""
LOOK_S = 0.5
SETTLE_S = 0.4
"""A camera that is only passed is not decoded."""


class StillBar(LineBar):
    """Of one pane."""

    def __init__(self, terminal: Terminal, link: Link) -> None:
        super().__init__(id="details-still")
        self._terminal, self._link, self._lent = terminal, link, Lent()
        self.taken: Taken | None = None
        self._for: tuple[str, tuple[int, int]] | None = None
        """The camera and the room of what is taken."""
        self._camera: CameraSnapshot | None = None
        self._config = ""
        self._slow = ""
        self._drawn_of: Taken | None = None
        self._worker: Worker[None] | None = None

    def show(self, camera: CameraSnapshot, config: str, room: tuple[int, int]) -> None:
        """It is seen at this tick, in so many cells and lines."""
        self._camera, self._config = camera, config
        if self._for != (camera.id, room):
            self._forget()
            self._for = camera.id, room
        if self._worker is None or self._worker.is_finished:
            self._worker = self.run_worker(self._take_on(room), group="still", exclusive=True)
        self._lay_out(room[1])
        self.display = True

    def rest(self) -> None:
        """Not seen any more: what is being decoded is ended, and the terminal need not keep what it has."""
        self.display = False
        self._forget()

    def _forget(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
        self._worker, self._for, self.taken, self._slow = None, None, None, ""
        self.take_back()

    def take_back(self) -> None:
        """What the terminal has of the picture."""
        self._lent.take_back(self.app)

    def told(self, now: datetime) -> Line:
        """How old the picture is, which is when the recorder had heard of it last."""
        taken = self.taken
        if not self.display or taken is None or taken.drawn is None or taken.at is None:
            return ()
        age = short_span(max((now - taken.at).total_seconds(), 0.0))
        return ((f"picture {age} old", Role.DIM),)

    async def _take_on(self, room: tuple[int, int]) -> None:
        await asyncio.sleep(SETTLE_S)
        while True:
            if self._is_wanted() and await self._is_quick():
                assert self._camera is not None
                self.taken = await take(self.app, self._terminal, self._config, self._camera, room, NUMBER, self._lent)
                self._lay_out(room[1])
            await asyncio.sleep(PERIOD_S if self._slow else LOOK_S)

    def _is_wanted(self) -> bool:
        camera, looked_at = self._camera, self.screen.is_current and self.app.app_focus
        if camera is None or not looked_at:
            return False
        return self.taken is None or self.taken.is_old(camera)

    async def _is_quick(self) -> bool:
        self._slow = too_slow(await self._link.answer_s())
        return not self._slow

    def _lay_out(self, lines: int) -> None:
        """The picture or the place for it; one line where there is none, which says why. Drawn only where that is
        another one than before: a picture is much to send."""
        why = self._why_none()
        self.show_lines(((f" {why or 'decoding…'}", Role.DIM),))
        wanted = 1 if why else lines
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted
        if self.taken is not self._drawn_of:
            self._drawn_of = self.taken
            self.refresh()

    def _why_none(self) -> str:
        taken = self.taken
        if taken is not None:
            return "" if taken.drawn is not None else f"no picture: {taken.why}"
        if self._slow:
            return f"no picture here: {self._slow}; {key_of('camera.still')} takes one"
        return ""

    def render_line(self, y: int) -> Strip:
        """Line API."""
        drawn = self.taken.drawn if self.taken is not None else None
        if drawn is None:
            return super().render_line(y)
        return Strip(in_the_middle(drawn, y, *self.size, self.role_style(Role.TEXT)))
