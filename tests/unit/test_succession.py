"""The workers of cameras, one after the other, whatever happens to them: real machines, made-up processes and clock.

Driven with random events, and held to: never two workers of a camera but in a hand-over, and of those only as many at a
time as there are turns; no worker is replaced that was started after the last time anybody asked; whoever asked gets
it; and when all is quiet again nobody waits for anything, and nothing is left unsettled.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vmstui.configured import RestartMode
from vmstui.ffmpeg.exits import ExitKind
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import handover, leftovers_again, succession, turns
from vmstui.recorder import machine as m
from vmstui.recorder import machine_events as ev
from vmstui.recorder.handover import TURNED_AWAY
from vmstui.recorder.machine_state import Machine
from vmstui.recorder.policy import Retry
from vmstui.recorder.record import WorkerRecord
from vmstui.recorder.succession import Succession
from vmstui.recorder.turns import Turns
from vmstui.recorder.worker_notes import NOTE

AT = datetime(2026, 11, 30, tzinfo=UTC)
NOWHERE = Path("/nowhere/of/a/test")
HAND_OVERS = 1
KINDS = {
    ExitKind.NETWORK: Retry.NETWORK,
    ExitKind.BUSY: Retry.BUSY,
    ExitKind.CRASH: Retry.CRASH,
    ExitKind.AUTH: Retry.AUTH,
    ExitKind.ENCODER: Retry.DRIVER,
}


class Clock:
    """What an event loop is to a succession: the time, and what is to be called later."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._calls: list[tuple[float, SimpleNamespace, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, seconds: float, call: Callable[[], object]) -> SimpleNamespace:
        handle = SimpleNamespace(cancelled=False)
        handle.cancel = lambda: setattr(handle, "cancelled", True)
        self._calls.append((self.now_s + seconds, handle, call))
        return handle

    def call_soon(self, call: Callable[[], object]) -> SimpleNamespace:
        return self.call_later(0.0, call)

    def call_due(self) -> None:
        while due := [entry for entry in self._calls if entry[0] <= self.now_s]:
            self._calls = [entry for entry in self._calls if entry[0] > self.now_s]
            for _, handle, call in due:
                if not handle.cancelled:
                    call()


class FakeWorker:
    """A worker whose process is a number, brought up and ended by the test."""

    def __init__(self, owner: FakeCamera, company: Succession, record: WorkerRecord, note_path: Path) -> None:
        self.record, self.note_path = record, note_path
        self.machine = Machine()
        self.process: SimpleNamespace | None = None
        self.asked_for = False
        self.failure_kind = ExitKind.UNKNOWN
        self.settled = asyncio.Event()
        self.settled.set()
        self.starting = self.told_to_end = False
        self.configuration = -1
        self._owner, self._company = owner, company
        if note_path.name != NOTE:
            owner.is_replaced(company.present)

    @property
    def run(self) -> SimpleNamespace | None:
        owner = self._owner
        if self.process is None:
            return None
        made_s = owner.made_s
        return SimpleNamespace(progress=None, footage_from=None, young=False, out_time_s=lambda now_s: float(made_s))

    def dispatch(self, event: ev.Event) -> None:
        if isinstance(event, ev.Restart):
            self._owner.is_replaced(self)
        self.machine, actions = m.step(self.machine, event, self._owner.clock.now_s)
        for action in actions:
            match action:
                case ev.StartWorker():
                    self.starting = True
                case ev.CancelStart():
                    self.starting = False
                case ev.Send():
                    self.told_to_end = True
                case _:
                    pass
        (self.settled.clear if self.process is not None or self.starting else self.settled.set)()
        self._company.worker_changed(cast(Any, self))

    def come_up(self) -> None:
        self.starting = False
        generation = self._company.newest_generation() + 1
        self.process = SimpleNamespace(pid=generation)
        self.configuration = self._owner.configuration
        self.record = replace(self.record, generation=generation)
        if self._owner.unsettled:
            self._owner.settle_leftovers()
        self.dispatch(ev.Running())

    def refuse(self, kind: ExitKind) -> None:
        self.starting, self.failure_kind = False, kind
        self.dispatch(ev.NotStarted(KINDS[kind], "", 0.0))

    def end(self, kind: ExitKind) -> None:
        self.process, self.failure_kind, self.told_to_end = None, kind, False
        if any(worker.starting for worker in self._owner.workers):  # which holds the camera's other lock
            self._owner.unsettled = True
        recorded = self.machine.state in (State.RECORDING, State.STALLED, State.STOPPING)
        self.dispatch(ev.Ended(KINDS[kind], "", 0.0, 5.0, recorded=recorded, segments=0))

    @property
    def troubled(self) -> bool:
        return self.machine.failures > 0

    def tick(self, now_s: float, late_s: float) -> None:
        return

    def uptime_s(self) -> float:
        return 0.0

    def save(self, record: WorkerRecord) -> None:
        self.record = record

    def remember(self) -> None:
        return

    def close(self) -> None:
        return


