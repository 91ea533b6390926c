"""What came of an export, and of a look at its manifest, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from vmstui.recording.cuts import spoken
from vmstui.recording.manifest import Match, Report, Verification
from vmstui.spoken import fit, size, span


def lines(report: Report, where: tzinfo | None) -> Iterator[str]:
    """What came of an export, for a person."""
    yield f"exported   {report.path}"
    yield (
        f"           {span(report.duration_s)}, {size(report.size_bytes)}, {report.frames:,} frames of "
        f"{len(report.files)} {'file' if len(report.files) == 1 else 'files'}, {report.method}"
    )
    yield from _encoded(report)
    yield f"asked      {spoken(report.asked_from, where)} to {spoken(report.asked_until, where)}"
    yield f"got        {spoken(report.got_from, where)} to {spoken(report.got_until, where)}"
    if report.sha256:
        yield f"SHA-256    {report.sha256}"
    lost_s = sum(gap.length_s for gap in report.gaps)
    count = len(report.gaps)
    yield f"gaps       {f'{count}, {lost_s:.1f} s in all' if count else 'none'}"
    for gap in report.gaps:
        detail = f": {gap.detail}" if gap.detail else ""
        length = fit(f"{gap.length_s:.1f} s", 10, right=True)
        yield f"           {spoken(gap.started_at, where)} {length}  {gap.cause.value}{detail}"
    for note in report.notes:
        yield f"note       {note}"


def _encoded(report: Report) -> Iterator[str]:
    """Which frames are not those that were recorded, where others are."""
    copied = [span.frames for span in report.spans if not span.encoded]
    if not copied or len(copied) == len(report.spans):
        return
    edges = [
        f"{span.frames:,} at the {'beginning' if number == 0 else 'end'}"
        for number, span in enumerate(report.spans)
        if span.encoded
    ]
    yield f"anew       {' and '.join(edges)}; the other {sum(copied):,} frames are as they were recorded"


def verified_lines(found: Verification) -> Iterator[str]:
    """What the files of a manifest are now."""
    manifest, export = found.manifest, found.export
    yield f"manifest   SHA-256 {found.sha256}"
    yield (
        f"           made {manifest.made_at.isoformat(timespec='seconds')} on {manifest.host} by {manifest.made_by} "
        f"with vmstui {manifest.vmstui}, {manifest.export.method}"
    )
    yield f"export     {export.match.value}: {export.path}{f' ({export.detail})' if export.detail else ''}"
    counts = {match: sum(1 for file in found.files if file.match is match) for match in Match}
    yield f"made from  {len(found.files)} files: " + ", ".join(f"{n} {match.value}" for match, n in counts.items() if n)
    for file in found.files:
        if file.match is Match.CHANGED:
            yield f"           changed: {file.path} ({file.detail})"
    yield f"result     {'as it was made' if found.holds else 'NOT as it was made'}"
