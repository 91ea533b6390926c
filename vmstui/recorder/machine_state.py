"""Where one supervised process is in its life, as a value: what the table of `machine.py` goes from and comes to.

What a service that comes later must know of it is its `past`. Pure.
"""

from __future__ import annotations

import signal

from vmstui.light_dataclass import dataclass
from vmstui.model import CameraState as State
from vmstui.recorder.machine_events import Action, Past
from vmstui.recorder.policy import WORKER_POLICY, Policy


@dataclass(frozen=True, slots=True)
class Machine:
    """Where one process is in its life."""

    state: State = State.STOPPED
    reason: str = ""
    wanted: bool = False
    alive: bool = False
    """A process exists."""
    failures: int = 0
    """In a row, since the last healthy run."""
    rung: int = 0
    """Rung of the fallback ladder the next start uses; 0 is the best."""
    step: int = 0
    """Next step of the stop ladder: so many signals were sent to the process."""
    signalled_s: float = 0.0
    """When the last of them was sent."""
    next_start_s: float | None = None
    """When the wait for the next start is over; None while nothing waits."""
    unwell_since_s: float | None = None
    """Since the first failure after the last healthy run; None while all is well, or the camera is not wanted."""
    failing: bool = False
    """The alarm is raised."""
    hold: str = ""
    """Why nothing may start now; empty when it may."""
    failures_before_disk: int | None = None
    """While the last failure was of the disk: what the count was before. None when it was of something else."""
    over: bool = False
    """Stopped for good."""
    heir: bool = False
    """When the process ends, another one has taken its place already."""
    now_s: float = 0.0
    """Monotonic instant of the last event."""
    policy: Policy = WORKER_POLICY

    @property
    def signals_sent(self) -> tuple[signal.Signals, ...]:
        """To the present process."""
        ladder = self.policy.stall if self.state is State.STALLED else self.policy.stop
        return tuple(number for number, _ in ladder[: self.step])

    @property
    def past(self) -> Past:
        """What a service that comes later must know."""
        return Past(
            self.step,
            self.signalled_s if self.step else 0.0,
            self.unwell_since_s,
            self.failing,
            self.state if self.next_start_s is not None else None,
            self.reason if self.next_start_s is not None else "",
            self.next_start_s or 0.0,
        )


Result = tuple[Machine, tuple[Action, ...]]
