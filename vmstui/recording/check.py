"""Is a segment what it should be? From what was found in the file and around it to a verdict with its reason; pure,
but for `look` and `is_gone`.

`spool.settle` asks before it publishes, `verify` later again. What does not play is broken; what plays is good, partial
when a worker died over it, or suspect when it is not what was asked for. A hole is no fault of a file that shows it:
it is counted as a gap.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from vmstui.footage import Hole, Segment, SegmentVerdict

LONGEST_SEGMENT_S = 24 * 3600.0
"""More than this is a broken time stamp, whatever the segment length."""
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


def is_gone(path: str) -> bool:
    """Whether a file is not there any more; a disk that does not say so is no sign of it."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def with_found(segment: Segment, found: Media | ValueError) -> Segment:
    """The segment with what was found in its file, but for its duration, which takes a verdict."""
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
        holes=found.holes,
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
    reason = _not_sane(found)
    if reason:
        return SegmentVerdict.BROKEN, reason
    doubts = _doubts(found, expected)
    verdict = SegmentVerdict.SUSPECT if doubts else SegmentVerdict.GOOD
    if not expected.closed:
        doubts.append("left open by a worker that ended early; plays up to its last group of pictures")
        verdict = SegmentVerdict.SUSPECT if len(doubts) > 1 else SegmentVerdict.PARTIAL
    return verdict, "; ".join(doubts)


def _not_sane(media: Media) -> str:
    if media.frames < 1:
        return "no video frames"
    if not 0 < media.duration_s <= LONGEST_SEGMENT_S:
        return f"a duration of {media.duration_s:.3f} s cannot be right: the camera's time stamps are broken"
    return ""


def _doubts(media: Media, expected: Expected) -> list[str]:
    doubts = []
    if expected.codec and media.codec != expected.codec:
        doubts.append(f"holds {media.codec}, not {expected.codec} as asked for")
    if not media.starts_with_keyframe:
        doubts.append("does not begin with a keyframe: players show nothing up to the first one")
    took_s = expected.took_s
    if took_s is not None and expected.closed:
        allowed_s = DURATION_TOLERANCE * took_s + DURATION_SLACK_S
        too_much = media.duration_s - took_s > allowed_s and not expected.first
        if too_much or took_s - media.duration_s > allowed_s:
            more = "the camera's clock is wrong" if media.duration_s > took_s else "the camera sent less than it should"
            doubts.append(f"holds {media.duration_s:.1f} s of video for {took_s:.1f} s on the clock: {more}")
    return doubts


def _in_words(reason: str, expected: Expected) -> str:
    if expected.closed:
        return f"does not play: {reason}"
    return (
        f"holds no whole group of pictures yet ({expected.size_bytes} bytes, {reason}): "
        "normal for a worker that ended within seconds of starting a segment"
    )
