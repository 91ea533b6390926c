"""Is what was recorded still what it was? Looks catalogued segments through again, and says what has changed.

Never deletes: what does not play goes to quarantine, with its reason, under the name it had. A verdict that changed is
noted in the catalogue, with a line in the history of footage, and in the journal, of which the last word on a file
counts. Called by `vmstui verify`; blocks as the disk does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from vmstui.footage import Segment, SegmentVerdict, StoredEvent, StoredEventKind
from vmstui.recording import journal
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.check import Expected, Inspect, Media, is_gone, judge, look
from vmstui.recording.layout import camera_quarantine
from vmstui.recording.publish import quarantine

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
    # What it took to record is not known any more; what was found then is.
    closed = segment.verdict is not SegmentVerdict.PARTIAL
    verdict, reason = judge(found, Expected(closed, size_bytes, segment.codec))
    doubts = [*_changes(segment, size_bytes, found), *(_undecoded(segment, decoded) if decoded is not None else ())]
    if verdict is SegmentVerdict.BROKEN:
        return Verified(segment, replace(segment, verdict=verdict, reason=reason))
    if doubts:
        return Verified(segment, replace(segment, verdict=SegmentVerdict.SUSPECT, reason="; ".join(doubts)))
    # It is as it was; what was held against it when it was recorded still holds.
    return Verified(segment, segment)


def _changes(segment: Segment, size_bytes: int, found: Media | ValueError) -> list[str]:
    changes = []
    if size_bytes != segment.size_bytes:
        changes.append(f"has {size_bytes} bytes, not {segment.size_bytes} as when it was recorded")
    if not isinstance(found, ValueError) and segment.frames and found.frames != segment.frames:
        changes.append(f"holds {found.frames} frames, not {segment.frames} as when it was recorded")
    return changes


def _undecoded(segment: Segment, decoded: Decoding) -> list[str]:
    told = []
    if decoded.errors:
        more = f" and {len(decoded.errors) - 1} more" if len(decoded.errors) > 1 else ""
        told.append(f"does not decode without errors: {decoded.errors[0]}{more}")
    # Cameras that begin in the middle of a group of pictures, and a file that was cut off, lose some at an end.
    if segment.frames and decoded.frames < segment.frames and not decoded.errors:
        told.append(f"{decoded.frames} of {segment.frames} frames decode")
    return told


def take_over(catalogue: Catalogue, recordings: Path, verified: Verified) -> Segment:
    """Note what has changed, and put aside what does not play. Raises PublishError if it cannot be moved."""
    before, after = verified.before, verified.after
    if verified.error or (before.verdict, before.reason) == (after.verdict, after.reason):
        return after
    now = datetime.now(UTC)
    if verified.vanished:
        event = StoredEvent(now, before.camera, StoredEventKind.VANISHED, VANISHED, before.path, before.size_bytes)
        catalogue.remove([before.path], [event])
        return after
    if after.verdict is SegmentVerdict.BROKEN and before.verdict is not SegmentVerdict.BROKEN:
        kept = quarantine(Path(before.path), camera_quarantine(recordings, before.camera), after.reason)
        after = replace(after, path=str(kept))
        catalogue.set_verdict(before.path, after.verdict, after.reason, after.path)
        kind = StoredEventKind.QUARANTINED
        catalogue.add_event(StoredEvent(now, before.camera, kind, after.reason, before.path, before.size_bytes))
    else:
        catalogue.set_verdict(before.path, after.verdict, after.reason)
    journal.append(recordings, after)
    return after
