"""From one worker to the next: what to do when the one beside does not come up, and how much was lost in between. Pure.

A worker that records is replaced by one that starts beside it and takes its place once its first keyframe is on disk.
That needs a camera that serves two connections at a time, which is learnt by trying. Called by `succession.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from vmstui.configured import RestartMode
from vmstui.ffmpeg.exits import ExitKind
from vmstui.light_dataclass import dataclass
from vmstui.model import Changeover
from vmstui.recording.gaps import Moment, between_s

LIMIT_S = 45.0
"""From the start of the new worker to its first keyframe: cameras may send one every 10 s or so, and ffmpeg writes at
the one after it."""
RETRY_S = 60.0
"""What could not be done yet, for a reason that may pass, is tried again after this."""

ONE_CONNECTION_HOLDS = timedelta(days=7)
"""What was learnt of a camera holds for so long: it may have been out of sorts, or has a new firmware since."""

TURNED_AWAY = (ExitKind.BUSY, ExitKind.CLOSED, ExitKind.NETWORK)
"""A camera that is recorded all the while (`Witness`) and does not serve the second connection: it takes only one."""
BREAK_S = 3.5
"""ffmpeg tells of its progress every second, and is looked at as often: who lags behind by more had a break."""
BREAK_FRAMES = 3.0
"""The same for cameras that send a frame every few seconds."""
CALM_LAG_S, CALM_S = 1.5, 5.0
"""Who lags behind by no more after so long is measured anew: cameras' clocks may run wrong."""
STEADY_BEFORE_S, STEADY_AFTER_S = 10.0, 5.0
"""Without a break for so long before the second connection failed (or since it was tried) and after that."""


@dataclass(frozen=True, slots=True)
class Wish:
    """That the present worker be replaced."""

    reason: str
    mode: RestartMode | None
    """None: in the configured way."""
    renews: bool = False
    """Only as long as it runs on another configuration than the camera's."""


@dataclass(frozen=True, slots=True)
class Witness:
    """The present worker, as it is seen while another one tries to connect beside it: a connection that fails says
    something about the camera only where nothing was wrong with the network. All instants are monotonic seconds."""

    begun_s: float
    out_s: float
    """What it was seen to have made last, in seconds of footage."""
    steady_since_s: float
    """From then on there was no break."""
    advanced_s: float
    """When it was last seen to have made more."""
    from_s: float
    """It is measured from then on, when it had made this."""
    from_out_s: float
    failed_s: float | None = None
    """When the connection failed."""

    @staticmethod
    def called(now_s: float, out_s: float) -> Witness:
        """It is looked at from now on."""
        return Witness(now_s, out_s, now_s, now_s, now_s, out_s)

    def saw(self, now_s: float, out_s: float, fps: float) -> Witness:
        """After another look; `fps` of the camera, 0 while it is not known. What was made counts, not when that was
        seen: a break that is made up for later is one."""
        advanced = out_s > self.out_s
        lag_s = now_s - self.from_s - (max(out_s, self.out_s) - self.from_out_s)
        broken = lag_s > break_s(fps)
        seen = replace(self, steady_since_s=now_s) if broken else self
        if not advanced:
            return seen
        if broken or (lag_s <= CALM_LAG_S and now_s - self.from_s >= CALM_S):
            seen = replace(seen, from_s=now_s, from_out_s=out_s)
        return replace(seen, out_s=out_s, advanced_s=now_s)

    def verdict(self, now_s: float, fps: float) -> bool | None:
        """Whether the camera was recorded all the while; None: that is not known yet."""
        if self.failed_s is None:
            return None
        if now_s - self.advanced_s > break_s(fps):
            return False
        if self.steady_since_s > max(self.begun_s, self.failed_s - STEADY_BEFORE_S):
            return False
        return True if self.advanced_s >= self.failed_s + STEADY_AFTER_S else None


def break_s(fps: float) -> float:
    """Who lags behind by more than this had a break."""
    return max(BREAK_S, BREAK_FRAMES / fps) if fps > 0 else BREAK_S


class Then(StrEnum):
    """What follows a new worker that came to nothing."""

    STOP_FIRST = "stop first"
    """The old one is ended, then a new one starts."""
    KEEP = "keep"
    """The old one goes on: the same would happen to the next one, and then nothing would be recorded."""


def after_failure(kind: ExitKind | None) -> tuple[Then, bool]:
    """What follows when the new worker ended for this reason, or (None) wrote nothing in time; and whether that shows
    that the camera serves one connection only."""
    if kind is None or kind in TURNED_AWAY:
        return Then.STOP_FIRST, True
    if kind is ExitKind.ENCODER:
        return Then.STOP_FIRST, False  # some GPUs encode only so many streams, and the old worker still takes one
    return Then.KEEP, False


def serves_two(one_connection_since: datetime | None, now: datetime) -> bool:
    """Whether it is worth trying to connect to a camera beside the worker that records it."""
    if one_connection_since is None:
        return True
    # Clocks are set now and then: an instant in the future is as good as none.
    return not timedelta() <= now - one_connection_since < ONE_CONNECTION_HOLDS


def measured(
    before: int, end: Moment, after: int, begin: Moment, fps: float, at: datetime, *, seamless: bool
) -> Changeover:
    """What lies between the footage of two generations: the end of the last frame of one and the first of the other."""
    gap_s = round(between_s(end, begin), 2)
    # A frame is on time until the next one would have come.
    lost = max(0, round(gap_s * fps) - 1) if gap_s > 0 else 0
    return Changeover(before, after, gap_s, lost, seamless, at)
