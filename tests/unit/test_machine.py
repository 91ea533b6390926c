"""The life of a worker: every transition of the table, and rules no series of events may break."""

from __future__ import annotations

import itertools
import signal
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import machine as m
from vmstui.recorder import machine_events as ev
from vmstui.recorder.machine_state import Machine
from vmstui.recorder.policy import BACK_OFF_S, FAILING_AFTER_S, WORKER_POLICY, Retry

DEATH = ev.Ended(Retry.NETWORK, "camera closed the stream", 0.0, uptime_s=5.0, recorded=True, segments=0)
SILENT_DEATH = ev.Ended(Retry.NETWORK, "no route to host", 0.0, uptime_s=1.0, recorded=False, segments=0)
HOLD = ev.Hold("recordings folder is missing", end_running=False)

EVENT_TYPES = typing.get_args(ev.Event)


def run(*events: ev.Event, machine: Machine | None = None, at_s: float = 0.0) -> tuple[Machine, list[ev.Action]]:
    current = machine or Machine()
    actions: list[ev.Action] = []
    for event in events:
        current, new = m.step(current, event, at_s)
        actions += new
    return current, actions


def recording() -> Machine:
    return run(ev.Start(), ev.Running(), ev.Footage())[0]


def signals(actions: list[ev.Action]) -> list[signal.Signals]:
    return [action.signal for action in actions if isinstance(action, ev.Send)]


def timers(actions: list[ev.Action]) -> list[float]:
    return [action.seconds for action in actions if isinstance(action, ev.SetTimer)]


def test_every_state_answers_every_event() -> None:
    assert set(m.TABLE) == set(itertools.product(State, EVENT_TYPES))


def test_a_wanted_camera_starts_and_records() -> None:
    machine, actions = run(ev.Start(), ev.Running(), ev.Footage())
    assert machine.state is State.RECORDING
    assert actions.count(ev.StartWorker()) == 1


def test_a_worker_that_recorded_is_replaced_at_once_the_first_time() -> None:
    machine, actions = run(DEATH, machine=recording())
    assert machine.state is State.STARTING
    assert actions[-1] == ev.StartWorker()


def test_an_unreachable_camera_backs_off_1_2_5_10_30_60_60() -> None:
    machine, waits = run(ev.Start())[0], []
    for _ in range(7):
        machine, actions = run(ev.Running(), SILENT_DEATH, machine=machine)
        assert machine.state is State.BACKOFF
        waits += timers(actions)
        machine, _ = run(ev.TimeUp(), machine=machine)
        assert machine.state is State.STARTING
    assert waits == [1, 2, 5, 10, 30, 60, 60]


@given(st.floats(-1, 1))
def test_back_off_is_jittered_by_a_fifth(jitter: float) -> None:
    _, actions = run(ev.Start(), ev.NotStarted(Retry.NETWORK, "refused", jitter))
    assert 0.8 <= timers(actions)[0] <= 1.2


def test_the_count_of_failures_goes_on_over_classes() -> None:
    machine = run(ev.Start(), ev.NotStarted(Retry.NETWORK, "x", 0), ev.TimeUp(), ev.NotStarted(Retry.AUTH, "x", 0))[0]
    machine, actions = run(ev.TimeUp(), ev.NotStarted(Retry.DISK, "x", 0), machine=machine)
    assert timers(actions) == [BACK_OFF_S[Retry.DISK][3]]


def test_a_brief_success_does_not_reset_the_ladder() -> None:
    machine = recording()
    waits = []
    for _ in range(3):
        machine, actions = run(DEATH, machine=machine)
        waits += timers(actions) or [0.0]
        machine, _ = run(
            *([ev.TimeUp()] if machine.state is State.BACKOFF else []), ev.Running(), ev.Footage(), machine=machine
        )
    assert waits == [0, 1, 2]


