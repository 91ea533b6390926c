"""How many more cameras fit, as the dashboard works it out, for the header and for the screen of capacity: what the
recorder is asked for that, and how seldom.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from vmstui.capacity.host import Host, look
from vmstui.capacity.projection import Unmeasured, project
from vmstui.capacity.seen import measured
from vmstui.capacity.told import short
from vmstui.capacity.window import BLOCK_S, WINDOW_S
from vmstui.capacity.words import Measured, Question
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.measured import CpuPast
from vmstui.model import RecorderSnapshot
from vmstui.storage import StorageProjection
from vmstui.telemetry.ring import SAMPLES_KEPT
from vmstui.tui import glyphs
from vmstui.tui.lines import Line, Role
from vmstui.tui.source import Recorder

PAST_PERIOD_S = 180.0
"""The history is asked for so seldom: what is newer is in the memory of the recorder, which goes back further."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the recorder and the machine last told."""

    samples: Mapping[str, tuple[float, ...]]
    past: CpuPast | None
    host: Host

    def there(self, snapshot: RecorderSnapshot, storage: StorageProjection | None, question: Question) -> Measured:
        """The cameras and the machine."""
        stays = storage or "how long footage stays is not known yet"
        return measured(snapshot, self.samples, stays, self.host, question, self.past)

    def headline_part(self, snapshot: RecorderSnapshot, storage: StorageProjection | None) -> tuple[int, Line] | None:
        """For the header, with its rank; None where nothing can be said."""
        try:
            room = project(self.there(snapshot, storage, Question()))
        except Unmeasured:
            return None
        words = short(room)
        if not words:
            return None
        too_many = (room.more or 0) < 0
        return (3, ((f"{glyphs.WARN} {words}", Role.WARN),)) if too_many else (4, ((words, Role.TEXT),))


class Load:
    """Asks one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._past: CpuPast | None = None
        self._past_of: int | None = None
        """The service that told."""
        self._asked_s = 0.0

    async def read(self, snapshot: RecorderSnapshot) -> Known:
        """Raises RecorderError, and RecorderLost of it."""
        pid = snapshot.service.pid
        samples = await self._recorder.samples(SAMPLES_KEPT, own=True)
        if pid != self._past_of or time.monotonic() - self._asked_s >= PAST_PERIOD_S:
            self._past_of, self._asked_s = pid, time.monotonic()
            try:
                self._past = await self._recorder.cpu_past(WINDOW_S, BLOCK_S)
            except RecorderLost:
                self._past_of = None
                raise
            except RecorderError:  # an older recorder, or its disk does not answer: the samples have to do
                self._past = None
        return Known(samples, self._past, await asyncio.to_thread(look, pid))
