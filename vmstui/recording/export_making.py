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
from vmstui.recording.cuts import Cut, Packets, Part
from vmstui.recording.edges import Piece
from vmstui.recording.export_file import unfinished
from vmstui.spoken import decimal_size


class ExportFailed(Exception):
    """It did not work out, and nothing is left of it. The text says why and what to do."""


class Tool(Protocol):
    """ffmpeg. What it cannot do it says with ValueError, whose text is the reason."""

    @property
    def version(self) -> str: ...
    def packets(self, path: str) -> Packets: ...
    def copy(
        self, parts: Sequence[Part], out: str, tags: Mapping[str, str], codec: str, progress: Callable[[float], None]
    ) -> None: ...
    def encode(
        self,
        parts: Sequence[Part],
        out: str,
        tags: Mapping[str, str],
        size: tuple[int, int],
        since_s: float | None,
        until_s: float | None,
        progress: Callable[[float], None],
    ) -> None: ...
    def edge(
        self,
        parts: Sequence[Part],
        out: str,
        codec: str,
        number: int,
        since_s: float | None,
        until_s: float | None,
        progress: Callable[[float], None],
    ) -> None: ...
    def splice(self, pieces: Sequence[Piece], out: str, progress: Callable[[float], None]) -> None: ...


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


def copy(
    request: Request,
    cuts: Sequence[Cut],
    checksums: array[int],
    times_us: array[int],
    tool: Tool,
    tell: Tell,
    made: str,
) -> int:
    """As it was recorded; the number of frames. Raises ExportFailed, also where it is not what was recorded."""
    progress = reporting("copying", cuts, request, tell)
    by_ffmpeg(
        request,
        cuts,
        lambda: tool.copy(cutting.parts(cuts), made, tags_of(request, cuts), cuts[0].format.codec, progress),
    )
    tell("comparing", 0.0)
    found = tool.packets(made)
    if difference := cutting.differs(found, checksums, times_us):
        raise ExportFailed(f"what was made is not what was recorded, and was thrown away: {difference}")
    tell("comparing", 1.0)
    return len(found.pts)


def encode(request: Request, cuts: Sequence[Cut], tool: Tool, tell: Tell, made: str) -> tuple[int, list[str]]:
    """All anew. ffmpeg can join only what is alike: each stretch of one format by itself, then all of them."""
    runs = [list(run) for _, run in groupby(cuts, key=lambda one: one.format)]
    picture = (cuts[0].format.width, cuts[0].format.height)
    first, last = cuts[0], cuts[-1]
    since_s = first.source.from_s - first.first_s if first.early else None
    frames = sum(one.frames for one in cuts) - first.early - last.late
    tags = tags_of(request, cuts)
    with contextlib.ExitStack() as stack:
        joined: list[Part] = []
        for number, run in enumerate(runs):
            out = made if len(runs) == 1 else stack.enter_context(unfinished(request.out.parent)).path
            trim_s = since_s if number == 0 else None
            end_s = None
            if number == len(runs) - 1 and not last.source.is_whole:
                end_s = (last.position_us - run[0].position_us) / 1e6 + last.source.until_s - last.first_s
            progress = reporting("encoding", run, request, tell)
            what = (cutting.parts(run), out, tags, picture, trim_s, end_s, progress)
            by_ffmpeg(request, run, lambda what=what: tool.encode(*what))  # type: ignore[misc]
            after = runs[number + 1][0].position_us if number + 1 < len(runs) else None
            length_us = None if after is None else after - run[0].position_us - round((trim_s or 0) * 1e6)
            joined.append(Part(out, None, None, length_us))
        if len(runs) > 1:
            progress = reporting("joining", cuts, request, tell)
            by_ffmpeg(request, cuts, lambda: tool.copy(joined, made, tags, "h264", progress))
    found = tool.packets(made)
    if difference := cutting.out_of_order(found):
        raise ExportFailed(f"what was made does not play, and was thrown away: {difference}")
    notes = []
    if len(found.pts) != frames:
        notes.append(f"of {frames} frames that were recorded, {len(found.pts)} could be decoded")
    return len(found.pts), notes


def by_ffmpeg(request: Request, cuts: Sequence[Cut], run: Callable[[], None]) -> None:
    """Run it. Raises ExportFailed with the reason where it fails."""
    try:
        run()
    except ValueError as error:
        for one in cuts:
            if not os.path.exists(one.source.segment.path):
                raise ExportFailed(
                    f"{one.source.segment.path} was deleted meanwhile: lock what is exported from retention, --pin"
                ) from error
        folder = request.out.parent
        raise ExportFailed(
            f"ffmpeg could not write to {folder} ({decimal_size(free_bytes(folder))} free): {error}"
        ) from error


def reporting(what: str, cuts: Sequence[Cut], request: Request, tell: Tell) -> Callable[[float], None]:
    """What is told how many seconds of these are written. It raises ExportFailed when room gets short."""
    length_s = max(0.001, (cuts[-1].position_us - cuts[0].position_us) / 1e6 + cuts[-1].last_s - cuts[-1].first_s)
    tell(what, 0.0)

    def report(written_s: float) -> None:
        free = free_bytes(request.out.parent)
        if free < request.keep_free_bytes:
            raise ExportFailed(
                f"{request.out.parent} has only {decimal_size(free)} free meanwhile, and "
                f"{decimal_size(request.keep_free_bytes)} are kept free there: export to another disk"
            )
        tell(what, min(1.0, max(0.0, written_s / length_s)))

    return report


def tags_of(request: Request, cuts: Sequence[Cut]) -> dict[str, str]:
    """What the file tells of itself."""
    title = "".join(filter(str.isprintable, request.camera_name))
    return {"title": title, "creation_time": began_at(request, cuts).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


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
