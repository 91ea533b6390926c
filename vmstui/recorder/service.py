"""The recorder service: all cameras, the relay, and what they share, on one event loop.

Workers outlive it: when it leaves without being told to stop recording, they go on, and the next one takes them over.
Looking after a camera never waits for a disk, a camera or a client: whatever may block runs in a thread or as a task.

`control.server` puts it on a socket; the command `up` runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from vmstui.model import CameraState, EventKind, LogLevel, RecorderSnapshot, Sample, Settings
from vmstui.recorder import machine as m
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.context import Context
from vmstui.recorder.external_live import ExternalLive
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.record import write_atomically
from vmstui.recorder.relay import RelayWorker
from vmstui.recorder.resources import CHECK_PERIOD_S, Hold, Resources
from vmstui.recorder.snapshot import recorder_snapshot
from vmstui.recorder.watchdog import LATE_S, Finding, common_cause
from vmstui.settings import Loaded, SettingsDiff, diff, secret_values
from vmstui.telemetry.procfs import ProcReader, Reading, sample, together
from vmstui.telemetry.ring import SampleRing
from vmstui.triage.masking import Masker

TICK_S = 1.0
FFMPEG_RETRY_S = 30.0
SERVICE = "recorder"
"""The name the service's own lines have in the log."""


class AlreadyRunning(Exception):
    """Another service works on this state folder; the text names it."""


class UnknownCamera(Exception):
    """A command named a camera that is not configured; the text names those that are."""