class FakeCamera:
    """What a succession has of its camera, and what people ask of it."""

    def __init__(self, clock: Clock, turns_: Turns) -> None:
        self.clock = clock
        self.folder = NOWHERE
        self.camera = SimpleNamespace(id="lobby", restart=RestartMode.SEAMLESS, profile=None)
        self.context = SimpleNamespace(handovers=turns_, abilities=None, spools_due=asyncio.Event())
        self.unsettled = False
        self.settling = 0
        self.configuration = 0
        self.made_s = 0
        """Seconds that it has sent."""
        self.asked_after = 0
        """The newest generation when somebody last asked for another one."""
        self.asked_of: int | None = None
        """The generation that is to be replaced, until it is or that came to nothing."""
        self.is_wanted = True
        """It was started by whoever spoke last of starting and stopping it."""
        self.succession = Succession(cast(Any, self), self._outdated)
        self.succession.dispatch(ev.Start())
        self.present.come_up()
        self.present.dispatch(ev.Footage())

    @property
    def workers(self) -> list[FakeWorker]:
        return cast(list[FakeWorker], list(self.succession.workers))

    @property
    def present(self) -> FakeWorker:
        return self.workers[0]

    def _outdated(self) -> bool | None:
        return None if self.present.process is None else self.present.configuration != self.configuration

    def is_replaced(self, worker: object) -> None:
        """A worker is about to be replaced on purpose."""
        assert isinstance(worker, FakeWorker)
        assert worker.process is None or worker.record.generation <= self.asked_after, "nobody asked for that"

    def note(self, kind: EventKind, text: str, **evidence: Any) -> None:
        return

    def settle_leftovers(self) -> None:
        self.unsettled = any(worker.starting for worker in self.workers) and self.present.process is None

    # -- what people do ----------------------------------------------------------------------------------------------

    def ask(self) -> None:
        self.asked_after = self.succession.newest_generation()
        self.asked_of = self.present.record.generation if self.present.machine.state is State.RECORDING else None

    def restart(self, mode: RestartMode | None, *, at_boundary: bool) -> None:
        if not self.present.machine.wanted:
            return
        self.ask()
        if at_boundary and self.present.machine.state is State.RECORDING:
            self.succession.replace_at_boundary("asked", mode)
        else:
            self.succession.replace("asked", mode)

    def configure(self, configuration: int) -> None:
        runs_on = cast(FakeWorker, self.succession.successor or self.present)
        self.configuration = configuration
        if self.present.machine.wanted and runs_on.process is not None and runs_on.configuration != configuration:
            self.asked_after = self.succession.newest_generation()
            if self.present.machine.hold:
                self.succession.try_later()
            else:
                self._renew()

    def _renew(self) -> None:
        self.succession.give_up("the configuration changed again")
        self.succession.replace("configuration changed", None, renews=True)

    def tick(self) -> None:
        self.succession.tick(self.clock.now_s, 0.0)
        if self.succession.is_to_be_tried(self.clock.now_s) and self._outdated():
            self.asked_after = self.succession.newest_generation()
            if self.present.machine.hold:
                self.succession.try_later()
            else:
                self._renew()


@contextlib.contextmanager
def faked() -> Iterator[Clock]:
    """Successions and their turns go by this clock, and their workers are made up."""
    clock = Clock()
    loop = SimpleNamespace(get_running_loop=lambda: clock)
    with (
        mock.patch.object(succession, "asyncio", loop),
        mock.patch.object(turns, "asyncio", loop),
        mock.patch.object(succession, "Worker", FakeWorker),
    ):
        yield clock


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("up", "up", "footage", "footage", "obey", "seconds", "minute", "boundary", "silent"),
                *("refuse", "end", "stall", "hold", "release"),
                *("restart", "restart", "at_boundary", "configure", "stop", "start"),
            ]
        ),
        st.integers(0, 2),
        st.integers(0, 4),
    ),
    min_size=8,
    max_size=60,
)