@pytest.mark.parametrize(("uptime_s", "segments"), [(59.9, 2), (4000.0, 1), (1.0, 50)])
def test_a_long_run_or_two_segments_alone_do_not_reset_the_ladder(uptime_s: float, segments: int) -> None:
    struggling = run(DEATH, ev.Running(), ev.Footage(), machine=recording())[0]
    death = ev.Ended(Retry.NETWORK, "closed", 0.0, uptime_s, recorded=True, segments=segments)
    machine, actions = run(death, machine=struggling)
    assert (machine.state, timers(actions)) == (State.BACKOFF, [1])


def test_a_healthy_run_resets_the_ladder_while_it_runs_and_at_its_end() -> None:
    struggling = run(DEATH, ev.Running(), ev.Footage(), machine=recording())[0]
    healthy = ev.Ended(Retry.NETWORK, "closed", 0.0, uptime_s=60.0, recorded=True, segments=2)
    assert run(healthy, machine=struggling)[0].state is State.STARTING
    assert run(ev.Healthy(), DEATH, machine=struggling)[0].state is State.STARTING


@pytest.mark.parametrize(
    ("retry", "state"), [(Retry.AUTH, State.AUTH_FAILED), (Retry.CONFIGURATION, State.CONFIG_ERROR)]
)
def test_what_a_person_has_to_cure_is_retried_every_ten_minutes_or_on_a_key(retry: Retry, state: State) -> None:
    machine, actions = run(ev.Start(), ev.Running(), ev.Ended(retry, "refused", 0.0, 1, False, 0))
    assert machine.state is state
    assert timers(actions) == [600]
    machine, actions = run(ev.TimeUp(), ev.NotStarted(retry, "refused", 0.0), machine=machine)
    assert timers(actions) == [600]
    assert run(ev.Start(), machine=machine)[0].state is State.STARTING
    assert run(ev.Restart("key"), machine=machine)[0].state is State.STARTING


@pytest.mark.parametrize("retry", [retry for retry in Retry if retry is not Retry.FALLBACK])
def test_every_class_has_its_ladder_and_stays_on_its_last_step(retry: Retry) -> None:
    machine, waits = run(ev.Start(), ev.Running())[0], []
    for _ in range(12):
        machine, actions = run(ev.Ended(retry, "x", 0.0, 1, False, 0), machine=machine)
        waits += timers(actions)
        machine, _ = run(ev.TimeUp(), ev.Running(), machine=machine)
    ladder_s = BACK_OFF_S[retry]
    assert waits == list(ladder_s[1:]) + [ladder_s[-1]] * (12 - len(ladder_s[1:]))
    assert ladder_s[0] == (1 if retry is Retry.DISK else 0) or ladder_s == (600,)


def test_the_fallback_ladder_is_taken_one_rung_at_a_time_without_waiting() -> None:
    fallen = ev.Ended(Retry.FALLBACK, "no NVENC", 0, 1, False, 0)
    machine, actions = run(ev.Start(), ev.Running(), fallen, ev.Running(), fallen)
    assert (machine.state, machine.rung) == (State.STARTING, 2)
    assert timers(actions) == []


def test_a_restart_by_a_person_begins_on_the_best_rung_again() -> None:
    fallen = run(ev.Start(), ev.Running(), ev.Ended(Retry.FALLBACK, "no NVENC", 0, 1, False, 0), ev.Running())[0]
    machine, _ = run(ev.Restart("key"), DEATH, machine=fallen)
    assert (machine.state, machine.rung, machine.failures) == (State.STARTING, 0, 0)


