"""Is a segment what it should be? From what was found in the file and around it to a verdict with its reason; pure,
but for `look` and `is_gone`.

`spool.settle` asks before it publishes, `verify` later again. What does not play is broken; what plays is good, partial
when a worker died over it, or suspect when it is not what was asked for, or its time stamps cannot be right. A hole is
no fault of a file that shows it: it is counted as a gap, as far as there was time for it (`extent`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from vmstui.footage import Hole, Segment, SegmentVerdict
from vmstui.light_dataclass import dataclass

LONGEST_SEGMENT_S = 24 * 3600.0
"""More than this is a broken time stamp, whatever the segment length."""
KEPT_S = 60.0
"""More than a server keeps for who comes new, which is what came since the last keyframe."""
DURATION_TOLERANCE = 0.25
"""By so much of the time that it took, what a segment holds may differ from it."""
DURATION_SLACK_S = 5.0
"""And by so much in any case: a file ends a keyframe late."""


class Media(Protocol):
    """What is found in a file; `ffmpeg.inspect.MediaInfo` is one."""

    @property
    def duration_s(self) -> float: ...
    @property
    def frames(self) -> int: ...
    @property
    def codec(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def fps(self) -> float: ...
    @property
    def starts_with_keyframe(self) -> bool: ...
    @property
    def holes(self) -> tuple[Hole, ...]: ...


Inspect = Callable[[str], Media]
"""Looks a file through. Raises ValueError, with the reason, for one that does not play; anything else it raises says
that it could not look."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a segment without looking into it."""

    closed: bool
    """ffmpeg closed it, and did not die over it."""
    size_bytes: int
    codec: str = ""
    """`h264` or `h265`; `` where it is not known what was asked for."""
    took_s: float | None = None
    """From its birth to its last byte, on a clock that nobody sets; None where that is not known."""
    took_on_wall_s: float | None = None
    """The same on the wall clock, which may have been set meanwhile; believed only where the frames agree."""
    first: bool = False
    """Of its worker: it may begin with whatever a server had kept for who comes new, up to its last keyframe."""


def look(inspect: Inspect, path: str) -> Media | ValueError:
    """What is found in a file, or why it does not play, which is believed when it is seen twice: it puts footage out of
    sight. Raises what `inspect` raises if it could not look."""
    with contextlib.suppress(ValueError):
        return inspect(path)
    try:
        return inspect(path)
    except ValueError as error:
        return error


@dataclass(frozen=True, slots=True)
class Extent:
    """For how long a segment was recorded, and when in that time nothing came."""

    duration_s: float
    holes: tuple[Hole, ...] = ()


def extent(found: Media | ValueError, expected: Expected) -> Extent:
    """How much of what the time stamps in a file tell can be so: a camera that sets its clock ahead makes a hole in
    which no time passed."""
    if isinstance(found, ValueError):
        return Extent(0.0)
    if not _more_than_it_took(found, expected) and 0 < found.duration_s <= LONGEST_SEGMENT_S:
        return Extent(found.duration_s, found.holes)
    took_s = _took_s(found, expected)
    duration_s = min(took_s if took_s is not None else _shown_s(found), LONGEST_SEGMENT_S)
    surplus_s = found.duration_s - duration_s
    holes = _without(found.holes, surplus_s, duration_s) if surplus_s > 0 else ()
    return Extent(duration_s, holes)


def _without(holes: tuple[Hole, ...], surplus_s: float, duration_s: float) -> tuple[Hole, ...]:
    """What is left of holes within a duration when so many seconds of them never were: the longest are the jumps."""
    never_s = dict.fromkeys(holes, 0.0)
    for hole in sorted(holes, key=lambda hole: hole.length_s, reverse=True):
        never_s[hole] = min(hole.length_s, surplus_s)
        surplus_s -= never_s[hole]
    left, earlier_s = [], 0.0
    for hole in holes:
        offset_s, length_s = hole.offset_s - earlier_s, hole.length_s - never_s[hole]
        earlier_s += never_s[hole]
        length_s = min(length_s, duration_s - offset_s)
        # A rest that is shorter is the inexactness of the time it took.
        if length_s > (DURATION_SLACK_S if never_s[hole] else 0.0):
            left.append(Hole(offset_s, length_s))
    return tuple(left)


