"""What was measured, on the control socket: `telemetry` of a camera, or of the machine, over a time; `cpu_past` of all
that is measured, over the last minutes.

Read in a thread of its own, one question after the other, from the history on disk and from what the rings hold beyond
it: a disk that hangs costs these answers and nothing else. An answer has at most `MAX_POINTS` points.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.protocol import ProtocolError
from vmstui.measured import MAX_POINTS
from vmstui.recorder.service import Service
from vmstui.telemetry.history_batch import Readings, Rows
from vmstui.telemetry.history_file import HistoryError
from vmstui.telemetry.history_rows import FINE_KEPT_S

WIDTH = 300
PATIENCE_S = 7.0
"""Shorter than that of who asks."""
MAX_MEANS = 300
"""Of one camera in one answer."""
AT_ONCE = 16
"""Questions that may wait for the thread."""


class Remembering:
    """What may be asked about the past of one service; `methods` goes into the table of the server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0
        self.methods: dict[str, Callable[[Mapping[str, Json]], Awaitable[Json]]] = {
            "telemetry": self._telemetry,
            "cpu_past": self._cpu_past,
        }

    async def _telemetry(self, params: Mapping[str, Json]) -> Json:
        """`subject`, a camera or one of `measured.OWN_SUBJECTS`; `since`, `until` (null: now), and about how many
        points are wanted (`width`): a `Measured`."""
        subject = params.get("subject")
        if not isinstance(subject, str) or not subject:
            raise ProtocolError(protocol.INVALID_PARAMS, "subject must be the id of a camera, or @machine and the like")
        now_s = time.time()
        until_s = _instant(params, "until", now_s)
        since_s = _instant(params, "since", until_s - 3600)
        width = params.get("width", WIDTH)
        if not isinstance(width, int) or isinstance(width, bool) or not 1 <= width <= MAX_POINTS:
            raise ProtocolError(protocol.INVALID_PARAMS, f"width must be a whole number from 1 to {MAX_POINTS}")
        if since_s >= until_s:
            raise ProtocolError(protocol.INVALID_PARAMS, "since must be earlier than until")
        self._check_waiting()
        return await self._answer(subject, since_s, until_s, width)

    async def _cpu_past(self, params: Mapping[str, Json]) -> Json:
        """Of the last `seconds`, in means of `step`: a `CpuPast`, without what is not written yet."""
        seconds, step_s = params.get("seconds"), params.get("step")
        for name, value, most in (("seconds", seconds, FINE_KEPT_S), ("step", step_s, FINE_KEPT_S)):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ProtocolError(protocol.INVALID_PARAMS, f"{name} must be a whole number from 1 to {most}")
        assert isinstance(seconds, int)
        assert isinstance(step_s, int)
        if seconds > MAX_MEANS * step_s:
            text = f"step must be at least {-(-seconds // MAX_MEANS)} for {seconds} seconds: {MAX_MEANS} means at most"
            raise ProtocolError(protocol.INVALID_PARAMS, text)
        self._check_waiting()
        return await self._read(partial(_cpu_asked, self._service.historian.path, seconds, step_s))

    def _check_waiting(self) -> None:
        if self._waiting >= AT_ONCE:
            raise ProtocolError(protocol.REFUSED, "too many questions about the past at once")

    async def _answer(self, subject: str, since_s: float, until_s: float, width: int) -> Json:
        historian = self._service.historian
        while True:
            # What is on disk and what is not yet, as of one instant: else a minute would count twice, or not at all.
            settled = await historian.written(PATIENCE_S / 4)
            batches, pending = historian.batches, historian.pending(subject) if settled else []
            answer = await self._read(partial(_asked, historian.path, subject, since_s, until_s, width, pending))
            if not settled or batches == historian.batches:
                return answer

    async def _read(self, read: Callable[[], Json]) -> Json:
        self._thread = self._thread or ThreadPoolExecutor(1, "telemetry")
        reading = asyncio.get_running_loop().run_in_executor(self._thread, read)
        self._waiting += 1
        reading.add_done_callback(self._answered)
        done, _ = await asyncio.wait([reading], timeout=PATIENCE_S)
        if not done:
            raise ProtocolError(
                protocol.REFUSED, f"the disk of the state folder has not answered for {PATIENCE_S:.0f} s"
            )
        try:
            return reading.result()
        except HistoryError as error:
            raise ProtocolError(protocol.REFUSED, str(error)) from None

    def _answered(self, reading: asyncio.Future[Json]) -> None:
        self._waiting -= 1
        if not reading.cancelled():
            reading.exception()  # so that nobody complains where it came too late


def _asked(
    path: Path, subject: str, since_s: float, until_s: float, width: int, pending: Sequence[Rows | Readings]
) -> Json:
    """In the thread."""
    from vmstui.telemetry.history_ask import ask  # here: nobody may ever ask

    return to_json(ask(path, subject, since_s, until_s, time.time(), width, pending))


def _cpu_asked(path: Path, seconds: int, step_s: int) -> Json:
    """In the thread."""
    from vmstui.telemetry.history_ask import cpu_past

    now_s = time.time()
    return to_json(cpu_past(path, now_s - seconds, now_s, step_s))


def _instant(params: Mapping[str, Json], name: str, default_s: float) -> float:
    value = params.get(name)
    if value is None:
        return default_s
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is not None and (at_s := at.timestamp()) >= 0:
            return at_s
    except (ValueError, OverflowError):
        pass
    raise ProtocolError(protocol.INVALID_PARAMS, f"{name} must be an instant in ISO 8601, with an offset, after 1970")
