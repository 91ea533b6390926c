"""The life of one supervised process as a table: (state, event) -> new state and actions.

Everything that decides about a worker's life is in this file; nothing here reads a clock, a file or a process. The
shell around it (`camera.py`, `relay.py`) turns what happens into events, calls `step`, and carries out the actions in
order. It keeps three promises that the table relies on:

- `Running` follows a `StartWorker` as soon as the process exists, `NotStarted` when none came to be;
- `Ended` comes exactly once for every process that ran, after which no signal is sent to it;
- one timer at a time: `SetTimer` replaces the one before, and `TimeUp` comes once when it expires.

Rules of the table: a process that lives is ended only through the stop ladder; a new one starts only after the old one
`Ended`; whoever is wanted and neither held nor waiting is starting; nothing gives up for good except a configuration
that ffmpeg itself refused, and that ends with a key or a new configuration; what was stopped for good (the recorder is
leaving) starts never again, although commands that were asked for before may still arrive.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from vmstui.model import CameraState as State
from vmstui.model import EventKind

LADDER_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Delays before the next start. The first is for a worker that had recorded: one retry is free."""
JITTER = 0.2
HEALTHY_UPTIME_S = 60.0
HEALTHY_SEGMENTS = 2
"""Only a run this long, with that many good segments, starts the ladder anew: a brief success does not."""
AUTH_RETRY_S = 600.0
"""Cameras lock an account for half an hour after about five wrong logins."""


class Retry(StrEnum):
    """Class of a death: what the next start waits for."""

    LADDER = "ladder"
    AUTH = "auth"
    CONFIGURATION = "configuration"
    FALLBACK = "fallback"
    """The next rung of the fallback ladder can cure it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a process is ended and followed. A step is a signal and the seconds to wait for the end after it.

    ffmpeg must get at most three signals in its life: at the fourth it exits without writing trailers
    (fftools/ffmpeg.c, sigterm_handler).
    """

    stop: tuple[tuple[signal.Signals, float], ...]
    stall: tuple[tuple[signal.Signals, float], ...]
    ladder_s: tuple[float, ...] = LADDER_S
    healthy_s: float = HEALTHY_UPTIME_S
    """Uptime after which the ladder begins anew."""


WORKER_POLICY = Policy(
    stop=((signal.SIGINT, 8.0), (signal.SIGTERM, 4.0), (signal.SIGKILL, 10.0)),
    stall=((signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)),
)
RELAY_POLICY = Policy(
    stop=((signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)),
    stall=((signal.SIGKILL, 10.0),),
    # Our own program on our own machine: there is no camera to spare.
    ladder_s=(0.0, 0.5, 1.0, 2.0, 5.0),
    healthy_s=10.0,
)


# -- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody wants the camera recorded, at once and with a clean slate."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody does not want it recorded any more. `for_good`: whatever is asked for later, nothing starts again."""

    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """Somebody wants a new worker; `reason` is shown."""

    reason: str


@dataclass(frozen=True, slots=True)
class Running:
    """The process exists."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The first bytes of a segment of this run are on disk."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A start came to nothing before there was a process. `jitter` is in -1..1."""

    retry: Retry
    text: str
    jitter: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The process is gone. `segments` counts the good ones this run closed, `jitter` is in -1..1."""

    retry: Retry
    text: str
    jitter: float
    uptime_s: float
    recorded: bool
    segments: int


@dataclass(frozen=True, slots=True)
class Stalled:
    """The watchdog found that the product does not grow any more."""

    text: str


@dataclass(frozen=True, slots=True)
class Heir:
    """Another worker runs beside this one and takes its place when it ends (or, with `there` False, does not)."""

    there: bool


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The timer expired."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something all cameras need is missing. `end_running`: end the workers too, so that they close their files."""

    text: str
    end_running: bool


@dataclass(frozen=True, slots=True)
class Release:
    """It is back."""


Event = Start | Stop | Restart | Running | Footage | NotStarted | Ended | Stalled | Heir | TimeUp | Hold | Release

# -- actions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Bring up a process on the machine's rung."""


@dataclass(frozen=True, slots=True)
class CancelStart:
    """A start that has not led to a process yet is off."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a signal to the process; SIGKILL goes to its whole group, the others are followed by SIGCONT."""

    signal: signal.Signals


@dataclass(frozen=True, slots=True)
class SetTimer:
    """`TimeUp` after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """No `TimeUp` for the present timer."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the history, with the rule that led to it."""

    kind: EventKind
    text: str
    rule: str = ""
    outcome: str = ""


Action = StartWorker | CancelStart | Send | SetTimer | ClearTimer | Note