def is_gone(path: str) -> bool:
    """Whether a file is not there any more; a disk that does not say so is no sign of it."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def found_segment(
    camera: str,
    generation: int,
    path: str,
    started_at: datetime,
    expected: Expected,
    verdict: tuple[SegmentVerdict, str],
    recorded: Extent,
    found: Media | ValueError,
) -> Segment:
    """A file that was looked at, as what it was found to be."""
    segment = Segment(
        camera=camera,
        generation=generation,
        path=path,
        started_at=started_at,
        duration_s=recorded.duration_s,
        size_bytes=expected.size_bytes,
        codec="",
        width=0,
        height=0,
        verdict=verdict[0],
        reason=verdict[1],
        holes=recorded.holes,
    )
    return with_found(segment, found)


def with_found(segment: Segment, found: Media | ValueError) -> Segment:
    """The segment with what was found in its file, but for its `extent`."""
    if isinstance(found, ValueError):
        return segment
    return replace(
        segment,
        codec=found.codec,
        width=found.width,
        height=found.height,
        frames=found.frames,
        fps=round(found.fps, 3),
        starts_with_keyframe=found.starts_with_keyframe,
    )


def changes(segment: Segment, size_bytes: int, frames: int | None) -> list[str]:
    """In what a file differs from what is known of it; `frames` None: not known."""
    told = []
    if size_bytes != segment.size_bytes:
        told.append(f"has {size_bytes} bytes, not {segment.size_bytes} as when it was recorded")
    if frames is not None and segment.frames and frames != segment.frames:
        told.append(f"holds {frames} frames, not {segment.frames} as when it was recorded")
    return told


def judge(found: Media | ValueError, expected: Expected) -> tuple[SegmentVerdict, str]:
    """The verdict and, unless it is good, the reason; `found` is an error for a file that does not play."""
    if isinstance(found, ValueError):
        return SegmentVerdict.BROKEN, _in_words(str(found), expected)
    if found.frames < 1:
        return SegmentVerdict.BROKEN, "no video frames"
    doubts = _doubts(found, expected)
    verdict = SegmentVerdict.SUSPECT if doubts else SegmentVerdict.GOOD
    if not expected.closed:
        doubts.append("left open by a worker that ended early; plays up to its last group of pictures")
        verdict = SegmentVerdict.SUSPECT if len(doubts) > 1 else SegmentVerdict.PARTIAL
    return verdict, "; ".join(doubts)


def _doubts(media: Media, expected: Expected) -> list[str]:
    doubts = []
    if expected.codec and media.codec != expected.codec:
        doubts.append(f"holds {media.codec}, not {expected.codec} as asked for")
    if not media.starts_with_keyframe:
        doubts.append("does not begin with a keyframe: players show nothing up to the first one")
    took_s, holds = _took_s(media, expected), f"holds {media.duration_s:.1f} s of video for"
    if took_s is not None and _more_than_it_took(media, expected):
        doubts.append(f"{holds} {took_s:.1f} s on the clock: the camera's clock is wrong")
    elif not 0 < media.duration_s <= LONGEST_SEGMENT_S:
        doubts.append(f"a duration of {media.duration_s:.3f} s cannot be right: the camera's time stamps are broken")
    elif took_s is not None and expected.closed and took_s - media.duration_s > _allowed_s(took_s):
        doubts.append(f"{holds} {took_s:.1f} s on the clock: the camera sent less than it should")
    return doubts


def _more_than_it_took(media: Media, expected: Expected) -> bool:
    took_s = _took_s(media, expected)
    return took_s is not None and _is_more(media.duration_s, took_s, expected)


def _took_s(media: Media, expected: Expected) -> float | None:
    """How long it took to record. By the wall clock, where that alone is known, if the file claims more and its frames
    do not need more: a clock that was put back has both too long."""
    on_wall_s = expected.took_on_wall_s
    if expected.took_s is not None or on_wall_s is None or on_wall_s <= 0:
        return expected.took_s
    agreed = _is_more(media.duration_s, on_wall_s, expected) and not _is_more(_shown_s(media), on_wall_s, expected)
    return on_wall_s if agreed else None


def _shown_s(media: Media) -> float:
    """How long its frames are shown at their usual interval."""
    return media.frames / media.fps if media.fps > 0 else 0.0


def _is_more(length_s: float, took_s: float, expected: Expected) -> bool:
    return length_s - took_s > _allowed_s(took_s) + (KEPT_S if expected.first else 0.0)


def _allowed_s(took_s: float) -> float:
    return DURATION_TOLERANCE * took_s + DURATION_SLACK_S


def _in_words(reason: str, expected: Expected) -> str:
    if expected.closed:
        return f"does not play: {reason}"
    return (
        f"holds no whole group of pictures yet ({expected.size_bytes} bytes, {reason}): "
        "normal for a worker that ended within seconds of starting a segment"
    )
