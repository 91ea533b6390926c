"""Which worker's threads are read when: the camera somebody looks at once a second, all others in turn, rarely.

Reading the threads of one worker costs as much as ten samples of it, so nothing of this is in the ticks: a camera that
was asked for is followed for some seconds more, at most `MOST_FOLLOWED` at a time; everybody else is measured once in
`PERIOD_S`, one after the other, over `WINDOW_S`. The reading itself is done in a thread. Made by the service.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from vmstui.configured import OutputKind
from vmstui.ffmpeg.encoders import COPY
from vmstui.logged import LogLevel
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.record import WorkerRecord
from vmstui.stages import Stage, StageBreakdown, StageShare
from vmstui.telemetry.history_batch import Staged
from vmstui.telemetry.procfs import ProcessGone
from vmstui.telemetry.stages import STARTING, NoBreakdown, OutputPlan, StageReader, StageTimes, between

FOLLOWED_S = 5.0
"""So long after somebody asked for a camera it is read once a second."""
MOST_FOLLOWED = 8
LONGEST_WINDOW_S = 60
NOTED_S = 10
"""While a camera is followed, the history gets a mean of so many seconds each."""
PERIOD_S = 600.0
WINDOW_S = 5.0
PAUSE_S = 1.0
"""Between two of the others, at least."""
SETTLED_S = 60.0
"""A worker is not measured by itself before it has run for so long: its start would be taken for what it needs."""
NAMED_S = 5.0
"""A worker that has run for so long has all its threads, and they have named themselves."""
NOT_RUNNING = "the worker does not run"
MEASURING = "being measured"


class Stages:
    """The stages of all cameras of a service. Runs on its loop."""

    def __init__(self, fleet: Fleet, say: Callable[[LogLevel, str], None]) -> None:
        self._fleet = fleet
        self._say = say
        self._known: dict[str, _Known] = {}
        """What was found in turn."""
        self._followed: dict[str, _Followed] = {}

    def ask(self, camera: CameraWorker, seconds: int) -> StageBreakdown:
        """The last `seconds` of a camera, as far back as it has been followed; before that, what was found in turn."""
        name, now_s = camera.camera.id, asyncio.get_running_loop().time()
        if camera.process is None:
            return _none(camera, NOT_RUNNING)
        followed = self._followed.get(name)
        if followed is None:
            if len(self._followed) >= MOST_FOLLOWED:
                min(self._followed.values(), key=lambda entry: entry.asked_s).end()
            followed = self._followed[name] = _Followed(camera, self._forget)
        followed.asked_s = now_s
        if (found := followed.last(seconds)) is not None:
            return found
        return self.latest(camera, MEASURING)

    def latest(self, camera: CameraWorker, otherwise: str = "not measured yet") -> StageBreakdown:
        """What was last found of a camera without asking for more."""
        if camera.process is None:
            return _none(camera, NOT_RUNNING)
        known = self._known.get(camera.camera.id)
        if known is None or known.pid != camera.process.pid:
            return _none(camera, otherwise)
        return known.told(camera)

    async def go_round(self) -> None:
        """Measure one camera after the other, for ever."""
        while True:
            await asyncio.sleep(PAUSE_S)
            camera = self._next(asyncio.get_running_loop().time())
            if camera is None:
                await asyncio.sleep(WINDOW_S)
                continue
            try:
                found = await _measured(camera, WINDOW_S)
            except Exception as error:  # a mistake of ours must not end it for all
                self._say(LogLevel.ERROR, f"{camera.camera.id}: stages: {type(error).__name__}: {error}")
                found = _none(camera, f"cannot be measured: {type(error).__name__}")
            self._keep(camera, found)

    def close(self) -> None:
        """Follow nobody any more."""
        for followed in list(self._followed.values()):
            followed.end()

    def _next(self, now_s: float) -> CameraWorker | None:
        """The camera whose turn is longest overdue."""
        cameras = self._fleet.cameras
        for name in self._known.keys() - cameras.keys():
            del self._known[name]
        due: list[tuple[float, str]] = []
        for name, camera in cameras.items():
            if name in self._followed or camera.process is None:
                continue
            known = self._known.get(name)
            if known is None or known.pid != camera.process.pid:
                if _age_s(camera) < SETTLED_S:
                    continue
            elif now_s - known.measured_s < PERIOD_S:
                continue
            due.append((known.measured_s if known is not None else float("-inf"), name))
        return cameras[min(due)[1]] if due else None

    def _forget(self, followed: _Followed) -> None:
        name = followed.camera.camera.id
        if self._followed.get(name) is followed:
            del self._followed[name]
            if (found := followed.last(LONGEST_WINDOW_S)) is not None:
                self._known[name] = _Known.of(found)

    def _keep(self, camera: CameraWorker, found: StageBreakdown) -> None:
        """For who asks, and for the history."""
        self._known[camera.camera.id] = _Known.of(found)
        _note(camera, found)


class _Known(NamedTuple):
    """What was found of a worker, in a tenth of the memory that the words for it take: there are hundreds of them."""

    measured_s: float
    """By the loop's clock."""
    at: datetime | None
    pid: int | None
    figures: array[float]
    """Seconds, CPU of the process, CPU of each stage; negative for a stage that it has not."""
    reason: str

    @classmethod
    def of(cls, found: StageBreakdown) -> _Known:
        by_stage = {share.stage: share.cpu_percent for share in found.shares}
        percents = (by_stage.get(stage, -1.0) for stage in Stage)
        figures = array("f", (found.elapsed_s, found.cpu_percent, *percents))
        return cls(asyncio.get_running_loop().time(), found.at, found.pid, figures, found.reason)

    def told(self, camera: CameraWorker) -> StageBreakdown:
        """In words again."""
        if self.reason:
            return _none(camera, self.reason)
        elapsed_s, cpu_percent, *percents = (round(figure, 3) for figure in self.figures)
        shares = tuple(StageShare(stage, of) for stage, of in zip(Stage, percents, strict=True) if of >= 0)
        return StageBreakdown(camera.camera.id, self.pid, self.at, elapsed_s, cpu_percent, shares, "")


