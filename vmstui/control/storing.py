"""The method `storage` of the control socket: how long footage will stay, and what will end it.

Works that out in a thread of its own, one after the other, from the catalogue as commands read it: a disk that hangs
costs this answer and nothing else. The thread is not niced: it shares Python's lock with the loop, which would wait for
it where all cores are busy. An answer holds for a minute, however many ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from vmstui.codec import Json, to_json
from vmstui.configured import Settings
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.keeper import policy
from vmstui.recorder.service import Service

HOLDS_S = 60.0
PATIENCE_S = 8.0
"""Shorter than that of who asks."""


class Storing:
    """What may be asked about the storage of one service; `methods` goes into the table of the server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread: ThreadPoolExecutor | None = None
        self._working: asyncio.Future[tuple[Settings, Json | str]] | None = None
        self._known: tuple[float, Settings, Json] | None = None
        """When and by which configuration it was worked out."""
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {"storage": self._storage}

    async def _storage(self, params: Mapping[str, Json]) -> Json:
        loop, settings = asyncio.get_running_loop(), self._service.settings
        if self._known is not None and self._known[1] is settings and loop.time() - self._known[0] < HOLDS_S:
            return self._known[2]
        if self._working is None:
            self._thread = self._thread or ThreadPoolExecutor(1, "projection")
            self._working = loop.run_in_executor(self._thread, self._worked_out, settings)
        working = self._working
        done, _ = await asyncio.wait([working], timeout=PATIENCE_S)
        if not done:
            raise ProtocolError(protocol.REFUSED, f"the recordings disk has not answered for {PATIENCE_S:.0f} s")
        if self._working is working:
            self._working = None
        by, answer = working.result()
        if isinstance(answer, str):
            raise ProtocolError(protocol.REFUSED, answer)
        self._known = loop.time(), by, answer
        return answer

    def _worked_out(self, settings: Settings) -> tuple[Settings, Json | str]:
        """In the thread: the projection, or why there is none."""
        from vmstui.recording.catalogue import FILE_NAME, Catalogue  # here, as what is below: nobody may ever ask
        from vmstui.recording.catalogue_file import CatalogueError
        from vmstui.recording.guard import WrongFolder
        from vmstui.recording.outlook import outlook

        context = self._service.context
        try:
            with Catalogue.open(context.state_folder / FILE_NAME, readonly=True) as catalogue:
                if catalogue.fresh:
                    return settings, "the catalogue is being filled: how long footage will stay is not known yet"
                with context.guard.inside(settings.recordings, settings.recordings_mount) as root:
                    found = outlook(catalogue, settings, policy(settings), root, datetime.now(UTC))
                    return settings, to_json(found)
        except (CatalogueError, WrongFolder, OSError) as error:
            return settings, str(error)
