"""Health of live streams on somebody else's RTSP server (MediaMTX, go2rtc, …), asked from outside.

Each stream is asked for (DESCRIBE) every few seconds, a few at a time, so that the server hardly notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vmstui.live.client import ProbeError, ProbeErrorKind, describe
from vmstui.model import OutputState, ProcessSnapshot

PERIOD_S = 5.0
TIMEOUT_S = 2.0
AT_ONCE = 8


class ExternalLive:
    """A configured server; `cameras` gives the ids that publish now, `login` is who may play."""

    def __init__(
        self,
        url: str,
        cameras: Callable[[], tuple[str, ...]],
        login: tuple[str | None, str | None] = (None, None),
    ) -> None:
        self._url = url.rstrip("/")
        self._login = login
        self._cameras = cameras
        self._health: dict[str, tuple[OutputState, str]] = {}
        self._few = asyncio.Semaphore(AT_ONCE)
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def publish_url(self, camera: str) -> str:
        """Below the configured address, by the camera's id."""
        return publishing_to(self._url)(camera)

    def play_url(self, camera: str) -> str:
        return f"{self._url}/{camera}"

    def health(self, camera: str) -> tuple[OutputState, str, int | None]:
        """As of the last question; how many play a stream is not told over RTSP."""
        state, reason = self._health.get(camera, (OutputState.UNKNOWN, "not asked yet"))
        return state, reason, None

    def snapshot(self) -> ProcessSnapshot:
        """For the dashboard."""
        return ProcessSnapshot(pid=None, state="external", address=self._url)

    def close(self) -> None:
        """Stop asking."""
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            asked = [self._asked(camera) for camera in self._cameras()]
            await asyncio.gather(*asked)
            await asyncio.sleep(PERIOD_S)

    async def _asked(self, camera: str) -> None:
        async with self._few:
            self._health[camera] = await self._ask(camera)

    async def _ask(self, camera: str) -> tuple[OutputState, str]:
        try:
            await describe(self.play_url(camera), *self._login, TIMEOUT_S)
        except ProbeError as error:
            if error.kind is ProbeErrorKind.AUTH:
                wants = "refuses the" if self._login[0] is not None else "wants a"
                return OutputState.UNKNOWN, f"the live server {wants} login for playing (live.username), not checked"
            return OutputState.DOWN, str(error)
        except Exception as error:
            return OutputState.UNKNOWN, f"cannot be checked: {type(error).__name__}: {error}"
        return OutputState.UP, ""


def publishing_to(url: str) -> Callable[[str], str]:
    """Where workers publish to on a server at this address."""
    return lambda camera: f"{url.rstrip('/')}/{camera}"