class Service:
    """The recorder of one state folder."""

    def __init__(self, loaded: Loaded, state_folder: Path) -> None:
        """Take the state folder. Raises AlreadyRunning."""
        state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_fd = _lock_service(state_folder)
        self.settings = loaded.settings
        self.started_at = datetime.now(UTC)
        self.stopping = asyncio.Event()
        """Set when the service is to leave."""
        self.cameras: dict[str, CameraWorker] = {}
        self.resources = Resources(self.settings, state_folder)
        self.own_sample: Sample | None = None
        self.total_samples = SampleRing()
        """All workers, the relay and the service together, for the last hour."""
        self._state_folder = state_folder
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="publish")
        self._logbook = LogBook(len(self.settings.cameras) + 1)
        installation = _installation(state_folder)
        self.live = self._make_live(installation)
        self._context = Context(
            settings=self.settings,
            state_folder=state_folder,
            installation=installation,
            masker=Masker(secret_values(self.settings)),
            logbook=self._logbook,
            live=self.live,
            publishing=self._executor,
            zone=_zone(self.settings),
        )
        self._held: Hold | None = None
        self._stale_since_s: float | None = None
        self._own_reader = ProcReader(os.getpid())
        self._own_reading: Reading | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticked = asyncio.Condition()

    # -- life --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look after everything until `stopping` is set; workers stay as they are then."""
        for warning in self._camera_settings():
            self.say(LogLevel.WARNING, warning)
        if isinstance(self.live, RelayWorker):
            self.live.take_over()
        self._hold_all(self.resources.hold)
        for camera in self.settings.cameras:
            self._add(camera.id)
        self._keep(self._watch_storage())
        self._keep(self._watch_ffmpeg())
        try:
            await self._tick_until_stopping()
        finally:
            for task in self._tasks:
                task.cancel()
            for worker in self.cameras.values():
                worker.close()
            self.live.close()
            self._own_reader.close()
            self._executor.shutdown(wait=False, cancel_futures=True)
            os.close(self._lock_fd)

    async def shutdown(self) -> tuple[str, ...]:
        """Stop recording: end all workers in parallel, settle what they leave, end the relay, then leave.

        Gives the ids of cameras whose worker could not be ended. What people asked for stays noted: the next service
        records the same cameras again.
        """
        for worker in self.cameras.values():
            worker.dispatch(m.Stop())
        await asyncio.gather(*(self._finish(worker) for worker in self.cameras.values()))
        if isinstance(self.live, RelayWorker):
            self.live.dispatch(m.Stop())
            await self.live.settled.wait()
        stuck = tuple(name for name, worker in self.cameras.items() if worker.process is not None)
        self.stopping.set()
        return stuck

    async def _finish(self, worker: CameraWorker) -> None:
        while worker.machine.state is not CameraState.UNKILLABLE:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(worker.finished(), 1.0)

    # -- commands ----------------------------------------------------------------------------------------------------

    def select(self, ids: tuple[str, ...]) -> list[CameraWorker]:
        """The cameras of these ids, all of them when none is named. Raises UnknownCamera."""
        unknown = [name for name in ids if name not in self.cameras]
        if unknown:
            known = ", ".join(self.cameras) or "none"
            raise UnknownCamera(f"no camera {', '.join(repr(name) for name in unknown)}; configured: {known}")
        return [self.cameras[name] for name in ids] if ids else list(self.cameras.values())

    def reload(self, loaded: Loaded) -> SettingsDiff:
        """Take over a new configuration: added, removed and changed cameras; the others are not touched."""
        before, change = self.settings, diff(self.settings, loaded.settings)
        self.settings = self._context.settings = loaded.settings
        self._context.masker = Masker(secret_values(self.settings))
        self._context.zone = _zone(self.settings)
        self.resources.configure(self.settings)
        if self.settings.live != before.live:
            self._change_live()
        for name in change.removed:
            worker = self.cameras.pop(name)
            worker.dispatch(m.Stop())
            self._keep(self._retire(worker))
        for camera in self.settings.cameras:
            if camera.id in self.cameras:
                self.cameras[camera.id].configure(camera)
            else:
                self._add(camera.id)
        self.cameras = {camera.id: self.cameras[camera.id] for camera in self.settings.cameras}
        if self.settings.ffmpeg != before.ffmpeg:
            self._keep(self._watch_ffmpeg())
        self.say(LogLevel.INFO, f"configuration reloaded from {self.settings.path}")
        return change

    def snapshot(self) -> RecorderSnapshot:
        """Everything, as of the last tick."""
        return recorder_snapshot(self)

    async def next_tick(self) -> None:
        """Wait for the next tick."""
        async with self._ticked:
            await self._ticked.wait()

    @property
    def logbook(self) -> LogBook:
        return self._logbook

    @property
    def context(self) -> Context:
        return self._context

    def say(self, level: LogLevel, text: str) -> None:
        """A line of the service itself, in the log beside those of the cameras."""
        masked = self._context.masker.mask(text)
        self._logbook.add(datetime.now(UTC), SERVICE, 0, level, "", masked)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _make_live(self, installation: str) -> RelayWorker | ExternalLive:
        server = self.settings.live
        if server.url is not None:
            return ExternalLive(server.url, self._publishing)
        return RelayWorker(server, self._state_folder / "relay", installation, self.say)

    def _change_live(self) -> None:
        """Another address, another login, or another server altogether; the workers are restarted by `configure`."""
        before = self.live
        if isinstance(before, RelayWorker) and self.settings.live.url is None:
            before.configure(self.settings.live)
            return
        self.live = self._context.live = self._make_live(self._context.installation)
        if isinstance(self.live, RelayWorker):
            self.live.take_over()
        if isinstance(before, RelayWorker):
            before.dispatch(m.Stop())
            self._keep(before.retired())
        else:
            before.close()

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """Run beside the ticks; the loop itself holds its tasks only weakly."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _publishing(self) -> tuple[str, ...]:
        return tuple(
            name for name, worker in self.cameras.items() if worker.process is not None and worker.record.live_encoder
        )

    def _add(self, name: str) -> None:
        camera = next(camera for camera in self.settings.cameras if camera.id == name)
        worker = self.cameras[name] = CameraWorker(camera, self._context)
        if self._held is not None:
            worker.dispatch(m.Hold(self._held.text, end_running=False))
        worker.take_over()

    async def _retire(self, worker: CameraWorker) -> None:
        await worker.finished()
        worker.close()
        self._logbook.forget(worker.camera.id)

    def _camera_settings(self) -> tuple[str, ...]:
        return () if self.settings.cameras else (f"no camera is configured in {self.settings.path}",)

    async def _tick_until_stopping(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + TICK_S
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), max(0.0, due_s - loop.time()))
                break
            now_s = loop.time()
            late_s = now_s - due_s
            self._tick(now_s, late_s if late_s > LATE_S else 0.0)
            due_s = max(due_s + TICK_S, loop.time())
            async with self._ticked:
                self._ticked.notify_all()

    def _tick(self, now_s: float, late_s: float) -> None:
        reading = self._own_reader.read(now_s)
        if self._own_reading is not None:
            self.own_sample = sample(self._own_reading, reading, datetime.now(UTC))
        self._own_reading = reading
        if isinstance(self.live, RelayWorker):
            self.live.tick(now_s)
        for worker in self.cameras.values():
            try:
                worker.tick(now_s, late_s)
            except Exception as error:
                # One camera's broken folder, or a mistake of ours, must not blind the recorder to the others.
                self.say(LogLevel.ERROR, f"{worker.camera.id}: cannot look after it: {type(error).__name__}: {error}")
        self._add_up()
        if late_s > 0:
            self.say(LogLevel.WARNING, f"the service itself was {late_s:.0f} s late; cameras are not judged by that")
        else:
            self._judge(now_s)

    def _add_up(self) -> None:
        runs = [worker.run for worker in self.cameras.values()]
        samples = [run.sample for run in runs if run is not None] + [self.live.snapshot().sample, self.own_sample]
        taken = [entry for entry in samples if entry is not None]
        if taken:
            self.total_samples.append(together(taken, datetime.now(UTC)))

    def _judge(self, now_s: float) -> None:
        findings: list[tuple[CameraWorker, Finding]] = []
        running = 0
        for worker in self.cameras.values():
            running += worker.process is not None
            finding = worker.stall(now_s)
            if finding is not None:
                findings.append((worker, finding))
        if not findings:
            self._stale_since_s = None
            return
        if self._stale_since_s is None:
            self._stale_since_s = now_s
        if common_cause(len(findings), running, now_s - self._stale_since_s):
            if self._stale_since_s == now_s:
                text = f"{len(findings)} of {running} cameras look stalled at once: a common cause, no restarts for now"
                self.say(LogLevel.ERROR, text)
                for worker, finding in findings:
                    worker.note(
                        EventKind.WATCHDOG,
                        text,
                        rule=finding.rule,
                        measured=finding.measured,
                        threshold=finding.threshold,
                        outcome="held back",
                    )
            return
        for worker, finding in findings:
            worker.replace_stalled(finding)

    async def _watch_storage(self) -> None:
        while True:
            await self.resources.check_storage()
            self._apply_hold()
            await asyncio.sleep(CHECK_PERIOD_S)

    async def _watch_ffmpeg(self) -> None:
        while True:
            await self.resources.find_ffmpeg()
            # A later search that finds nothing (a package being replaced) leaves the last one in place.
            self._context.abilities = self.resources.abilities or self._context.abilities
            self._apply_hold()
            if self.resources.abilities is not None:
                self._context.ffmpeg_found.set()
                for worker in self.cameras.values():
                    # Adopted on an older configuration, perhaps: now it can be told.
                    worker.configure(worker.camera)
                return
            await asyncio.sleep(FFMPEG_RETRY_S)

    def _apply_hold(self) -> None:
        hold = self.resources.hold
        if hold == self._held:
            return
        if hold is None:
            self.say(LogLevel.INFO, "recordings folder and ffmpeg are there: cameras may start")
        elif self._held is None or self.resources.abilities is not None:
            self.say(LogLevel.ERROR, f"held: {hold.text}")
        self._hold_all(hold)

    def _hold_all(self, hold: Hold | None) -> None:
        self._held = hold
        for worker in self.cameras.values():
            if hold is None:
                worker.settle_leftovers()
                worker.dispatch(m.Release())
            else:
                worker.dispatch(m.Hold(hold.text, hold.end_running))


def _lock_service(state_folder: Path) -> int:
    """Hold the state folder for this service. Raises AlreadyRunning naming the other."""
    descriptor = os.open(state_folder / "service.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(f"a recorder already runs on {state_folder}: process {holder}") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _installation(state_folder: Path) -> str:
    """An id that tells the workers of this state folder from those of any other."""
    path = state_folder / "installation"
    try:
        return path.read_text().strip()
    except OSError:
        write_atomically(path, f"{uuid.uuid4().hex}\n".encode())
        return path.read_text().strip()


def _zone(settings: Settings) -> ZoneInfo | None:
    return None if settings.timezone == "local" else ZoneInfo(settings.timezone)
