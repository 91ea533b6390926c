"""Feeds the history of samples: once a minute, what the rings hold since the last time.

The loop only cuts bytes out of rings; unpacking, packing and writing is done in the thread for slow work on the state
disk. While that has not answered, nothing more is handed over, so that a dead disk costs memory to nobody; what the
rings still hold by then (five minutes) is written late, and the rest is lost. The thread is not niced: it shares
Python's lock with the loop, which would wait for it where all cores are busy; it breathes instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.measured import ALL, MACHINE, RELAY, SERVICE, MachineNow
from vmstui.model import Sample
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.context import Context
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.machine_watch import MachineWatch
from vmstui.telemetry.history_batch import CAMERA, PROCESS, TOGETHER, Readings, Rows, unpacked
from vmstui.telemetry.history_file import FILE_NAME, HistoryError
from vmstui.telemetry.history_rows import Points, Quantity
from vmstui.telemetry.ring import SampleRing

if TYPE_CHECKING:
    from vmstui.telemetry.history import History

PERIOD_S = 60.0
FIRST_S = 20.0
"""After the start, when all is taken over."""
_WAIT_FOR_REPORT = 15
"""Samples at the most that wait for ffmpeg's next report."""
_BREATH_S, _BREATH_EVERY = 0.005, 8
_LOOK_S = 0.02

Say = Callable[[LogLevel, str], None]
Batch = Rows | Readings


@dataclass(frozen=True, slots=True)
class _Taken:
    """Up to where the rings of a subject are written."""

    samples: int = 0
    reports: int = 0
    warnings: int = 0


_NOTHING = _Taken()


