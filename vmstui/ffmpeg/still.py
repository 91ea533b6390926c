"""One picture out of a recording file: the last keyframe of it, or what was seen at a time.

Also of the file that is being written, which has no index yet: of that, only what is needed of it is given to ffmpeg
(`fragments`). Decodes as little as there is to decode, at the lowest priority and with a limit of time and of size, as
the file may be anything. Runs in a process of its own, that of `vmstui still`.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from vmstui.ffmpeg.fragments import Fragments, find_fragments, read_part
from vmstui.ffmpeg.reading import complaints, read_through, reading

LIMIT_S = 20.0
MAX_PIXELS = 64 * 1024 * 1024
"""Twice those of an 8K picture; what says it is larger is not decoded."""
MAX_GROUP_BYTES = 256 * 1024 * 1024
"""Of what is handed to ffmpeg of an open file."""
_BEFORE_END_S = 0.01
_COLOURS = (
    "split[seen][drawn];[seen]palettegen=max_colors=256:reserve_transparent=0:stats_mode=single[palette];"
    "[drawn][palette]paletteuse=new=1:dither=bayer:bayer_scale=4"
)


class NoPicture(ValueError):
    """There is none to be had. The text is the reason, mostly ffmpeg's own."""


class Form(StrEnum):
    """In which form a picture is wanted."""

    PNG = "png"
    PPM = "ppm"
    """Its size as text, then 24 bits per pixel."""
    BMP = "bmp"
    """256 colours, chosen for this picture, and a byte per pixel."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a picture."""

    form: Form = Form.PNG
    fit: tuple[int, int] | None = None
    """Width and height in pixels it has to fit into, its proportions kept, and never larger than it was recorded; None:
    as it was recorded."""
    at_s: float | None = None
    """After the beginning of the file; None: the last keyframe."""


def take_still(ffmpeg: str, path: str, wanted: Wanted) -> bytes:
    """The picture. Raises NoPicture, FileNotFoundError and other OSError, and TimeoutError."""
    with open(path, "rb") as file:
        fragments = find_fragments(file)
        if fragments is not None:
            with _piece(file, fragments, wanted.at_s) as piece:
                # Of the two keyframes that there are in it, at most, the last one.
                source = ("-skip_frame", "nokey", "-i", f"file:/proc/self/fd/{piece}")
                return _run(ffmpeg, path, source, "reverse", wanted, piece)
    name = f"file:{path}"
    if wanted.at_s is not None:
        with contextlib.suppress(NoPicture):  # after its last frame there is nothing, and before it that one
            return _run(ffmpeg, path, ("-ss", f"{max(wanted.at_s, 0.0):.6f}", "-i", name), "", wanted)
    last = ("-skip_frame", "nokey", "-sseof", f"-{_BEFORE_END_S}", "-noaccurate_seek", "-i", name)
    return _run(ffmpeg, path, last, "", wanted)


@contextlib.contextmanager
def _piece(file: BinaryIO, fragments: Fragments, at_s: float | None) -> Iterator[int]:
    """Descriptor of a file in memory that has the head of another one, and of its fragments only the one that matters.

    Everything is where it was, as fragments may tell places from the beginning of the file; what was between is a box
    of nothing, which takes no memory.
    """
    known = [one for one in fragments.whole if at_s is None or (one.at_s is not None and one.at_s <= at_s)]
    head_bytes = fragments.head_bytes
    taken = head_bytes + (known[-1].end - known[-1].start if known else 0)
    if taken > MAX_GROUP_BYTES:
        raise NoPicture(
            f"a group of pictures takes {taken >> 20} MiB, of which {MAX_GROUP_BYTES >> 20} are read at most"
        )
    descriptor = os.memfd_create("still")
    try:
        os.pwrite(descriptor, read_part(file, 0, head_bytes), 0)
        if known:
            if (hole := known[-1].start - head_bytes) > 0:
                os.pwrite(descriptor, struct.pack(">I4sQ", 1, b"free", hole), head_bytes)
            os.pwrite(descriptor, read_part(file, known[-1].start, known[-1].end), known[-1].start)
        yield descriptor
    finally:
        os.close(descriptor)


def _run(ffmpeg: str, path: str, source: tuple[str, ...], order: str, wanted: Wanted, piece: int = -1) -> bytes:
    argv = [*reading(ffmpeg, "-threads", "1", "-max_pixels", str(MAX_PIXELS)), *source]
    argv += ["-map", "0:v:0", "-an", "-sn", "-dn", "-filter_complex_threads", "1", "-filter_threads", "1"]
    argv += ["-vf", _filters(order, wanted), "-fps_mode", "passthrough", "-frames:v", "1", "-threads", "1"]
    argv += ["-c:v", wanted.form.value, "-f", "image2pipe", "pipe:1"]
    fds = (piece,) if piece >= 0 else ()
    told = read_through(argv, path, LIMIT_S, "shown", fds)
    if not told.output:
        os.stat(path)
        raise NoPicture(next(iter(complaints(told.said)), "there is no whole picture in it"))
    return told.output


def _filters(order: str, wanted: Wanted) -> str:
    """Square pixels, then as small as wanted, then in the order wanted."""
    chain = ["scale=iw*sar:ih", "setsar=1"]
    if wanted.fit is not None:
        width, height = wanted.fit
        size = f"'min(iw,{width})':'min(ih,{height})'"
        chain.append(f"scale={size}:force_original_aspect_ratio=decrease:flags=area")
    chain += [order] if order else []
    chain.append("format=rgb24")
    if wanted.form is Form.BMP:  # without an end after the first one, more would be decoded
        chain += ["trim=end_frame=1", _COLOURS]
    return ",".join(chain)
