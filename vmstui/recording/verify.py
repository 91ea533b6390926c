"""Is what was recorded still what it was? Looks catalogued segments through again, and says what has changed.

Never deletes: what does not play goes to quarantine, with its reason, under the name it had, and comes back from there
when it plays after all. What changed is noted in the catalogue, with the gaps that come of it and a line in the history
of footage, and in the journal, of which the last word on a file counts. Called by `vmstui verify`; blocks as the disk
does.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict, StoredEvent, StoredEventKind
from vmstui.recording import journal
from vmstui.recording.by_name import named_folder
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.check import Expected, Inspect, Media, changes, extent, is_gone, judge, look, with_found
from vmstui.recording.fill import RECENT, EventsOf
from vmstui.recording.gaps import Downtime, gaps_of
from vmstui.recording.layout import camera_quarantine
from vmstui.recording.naming import segment_path
from vmstui.recording.publish import REASON_ENDING, publish, quarantine

VANISHED = "not there any more"


class Decoding(Protocol):
    """What came of decoding a file; `ffmpeg.decode.Decoded` is one."""

    @property
    def frames(self) -> int: ...
    @property
    def errors(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Looks:
    """How to look. Both raise ValueError for what does not play, OSError if they could not look."""

    inspect: Inspect
    decode: Callable[[str], Decoding] | None = None
    """Every frame; None: not asked for."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One segment, looked at again."""

    before: Segment
    after: Segment
    """With the verdict, the reason and the path of now."""
    error: str = ""
    """Why it could not be looked at; then nothing has changed."""

    @property
    def vanished(self) -> bool:
        """Somebody took the file away."""
        return self.after.reason == VANISHED

    @property
    def well(self) -> bool:
        """It is good, and could be looked at."""
        return not self.error and self.after.verdict is SegmentVerdict.GOOD


def verify(segment: Segment, looks: Looks) -> Verified:
    """Look at a file; changes nothing."""
    try:
        size_bytes = os.stat(segment.path).st_size
        found = look(looks.inspect, segment.path)
        decoded = looks.decode(segment.path) if looks.decode is not None and not isinstance(found, ValueError) else None
    except (OSError, ValueError) as error:
        if is_gone(segment.path):  # nothing else says so: it may be ffmpeg that is missing
            return Verified(segment, replace(segment, verdict=SegmentVerdict.BROKEN, reason=VANISHED))
        return Verified(segment, segment, f"could not be looked at: {error}")
    if not segment.plays:
        return Verified(
            segment, segment if isinstance(found, ValueError) else _found_to_play(segment, size_bytes, found)
        )
    # What it took to record is not known any more; what was found then is.
    closed = segment.verdict is not SegmentVerdict.PARTIAL
    verdict, reason = judge(found, Expected(closed, size_bytes, segment.codec))
    doubts = [*_changes(segment, size_bytes, found), *(_undecoded(segment, decoded) if decoded is not None else ())]
    if verdict is SegmentVerdict.BROKEN:
        return Verified(segment, replace(segment, verdict=verdict, reason=reason))
    if doubts:
        suspect = replace(segment, verdict=SegmentVerdict.SUSPECT, reason="; ".join(doubts))
        return Verified(segment, _shorter(suspect, size_bytes, found))
    # It is as it was; what was held against it when it was recorded still holds.
    return Verified(segment, segment)


def _found_to_play(segment: Segment, size_bytes: int, found: Media) -> Segment:
    """What was called broken, and plays after all."""
    expected = Expected(segment.span is not None or segment.generation == 0, size_bytes, segment.codec)
    verdict, reason = judge(found, expected)
    if verdict is SegmentVerdict.BROKEN:
        return segment
    if doubts := _changes(segment, size_bytes, found):
        verdict, reason = SegmentVerdict.SUSPECT, "; ".join(doubts)
    after = replace(segment, verdict=verdict, reason=reason)
    if segment.duration_s:
        return _shorter(after, size_bytes, found)
    # Of what did not play from the beginning only the end was known, and stands in the place of its beginning.
    up, recorded = segment.uptime, extent(found, expected)
    return replace(
        with_found(after, found),
        holes=recorded.holes,
        size_bytes=size_bytes,
        duration_s=recorded.duration_s,
        started_at=segment.started_at - timedelta(seconds=recorded.duration_s),
        uptime=replace(up, s=up.s - recorded.duration_s) if up is not None else None,
    )


def _shorter(segment: Segment, size_bytes: int, found: Media | ValueError) -> Segment:
    """The segment with what is left of it, where that is less than was recorded; what follows it stays where it was."""
    if isinstance(found, ValueError) or (segment.frames and found.frames >= segment.frames):
        return segment
    recorded = extent(found, Expected(True, size_bytes, took_s=segment.duration_s or None))
    duration_s, span = min(segment.duration_s, recorded.duration_s), segment.span
    if span is not None:
        span = replace(span, end_s=min(span.end_s, span.start_s + duration_s))
    return replace(
        with_found(segment, found), holes=recorded.holes, duration_s=duration_s, span=span, size_bytes=size_bytes
    )


