"""An export is made: read what is wanted, join it, compare, publish.

What it guarantees:

- The file appears under its name whole or not at all, and never replaces one; whatever ends the export, nothing is left
  in the folder (`export_file`).
- What was copied is compared, packet by packet, with the segments it was made from before it gets its name.
- It takes no room that the recordings need: what the target has is looked at before and while it is written.

`export` reads and writes for as long as it takes, so it is for a process of its own: that of `vmstui export`.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path

from vmstui.footage import Gap, GapCause, Segment
from vmstui.recording import cuts as cutting
from vmstui.recording import export as planning
from vmstui.recording import export_exact, export_report
from vmstui.recording import export_making as making
from vmstui.recording import manifest as manifests
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.check import changes
from vmstui.recording.cuts import Cut, ExportRefused, spoken
from vmstui.recording.edges import Edges
from vmstui.recording.export import Source
from vmstui.recording.export_file import SUFFIX, Unfinished, remove_leftovers, unfinished
from vmstui.recording.export_making import ExportFailed, Job, Request, Tell, Tool, free_bytes, in_words
from vmstui.recording.manifest import Manifest, Report, Span
from vmstui.recording.publish import sync
from vmstui.spoken import decimal_size, length

_INDEX_BYTES = 64
"""Per frame, of the index that an MP4 file ends with, at most; and a bit for the rest of it."""
_REENCODED = 3
"""So many times the size of what was recorded is set aside for what is re-encoded: it may well need less."""


def check_names(out: Path, *, with_manifest: bool) -> None:
    """Raises ExportRefused unless a file can be made there, and its manifest beside it."""
    if out.suffix.lower() != SUFFIX or not out.name.removesuffix(out.suffix):
        raise ExportRefused(f"found {str(out)!r}, accepted the path of a file that ends in {SUFFIX}")
    if not out.parent.is_dir():
        raise ExportRefused(f"the folder {out.parent} does not exist: create it, or export to another one")
    for path in (out, manifests.manifest_path(out)) if with_manifest else (out,):
        if os.path.lexists(path):
            raise ExportRefused(f"{path} exists, and nothing is overwritten: choose another name")


def export(request: Request, catalogue: Catalogue, tool: Tool, tell: Tell, manifest: Manifest | None = None) -> Report:
    """Make it. With a `manifest`, whose own `export` is a placeholder, that is written as well.

    Raises ExportRefused, ExportFailed, and what the catalogue raises.
    """
    check_names(request.out, with_manifest=manifest is not None)
    chosen, lost = _chosen(request, catalogue)
    if not request.exact:
        cutting.refuse_changes([(source, cutting.catalogued_format(source)) for source in chosen], request.zone)
    edges = Edges() if request.exact else None
    read = _read(chosen, tool, tell, request.zone, edges)
    cuts = read.cuts
    if not request.exact:
        cutting.refuse_changes([(one.source, one.format) for one in cuts], request.zone)
    _check_room(request, cuts)
    known = (
        *catalogue.gaps(request.camera, request.since, request.until),
        *lost,
        *read.unused,
        *_ends(request, catalogue),
    )
    with contextlib.ExitStack() as stack:
        try:
            remove_leftovers(request.out.parent)
            made = stack.enter_context(unfinished(request.out.parent))
            job = Job(request, cuts, read.checksums, read.times_us, tool, tell, made.path)
            if request.exact:
                exact = None if edges is None else edges.found()
                method, spans, notes = export_exact.make(job, exact)
            else:
                frames = making.copy(job)
                method, spans, notes = "copied", (Span(encoded=False, position_s=0.0, frames=frames),), []
            notes = [*notes, *read.notes]
            if catalogue.fresh:
                notes = [*notes, "the catalogue was being filled: there may be more footage of this time than this"]
            report = export_report.report(request, cuts, known, read.damaged, method, spans, made.path, notes)
            if manifest is not None:
                report = export_report.with_hashes(report, made.path, tell)
                text = manifests.as_text(replace(manifest, export=report))
                beside = stack.enter_context(unfinished(request.out.parent))
                Path(beside.path).write_text(text, encoding="ascii")
                _publish(beside, manifests.manifest_path(request.out))
            try:
                _publish(made, request.out)
            except BaseException:
                if manifest is not None:
                    manifests.manifest_path(request.out).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ExportFailed(in_words(request.out.parent, error)) from error
    return report


def available_until(camera: str, catalogue: Catalogue) -> datetime | None:
    """Up to when there is footage of a camera; None: there is none."""
    newest = catalogue.recorded_last(camera, 1)
    return newest[-1].ended_at if newest else None


def _chosen(request: Request, catalogue: Catalogue) -> tuple[tuple[Source, ...], list[Gap]]:
    """What to make it from, and what would belong to it but is gone."""
    there: list[Segment] = []
    lost: list[Gap] = []
    for segment in catalogue.segments(request.camera, request.since, request.until):
        if segment.plays and not os.path.exists(segment.path):
            text = f"{segment.path} is not there any more"
            lost.append(Gap(segment.camera, segment.started_at, segment.duration_s, GapCause.DAMAGE, text))
        elif segment.plays:
            there.append(segment)
        elif segment.duration_s:
            text = f"{segment.path} {segment.reason}"
            lost.append(Gap(segment.camera, segment.started_at, segment.duration_s, GapCause.DAMAGE, text))
    chosen = planning.sources(there, request.since, request.until)
    if chosen:
        return chosen, lost
    asked = f"{spoken(request.since, request.zone)} to {spoken(request.until, request.zone)}"
    found = f"no footage of {request.camera} from {asked}"
    if lost:
        raise ExportFailed(f"{found}: {lost[0].detail}")
    newest = available_until(request.camera, catalogue)
    if newest is None:
        raise ExportFailed(f"{found}: nothing was recorded yet")
    if newest <= request.since and request.records_on:
        raise ExportFailed(
            f"{found} yet: it is available up to {spoken(newest, request.zone)}, as what is being recorded can be "
            "exported once its file is closed"
        )
    later = catalogue.segments(request.camera, request.until, None, limit=1)
    earlier = catalogue.segments(request.camera, None, request.since, limit=1, newest_first=True)
    around = [f"there is some up to {spoken(one.ended_at, request.zone)}" for one in earlier]
    around += [f"there is some from {spoken(one.started_at, request.zone)} on" for one in later]
    raise ExportFailed(f"{found}: {' and '.join(around)}")


def _ends(request: Request, catalogue: Catalogue) -> Iterator[Gap]:
    """What is asked for before anything was recorded, and after everything."""
    first, last = catalogue.first_at(request.camera), available_until(request.camera, catalogue)
    if first is not None and request.since < first:
        length_s = (first - request.since).total_seconds()
        text = "before the first recording of this camera"
        yield Gap(request.camera, request.since, length_s, GapCause.UNKNOWN, text)
    if last is not None and last < request.until:
        length_s = (request.until - last).total_seconds()
        yield Gap(request.camera, last, length_s, GapCause.UNKNOWN, "nothing was recorded since")


@dataclass(slots=True)
class _Read:
    """What to take of the files."""

    cuts: list[Cut] = field(default_factory=list)
    checksums: array[int] = field(default_factory=lambda: array("q"))
    """Of all packets taken, in order."""
    times_us: array[int] = field(default_factory=lambda: array("q"))
    damaged: list[Gap] = field(default_factory=list)
    """What is missing in files that hold less than was recorded."""
    unused: list[Gap] = field(default_factory=list)
    """The same of files of which nothing can be taken."""
    notes: list[str] = field(default_factory=list)


def _read(chosen: Sequence[Source], tool: Tool, tell: Tell, zone: tzinfo | None, edges: Edges | None = None) -> _Read:
    read = _Read()
    cuts = read.cuts
    begins_s = 0.0
    for number, source in enumerate(chosen):
        tell("reading", number / len(chosen))
        path = source.segment.path
        try:
            packets = tool.packets(path)
            changed = changes(source.segment, os.stat(path).st_size, len(packets.pts))
        except FileNotFoundError:
            raise ExportFailed(f"{path} was deleted meanwhile: lock what is exported from retention, --pin") from None
        except OSError as error:
            raise ExportFailed(f"{path} cannot be exported: {error}") from error
        except ValueError as error:
            raise ExportFailed(f"{path} does not play any more: {error}; look at it with `vmstui verify`") from error
        read.notes += [f"{path} {'; '.join(changed)}"] if changed else []
        packets, jumps = cutting.steady(source, packets)
        lost = cutting.lost(source, packets, "; ".join(changed) or "it holds less than was recorded")
        one = cutting.cut(source, packets, begins_s if cuts else None, cuts[-1] if cuts else None, jumps)
        if one is None or (edges is not None and not cuts and one.early == one.frames):
            read.unused += lost
            continue
        read.damaged += lost
        read.notes += [
            f"the camera set its clock ahead by {length(step.length_us / 1e6)} at "
            f"{spoken(source.wall(step.at_s), zone)}: no such time passed, and it is left out"
            for step in one.ahead
        ]
        if not cuts:
            begins_s = source.at_s + one.first_s
        cuts.append(one)
        if edges is not None:
            edges.add(one, packets, jumps)
        read.checksums.extend(packets.checksum[one.first : one.end])
        read.times_us.extend(cutting.expected_us(one, packets))
    tell("reading", 1.0)
    if not cuts:
        raise ExportFailed("there is no frame in the range asked for")
    return read


def _check_room(request: Request, cuts: Sequence[Cut]) -> None:
    needed = sum(one.size_bytes + one.frames * _INDEX_BYTES for one in cuts) * (_REENCODED if request.exact else 1)
    folder = request.out.parent
    free = free_bytes(folder)
    if free - needed < request.keep_free_bytes:
        kept = f" and {decimal_size(request.keep_free_bytes)} are kept free there" if request.keep_free_bytes else ""
        raise ExportFailed(
            f"{folder} has {decimal_size(free)} free, the export needs {decimal_size(needed)}{kept}: "
            "export to another disk, or less"
        )


def _publish(made: Unfinished, target: Path) -> None:
    sync(Path(made.path))
    if not made.publish(target):
        raise ExportFailed(f"{target} was made by somebody else meanwhile, and nothing is overwritten")
    sync(target.parent)
