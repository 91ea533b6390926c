"""The recorder service: all cameras, the relay, and what they share, on one event loop.

Workers outlive it: when it leaves without being told to stop recording, they go on, and the next one takes them over.
Looking after a camera never waits for a disk, a camera or a client: whatever may block runs in a thread or as a task.

`control.server` puts it on a socket; the command `up` runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vmstui.codec import Json
from vmstui.ffmpeg.binary import NoUsableFfmpeg
from vmstui.logged import LogLevel
from vmstui.model import CameraState, CameraTouch, LeftBehind, RecorderSnapshot, ReloadEffects, Sample, Touch
from vmstui.recorder.arrival import Arrival, arrived
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.clocks import at_one_instant
from vmstui.recorder.context import Context
from vmstui.recorder.encoder_limit import PERIOD_S, EncoderSessions, in_use
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.flow_watch import FlowWatch
from vmstui.recorder.footage import Footage
from vmstui.recorder.historian import Historian
from vmstui.recorder.incident_watch import IncidentWatch
from vmstui.recorder.inheritance import Inheritance
from vmstui.recorder.launch import Surroundings, surroundings, which
from vmstui.recorder.live_checks import LiveChecks
from vmstui.recorder.live_server import ConfiguredLive
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.memory import recall
from vmstui.recorder.notify import STOPPED_FOR_GOOD, Notifier
from vmstui.recorder.process import boot_time_s
from vmstui.recorder.resources import CHECK_PERIOD_S, HELD_PERIOD_S, Hold, Resources
from vmstui.recorder.snapshot import recorder_snapshot
from vmstui.recorder.stages import Stages
from vmstui.recorder.state_folder import LOCK, AlreadyRunning, installation_id, keep_state_folder, take_state_folder
from vmstui.recorder.triager import Triager
from vmstui.recorder.unit import look
from vmstui.recorder.wall_clock import clock_seen, recall_clock
from vmstui.recorder.watchdog import LATE_S, Clocks, suspended_s
from vmstui.recording.naming import zone_of
from vmstui.settings import Loaded, SettingsDiff, diff, secret_values
from vmstui.telemetry.procfs import ProcessGone, ProcReader, together
from vmstui.telemetry.ring import SampleRing
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.masking import Masker

TICK_S = 1.0
FFMPEG_RETRY_S = 30.0
SERVICE = "recorder"
"""The name the service's own lines have in the log."""