def test_the_stop_ladder_is_int_term_kill_and_then_unkillable() -> None:
    machine, actions = run(ev.Stop(), ev.TimeUp(), ev.TimeUp(), ev.TimeUp(), ev.TimeUp(), machine=recording())
    assert machine.state is State.UNKILLABLE
    assert signals(actions) == [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    assert run(ev.Start(), machine=machine)[0].state is State.UNKILLABLE
    assert run(ev.Start(), DEATH, machine=machine)[0].state is State.STARTING


def test_start_during_a_stop_brings_the_camera_back_after_it_ended() -> None:
    machine, actions = run(ev.Stop(), ev.Start(), machine=recording())
    assert ev.StartWorker() not in actions
    machine, actions = run(DEATH, machine=machine)
    assert machine.state is State.STARTING


def test_a_stalled_worker_is_ended_and_followed() -> None:
    machine, actions = run(ev.Stalled("segment does not grow"), machine=recording())
    assert (machine.state, signals(actions)) == (State.STALLED, [signal.SIGINT])
    machine, actions = run(DEATH, machine=machine)
    assert machine.state is State.STARTING


def test_a_hold_stops_starts_but_not_recordings_unless_it_says_so() -> None:
    assert run(HOLD, machine=recording())[0].state is State.RECORDING
    machine, _ = run(HOLD, DEATH, machine=recording())
    assert (machine.state, machine.reason) == (State.HELD, HOLD.text)
    assert run(ev.Release(), machine=machine)[0].state is State.STARTING
    machine, actions = run(ev.Hold("full", end_running=True), machine=recording())
    assert (machine.state, signals(actions)) == (State.STOPPING, [signal.SIGINT])
    assert run(DEATH, machine=machine)[0].state is State.HELD


def test_a_hold_during_a_start_or_a_wait_is_kept() -> None:
    machine, actions = run(ev.Start(), HOLD)
    assert machine.state is State.HELD
    assert ev.CancelStart() in actions
    waiting = run(ev.Start(), ev.NotStarted(Retry.NETWORK, "x", 0))[0]
    assert run(HOLD, ev.TimeUp(), machine=waiting)[0].state is State.HELD


@pytest.mark.parametrize("retry", [Retry.AUTH, Retry.CONFIGURATION, Retry.NETWORK])
def test_a_disk_that_comes_and_goes_does_not_cut_a_wait_short(retry: Retry) -> None:
    waiting = run(ev.Start(), ev.NotStarted(retry, "x", 0))[0]
    machine, actions = run(HOLD, ev.Release(), HOLD, ev.Release(), machine=waiting)
    assert machine.state is waiting.state
    assert actions == []


@pytest.mark.parametrize("recorded", [True, False])
def test_who_dies_of_the_disk_waits_for_it_and_is_not_blamed(recorded: bool) -> None:
    before = run(ev.Start(), ev.NotStarted(Retry.NETWORK, "x", 0))[0]
    machine = run(ev.TimeUp(), ev.Running(), *[ev.Footage()] * recorded, machine=before)[0]
    machine, actions = run(ev.Ended(Retry.DISK, "no space", 0, 1.0, recorded, 0), machine=machine)
    assert (machine.state, ev.StartWorker() in actions) == (State.BACKOFF, False), "first the disk is looked at"
    machine, actions = run(ev.TimeUp(), ev.NotStarted(Retry.DISK, "no space", 0), machine=machine)
    held, actions = run(HOLD, machine=machine)
    assert (held.state, held.reason, held.failures) == (State.HELD, HOLD.text, before.failures)
    assert ev.ClearTimer() in actions
    again, actions = run(ev.Release(), machine=held)
    assert (again.state, actions) == (State.STARTING, [ev.StartWorker()])
    # Where the disk is not to blame after all, its failures count like any other.
    assert machine.failures == before.failures + 2
    later = run(ev.TimeUp(), ev.NotStarted(Retry.NETWORK, "x", 0), HOLD, machine=machine)[0]
    assert (later.state, later.failures) == (State.BACKOFF, before.failures + 3)


def test_a_start_that_is_not_wanted_any_more_is_cancelled() -> None:
    machine, actions = run(ev.Start(), ev.Stop())
    assert machine.state is State.STOPPED
    assert actions[-1] == ev.CancelStart()


def test_nobody_follows_a_worker_whose_place_is_taken_when_it_ends() -> None:
    machine, actions = run(ev.Heir(there=True), DEATH, machine=recording())
    assert machine.state is State.STOPPED
    assert ev.StartWorker() not in actions
    assert run(ev.Heir(there=False), machine=machine)[1] == [ev.StartWorker()]
    machine, actions = run(ev.Heir(there=True), ev.Heir(there=False), DEATH, machine=recording())
    assert ev.StartWorker() in actions


@pytest.mark.parametrize(
    "before", [(), (ev.Start(),), (ev.Start(), ev.Running()), (ev.Start(), ev.Running(), ev.Footage())]
)
def test_what_is_stopped_for_good_never_starts_again(before: tuple[ev.Event, ...]) -> None:
    stopped = run(*before, ev.Stop(for_good=True))[0]
    late = (ev.Start(), ev.Restart("asked for before"), ev.Release())
    machine, actions = run(*late, *([DEATH] if stopped.alive else []), *late, machine=stopped)
    assert machine.state is State.STOPPED
    assert actions == [ev.ClearTimer()] * stopped.alive


# -- the alarm -------------------------------------------------------------------------------------------------------

REFUSED = ev.NotStarted(Retry.NETWORK, "no route to host", 0.0)
WAITING = (State.BACKOFF, State.FAILING, State.AUTH_FAILED, State.CONFIG_ERROR)


def notes(actions: list[ev.Action], kind: EventKind) -> list[str]:
    return [action.text for action in actions if isinstance(action, ev.Note) and action.kind is kind]


def test_ten_minutes_without_health_are_failing_and_tries_go_on() -> None:
    machine, actions = run(ev.Start(), REFUSED, at_s=100.0)
    assert ev.SetAlarm(FAILING_AFTER_S) in actions
    machine, actions = run(ev.Overdue(), machine=machine, at_s=700.0)
    assert (machine.state, machine.failing, machine.unwell_since_s) == (State.FAILING, True, 100.0)
    assert machine.next_start_s is not None
    assert notes(actions, EventKind.ALARM) == ["FAILING: no route to host"]
    machine, actions = run(ev.TimeUp(), REFUSED, machine=machine, at_s=800.0)
    assert (machine.state, timers(actions), notes(actions, EventKind.ALARM)) == (State.FAILING, [2], [])


def test_the_alarm_is_over_with_health_and_not_with_a_key_or_some_footage() -> None:
    failing = run(ev.Overdue(), machine=run(ev.Start(), REFUSED)[0], at_s=600.0)[0]
    again, _ = run(ev.Restart("key"), ev.Running(), ev.Footage(), machine=failing, at_s=900.0)
    assert (again.state, again.failing, again.unwell_since_s) == (State.RECORDING, True, 0.0)
    assert run(DEATH, DEATH, machine=again, at_s=910.0)[0].failing
    well, actions = run(ev.Healthy(), machine=again, at_s=960.0)
    assert (well.failing, well.unwell_since_s) == (False, None)
    assert ev.ClearAlarm() in actions
    assert notes(actions, EventKind.HEALTHY) == ["healthy again, 16 min after the first failure"]


def test_what_records_after_one_death_raises_no_alarm_however_long_its_segments_are() -> None:
    machine = run(DEATH, ev.Running(), ev.Footage(), machine=recording())[0]
    machine, actions = run(ev.Overdue(), machine=machine, at_s=600.0)
    assert (machine.state, machine.failing, actions) == (State.RECORDING, False, [])
    adopted, _ = run(ev.Adopted(0, 1, machine.past), ev.Overdue(), machine=Machine(), at_s=900.0)
    assert not adopted.failing, "another service has not looked for its footage yet"
    machine, _ = run(DEATH, machine=machine, at_s=3000.0)
    assert (machine.state, machine.failing) == (State.FAILING, True)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((ev.Start(), ev.NotStarted(Retry.AUTH, "401", 0.0)), State.AUTH_FAILED),
        ((ev.Start(), ev.NotStarted(Retry.CONFIGURATION, "no such option", 0.0)), State.CONFIG_ERROR),
        ((HOLD, ev.Start()), State.HELD),
        ((ev.Start(), ev.Running(), ev.Stop(), ev.TimeUp(), ev.TimeUp(), ev.TimeUp(), ev.Start()), State.UNKILLABLE),
    ],
)
def test_the_alarm_is_raised_in_states_that_say_more_than_failing(events: tuple[ev.Event, ...], state: State) -> None:
    machine, actions = run(*events)
    assert ev.SetAlarm(FAILING_AFTER_S) in actions
    machine, _ = run(ev.Overdue(), machine=machine, at_s=600.0)
    assert (machine.state, machine.failing) == (state, True)