@dataclass(frozen=True, slots=True)
class Machine:
    """Where one process is in its life."""

    state: State = State.STOPPED
    reason: str = ""
    wanted: bool = False
    alive: bool = False
    """A process exists."""
    failures: int = 0
    """Next index into the policy's ladder of delays."""
    rung: int = 0
    """Rung of the fallback ladder the next start uses; 0 is the best."""
    step: int = 0
    """Next step of the stop ladder."""
    hold: str = ""
    """Why nothing may start now; empty when it may."""
    over: bool = False
    """Stopped for good."""
    heir: bool = False
    """When the process ends, another one has taken its place already."""
    policy: Policy = WORKER_POLICY


Result = tuple[Machine, tuple[Action, ...]]
Handler = Callable[[Machine, Event], Result]


def step(machine: Machine, event: Event) -> Result:
    """The machine after the event, and what to do now."""
    if isinstance(event, Stop) and event.for_good:
        machine = replace(machine, over=True)
    elif machine.over and isinstance(event, Start | Restart):
        return machine, ()
    return TABLE[machine.state, type(event)](machine, event)


# -- handlers --------------------------------------------------------------------------------------------------------


def _ignore(machine: Machine, event: Event) -> Result:
    return machine, ()


def _begin(machine: Machine) -> Result:
    """Start if wanted and allowed."""
    machine = replace(machine, alive=False, step=0)
    if not machine.wanted or machine.heir:
        return replace(machine, state=State.STOPPED, reason="", failures=0, rung=0), ()
    if machine.hold:
        return replace(machine, state=State.HELD, reason=machine.hold), ()
    # While it only tries again, the reason of the last failure is what a person wants to see.
    reason = machine.reason if machine.failures else ""
    return replace(machine, state=State.STARTING, reason=reason), (StartWorker(),)


def _want(machine: Machine, event: Event) -> Result:
    """Start or restart asked for while no process lives."""
    fresh, actions = _begin(replace(machine, wanted=True, failures=0, rung=0))
    return fresh, (ClearTimer(), *actions)


def _unwant(machine: Machine, event: Event) -> Result:
    """Stop asked for while no process lives."""
    stopped, _ = _begin(replace(machine, wanted=False))
    return stopped, (ClearTimer(),)


def _starting_unwant(machine: Machine, event: Event) -> Result:
    if machine.alive:
        return _end(replace(machine, wanted=False), State.STOPPING, "stop asked for")
    stopped, _ = _begin(replace(machine, wanted=False))
    return stopped, (CancelStart(),)


def _starting_again(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Restart)
    if machine.alive:
        return _end(replace(machine, wanted=True), State.STOPPING, event.reason)
    fresh, actions = _begin(replace(machine, wanted=True, failures=0, rung=0))
    return fresh, (CancelStart(), *actions)


def _running(machine: Machine, event: Event) -> Result:
    return replace(machine, alive=True), ()


def _footage(machine: Machine, event: Event) -> Result:
    return replace(machine, state=State.RECORDING, reason=""), ()


def _end(machine: Machine, state: State, reason: str) -> Result:
    """Begin the stop ladder."""
    ladder = machine.policy.stall if state is State.STALLED else machine.policy.stop
    signal_, wait_s = ladder[0]
    return replace(machine, state=state, reason=reason, step=1), (Send(signal_), SetTimer(wait_s))


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
        return replace(machine, step=machine.step + 1), (note, Send(signal_), SetTimer(wait_s))
    text = "did not end after SIGKILL (stuck in the kernel, often a dead disk or network mount); no second one starts"
    return replace(machine, state=State.UNKILLABLE, reason=text), (
        Note(EventKind.WATCHDOG, text, rule="stop ladder", outcome="waiting for the kernel"),
    )


def _stop_living(machine: Machine, event: Event) -> Result:
    return _end(replace(machine, wanted=False), State.STOPPING, "stop asked for")


def _restart_living(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Restart)
    return _end(replace(machine, wanted=True), State.STOPPING, event.reason)


def _stall(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Stalled)
    if not machine.alive:
        return machine, ()
    return _end(machine, State.STALLED, event.text)


def _hold_living(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Hold)
    held = replace(machine, hold=event.text)
    if not held.alive:
        waiting, _ = _begin(held)
        return waiting, (CancelStart(),)
    if event.end_running:
        return _end(held, State.STOPPING, event.text)
    return held, ()


def _remember_hold(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Hold)
    return replace(machine, hold=event.text), ()


def _hold_again(machine: Machine, event: Event) -> Result:
    """Another reason than before."""
    assert isinstance(event, Hold)
    return _begin(replace(machine, hold=event.text))


def _forget_hold(machine: Machine, event: Event) -> Result:
    return replace(machine, hold=""), ()


def _release(machine: Machine, event: Event) -> Result:
    return _begin(replace(machine, hold=""))


def _mark_wanted(machine: Machine, event: Event) -> Result:
    """Start or restart asked for while the old process is being ended: the new one follows by itself."""
    return replace(machine, wanted=True), ()


def _mark_unwanted(machine: Machine, event: Event) -> Result:
    return replace(machine, wanted=False), ()


def _note_heir(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Heir)
    return replace(machine, heir=event.there), ()