class _Followed:
    """One camera that somebody looks at, from worker to worker, until nobody has asked for it for a while."""

    def __init__(self, camera: CameraWorker, ended: Callable[[_Followed], None]) -> None:
        self.camera = camera
        self.asked_s = asyncio.get_running_loop().time()
        self._ended = ended
        self._pid: int | None = None
        self._reason = ""
        """Why the present worker tells nothing."""
        self._times: deque[tuple[StageTimes, datetime]] = deque(maxlen=LONGEST_WINDOW_S + 1)
        """Of the present worker."""
        self._unnoted = 0
        """So many of the last ones the history does not have yet."""
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def last(self, seconds: int) -> StageBreakdown | None:
        """The last seconds of the present worker; None: nothing is known of it yet."""
        process = self.camera.process
        if process is None or process.pid != self._pid:
            return None
        if self._reason:
            return _none(self.camera, self._reason)
        if len(self._times) < 2:
            return None
        (first, _), (last, at) = self._times[max(0, len(self._times) - 1 - max(seconds, 1))], self._times[-1]
        return _breakdown(self.camera, self._pid, at, first, last)

    def end(self) -> None:
        """Nobody is interested any more, or others are more so."""
        self._task.cancel()
        self._hand_over()
        self._ended(self)  # a task that has not begun yet is not heard of again

    async def _follow(self) -> None:
        reader: StageReader | None = None
        loop = asyncio.get_running_loop()
        try:
            while loop.time() - self.asked_s < FOLLOWED_S:
                begun_s, process = loop.time(), self.camera.process
                if reader is not None and (process is None or process.pid != self._pid):
                    reader.close()
                    reader = None
                if process is not None:
                    reader = await self._look(reader, process.pid)
                await asyncio.sleep(max(0.0, begun_s + 1.0 - loop.time()))
        finally:
            if reader is not None:
                reader.close()
            self._hand_over()
            self._ended(self)

    def _hand_over(self) -> None:
        """To the history, each second once."""
        if self._unnoted and (found := self.last(self._unnoted)) is not None:
            _note(self.camera, found)
        self._unnoted = 0

    def _clear(self) -> None:
        self._times.clear()
        self._unnoted = 0

    async def _look(self, reader: StageReader | None, pid: int) -> StageReader | None:
        """Read once more; gives what to read with the next time."""
        try:
            if reader is None:
                self._pid, self._reason = pid, ""
                self._clear()
                reader = StageReader(pid, outputs(self.camera.worker.record))
            times = await asyncio.to_thread(reader.read, asyncio.get_running_loop().time())
        except (ProcessGone, NoBreakdown) as error:
            self._reason = _why(self.camera, error) if isinstance(error, NoBreakdown) else ""
            self._clear()
            if reader is not None:
                reader.close()
            return None
        self._reason = ""
        self._unnoted += bool(self._times)
        self._times.append((times, datetime.now(UTC)))
        if self._unnoted >= NOTED_S:
            self._hand_over()
        return reader


