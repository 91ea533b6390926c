"""The workers of one camera: the present one, and for the time of a hand-over another one beside it.

A worker that records is replaced without a hole where the camera allows it: the new one starts beside it, takes its
place once its first keyframe is on disk, and only then the old one is ended. At every instant of that a service may
die: whoever comes next finds both by their markers and goes on. What to do when the new one comes to nothing, and what
a change-over cost, is reckoned in `handover.py`; each worker looks after itself (`worker.py`). Made by `camera.py`,
which says what is to be recorded and how.

Guarantees: never more than two workers; one beside the present one is either its successor or on its way out; who asks
for a replacement that cannot be done now gets it as soon as it can, unless recording is to end meanwhile or the present
worker ends by itself: then another one comes anyway, and nobody asked for one more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from vmstui.configured import RestartMode
from vmstui.ffmpeg.exits import ExitKind
from vmstui.ffmpeg.plan import PlanError, plans
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import handover
from vmstui.recorder import machine_events as ev
from vmstui.recorder.costs import Costs
from vmstui.recorder.handover import Then, Wish, Witness
from vmstui.recorder.leftovers_again import LeftoversAgain
from vmstui.recorder.life import forget_worker
from vmstui.recorder.process import Process
from vmstui.recorder.record import WorkerRecord, load_record, load_wanted
from vmstui.recorder.worker import Owner, Worker
from vmstui.recorder.worker_notes import NOTE, PREDECESSOR, SUCCESSOR, Notes, forget_others


class Succession:
    """The workers of one camera, one after the other. Runs on the service's event loop, never blocks it."""

    def __init__(self, owner: Owner, outdated: Callable[[], bool | None]) -> None:
        """`outdated`: whether the present worker runs on another configuration than the camera's; None: not known."""
        self._owner = owner
        self._outdated = outdated
        record = load_record(owner.folder / NOTE, owner.camera.id)
        record = replace(record, wanted=load_wanted(owner.folder, record.wanted))
        self.present = self._new_worker(record, NOTE)
        self.successor: Worker | None = None
        """Starts beside the present one, to take its place."""
        self.leaving: Worker | None = None
        """Was told to end: its place was taken, or it could not take the place. Not at the same time as a successor."""
        self.costs = Costs()
        self._wish = Wish("", None)
        """Why the present worker is being replaced."""
        self._next: Wish | None = None
        """It is to be replaced as soon as nobody is beside it any more, nothing is amiss, and its turn has come."""
        self._at_boundary: Wish | None = None
        """The same at the end of its open segment."""
        self._retry: tuple[float, Wish] | None = None
        """The same at that instant."""
        self._turn = owner.context.handovers.place(self._turn_came)
        self._witness: Witness | None = None
        """While a new worker is about to connect, and a while after that failed."""
        self._again_at_s: float | None = None
        """At that instant it is to be seen whether it can be replaced, if it is still outdated."""
        self._pushed_out = False
        """The old worker lost its connection while the new one came up: by that one, if it records."""
        self._limit: asyncio.TimerHandle | None = None
        self._newest_generation = self.present.record.generation
        self._leftovers = LeftoversAgain()
        self.is_calm = False
        """The present worker records alone as it has for a while: `tick` may come less often. Until a worker changes.
        """

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
            self._again_at_s = None
            self._give_up("recording is to end", instead=None)
            self._forget_wishes()
        if self.successor is not None and isinstance(event, ev.Hold | ev.Release):
            self.successor.dispatch(event)
        if self._again_at_s is not None and isinstance(event, ev.Release):
            self._again_at_s = 0.0  # it is worth a try now
        self.present.dispatch(event)
        if isinstance(event, ev.Release) and self.leaving is None:
            self._go_on()

    def replace(self, reason: str, mode: RestartMode | None, *, renews: bool = False) -> None:
        """Replace the present worker, in the configured way unless `mode` names one: beside it where that can be done,
        when its turn has come, else by ending it first. `renews`: only as long as it is outdated."""
        self._fulfil(Wish(reason, mode, renews))

    def _fulfil(self, wish: Wish) -> None:
        if wish.renews and any(not other.renews for other in self._open_wishes):
            wish = replace(wish, renews=False)  # somebody asked for it whatever it runs on
        self._at_boundary = self._retry = None  # whoever comes now, it is done with
        if self.successor is not None:  # a new one is on its way already
            self._wish = replace(self._wish, renews=self._wish.renews and wish.renews)
            return
        self._next = self._witness = None
        worker, leaving = self.present.machine, self.leaving
        if worker.state is State.RECORDING and leaving is not None and leaving.machine.state is not State.UNKILLABLE:
            self._next = wish
            return
        if worker.state is State.RECORDING and worker.hold:
            # Nothing may start now; what records goes on until something may.
            self._next = wish
            self._need_no_turn()
            self._owner.note(EventKind.COMMAND, "the worker is replaced later", measured=worker.hold)
            return
        if wish.renews and self._outdated() is False:
            self._need_no_turn()
            return
        if not self.may_hand_over(wish.mode):
            self._need_no_turn()
            self.present.dispatch(ev.Restart(wish.reason))
            return
        if not self._is_our_turn():
            self._next = wish
            return
        self._wish = wish
        self._witness = self._new_witness()
        before = self.present.record
        self.successor = successor = self._new_worker(replace(before, identity=None, started_at=None), SUCCESSOR)
        successor.asked_for, self.present.asked_for = self.present.asked_for, False
        self.present.dispatch(ev.Heir(there=True))
        # A time of trouble is that of the camera, and goes on.
        trouble = ev.Past(unwell_since_s=self.present.machine.unwell_since_s, failing=self.present.machine.failing)
        successor.dispatch(ev.Resumed(0, trouble))

    def replace_at_boundary(self, reason: str, mode: RestartMode | None) -> None:
        """As `replace`, as soon as the open segment is closed."""
        self._at_boundary = Wish(reason, mode)
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
        """The present worker stays; one that was to take its place, if any, does not: another one may."""
        self._give_up(why, instead=None if self._wish.renews else self._wish)

    @property
    def awaits_boundary(self) -> bool:
        """The present worker is to be replaced at the end of its open segment."""
        return self._at_boundary is not None

    @property
    def due(self) -> bool:
        """The present worker is about to be replaced, and the new one does not run yet."""
        asked_for = bool(self._open_wishes) or self._again_at_s is not None
        starting = self.successor is not None and self.successor.process is None
        return asked_for or starting or (self.successor is None and self._outdated() is True)

    @property
    def waits(self) -> str:
        """Why the present worker is not being replaced yet, where it waits for its turn; else empty."""
        before = self._turn.before
        return "" if before is None else f"to be replaced, waits for its turn ({before} before it)"

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

    def is_present(self, worker: Worker) -> bool:
        """Whether it is the one that records the camera, or is to."""
        return worker is self.present

    def newest_generation(self) -> int:
        """The highest number given to a worker so far, also to one that came to nothing."""
        self._newest_generation = max(self._newest_generation, *(worker.record.generation for worker in self.workers))
        return self._newest_generation

    def burn_generation(self) -> None:
        """The next number is given to nobody."""
        self._newest_generation = self.newest_generation() + 1

    def worker_changed(self, worker: Worker) -> None:
        """Something happened to a worker."""
        self.is_calm = False
        if worker is self.successor:
            if worker.process is not None and self._limit is None:  # it is not to blame for what came before
                limit_s = handover.LIMIT_S
                self._limit = asyncio.get_running_loop().call_later(limit_s, lambda: self._failed(worker, None))
            if worker.machine.state is State.RECORDING:
                self._promote()
            elif worker.machine.state is not State.STARTING or worker.machine.rung > self.present.record.rung:
                self._failed(worker, worker.failure_kind)
        elif worker is self.present and self.successor is not None and worker.process is None:
            self._owner.note(EventKind.CHANGEOVER, "the old worker ended before the new one recorded")
            connected = self.successor.process is not None
            self._pushed_out = connected and worker.failure_kind in handover.TURNED_AWAY
            self._promote()
        elif worker is self.leaving:
            if worker.settled.is_set():
                self._left()
            elif worker.machine.state is State.UNKILLABLE:
                self._turn.leave()  # it may stay for good
        elif worker is self.present and self.successor is None:
            self._present_changed(worker)

    def _present_changed(self, worker: Worker) -> None:
        """No new one is beside it."""
        if worker.process is None or worker.machine.state in (State.STALLED, State.STOPPING):
            self._forget_wishes()
        if self._pushed_out:
            if worker.machine.state is State.RECORDING:
                self._learn_one_connection()
            self._pushed_out = worker.machine.state is State.STARTING

    def closed_segment(self, worker: Worker) -> None:
        """A worker closed its open segment."""
        if worker is self.present and self._at_boundary is not None:
            self._fulfil(self._at_boundary)

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at the workers; the look comes `late_s` later than planned."""
        for worker in self.workers:
            worker.tick(now_s, late_s)
        self._look_after_wishes(now_s)
        # Not while one is being started: its folder is still empty, and must not be taken for one that was left.
        unsettled = self._owner.unsettled
        starting = unsettled and any(one.process is None and not one.settled.is_set() for one in self.workers)
        if not self._owner.settling and self._leftovers.due(now_s, unsettled=unsettled, free=not starting):
            self._owner.settle_leftovers()
        cost = self.costs.look(self.present, alone=self.beside is None)
        if cost is not None:
            self._owner.note(EventKind.CHANGEOVER, str(cost))
        self.is_calm = self._now_calm()

    # -- coming and going of the service -----------------------------------------------------------------------------

    def adopt(self, processes: list[Process]) -> None:
        """Take over live workers, oldest first: one, or two of a hand-over that a service did not bring to its end."""
        known = self.present.record
        notes = Notes(self._owner.folder, known)
        *older, newest = processes
        if not older or notes.is_present(newest):
            self._note(notes.of(newest, known))
            self.present.take_over(newest)
            if older:
                self._turn.take(encodes=self._encodes())
                self.leaving = self._new_worker(notes.of(older[-1], known), PREDECESSOR)
                self.leaving.take_over(older[-1])
                self.leaving.dispatch(ev.Stop(for_good=True, reason="another worker has taken its place"))
            return
        self._note(notes.of(older[-1], known))
        self.present.take_over(older[-1])
        self.successor = self._new_worker(notes.of(newest, known), SUCCESSOR)
        self._turn.take(encodes=self._encodes())
        self._wish = Wish("a hand-over that an earlier service had begun", None)
        self._witness = self._new_witness()
        self.present.dispatch(ev.Heir(there=True))
        self.successor.take_over(newest)

    def forget_old_files(self) -> None:
        """Notes and progress of workers that are no more."""
        live = {worker.record.generation for worker in self.workers if worker.process is not None}
        successor, predecessor = self.successor is not None, self.leaving is not None
        forget_others(self._owner.folder, live, successor=successor, predecessor=predecessor)

    async def over(self) -> None:
        """Wait until there is no worker, and none is under way."""
        while any(not worker.settled.is_set() for worker in self.workers):
            for worker in self.workers:
                await worker.settled.wait()

    def close(self) -> None:
        """Let go of everything; the workers that run go on."""
        self._clear_limit()
        self._turn.leave()
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

    def _give_up(self, why: str, *, instead: Wish | None) -> None:
        """`instead` is fulfilled as soon as the new one is gone, which may be at once."""
        if self.successor is not None:
            self._owner.note(EventKind.CHANGEOVER, f"the new worker beside the old one is given up: {why}")
            self._witness, self._next = None, instead
            self._dismiss(self.successor)

    def _promote(self) -> None:
        """The new worker takes the place of the old one, which is ended."""
        old, new = self.present, self.successor
        assert new is not None
        self._clear_limit()
        self._at_boundary = self._next = self._retry = self._witness = None
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
        forget_worker(self._owner.folder / SUCCESSOR)
        if recorded:
            self.costs.handed_over(new.record.generation)
            text = f"worker {_pid(new)} (generation {new.record.generation}) records and takes the place of {_pid(old)}"
            self._owner.note(EventKind.CHANGEOVER, text, outcome="the old worker is ended")
        old.dispatch(ev.Stop(for_good=True, reason=f"generation {new.record.generation} took its place"))

    def _failed(self, successor: Worker, kind: ExitKind | None) -> None:
        """It ended for that reason, or (None) recorded nothing in its time."""
        then, refused = handover.after_failure(kind)
        what = f"nothing recorded within {handover.LIMIT_S:.0f} s" if kind is None else f"it ended: {kind}"
        outcome = "the old worker is ended, then a new one starts"
        witness, self._witness = self._witness, None
        if refused and witness is not None:
            outcome = "the old worker goes on; whether the network is to blame, it will tell"
            now_s = asyncio.get_running_loop().time()
            self._witness = replace(self._seen(witness, now_s), failed_s=now_s)
        elif then is Then.KEEP:
            outcome = "the old worker goes on"
            if self._outdated():
                self.try_later()
                outcome += f" on the old configuration; tried again in {handover.RETRY_S:.0f} s"
        else:
            self._next = replace(self._wish, mode=RestartMode.STOP_FIRST)
        text = "the new worker beside the old one came to nothing"
        self._owner.note(EventKind.CHANGEOVER, text, rule="hand-over", measured=what, outcome=outcome)
        self._dismiss(successor)

    # -- what is to be done later ------------------------------------------------------------------------------------

    def _look_after_wishes(self, now_s: float) -> None:
        if self._witness is not None:
            self._hear_witness(self._witness, now_s)
        if self._retry is not None and now_s >= self._retry[0]:
            self._fulfil(self._retry[1])

    def _now_calm(self) -> bool:
        present, run = self.present, self.present.run
        return (
            run is not None
            and not run.young
            and present.machine.state is State.RECORDING
            and not present.troubled
            and self.beside is None
            and self._witness is None
        )

    @property
    def _is_in_doubt(self) -> bool:
        """A new worker could not connect, and it is not known yet what that says about the camera."""
        return self._witness is not None and self._witness.failed_s is not None

    def _new_witness(self) -> Witness:
        now_s, run = asyncio.get_running_loop().time(), self.present.run
        return Witness.called(now_s, run.out_time_s(now_s) if run is not None else 0.0)

    def _seen(self, witness: Witness, now_s: float) -> Witness:
        run = self.present.run
        return witness if run is None else witness.saw(now_s, run.out_time_s(now_s), self.costs.fps)

    def _hear_witness(self, witness: Witness, now_s: float) -> None:
        """Look whether the present worker goes on. Once that is known of the time when another one could not connect,
        it is known what to make of it."""
        self._witness = witness = self._seen(witness, now_s)
        steady = witness.verdict(now_s, self.costs.fps)
        if steady is None:
            return
        wish, self._witness = self._wish, None
        if steady:
            self._learn_one_connection()
            outcome = "the old worker is ended, then a new one starts"
        else:
            self._retry = (now_s + handover.RETRY_S, wish)
            outcome = f"nothing is learnt of the camera; tried again in {handover.RETRY_S:.0f} s"
        self._owner.note(
            EventKind.CHANGEOVER,
            f"the old worker {'recorded all the while' if steady else 'was without pictures, too'}",
            rule="the camera serves one connection at a time" if steady else "the network was gone for a moment",
            measured=f"{now_s - witness.steady_since_s:.0f} s without a break",
            threshold=f"{handover.break_s(self.costs.fps):g} s are one",
            outcome=outcome,
        )
        if steady:
            self._fulfil(replace(wish, mode=RestartMode.STOP_FIRST))

    @property
    def _open_wishes(self) -> tuple[Wish, ...]:
        retry = self._retry[1] if self._retry is not None else None
        doubtful = self._wish if self._is_in_doubt else None
        return tuple(wish for wish in (self._next, self._at_boundary, retry, doubtful) if wish is not None)

    def _forget_wishes(self) -> None:
        """The present worker ends: who comes next is the new one that was wished for."""
        self._at_boundary = self._next = self._retry = self._witness = None
        self._need_no_turn()

    def _need_no_turn(self) -> None:
        """But for one that still leaves: two workers take as much as in any hand-over, until it has left."""
        if self.beside is None:
            self._turn.leave()

    def _is_our_turn(self) -> bool:
        waits = self._turn.before is not None
        mine = self._turn.ask(encodes=self._encodes())
        if not mine and not waits:
            text = "the worker is replaced when its turn has come"
            self._owner.note(EventKind.COMMAND, text, measured=f"{self._turn.before} before it", rule="hand-overs")
        return mine

    def _turn_came(self) -> None:
        if self.beside is None:
            self._go_on()

    def _encodes(self) -> bool:
        """Whether a new worker would, as far as can be told before the camera is asked."""
        abilities, codec = self._owner.context.abilities, self.present.record.source_codec
        try:
            return abilities is not None and plans(self._owner.camera.profile, codec, abilities)[0].encodes
        except PlanError:
            return False  # it will not start

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
        forget_worker(worker.note_path)
        self._turn.leave()
        if self._owner.unsettled:  # the new one held a lock when this one ended
            self._owner.settle_leftovers()
        self._go_on()

    def _go_on(self) -> None:
        if self._next is not None:
            self._fulfil(self._next)
        else:
            self._need_no_turn()

    def _note(self, record: WorkerRecord) -> None:
        if record != self.present.record:  # each note that is written waits for the disk
            self.present.save(record)

    def _learn_one_connection(self) -> None:
        self.present.save(replace(self.present.record, one_connection_since=datetime.now(UTC)))

    def _clear_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def _pid(worker: Worker) -> str:
    return str(worker.process.pid) if worker.process is not None else "(ended)"
