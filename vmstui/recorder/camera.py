"""One camera in the recorder: what is wanted of it, what its workers produce, and what is known about it.

Commands, the configuration and what all cameras share come in here, and become events of its worker (`worker.py`) or
ask for another one in its place (`succession.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Unpack

from vmstui.codec import Json
from vmstui.configured import Camera, RestartMode
from vmstui.footage import GapCause, Segment, SegmentVerdict
from vmstui.logged import OWN_COMPONENT, LogLevel
from vmstui.model import CameraState as State
from vmstui.model import CameraTouch, Event, EventKind, Progress, RestartCost, Touch
from vmstui.recorder import machine_events as ev
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.common_cause import Look
from vmstui.recorder.context import Context
from vmstui.recorder.history import EVENTS_KEPT, Evidence, History
from vmstui.recorder.launch import FFMPEG, INPUT_SCRIPT, Surroundings, changed_keys, digest, shape, surroundings
from vmstui.recorder.marks import generation_of, marker
from vmstui.recorder.outages import Outages
from vmstui.recorder.process import Process, adopt, all_marked
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WANTED, save_wanted
from vmstui.recorder.run import Run
from vmstui.recorder.slots import slots_are_free
from vmstui.recorder.succession import Succession
from vmstui.recorder.triage_inbox import Picture, SegmentClosed
from vmstui.recorder.watchdog import Finding
from vmstui.recorder.worker import Worker
from vmstui.recording import layout
from vmstui.recording.fill import FOUND_TOLD
from vmstui.recording.gaps import end_of
from vmstui.recording.journal import in_order, order
from vmstui.recording.publish import sync
from vmstui.recording.spool import SpoolView
from vmstui.telemetry.history_batch import Staged
from vmstui.telemetry.ring import ReportRing, SampleRing

SEGMENTS_KEPT = 2000
SEGMENTS_IN_MEMORY = 6
"""Each is a kilobyte. Mostly the last one is asked for."""
STAGED_KEPT = 8
"""Measurements of stages that wait for the history, which takes them once a minute: one in ten minutes, or six in one
while somebody looks."""
LEFTOVERS_LIMIT_S = 15.0
"""Patience with a disk that is to tell what lies in its spool."""
LOGIN = ("url", "username", "password")
"""Keys that are another try worth where the camera refused the password."""


class CameraWorker:
    """A configured camera. Made by the fleet, which calls `take_over` once and then `tick` every second."""

    def __init__(self, camera: Camera, context: Context) -> None:
        self.camera = camera
        self.context = context
        self.folder = context.camera_folder(camera.id)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.events = History(self.folder / "events.jsonl", Event, EVENTS_KEPT)
        self.segments = History(self.folder / "segments.jsonl", Segment, SEGMENTS_KEPT, SEGMENTS_IN_MEMORY)
        self.samples = SampleRing()
        """Of the present worker."""
        self.reports = ReportRing()
        """What ffmpeg counted meanwhile."""
        self.staged: tuple[Staged, ...] = ()
        """What the worker was last found to spend its CPU time on, oldest first."""
        self._reported: Progress | None = None
        self._pictured = 0
        """The last generation of which a frame was reported."""
        self.segments_closed = 0
        """Good ones published since the service started."""
        self.spooling = asyncio.Lock()
        self.unsettled = False
        self.settling = 0
        self.publisher = Publisher(
            context, self._published, self._settled, lambda text: self.note(EventKind.SEGMENT, text)
        )
        self.succession = Succession(self, self._is_outdated)
        self._shape = shape(camera, surroundings(context))
        """Of a worker on the configuration as it was last looked at."""
        self._chores: set[asyncio.Task[None]] = set()
        self.outages = Outages(self)

    @property
    def worker(self) -> Worker:
        """The present one."""
        return self.succession.present

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The present worker first, then who stands beside it."""
        return self.succession.workers

    @property
    def process(self) -> Process | None:
        """Of the present worker."""
        return self.worker.process

    # -- commands ----------------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """What a person last asked for, else what the configuration says."""
        return self.camera.enabled if self.worker.record.wanted is None else self.worker.record.wanted

    def take_over(self, found: Iterable[Process] | None = None) -> None:
        """Adopt the workers an earlier service left, settle what dead ones left, and start if wanted.

        `found` are the live processes with this camera's marker; without it they are looked for.
        """
        found = all_marked(marker(self.context, self.camera.id)) if found is None else found
        processes = sorted(found, key=generation_of)
        identity = self.worker.record.identity
        if not processes and identity is not None and (known := adopt(identity)) is not None:
            processes = [known]
        recalled = None
        if processes:
            self.succession.adopt(processes)
        else:
            recalled = self.worker.recalled()  # before its end is explained, which is noted there
            if identity is not None:
                self.worker.explain_unseen_end()
                self.outages.ended_unseen()
        self.succession.forget_old_files()
        asyncio.get_running_loop().call_soon(self.worker.log.mask_all)  # once all cameras are taken over
        self.settle_leftovers()
        if self.wanted and recalled is not None:
            self.worker.dispatch(ev.Resumed(*recalled))
        elif not self.wanted and processes:
            self.dispatch(ev.Stop())
        if not processes and self.worker.life_path.exists():
            self.worker.remember()  # what was noted of a camera that is not wanted any more is forgotten

    def start(self, by: str) -> None:
        """Record from now on."""
        self._remember(True)
        self.worker.asked_for = True
        self.outages.asked()
        self.note(EventKind.COMMAND, f"start asked for by {by}", cause=GapCause.OPERATOR)
        self.dispatch(ev.Start())

    def stop(self, by: str) -> None:
        """Do not record any more, also not after a restart of the service."""
        self._remember(False)
        self.note(EventKind.COMMAND, f"stop asked for by {by}", cause=GapCause.OFF)
        self.dispatch(ev.Stop(reason=f"stop asked for by {by}"))

    def restart(self, by: str, mode: RestartMode | None = None, *, at_boundary: bool = False) -> None:
        """Replace the present worker by a new one on the best rung, in the configured way unless `mode` names one.

        `at_boundary`: as soon as the open segment is closed.
        """
        self._remember(True)
        self.worker.ask_again = self.worker.asked_for = True
        self.outages.asked()
        text = f"restart asked for by {by}"
        if at_boundary and self.worker.machine.state is State.RECORDING:
            self.succession.replace_at_boundary(text, mode)
            self.note(EventKind.COMMAND, f"{text}, at the end of the open segment")
            return
        self.note(EventKind.COMMAND, text, cause=GapCause.OPERATOR)
        self.succession.replace(text, mode)

    def consequence(self, camera: Camera, around: Surroundings) -> CameraTouch:
        """What `configure` would do with this configuration, in these surroundings. Changes nothing."""
        after = shape(camera, around)
        why = changed_keys(self._shape, after)
        wanted = camera.enabled if camera.enabled != self.camera.enabled else self.wanted  # the newer word counts
        if wanted != self.wanted:
            later = RestartCost.LATER if wanted and self.worker.machine.hold else None
            return CameraTouch(camera.id, Touch.STARTS if wanted else Touch.ENDS, ("enabled",), later)
        if self.worker.machine.state is State.AUTH_FAILED:  # to try it again for anything else may lock the account
            why = tuple(key for key in why if key in LOGIN)
        differs = self._differs(self.succession.successor or self.worker, after, around)
        if not wanted or not (bool(why) if differs is None else differs):
            return CameraTouch(camera.id, Touch.UNTOUCHED)
        return CameraTouch(camera.id, Touch.RESTARTS, why, self._cost(camera, around))

    def configure(self, camera: Camera) -> CameraTouch:
        """Take over a changed configuration; a worker that runs on the old one is replaced. Gives what that does."""
        around, before = surroundings(self.context), self.camera
        found = self.consequence(camera, around)
        after = shape(camera, around)
        if around.ffmpeg is None:
            after[FFMPEG] = self._shape[FFMPEG]  # what was known last
        self.camera, self._shape = camera, after
        if camera.enabled != before.enabled:
            self._remember(None)
        if camera.url != before.url:
            self.worker.save(replace(self.worker.record, one_connection_since=None))
        if not self.wanted:
            self.dispatch(ev.Stop())
        elif found.touch is Touch.STARTS:
            self.dispatch(ev.Start())
        elif found.touch is Touch.RESTARTS:
            keys = f"configuration changed: {', '.join(found.why)}" if found.why else "the configuration is a newer one"
            later = "the worker goes on until a new one may start" if found.cost is RestartCost.LATER else ""
            self.note(EventKind.COMMAND, keys, outcome=later)
            self._renew(found)
        return found

    def dispatch(self, event: ev.Event) -> None:
        """Something that concerns the camera as a whole: stop, start, hold, release."""
        self.succession.dispatch(event)
        if isinstance(event, ev.Release):
            self.publisher.try_again()

    @property
    def awaits_boundary(self) -> bool:
        """The worker is to be replaced at the end of its open segment."""
        return self.succession.awaits_boundary

    def replace_soon(self) -> None:
        """As an earlier service was about to; at the end of the open segment, when it is known to record again."""
        if self.process is not None and self.succession.successor is None and not self._is_outdated():
            self.worker.ask_again = True
            self.succession.replace_at_boundary("restart asked for before the upgrade", None)

    def keep_as_is(self) -> None:
        """The worker runs on the present configuration, whatever the version that started it made of that."""
        present = digest(shape(self.camera, surroundings(self.context)))
        if self.process is not None and self.worker.record.config_digest != present:
            self.worker.save(replace(self.worker.record, config_digest=present))

    def settle_leftovers(self) -> None:
        """See to it that what ended generations left in the spool is settled; the live one is followed by `tick`."""
        self.settling += 1
        self._do_beside(self._settle_leftovers())

    async def finished(self, patience_s: float) -> bool:
        """Wait until there is no worker, then until all it left is settled; False if that cannot be done so soon."""
        await self.succession.over()
        return await self.publisher.drained(patience_s)

    @property
    def unkillable(self) -> bool:
        """A worker did not end after SIGKILL."""
        return any(worker.machine.state is State.UNKILLABLE for worker in self.workers)

    async def retire(self, patience_s: float) -> None:
        """The camera left the configuration: end its worker, settle what it left, forget its password."""
        self._remember(None)
        self.dispatch(ev.Stop(reason="it is not configured any more"))
        await self.finished(patience_s)
        # Else it came back meanwhile, and its next worker is about to read this.
        if all(worker.settled.is_set() for worker in self.workers):
            (self.folder / INPUT_SCRIPT).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of everything; the workers that run go on."""
        self.succession.close()
        for chore in self._chores:
            chore.cancel()
        self.publisher.close()

    def note(self, kind: EventKind, text: str, **evidence: Unpack[Evidence]) -> None:
        """A line for the history of the camera, and for its log."""
        mask, now = self.context.masker.mask, datetime.now(UTC)
        if "measured" in evidence:
            evidence["measured"] = mask(evidence["measured"])
        self.events.add(Event(now, self.camera.id, kind, mask(text), **evidence))
        if kind in (EventKind.HOLD, EventKind.ALARM, EventKind.OFFLINE) and self.worker.machine.state is State.HELD:
            return  # it is so for all cameras, and the service says it once
        # In the log, too: there it stands between ffmpeg's lines, and a camera that never started has no others.
        generation = self.worker.record.generation
        level = LogLevel.WARNING if kind is EventKind.OFFLINE else LogLevel.INFO
        self.context.logbook.add(now, self.camera.id, generation, level, OWN_COMPONENT, mask(text))

    def note_beside(self, kind: EventKind, text: str) -> None:
        """A line for the history of the camera alone: the service says it once, for all that it concerns."""
        self.events.add(Event(datetime.now(UTC), self.camera.id, kind, self.context.masker.mask(text)))

    def newest_segment(self) -> Segment | None:
        """The last one published."""
        return self.segments.newest()

    def published_last(self, count: int) -> tuple[Segment, ...]:
        """At most so many, in the order in which they were recorded. Reads the disk: in a thread."""
        return in_order(self.segments.read(count + FOUND_TOLD))[-count:] if count > 0 else ()

    def found(self, segments: Iterable[Segment]) -> None:
        """They were published, and who did it was killed before it could note that."""
        recent = {segment.path for segment in self.segments.recent()}
        for segment in segments:
            if segment.path not in recent:
                self.segments.add_earlier(segment)

    # -- once a second -----------------------------------------------------------------------------------------------

    def read_logs(self, *, everything: bool) -> None:
        """Take in what the workers logged; unless `everything`, only of those that have much to say."""
        for worker in self.succession.workers:
            if everything or worker.log.busy:
                worker.log.read()

    @property
    def has_more_to_read(self) -> bool:
        """A look at a log is not over."""
        return any(worker.log.unfinished for worker in self.succession.workers)

    def read_on(self) -> None:
        """The next piece of such looks."""
        for worker in self.succession.workers:
            if worker.log.unfinished:
                worker.log.read()

    def read_calm_logs(self) -> None:
        """The same of those that have little to say."""
        for worker in self.succession.workers:
            if not worker.log.busy:
                worker.log.read()

    @property
    def calm(self) -> bool:
        """Nothing is waited for: `tick` every few seconds is enough."""
        return self.succession.is_calm and not self.succession.costs.waiting

    def sample(self, now_s: float, at_s: float) -> None:
        """Take a sample of each worker; of the present one it is kept. `at_s` is what the wall clock says."""
        succession = self.succession
        run = succession.present.run
        if run is not None:
            rates = run.take_sample(now_s, at_s)
            if rates is not None:
                self.samples.add(at_s, *rates)
        if succession.successor is not None or succession.leaving is not None:
            for worker in succession.workers[1:]:
                if worker.run is not None:
                    worker.run.take_sample(now_s, at_s)

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at the workers; the look comes `late_s` later than planned."""
        self.succession.tick(now_s, late_s)
        self.outages.look(now_s)
        run = self.succession.present.run
        if run is not None:
            report = run.progress
            if report is not self._reported:
                self._reported = report
                if report is not None:
                    warnings = self.context.logbook.warnings(self.camera.id)
                    generation = self.worker.record.generation
                    if report.frame > 0 and generation != self._pictured:
                        self._pictured = generation
                        self.context.triage.put(Picture(self.camera.id, time.time()))
                    self.reports.append(self.samples.count, now_s, report, warnings, generation)
        if self.succession.is_to_be_tried(now_s):
            found = self.consequence(self.camera, surroundings(self.context))
            if found.touch is Touch.RESTARTS:
                self._renew(found)

    def saw_stages(self, found: Staged) -> None:
        """Take in what the worker spends its CPU time on."""
        self.staged = (*self.staged, found)[-STAGED_KEPT:]

    def saw_spool(self, worker: Worker, run: Run, view: SpoolView, now_s: float) -> None:
        """Take in what a look at the spool of a worker's run saw."""
        if worker.saw_spool(run, view, now_s):
            self.succession.closed_segment(worker)

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against the present worker now."""
        return self.worker.stall(now_s)

    def look(self, finding: Finding | None, now_s: float) -> Look | None:
        """What is to be known of the present worker beside what the watchdog has against it; None where none runs."""
        worker = self.worker
        if worker.process is None or worker.run is None:
            return None
        return Look(self.camera.id, finding, worker.run.still(now_s), worker.run.closed)

    def replace_stalled(self, finding: Finding, outcome: str = "worker is replaced") -> None:
        """Act on a finding."""
        if finding.cause is GapCause.DAMAGE:
            self.context.storage_due.set()  # it may well be the disk
        self.note(
            EventKind.WATCHDOG,
            finding.rule,
            rule=finding.rule,
            measured=finding.measured,
            threshold=finding.threshold,
            outcome=outcome,
            cause=finding.cause,
        )
        self.worker.dispatch(ev.Stalled(str(finding)))

    def note_held_back(self, finding: Finding, why: str) -> None:
        """The finding stands, but it is no matter of this camera."""
        self.note(
            EventKind.WATCHDOG,
            why,
            rule=finding.rule,
            measured=finding.measured,
            threshold=finding.threshold,
            outcome="held back",
        )

    # -- what workers produce ----------------------------------------------------------------------------------------

    def _published(self, segment: Segment) -> None:
        self.segments.add(segment)
        self.context.published(segment)
        for worker in self.workers:
            if worker.run is not None and segment.generation == worker.record.generation:
                worker.run.closed = worker.run.closed.saw(segment.verdict, segment.reason)
        if segment.verdict is SegmentVerdict.BROKEN:
            self.note(EventKind.SEGMENT, f"segment set aside at {segment.path}: {segment.reason}")
            return
        self.segments_closed += 1
        self.context.triage.put(SegmentClosed(self.camera.id, segment.generation))
        if segment.verdict is SegmentVerdict.PARTIAL:
            self.note(EventKind.SEGMENT, f"interrupted segment kept: {segment.path} ({segment.duration_s:.1f} s)")

    def _settled(self, generation: int) -> None:
        """Nothing of a generation is left in the spool."""
        played = [one for one in self.segments.recent() if one.generation == generation and one.plays]
        if played:
            self.succession.costs.settled(generation, end_of(max(played, key=order)))

    # -- taking over a configuration ---------------------------------------------------------------------------------

    def _renew(self, found: CameraTouch) -> None:
        """Replace a worker that runs on an old configuration, or try again at once where none runs."""
        if found.cost is RestartCost.LATER:
            self.succession.try_later()
            return
        self.worker.ask_again = True
        self.outages.asked()
        self.succession.give_up("the configuration changed again")  # who comes up on the one before this
        self.succession.replace("configuration changed", None, renews=True)

    def _cost(self, camera: Camera, around: Surroundings) -> RestartCost:
        """Of replacing the worker by one of this configuration."""
        if self.process is not None and (self.worker.machine.hold or around.ffmpeg is None):
            return RestartCost.LATER
        if self.worker.machine.state is not State.RECORDING:
            return RestartCost.NOT_RECORDING
        known = self.worker.record.one_connection_since if camera.url == self.camera.url else None
        seamless = self.succession.will_hand_over(camera.restart, known)
        return RestartCost.SEAMLESS if seamless else RestartCost.STOP_FIRST

    def _is_outdated(self) -> bool | None:
        """The worker runs on another configuration than the present one; None: that cannot be told."""
        around = surroundings(self.context)
        return self._differs(self.worker, shape(self.camera, around), around)

    def _differs(self, worker: Worker, after: Mapping[str, Json], around: Surroundings) -> bool | None:
        """Whether a worker runs on another configuration than this; None where there is none, or that cannot be told.

        While ffmpeg is not known, neither is what a new worker would be.
        """
        if worker.process is None or not worker.record.config_digest or around.ffmpeg is None:
            return None
        return worker.record.config_digest != digest(after)

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _settle_leftovers(self) -> None:
        noted = {Path(folder) for folder in (self.context.settings.recordings, self.worker.record.recordings) if folder}
        try:
            await self._settle(noted)
        finally:
            self.settling -= 1

    async def _settle(self, noted: set[Path]) -> None:
        async with self.spooling:
            if not any(worker.process for worker in self.workers) and not slots_are_free(self.folder):
                self.unsettled = True  # somebody we do not know of writes there still
                return
            self.unsettled = False
            for recordings in noted:
                try:
                    look = partial(layout.spooled_generations, recordings, self.camera.id)
                    found = await self.context.leftovers.do(look, LEFTOVERS_LIMIT_S)
                except TimeoutError:
                    self.unsettled = True  # a dead disk, maybe of an earlier configuration
                    continue
                for generation in found:
                    live = {worker.record.generation for worker in self.workers if worker.process is not None}
                    if generation not in live:
                        self.publisher.generation_ended(Spool(recordings, self.camera, generation))

    def _do_beside(self, work: Coroutine[None, None, None]) -> None:
        """Run beside everything else; the loop itself holds its tasks only weakly."""
        chore = asyncio.get_running_loop().create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _remember(self, asked: bool | None) -> None:
        """What a person asked for now; None: what the configuration says."""
        wanted = None if asked == self.camera.enabled else asked
        if wanted == self.worker.record.wanted:
            return
        with contextlib.suppress(OSError):  # a state disk that fails must not keep anybody from being obeyed
            save_wanted(self.folder, wanted)
            BACKGROUND.do(partial(_make_sure_of, self.folder / WANTED))
        self.worker.save(replace(self.worker.record, wanted=wanted))


def _make_sure_of(note: Path) -> None:
    """In the background: have it outlast a power cut."""
    with contextlib.suppress(OSError):
        sync(note)
