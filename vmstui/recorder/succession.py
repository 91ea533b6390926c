"""The workers of one camera: the present one, and for the time of a hand-over another one beside it.

A worker that records is replaced without a hole where the camera allows it: the new one starts beside it, takes its
place once its first keyframe is on disk, and only then the old one is ended. At every instant of that a service may
die: whoever comes next finds both by their markers and goes on. What to do when the new one comes to nothing, and what
a change-over cost, is reckoned in `handover.py`; each worker looks after itself (`worker.py`). Made by `camera.py`,
which says what is to be recorded and how.

Guarantees: never more than two workers; one beside the present one is either its successor or on its way out; who asks
for a replacement that cannot be done now gets it as soon as it can, unless recording is to end meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from vmstui.ffmpeg.exits import ExitKind
from vmstui.model import CameraState as State
from vmstui.model import Changeover, EventKind, Progress, RestartMode
from vmstui.recorder import handover
from vmstui.recorder import machine_events as ev
from vmstui.recorder.handover import Then
from vmstui.recorder.life import life_beside
from vmstui.recorder.marks import generation_of, recovered
from vmstui.recorder.process import Process
from vmstui.recorder.record import WorkerRecord, load_record, load_wanted
from vmstui.recorder.worker import Owner, Worker
from vmstui.recording.gaps import Moment

NOTE, SUCCESSOR, PREDECESSOR = "worker.json", "successor.json", "predecessor.json"
"""Notes of the present worker, of one that is to take its place, and of one whose place was taken."""
CALM_S = 10.0


class Succession:
    """The workers of one camera, one after the other. Runs on the service's event loop, never blocks it."""

    def __init__(self, owner: Owner, outdated: Callable[[], bool]) -> None:
        """`outdated`: whether the present worker runs on another configuration than the camera's."""
        self._owner = owner
        self._outdated = outdated
        record = load_record(owner.folder / NOTE, owner.camera.id)
        record = replace(record, wanted=load_wanted(owner.folder, record.wanted))
        self.present = self._new_worker(record, NOTE)
        self.successor: Worker | None = None
        """Starts beside the present one, to take its place."""
        self.leaving: Worker | None = None
        """Was told to end: its place was taken, or it could not take the place. Not at the same time as a successor."""
        self.changeover: Changeover | None = None
        """Between the present generation and the one before it, once measured."""
        self._reason = ""
        """Why the present worker is being replaced."""
        self._next: tuple[str, RestartMode | None] | None = None
        """Why and how it is to be replaced as soon as nobody is beside it any more."""
        self._at_boundary: tuple[str, RestartMode | None] | None = None
        """The same at the end of its open segment."""
        self._again_at_s: float | None = None
        """At that instant it is to be seen whether it can be replaced, if it is still outdated."""
        self._pushed_out = False
        """The old worker lost its connection while the new one came up: by that one, if it records."""
        self._limit: asyncio.TimerHandle | None = None
        self._ended: tuple[int, Moment] | None = None
        """Generation that was settled last, and the end of its last frame."""
        self._progress: Progress | None = None
        """The last one seen, of whichever run."""
        self._fps = 0.0
        """That the camera sends, of a run that was calm; a new worker's first reports hold what it had to catch up."""
        self._handed_over_to = 0
        self._newest_generation = self.present.record.generation

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The present worker first, then who stands beside it."""
        if self.successor is None and self.leaving is None:  # asked for several times a second
            return (self.present,)
        return tuple(worker for worker in (self.present, self.successor, self.leaving) if worker is not None)

    @property
    def beside(self) -> Worker | None:
        """Who stands beside the present worker, coming or going."""
        return self.successor or self.leaving

    # -- what is asked for -------------------------------------------------------------------------------------------

    def dispatch(self, event: ev.Event) -> None:
        """Something that concerns the camera as a whole: stop, start, hold, release."""
        if isinstance(event, ev.Stop) or (isinstance(event, ev.Hold) and event.end_running):
            self._at_boundary = self._next = self._again_at_s = None
            self.give_up("recording is to end")
        if self.successor is not None and isinstance(event, ev.Hold | ev.Release):
            self.successor.dispatch(event)
        if self._again_at_s is not None and isinstance(event, ev.Release):
            self._again_at_s = 0.0  # it is worth a try now
        self.present.dispatch(event)
        if isinstance(event, ev.Release) and self.leaving is None:
            self._go_on()

    def replace(self, reason: str, mode: RestartMode | None) -> None:
        """Replace the present worker, in the configured way unless `mode` names one: beside it where that can be done,
        else by ending it first."""
        if self.successor is not None:
            return  # a new one is on its way already
        worker, leaving = self.present.machine, self.leaving
        if worker.state is State.RECORDING and leaving is not None and leaving.machine.state is not State.UNKILLABLE:
            self._next = (reason, mode)
            return
        if worker.state is State.RECORDING and worker.hold:
            # Nothing may start now; what records goes on until something may.
            self._next = (reason, mode)
            self._owner.note(EventKind.COMMAND, "the worker is replaced later", measured=worker.hold)
            return
        if not self.may_hand_over(mode):
            self.present.dispatch(ev.Restart(reason))
            return
        self._reason = reason
        before = self.present.record
        self.successor = successor = self._new_worker(replace(before, identity=None, started_at=None), SUCCESSOR)
        successor.asked_for, self.present.asked_for = self.present.asked_for, False
        self._await(successor)
        # A time of trouble is that of the camera, and goes on.
        trouble = ev.Past(unwell_since_s=self.present.machine.unwell_since_s, failing=self.present.machine.failing)
        successor.dispatch(ev.Resumed(0, trouble))

    def replace_at_boundary(self, reason: str, mode: RestartMode | None) -> None:
        """As `replace`, as soon as the open segment is closed."""
        self._at_boundary = (reason, mode)
        self._owner.context.spools_due.set()

    def try_later(self) -> None:
        """`is_to_be_tried` says when."""
        self._again_at_s = asyncio.get_running_loop().time() + handover.RETRY_S

    def is_to_be_tried(self, now_s: float) -> bool:
        """Whether it is time to see if a worker that is outdated can be replaced now; said once."""
        if self._again_at_s is None or now_s < self._again_at_s:
            return False
        self._again_at_s = None
        return True

    def give_up(self, why: str) -> None:
        """The present worker stays; one that was to take its place, if any, does not."""
        if self.successor is not None:
            self._owner.note(EventKind.CHANGEOVER, f"the new worker beside the old one is given up: {why}")
            self._dismiss(self.successor)

    @property
    def awaits_boundary(self) -> bool:
        """The present worker is to be replaced at the end of its open segment."""
        return self._at_boundary is not None

    @property
    def due(self) -> bool:
        """The present worker is about to be replaced, and the new one does not run yet."""
        asked_for = self._at_boundary is not None or self._next is not None or self._again_at_s is not None
        starting = self.successor is not None and self.successor.process is None
        return asked_for or starting or (self.successor is None and self._outdated())

    def may_hand_over(self, mode: RestartMode | None = None) -> bool:
        """Whether the present worker, which records, can be replaced now without a hole."""
        known = self.present.record.one_connection_since
        return self._could_hand_over(mode or self._owner.camera.restart, known) and self.leaving is None

    def will_hand_over(self, mode: RestartMode, one_connection_since: datetime | None) -> bool:
        """The same, as soon as whoever leaves has left, for a camera of which this is configured and known."""
        stuck = self.leaving is not None and self.leaving.machine.state is State.UNKILLABLE
        return self._could_hand_over(mode, one_connection_since) and not stuck

    # -- what workers ask and tell -----------------------------------------------------------------------------------

    def has_company(self, worker: Worker) -> bool:
        """Whether another worker of this camera lives beside this one, and is known to."""
        return any(other is not worker and other.process is not None for other in self.workers)

    def newest_generation(self) -> int:
        """The highest number given to a worker so far, also to one that came to nothing."""
        self._newest_generation = max(self._newest_generation, *(worker.record.generation for worker in self.workers))
        return self._newest_generation

    def burn_generation(self) -> None:
        """The next number is given to nobody."""
        self._newest_generation = self.newest_generation() + 1

    def worker_changed(self, worker: Worker) -> None:
        """Something happened to a worker."""
        if worker is self.successor:
            if worker.machine.state is State.RECORDING:
                self._promote()
            elif worker.machine.state is not State.STARTING or worker.machine.rung > self.present.record.rung:
                self._failed(worker, worker.failure_kind)
        elif worker is self.present and self.successor is not None and worker.process is None:
            self._owner.note(EventKind.CHANGEOVER, "the old worker ended before the new one recorded")
            self._pushed_out = worker.failure_kind in handover.TURNED_AWAY
            self._promote()
        elif worker is self.leaving and worker.settled.is_set():
            self._left()
        elif worker is self.present and self._pushed_out:
            if worker.machine.state is State.RECORDING:
                self._learn_one_connection()
            self._pushed_out = worker.machine.state is State.STARTING

    def closed_segment(self, worker: Worker) -> None:
        """A worker closed its open segment."""
        if worker is self.present and self._at_boundary is not None:
            (reason, mode), self._at_boundary = self._at_boundary, None
            self.replace(reason, mode)

    def settled(self, generation: int, end: Moment) -> None:
        """All that a generation left is published; that is the end of its last frame."""
        self._ended = (generation, end)

    def tick(self, now_s: float, at: datetime, late_s: float) -> None:
        """Look at the workers. `at` is what the wall clock says; the look comes `late_s` later than planned."""
        for worker in self.workers:
            worker.tick(now_s, at, late_s)
        run = self.present.run
        if run is not None and run.progress is not self._progress:
            self._progress = run.progress
            if self._progress is not None and self.present.uptime_s() > CALM_S:
                self._fps = self._progress.fps
        if self._ended is not None and self.present.machine.state is State.RECORDING:
            self._measure(*self._ended)

    # -- coming and going of the service -----------------------------------------------------------------------------

    def adopt(self, processes: list[Process]) -> None:
        """Take over live workers, oldest first: one, or two of a hand-over that a service did not bring to its end."""
        folder, camera = self._owner.folder, self._owner.camera.id
        notes = [load_record(folder / name, camera) for name in (NOTE, SUCCESSOR, PREDECESSOR)]
        first = notes[0]
        wanted, one_since = self.present.record.wanted, self.present.record.one_connection_since

        def note_of(process: Process) -> WorkerRecord:
            matching = (note for note in notes if note.identity == process.identity)
            note = next(matching, None) or recovered(first, process)
            return replace(note, wanted=wanted, one_connection_since=one_since)

        *older, newest = processes
        promoted = first.generation == generation_of(newest)
        if not older or promoted:
            self._note(note_of(newest))
            self.present.take_over(newest)
            if older:
                self.leaving = self._new_worker(note_of(older[-1]), PREDECESSOR)
                self.leaving.take_over(older[-1])
                self.leaving.dispatch(ev.Stop(for_good=True, reason="another worker has taken its place"))
            return
        self._note(note_of(older[-1]))
        self.present.take_over(older[-1])
        self.successor = self._new_worker(note_of(newest), SUCCESSOR)
        self._reason = "a hand-over that an earlier service had begun"
        self._await(self.successor)
        self.successor.take_over(newest)

    def forget_old_files(self) -> None:
        """Notes and progress of workers that are no more."""
        live = {worker.record.generation for worker in self.workers if worker.process is not None}
        with contextlib.suppress(OSError):
            for path in self._owner.folder.glob("progress.*"):
                if path.suffix.removeprefix(".").lstrip("0") not in map(str, live):
                    path.unlink(missing_ok=True)
        if self.successor is None:
            self._forget(SUCCESSOR)
        if self.leaving is None:
            self._forget(PREDECESSOR)

    async def over(self) -> None:
        """Wait until there is no worker, and none is under way."""
        while any(not worker.settled.is_set() for worker in self.workers):
            for worker in self.workers:
                await worker.settled.wait()

    def close(self) -> None:
        """Let go of everything; the workers that run go on."""
        self._clear_limit()
        for worker in self.workers:
            worker.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _new_worker(self, record: WorkerRecord, note: str) -> Worker:
        return Worker(self._owner, self, record, self._owner.folder / note)

    def _could_hand_over(self, mode: RestartMode, one_connection_since: datetime | None) -> bool:
        """As soon as nobody is beside the present worker."""
        machine = self.present.machine
        return (
            mode is RestartMode.SEAMLESS
            and machine.state is State.RECORDING
            and not machine.hold
            and handover.serves_two(one_connection_since, datetime.now(UTC))
        )

    def _await(self, successor: Worker) -> None:
        """It has its time to record."""
        self.present.dispatch(ev.Heir(there=True))
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(handover.LIMIT_S, lambda: self._failed(successor, None))

    def _promote(self) -> None:
        """The new worker takes the place of the old one, which is ended."""
        old, new = self.present, self.successor
        assert new is not None
        self._clear_limit()
        self.present, self.successor, self.leaving = new, None, old
        recorded = new.machine.state is State.RECORDING
        one_since = None if recorded else old.record.one_connection_since
        # In this order: whoever finds both alive goes by the generation in the first note.
        wanted = old.record.wanted
        new.note_path = self._owner.folder / NOTE
        new.save(replace(new.record, wanted=wanted, one_connection_since=one_since))
        new.remember()
        old.note_path = self._owner.folder / PREDECESSOR
        old.save(old.record)
        old.remember()
        self._forget(SUCCESSOR)
        if recorded:
            self._handed_over_to = new.record.generation
            text = f"worker {_pid(new)} (generation {new.record.generation}) records and takes the place of {_pid(old)}"
            self._owner.note(EventKind.CHANGEOVER, text, outcome="the old worker is ended")
        old.dispatch(ev.Stop(for_good=True, reason=f"generation {new.record.generation} took its place"))

    def _failed(self, successor: Worker, kind: ExitKind | None) -> None:
        """It ended for that reason, or (None) recorded nothing in its time."""
        then, refused = handover.after_failure(kind)
        if refused:
            self._learn_one_connection()
        what = f"nothing recorded within {handover.LIMIT_S:.0f} s" if kind is None else f"it ended: {kind}"
        outcome = "the old worker is ended, then a new one starts"
        if then is Then.KEEP:
            outcome = "the old worker goes on"
            if self._outdated():
                self.try_later()
                outcome += f" on the old configuration; tried again in {handover.RETRY_S:.0f} s"
        else:
            self._next = (self._reason, RestartMode.STOP_FIRST)
        self._owner.note(
            EventKind.CHANGEOVER,
            "the new worker beside the old one came to nothing",
            rule="the camera serves one connection at a time" if refused else "hand-over",
            measured=what,
            outcome=outcome,
        )
        self._dismiss(successor)

    def _dismiss(self, successor: Worker) -> None:
        self._newest_generation = max(self._newest_generation, successor.record.generation)
        self._clear_limit()
        self.successor, self.leaving = None, successor
        self.present.dispatch(ev.Heir(there=False))
        successor.dispatch(ev.Stop(for_good=True, reason="it does not take the old worker's place"))

    def _left(self) -> None:
        """Nobody stands beside the present worker any more."""
        worker, self.leaving = self.leaving, None
        assert worker is not None
        worker.close()
        self._forget(worker.note_path.name)
        self._go_on()

    def _go_on(self) -> None:
        if self._next is not None:
            (reason, mode), self._next = self._next, None
            self.replace(reason, mode)

    def _measure(self, before: int, end: Moment) -> None:
        """Once the last frame of the old worker and the first one of the new are known, say what lies between them."""
        run, record = self.present.run, self.present.record
        if before >= record.generation or self.successor is not None or self.leaving is not None:
            return
        if run is None or run.footage_from is None:
            return
        self._ended = None
        seamless = self._handed_over_to == record.generation
        self.changeover = handover.measured(
            before, end, record.generation, run.footage_from, self._fps, datetime.now(UTC), seamless=seamless
        )
        self._owner.note(EventKind.CHANGEOVER, str(self.changeover))

    def _note(self, record: WorkerRecord) -> None:
        if record != self.present.record:  # each note that is written waits for the disk
            self.present.save(record)

    def _learn_one_connection(self) -> None:
        self.present.save(replace(self.present.record, one_connection_since=datetime.now(UTC)))

    def _clear_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _forget(self, name: str) -> None:
        path = self._owner.folder / name
        for each in (path, life_beside(path)):
            with contextlib.suppress(OSError):
                each.unlink(missing_ok=True)


def _pid(worker: Worker) -> str:
    return str(worker.process.pid) if worker.process is not None else "(ended)"
