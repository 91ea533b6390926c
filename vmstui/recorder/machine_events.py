"""The words of the state machine (`machine.py`): what happens to a process, and what is to be done about it.

Events come from the shell around the machine (`supervised.py`) and from who commands it; actions go back to the shell.
`Past` is what of a machine outlives the service.
"""

from __future__ import annotations

import signal

from vmstui.light_dataclass import dataclass
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder.policy import Retry

# -- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Past:
    """What a service that comes later must know of a machine, beside its rung and its count of failures.

    Instants are of the monotonic clock of the service that reads it.
    """

    signals: int = 0
    """Sent to the present process."""
    signalled_s: float = 0.0
    """When the last of them was sent."""
    unwell_since_s: float | None = None
    failing: bool = False
    waiting: State | None = None
    """The state in which the next start is waited for, None while nothing waits."""
    reason: str = ""
    """Why it waits."""
    next_start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Adopted:
    """A process that an earlier service started lives, and is ours from now on."""

    rung: int
    failures: int
    past: Past


@dataclass(frozen=True, slots=True)
class Resumed:
    """An earlier service wanted the camera recorded, and no process of it lives: go on where it was."""

    failures: int
    past: Past


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody wants the camera recorded, at once and with a clean slate."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody does not want it recorded any more. `for_good`: whatever is asked for later, nothing starts again."""

    for_good: bool = False
    reason: str = "stop asked for"
    """Shown while it is being stopped, and beside its end."""


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
class Healthy:
    """The present run has become healthy (`Policy.healthy`)."""


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
class Overdue:
    """The alarm went off: unwell for `FAILING_AFTER_S`."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something all cameras need is missing. `end_running`: end the workers too, so that they close their files."""

    text: str
    end_running: bool


@dataclass(frozen=True, slots=True)
class Release:
    """It is back."""


Event = (
    Adopted
    | Resumed
    | Start
    | Stop
    | Restart
    | Running
    | Footage
    | Healthy
    | NotStarted
    | Ended
    | Stalled
    | Heir
    | TimeUp
    | Overdue
    | Hold
    | Release
)

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
class SetAlarm:
    """`Overdue` after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClearAlarm:
    """No `Overdue` any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the history, with the rule that led to it."""

    kind: EventKind
    text: str
    rule: str = ""
    measured: str = ""
    threshold: str = ""
    outcome: str = ""


Action = StartWorker | CancelStart | Send | SetTimer | ClearTimer | SetAlarm | ClearAlarm | Note
