"""All cameras of a service: those configured, those on their way out, and those an earlier configuration left behind.

Keeps three promises about the configuration: a camera that is in it has exactly one `CameraWorker`; one that left it is
ended and settled, also if it left while no service ran; one that comes back meanwhile is the same one again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from vmstui.configured import Camera, OutputSettings, Profile, Settings
from vmstui.logged import LogLevel
from vmstui.model import CameraTouch, LeftBehind, RestartCost, Touch
from vmstui.recorder import machine_events as ev
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.common_cause import CommonCause
from vmstui.recorder.context import Context
from vmstui.recorder.launch import Surroundings
from vmstui.recorder.marks import camera_of
from vmstui.recorder.process import Process, all_marked
from vmstui.recorder.record import load_record
from vmstui.recorder.resources import Hold
from vmstui.recorder.run import Run
from vmstui.recorder.triage_inbox import Gone
from vmstui.recorder.watchdog import START_GRACE_S, Finding
from vmstui.recorder.worker import Worker
from vmstui.recording.spool import SpoolView

DRAIN_S = 20.0
"""Patience at the end for segments that are still to be published."""
URGENT_LOOK_S = 0.2
"""Between looks at spools where the first footage or the end of a segment is waited for; the others have theirs every
`TURNS` ticks."""
TURNS = 3
"""Logs have their look in one tick of so many, cameras that are calm in the next one, and spools after the last; nobody
waits for any of these. Samples are taken in each."""
ROUNDS = 2
"""Cameras that are calm, and their logs, have their looks in one round of turns of so many."""
LOGS_WATCHED_S = 5.0
"""So long after somebody asked for log lines, logs are looked at in each tick."""
BATCH = 32
"""So many cameras are looked after, then others have their turn on the loop: two or three milliseconds."""
_Look = tuple[CameraWorker, Worker, Run]
"""A spool to be looked at."""
_NOTHING = Profile("none", OutputSettings(), None)


class UnknownCamera(Exception):
    """A command named a camera that is not configured; the text names those that are."""


class Fleet:
    """The cameras of one service. Runs on its loop; looks at the recordings disk in a thread of its own."""

    def __init__(
        self,
        context: Context,
        say: Callable[[LogLevel, str], None],
        keep: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self.cameras: dict[str, CameraWorker] = {}
        self._retiring: dict[str, CameraWorker] = {}
        self._context = context
        self._say = say
        self._keep = keep
        self._held: Hold | None = None
        self._common_cause = CommonCause()
        self._everybody_due = True
        """All spools are to be looked at, not only those where something is waited for."""
        self._turn = 0
        """The number of this tick among `TURNS`: 0 is that of the logs, 1 that of calm cameras, the last one that of
        the spools."""
        self._round = 0
        """The number of this round of turns among `ROUNDS`: 0 is that of everybody."""
        self._logs_watched_until_s = 0.0
        self._looker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spools")

    def open(self, settings: Settings, hold: Hold | None) -> None:
        """Take over what runs, start what is wanted, end what is not configured any more."""
        self._held = hold
        # One look at /proc for all: with hundreds of workers one for each would take half a minute.
        found = self._living()
        for camera in settings.cameras:
            self._add(camera, found.pop(camera.id, []))
        try:
            known = sorted(entry.name for entry in (self._context.state_folder / "cameras").iterdir())
        except OSError:
            known = []
        for name in known:
            if name not in self.cameras:
                self._retire_unconfigured(name, found.pop(name, []))
        for process in chain.from_iterable(found.values()):
            process.close()  # the relay, which looks for itself
        self._keep(self._watch_spools())

    def consequences(self, settings: Settings, around: Surroundings) -> tuple[CameraTouch, ...]:
        """What `configure` would do with this configuration, in these surroundings. Changes nothing."""
        wanted = {camera.id: camera for camera in settings.cameras}
        stay = (
            self.cameras[name].consequence(camera, around) if name in self.cameras else self._beginning(camera)
            for name, camera in wanted.items()
        )
        return (*stay, *(CameraTouch(name, Touch.ENDS) for name in self.cameras if name not in wanted))

    def configure(self, settings: Settings) -> tuple[CameraTouch, ...]:
        """Take over a new configuration: added, removed and changed cameras; the others are not touched.

        Gives what that does.
        """
        wanted = {camera.id: camera for camera in settings.cameras}
        gone = [name for name in self.cameras if name not in wanted]
        for name in gone:
            self._keep(self._retire(self.cameras.pop(name)))
        stay: list[CameraTouch] = []
        for name, camera in wanted.items():
            if name in self.cameras:
                stay.append(self.cameras[name].configure(camera))
            else:
                stay.append(self._beginning(camera))
                self._add(camera)
        self.cameras = {name: self.cameras[name] for name in wanted if name in self.cameras}
        return (*stay, *(CameraTouch(name, Touch.ENDS) for name in gone))

    def reconsider(self) -> None:
        """Something beside the configuration of cameras changed (ffmpeg is known now): replace who runs on the old."""
        for worker in self.cameras.values():
            worker.configure(worker.camera)

    def select(self, ids: tuple[str, ...]) -> list[CameraWorker]:
        """The cameras of these ids, all of them when none is named. Raises UnknownCamera."""
        unknown = [name for name in ids if name not in self.cameras]
        if unknown:
            known = ", ".join(self.cameras) or "none"
            raise UnknownCamera(f"no camera {', '.join(repr(name) for name in unknown)}; configured: {known}")
        return [self.cameras[name] for name in ids] if ids else list(self.cameras.values())

    def workers(self) -> list[Worker]:
        """All of them, also of cameras on their way out."""
        return [worker for camera in self._all() for worker in camera.workers]

    async def log_lines_asked_for(self, camera: str | None) -> None:
        """Somebody reads them, of one camera or of all: what is there is taken in now (of all, where somebody has read
        them just before, as of the last tick), and for some seconds they come without delay."""
        now_s = asyncio.get_running_loop().time()
        is_watched = now_s < self._logs_watched_until_s
        self._logs_watched_until_s = now_s + LOGS_WATCHED_S
        if is_watched and camera is None:
            return  # all are looked at in each tick
        asked = self._all() if camera is None else self.select((camera,))
        for number, one in enumerate(asked, 1):
            try:
                one.read_calm_logs()
            except Exception as error:
                self._blind(one, error)
            if number % BATCH == 0:
                await asyncio.sleep(0)

    def hold(self, hold: Hold | None) -> None:
        """Nothing may start any more for this reason, or, with None, everything may again."""
        self._held = hold
        for worker in self.cameras.values():
            if hold is None:
                worker.settle_leftovers()
                worker.dispatch(ev.Release())
            else:
                worker.dispatch(ev.Hold(hold.text, hold.end_running))

    async def shutdown(self) -> LeftBehind:
        """End all workers in parallel and settle what they leave, as far as that can be done soon."""
        workers = {**self._retiring, **self.cameras}
        for worker in workers.values():
            worker.dispatch(ev.Stop(for_good=True, reason="all recording is being stopped"))
        settled = await asyncio.gather(*(_finish(worker) for worker in workers.values()))
        stuck = tuple(name for name, camera in workers.items() if any(w.process is not None for w in camera.workers))
        return LeftBehind(stuck, sum(not done for done in settled))

    def close(self) -> None:
        """Let go of everything; workers go on."""
        for worker in self._all():
            worker.close()
        self._looker.shutdown(wait=False, cancel_futures=True)

    # -- once a second -----------------------------------------------------------------------------------------------

    async def tick(self, late_s: float) -> None:
        """Look after every camera, and judge them unless we were late ourselves."""
        loop = asyncio.get_running_loop()
        everybody = self._all()
        self._turn = (self._turn + 1) % TURNS
        if self._turn == 0:
            self._round = (self._round + 1) % ROUNDS
        all_logs = loop.time() < self._logs_watched_until_s or self._turn == self._round == 0
        everybody_due = (self._turn == 1 and self._round == 0) or late_s > 0
        for first in range(0, len(everybody), BATCH):
            await asyncio.sleep(0)
            batch = everybody[first : first + BATCH]
            # One kind of look at all of them, then the next: each finds its own code and that of the kernel at hand.
            for camera in batch:
                try:
                    camera.read_logs(everything=all_logs or (self._turn == 0 and not camera.calm))
                except Exception as error:
                    self._blind(camera, error)
            await self._read_on(batch)
            now_s, at_s = loop.time(), time.time()
            for camera in batch:
                try:
                    camera.sample(now_s, at_s)
                except Exception as error:
                    self._blind(camera, error)
            for camera in batch:
                if everybody_due or not camera.calm:
                    try:
                        camera.tick(now_s, late_s)
                    except Exception as error:
                        self._blind(camera, error)
        if self._turn == TURNS - 1:
            # Now, while everything about the workers is in the caches: half a second later it has to be fetched again.
            self._everybody_due = True
            self._context.spools_due.set()
        if late_s > 0:
            self._say(LogLevel.WARNING, f"the service itself was {late_s:.0f} s late; cameras are not judged by that")
        elif self._turn == 0:  # the spools were looked at since it was last done
            self._judge(loop.time())

    async def _read_on(self, cameras: Iterable[CameraWorker]) -> None:
        """Looks at logs that are flooded, to their end, with a turn for others after each piece."""
        while flooded := [camera for camera in cameras if camera.has_more_to_read]:
            for camera in flooded:
                await asyncio.sleep(0)
                try:
                    camera.read_on()
                except Exception as error:
                    self._blind(camera, error)
            cameras = flooded

    def _blind(self, camera: CameraWorker, error: Exception) -> None:
        """One camera's broken folder, or a mistake of ours, must not blind the recorder to the others."""
        text = f"{camera.camera.id}: cannot look after it: {type(error).__name__}: {error}"
        self._say(LogLevel.ERROR, text)

    def resumed(self, now_s: float, suspended_s: float) -> None:
        """The machine was suspended for so long: connections are dead and networks come up, for which no worker that
        runs is to blame. To be told before the next `tick`."""
        for worker in self.workers():
            if worker.run is not None:
                worker.run.spare(now_s)
        text = f"the machine was suspended for {suspended_s:.0f} s; cameras get {START_GRACE_S:.0f} s to deliver again"
        self._say(LogLevel.WARNING, text)

    def _all(self) -> tuple[CameraWorker, ...]:
        return (*self.cameras.values(), *self._retiring.values())

    async def _watch_spools(self) -> None:
        """Look at all spools every `TURNS` ticks, and in between at those where something is waited for."""
        due = self._context.spools_due
        while True:
            everybody, self._everybody_due = self._everybody_due, False
            due.clear()
            looks: list[_Look] = [
                (camera, worker, worker.run)
                for camera in self._all()
                for worker in camera.workers
                if worker.run is not None
            ]
            urgent = [look for look in looks if look[0].awaits_boundary or not look[2].recorded]
            await self._look_at_spools(looks if everybody else urgent)
            if urgent:
                await asyncio.sleep(URGENT_LOOK_S)
            else:
                await due.wait()

    async def _look_at_spools(self, looks: list[_Look]) -> None:
        """In a thread: a dead disk then stops these looks and nothing else."""
        if not looks:
            return
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(self._looker, lambda: [_seen(run) for _, _, run in looks])
        for number, ((camera, worker, run), view) in enumerate(zip(looks, seen, strict=True)):
            if number % BATCH == 0:
                await asyncio.sleep(0)
            try:
                if isinstance(view, SpoolView):
                    camera.saw_spool(worker, run, view, loop.time())
                elif not isinstance(view, OSError):  # else the storage check tells what is wrong with the disk
                    raise view
            except Exception as error:
                # As in `tick`: the looks at the others, and the next ones at this one, must go on.
                text = f"{camera.camera.id}: cannot look at its spool: {type(error).__name__}: {error}"
                self._say(LogLevel.ERROR, text)

    def _judge(self, now_s: float) -> None:
        findings: dict[str, Finding] = {}
        for name, worker in self.cameras.items():
            finding = worker.stall(now_s)
            if finding is not None:
                findings[name] = finding
        if not findings:
            self._common_cause.all_well()
            return
        looks = (worker.look(findings.get(name), now_s) for name, worker in self.cameras.items())
        for decision in self._common_cause.decide([look for look in looks if look is not None], now_s):
            if decision.begins:
                self._say(LogLevel.ERROR, decision.text)
            for name in decision.replaced:
                self.cameras[name].replace_stalled(findings[name], decision.outcome)
            for name in decision.held:
                self.cameras[name].note_held_back(findings[name], decision.text)

    # -- coming and going --------------------------------------------------------------------------------------------

    def _beginning(self, camera: Camera) -> CameraTouch:
        """What becomes of a camera that is new."""
        if not camera.enabled:
            return CameraTouch(camera.id, Touch.UNTOUCHED)
        return CameraTouch(camera.id, Touch.STARTS, cost=None if self._held is None else RestartCost.LATER)

    def _living(self) -> dict[str, list[Process]]:
        """Processes that an earlier service of this recorder started and that live, by the camera in their marker."""
        found: dict[str, list[Process]] = {}
        for process in all_marked(f"{self._context.installation}:"):
            found.setdefault(camera_of(process), []).append(process)
        return found

    def _add(self, camera: Camera, found: Iterable[Process] | None = None) -> None:
        coming_back = self._retiring.pop(camera.id, None)
        if coming_back is not None:
            self.cameras[camera.id] = coming_back
            coming_back.configure(camera)
            if coming_back.wanted:
                coming_back.dispatch(ev.Start())
            return
        try:
            worker = CameraWorker(camera, self._context)
        except OSError as error:
            self._say(LogLevel.ERROR, f"{camera.id}: its state folder cannot be used: {error}")
            return
        self.cameras[camera.id] = worker
        if self._held is not None:
            worker.dispatch(ev.Hold(self._held.text, end_running=False))
        worker.take_over(found)

    def _retire_unconfigured(self, name: str, found: Iterable[Process]) -> None:
        """A camera that left the configuration while no service ran may still have a worker, or unpublished footage."""
        record = load_record(self._context.camera_folder(name) / "worker.json", name)
        camera = Camera(name, record.name or name, "", _NOTHING, enabled=False)
        try:
            worker = CameraWorker(camera, self._context)
        except OSError as error:
            self._say(LogLevel.ERROR, f"{name}: left by an earlier configuration, cannot be looked after: {error}")
            return
        worker.take_over(found)
        if worker.process is not None:
            self._say(LogLevel.WARNING, f"{name} is not configured any more: its worker is ended")
        self._keep(self._retire(worker))

    async def _retire(self, worker: CameraWorker) -> None:
        name = worker.camera.id
        self._retiring[name] = worker
        await worker.retire(DRAIN_S)
        if self._retiring.get(name) is worker:
            del self._retiring[name]
            worker.close()
            self._context.logbook.forget(name)
            self._context.triage.put(Gone(name))


def _seen(run: Run) -> SpoolView | Exception:
    """In a thread. What is seen, or what keeps it from being seen: one spool must not hide the others."""
    try:
        return run.look_at_spool()
    except Exception as error:
        return error


async def _finish(worker: CameraWorker) -> bool:
    """Whether everything of a worker is settled; gives up on one that cannot be killed."""
    finishing = asyncio.ensure_future(worker.finished(DRAIN_S))
    while not finishing.done():
        await asyncio.wait([finishing], timeout=1.0)
        if worker.unkillable:
            finishing.cancel()
            return False
    return finishing.result()