def test_a_hold_that_ends_soon_leaves_no_trace() -> None:
    machine, actions = run(HOLD, ev.Start(), ev.Release())
    assert (machine.state, machine.unwell_since_s) == (State.STARTING, None)
    assert ev.ClearAlarm() in actions
    failing = run(ev.Overdue(), machine=run(HOLD, ev.Start())[0], at_s=600.0)[0]
    assert run(ev.Release(), machine=failing, at_s=600.0)[0].failing


def test_nobody_is_alarmed_about_a_camera_that_is_not_wanted() -> None:
    failing = run(ev.Overdue(), machine=run(ev.Start(), REFUSED)[0], at_s=600.0)[0]
    machine, actions = run(ev.Stop(), machine=failing)
    assert (machine.state, machine.failing, machine.unwell_since_s) == (State.STOPPED, False, None)
    assert ev.ClearAlarm() in actions


# -- a service that comes later --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "next_signal", "left_s"), [(1, signal.SIGTERM, 5.0), (2, signal.SIGKILL, 1.0)])
def test_a_stop_ladder_that_had_begun_goes_on_with_its_next_step(
    sent: int, next_signal: signal.Signals, left_s: float
) -> None:
    adopted = ev.Adopted(0, 0, ev.Past(signals=sent, signalled_s=100.0))
    machine, actions = run(adopted, at_s=103.0)
    assert (machine.state, timers(actions), signals(actions)) == (State.STOPPING, [left_s], [])
    machine, actions = run(ev.TimeUp(), machine=machine, at_s=108.0)
    assert signals(actions) == [next_signal]
    assert run(DEATH, machine=machine)[0].state is State.STARTING, "it was told to end, so another one follows"


