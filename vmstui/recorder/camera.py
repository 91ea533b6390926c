"""One camera in the recorder: its worker, what the worker produces, and what is known about it.

Commands, the configuration and what all cameras share come in here, and become events of the worker (`worker.py`). A
worker that records is replaced without a hole where the camera allows it: the new one starts beside it, takes its
place once its first keyframe is on disk, and only then the old one is ended. At every instant of that a service may
die: whoever comes next finds both by their markers and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vmstui.codec import Json
from vmstui.ffmpeg.exits import ExitKind
from vmstui.footage import Segment, SegmentVerdict
from vmstui.model import Camera, CameraTouch, Changeover, Event, EventKind, LogLevel, RestartCost, RestartMode, Touch
from vmstui.model import CameraState as State
from vmstui.recorder import handover
from vmstui.recorder import machine_events as ev
from vmstui.recorder.context import Context
from vmstui.recorder.handover import Then
from vmstui.recorder.history import History
from vmstui.recorder.launch import FFMPEG, INPUT_SCRIPT, Surroundings, changed_keys, digest, shape, surroundings
from vmstui.recorder.logbook import OWN_COMPONENT
from vmstui.recorder.process import Process, adopt, all_marked
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WorkerRecord, load_record
from vmstui.recorder.run import Run
from vmstui.recorder.watchdog import Finding
from vmstui.recorder.worker import Worker, generation_of, life_beside, marker, recovered, slots_are_free
from vmstui.recording import layout
from vmstui.recording.spool import SpoolView
from vmstui.telemetry.ring import SampleRing

EVENTS_KEPT = 2000
SEGMENTS_KEPT = 2000
LOGIN = ("url", "username", "password")
"""Keys that are another try worth where the camera refused the password."""
CALM_S = 10.0
NOTE, SUCCESSOR, PREDECESSOR = "worker.json", "successor.json", "predecessor.json"
"""Notes of the present worker, of one that is to take its place, and of one whose place was taken."""


class CameraWorker:
    """A configured camera. Made by the fleet, which calls `take_over` once and then `tick` every second."""

    def __init__(self, camera: Camera, context: Context) -> None:
        self.camera = camera
        self.context = context
        self.folder = context.camera_folder(camera.id)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.events = History(self.folder / "events.jsonl", Event, EVENTS_KEPT)
        self.segments = History(self.folder / "segments.jsonl", Segment, SEGMENTS_KEPT)
        self.samples = SampleRing()
        """Of the present worker."""
        self.segments_closed = 0
        """Good ones published since the service started."""
        self.changeover: Changeover | None = None
        """Between the present generation and the one before it, once measured."""
        self.spooling = asyncio.Lock()
        self.publisher = Publisher(
            context, self._published, self._settled, lambda text: self.note(EventKind.SEGMENT, text)
        )
        self.worker = Worker(self, load_record(self.folder / NOTE, camera.id), self.folder / NOTE)
        self.successor: Worker | None = None
        """Starts beside the worker, to take its place."""
        self.leaving: Worker | None = None
        """Was told to end: its place was taken, or it could not take the place. Not at the same time as a successor."""
        self._reason = ""
        """Why the worker is being replaced."""
        self._next: tuple[str, RestartMode | None] | None = None
        """Why and how the worker is to be replaced as soon as nobody is beside it any more."""
        self._pushed_out = False
        """The old worker lost its connection while the new one came up: by that one, if it records."""
        self._at_boundary: tuple[str, RestartMode | None] | None = None
        self._outdated_until_s: float | None = None
        """The worker runs on an old configuration, which is tried to be changed again at that instant."""
        self._handover_timer: asyncio.TimerHandle | None = None
        self._ended: tuple[int, datetime] | None = None
        """Generation that was settled last, and the instant of its last frame."""
        self._fps = 0.0
        """That the camera sends, of a run that was calm; a new worker's first reports hold what it had to catch up."""
        self._handed_over_to = 0
        self._shape = shape(camera, surroundings(context))
        """Of a worker on the configuration as it was last looked at."""
        self._newest_generation = self.worker.record.generation
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The present worker first, then who stands beside it."""
        if self.successor is None and self.leaving is None:  # asked for several times a second
            return (self.worker,)
        return tuple(worker for worker in (self.worker, self.successor, self.leaving) if worker is not None)

    @property
    def process(self) -> Process | None:
        """Of the present worker."""
        return self.worker.process

    # -- commands ----------------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """What a person last asked for, else what the configuration says."""
        return self.camera.enabled if self.worker.record.wanted is None else self.worker.record.wanted

    @property
    def seamless(self) -> bool:
        """Whether a worker that records now can be replaced without a hole."""
        return self._may_hand_over(None)

    def take_over(self, found: Iterable[Process] | None = None) -> None:
        """Adopt the workers an earlier service left, settle what dead ones left, and start if wanted.

        `found` are the live processes with this camera's marker; without it they are looked for.
        """
        found = all_marked(marker(self.context, self.camera.id)) if found is None else found
        processes = sorted(found, key=generation_of)
        identity = self.worker.record.identity
        if not processes and identity is not None and (known := adopt(identity)) is not None:
            processes = [known]
        failures, past = self.worker.recalled()
        if processes:
            self._adopt(processes)
        elif identity is not None:
            self.worker.explain_unseen_end()
        self._forget_old_files()
        self._do_beside(asyncio.to_thread(self.worker.log.mask_all))
        self.settle_leftovers()
        if self.wanted and not processes:
            self.worker.dispatch(ev.Resumed(failures, past))
        elif not self.wanted and processes:
            self.dispatch(ev.Stop())
        if not processes and self.worker.life_path.exists():
            self.worker.remember()  # what was noted of a camera that is not wanted any more is forgotten

    def start(self, by: str) -> None:
        """Record from now on."""
        self._remember(wanted=True)
        self.worker.asked_for = True
        self.note(EventKind.COMMAND, f"start asked for by {by}")
        self.dispatch(ev.Start())

    def stop(self, by: str) -> None:
        """Do not record any more, also not after a restart of the service."""
        self._remember(wanted=False)
        self.note(EventKind.COMMAND, f"stop asked for by {by}")
        self.dispatch(ev.Stop(reason=f"stop asked for by {by}"))

    def restart(self, by: str, mode: RestartMode | None = None, *, at_boundary: bool = False) -> None:
        """Replace the present worker by a new one on the best rung, in the configured way unless `mode` names one.

        `at_boundary`: as soon as the open segment is closed.
        """
        self._remember(wanted=True)
        self.worker.ask_again = self.worker.asked_for = True
        text = f"restart asked for by {by}"
        if at_boundary and self.worker.machine.state is State.RECORDING:
            self._at_boundary = (text, mode)
            self.context.spools_due.set()
            self.note(EventKind.COMMAND, f"{text}, at the end of the open segment")
            return
        self.note(EventKind.COMMAND, text)
        self._replace(text, mode)

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
        differs = self._differs(self.successor or self.worker, after, around)
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
        record = self.worker.record
        if camera.enabled != before.enabled:
            record = replace(record, wanted=None)
        if camera.url != before.url:
            record = replace(record, one_connection_since=None)
        if record is not self.worker.record:
            self.worker.save(record)
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
        ends = isinstance(event, ev.Stop) or (isinstance(event, ev.Hold) and event.end_running)
        if ends:
            self._at_boundary = self._next = self._outdated_until_s = None
            if self.successor is not None:
                self._give_up_successor("recording is to end")
        if self.successor is not None and isinstance(event, ev.Hold | ev.Release):
            self.successor.dispatch(event)
        if self._outdated_until_s is not None and isinstance(event, ev.Release):
            self._outdated_until_s = 0.0  # it is worth a try now
        self.worker.dispatch(event)
        if isinstance(event, ev.Release) and self.leaving is None:
            self._go_on_replacing()

    @property
    def awaits_boundary(self) -> bool:
        """The worker is to be replaced at the end of its open segment."""
        return self._at_boundary is not None

    @property
    def due(self) -> bool:
        """The worker is about to be replaced, and the new one does not run yet."""
        asked_for = self._at_boundary is not None or self._next is not None or self._outdated_until_s is not None
        starting = self.successor is not None and self.successor.process is None
        return asked_for or starting or (self.successor is None and self._runs_on_another_configuration())

    def replace_soon(self) -> None:
        """As an earlier service was about to; at the end of the open segment, when it is known to record again."""
        if self.process is not None and self.successor is None and not self._runs_on_another_configuration():
            self.worker.ask_again = True
            self._at_boundary = ("restart asked for before the upgrade", None)
            self.context.spools_due.set()

    def keep_as_is(self) -> None:
        """The worker runs on the present configuration, whatever the version that started it made of that."""
        present = digest(shape(self.camera, surroundings(self.context)))
        if self.process is not None and self.worker.record.config_digest != present:
            self.worker.save(replace(self.worker.record, config_digest=present))

    def settle_leftovers(self) -> None:
        """See to it that what ended generations left in the spool is settled; the live one is followed by `tick`."""
        self._do_beside(self._settle_leftovers())

    async def finished(self, patience_s: float) -> bool:
        """Wait until there is no worker, then until all it left is settled; False if that cannot be done so soon."""
        while any(not worker.settled.is_set() for worker in self.workers):
            for worker in self.workers:
                await worker.settled.wait()
        return await self.publisher.drained(patience_s)

    @property
    def unkillable(self) -> bool:
        """A worker did not end after SIGKILL."""
        return any(worker.machine.state is State.UNKILLABLE for worker in self.workers)

    async def retire(self, patience_s: float) -> None:
        """The camera left the configuration: end its worker, settle what it left, forget its password."""
        self.worker.save(replace(self.worker.record, wanted=None))
        self.dispatch(ev.Stop(reason="it is not configured any more"))
        await self.finished(patience_s)
        # Else it came back meanwhile, and its next worker is about to read this.
        if all(worker.settled.is_set() for worker in self.workers):
            (self.folder / INPUT_SCRIPT).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of everything; the workers that run go on."""
        self._clear_handover_timer()
        for worker in self.workers:
            worker.close()
        for chore in self._chores:
            chore.cancel()
        self.publisher.close()

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        """A line for the history of the camera, and for its log."""
        mask, now = self.context.masker.mask, datetime.now(UTC)
        self.events.add(Event(now, self.camera.id, kind, mask(text), rule, mask(measured), threshold, outcome))
        if kind in (EventKind.HOLD, EventKind.ALARM) and self.worker.machine.state is State.HELD:
            return  # it is so for all cameras, and the service says it once
        # In the log, too: there it stands between ffmpeg's lines, and a camera that never started has no others.
        generation = self.worker.record.generation
        self.context.logbook.add(now, self.camera.id, generation, LogLevel.INFO, OWN_COMPONENT, mask(text))

    def newest_segment(self) -> Segment | None:
        """The last one published."""
        return self.segments.newest()

    # -- once a second -----------------------------------------------------------------------------------------------

    def read_logs(self, *, everything: bool) -> None:
        """Take in what the workers logged; unless `everything`, only of those that have much to say."""
        for worker in self.workers:
            if everything or worker.log.busy:
                worker.log.read()

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at the workers. `late_s` is how much later than planned this look comes."""
        for worker in self.workers:
            worker.tick(now_s, late_s)
        run = self.worker.run
        if run is not None and run.sample is not None:
            self.samples.append(run.sample)
        if run is not None and run.progress is not None and self.worker.uptime_s() > CALM_S:
            self._fps = run.progress.fps
        if self._ended is not None and self.worker.machine.state is State.RECORDING:
            self._measure(*self._ended)
        if self._outdated_until_s is not None and now_s >= self._outdated_until_s:
            self._outdated_until_s = None
            found = self.consequence(self.camera, surroundings(self.context))
            if found.touch is Touch.RESTARTS:
                self._renew(found)

    def saw_spool(self, worker: Worker, run: Run, view: SpoolView, now_s: float) -> None:
        """Take in what a look at the spool of a worker's run saw."""
        closed = worker.saw_spool(run, view, now_s)
        if closed and worker is self.worker and self._at_boundary is not None:
            (reason, mode), self._at_boundary = self._at_boundary, None
            self._replace(reason, mode)

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against the present worker now."""
        return self.worker.stall(now_s)

    def replace_stalled(self, finding: Finding) -> None:
        """Act on a finding."""
        self.note(
            EventKind.WATCHDOG,
            finding.rule,
            rule=finding.rule,
            measured=finding.measured,
            threshold=finding.threshold,
            outcome="worker is replaced",
        )
        self.worker.dispatch(ev.Stalled(str(finding)))

    # -- replacing a worker ------------------------------------------------------------------------------------------

    def has_company(self, worker: Worker) -> bool:
        """Whether another worker of this camera lives beside this one, and is known to."""
        return any(other is not worker and other.process is not None for other in self.workers)

    def newest_generation(self) -> int:
        """The highest number given to a worker so far, also to one that came to nothing."""
        self._newest_generation = max(self._newest_generation, *(worker.record.generation for worker in self.workers))
        return self._newest_generation

    def worker_changed(self, worker: Worker) -> None:
        """Something happened to a worker."""
        if worker is self.successor:
            if worker.machine.state is State.RECORDING:
                self._promote()
            elif worker.machine.state is not State.STARTING or worker.machine.rung > self.worker.record.rung:
                self._successor_failed(worker.failure_kind)
        elif worker is self.worker and self.successor is not None and worker.process is None:
            self.note(EventKind.CHANGEOVER, "the old worker ended before the new one recorded")
            self._pushed_out = worker.failure_kind in handover.TURNED_AWAY
            self._promote()
        elif worker is self.leaving and worker.settled.is_set():
            self._left()
        elif worker is self.worker and self._pushed_out:
            if worker.machine.state is State.RECORDING:
                self._learn_one_connection()
            self._pushed_out = worker.machine.state is State.STARTING

    def _renew(self, found: CameraTouch) -> None:
        """Replace a worker that runs on an old configuration, or try again at once where none runs."""
        if found.cost is RestartCost.LATER:
            self._outdated_until_s = asyncio.get_running_loop().time() + handover.RETRY_S
            return
        self.worker.ask_again = True
        if self.successor is not None:  # it comes up on the configuration before this one
            self._give_up_successor("the configuration changed again")
        self._replace("configuration changed", None)

    def _cost(self, camera: Camera, around: Surroundings) -> RestartCost:
        """Of replacing the worker by one of this configuration."""
        if self.process is not None and (self.worker.machine.hold or around.ffmpeg is None):
            return RestartCost.LATER
        if self.worker.machine.state is not State.RECORDING:
            return RestartCost.NOT_RECORDING
        stuck = self.leaving is not None and self.leaving.machine.state is State.UNKILLABLE
        known = self.worker.record.one_connection_since if camera.url == self.camera.url else None
        seamless = self._could_hand_over(camera.restart, known) and not stuck
        return RestartCost.SEAMLESS if seamless else RestartCost.STOP_FIRST

    def _replace(self, reason: str, mode: RestartMode | None) -> None:
        """Replace the worker: beside it where that can be done, else by ending it first."""
        if self.successor is not None:
            return  # a new one is on its way already
        worker, leaving = self.worker.machine, self.leaving
        if worker.state is State.RECORDING and leaving is not None and leaving.machine.state is not State.UNKILLABLE:
            self._next = (reason, mode)
            return
        if worker.state is State.RECORDING and worker.hold:
            # Nothing may start now; what records goes on until something may.
            self._next = (reason, mode)
            self.note(EventKind.COMMAND, "the worker is replaced later", measured=worker.hold)
            return
        if not self._may_hand_over(mode):
            self.worker.dispatch(ev.Restart(reason))
            return
        self._reason = reason
        before = self.worker.record
        record = replace(before, identity=None, started_at=None)
        self.successor = successor = Worker(self, record, self.folder / SUCCESSOR)
        successor.asked_for, self.worker.asked_for = self.worker.asked_for, False
        self.worker.dispatch(ev.Heir(there=True))
        self._limit_handover()
        # A time of trouble is that of the camera, and goes on.
        trouble = ev.Past(unwell_since_s=self.worker.machine.unwell_since_s, failing=self.worker.machine.failing)
        successor.dispatch(ev.Resumed(0, trouble))

    def _may_hand_over(self, mode: RestartMode | None) -> bool:
        known = self.worker.record.one_connection_since
        return self._could_hand_over(mode or self.camera.restart, known) and self.leaving is None

    def _could_hand_over(self, mode: RestartMode, one_connection_since: datetime | None) -> bool:
        """As soon as nobody is beside the worker."""
        machine = self.worker.machine
        return (
            mode is RestartMode.SEAMLESS
            and machine.state is State.RECORDING
            and not machine.hold
            and handover.serves_two(one_connection_since, datetime.now(UTC))
        )

    def _limit_handover(self) -> None:
        loop = asyncio.get_running_loop()
        self._handover_timer = loop.call_later(handover.LIMIT_S, lambda: self._successor_failed(None))

    def _promote(self) -> None:
        """The new worker takes the place of the old one, which is ended."""
        old, new = self.worker, self.successor
        assert new is not None
        self._clear_handover_timer()
        self.worker, self.successor, self.leaving = new, None, old
        recorded = new.machine.state is State.RECORDING
        one_since = None if recorded else old.record.one_connection_since
        # In this order: whoever finds both alive goes by the generation in the first note.
        wanted = old.record.wanted
        new.note_path = self.folder / NOTE
        new.save(replace(new.record, wanted=wanted, one_connection_since=one_since))
        new.remember()
        old.note_path = self.folder / PREDECESSOR
        old.save(old.record)
        old.remember()
        self._forget(SUCCESSOR)
        if recorded:
            self._handed_over_to = new.record.generation
            text = f"worker {_pid(new)} (generation {new.record.generation}) records and takes the place of {_pid(old)}"
            self.note(EventKind.CHANGEOVER, text, outcome="the old worker is ended")
        old.dispatch(ev.Stop(for_good=True, reason=f"generation {new.record.generation} took its place"))

    def _successor_failed(self, kind: ExitKind | None) -> None:
        then, refused = handover.after_failure(kind)
        if refused:
            self._learn_one_connection()
        what = f"nothing recorded within {handover.LIMIT_S:.0f} s" if kind is None else f"it ended: {kind}"
        outcome = "the old worker is ended, then a new one starts"
        if then is Then.KEEP:
            outcome = "the old worker goes on"
            if self._runs_on_another_configuration():
                self._outdated_until_s = asyncio.get_running_loop().time() + handover.RETRY_S
                outcome += f" on the old configuration; tried again in {handover.RETRY_S:.0f} s"
        else:
            self._next = (self._reason, RestartMode.STOP_FIRST)
        self.note(
            EventKind.CHANGEOVER,
            "the new worker beside the old one came to nothing",
            rule="the camera serves one connection at a time" if refused else "hand-over",
            measured=what,
            outcome=outcome,
        )
        self._dismiss_successor()

    def _give_up_successor(self, why: str) -> None:
        self.note(EventKind.CHANGEOVER, f"the new worker beside the old one is given up: {why}")
        self._dismiss_successor()

    def _dismiss_successor(self) -> None:
        successor, self.successor = self.successor, None
        assert successor is not None
        self._newest_generation = max(self._newest_generation, successor.record.generation)
        self._clear_handover_timer()
        self.leaving = successor
        self.worker.dispatch(ev.Heir(there=False))
        successor.dispatch(ev.Stop(for_good=True, reason="it does not take the old worker's place"))

    def _left(self) -> None:
        """Nobody stands beside the worker any more."""
        worker, self.leaving = self.leaving, None
        assert worker is not None
        worker.close()
        self._forget(worker.note_path.name)
        self._go_on_replacing()

    def _go_on_replacing(self) -> None:
        if self._next is not None:
            (reason, mode), self._next = self._next, None
            self._replace(reason, mode)

    def _adopt(self, processes: list[Process]) -> None:
        """Take over live workers, oldest first: one, or two of a hand-over that a service did not bring to its end."""
        notes = [load_record(self.folder / name, self.camera.id) for name in (NOTE, SUCCESSOR, PREDECESSOR)]
        first = notes[0]

        def note_of(process: Process) -> WorkerRecord:
            matching = (note for note in notes if note.identity == process.identity)
            note = next(matching, None) or recovered(first, process)
            return replace(note, wanted=first.wanted, one_connection_since=first.one_connection_since)

        *older, newest = processes
        promoted = first.generation == generation_of(newest)
        if not older or promoted:
            self._note(note_of(newest))
            self.worker.take_over(newest)
            if older:
                self.leaving = Worker(self, note_of(older[-1]), self.folder / PREDECESSOR)
                self.leaving.take_over(older[-1])
                self.leaving.dispatch(ev.Stop(for_good=True, reason="another worker has taken its place"))
            return
        self._note(note_of(older[-1]))
        self.worker.take_over(older[-1])
        self.successor = Worker(self, note_of(newest), self.folder / SUCCESSOR)
        self._reason = "a hand-over that an earlier service had begun"
        self.worker.dispatch(ev.Heir(there=True))
        self._limit_handover()
        self.successor.take_over(newest)

    def _note(self, record: WorkerRecord) -> None:
        if record != self.worker.record:  # each note that is written waits for the disk
            self.worker.save(record)

    def _learn_one_connection(self) -> None:
        self.worker.save(replace(self.worker.record, one_connection_since=datetime.now(UTC)))

    def _clear_handover_timer(self) -> None:
        if self._handover_timer is not None:
            self._handover_timer.cancel()
            self._handover_timer = None

    # -- what workers produce ----------------------------------------------------------------------------------------

    def _published(self, segment: Segment) -> None:
        self.segments.add(segment)
        if segment.verdict is SegmentVerdict.BROKEN:
            self.note(EventKind.SEGMENT, f"segment set aside at {segment.path}: {segment.reason}")
            return
        self.segments_closed += 1
        for worker in self.workers:
            if worker.run is not None and segment.generation == worker.record.generation:
                worker.run.good_segments += 1
        if segment.verdict is SegmentVerdict.PARTIAL:
            self.note(EventKind.SEGMENT, f"interrupted segment kept: {segment.path} ({segment.duration_s:.1f} s)")

    def _settled(self, generation: int) -> None:
        """Nothing of a generation is left in the spool."""
        good = (entry for entry in self.segments.recent() if entry.verdict is not SegmentVerdict.BROKEN)
        ends = [s.started_at + timedelta(seconds=s.duration_s) for s in good if s.generation == generation]
        if ends:
            self._ended = (generation, max(ends))

    def _measure(self, before: int, ended_at: datetime) -> None:
        """Once the last frame of the old worker and the first one of the new are known, say what lies between them."""
        run, record = self.worker.run, self.worker.record
        if before >= record.generation or self.successor is not None or self.leaving is not None:
            return
        if run is None or run.footage_from is None:
            return
        self._ended = None
        seamless = self._handed_over_to == record.generation
        self.changeover = handover.measured(
            before, ended_at, record.generation, run.footage_from, self._fps, datetime.now(UTC), seamless=seamless
        )
        self.note(EventKind.CHANGEOVER, str(self.changeover))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _runs_on_another_configuration(self) -> bool:
        around = surroundings(self.context)
        return self._differs(self.worker, shape(self.camera, around), around) is True

    def _differs(self, worker: Worker, after: Mapping[str, Json], around: Surroundings) -> bool | None:
        """Whether a worker runs on another configuration than this; None where there is none, or that cannot be told.

        While ffmpeg is not known, neither is what a new worker would be.
        """
        if worker.process is None or not worker.record.config_digest or around.ffmpeg is None:
            return None
        return worker.record.config_digest != digest(after)

    async def _settle_leftovers(self) -> None:
        noted = {Path(folder) for folder in (self.context.settings.recordings, self.worker.record.recordings) if folder}
        async with self.spooling:
            if not any(worker.process for worker in self.workers) and not slots_are_free(self.folder):
                self.worker.unsettled = True  # somebody we do not know of writes there still
                return
            for recordings in noted:
                for generation in await asyncio.to_thread(layout.spooled_generations, recordings, self.camera.id):
                    live = {worker.record.generation for worker in self.workers if worker.process is not None}
                    if generation not in live:
                        self.publisher.generation_ended(Spool(recordings, self.camera, generation))

    def _do_beside(self, work: Coroutine[None, None, None]) -> None:
        """Run beside everything else; the loop itself holds its tasks only weakly."""
        chore = asyncio.get_running_loop().create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _remember(self, *, wanted: bool) -> None:
        self.worker.save(replace(self.worker.record, wanted=None if wanted == self.camera.enabled else wanted))

    def _forget_old_files(self) -> None:
        """Notes and progress of workers that are no more."""
        live = {worker.record.generation for worker in self.workers if worker.process is not None}
        with contextlib.suppress(OSError):
            for path in self.folder.glob("progress.*"):
                if path.suffix.removeprefix(".").lstrip("0") not in map(str, live):
                    path.unlink(missing_ok=True)
        if self.successor is None:
            self._forget(SUCCESSOR)
        if self.leaving is None:
            self._forget(PREDECESSOR)

    def _forget(self, name: str) -> None:
        for path in (self.folder / name, life_beside(self.folder / name)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _pid(worker: Worker) -> str:
    return str(worker.process.pid) if worker.process is not None else "(ended)"
