"""What an export reports of itself: what was asked for, what is in it, what is missing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vmstui.footage import Gap
from vmstui.recording import export as planning
from vmstui.recording import manifest as manifests
from vmstui.recording.cuts import Cut, spoken
from vmstui.recording.export_making import Request, Tell, began_at, ended_at
from vmstui.recording.manifest import Report, Span, UsedFile


def report(
    request: Request,
    cuts: Sequence[Cut],
    known: Sequence[Gap],
    damaged: Sequence[Gap],
    method: str,
    spans: Sequence[Span],
    made: str,
    notes: Sequence[str],
) -> Report:
    """What came of it, but for the hashes: made by this `method`, of these `spans`. `made` is the file, complete but
    not yet published. `known` tells the causes of gaps, `damaged` what is missing in files themselves. Raises
    OSError."""
    chosen = [one.source for one in cuts]
    until: datetime | None = request.until
    more = list(notes)
    if request.records_on and cuts[-1].source.is_whole and cuts[-1].ended_at < request.until:
        until = None
        more.append(
            f"footage is available up to {spoken(cuts[-1].ended_at, request.zone)}: "
            "what is being recorded can be exported once its file is closed"
        )
    for at, step_s in planning.clock_steps(chosen):
        more.append(f"the clock of the recorder was set by {step_s:+.1f} s at {spoken(at, request.zone)}")
    missing = planning.missing(chosen, request.since, until, known, request.camera)
    skipped_s = cuts[0].source.from_s - cuts[0].first_s if request.exact and cuts[0].early else 0.0
    return Report(
        camera=request.camera,
        camera_name=request.camera_name,
        asked_from=request.since,
        asked_until=request.until,
        got_from=began_at(request, cuts),
        got_until=ended_at(request, cuts),
        path=str(request.out),
        method=method,
        size_bytes=os.path.getsize(made),
        duration_s=_length_s(request, cuts, skipped_s),
        frames=sum(span.frames for span in spans),
        files=tuple(
            UsedFile(
                path=one.source.segment.path,
                size_bytes=os.path.getsize(one.source.segment.path),
                generation=one.source.segment.generation,
                verdict=one.source.segment.verdict.value,
                started_at=one.source.segment.started_at,
                ended_at=one.source.segment.ended_at,
                used_from=one.began_at,
                used_until=one.ended_at,
                position_s=max(0.0, one.position_us / 1e6 - skipped_s),
                frames=one.frames,
            )
            for one in cuts
        ),
        gaps=tuple(sorted((*missing, *damaged), key=lambda gap: gap.started_at)),
        notes=tuple(more),
        spans=tuple(spans),
    )


def _length_s(request: Request, cuts: Sequence[Cut], skipped_s: float) -> float:
    last = cuts[-1]
    shown_s = last.end_s
    if request.exact:
        shown_s = min(shown_s, last.source.until_s)
    return last.position_us / 1e6 + shown_s - last.first_s - skipped_s


def with_hashes(told: Report, made: str, tell: Tell) -> Report:
    """The same with the SHA-256 of all files. Raises OSError."""
    total = told.size_bytes + sum(file.size_bytes for file in told.files)
    done = 0

    def hashed(count: int) -> None:
        nonlocal done
        done += count
        tell("hashing", min(1.0, done / max(1, total)))

    files = tuple(replace(file, sha256=manifests.sha256_of(file.path, hashed)) for file in told.files)
    return replace(told, files=files, sha256=manifests.sha256_of(made, hashed))
