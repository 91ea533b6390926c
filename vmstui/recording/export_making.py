"""The file of an export is written, by ffmpeg; `exporting` gives it its name.

What was copied is compared, packet by packet, with what it was made from. While ffmpeg writes, the room that is to be
kept free is looked at. ffmpeg is reached through `Tool`.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Protocol

from vmstui.recording import cuts as cutting
from vmstui.recording.cuts import Cut, Packets, Part, Pictures
from vmstui.recording.edges import Piece
from vmstui.recording.export_file import unfinished
from vmstui.spoken import decimal_size


class ExportFailed(Exception):
    """It did not work out, and nothing is left of it. The text says why and what to do."""


Progress = Callable[[float], None]
"""Told how many seconds are written."""


class Tool(Protocol):
    """ffmpeg. What it cannot do it says with ValueError, whose text is the reason."""

    @property
    def version(self) -> str: ...
    def packets(self, path: str) -> Packets: ...
    def copy(
        self, parts: Sequence[Part], out: str, tags: Mapping[str, str], codec: str, progress: Progress
    ) -> None: ...
    def encode(
        self, pictures: Pictures, out: str, tags: Mapping[str, str], size: tuple[int, int], progress: Progress
    ) -> None: ...
    def edge(self, pictures: Pictures, out: str, codec: str, number: int, progress: Progress) -> None: ...
    def splice(self, pieces: Sequence[Piece], out: str, progress: Progress) -> None: ...


Tell = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    camera: str
    camera_name: str
    since: datetime
    until: datetime
    out: Path
    zone: tzinfo | None = None
    """Of the times that are told; None: that of this machine."""
    exact: bool = False
    """From the very frame to the very frame; what is shown before the first keyframe is re-encoded for it."""
    anew: bool = False
    """The same, but everything is re-encoded."""
    keep_free_bytes: int = 0
    """On the disk of `out`."""
    records_on: bool = False
    """The camera is being recorded: what comes after its last segment is not missing, only not there yet."""


@dataclass(frozen=True, slots=True)
class Job:
    """An export that is being made: of what, by what, and into which file."""

    request: Request
    cuts: Sequence[Cut]
    checksums: array[int]
    """Of all their packets, in order."""
    times_us: array[int]
    """When these are to be shown."""
    tool: Tool
    tell: Tell
    out: str

    @property
    def tags(self) -> dict[str, str]:
        """What the file tells of itself."""
        title = "".join(filter(str.isprintable, self.request.camera_name))
        began = began_at(self.request, self.cuts)
        return {"title": title, "creation_time": began.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def copy(job: Job) -> int:
    """As it was recorded; the number of frames. Raises ExportFailed, also where it is not what was recorded."""
    copied(job, job.cuts, job.out)
    job.tell("comparing", 0.0)
    found = job.tool.packets(job.out)
    if difference := cutting.differs(found, job.checksums, job.times_us):
        raise ExportFailed(f"what was made is not what was recorded, and was thrown away: {difference}")
    job.tell("comparing", 1.0)
    return len(found.pts)


def copied(job: Job, cuts: Sequence[Cut], out: str) -> None:
    """Some of its cuts, as they are, into a file. Raises ExportFailed."""
    parts, codec = cutting.parts(cuts), cuts[0].format.codec
    by_ffmpeg(job, "copying", cuts, lambda progress: job.tool.copy(parts, out, job.tags, codec, progress))


def encode(job: Job) -> tuple[int, list[str]]:
    """All anew. ffmpeg can join only what is alike: each stretch of one format by itself, then all of them."""
    cuts = job.cuts
    runs = [list(run) for _, run in groupby(cuts, key=lambda one: one.format)]
    size = (cuts[0].format.width, cuts[0].format.height)
    first, last = cuts[0], cuts[-1]
    since_s = first.source.from_s - first.first_s if first.early else None
    frames = sum(one.frames for one in cuts) - first.early - last.late
    with contextlib.ExitStack() as stack:
        joined: list[Part] = []
        for number, run in enumerate(runs):
            out = job.out if len(runs) == 1 else stack.enter_context(unfinished(job.request.out.parent)).path
            trim_s = since_s if number == 0 else None
            end_s = None
            if number == len(runs) - 1 and not last.source.is_whole:
                end_s = (last.position_us - run[0].position_us) / 1e6 + last.source.until_s - last.first_s
            _encoded(job, run, Pictures(cutting.parts(run), trim_s, end_s), out, size)
            after = runs[number + 1][0].position_us if number + 1 < len(runs) else None
            length_us = None if after is None else after - run[0].position_us - round((trim_s or 0) * 1e6)
            joined.append(Part(out, None, None, length_us))
        if len(runs) > 1:
            by_ffmpeg(job, "joining", cuts, lambda progress: job.tool.copy(joined, job.out, job.tags, "h264", progress))
    found = job.tool.packets(job.out)
    if difference := cutting.out_of_order(found):
        raise ExportFailed(f"what was made does not play, and was thrown away: {difference}")
    notes = []
    if len(found.pts) != frames:
        notes.append(f"of {frames} frames that were recorded, {len(found.pts)} could be decoded")
    return len(found.pts), notes


def _encoded(job: Job, cuts: Sequence[Cut], pictures: Pictures, out: str, size: tuple[int, int]) -> None:
    by_ffmpeg(job, "encoding", cuts, lambda progress: job.tool.encode(pictures, out, job.tags, size, progress))


def by_ffmpeg(job: Job, what: str, cuts: Sequence[Cut], run: Callable[[Progress], None]) -> None:
    """Run it, telling how far it is. Raises ExportFailed with the reason where it fails."""
    progress = reporting(job, what, cuts)
    try:
        run(progress)
    except ValueError as error:
        for one in cuts:
            if not os.path.exists(one.source.segment.path):
                raise ExportFailed(
                    f"{one.source.segment.path} was deleted meanwhile: lock what is exported from retention, --pin"
                ) from error
        folder = job.request.out.parent
        raise ExportFailed(
            f"ffmpeg could not write to {folder} ({decimal_size(free_bytes(folder))} free): {error}"
        ) from error


def reporting(job: Job, what: str, cuts: Sequence[Cut]) -> Progress:
    """What is told how many seconds of these are written. It raises ExportFailed when room gets short."""
    length_s = max(0.001, (cuts[-1].position_us - cuts[0].position_us) / 1e6 + cuts[-1].last_s - cuts[-1].first_s)
    folder, kept = job.request.out.parent, job.request.keep_free_bytes
    job.tell(what, 0.0)

    def report(written_s: float) -> None:
        free = free_bytes(folder)
        if free < kept:
            raise ExportFailed(
                f"{folder} has only {decimal_size(free)} free meanwhile, and {decimal_size(kept)} are kept free there: "
                "export to another disk"
            )
        job.tell(what, min(1.0, max(0.0, written_s / length_s)))

    return report


def began_at(request: Request, cuts: Sequence[Cut]) -> datetime:
    """When its first frame was recorded."""
    first = cuts[0]
    return first.source.wall(max(first.source.from_s, first.first_s)) if request.exact else first.began_at


def ended_at(request: Request, cuts: Sequence[Cut]) -> datetime:
    """When its last frame had been recorded."""
    last = cuts[-1]
    return last.source.wall(min(last.source.until_s, last.end_s)) if request.exact else last.ended_at


def free_bytes(folder: Path) -> int:
    """What may still be written there."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def in_words(folder: Path, error: OSError) -> str:
    """What a failed read or write means; `folder` where the error does not say what was read or written."""
    return f"{error.filename or folder} cannot be read or written: {error.strerror or error}"