def _heir_lost(machine: Machine, event: Event) -> Result:
    """The one that was to take the place does not, and the old one has ended meanwhile."""
    changed, _ = _note_heir(machine, event)
    return _begin(changed) if changed.wanted and not changed.heir else (changed, ())


def _timer_begin(machine: Machine, event: Event) -> Result:
    return _begin(machine)


def _ended_on_demand(machine: Machine, event: Event) -> Result:
    fresh, actions = _begin(replace(machine, failures=0, rung=0))
    return fresh, (ClearTimer(), *actions)


def _not_started(machine: Machine, event: Event) -> Result:
    assert isinstance(event, NotStarted)
    return _after_failure(machine, event.retry, event.text, event.jitter, recorded=False)


def _died(machine: Machine, event: Event) -> Result:
    assert isinstance(event, Ended)
    healthy = event.uptime_s >= machine.policy.healthy_s and event.segments >= HEALTHY_SEGMENTS
    machine = replace(machine, failures=0) if healthy else machine
    after, actions = _after_failure(machine, event.retry, event.text, event.jitter, recorded=event.recorded)
    return after, (ClearTimer(), *actions)


def _after_failure(machine: Machine, retry: Retry, text: str, jitter: float, *, recorded: bool) -> Result:
    machine = replace(machine, alive=False, step=0)
    if not machine.wanted or machine.heir or machine.hold:
        return _begin(machine)
    if retry is Retry.FALLBACK:
        lower, actions = _begin(replace(machine, rung=machine.rung + 1))
        return lower, (Note(EventKind.FALLBACK, text, rule="fallback ladder", outcome="next rung"), *actions)
    if retry is Retry.AUTH:
        return replace(machine, state=State.AUTH_FAILED, reason=text), (SetTimer(AUTH_RETRY_S),)
    if retry is Retry.CONFIGURATION:
        return replace(machine, state=State.CONFIG_ERROR, reason=text), ()
    ladder_s = machine.policy.ladder_s
    index = min(max(machine.failures, 0 if recorded else 1), len(ladder_s) - 1)
    machine = replace(machine, failures=index + 1)
    delay_s = ladder_s[index] * (1 + JITTER * jitter)
    machine = replace(machine, reason=text)
    if delay_s == 0:
        return _begin(machine)
    return replace(machine, state=State.BACKOFF), (SetTimer(delay_s),)


_NO_PROCESS: dict[type[Event], Handler] = {
    Running: _ignore,
    Footage: _ignore,
    NotStarted: _ignore,
    Ended: _ignore,
    Stalled: _ignore,
    Heir: _note_heir,
}
_LIVING: dict[type[Event], Handler] = {
    Start: _ignore,
    Stop: _stop_living,
    Restart: _restart_living,
    Running: _running,
    NotStarted: _ignore,
    Ended: _died,
    Stalled: _stall,
    Heir: _note_heir,
    TimeUp: _ignore,
    Hold: _hold_living,
    Release: _forget_hold,
}
_ENDING: dict[type[Event], Handler] = {
    Start: _mark_wanted,
    Stop: _mark_unwanted,
    Restart: _mark_wanted,
    Running: _ignore,
    Footage: _ignore,
    NotStarted: _ignore,
    Stalled: _ignore,
    Heir: _note_heir,
    TimeUp: _next_step,
    Hold: _remember_hold,
    Release: _forget_hold,
}
_WAITING: dict[type[Event], Handler] = {
    **_NO_PROCESS,
    Start: _want,
    Stop: _unwant,
    Restart: _want,
    TimeUp: _timer_begin,
    # The wait goes on: a disk that comes and goes must not make us hammer a camera that refuses our password.
    Hold: _remember_hold,
    Release: _forget_hold,
}
_ROWS: dict[State, dict[type[Event], Handler]] = {
    State.STOPPED: {**_WAITING, Stop: _unwant, Heir: _heir_lost, TimeUp: _ignore},
    State.HELD: {**_WAITING, Start: _ignore, Restart: _ignore, TimeUp: _ignore, Hold: _hold_again, Release: _release},
    State.STARTING: {
        **_LIVING,
        Stop: _starting_unwant,
        Restart: _starting_again,
        NotStarted: _not_started,
        Footage: _footage,
    },
    State.RECORDING: {**_LIVING, Footage: _ignore},
    State.STALLED: {**_ENDING, Ended: _died},
    State.STOPPING: {**_ENDING, Ended: _ended_on_demand},
    State.BACKOFF: _WAITING,
    State.AUTH_FAILED: _WAITING,
    State.CONFIG_ERROR: {**_WAITING, TimeUp: _ignore},
    State.UNKILLABLE: {**_ENDING, TimeUp: _ignore, Ended: _ended_on_demand},
}
TABLE: dict[tuple[State, type[Event]], Handler] = {
    (state, kind): handler for state, row in _ROWS.items() for kind, handler in row.items()
}
"""Every state answers every event; the tests hold it to that."""
