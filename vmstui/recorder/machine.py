"""The life of one supervised process as a table: (state, event, now) -> new state and actions.

Everything that decides about a worker's life is in this file, in `unwell.py` (when the alarm is raised and is over)
and in the numbers of `policy.py`; nothing here reads a clock, a file or a process. The shell around it
(`supervised.py`) turns what happens into events, calls `step` with the monotonic clock, and carries out the actions in
order. It keeps four promises that the table relies on:

- `Running` follows a `StartWorker` as soon as the process exists, `NotStarted` when none came to be;
- `Ended` comes exactly once for every process that ran, after which no signal is sent to it;
- one timer at a time: `SetTimer` replaces the one before, and `TimeUp` comes once when it expires;
- beside it one alarm of the same kind: `SetAlarm`, and `Overdue` once.

Rules of the table: a process that lives is ended only through the stop ladder, and never gets a signal of it twice,
also not from a service that comes later; a new one starts only after the old one `Ended`; whoever is wanted and neither
held nor waiting is starting; nothing gives up; what was stopped for good (the recorder is leaving) starts never again,
although commands that were asked for before may still arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder.machine_events import (
    Action,
    Adopted,
    CancelStart,
    ClearTimer,
    Ended,
    Event,
    Footage,
    Healthy,
    Heir,
    Hold,
    Note,
    NotStarted,
    Overdue,
    Release,
    Restart,
    Resumed,
    Running,
    Send,
    SetTimer,
    Stalled,
    Start,
    StartWorker,
    Stop,
    TimeUp,
)
from vmstui.recorder.machine_state import Machine, Result
from vmstui.recorder.policy import Retry
from vmstui.recorder.unwell import overdue, relieve, remember_trouble, trouble

Handler = Callable[[Machine, Event], Result]


def step(machine: Machine, event: Event, now_s: float) -> Result:
    """The machine after the event, and what to do now. `now_s` is of the monotonic clock."""
    machine = replace(machine, now_s=now_s)
    if isinstance(event, Stop) and event.for_good:
        machine = replace(machine, over=True)
    elif machine.over and isinstance(event, Start | Restart | Resumed):
        return machine, ()
    return TABLE[machine.state, type(event)](machine, event)


# -- handlers --------------------------------------------------------------------------------------------------------


def _ignore(machine: Machine, event: Event) -> Result:
    return machine, ()


def _begin(machine: Machine) -> Result:
    """Start if wanted and allowed."""
    machine = replace(machine, alive=False, step=0, next_start_s=None)
    if not machine.wanted or machine.heir:
        stopped, actions = relieve(machine)
        return replace(stopped, state=State.STOPPED, reason="", failures=0, rung=0), actions
    if machine.hold:
        # Whatever keeps it from recording, it is not recorded: a hold counts like a failure.
        return trouble(replace(machine, state=State.HELD, reason=machine.hold))
    # While it only tries again, the reason of the last failure is what a person wants to see.
    reason = machine.reason if machine.failures else ""
    return replace(machine, state=State.STARTING, reason=reason), (StartWorker(),)


def _adopted(machine: Machine, event: Event) -> Result:
    """Follow a process that lives. One that was told to end is followed to its end, from where its stop ladder is."""
    assert isinstance(event, Adopted)
    past = event.past
    machine, actions = remember_trouble(machine, past)
    machine = replace(
        machine,
        state=State.STARTING,
        wanted=True,
        alive=True,
        rung=event.rung,
        failures=event.failures,
    )
    if not past.signals:
        return machine, actions
    # Which of the two ladders it was is not known any more; their signals are the same, and more patience costs less.
    ladder = machine.policy.stop
    sent = min(past.signals, len(ladder))
    wait_s = ladder[sent - 1][1]
    left_s = min(max(past.signalled_s + wait_s - machine.now_s, 0.0), wait_s)
    reason = "an earlier service had begun to end it"
    machine = replace(machine, state=State.STOPPING, reason=reason, step=sent, signalled_s=past.signalled_s)
    if sent == len(ladder) and not left_s:
        stuck, further = _next_step(machine, event)
        return stuck, (*actions, *further)
    return machine, (*actions, SetTimer(left_s))


def _resumed(machine: Machine, event: Event) -> Result:
    """Start, or wait for what is left of a wait."""
    assert isinstance(event, Resumed)
    past = event.past
    machine, actions = remember_trouble(replace(machine, wanted=True, failures=event.failures), past)
    left_s = min(past.next_start_s - machine.now_s, machine.policy.longest_wait_s)
    if past.waiting not in _WAITS or left_s <= 0:
        after, further = _begin(replace(machine, reason=past.reason))
        return after, (*actions, *further)
    waiting = replace(machine, state=past.waiting, reason=past.reason, next_start_s=machine.now_s + left_s)
    return waiting, (*actions, SetTimer(left_s))


def _want(machine: Machine, event: Event) -> Result:
    """Start or restart asked for while no process lives."""
    fresh, actions = _begin(replace(machine, wanted=True, failures=0, rung=0))
    return fresh, (ClearTimer(), *actions)


def _unwant(machine: Machine, event: Event) -> Result:
    """Stop asked for while no process lives."""
    stopped, actions = _begin(replace(machine, wanted=False))
    return stopped, (ClearTimer(), *actions)


def _starting_unwant(machine: Machine, event: Event) -> Result:
    if machine.alive:
        return _stop_living(machine, event)
    stopped, actions = _begin(replace(machine, wanted=False))
    return stopped, (CancelStart(), *actions)


def _starting_again(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Restart)
    if machine.alive:
        return _restart_living(machine, event)
    fresh, actions = _begin(replace(machine, wanted=True, failures=0, rung=0))
    return fresh, (CancelStart(), *actions)


def _running(machine: Machine, event: Event) -> Result:
    return replace(machine, alive=True), ()


def _footage(machine: Machine, event: Event) -> Result:
    return replace(machine, state=State.RECORDING, reason="", failures_before_disk=None), ()


def _healthy(machine: Machine, event: Event) -> Result:
    return relieve(replace(machine, failures=0))


def _end(machine: Machine, state: State, reason: str) -> Result:
    """Begin the stop ladder."""
    ladder = machine.policy.stall if state is State.STALLED else machine.policy.stop
    signal_, wait_s = ladder[0]
    ending = replace(machine, state=state, reason=reason, step=1, signalled_s=machine.now_s)
    return ending, (Send(signal_), SetTimer(wait_s))


def _next_step(machine: Machine, event: Event) -> Result:
    """A step of the stop ladder had no effect."""
    ladder = machine.policy.stall if machine.state is State.STALLED else machine.policy.stop
    if machine.step < len(ladder):
        signal_, wait_s = ladder[machine.step]
        note = Note(
            EventKind.WATCHDOG,
            f"did not end in {ladder[machine.step - 1][1]:g} s after {ladder[machine.step - 1][0].name}",
            rule="stop ladder",
            outcome=f"{signal_.name} sent",
        )
        stepped = replace(machine, step=machine.step + 1, signalled_s=machine.now_s)
        return stepped, (note, Send(signal_), SetTimer(wait_s))
    text = "did not end after SIGKILL (stuck in the kernel, often a dead disk or network mount); no second one starts"
    stuck, actions = trouble(replace(machine, state=State.UNKILLABLE, reason=text))
    return stuck, (Note(EventKind.WATCHDOG, text, rule="stop ladder", outcome="waiting for the kernel"), *actions)


def _stop_living(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Stop)
    unwanted, actions = relieve(replace(machine, wanted=False))
    ending, ladder = _end(unwanted, State.STOPPING, event.reason)
    return ending, (*actions, *ladder)


def _restart_living(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Restart)
    return _end(replace(machine, wanted=True, failures=0), State.STOPPING, event.reason)


def _stall(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Stalled)
    if not machine.alive:
        return machine, ()
    return _end(machine, State.STALLED, event.text)


def _hold_living(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Hold)
    held = replace(machine, hold=event.text)
    if not held.alive:
        waiting, actions = _begin(held)
        return waiting, (CancelStart(), *actions)
    if event.end_running:
        return _end(held, State.STOPPING, event.text)
    return held, ()


def _remember_hold(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Hold)
    return replace(machine, hold=event.text), ()


def _hold_waiting(machine: Machine, event: Event) -> Result:
    """A wait goes on: a disk that comes and goes must not make us hammer a camera that refuses our password.

    But who waits since the disk failed under it waits for the disk, and that was no failure of the camera.
    """
    assert isinstance(event, Hold)
    held = replace(machine, hold=event.text)
    if held.failures_before_disk is None:
        return held, ()
    excused = replace(held, failures=min(held.failures_before_disk, held.failures), failures_before_disk=None)
    waiting, actions = _begin(excused)
    return waiting, (ClearTimer(), *actions)


def _hold_again(machine: Machine, event: Event) -> Result:
    """Another reason than before."""
    assert isinstance(event, Hold)
    return _begin(replace(machine, hold=event.text))


def _forget_hold(machine: Machine, event: Event) -> Result:
    return replace(machine, hold=""), ()


def _release(machine: Machine, event: Event) -> Result:
    """What was held and had not failed by itself is well again, unless the hold lasted until the alarm."""
    well, actions = (machine, ()) if machine.failures or machine.failing else relieve(machine)
    fresh, further = _begin(replace(well, hold=""))
    return fresh, (*actions, *further)


def _mark_wanted(machine: Machine, event: Event) -> Result:
    """Start or restart asked for while the old process is being ended: the new one follows by itself."""
    machine = replace(machine, wanted=True, failures=0)
    return trouble(machine) if machine.state is State.UNKILLABLE else (machine, ())


def _mark_unwanted(machine: Machine, event: Event) -> Result:
    return relieve(replace(machine, wanted=False))


def _note_heir(machine: Machine, event: Event) -> Result:
    """Only a process that lives has a place to be taken."""
    assert isinstance(event, Heir)
    return replace(machine, heir=event.there and machine.alive), ()


def _heir_lost(machine: Machine, event: Event) -> Result:
    """The one that was to take the place does not, and the old one has ended meanwhile."""
    changed, _ = _note_heir(machine, event)
    return _begin(changed) if changed.wanted and not changed.heir else (changed, ())


def _timer_begin(machine: Machine, event: Event) -> Result:
    return _begin(machine)


def _ended_on_demand(machine: Machine, event: Event) -> Result:
    fresh, actions = _begin(replace(machine, rung=0))
    return fresh, (ClearTimer(), *actions)


def _not_started(machine: Machine, event: Event) -> Result:
    assert isinstance(event, NotStarted)
    return _after_failure(machine, event.retry, event.text, event.jitter, recorded=False)


def _died(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Ended)
    actions: tuple[Action, ...] = ()
    if machine.policy.healthy(event.uptime_s, event.segments):
        machine, actions = relieve(replace(machine, failures=0))
    after, further = _after_failure(machine, event.retry, event.text, event.jitter, recorded=event.recorded)
    return after, (ClearTimer(), *actions, *further)


def _after_failure(machine: Machine, retry: Retry, text: str, jitter: float, *, recorded: bool) -> Result:
    if not machine.wanted or machine.heir or machine.hold:
        return _begin(machine)
    machine, actions = trouble(replace(machine, alive=False, step=0, reason=text))
    if retry is Retry.FALLBACK:
        lower, start = _begin(replace(machine, rung=machine.rung + 1))
        note = Note(EventKind.FALLBACK, text, rule="fallback ladder", outcome="next rung")
        return lower, (note, *actions, *start)
    delay_s = machine.policy.delay_s(retry, machine.failures, recorded, jitter)
    before = machine.failures if machine.failures_before_disk is None else machine.failures_before_disk
    machine = replace(
        machine,
        failures=max(machine.failures, 0 if recorded else 1) + 1,
        failures_before_disk=before if retry is Retry.DISK else None,
    )
    if delay_s == 0:
        again, start = _begin(machine)
        return again, (*actions, *start)
    state = _WAITS_IN.get(retry, State.FAILING if machine.failing else State.BACKOFF)
    waiting = replace(machine, state=state, next_start_s=machine.now_s + delay_s)
    return waiting, (*actions, SetTimer(delay_s))


_WAITS_IN = {Retry.AUTH: State.AUTH_FAILED, Retry.CONFIGURATION: State.CONFIG_ERROR}
"""States that say what a person has to do; every other class waits in back-off, or as failing."""
_WAITS: tuple[State, ...] = (State.BACKOFF, State.FAILING, *_WAITS_IN.values())

_NO_PROCESS: dict[type[Event], Handler] = {
    Adopted: _ignore,
    Resumed: _ignore,
    Running: _ignore,
    Footage: _ignore,
    Healthy: _ignore,
    NotStarted: _ignore,
    Ended: _ignore,
    Stalled: _ignore,
    Heir: _note_heir,
    Overdue: overdue,
}
_LIVING: dict[type[Event], Handler] = {
    Adopted: _ignore,
    Resumed: _ignore,
    Start: _ignore,
    Stop: _stop_living,
    Restart: _restart_living,
    Running: _running,
    Healthy: _healthy,
    NotStarted: _ignore,
    Ended: _died,
    Stalled: _stall,
    Heir: _note_heir,
    TimeUp: _ignore,
    Hold: _hold_living,
    Release: _forget_hold,
}
_ENDING: dict[type[Event], Handler] = {
    Adopted: _ignore,
    Resumed: _ignore,
    Start: _mark_wanted,
    Stop: _mark_unwanted,
    Restart: _mark_wanted,
    Running: _ignore,
    Footage: _ignore,
    Healthy: _ignore,
    NotStarted: _ignore,
    Stalled: _ignore,
    Heir: _note_heir,
    TimeUp: _next_step,
    Overdue: overdue,
    Hold: _remember_hold,
    Release: _forget_hold,
}
_WAITING: dict[type[Event], Handler] = {
    **_NO_PROCESS,
    Start: _want,
    Stop: _unwant,
    Restart: _want,
    TimeUp: _timer_begin,
    Hold: _hold_waiting,
    Release: _forget_hold,
}
_ROWS: dict[State, dict[type[Event], Handler]] = {
    State.STOPPED: {
        **_WAITING,
        Adopted: _adopted,
        Resumed: _resumed,
        Stop: _unwant,
        Heir: _heir_lost,
        TimeUp: _ignore,
    },
    State.HELD: {**_WAITING, Start: _ignore, Restart: _ignore, TimeUp: _ignore, Hold: _hold_again, Release: _release},
    State.STARTING: {
        **_LIVING,
        Stop: _starting_unwant,
        Restart: _starting_again,
        NotStarted: _not_started,
        Footage: _footage,
        Overdue: overdue,
    },
    # What records is not failing while it does; its end will tell.
    State.RECORDING: {**_LIVING, Footage: _ignore, Overdue: _ignore},
    State.STALLED: {**_ENDING, Ended: _died},
    State.STOPPING: {**_ENDING, Ended: _ended_on_demand},
    State.BACKOFF: _WAITING,
    State.FAILING: _WAITING,
    State.AUTH_FAILED: _WAITING,
    State.CONFIG_ERROR: _WAITING,
    State.UNKILLABLE: {**_ENDING, TimeUp: _ignore, Ended: _ended_on_demand},
}
TABLE: dict[tuple[State, type[Event]], Handler] = {
    (state, kind): handler for state, row in _ROWS.items() for kind, handler in row.items()
}
"""Every state answers every event; the tests hold it to that."""
