"""One MP4 file out of several, of which the pictures in the middle are those of a recording and the ones at its edges
of an encoder (`join.Ffmpeg.edge`): the packets of all, one after the other, under one header.

ffmpeg cannot do it: its muxer describes a stream once, by its first packet. What makes it one stream is in `own_sets`:
edges have parameter sets of their own. Packets of the recording are copied as they are, by the kernel if it can, else
with a bounded buffer. When frames are shown is as told, when those of edges are decoded is chosen so that all comes in
order. Written are the packets first, the header last, as ffmpeg does it. Called by an export.
"""

from __future__ import annotations

import errno
import os
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from vmstui.ffmpeg.fragments import boxes as boxes_of
from vmstui.ffmpeg.fragments import read_part
from vmstui.ffmpeg.join import TIME_SCALE
from vmstui.ffmpeg.mp4_tables import NotReadable, Track, box, moov_like, read_track, with_inside
from vmstui.ffmpeg.own_sets import Sets, begins_anew, merged, read_sets, renumbered

_BLOCK_BYTES = 4 << 20
_MOST_MOOV_BYTES = 1 << 30
"""Of millions of frames; more is no header."""
_NOT_THERE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
"""A kernel, or two file systems, that cannot copy by themselves."""
_BOXES = {b"avc1": (b"avcC", "h264"), b"hvc1": (b"hvcC", "h265")}

Progress = Callable[[float], None]
"""Told the seconds written so far, now and then. What it raises ends it."""


class Piece(Protocol):
    """A file of which all is taken."""

    @property
    def path(self) -> str: ...
    @property
    def at_us(self) -> int:
        """When its first frame is shown."""

    @property
    def number(self) -> int | None:
        """Of the parameter sets of an edge, another one for each (`own_sets`); None: it was recorded."""

    @property
    def lasts_us(self) -> int | None:
        """How long its last frame is shown, which the muxer can but guess; None: as long as its file says."""


@dataclass(slots=True)
class _Read:
    piece: Piece
    file: BinaryIO
    moov: bytes
    ftyp: bytes
    track: Track
    sets: Sets
    packet: Callable[[bytes], bytes] | None = None
    """Makes of a packet what is written; None: it is written as it is."""


def splice(pieces: Sequence[Piece], out: str, progress: Progress) -> None:
    """Write them to `out`, which exists, one after the other. One of them was recorded.

    Raises NotReadable if they do not fit together, and OSError.
    """
    with ExitStack() as stack:
        read = [_read(piece, stack.enter_context(open(piece.path, "rb"))) for piece in pieces]
        (model,) = (one for one in read if one.piece.number is None)
        _check(read, model)
        for one in read:
            if one.piece.number is not None and one.sets.codec == "h265":
                one.sets, one.packet = renumbered(one.sets, one.piece.number)
        kind = _BOXES[model.track.kind][0]
        sets = merged(model.sets, _packet(model, 0), [one.sets for one in read if one is not model])
        pts, dts, last = _times(read, model)
        file = stack.enter_context(open(out, "r+b", buffering=0))
        file.truncate(0)
        at = file.write(box(b"ftyp", model.ftyp) + struct.pack(">I4sQ", 1, b"mdat", 0))
        sizes, offsets, keyframes = array("q"), array("q"), bytearray()
        begins = at
        for one in read:
            for offset, size in _written(one, file, at):
                sizes.append(size)
                offsets.append(offset)
                at = offset + size
                if len(sizes) % 1000 == 0:
                    progress((pts[len(sizes) - 1] - min(pts[0], pts[len(sizes) - 1])) / TIME_SCALE)
            keyframes += one.track.keyframe
        entry = with_inside(model.track.entry, kind, sets)
        file.write(moov_like(model.moov, Track(TIME_SCALE, entry, sizes, offsets, dts, pts, keyframes, last)))
        file.seek(begins - 8)
        file.write(struct.pack(">Q", at - begins + 16))