class Historian:
    """Of one service."""

    def __init__(
        self,
        context: Context,
        fleet: Fleet,
        together: SampleRing,
        mount_point: Callable[[], str],
        say: Say,
        background: Callable[[Callable[[], None]], None] = BACKGROUND.do,
    ) -> None:
        """`together` has the samples of all workers, the relay and the service; `mount_point` gives that of the
        recordings, empty while it is not known; `background` does things in a thread, one after the other."""
        self.path = context.state_folder / FILE_NAME
        self._context = context
        self._fleet = fleet
        self._say = say
        self._do = background
        self._rings = {ALL: (together, TOGETHER), SERVICE: (SampleRing(), PROCESS), RELAY: (SampleRing(), PROCESS)}
        self._machine = MachineWatch(mount_point)
        self._taken: dict[str, _Taken] = {}
        self._due_s = 0.0
        self._cut_s = time.time()
        """When rows were last handed over, by the wall clock."""
        self.batches = 0
        """That were handed over."""
        self._writing = False
        self._told = ""
        self._history: History | None = None  # made and used in the thread

    def tick(self, now_s: float, own: Sample | None, relay: Sample | None) -> None:
        """Take in the samples of the service and the relay, and hand over what there is when it is time."""
        if own is not None:
            self._rings[SERVICE][0].append(own)
        if relay is not None:
            self._rings[RELAY][0].append(relay)
        self._machine.tick(now_s)
        if self._due_s == 0.0:
            self._due_s = now_s + FIRST_S
        elif now_s >= self._due_s:
            self._due_s = now_s + PERIOD_S
            self._hand_over(final=False)

    @property
    def machine(self) -> MachineNow | None:
        """As last read."""
        return self._machine.now

    def cpu_percents(self, seconds: int) -> dict[str, tuple[float, ...]]:
        """Of the relay and the service, as the cameras have theirs: the last seconds, oldest first."""
        return {subject: self._rings[subject][0].cpu_percents(seconds) for subject in (RELAY, SERVICE)}

    @property
    def gpu_driver(self) -> str:
        """Its version; empty while it is not known."""
        return self._machine.driver

    async def flush(self) -> None:
        """Write what there is, if that can be done soon."""
        self._hand_over(final=True)
        await self.written()

    async def written(self, patience_s: float = 1.0) -> bool:
        """Wait until nothing is being written, and no longer than that."""
        for _ in range(round(patience_s / _LOOK_S)):
            if not self._writing:
                break
            await asyncio.sleep(_LOOK_S)
        return not self._writing

    def pending(self, subject: str) -> list[Batch]:
        """What is known of a subject and not written yet; some of it is, while anything is being written."""
        return [rows for rows, _ in self._rows(final=True, only=subject)]

    # -- on the loop -------------------------------------------------------------------------------------------------

    def _hand_over(self, *, final: bool) -> None:
        if self._writing:
            return
        batch = self._rows(final=final)
        if not batch:
            return
        self._writing, self._cut_s = True, time.time()
        self.batches += 1
        loop = asyncio.get_running_loop()

        def write() -> None:
            trouble, news = self._write([rows for rows, _ in batch])
            upto = [(rows.subject, taken) for rows, taken in batch]
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._written, upto, trouble, news)

        self._do(write)

    def _written(self, batch: list[tuple[str, _Taken]], trouble: str, news: str) -> None:
        self._writing = False
        if news:
            self._say(LogLevel.WARNING, news)
        if not trouble:
            self._taken.update(batch)
            for gone in set(self._taken) - {*self._rings, MACHINE, *self._fleet.cameras}:
                del self._taken[gone]
        if trouble != self._told:
            self._told = trouble
            self._say(
                LogLevel.WARNING if trouble else LogLevel.INFO, trouble or "the history of samples is written again"
            )

    def _rows(self, *, final: bool, only: str | None = None) -> list[tuple[Batch, _Taken]]:
        """What is not written yet, and up to where that goes; what waits for a report of ffmpeg only if it is the
        end."""
        at_s = time.time()
        found: list[tuple[Batch, _Taken]] = []
        for subject, (ring, quantities) in self._rings.items():
            if only in (None, subject):
                found += self._of_ring(subject, ring, quantities)
        if only in (None, MACHINE):
            readings, count = self._machine.readings_since(self._taken.get(MACHINE, _NOTHING).samples)
            found += [(readings, _Taken(count))] if readings is not None else []
        for camera in self._fleet.cameras.values():
            if only in (None, camera.camera.id):
                found += self._of_camera(camera, at_s, final=final)
        return found

    def _of_ring(self, subject: str, ring: SampleRing, quantities: tuple[Quantity, ...]) -> list[tuple[Batch, _Taken]]:
        first, packed = ring.rows_since(self._taken.get(subject, _NOTHING).samples, ring.count)
        return [(Rows(subject, quantities, first, packed), _Taken(ring.count))] if packed else []

    def _of_camera(self, camera: CameraWorker, at_s: float, *, final: bool) -> list[tuple[Batch, _Taken]]:
        taken = self._taken.get(camera.camera.id, _NOTHING)
        until = camera.samples.count
        if until < taken.samples:  # it was taken out of the configuration, and is back
            taken = _NOTHING
        waits = camera.process is not None and until - camera.reports.samples <= _WAIT_FOR_REPORT
        if waits and not final and camera.reports.samples > taken.samples:
            until = camera.reports.samples
        first, packed = camera.samples.rows_since(taken.samples, until)
        reports = camera.reports.rows_since(taken.reports - 1) if camera.reports.count > taken.reports else b""
        warnings = self._context.logbook.warnings(camera.camera.id)
        if reports:
            warnings = camera.reports.warnings
        if not packed and warnings <= taken.warnings:
            return []
        upto = _Taken(until, camera.reports.count, warnings)
        name, staged = camera.camera.id, camera.staged
        over_s = at_s - self._cut_s
        return [(Rows(name, CAMERA, first, packed, reports, taken.warnings, warnings, at_s, over_s, staged), upto)]

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _write(self, batch: list[Batch]) -> tuple[str, str]:
        """What went wrong, if anything did, and what else is to be said."""
        from vmstui.telemetry.history import History  # here, as all of it is needed in this thread alone

        history = self._history = self._history or History(self.path)
        subjects = 0

        def breathe() -> None:
            nonlocal subjects
            subjects += 1
            if subjects % _BREATH_EVERY == 0:
                time.sleep(_BREATH_S)

        trouble = ""
        try:
            history.add(_unpacked(batch), time.time(), breathe)
        except HistoryError as error:
            trouble = str(error)
        except Exception as error:  # a mistake of ours must not keep the next batch from being handed over
            trouble = f"the history of samples: {type(error).__name__}: {error}"
        news, history.news = history.news, ""
        return trouble, news


def _unpacked(batch: list[Batch]) -> Iterator[tuple[str, Sequence[Quantity], Points]]:
    """One by one, as they are written: hundreds of them at once would take megabytes."""
    for rows in batch:
        yield rows.subject, *unpacked(rows)
