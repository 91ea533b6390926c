"""The shell around the state machine: turns what happens to one process into events and carries out the actions.

`Supervised` is what a camera's worker and the relay have in common: start, wait by pidfd, timers, the stop ladder,
adoption. What to run, and what its end means, is left to the two that derive from it. Runs on the service's event loop,
never blocks it.
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime
from typing import Unpack

from vmstui.ffmpeg.exits import ExitKind
from vmstui.footage import GapCause
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import machine as m
from vmstui.recorder import machine_events as ev
from vmstui.recorder.causes import WHY_NOTHING_STARTED
from vmstui.recorder.history import Evidence
from vmstui.recorder.machine_state import Machine
from vmstui.recorder.policy import Policy, Retry
from vmstui.recorder.process import Exit, Process

ASK_AGAIN_S = (0.005, 0.01, 0.02, 0.04)
"""Pauses between questions for how a process ended that its parent waits for just now; others have their turn."""


class StartFailed(Exception):
    """A start that came to nothing; `str` is the reason for a person."""

    def __init__(self, retry: Retry, text: str, kind: ExitKind = ExitKind.UNKNOWN) -> None:
        super().__init__(text)
        self.retry = retry
        self.kind = kind


class Supervised(ABC):
    """One process that is to run, whatever happens to it."""

    def __init__(self, policy: Policy) -> None:
        self.machine = Machine(policy=policy)
        self.since = datetime.now(UTC)
        """When the machine entered its state."""
        self.process: Process | None = None
        self.next_start_at: datetime | None = None
        self.delayed = ""
        """Why a start that is under way has to wait; empty when it does not."""
        self._is_settled = True
        self._settled: asyncio.Event | None = None
        self._starting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._remembered: tuple[int, ev.Past] = (0, ev.Past())
        self._started_s = 0.0
        self._held_by: GapCause | None = None
        """Whose matter it was said to be that it is held."""
        self._inquiry: asyncio.TimerHandle | None = None
        """The process is gone, and how it ended is asked for again then."""

    # -- for those who derive ------------------------------------------------------------------------------------------

    @abstractmethod
    async def launch(self) -> Process:
        """Bring up the process on the machine's rung. Raises StartFailed. May be cancelled at any await."""

    @abstractmethod
    def ended(self, exit_: Exit, uptime_s: float) -> ev.Ended:
        """What the end means. The process is gone; its files are complete."""

    @abstractmethod
    def note(self, kind: EventKind, text: str, **evidence: Unpack[Evidence]) -> None:
        """A line for the history."""

    def remember(self) -> None:  # noqa: B027 (most have nothing that must outlive the service)
        """Note down the machine's failures and its `past` for a later service; they have changed. Called before a
        signal is sent, so that no service sends it again."""

    @abstractmethod
    def attached(self, process: Process) -> None:
        """A process of ours runs now, new or adopted."""

    @abstractmethod
    def detached(self) -> None:
        """It does not any more."""

    def cause_of_hold(self) -> GapCause:
        """Why nothing may start now, by who can do something about it."""
        return GapCause.DISK

    def changed(self) -> None:
        """The machine took in an event. Nobody needs to know, unless a deriving class does."""
        return

    # -- what happens ------------------------------------------------------------------------------------------------

    def dispatch(self, event: ev.Event) -> None:
        """Let the machine decide on an event, and do what it says."""
        before = self.machine
        self.machine, actions = m.step(before, event, asyncio.get_running_loop().time())
        if self.machine.state is not before.state:
            self.since = datetime.now(UTC)
        cause = self.cause_of_hold() if self.machine.state is State.HELD else None
        if cause is not None and cause is not self._held_by:
            self.note(EventKind.HOLD, self.machine.reason, cause=cause)
        self._held_by = cause
        if self.machine.next_start_s != before.next_start_s:
            self.next_start_at = self._wall(self.machine.next_start_s)
        self._keep_past()
        for action in actions:
            self._carry_out(action)
        self._tell_settled()
        self.changed()

    def adopt(self, process: Process, rung: int, failures: int, uptime_s: float, past: ev.Past | None = None) -> None:
        """Take over a process that an earlier service started; `past` is what that one knew about it."""
        self.process = process  # before anybody is told: who has none, and none under way, is settled
        self.dispatch(ev.Adopted(rung, failures, past or ev.Past()))
        self._attach(process, uptime_s)
        self._tell_settled()

    @property
    def settled(self) -> asyncio.Event:
        """Set while there is neither a process nor a start under way. Made when it is first asked for: of
        nearly all it never is, and one takes most of a kilobyte."""
        if self._settled is None:
            self._settled = asyncio.Event()
            if self._is_settled:
                self._settled.set()
        return self._settled

    def saw_health(self, good_segments: int) -> None:
        """Called while the process runs, with what it has made: tells the machine if that ends a time of trouble."""
        machine = self.machine
        if self.troubled and self.process is not None and machine.policy.healthy(self.uptime_s(), good_segments):
            self.dispatch(ev.Healthy())

    @property
    def troubled(self) -> bool:
        """It failed since its last healthy run."""
        return self.machine.failures > 0 or self.machine.unwell_since_s is not None

    @property
    def failing_since(self) -> datetime | None:
        """The first failure of a camera that is failing, None while there is no alarm."""
        since = self._wall(self.machine.unwell_since_s) if self.machine.failing else None
        return since.replace(microsecond=0) if since is not None else None

    def uptime_s(self) -> float:
        """How long the present process has run."""
        return asyncio.get_running_loop().time() - self._started_s

    def let_go(self) -> None:
        """Forget the process without ending it: the service leaves, the worker stays."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        self._clear_timer()
        self._clear_alarm()
        if self._inquiry is not None:
            self._inquiry.cancel()
            self._inquiry = None
        if self.process is not None:
            asyncio.get_running_loop().remove_reader(self.process.pidfd)
            self.process.close()
            self.process = None
            self.detached()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _carry_out(self, action: ev.Action) -> None:
        loop = asyncio.get_running_loop()
        match action:
            case ev.StartWorker():
                self._starting = loop.create_task(self._start())
            case ev.CancelStart():
                if self._starting is not None:
                    self._starting.cancel()
                    self._starting = None
            case ev.Send(number):
                if self.process is not None and self._inquiry is None:  # what is gone may have lent its pid to another
                    self.process.send(number)
            case ev.SetTimer(seconds):
                self._clear_timer()
                self._timer = loop.call_later(seconds, self._time_up)
            case ev.ClearTimer():
                self._clear_timer()
            case ev.SetAlarm(seconds):
                self._clear_alarm()
                self._alarm = loop.call_later(seconds, self._overdue)
            case ev.ClearAlarm():
                self._clear_alarm()
            case ev.Note(kind, text, rule, measured, threshold, outcome):
                self.note(kind, text, rule=rule, measured=measured, threshold=threshold, outcome=outcome)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_up(self) -> None:
        self._timer = None
        self.dispatch(ev.TimeUp())

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _overdue(self) -> None:
        self._alarm = None
        self.dispatch(ev.Overdue())

    def _keep_past(self) -> None:
        known, self._remembered = self._remembered, (self.machine.failures, self.machine.past)
        # What was sent to a process that is gone matters to nobody: at the end of a fleet that is half of the notes.
        of_the_dead = replace(known[1], signals=0, signalled_s=0.0) if not self.machine.step else known[1]
        if self._remembered != (known[0], of_the_dead):
            self.remember()

    def _tell_settled(self) -> None:
        if self.process is None and self._starting is None:
            self._is_settled = True
        else:
            self._is_settled = False
        if self._settled is not None:
            (self._settled.set if self._is_settled else self._settled.clear)()

    def _wall(self, instant_s: float | None) -> datetime | None:
        """An instant of the monotonic clock on the wall clock as it stands now, whatever was done to that since."""
        if instant_s is None:
            return None
        return datetime.fromtimestamp(time.time() + instant_s - asyncio.get_running_loop().time(), UTC)

    async def _start(self) -> None:
        try:
            process = await self.launch()
        except StartFailed as error:
            failure = error
        except Exception as error:
            # A mistake of ours, or a state disk that fails, must not leave a camera without a next try.
            failure = StartFailed(Retry.CRASH, f"{type(error).__name__}: {error}")
        else:
            self._starting = None
            self._attach(process, 0.0)
            self.dispatch(ev.Running())
            return
        self._starting = None
        self.note(EventKind.NO_START, f"not started: {failure}", cause=WHY_NOTHING_STARTED[failure.retry])
        self.dispatch(ev.NotStarted(failure.retry, str(failure), jitter()))

    def _attach(self, process: Process, uptime_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.process = process
        self._started_s = loop.time() - uptime_s
        loop.add_reader(process.pidfd, self._on_end)
        self.attached(process)

    def _on_end(self) -> None:
        if self.process is not None:
            asyncio.get_running_loop().remove_reader(self.process.pidfd)
            self._learn_end(self.process, ASK_AGAIN_S)

    def _learn_end(self, process: Process, pauses_s: tuple[float, ...]) -> None:
        """How it ended, now or after some of these pauses; then it is not known."""
        self._inquiry, exit_ = None, process.reap()
        if exit_ is None and pauses_s:
            loop = asyncio.get_running_loop()
            self._inquiry = loop.call_later(pauses_s[0], self._learn_end, process, pauses_s[1:])
            return
        self._end(process, exit_ or Exit())

    def _end(self, process: Process, exit_: Exit) -> None:
        process.close()
        uptime_s = self.uptime_s()
        self.process = None
        try:
            event = self.ended(exit_, uptime_s)
        except Exception as error:
            # The files of a dead worker may lie on a dying disk; that must not keep the next one from starting.
            text = f"{exit_}; its files cannot be read ({type(error).__name__}: {error})"
            event = ev.Ended(Retry.CRASH, text, jitter(), uptime_s, recorded=False, segments=0)
        self.detached()
        self.dispatch(event)


def jitter() -> float:
    """A number in -1..1, so that cameras that fail together do not come back together."""
    return random.uniform(-1.0, 1.0)