def _read(piece: Piece, file: BinaryIO) -> _Read:
    size = file.seek(0, os.SEEK_END)
    parts = {one.kind: one for one in boxes_of(file, 0, size)}
    if b"moov" not in parts or b"ftyp" not in parts:
        raise NotReadable("it is no MP4 file")
    head, movie = parts[b"ftyp"], parts[b"moov"]
    if movie.end > size or head.end > size or movie.end - movie.start > _MOST_MOOV_BYTES or head.end > 1024:
        raise NotReadable("its header is too long")
    moov = read_part(file, movie.payload, movie.end)
    track = read_track(moov, size)
    if track.kind not in _BOXES:
        raise NotReadable(f"it holds {track.kind.decode('ascii', 'replace')}")
    kind, codec = _BOXES[track.kind]
    return _Read(
        piece, file, moov, read_part(file, head.payload, head.end), track, read_sets(codec, track.inside(kind))
    )


def _check(read: Sequence[_Read], model: _Read) -> None:
    for one in read:
        if one.track.kind != model.track.kind or one.track.picture != model.track.picture:
            raise NotReadable("an edge is of another codec or size than what was recorded")
        if one.track.scale != TIME_SCALE:
            raise NotReadable(f"a part counts {one.track.scale} ticks a second, not {TIME_SCALE}")
        if not begins_anew(one.sets, _packet(one, 0)):
            part = "what would be copied" if one is model else "an edge"
            raise NotReadable(f"{part} does not begin with a picture that ends all before it (IDR)")


def _packet(one: _Read, index: int) -> bytes:
    at = one.track.offset[index]
    return read_part(one.file, at, at + one.track.size_bytes[index])


def _times(read: Sequence[_Read], model: _Read) -> tuple[array[int], array[int], int]:
    """Of all packets: when they are shown, when they are decoded, and how long the last one lasts.

    Edges are decoded as long before they are shown as the recording is, so that there is room for its first packets,
    and no last packet is decoded after the file has ended, which players (GStreamer) would leave away."""
    lead = min(model.track.pts) - model.track.dts[0]
    pts, dts = array("q"), array("q")
    begin = None
    for one in read:
        track = one.track
        shift = _ticks(one.piece.at_us) - min(track.pts)
        early = 0 if one is model else lead
        if begin is None:
            begin = track.dts[0] + shift - early
        shift -= begin
        if dts:
            if min(track.pts) + shift <= max(pts):
                raise NotReadable("one part is shown before the one before it has ended")
            early = min(early, track.dts[0] + shift - dts[-1] - 1)
        pts.extend(time + shift for time in track.pts)
        dts.extend(time + shift - early for time in track.dts)
    last = read[-1].piece.lasts_us
    return pts, dts, read[-1].track.last if last is None else _ticks(last)


def _ticks(time_us: int) -> int:
    return round(time_us * TIME_SCALE / 1_000_000)


def _written(one: _Read, file: BinaryIO, at: int) -> Iterator[tuple[int, int]]:
    """Where each packet of a part was written, and its size."""
    track = one.track
    if one.packet is not None:
        for index in range(len(track.offset)):
            made = one.packet(_packet(one, index))
            _write(file, made)
            yield at, len(made)
            at += len(made)
        return
    # What lies together goes together, which in a file of ffmpeg is all of it.
    index = 0
    while index < len(track.offset):
        begin = end = track.offset[index]
        first = index
        while index < len(track.offset) and track.offset[index] == end and end - begin < _BLOCK_BYTES:
            end += track.size_bytes[index]
            index += 1
        _copy(one.file, file, begin, end)
        for packet in range(first, index):
            yield at, track.size_bytes[packet]
            at += track.size_bytes[packet]


def _copy(source: BinaryIO, file: BinaryIO, begin: int, end: int) -> None:
    """Within a file system by the kernel, which some of them need not even copy for."""
    while begin < end:
        try:
            count = os.copy_file_range(source.fileno(), file.fileno(), end - begin, begin)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            block = read_part(source, begin, min(end, begin + _BLOCK_BYTES))
            _write(file, block)
            count = len(block)
        if not count:
            raise NotReadable("a part ends too soon")
        begin += count


def _write(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
