"""The life of a worker: every transition of the table, and rules no series of events may break."""

from __future__ import annotations

import itertools
import signal
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmstui.model import CameraState as State
from vmstui.recorder import machine as m

DEATH = m.Ended(m.Retry.LADDER, "camera closed the stream", 0.0, uptime_s=5.0, recorded=True, segments=0)
SILENT_DEATH = m.Ended(m.Retry.LADDER, "no route to host", 0.0, uptime_s=1.0, recorded=False, segments=0)
HOLD = m.Hold("recordings folder is missing", end_running=False)

EVENT_TYPES = typing.get_args(m.Event)


def run(*events: m.Event, machine: m.Machine | None = None) -> tuple[m.Machine, list[m.Action]]:
    current = machine or m.Machine()
    actions: list[m.Action] = []
    for event in events:
        current, new = m.step(current, event)
        actions += new
    return current, actions


def recording() -> m.Machine:
    return run(m.Start(), m.Running(), m.Footage())[0]


def signals(actions: list[m.Action]) -> list[signal.Signals]:
    return [action.signal for action in actions if isinstance(action, m.Send)]


def timers(actions: list[m.Action]) -> list[float]:
    return [action.seconds for action in actions if isinstance(action, m.SetTimer)]


def test_every_state_answers_every_event() -> None:
    assert set(m.TABLE) == set(itertools.product(State, EVENT_TYPES))


def test_a_wanted_camera_starts_and_records() -> None:
    machine, actions = run(m.Start(), m.Running(), m.Footage())
    assert machine.state is State.RECORDING
    assert actions.count(m.StartWorker()) == 1


def test_a_worker_that_recorded_is_replaced_at_once_the_first_time() -> None:
    machine, actions = run(DEATH, machine=recording())
    assert machine.state is State.STARTING
    assert actions[-1] == m.StartWorker()


def test_an_unreachable_camera_backs_off_1_2_5_10_30_60_60() -> None:
    machine, waits = run(m.Start())[0], []
    for _ in range(7):
        machine, actions = run(m.Running(), SILENT_DEATH, machine=machine)
        assert machine.state is State.BACKOFF
        waits += timers(actions)
        machine, _ = run(m.TimeUp(), machine=machine)
        assert machine.state is State.STARTING
    assert waits == [1, 2, 5, 10, 30, 60, 60]


@given(st.floats(-1, 1))
def test_back_off_is_jittered_by_a_fifth(jitter: float) -> None:
    _, actions = run(m.Start(), m.NotStarted(m.Retry.LADDER, "refused", jitter))
    assert 0.8 <= timers(actions)[0] <= 1.2


def test_a_brief_success_does_not_reset_the_ladder() -> None:
    machine = recording()
    waits = []
    for _ in range(3):
        machine, actions = run(DEATH, machine=machine)
        waits += timers(actions) or [0.0]
        machine, _ = run(
            *([m.TimeUp()] if machine.state is State.BACKOFF else []), m.Running(), m.Footage(), machine=machine
        )
    assert waits == [0, 1, 2]


def test_a_healthy_run_resets_the_ladder() -> None:
    failing = run(m.Running(), m.Footage(), machine=run(DEATH, machine=recording())[0])[0]
    healthy = m.Ended(m.Retry.LADDER, "closed", 0.0, uptime_s=400.0, recorded=True, segments=2)
    assert run(healthy, machine=failing)[0].state is State.STARTING


def test_a_wrong_password_is_retried_after_ten_minutes_or_on_a_key() -> None:
    machine, actions = run(m.Start(), m.NotStarted(m.Retry.AUTH, "401", 1.0))
    assert machine.state is State.AUTH_FAILED
    assert timers(actions) == [600]
    assert run(m.TimeUp(), machine=machine)[0].state is State.STARTING
    assert run(m.Restart("key"), machine=machine)[0].state is State.STARTING


