"""When a camera is offline, when it is back, and what that cost: two lines, however often it was tried. Pure.

A camera that should record is *offline* when nothing of it was recorded for ten seconds, or for three and a start of it
came to nothing; where somebody asked for what began it (a start, a restart, a new configuration), or a service has only
just come, for thirty. So a worker that dies and is replaced in a second is no matter for a line; its end has one.
It is *back* when it has recorded for some seconds again. What was not recorded is then told as `vmstui gaps` counts it:
from last frame to first frame, on a clock that nobody sets, and without the time in which nobody wanted it.

An outage goes on while somebody stops the camera, and over services, which note it (`outages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.light_dataclass import dataclass
from vmstui.model import Event
from vmstui.recording.gaps import Downtime, Moment, between_s, gaps_of
from vmstui.recording.journal import order
from vmstui.spoken import day_and_clock, length

OFFLINE_AFTER_S = 10.0
SURELY_AFTER_S = 3.0
"""Once a start came to nothing."""
PATIENCE_S = 30.0
"""Where somebody asked for it, or a service has just come."""
STEADY_S = 3.0
"""So long it records before it is back."""
EARLIER = 8
"""Segments before one among which that is that ended last; as the catalogue does."""
_TRIFLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a camera that should record does not."""

    since: Moment
    """Its last footage, as far as that is known."""
    generation: int
    """The last one that may have recorded before."""
    asked: bool = False
    """Somebody asked for what began it."""
    unplayable: bool = False
    """It does record, but nothing of that plays."""
    told: bool = False
    """There is a line of it."""


def why_offline(outage: Outage, missing_s: float, failed_starts: int) -> str:
    """The rule by which it is to be told that a camera is offline, when nothing was recorded for so long and so many
    starts came to nothing since; empty while it is not."""
    if failed_starts and missing_s > SURELY_AFTER_S:
        return "a start came to nothing"
    if outage.unplayable:
        return "what is recorded does not play"
    limit_s = PATIENCE_S if outage.asked else OFFLINE_AFTER_S
    return f"nothing recorded for more than {limit_s:.0f} s" if missing_s > limit_s else ""


def not_recorded(
    camera: str,
    outage: Outage,
    generation: int,
    first: Moment,
    segments: Sequence[Segment],
    events: Sequence[Event],
    downtimes: Sequence[Downtime],
) -> tuple[Gap, ...] | None:
    """What is missing from the last footage before an outage to the first frame of the generation that ended it, also
    between pieces that were recorded meanwhile. None where nothing was recorded before, as far as `segments` tell."""
    known = sorted((one for one in segments if one.generation < generation), key=order)
    before = [one for one in known if one.generation <= outage.generation]
    if not any(one.plays for one in known):
        return None
    back = Segment(
        camera, generation, "", first.at, 0.0, 0, "", 0, 0, SegmentVerdict.GOOD, number=0, uptime=first.uptime
    )
    gaps: list[Gap] = []
    for segment in (*(one for one in known if one.generation > outage.generation), back):
        gaps += gaps_of(segment, tuple(before[-EARLIER:]), events, downtimes)
        if segment.plays or not before or before[-1].plays:  # of those that do not, one is enough to tell
            before.append(segment)
    return tuple(gaps)


@dataclass(frozen=True, slots=True)
class Return:
    """A camera that is back."""

    text: str
    since: Moment
    """When the footage before it ended."""
    lost_s: float
    """That should have been recorded and was not."""


def of_return(outage: Outage, first: Moment, gaps: tuple[Gap, ...] | None) -> Return:
    """What is to be told, where that is its first frame and these the gaps until then (`not_recorded`)."""
    away_s = max(between_s(outage.since, first), 0.0)
    if gaps is None:
        return Return(f"back after {length(away_s)}; nothing was recorded before", outage.since, away_s)
    since = outage.since
    if gaps:  # that is more exact
        since = Moment(gaps[0].started_at)
        away_s = (first.at - since.at).total_seconds()
    lost_s = sum(gap.length_s for gap in gaps if gap.lost)
    off_s = sum(gap.length_s for gap in gaps if gap.cause is GapCause.OFF)
    text = f"back after {length(away_s)}, {length(lost_s)} not recorded"
    if off_s > _TRIFLE_S:
        text += f"; for {length(off_s)} it was not wanted"
    return Return(text, since, lost_s)


def offline_text(since: datetime, now: datetime, cause: str, where: tzinfo | None) -> str:
    """`offline since 03:12:05 (cause)`, with the day where that is another one."""
    told = day_and_clock(since, where)
    if told[:10] == day_and_clock(now, where)[:10]:
        told = told[11:]
    return f"offline since {told} ({cause})" if cause else f"offline since {told}"


def earlier(now: Moment, at: datetime) -> Moment:
    """An instant shortly before now that is known on the wall clock alone."""
    ago_s = (now.at - at).total_seconds()
    if now.uptime is None or not 0 <= ago_s <= timedelta(hours=1).total_seconds():
        return Moment(at)
    return Moment(at, replace(now.uptime, s=now.uptime.s - ago_s))
