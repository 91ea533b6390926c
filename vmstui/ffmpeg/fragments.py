"""Where the groups of pictures of a fragmented MP4 lie, so that one of them can be decoded without the others.

That is what a recording file is while it is written, and what a worker leaves that dies: a movie header (with ffmpeg's
`hybrid_fragmented`, also the first group of pictures), then a `moof` and an `mdat` box per group, each of which begins
with a keyframe (ISO/IEC 14496-12, 4.2 and 8.8; libavformat/movenc.c). A file that was closed has no `moof` any more.
Reads the heads of boxes and nothing else of a file. Called by `still`; `splice` reads
the boxes of whole files.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 100_000
"""In a row; a file with more of them is not one of ours."""
MAX_HEADER_BYTES = 1024 * 1024
"""Of a box that is read whole: a movie header, the head of a fragment."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a file, and where it is."""

    kind: bytes
    start: int
    payload: int
    """Where its content begins."""
    end: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A group of pictures with its head."""

    start: int
    end: int
    at_s: float | None
    """When it begins in the file's own time; None where the file does not tell."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """A fragmented file."""

    head_bytes: int
    """What every fragment needs before it; with some writers it holds the first group of pictures."""
    whole: tuple[Fragment, ...]
    """Those that are in the file to their end."""


def find_fragments(file: BinaryIO) -> Fragments | None:
    """The fragments of a file; None for one that has none, or is no MP4 at all. Raises OSError."""
    size = file.seek(0, os.SEEK_END)
    head_bytes, scale = 0, 0
    begun: Box | None = None
    whole: list[Fragment] = []
    for box in boxes(file, 0, size):
        if box.kind == b"moov":
            scale = _time_scale(file, box)
        elif box.kind == b"moof":
            head_bytes = head_bytes or box.start
            begun = box
        elif box.kind == b"mdat" and begun is not None:
            if box.end <= size:
                whole.append(Fragment(begun.start, box.end, _begins_s(file, begun, scale)))
            begun = None
    return Fragments(head_bytes, tuple(whole)) if head_bytes else None


def read_part(file: BinaryIO, start: int, end: int) -> bytes:
    """The bytes of a file from one place to another. Raises OSError."""
    file.seek(start)
    return file.read(end - start)


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes that begin in a stretch of a file, until one makes no sense. The last one may go on behind `end`."""
    for _ in range(MAX_BOXES):
        head = read_part(file, start, start + 16)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        payload = start + 8
        if length == 1 and len(head) == 16:  # a size that needs 64 bits
            (length,), payload = struct.unpack(">Q", head[8:]), start + 16
        elif length == 0:  # to the end of the file
            length = end - start
        if start + length < payload:
            return
        yield Box(kind, start, payload, start + length)
        start += length
        if start >= end:
            return


def _inside(file: BinaryIO, box: Box, *path: bytes) -> Box | None:
    """The first box below one, by the kinds on the way."""
    found: Box | None = box
    for kind in path:
        if found is None or found.end - found.start > MAX_HEADER_BYTES:
            return None
        found = next((inner for inner in boxes(file, found.payload, found.end) if inner.kind == kind), None)
    return found


def _time_scale(file: BinaryIO, moov: Box) -> int:
    """Ticks per second of the first track; 0 where it is not told."""
    box = _inside(file, moov, b"trak", b"mdia", b"mdhd")
    raw = read_part(file, box.payload, box.payload + 24) if box is not None else b""
    if len(raw) < 24:
        return 0
    (scale,) = struct.unpack_from(">I", raw, 20 if raw[0] == 1 else 12)
    return int(scale)


def _begins_s(file: BinaryIO, moof: Box, scale: int) -> float | None:
    box = _inside(file, moof, b"traf", b"tfdt")
    raw = read_part(file, box.payload, box.payload + 12) if box is not None else b""
    if len(raw) < 12 or not scale:
        return None
    (ticks,) = struct.unpack_from(">Q" if raw[0] == 1 else ">I", raw, 4)
    return int(ticks) / scale
