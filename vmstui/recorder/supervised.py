"""The shell around the state machine: turns what happens to one process into events and carries out the actions.

`Supervised` is what a camera's worker and the relay have in common: start, wait by pidfd, timers, the stop ladder,
adoption. What to run, and what its end means, is left to the two that derive from it. Runs on the service's event loop,
never blocks it.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from datetime import UTC, datetime

from vmstui.ffmpeg.exits import ExitKind
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import machine as m
from vmstui.recorder.process import Exit, Process


class StartFailed(Exception):
    """A start that came to nothing; `str` is the reason for a person."""

    def __init__(self, retry: m.Retry, text: str, kind: ExitKind = ExitKind.UNKNOWN) -> None:
        super().__init__(text)
        self.retry = retry
        self.kind = kind


class Supervised(ABC):
    """One process that is to run, whatever happens to it."""

    def __init__(self, policy: m.Policy) -> None:
        self.machine = m.Machine(policy=policy)
        self.since = datetime.now(UTC)
        """When the machine entered its state."""
        self.process: Process | None = None
        self.next_start_at: datetime | None = None
        self.settled = asyncio.Event()
        """Set while there is neither a process nor a start under way."""
        self.settled.set()
        self._starting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started_s = 0.0

    # -- for those who derive ------------------------------------------------------------------------------------------

    @abstractmethod
    async def launch(self) -> Process:
        """Bring up the process on the machine's rung. Raises StartFailed. May be cancelled at any await."""

    @abstractmethod
    def ended(self, exit_: Exit, uptime_s: float) -> m.Ended:
        """What the end means. The process is gone; its files are complete."""

    @abstractmethod
    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        """A line for the history."""

    @abstractmethod
    def attached(self, process: Process) -> None:
        """A process of ours runs now, new or adopted."""

    @abstractmethod
    def detached(self) -> None:
        """It does not any more."""

    def changed(self) -> None:
        """The machine took in an event. Nobody needs to know, unless a deriving class does."""
        return

    # -- what happens ------------------------------------------------------------------------------------------------

    def dispatch(self, event: m.Event) -> None:
        """Let the machine decide on an event, and do what it says."""
        before = self.machine
        self.machine, actions = m.step(before, event)
        if (self.machine.state, self.machine.reason) != (before.state, before.reason):
            if self.machine.state is not before.state:
                self.since = datetime.now(UTC)
                if self.machine.state is State.HELD:
                    self.note(EventKind.HOLD, self.machine.reason)
            self.next_start_at = None
        for action in actions:
            self._carry_out(action)
        if self.process is None and self._starting is None:
            self.settled.set()
        else:
            self.settled.clear()
        self.changed()

    def adopt(self, process: Process, rung: int, failures: int, uptime_s: float) -> None:
        """Take over a process that an earlier service started."""
        self.machine = m.Machine(
            state=State.STARTING,
            wanted=True,
            alive=True,
            rung=rung,
            failures=failures,
            hold=self.machine.hold,
            policy=self.machine.policy,
        )
        self.since = datetime.now(UTC)
        self._attach(process, uptime_s)
        self.settled.clear()

    def uptime_s(self) -> float:
        """How long the present process has run."""
        return asyncio.get_running_loop().time() - self._started_s

    def let_go(self) -> None:
        """Forget the process without ending it: the service leaves, the worker stays."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.process is not None:
            asyncio.get_running_loop().remove_reader(self.process.pidfd)
            self.process.close()
            self.process = None
            self.detached()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _carry_out(self, action: m.Action) -> None:
        loop = asyncio.get_running_loop()
        match action:
            case m.StartWorker():
                self._starting = loop.create_task(self._start())
            case m.CancelStart():
                if self._starting is not None:
                    self._starting.cancel()
                    self._starting = None
            case m.Send(number):
                if self.process is not None:
                    self.process.send(number)
            case m.SetTimer(seconds):
                self._clear_timer()
                self._timer = loop.call_later(seconds, self._time_up)
                if not self.machine.alive:
                    self.next_start_at = datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC)
            case m.ClearTimer():
                self._clear_timer()
            case m.Note(kind, text, rule, outcome):
                self.note(kind, text, rule=rule, outcome=outcome)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_up(self) -> None:
        self._timer = None
        self.dispatch(m.TimeUp())

    async def _start(self) -> None:
        try:
            process = await self.launch()
        except StartFailed as error:
            failure = error
        except Exception as error:
            # A mistake of ours, or a state disk that fails, must not leave a camera without a next try.
            failure = StartFailed(m.Retry.LADDER, f"{type(error).__name__}: {error}")
        else:
            self._starting = None
            self._attach(process, 0.0)
            self.dispatch(m.Running())
            return
        self._starting = None
        self.note(EventKind.START, f"not started: {failure}")
        self.dispatch(m.NotStarted(failure.retry, str(failure), jitter()))

    def _attach(self, process: Process, uptime_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.process = process
        self._started_s = loop.time() - uptime_s
        loop.add_reader(process.pidfd, self._on_end)
        self.attached(process)

    def _on_end(self) -> None:
        process = self.process
        if process is None:
            return
        asyncio.get_running_loop().remove_reader(process.pidfd)
        exit_ = process.reap()
        process.close()
        uptime_s = self.uptime_s()
        self.process = None
        try:
            event = self.ended(exit_, uptime_s)
        except Exception as error:
            # The files of a dead worker may lie on a dying disk; that must not keep the next one from starting.
            text = f"{exit_}; its files cannot be read ({type(error).__name__}: {error})"
            event = m.Ended(m.Retry.LADDER, text, jitter(), uptime_s, recorded=False, segments=0)
        self.detached()
        self.dispatch(event)


def jitter() -> float:
    """A number in -1..1, so that cameras that fail together do not come back together."""
    return random.uniform(-1.0, 1.0)
