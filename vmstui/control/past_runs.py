"""The method `run_log` of the control socket: what a worker wrote in a run that is over.

A method of its own, and no parameter of `logs`: a service that does not know it says so, where one that passed over a
parameter would give the lines of the present run for those of the one before. Files are read in a thread, one question
after the other.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.recorder.service import Service

MOST_LINES = 2000
PATIENCE_S = 7.0
"""Shorter than that of who asks."""
AT_ONCE = 8
"""Questions that may wait for the thread."""


class PastRuns:
    """What may be asked about runs of one service's workers that are over; `methods` goes into the server's table."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {"run_log": self._run_log}

    async def _run_log(self, params: Mapping[str, Json]) -> Json:
        """`camera`; `back`: 1 for the run before the present one, and so on; `limit` lines; with `explain` also what
        the table of messages says of each: a `RunLog`."""
        camera, back, limit = params.get("camera"), params.get("back", 1), params.get("limit", MOST_LINES)
        explain = params.get("explain", False)
        if not isinstance(explain, bool):
            raise ProtocolError(protocol.INVALID_PARAMS, "explain must be true or false")
        if not isinstance(camera, str):
            raise ProtocolError(protocol.INVALID_PARAMS, "camera must be the id of a camera")
        if not isinstance(back, int) or isinstance(back, bool) or back < 1:
            raise ProtocolError(protocol.INVALID_PARAMS, "back must be a whole number from 1 on")
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_LINES:
            raise ProtocolError(protocol.INVALID_PARAMS, f"limit must be a whole number from 1 to {MOST_LINES}")
        if self._waiting >= AT_ONCE:
            raise ProtocolError(protocol.REFUSED, "too many questions about past runs at once")
        worker = self._service.fleet.select((camera,))[0]
        folder = worker.worker.log.path(0).parent
        present = worker.worker.record.generation
        book = self._service.logbook.page(camera, 0, MOST_LINES).lines
        mask, explained = self._service.context.masker.mask, self._service.triager.explained

        def asked() -> Json:
            from vmstui.recorder.past_run import NoSuchRun, read  # here: nobody may ever ask

            try:
                run = read(folder, camera, present, back, limit, book, mask)
                return to_json(replace(run, lines=explained(run.lines)) if explain else run)
            except NoSuchRun as error:
                raise ProtocolError(protocol.REFUSED, str(error)) from None
            except OSError as error:
                text = f"cannot read the log of {camera} in {folder}: {error.strerror}"
                raise ProtocolError(protocol.REFUSED, text) from None

        return await self._read(asked)

    async def _read(self, asked: Callable[[], Json]) -> Json:
        self._thread = self._thread or ThreadPoolExecutor(1, "past-runs", _step_back)
        reading = asyncio.get_running_loop().run_in_executor(self._thread, asked)
        self._waiting += 1
        reading.add_done_callback(self._answered)
        done, _ = await asyncio.wait([reading], timeout=PATIENCE_S)
        if not done:
            text = f"the disk of the state folder has not answered for {PATIENCE_S:.0f} s"
            raise ProtocolError(protocol.REFUSED, text)
        return reading.result()

    def _answered(self, reading: asyncio.Future[Json]) -> None:
        self._waiting -= 1
        if not reading.cancelled():
            reading.exception()  # so that nobody complains where it came too late


def _step_back() -> None:
    """In the thread: whatever records comes first (on Linux each thread has a nice value of its own)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
