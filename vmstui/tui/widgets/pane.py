"""What details, charts, segments, history and log have in common: a titled area that is filled only while it is seen.

A pane asks the recorder by itself, but only for the camera it shows and only while it is on the screen; `follow` starts
and `rest` ends that. Another camera cancels the question about the one before, so moving fast through the fleet asks
nothing in between.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.widget import Widget
from textual.worker import Worker

from vmstui.control.errors import RecorderError
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.glyphs import RULE
from vmstui.tui.lines import Line, Role
from vmstui.tui.source import Recorder
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar, LinePane

SETTLE_S = 0.12
"""A camera that is only passed with the cursor is not asked about."""


class Pane(Vertical):
    """A title and a body."""

    TITLE: ClassVar[str] = ""
    period_s = 2.0
    """Between two questions to the recorder."""

    def __init__(self, recorder: Recorder, body: LinePane, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.recorder = recorder
        self.body = body
        self.title = LineBar(classes="title")
        self.camera: str | None = None
        self.camera_name = ""
        self.trouble = ""
        """Why the recorder could not be asked; empty when it could."""
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """Title above body."""
        yield self.title
        yield self.body

    async def ask(self) -> None:
        """One question to the recorder about `self.camera`."""
        raise NotImplementedError

    def forget(self) -> None:
        """Another camera is shown from now on."""

    def status(self) -> Line:
        """For the right end of the title."""
        return ()

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick."""

    @property
    def home(self) -> Widget:
        """What its keys are heard by."""
        return self.body

    def show(self, snapshot: RecorderSnapshot, camera: CameraSnapshot | None) -> None:
        """It is seen at this tick; without a camera there is nothing to ask about."""
        if camera is not None:
            self.follow(camera)
            self.update(snapshot, camera)

    def follow(self, camera: CameraSnapshot) -> None:
        """Show this camera, and go on asking about it."""
        self.camera_name = camera.name
        if self.camera != camera.id:
            self.camera = camera.id
            self.trouble = ""
            self.forget()
            self._ask_again()
        elif self._worker is None or self._worker.is_finished:
            self._ask_again()

    def rest(self) -> None:
        """Not seen any more: ask nothing."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    def _ask_again(self) -> None:
        self.rest()
        self._worker = self.run_worker(self._ask_on, group=f"pane-{self.id}", exclusive=True)

    async def _ask_on(self) -> None:
        await asyncio.sleep(SETTLE_S)
        while True:
            try:
                await self.ask()
                self.trouble = ""
            except RecorderError as error:
                self.trouble = str(error)
            self.retitle()
            await self.wait()

    async def wait(self) -> None:
        """Until the next question."""
        await asyncio.sleep(self.period_s)

    def retitle(self) -> None:
        """Draw the title anew."""
        right: Line = ((self.trouble, Role.WARN),) if self.trouble else self.status()
        focused = self.body.has_focus
        about = self.about()
        self.title.show_lines(title_line(self.TITLE, about, right, self.size.width, focused=focused, rule=RULE))

    def about(self) -> str:
        """Whose it is."""
        return self.camera_name

    def on_resize(self) -> None:
        """The title fills the width."""
        self.retitle()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The title shows who has the keys."""
        self.retitle()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """The title shows who has the keys."""
        self.retitle()


class NewsPane(Pane):
    """A pane that asks when it is opened and whenever there is news of its camera; nothing is polled in between."""

    def __init__(self, recorder: Recorder, body: LinePane, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(recorder, body, id=id)
        self._newest: object = _UNHEARD
        self._news = asyncio.Event()

    def heard(self, newest: object) -> None:
        """The newest thing a tick tells of; another one than before is worth a question."""
        if newest != self._newest and self._newest is not _UNHEARD:
            self._news.set()
        self._newest = newest

    async def wait(self) -> None:
        """Until there is news, or the recorder could not be asked. What comes during a question is worth another."""
        if self.trouble:
            return await super().wait()
        await self._news.wait()
        self._news.clear()

    def forget(self) -> None:
        """News of another camera is none of this one."""
        self._newest = _UNHEARD
        self._news.clear()


_UNHEARD = object()