def test_what_did_not_die_of_sigkill_is_unkillable_for_a_later_service_too() -> None:
    past = run(ev.Stop(), ev.TimeUp(), ev.TimeUp(), machine=recording(), at_s=50.0)[0].past
    assert past.signals == 3
    machine, actions = run(ev.Adopted(0, 0, past), at_s=55.0)
    assert (machine.state, timers(actions)) == (State.STOPPING, [5.0])
    machine, actions = run(ev.Adopted(0, 0, past), at_s=4000.0)
    assert (machine.state, signals(actions)) == (State.UNKILLABLE, [])
    assert run(ev.Start(), ev.Restart("key"), ev.TimeUp(), machine=machine)[0].state is State.UNKILLABLE


def test_a_wait_and_the_alarm_go_on_where_an_earlier_service_was() -> None:
    before = run(ev.Overdue(), machine=run(ev.Start(), ev.NotStarted(Retry.AUTH, "401", 0.2))[0], at_s=600.0)[0]
    after, actions = run(ev.Resumed(before.failures, before.past), at_s=610.0)
    assert (after.state, after.reason, after.failing, after.failures) == (State.AUTH_FAILED, "401", True, 2)
    assert timers(actions) == [pytest.approx(14.0)]
    begun = run(ev.Start(), REFUSED, ev.TimeUp(), at_s=0.0)[0]
    after, actions = run(ev.Resumed(begun.failures, begun.past), at_s=500.0)
    assert (after.state, after.failures) == (State.STARTING, 2)
    assert ev.SetAlarm(100.0) in actions


def test_a_note_that_makes_no_sense_keeps_nothing_from_starting() -> None:
    far = ev.Past(unwell_since_s=9e9, waiting=State.AUTH_FAILED, next_start_s=9e9)
    _, actions = run(ev.Resumed(3, far))
    assert timers(actions) == [WORKER_POLICY.longest_wait_s]
    assert ev.SetAlarm(FAILING_AFTER_S) in actions
    assert run(ev.Resumed(3, ev.Past(waiting=State.RECORDING, next_start_s=9e9)))[0].state is State.STARTING