def _note(camera: CameraWorker, found: StageBreakdown) -> None:
    if (staged := Staged.of(found)) is not None:
        camera.saw_stages(staged)


def outputs(record: WorkerRecord) -> tuple[OutputPlan, ...]:
    """What is to be known of the outputs of a worker, in the order of its command line."""
    # The note of a worker that was lost sight of and found again names no encoders.
    recording = OutputPlan(OutputKind.RECORDING, record.recording_encoder not in ("", COPY))
    return recording, OutputPlan(OutputKind.LIVE, record.live_encoder not in ("", COPY))


async def _measured(camera: CameraWorker, seconds: float) -> StageBreakdown:
    """One window of a camera that nobody follows."""
    process, loop = camera.process, asyncio.get_running_loop()
    if process is None:
        return _none(camera, NOT_RUNNING)
    reader: StageReader | None = None
    try:
        reader = StageReader(process.pid, outputs(camera.worker.record))
        first = await asyncio.to_thread(reader.read, loop.time())
        await asyncio.sleep(seconds)
        last = await asyncio.to_thread(reader.read, loop.time())
    except ProcessGone:
        return _none(camera, NOT_RUNNING)
    except NoBreakdown as error:
        return _none(camera, _why(camera, error))
    finally:
        if reader is not None:
            reader.close()
    return _breakdown(camera, process.pid, datetime.now(UTC), first, last)


def _breakdown(
    camera: CameraWorker, pid: int | None, at: datetime, first: StageTimes, last: StageTimes
) -> StageBreakdown:
    window = between(first, last)
    shares = tuple(StageShare(stage, round(percent, 3)) for stage, percent in window.percents.items())
    cpu_percent = round(window.cpu_percent, 3)
    return StageBreakdown(camera.camera.id, pid, at, round(window.elapsed_s, 3), cpu_percent, shares, "")


def _why(camera: CameraWorker, error: NoBreakdown) -> str:
    """Threads that have just been made have no names of their own yet."""
    return STARTING if _age_s(camera) < NAMED_S else str(error)


def _age_s(camera: CameraWorker) -> float:
    started_at = camera.worker.record.started_at
    return (datetime.now(UTC) - started_at).total_seconds() if started_at is not None else float("inf")


def _none(camera: CameraWorker, reason: str) -> StageBreakdown:
    pid = camera.process.pid if camera.process is not None else None
    pending = reason in (MEASURING, STARTING)
    return StageBreakdown(camera.camera.id, pid, None, 0.0, 0.0, (), reason, pending)
