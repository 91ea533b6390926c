"""What is not recorded now, as far as it has come: the gap behind the last footage, which no later segment has closed.
Pure; the one place that tells it, for commands and for the service.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vmstui.footage import Gap, GapCause
from vmstui.model import CameraSnapshot, Event
from vmstui.recording.gaps import Downtime, explained

SHORTEST_ONGOING_S = 15.0
"""A worker that starts takes some seconds; what it lost is told once its first segment is closed."""


@dataclass(frozen=True, slots=True)
class Present:
    """What a service knows of a camera now."""

    generation: int
    opened_at: datetime | None = None
    """When the file that is being written was begun; None where none is."""
    started_at: datetime | None = None
    """When its present worker was."""
    handing_over: bool = False
    """The worker of an earlier generation still has its last file open."""
    unsettled: Collection[int] = ()
    """Generations of which closed files are on their way into the catalogue."""

    @classmethod
    def of(cls, camera: CameraSnapshot) -> Present:
        """From what `snapshot` says."""
        opened = camera.open_segment
        opened_at = opened.started_at if opened is not None else None
        return cls(camera.generation, opened_at, camera.started_at, camera.beside_pid is not None)


@dataclass(frozen=True, slots=True)
class LastFootage:
    """The end of what is catalogued of a camera and plays, in the order of recording."""

    generation: int
    ended_at: datetime


def going_on(
    camera: str,
    last: LastFootage | None,
    present: Present | None,
    now: datetime,
    events_of: Callable[[], Sequence[Event]],
    downtimes: Sequence[Downtime] = (),
) -> tuple[Gap, ...]:
    """What is not recorded until now, or until what is being written began, cut where its cause changed.

    Of a camera that never recorded nothing is told: `status` says why. `present` is None where no service runs; then
    no worker may run either. `events_of` gives its history, oldest first, and is asked only where that is needed.
    """
    until = missing_until(last, present, now)
    if last is None or until is None:
        return ()
    return explained(camera, last.ended_at, until, events_of(), downtimes)


def missing_until(last: LastFootage | None, present: Present | None, now: datetime) -> datetime | None:
    """The end of what is missing since the last footage; None where nothing is, or not for long enough to be told."""
    if last is None:
        return None
    until = now
    if present is not None:
        if present.handing_over or last.generation in present.unsettled:
            return None
        if present.opened_at is not None:
            if present.generation == last.generation:
                return None
            closed_one = present.generation in present.unsettled  # and may have begun long before the open one
            until = (present.started_at if closed_one else None) or present.opened_at
    return until if (until - last.ended_at).total_seconds() >= SHORTEST_ONGOING_S else None


def prolonged(gaps: Sequence[Gap], until: datetime, news: Sequence[Event]) -> tuple[Gap, ...] | None:
    """What `going_on` gave for the same last footage, up to another end. None: to be explained anew, since what was
    noted from the end before on (`news`) may tell of another cause."""
    if not gaps or until <= gaps[-1].started_at:
        return None
    last = gaps[-1]
    causes = {event.cause for event in news} - {None}
    if causes - {last.cause} or (causes and last.cause is GapCause.UNKNOWN):
        return None
    return (*gaps[:-1], replace(last, length_s=(until - last.started_at).total_seconds()))