def test_a_wrong_configuration_waits_for_a_person() -> None:
    machine, actions = run(m.Start(), m.Running(), m.Ended(m.Retry.CONFIGURATION, "no such option", 0, 1, False, 0))
    assert machine.state is State.CONFIG_ERROR
    assert timers(actions) == []
    assert run(m.TimeUp(), machine=machine)[0].state is State.CONFIG_ERROR
    assert run(m.Start(), machine=machine)[0].state is State.STARTING


def test_the_fallback_ladder_is_taken_one_rung_at_a_time_without_waiting() -> None:
    fallen = m.Ended(m.Retry.FALLBACK, "no NVENC", 0, 1, False, 0)
    machine, actions = run(m.Start(), m.Running(), fallen, m.Running(), fallen)
    assert (machine.state, machine.rung) == (State.STARTING, 2)
    assert timers(actions) == []


def test_a_restart_by_a_person_begins_on_the_best_rung_again() -> None:
    fallen = run(m.Start(), m.Running(), m.Ended(m.Retry.FALLBACK, "no NVENC", 0, 1, False, 0), m.Running())[0]
    machine, _ = run(m.Restart("key"), DEATH, machine=fallen)
    assert (machine.state, machine.rung, machine.failures) == (State.STARTING, 0, 0)


def test_the_stop_ladder_is_int_term_kill_and_then_unkillable() -> None:
    machine, actions = run(m.Stop(), m.TimeUp(), m.TimeUp(), m.TimeUp(), m.TimeUp(), machine=recording())
    assert machine.state is State.UNKILLABLE
    assert signals(actions) == [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    assert run(m.Start(), machine=machine)[0].state is State.UNKILLABLE
    assert run(m.Start(), DEATH, machine=machine)[0].state is State.STARTING


def test_start_during_a_stop_brings_the_camera_back_after_it_ended() -> None:
    machine, actions = run(m.Stop(), m.Start(), machine=recording())
    assert m.StartWorker() not in actions
    machine, actions = run(DEATH, machine=machine)
    assert machine.state is State.STARTING


def test_a_stalled_worker_is_ended_and_followed() -> None:
    machine, actions = run(m.Stalled("segment does not grow"), machine=recording())
    assert (machine.state, signals(actions)) == (State.STALLED, [signal.SIGINT])
    machine, actions = run(DEATH, machine=machine)
    assert machine.state is State.STARTING


def test_a_hold_stops_starts_but_not_recordings_unless_it_says_so() -> None:
    assert run(HOLD, machine=recording())[0].state is State.RECORDING
    machine, _ = run(HOLD, DEATH, machine=recording())
    assert (machine.state, machine.reason) == (State.HELD, HOLD.text)
    assert run(m.Release(), machine=machine)[0].state is State.STARTING
    machine, actions = run(m.Hold("full", end_running=True), machine=recording())
    assert (machine.state, signals(actions)) == (State.STOPPING, [signal.SIGINT])
    assert run(DEATH, machine=machine)[0].state is State.HELD


def test_a_hold_during_a_start_or_a_wait_is_kept() -> None:
    machine, actions = run(m.Start(), HOLD)
    assert machine.state is State.HELD
    assert m.CancelStart() in actions
    waiting = run(m.Start(), m.NotStarted(m.Retry.LADDER, "x", 0))[0]
    assert run(HOLD, m.TimeUp(), machine=waiting)[0].state is State.HELD


@pytest.mark.parametrize("retry", [m.Retry.AUTH, m.Retry.CONFIGURATION, m.Retry.LADDER])
def test_a_disk_that_comes_and_goes_does_not_cut_a_wait_short(retry: m.Retry) -> None:
    waiting = run(m.Start(), m.NotStarted(retry, "x", 0))[0]
    machine, actions = run(HOLD, m.Release(), HOLD, m.Release(), machine=waiting)
    assert machine.state is waiting.state
    assert actions == []


def test_a_start_that_is_not_wanted_any_more_is_cancelled() -> None:
    machine, actions = run(m.Start(), m.Stop())
    assert machine.state is State.STOPPED
    assert actions[-1] == m.CancelStart()


def test_nobody_follows_a_worker_whose_place_is_taken_when_it_ends() -> None:
    machine, actions = run(m.Heir(there=True), DEATH, machine=recording())
    assert machine.state is State.STOPPED
    assert m.StartWorker() not in actions
    assert run(m.Heir(there=False), machine=machine)[1] == [m.StartWorker()]
    machine, actions = run(m.Heir(there=True), m.Heir(there=False), DEATH, machine=recording())
    assert m.StartWorker() in actions


@pytest.mark.parametrize("before", [(), (m.Start(),), (m.Start(), m.Running()), (m.Start(), m.Running(), m.Footage())])
def test_what_is_stopped_for_good_never_starts_again(before: tuple[m.Event, ...]) -> None:
    stopped = run(*before, m.Stop(for_good=True))[0]
    late = (m.Start(), m.Restart("asked for before"), m.Release())
    machine, actions = run(*late, *([DEATH] if stopped.alive else []), *late, machine=stopped)
    assert machine.state is State.STOPPED
    assert actions == [m.ClearTimer()] * stopped.alive


EVENTS = st.one_of(
    st.sampled_from(
        [
            m.Start(),
            m.Stop(),
            m.Stop(for_good=True),
            m.Restart("key"),
            m.Footage(),
            m.Stalled("x"),
            m.Heir(there=True),
            m.Heir(there=False),
            HOLD,
            m.Hold("full", True),
            m.Release(),
        ]
    ),
    st.just("start succeeds"),
    st.just("start fails"),
    st.just("process ends"),
    st.just("time"),
)


@settings(max_examples=400)
@given(st.lists(st.tuples(EVENTS, st.sampled_from(m.Retry)), max_size=60))
def test_no_series_of_events_breaks_the_rules(series: list[tuple[m.Event | str, m.Retry]]) -> None:
    """At most one process; three signals to it at most; a wanted camera is never just forgotten."""
    machine, process, starting, timer, sent, over = m.Machine(), False, False, False, 0, False
    for happening, retry in series:
        event = happening if not isinstance(happening, str) else None
        if happening == "start succeeds" and starting:
            assert not process, "a second process beside the first"
            event, process, starting, sent = m.Running(), True, False, 0
        elif happening == "start fails" and starting:
            event, starting = m.NotStarted(retry, "x", 0.0), False
        elif happening == "process ends" and process:
            event, process = m.Ended(retry, "x", 0.0, 5.0, True, 0), False
        elif happening == "time" and timer:
            event, timer = m.TimeUp(), False
        if event is None or (isinstance(event, m.Footage) and not process):
            continue
        over |= event == m.Stop(for_good=True)
        machine, actions = m.step(machine, event)
        for action in actions:
            match action:
                case m.StartWorker():
                    assert not over, "a start after the end"
                    assert not process, "a start while the old process lives"
                    assert machine.wanted
                    starting = True
                case m.CancelStart():
                    starting = False
                case m.Send():
                    assert process, "a signal to nobody"
                    sent += 1
                    assert sent <= 3
                case m.SetTimer():
                    timer = True
                case m.ClearTimer():
                    timer = False
        assert machine.alive == process
        if machine.wanted:
            on_its_way = process or starting or timer
            assert on_its_way or machine.heir or machine.state in (State.HELD, State.CONFIG_ERROR), machine
        else:
            assert not starting
        if machine.state is State.STOPPED:
            assert not process
            assert machine.heir or not machine.wanted, "wanted, and nobody is there"


@pytest.mark.parametrize("state", [State.STALLED, State.STOPPING, State.UNKILLABLE])
def test_nothing_starts_while_the_old_process_lives(state: State) -> None:
    machine = m.Machine(state=state, wanted=True, alive=True, step=1)
    for event in (m.Start(), m.Restart("key"), m.Stop(), m.Release(), m.Footage(), m.Running()):
        assert m.StartWorker() not in m.step(machine, event)[1]
