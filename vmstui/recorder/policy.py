"""The numbers the state machine goes by: how a process is ended, what a next start waits for, when the alarm is raised.

Pure data and one formula. A death or a failed start is of one class (`Retry`, told by `causes.py`); each class has a
ladder of delays, and the count of failures in a row, whatever their classes, is the place on it. Nothing gives up: the
last step of a ladder is repeated for ever. Only health puts the count back to nothing, or a person who starts anew.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from vmstui.light_dataclass import dataclass

JITTER = 0.2
HEALTHY_UPTIME_S = 60.0
HEALTHY_SEGMENTS = 2
"""Only a run this long, with that many good segments closed, is healthy: a brief success is not."""
FAILING_AFTER_S = 600.0
"""Without health for so long since the first failure, a camera is failing: the alarm is raised."""


class Retry(StrEnum):
    """Class of what a run or a start failed of: what the next start waits for."""

    NETWORK = "network"
    """The camera is not reached, or closed the stream."""
    BUSY = "busy"
    """It is reached and refuses for now: no session left, no such stream (yet), a fault of its own."""
    AUTH = "auth"
    CONFIGURATION = "configuration"
    """ffmpeg or the camera refuses what it is told; the same again mostly brings the same."""
    DISK = "disk"
    DRIVER = "driver"
    """An encoder, a decoder, their driver or ffmpeg itself cannot be used, and no lower rung does without."""
    CRASH = "crash"
    """The process dies by itself: a crash, a signal from elsewhere, no memory."""
    FALLBACK = "fallback"
    """The next rung of the fallback ladder can cure it: no wait."""


BACK_OFF_S: Mapping[Retry, tuple[float, ...]] = {
    Retry.NETWORK: (0, 1, 2, 5, 10, 30, 60),
    # What uses up its sessions is often our own last one, which a camera keeps for up to a minute.
    Retry.BUSY: (0, 5, 10, 30, 60),
    # Nobody outside is troubled, and a disk that is missing or full holds all cameras anyway: in the first second it is
    # looked at, and a start before that would only fail as well.
    Retry.DISK: (1, 1, 2, 5, 10, 30),
    Retry.DRIVER: (0, 2, 5, 10, 30, 60),
    # Each round may cost a core dump and leaves a short file; a few quick ones, then slow.
    Retry.CRASH: (0, 1, 2, 5, 15, 60, 300),
    # Cameras lock an account for half an hour after about five wrong logins; this makes four at the most.
    Retry.AUTH: (600,),
    # A person has to cure most of these, but an ffmpeg that is replaced or a camera that is updated cures some.
    Retry.CONFIGURATION: (600,),
}
"""Seconds before the next start, by class. The first is for a worker that had recorded: one retry is free."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a process is ended and followed. A step is a signal and the seconds to wait for the end after it.

    ffmpeg must get at most three signals in its life: at the fourth it exits without writing trailers
    (fftools/ffmpeg.c, sigterm_handler).
    """

    stop: tuple[tuple[signal.Signals, float], ...]
    stall: tuple[tuple[signal.Signals, float], ...]
    back_off_s: Mapping[Retry, tuple[float, ...]] = field(default_factory=lambda: BACK_OFF_S)
    healthy_s: float = HEALTHY_UPTIME_S

    def delay_s(self, retry: Retry, failures: int, recorded: bool, jitter: float) -> float:
        """Before the next start, after so many failures before this one; `jitter` is in -1..1."""
        ladder_s = self.back_off_s[retry]
        index = min(max(failures, 0 if recorded else 1), len(ladder_s) - 1)
        return ladder_s[index] * (1 + JITTER * jitter)

    @property
    def longest_wait_s(self) -> float:
        """No wait for a next start is longer."""
        return max(max(ladder_s) for ladder_s in self.back_off_s.values()) * (1 + JITTER)

    def healthy(self, uptime_s: float, segments: int) -> bool:
        """Whether a run of this length that closed so many good segments counts as health."""
        return uptime_s >= self.healthy_s and segments >= HEALTHY_SEGMENTS


WORKER_POLICY = Policy(
    stop=((signal.SIGINT, 8.0), (signal.SIGTERM, 4.0), (signal.SIGKILL, 10.0)),
    stall=((signal.SIGINT, 4.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)),
)
RELAY_POLICY = Policy(
    stop=((signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)),
    stall=((signal.SIGKILL, 10.0),),
    # Our own program on our own machine: there is no camera to spare.
    back_off_s=dict.fromkeys(Retry, (0, 0.5, 1, 2, 5)),
    healthy_s=10.0,
)