class Service:
    """The recorder of one state folder."""

    def __init__(self, loaded: Loaded, state_folder: Path, inheritance: Inheritance | None = None) -> None:
        """Take the state folder, or go on holding it after an upgrade (`inheritance`). Raises AlreadyRunning."""
        state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.inheritance = inheritance
        self.lock_fd = take_state_folder(state_folder, inheritance)
        self.ready = False
        """All workers that ran are taken over."""
        self.arrival: Arrival | None = None
        """What came of the upgrade that this service comes from."""
        self._unchanged = inheritance is not None and inheritance.configuration in ("", loaded.digest)
        """The configuration is the one the workers run on: the file may have been edited since that was last seen."""
        self.settings = loaded.settings
        self.started_at = datetime.now(UTC)
        self.stopping = asyncio.Event()
        """Set when the service is to leave."""
        self.reloading = asyncio.Lock()
        """Held from reading the configuration until it is taken over: the last one read is the last one taken."""
        self.own_sample: Sample | None = None
        self.total_samples = SampleRing()
        """All workers, the relay and the service together."""
        self._state_folder = state_folder
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="publish")
        self._logbook = LogBook(len(self.settings.cameras) + 1)
        installation = installation_id(state_folder)
        self.live = ConfiguredLive(
            self.settings, state_folder / "relay", installation, self.say, self._keep, self._publishing
        )
        self._context = Context(
            settings=self.settings,
            state_folder=state_folder,
            installation=installation,
            masker=Masker(secret_values(self.settings)),
            logbook=self._logbook,
            live=self.live,
            publishing=self._executor,
            zone=zone_of(self.settings.timezone),
            clock=recall_clock(state_folder),
        )
        if inheritance is not None:
            self._context.read_before = recall(inheritance.memory_fd, self._logbook)
        self.resources = Resources(self.settings, state_folder, self._context.guard)
        self.fleet = Fleet(self._context, self.say, self._keep)
        self.stages = Stages(self.fleet, self.say)
        self.live_checks = LiveChecks(self._context, self.fleet, self.live.snapshot, self.say)
        self._footage = Footage(self._context, self.fleet, self.resources, self.say)
        self.historian = Historian(
            self._context, self.fleet, self.total_samples, lambda: self.resources.snapshot().mount_point, self.say
        )
        self.encoder_sessions = EncoderSessions(
            state_folder,
            lambda: in_use(self.fleet.cameras.values(), self.historian.machine),
            lambda: self.historian.gpu_driver,
            self.say,
        )
        self._context.session_refused = self.encoder_sessions.refused
        self.incidents = IncidentWatch(state_folder, lambda: self.fleet.cameras, time.monotonic, self.say)
        self._context.ended = self.incidents.ended
        self.triager = Triager(
            self._context.triage, state_folder, self.say, self.incidents, learned=self._learned_messages
        )
        self._flow_watch = FlowWatch(lambda: self.fleet.cameras, self.live.health, self._context.triage)
        self.leaving = False
        """Recording is being stopped for good: nothing is started any more."""
        self.warnings: tuple[str, ...] = ()
        """About the recorder as a whole: what it found at its start that endangers recordings."""
        self._notifier = Notifier()
        self._held: Hold | None = None
        self._own_reader = ProcReader(os.getpid())
        self._tasks: set[asyncio.Task[None]] = set()
        self.ticks = 0
        """That were done."""
        self._ticked = asyncio.Condition()
        self._clocks = read_clocks()

    # -- life --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look after everything until `stopping` is set; workers stay as they are then."""
        if not self.settings.cameras:
            self.say(LogLevel.WARNING, f"no camera is configured in {self.settings.path}")
        self.triager.configure(self.settings.path)
        self.live.take_over()
        self._held = self.resources.hold
        self._footage.start()
        with BACKGROUND.put_off():
            self.fleet.open(self.settings, self._held)
        self.incidents.restore()
        self.ready = True
        self.arrival = arrived(self, self.inheritance) if self.inheritance is not None else None
        self._keep(self._watch_storage())
        self._keep(self._for_ever("looking for ffmpeg", FFMPEG_RETRY_S, self._look_for_ffmpeg))
        self._keep(self._look_at_unit())
        self._keep(self._for_ever("holding the state folder", CHECK_PERIOD_S, self._hold_state_folder))
        self._keep(self._for_ever("sessions of the GPU's encoder", PERIOD_S, self._look_at_sessions))
        self._keep(self.stages.go_round())
        self._keep(self.live_checks.go_round())
        self._notifier.ready(self._status())
        try:
            await self._tick_until_stopping()
        finally:
            self._notifier.stopping("recording stopped" if self.leaving else "workers go on recording")
            for task in self._tasks:
                task.cancel()
            self.stages.close()
            self.incidents.close()
            self.fleet.close()
            await self._footage.stop()
            await self.historian.flush()
            await self.triager.flush()
            self.live.close()
            self._own_reader.close()
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._context.starts.close()
            self._context.leftovers.close()
            self.resources.close()

    def release(self) -> None:
        """Give the state folder free for another service; the last thing to be done."""
        os.close(self.lock_fd)

    async def shutdown(self) -> LeftBehind:
        """Stop recording: end all workers in parallel, settle what they leave, end the relay, then leave.

        What people asked for stays noted: the next service records the same cameras again.
        """
        self.leaving = True
        left = await self.fleet.shutdown()
        await self.live.end()
        await self._footage.stop()  # what was settled last is catalogued before anybody is told that all is done
        self.stopping.set()
        return left

    @property
    def exit_status(self) -> int:
        """What the process ends with: systemd is told when not to start it again."""
        return STOPPED_FOR_GOOD if self.leaving and self._notifier.managed else 0

    # -- commands ----------------------------------------------------------------------------------------------------

    async def preview(self, loaded: Loaded) -> tuple[SettingsDiff, ReloadEffects]:
        """What differs in a configuration, and what `reload` would do with it. Changes nothing."""
        settings = loaded.settings
        notes: tuple[str, ...] = ()
        ffmpeg = surroundings(self._context).ffmpeg
        if settings.ffmpeg != self.settings.ffmpeg:
            try:
                ffmpeg = which((await self.resources.choose_ffmpeg(settings.ffmpeg)).binary)
            except NoUsableFfmpeg as error:
                notes = (f"{error}: what runs would go on, but nothing could start",)
        relay, publish_url = self.live.consequence(settings.live)
        cameras = self.fleet.consequences(settings, Surroundings(settings, ffmpeg, publish_url))
        return diff(self.settings, settings), ReloadEffects(cameras, relay, notes)

    def reload(self, loaded: Loaded) -> tuple[SettingsDiff, ReloadEffects]:
        """Take over a new configuration: added, removed and changed cameras; the others are not touched.

        Gives what differs, and what that does.
        """
        self._unchanged = False
        before, change = self.settings, diff(self.settings, loaded.settings)
        relay, _ = self.live.consequence(loaded.settings.live)
        self.settings = self._context.settings = loaded.settings
        self._context.masker = Masker(secret_values(self.settings))
        self._context.zone = zone_of(self.settings.timezone)
        self.resources.configure(self.settings)
        self._footage.configure()
        self._context.storage_due.set()
        self.live.configure(self.settings)
        cameras = self.fleet.configure(self.settings)
        self.triager.configure(self.settings.path)
        notes: tuple[str, ...] = ()
        if self.settings.ffmpeg != before.ffmpeg:
            self._context.ffmpeg_found.clear()
            self._keep(self._for_ever("looking for ffmpeg", FFMPEG_RETRY_S, self._look_for_ffmpeg))
            notes = ("ffmpeg is looked for anew; workers that run on another one are replaced once it is found",)
        self.say(LogLevel.INFO, f"configuration reloaded from {self.settings.path}: {_summary(cameras)}")
        return change, ReloadEffects(cameras, relay, notes)

    def refresh_passwords(self, loaded: Loaded) -> None:
        """Take over passwords whose files (or values) changed, and nothing else: before a person tries again."""
        fresh = {camera.id: camera.password for camera in loaded.settings.cameras}
        cameras = tuple(
            replace(camera, password=fresh.get(camera.id, camera.password)) for camera in self.settings.cameras
        )
        if cameras == self.settings.cameras:
            return
        self.settings = self._context.settings = replace(self.settings, cameras=cameras)
        self._context.masker = Masker(secret_values(self.settings))
        for camera in cameras:
            if camera.id in self.fleet.cameras:
                self.fleet.cameras[camera.id].camera = camera

    def snapshot(self) -> RecorderSnapshot:
        """Everything, as of the last tick."""
        return recorder_snapshot(self)

    async def footage(self) -> Json:
        """How much was recorded: a `FootageReport` as it goes over the socket."""
        return await self._footage.report()

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

    def _learned_messages(self, knowledge: Knowledge) -> None:
        """In the thread of triage."""
        self._context.match = knowledge.match

    def _look_at_wall_clock(self) -> None:
        step_s = clock_seen(self._context)
        if step_s:
            way = "forward" if step_s > 0 else "back"
            text = f"the clock of the machine was put {way} by {abs(step_s):.1f} s; footage is counted on another one"
            self.say(LogLevel.WARNING, text)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """Run beside the ticks; the loop itself holds its tasks only weakly."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _publishing(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, worker in self.fleet.cameras.items()
            if worker.process is not None and worker.worker.record.live_encoder
        )

    async def _tick_until_stopping(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + TICK_S
        # One for all ticks: `wait_for` would make and cancel one in each.
        told_to_leave = loop.create_task(self.stopping.wait())
        while not self.stopping.is_set():
            done, _ = await asyncio.wait((told_to_leave,), timeout=max(0.0, due_s - loop.time()))
            if done:
                break
            now_s = loop.time()
            late_s = now_s - due_s
            await self._tick(now_s, late_s if late_s > LATE_S else 0.0)
            due_s = max(due_s + TICK_S, loop.time())
            self.ticks += 1
            async with self._ticked:
                self._ticked.notify_all()

    async def _tick(self, now_s: float, late_s: float) -> None:
        clocks = read_clocks()
        asleep_s = suspended_s(self._clocks, clocks)
        self._clocks = clocks
        if asleep_s > 0:
            self.fleet.resumed(now_s, asleep_s)
        self._look_at_wall_clock()
        with contextlib.suppress(ProcessGone):
            self.own_sample = self._own_reader.sample(now_s, datetime.now(UTC))
        self.live.tick(now_s)
        await self.fleet.tick(late_s)
        self._flow_watch.tick(self.triager.disconnected, now_s)
        self.triager.tick()
        self.incidents.tick()
        relay = self.live.snapshot().sample
        self._add_up(relay)
        self.historian.tick(now_s, self.own_sample, relay)
        if self._notifier.managed:
            self._notifier.alive(now_s, self._status())

    def _add_up(self, relay: Sample | None) -> None:
        runs = [worker.run for camera in self.fleet.cameras.values() for worker in camera.workers]
        readings = [*(run.rates for run in runs if run is not None), relay, self.own_sample]
        taken = [entry for entry in readings if entry is not None]
        if taken:
            self.total_samples.append(together(taken, datetime.now(UTC)))

    async def _for_ever(self, what: str, period_s: float, work: Callable[[], Awaitable[bool]]) -> None:
        """Do something again and again until it says that it is done, whatever happens to it."""
        while True:
            try:
                if await work():
                    return
            except Exception as error:
                self.say(LogLevel.ERROR, f"{what}: {type(error).__name__}: {error}")
            await asyncio.sleep(period_s)

    async def _hold_state_folder(self) -> bool:
        """Leave where another service came to work on the same state folder; done then."""
        try:
            kept = await asyncio.to_thread(keep_state_folder, self._state_folder, self.lock_fd)
        except AlreadyRunning as error:
            self.say(LogLevel.ERROR, f"{LOCK} was taken away, and {error}: this one leaves")
            self.stopping.set()
            return True
        if kept != self.lock_fd:
            os.close(self.lock_fd)
            self.lock_fd = kept
            self.say(LogLevel.WARNING, f"{LOCK} was taken away from the state folder; made anew")
        return False

    async def _look_at_sessions(self) -> bool:
        self.encoder_sessions.look()
        return False

    async def _look_at_unit(self) -> None:
        """Say what about the systemd unit we run in endangers recordings; also where systemd keeps its log."""
        self.warnings = await asyncio.to_thread(look, len(self.settings.cameras))
        for text in self.warnings:
            self.say(LogLevel.WARNING, text)
            with contextlib.suppress(OSError):  # the terminal it was started from may be gone
                print(f"warning: {text}", file=sys.stderr)

    def _status(self) -> str:
        """One line for `systemctl status`."""
        wanted = [camera for camera in self.fleet.cameras.values() if camera.wanted]
        recording = sum(camera.worker.machine.state is CameraState.RECORDING for camera in wanted)
        held = f"; held: {self._context.masker.mask(self._held.text)}" if self._held is not None else ""
        return f"{recording} of {len(wanted)} cameras recording{held}"

    async def _watch_storage(self) -> None:
        """Look at the recordings folder every few seconds, and at once when a worker failed because of it; more often
        while it cannot be used."""
        due = self._context.storage_due
        while True:
            due.clear()
            try:
                await self._look_at_storage()
            except Exception as error:
                self.say(LogLevel.ERROR, f"looking at the recordings folder: {type(error).__name__}: {error}")
            if not self.resources.snapshot().usable:
                await asyncio.sleep(HELD_PERIOD_S)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), CHECK_PERIOD_S)

    async def _look_at_storage(self) -> None:
        try:
            await self.resources.check_storage()
        finally:
            if self.resources.within_reach:
                self._context.folder_is_ours.set()
            else:
                self._context.folder_is_ours.clear()
            self._apply_hold()

    async def _look_for_ffmpeg(self) -> bool:
        await self.resources.find_ffmpeg()
        # A later search that finds nothing (a package being replaced) leaves the last one in place.
        self._context.abilities = self.resources.abilities or self._context.abilities
        self._apply_hold()
        if self.resources.abilities is None:
            return False
        if self.inheritance is not None and self._unchanged:
            self._unchanged = False
            for name, camera in self.fleet.cameras.items():
                if name in self.inheritance.due:
                    camera.replace_soon()
                else:
                    camera.keep_as_is()
        self._context.ffmpeg_found.set()
        self.fleet.reconsider()
        return True

    def _apply_hold(self) -> None:
        hold = self.resources.hold
        if hold is None or not hold.pending:
            self._context.surveyed.set()
        if hold == self._held or self.leaving:
            return
        if hold is None:
            self.say(LogLevel.INFO, "recordings folder and ffmpeg are there: cameras may start")
        elif self._held is None or _without_numbers(hold.text) != _without_numbers(self._held.text):
            self.say(LogLevel.INFO if hold.pending else LogLevel.ERROR, f"held: {hold.text}")
        self._held = hold
        self.fleet.hold(hold)


def read_clocks() -> Clocks:
    """Those of the kernel, now."""
    return Clocks(*at_one_instant(time.monotonic, boot_time_s))


def _without_numbers(text: str) -> str:
    """To tell another reason from the same one with another figure in it."""
    return re.sub(r"\d+", "", text)


def _summary(cameras: tuple[CameraTouch, ...]) -> str:
    """For the log: `restarts gate, yard; starts door; 11 cameras untouched`."""
    touched = {
        touch: [camera.id for camera in cameras if camera.touch is touch]
        for touch in (Touch.RESTARTS, Touch.STARTS, Touch.ENDS)
    }
    untouched = sum(camera.touch is Touch.UNTOUCHED for camera in cameras)
    parts = [f"{touch} {', '.join(ids)}" for touch, ids in touched.items() if ids]
    return "; ".join([*parts, f"{untouched} camera{'' if untouched == 1 else 's'} untouched"])
