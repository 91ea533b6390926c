"""How many sessions the GPU's encoder allows, learnt from its refusals and kept over services; never assumed.

What is open at one time is never more than the limit, and at a refusal it is all of it; so the limit is the most that
was seen in use when a session was refused, or within `SETTLE_S` after that, as workers that had only begun come to
their first frame. It is forgotten where more are in use later, and with another driver: the next refusal tells anew.

The first functions are pure. `EncoderSessions` belongs to the service, and runs on its loop.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.logged import LogLevel
from vmstui.measured import MachineNow, SessionLimit
from vmstui.model import CameraState
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.record import write_atomically

NOTE = "encoder_sessions.json"
"""In the state folder."""
SETTLE_S = 60.0
PERIOD_S = 5.0
"""Between two looks at what is in use."""
_NVENC = "_nvenc"


def learnt(before: SessionLimit | None, text: str, in_use: int, driver: str, at: datetime) -> SessionLimit | None:
    """What is known after a refusal that came while so many sessions were in use: the most that were ever seen at one,
    with this driver."""
    if in_use < 1 or (before is not None and holds(before, driver, 0) and before.sessions >= in_use):
        return before
    return SessionLimit(in_use, driver, at, text)


def holds(limit: SessionLimit, driver: str, in_use: int) -> bool:
    """Whether a limit that was learnt may be gone by: not with another driver, nor where more are in use."""
    return (not driver or not limit.driver or limit.driver == driver) and in_use <= limit.sessions


def in_use(cameras: Iterable[CameraWorker], machine: MachineNow | None) -> int:
    """Sessions of our workers whose footage comes, and of anybody else as far as the driver tells."""
    own, pids = 0, set[int]()
    for camera in cameras:
        for worker in camera.workers:
            if worker.process is None:
                continue
            pids.add(worker.process.pid)
            progress = worker.run.progress if worker.run is not None else None
            if worker.machine.state is CameraState.RECORDING or (progress is not None and progress.frame > 0):
                record = worker.record
                own += record.recording_encoder.endswith(_NVENC) + record.live_encoder.endswith(_NVENC)
    return own + foreign(machine, pids)


def foreign(machine: MachineNow | None, own: set[int]) -> int:
    """Sessions of other processes."""
    gpus = machine.gpus if machine is not None else ()
    return sum(session.pid not in own for gpu in gpus for session in gpu.sessions or ())


class EncoderSessions:
    """Of one service."""

    def __init__(
        self,
        state_folder: Path,
        count: Callable[[], int],
        driver: Callable[[], str],
        say: Callable[[LogLevel, str], None],
    ) -> None:
        """`count` gives how many sessions are in use, `driver` the version of the GPU's, empty while not known."""
        self._path = state_folder / NOTE
        self._count, self._driver, self._say = count, driver, say
        self._refused: tuple[datetime, str] | None = None
        """The last refusal, while what is in use settles."""
        self.limit: SessionLimit | None = None
        with contextlib.suppress(OSError, ValueError, CodecError):
            self.limit = from_json(SessionLimit, json.loads(self._path.read_bytes()))

    def refused(self, text: str) -> str:
        """A worker ended since it was refused a session; `text` is what ffmpeg said. Gives what is known then, as a
        sentence for the history of its camera."""
        now = datetime.now(UTC)
        self._refused = now, text
        self._take(learnt(self.limit, text, self._count(), self._driver(), now))
        if self.limit is None:
            return "the GPU's encoder refused a session while none was seen in use; how many it allows is not known yet"
        return f"the GPU's encoder refused a session: it allows {self.limit.sessions} at a time"

    def look(self) -> None:
        """Whether what is in use tells more, or something else."""
        if self.limit is None and self._refused is None:
            return
        count, driver, now = self._count(), self._driver(), datetime.now(UTC)
        if self._refused is not None and now - self._refused[0] > timedelta(seconds=SETTLE_S):
            self._refused = None
        if self._refused is not None:
            at, text = self._refused
            self._take(learnt(self.limit, text, count, driver, at))
        elif self.limit is not None and not holds(self.limit, driver, count):
            more = f"{count} sessions are in use" if count > self.limit.sessions else f"the driver is {driver}"
            self._say(
                LogLevel.INFO, f"the limit of {self.limit.sessions} sessions of the GPU's encoder is forgotten: {more}"
            )
            self._take(None)

    def _take(self, limit: SessionLimit | None) -> None:
        if limit == self.limit:
            return
        if limit is not None and self.limit is not None and limit.at == self.limit.at:
            limit = replace(limit, text=self.limit.text)
        if limit is not None:
            text = f"the GPU's encoder allows {limit.sessions} sessions at a time, it seems: {limit.text}"
            self._say(LogLevel.WARNING, text)
        self.limit = limit
        with contextlib.suppress(OSError):  # then a later service learns it again
            if limit is None:
                self._path.unlink(missing_ok=True)
            else:
                write_atomically(self._path, json.dumps(to_json(limit)).encode(), durable=False)