# -- all of it at once -----------------------------------------------------------------------------------------------


class World:
    """One machine, its process and its clock; everything that happens is checked against the rules."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.now_s = 0.0
        self.process_since_s: float | None = None
        self.starting = False
        self.timer_s: float | None = None
        self.alarm_s: float | None = None
        self.sent = 0
        self.wanted = False
        self.over = False
        self.hold: ev.Hold | None = None

    def uptime_s(self) -> float:
        return self.now_s - (self.process_since_s or 0.0)

    def happen(self, event: ev.Event) -> None:
        before = self.machine
        self.machine, actions = m.step(before, event, self.now_s)
        for action in actions:
            self.carry_out(action)
        self.check_processes()
        self.check_trouble(before, event)

    def carry_out(self, action: ev.Action) -> None:
        match action:
            case ev.StartWorker():
                assert not self.over, "a start after the end"
                assert self.process_since_s is None, "a start while the old process lives"
                assert not self.starting, "a second start beside the first"
                assert self.machine.wanted
                self.starting = True
            case ev.CancelStart():
                self.starting = False
            case ev.Send():
                assert self.process_since_s is not None, "a signal to nobody"
                self.sent += 1
                assert self.sent <= 3
            case ev.SetTimer(seconds):
                assert 0 <= seconds <= WORKER_POLICY.longest_wait_s
                self.timer_s = self.now_s + seconds
            case ev.ClearTimer():
                self.timer_s = None
            case ev.SetAlarm(seconds):
                self.alarm_s = self.now_s + seconds
            case ev.ClearAlarm():
                self.alarm_s = None

    def check_processes(self) -> None:
        machine, process = self.machine, self.process_since_s is not None
        assert machine.alive == process
        assert (machine.state in WAITING) == (machine.next_start_s is not None)
        if machine.wanted and not (machine.heir and not process):
            on_its_way = process or self.starting or self.timer_s is not None
            assert on_its_way or machine.state is State.HELD, machine
            if machine.state in WAITING:
                assert self.timer_s == pytest.approx(machine.next_start_s), "a wait that nothing ends"
        else:
            assert not self.starting
        assert (machine.state is State.STOPPED) == ((not machine.wanted or machine.heir) and not process)

    def check_trouble(self, before: Machine, event: ev.Event) -> None:
        machine, since_s = self.machine, self.machine.unwell_since_s
        healthy = isinstance(event, ev.Healthy) or (
            isinstance(event, ev.Ended) and WORKER_POLICY.healthy(event.uptime_s, event.segments)
        )
        if since_s != before.unwell_since_s and not isinstance(event, ev.Adopted | ev.Resumed):
            well = (
                healthy or not machine.wanted or machine.heir or (isinstance(event, ev.Release) and not before.failing)
            )
            assert before.unwell_since_s is None or well, "trouble that was forgotten"
            assert since_s in (None, self.now_s)
        if machine.failures < before.failures:
            anew = isinstance(event, ev.Start | ev.Restart)
            excused = isinstance(event, ev.Hold) and before.failures_before_disk is not None
            assert healthy or not machine.wanted or machine.heir or anew or excused, "a ladder begun anew"
        unwell_s = round(self.now_s - since_s, 6) if since_s is not None else -1.0
        assert not machine.failing or unwell_s >= FAILING_AFTER_S
        assert (machine.state is State.FAILING) <= machine.failing
        assert (machine.state is State.BACKOFF) <= (not machine.failing)
        if machine.wanted and machine.state in (*WAITING, State.HELD, State.UNKILLABLE):
            assert since_s is not None, "not recorded, and nobody counts the time"
            assert machine.failing == (unwell_s >= FAILING_AFTER_S)

    def wait(self, seconds: float) -> None:
        """Let the time pass, and what is due happen in its order."""
        end_s = self.now_s + seconds
        while (due_s := min(end_s if at_s is None else at_s for at_s in (self.timer_s, self.alarm_s))) < end_s:
            self.now_s = due_s
            if due_s == self.alarm_s:
                self.alarm_s = None
                self.happen(ev.Overdue())
            else:
                self.timer_s = None
                self.happen(ev.TimeUp())
        self.now_s = end_s

    def another_service(self) -> None:
        """The service dies, and the next one takes over."""
        past, failures, rung = self.machine.past, self.machine.failures, self.machine.rung
        self.machine = Machine(hold=self.hold.text if self.hold is not None else "")
        self.starting = self.over = False
        self.timer_s = self.alarm_s = None
        if self.process_since_s is not None:
            self.happen(ev.Adopted(rung, failures, past))
            if not self.wanted:
                self.happen(ev.Stop())
        elif self.wanted:
            self.happen(ev.Resumed(failures, past))


def drive(world: World, happening: ev.Event | str, retry: Retry, number: float, segments: int) -> None:
    """One thing that may happen in the world, if it can happen there now."""
    match happening:
        case "start succeeds" if world.starting:
            world.starting, world.process_since_s, world.sent = False, world.now_s, 0
            world.happen(ev.Running())
        case "start fails" if world.starting:
            world.starting = False
            world.happen(ev.NotStarted(retry, "x", number))
        case "process ends" if world.process_since_s is not None:
            event = ev.Ended(retry, "x", number, world.uptime_s(), bool(segments), segments)
            world.process_since_s = None
            world.happen(event)
        case "health" if world.process_since_s is not None and world.uptime_s() >= WORKER_POLICY.healthy_s:
            world.happen(ev.Healthy())
        case "footage" if world.process_since_s is not None:
            world.happen(ev.Footage())
        case "time":
            world.wait(10 ** (2 + 2 * number))  # from a second to hours
        case "another service":
            world.another_service()
        case str():
            return
        case _:
            match happening:
                case ev.Start() | ev.Restart():
                    world.wanted = True
                case ev.Stop(for_good):
                    world.wanted, world.over = world.wanted and for_good, world.over or for_good
                case ev.Hold():
                    world.hold = happening
                case ev.Release():
                    world.hold = None
            world.happen(happening)


HAPPENINGS = st.one_of(
    st.sampled_from(
        [
            ev.Start(),
            ev.Stop(),
            ev.Stop(for_good=True),
            ev.Restart("key"),
            ev.Stalled("x"),
            ev.Heir(there=True),
            ev.Heir(there=False),
            HOLD,
            ev.Hold("full", True),
            ev.Release(),
        ]
    ),
    st.sampled_from(["start succeeds", "start fails", "process ends", "health", "footage", "another service"]),
    st.sampled_from(["start succeeds", "start fails", "process ends", "time", "time"]),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(HAPPENINGS, st.sampled_from(Retry), st.floats(-1, 1), st.integers(0, 3)), min_size=10, max_size=80
    )
)
def test_no_series_of_events_breaks_the_rules(series: list[tuple[ev.Event | str, Retry, float, int]]) -> None:
    """At most one process; three signals to it at most, whatever service sends them; a wanted camera has a process, a
    start under way, a wait that ends, or a hold; no wait exceeds its bound; failing exactly after ten minutes."""
    world = World()
    world.wanted = True
    world.happen(ev.Start())
    for happening, retry, number, segments in series:
        drive(world, happening, retry, number, segments)


@pytest.mark.parametrize("state", [State.STALLED, State.STOPPING, State.UNKILLABLE])
def test_nothing_starts_while_the_old_process_lives(state: State) -> None:
    machine = Machine(state=state, wanted=True, alive=True, step=1)
    for event in (ev.Start(), ev.Restart("key"), ev.Stop(), ev.Release(), ev.Footage(), ev.Running()):
        assert ev.StartWorker() not in m.step(machine, event, 0.0)[1]
