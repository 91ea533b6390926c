"""From one worker to the next: what to do when the one beside does not come up, and how much was lost in between. Pure.

A worker that records is replaced by one that starts beside it and takes its place once its first keyframe is on disk.
That needs a camera that serves two connections at a time, which is learnt by trying. Called by `succession.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from vmstui.ffmpeg.exits import ExitKind
from vmstui.model import Changeover
from vmstui.recording.gaps import Moment, between_s

LIMIT_S = 45.0
"""For the new worker's first keyframe: cameras may send one every 10 s or so, and ffmpeg writes at the one after it."""
RETRY_S = 60.0
"""A new configuration that could not be taken over yet is tried again after this."""

ONE_CONNECTION_HOLDS = timedelta(days=7)
"""What was learnt of a camera holds for so long: it may have been out of sorts, or has a new firmware since."""

TURNED_AWAY = (ExitKind.BUSY, ExitKind.CLOSED, ExitKind.NETWORK)
"""A camera that records all the while and does not serve the second connection: it takes only one."""


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
