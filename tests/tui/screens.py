"""Helpers of the dashboard's tests: start it over a fake, wait for what must come, read what is on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Self

from textual.notifications import Notification, Notifications
from textual.pilot import Pilot

from tests.tui.fakes import FakeRecorder
from vmstui.model import RecorderSnapshot
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave


def at_once() -> Iterator[float]:
    """Reconnect without a wait worth the name."""
    while True:
        yield 0.01


@asynccontextmanager
async def dashboard(
    recorder: FakeRecorder,
    first: RecorderSnapshot | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    readonly: bool = False,
    ascii_only: bool = False,
    theme: str | None = None,
) -> AsyncIterator[tuple[Dashboard, Pilot[Leave]]]:
    """The dashboard on a terminal of that size, with its first snapshot shown."""
    app = Dashboard(recorder, readonly=readonly, ascii_only=ascii_only, theme=theme, delays=at_once)
    app._notifications = Told()
    async with app.run_test(size=size, notifications=True) as pilot:
        if first is not None:
            recorder.send(first)
            await until(pilot, lambda: app.picture.snapshot is not None)
            await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[Leave], condition: Callable[[], object], tries: int = 400) -> None:
    """Wait for something that must come; about eight seconds at most."""
    for _ in range(tries):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("waited in vain; the screen shows:\n" + screen_text(pilot.app))


def screen_text(app: object) -> str:
    """What is on the screen, line by line."""
    assert isinstance(app, Dashboard)
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


class Told(Notifications):
    """The notifications of a dashboard, which remembers also those that have gone from the screen: on a busy machine
    that may be so before a test comes to look."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Notification] = []

    def add(self, notification: Notification) -> Self:
        """One more."""
        self.all.append(notification)
        return super().add(notification)

    def clear(self) -> Self:
        """Somebody has put them away."""
        self.all.clear()
        return super().clear()


def toasts(app: Dashboard) -> str:
    """What the notifications say, and said."""
    told = app._notifications
    return "\n".join(notification.message for notification in (told.all if isinstance(told, Told) else told))
