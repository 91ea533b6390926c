"""`vmstui segments`: what was recorded. Needs no running recorder, and imports little, as people wait for it."""

from __future__ import annotations

import json
from datetime import tzinfo

from vmstui.cli.asked import Asked, InUse, asked_range, check_camera, opened
from vmstui.cli.table import table
from vmstui.codec import to_json
from vmstui.footage import Segment, SegmentVerdict
from vmstui.sanitise import clean
from vmstui.spoken import day_and_clock, length, size

NOT_WELL = 1
NONE_CLOSED = "no segments of that time are closed; what is being written: vmstui status"
_SIGNS = {
    SegmentVerdict.GOOD: "",
    SegmentVerdict.PARTIAL: "partial",
    SegmentVerdict.SUSPECT: "suspect",
    SegmentVerdict.BROKEN: "broken",
}


def segments(config: str | None, asked: Asked, *, count: int, rebuild: bool, as_json: bool) -> int:
    """Print them, oldest first; exit code 1 when one of them is not good."""
    if rebuild:
        from vmstui.cli.recorded import rebuild_catalogue  # loads a lot

        rebuild_catalogue(config)
    using = InUse(config)
    since, until = asked_range(asked, using)
    with opened() as catalogue:
        check_camera(asked.camera, using, catalogue)
        limit = None if asked.since else count
        found = catalogue.segments(asked.camera, since, until, limit=limit, newest_first=True)[::-1]
    if as_json:
        for segment in found:
            print(json.dumps(to_json(segment)))
    else:
        print(_segments_table(found, using.zone) if found else NONE_CLOSED)
    return 0 if all(segment.verdict is SegmentVerdict.GOOD for segment in found) else NOT_WELL


def _segments_table(found: tuple[Segment, ...], zone: tzinfo | None) -> str:
    rows = [
        (
            clean(segment.camera),
            day_and_clock(segment.started_at, zone),
            length(segment.duration_s),
            size(segment.size_bytes),
            f"{segment.codec} {segment.width}x{segment.height}" if segment.codec else "",
            _SIGNS[segment.verdict],
            clean(segment.path) + (f"  ({clean(segment.reason)})" if segment.reason else ""),
        )
        for segment in found
    ]
    header = ("CAMERA", "START", "LENGTH", "SIZE", "VIDEO", "VERDICT", "FILE")
    return table(header, rows, frozenset((2, 3)))