def _changes(segment: Segment, size_bytes: int, found: Media | ValueError) -> list[str]:
    return changes(segment, size_bytes, None if isinstance(found, ValueError) else found.frames)


def _undecoded(segment: Segment, decoded: Decoding) -> list[str]:
    told = []
    if decoded.errors:
        more = f" and {len(decoded.errors) - 1} more" if len(decoded.errors) > 1 else ""
        told.append(f"does not decode without errors: {decoded.errors[0]}{more}")
    # Cameras that begin in the middle of a group of pictures, and a file that was cut off, lose some at an end.
    if segment.frames and decoded.frames < segment.frames and not decoded.errors:
        told.append(f"{decoded.frames} of {segment.frames} frames decode")
    return told


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around the recordings."""

    recordings: Path
    zone: tzinfo | None = None
    """Of file names; None is that of the machine."""
    events_of: EventsOf = lambda camera: ()
    downtimes: Sequence[Downtime] = ()


def take_over(catalogue: Catalogue, around: Surroundings, verified: Verified) -> Segment:
    """Note what has changed, put aside what does not play, and bring back what does.

    Raises PublishError if it cannot be moved.
    """
    before, after = verified.before, verified.after
    if verified.error or before == after:
        return after
    now = datetime.now(UTC)
    if verified.vanished:
        event = StoredEvent(now, before.camera, StoredEventKind.VANISHED, VANISHED, before.path, before.size_bytes)
        catalogue.remove([before.path], [event])
        return after
    line: StoredEvent | None = None
    if before.plays and not after.plays:
        kept = quarantine(Path(before.path), camera_quarantine(around.recordings, before.camera), after.reason)
        after = replace(after, path=str(kept))
        kind = StoredEventKind.QUARANTINED
        line = StoredEvent(now, before.camera, kind, after.reason, before.path, before.size_bytes)
    elif after.plays and not before.plays:
        after = replace(after, path=str(_brought_back(before, after, around)))
        text = f"plays after all, and is back from quarantine; it was put there as: {before.reason}"
        line = StoredEvent(now, before.camera, StoredEventKind.RESTORED, text, after.path, after.size_bytes)
    old, new = _gaps(catalogue, before, after, around)
    catalogue.amend(before.path, after, old_gaps=old, new_gaps=new, event=line)
    journal.append(around.recordings, after)
    return after


def _brought_back(before: Segment, after: Segment, around: Surroundings) -> Path:
    kept = Path(before.path)
    folders, name = segment_path(named_folder(kept.name) or before.camera, after.started_at, around.zone)
    path = publish(kept, around.recordings.joinpath(*folders), name)
    with contextlib.suppress(OSError):
        kept.with_name(kept.name + REASON_ENDING).unlink()
    return path


def _gaps(
    catalogue: Catalogue, before: Segment, after: Segment, around: Surroundings
) -> tuple[tuple[Gap, ...], tuple[Gap, ...]]:
    """Gaps that were counted with what a segment was, and those with what it is. After the last segment of a camera
    none is counted: the one that comes tells it."""
    following = catalogue.recorded_after(before) if before.generation else catalogue.around(before.camera, before)[1]

    def earlier(segment: Segment) -> tuple[Segment, ...]:
        found = catalogue.recorded_before(segment, RECENT)
        if not segment.generation:  # only the wall clock tells where it belongs
            found = tuple(one for one in (catalogue.around(segment.camera, segment)[0],) if one is not None)
        return tuple(one for one in found if one.path != before.path)

    events = around.events_of(before.camera)

    def counted(as_it_is: Segment) -> tuple[Gap, ...]:
        gaps = gaps_of(as_it_is, earlier(as_it_is), events, around.downtimes)
        if following is not None:
            gaps += gaps_of(following, (*earlier(following), as_it_is), events, around.downtimes)
        return gaps

    old, new = counted(before), counted(after)
    if after.plays and after.duration_s < before.duration_s:
        cut_off = (after.ended_at, before.ended_at)
        new = tuple(_damaged(gap, after.reason) if _within(gap, *cut_off) else gap for gap in new)
    return old, new


def _within(gap: Gap, since: datetime, until: datetime) -> bool:
    return gap.cause is GapCause.UNKNOWN and gap.started_at < until and gap.ended_at > since


def _damaged(gap: Gap, reason: str) -> Gap:
    return replace(gap, cause=GapCause.DAMAGE, detail=reason)