@dataclass
class Fleet:
    """Three cameras that share their turns."""

    clock: Clock
    cameras: list[FakeCamera]
    turns: Turns
    silent_until_s: float = 0.0

    def pass_(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.now_s += 1.0
            self.clock.call_due()
            for camera in self.cameras:
                camera.made_s += self.clock.now_s > self.silent_until_s
                for worker in camera.workers:
                    if worker.machine.next_start_s is not None and worker.machine.next_start_s <= self.clock.now_s:
                        worker.dispatch(ev.TimeUp())
                camera.tick()
            self.check()

    def check(self) -> None:
        self.clock.call_due()
        handed_over = 0
        for camera in self.cameras:
            alive = [worker for worker in camera.workers if worker.process is not None]
            assert len(alive) <= 2
            assert camera.succession.successor is None or camera.succession.leaving is None
            handed_over += len([worker for worker in camera.workers if worker.process or worker.starting]) > 1
        assert handed_over <= HAND_OVERS
        assert sum(map(len, self.turns._having.values())) <= HAND_OVERS

    def do(self, step: Step) -> None:
        what, which, how = step
        camera = self.cameras[which]
        workers = camera.workers
        worker = workers[how % len(workers)]
        kind = list(KINDS)[how]
        match what:
            case "up" if any(one.starting for one in workers):
                next(one for one in workers if one.starting).come_up()
            case "footage":
                for one in workers:
                    if one.process is not None and one.machine.state is State.STARTING:
                        one.dispatch(ev.Footage())
            case "refuse" if worker.starting:
                self._comes_to_nothing(camera, worker, kind)
                worker.refuse(kind)
            case "end" if worker.process is not None:
                self._comes_to_nothing(camera, worker, kind)
                worker.end(kind)
            case "obey" if any(one.told_to_end for one in workers):
                next(one for one in workers if one.told_to_end).end(ExitKind.CRASH)
            case "stall" if worker is camera.present and worker.machine.state is State.RECORDING:
                worker.dispatch(ev.Stalled(""))
            case "boundary" if camera.present.machine.state is State.RECORDING:
                camera.succession.closed_segment(cast(Any, camera.present))
            case "seconds":
                self.pass_(how + 1)
            case "minute":
                self.pass_(60)
            case "silent":
                self.silent_until_s = self.clock.now_s + 2 * how
            case "restart":
                camera.restart((None, RestartMode.STOP_FIRST)[how == 4], at_boundary=False)
            case "at_boundary":
                camera.restart(None, at_boundary=True)
            case "configure":
                camera.configure(how % 3)
            case "stop":
                camera.asked_of, camera.is_wanted = None, False
                camera.succession.dispatch(ev.Stop())
            case "start":
                camera.is_wanted = True
                camera.asked_after = camera.succession.newest_generation()
                camera.succession.dispatch(ev.Start())
            case "hold":
                if camera.succession.successor is not None:
                    camera.asked_of = None  # one that cannot start now is given up
                camera.succession.dispatch(ev.Hold("no disk", end_running=how == 0))
            case "release":
                camera.succession.dispatch(ev.Release())
            case _:
                pass
        self.check()

    def _comes_to_nothing(self, camera: FakeCamera, worker: FakeWorker, kind: ExitKind) -> None:
        if cast(object, worker) is camera.succession.successor and kind not in (*TURNED_AWAY, ExitKind.ENCODER):
            camera.asked_of = None  # the same would happen to the next one: the old worker goes on

    def become_quiet(self) -> None:
        """The cure of everything; all processes do as they are told."""
        self.silent_until_s = 0.0
        for camera in self.cameras:
            camera.succession.dispatch(ev.Release())
        for _ in range(20):
            for camera in self.cameras:
                for worker in camera.workers:
                    if worker.starting:
                        worker.come_up()
                    elif worker.machine.next_start_s is not None:
                        worker.dispatch(ev.TimeUp())
                    elif worker.told_to_end:
                        worker.end(ExitKind.CRASH)
                    elif worker.process is not None and worker.machine.state is State.STARTING:
                        worker.dispatch(ev.Footage())
                if camera.present.machine.state is State.RECORDING:
                    camera.succession.closed_segment(cast(Any, camera.present))
                self.check()
            self.pass_(8)


@settings(max_examples=100, deadline=None)
@example(
    [
        *[("up", 0, 0)] * 3,
        *[("restart", 1, 0), ("up", 1, 0), ("hold", 1, 0), ("restart", 0, 0), ("restart", 1, 0)],
    ]
)
@example([*[("up", 0, 0)] * 3, ("restart", 0, 0), ("stop", 0, 0), ("up", 0, 0), ("configure", 0, 1)])
@given(STEPS)
def test_whatever_happens_to_workers_nobody_is_replaced_unasked_and_nothing_is_left_undone(steps: list[Step]) -> None:
    with faked() as clock:
        shared = Turns(HAND_OVERS, HAND_OVERS)
        fleet = Fleet(clock, [FakeCamera(clock, shared) for _ in range(3)], shared)
        for step in steps:
            fleet.do(step)
        fleet.become_quiet()
        for camera in fleet.cameras:
            assert camera.succession.beside is None
            assert not camera.unsettled
            assert not camera.succession.due
            assert not camera.succession.waits
            present = camera.present
            assert present.machine.wanted is camera.is_wanted
            assert present.machine.state is (State.RECORDING if present.machine.wanted else State.STOPPED)
            if present.machine.wanted:
                assert present.configuration == camera.configuration
                assert camera.asked_of is None or present.record.generation > camera.asked_of, "it was asked for"
        assert not any(shared._having.values())
        assert not any(shared._waiting.values())


def test_what_a_worker_left_is_settled_also_where_its_successor_is_called_off() -> None:
    """The successor held the lock when the worker ended, and gave it back because the camera was stopped."""
    with faked() as clock:
        shared = Turns(HAND_OVERS, HAND_OVERS)
        fleet = Fleet(clock, [FakeCamera(clock, shared)], shared)
        for step in (("restart", 0, 0), ("end", 0, 0), ("stop", 0, 0)):
            fleet.do(step)
        assert fleet.cameras[0].unsettled
        fleet.pass_(11)
        assert not fleet.cameras[0].unsettled


def test_where_a_disk_is_dead_it_is_tried_ever_less_often_to_settle_what_lies_there() -> None:
    with faked() as clock:
        camera = FakeCamera(clock, Turns(HAND_OVERS, HAND_OVERS))
        tries: list[float] = []

        def settle() -> None:
            """It takes 15 seconds to find out, and as long it looks as if all were well."""
            tries.append(clock.now_s)
            camera.settling, camera.unsettled = 1, False

            def found_out() -> None:
                camera.settling, camera.unsettled = 0, True

            clock.call_later(15.0, found_out)

        camera.settle_leftovers = settle  # type: ignore[method-assign]
        camera.unsettled = True
        for _ in range(3600):
            clock.now_s += 1.0
            clock.call_due()
            camera.tick()
        pauses = [later - earlier for earlier, later in itertools.pairwise(tries)]
        assert pauses == sorted(pauses)
        assert pauses[0] <= 16.0
        assert pauses[-1] == leftovers_again.AT_LAST_S


def test_a_camera_that_takes_long_to_be_asked_is_not_taken_for_one_that_sends_nothing() -> None:
    """The time a new worker has begins when it runs, not while it waits for the start gate."""
    with faked() as clock:
        shared = Turns()
        fleet = Fleet(clock, [FakeCamera(clock, shared)], shared)
        camera = fleet.cameras[0]
        camera.restart(None, at_boundary=False)
        new = camera.workers[1]
        fleet.pass_(round(2 * handover.LIMIT_S))
        assert camera.workers == [camera.present, new]
        new.come_up()
        fleet.pass_(round(handover.LIMIT_S) - 1)
        assert camera.succession.beside is cast(object, new)
        fleet.pass_(2)
        assert camera.succession.leaving is cast(object, new)


def test_a_camera_is_calm_until_something_happens_to_a_worker() -> None:
    with faked() as clock:
        camera = FakeCamera(clock, Turns())
        assert not camera.succession.is_calm
        camera.tick()
        assert camera.succession.is_calm
        camera.restart(RestartMode.SEAMLESS, at_boundary=False)
        assert not camera.succession.is_calm
        camera.tick()
        assert not camera.succession.is_calm, "a new one comes up beside it"
        camera.workers[1].come_up()
        camera.workers[1].dispatch(ev.Footage())
        camera.tick()
        assert not camera.succession.is_calm, "the old one leaves"
        camera.workers[1].end(ExitKind.NETWORK)
        camera.tick()
        assert camera.succession.is_calm
        camera.present.end(ExitKind.NETWORK)
        camera.tick()
        assert not camera.succession.is_calm


def test_who_stops_a_camera_that_is_being_restarted_gets_no_other_worker() -> None:
    """The new one has no process yet, so that giving it up takes no time."""
    with faked() as clock:
        camera = FakeCamera(clock, Turns(HAND_OVERS, HAND_OVERS))
        camera.restart(None, at_boundary=False)
        assert [worker.starting for worker in camera.workers] == [False, True]
        camera.succession.dispatch(ev.Stop())
        assert not any(worker.starting for worker in camera.workers)
        camera.present.end(ExitKind.CRASH)
        assert [worker.machine.state for worker in camera.workers] == [State.STOPPED]
