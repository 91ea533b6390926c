"""Where the cameras of a recorder publish to: the embedded relay or a server of somebody else, as configured.

Stays the same object whatever the configuration says later, so that nobody has to be told which of the two it is now.
A relay that is not wanted any more is ended, also one that an earlier service left. Made by the service, which tells it
the configuration and gives it its ticks; workers that have to publish elsewhere are replaced by their cameras.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path

from vmstui.configured import LiveServer, Settings
from vmstui.logged import LogLevel
from vmstui.model import OutputState, ProcessSnapshot, Touch
from vmstui.recorder import machine_events as ev
from vmstui.recorder.external_live import ExternalLive, publishing_to
from vmstui.recorder.launch import secret_variables
from vmstui.recorder.process import Process
from vmstui.recorder.relay import RelayWorker, publishing_after

RELAY_END_S = 20.0


class ConfiguredLive:
    """The live server of a recorder. Runs on the service's event loop."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        installation: str,
        say: Callable[[LogLevel, str], None],
        keep: Callable[[Coroutine[None, None, None]], None],
        publishing: Callable[[], tuple[str, ...]],
    ) -> None:
        """`folder` is that of the relay, `publishing` gives the ids of the cameras that publish now."""
        self._folder = folder
        self._installation = installation
        self._say = say
        self._keep = keep
        self._publishing = publishing
        self._wanted = settings.live
        self._present = self._made(settings)

    # -- LiveServers -------------------------------------------------------------------------------------------------

    def publish_url(self, camera: str) -> str:
        return self._present.publish_url(camera)

    def play_url(self, camera: str) -> str:
        return self._present.play_url(camera)

    def health(self, camera: str) -> tuple[OutputState, str, int | None]:
        return self._present.health(camera)

    # -- life --------------------------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """Go on with the relay an earlier service left, start one, or end it, as is configured now."""
        if isinstance(self._present, RelayWorker):
            self._present.take_over()
            return
        old = RelayWorker(LiveServer(), self._folder, self._installation, self._say)
        old.take_over(wanted=False)
        self._keep(old.retired())

    def consequence(self, server: LiveServer) -> tuple[Touch, Callable[[str], str]]:
        """What `configure` would do to the relay, and where workers would publish to then. Changes nothing."""
        if server == self._wanted:
            return Touch.UNTOUCHED, self._present.publish_url
        embedded = self._present if isinstance(self._present, RelayWorker) else None
        if server.url is not None:
            return Touch.ENDS if embedded is not None else Touch.UNTOUCHED, publishing_to(server.url)
        if embedded is not None:
            return embedded.consequence(server)
        return Touch.STARTS, publishing_after(server, self._folder)

    def configure(self, settings: Settings) -> None:
        """Another address, another login, or another server altogether."""
        if settings.live == self._wanted:
            return
        self._wanted, before = settings.live, self._present
        if isinstance(before, RelayWorker) and settings.live.url is None:
            before.configure(settings.live)
            return
        self._present = self._made(settings)
        if isinstance(self._present, RelayWorker):
            self._present.take_over()
        if isinstance(before, RelayWorker):
            before.dispatch(ev.Stop())
            self._keep(before.retired())
        else:
            before.close()

    def tick(self, now_s: float) -> None:
        """Once a second."""
        if isinstance(self._present, RelayWorker):
            try:
                self._present.tick(now_s)
            except Exception as error:
                self._say(LogLevel.ERROR, f"cannot look after the relay: {type(error).__name__}: {error}")

    @property
    def process(self) -> Process | None:
        """Of the relay, if it is that and runs."""
        return self._present.process if isinstance(self._present, RelayWorker) else None

    def snapshot(self) -> ProcessSnapshot:
        """For the dashboard."""
        return self._present.snapshot()

    async def end(self) -> None:
        """Recording is being stopped: end the relay, too."""
        if isinstance(self._present, RelayWorker):
            self._present.dispatch(ev.Stop(for_good=True))
            with contextlib.suppress(TimeoutError):  # a relay that cannot be killed must not keep us
                await asyncio.wait_for(self._present.settled.wait(), RELAY_END_S)

    def close(self) -> None:
        """Let go of it; a relay that runs goes on."""
        self._present.close()

    def _made(self, settings: Settings) -> RelayWorker | ExternalLive:
        server = settings.live
        if server.url is not None:
            password = server.password.value if server.password is not None else None
            return ExternalLive(server.url, self._publishing, (server.username, password))
        return RelayWorker(server, self._folder, self._installation, self._say, secret_variables(settings))
