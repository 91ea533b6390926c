"""What is in a media file, told by ffmpeg alone: there is no ffprobe where only the embedded ffmpeg is installed.

`-f framecrc` of the copied stream lists every packet with its times and the codec in the same form in all versions
(libavformat/framecrcenc.c). Nothing is decoded: three minutes of video take some ten milliseconds. Works on files that
were cut off in the middle as long as they are fragmented. Called by `recording` when a segment is published.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

from vmstui.ffmpeg.reading import CouldNotLook, complaints, read_through, reading
from vmstui.footage import Hole
from vmstui.light_dataclass import dataclass

_CODECS = {"hevc": "h265"}
_KEY, _CORRUPT = 1, 2
HOLE_S = 2.0
"""From one frame to the next: more is a stretch in which the camera sent nothing."""
HOLE_FRAMES = 3
"""The same for cameras that send a frame every few seconds: so many of their usual intervals."""


class Unplayable(ValueError):
    """The file holds no video that plays. The text is the reason, mostly ffmpeg's own."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """The video of a file."""

    duration_s: float
    """From the first frame shown to the end of the last."""
    frames: int
    """Whole ones; a last one that was cut off is not counted."""
    codec: str
    """`h264`, `h265`, or ffmpeg's name of another."""
    width: int
    height: int
    fps: float
    """By the usual interval between two frames; 0 for a single one."""
    starts_with_keyframe: bool
    holes: tuple[Hole, ...]


def inspect_media(ffmpeg: str, path: str, timeout_s: float = 30) -> MediaInfo:
    """Read a file through, at the lowest priority.

    Raises Unplayable if there is no video in it; TimeoutError and OSError if it could not be read through, which says
    nothing about the file.
    """
    argv = [*reading(ffmpeg), "-i", f"file:{path}", "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]
    told = read_through(argv, path, timeout_s, "read through")
    os.stat(path)  # a file that is gone is no verdict on it
    told.check_reason()
    info = read_framecrc(told.output.decode("ascii", "replace"))
    if info is None:
        if told.code == 0 and b"#tb 0:" not in told.output:
            raise CouldNotLook(f"{path} could not be looked at: {ffmpeg} told nothing of it, not even that it failed")
        raise Unplayable(next(iter(complaints(told.said)), "no video frames"))
    return info


@dataclass(frozen=True, slots=True)
class _Tick:
    """The time base of a stream, a fraction of a second. (`fractions` and the `decimal` behind it would be a megabyte
    of a service that needs nothing else of them.)"""

    numerator: int
    denominator: int

    def seconds(self, ticks: int) -> float:
        return ticks * self.numerator / self.denominator

    def per_second(self, ticks: int) -> float:
        """How often so many ticks go into a second."""
        return self.denominator / (ticks * self.numerator)


def read_framecrc(text: str) -> MediaInfo | None:
    """The listing as facts, None without a whole frame."""
    header: dict[str, str] = {}
    starts: list[int] = []
    end = 0
    first_flags = _KEY
    for line in text.splitlines():
        if line.startswith("#"):
            name, _, value = line[1:].partition(":")
            header[name] = value.strip()
            continue
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 6 or _flags(fields[6:]) & _CORRUPT:
            continue
        pts, duration = int(fields[2]), int(fields[3])
        if not starts:
            first_flags = _flags(fields[6:])
        starts.append(pts)
        end = max(end, pts + duration)
    if not starts:
        return None
    width, _, height = header.get("dimensions 0", "").partition("x")
    codec = header.get("codec_id 0", "")
    tick = _Tick(*map(int, header["tb 0"].split("/")))
    starts.sort()
    steps = sorted(after - before for before, after in pairwise(starts)) or [0]
    usual = steps[(len(steps) - 1) // 2]
    return MediaInfo(
        duration_s=tick.seconds(end - starts[0]),
        frames=len(starts),
        codec=_CODECS.get(codec, codec),
        width=int(width),
        height=int(height),
        fps=tick.per_second(usual) if usual > 0 else 0.0,
        starts_with_keyframe=bool(first_flags & _KEY),
        holes=tuple(_holes(starts, usual, tick)),
    )


def _holes(starts: list[int], usual: int, tick: _Tick) -> Iterator[Hole]:
    longest = max(HOLE_S / tick.seconds(1), float(HOLE_FRAMES * usual))
    for before, after in pairwise(starts):
        if after - before > longest:
            # The frame before it was shown for as long as any other.
            offset = before + usual - starts[0]
            yield Hole(tick.seconds(offset), tick.seconds(after - before - usual))


def _flags(rest: list[str]) -> int:
    """Flags of a packet; they are listed only where they differ from those of a keyframe."""
    return next((int(field[2:], 16) for field in rest if field.startswith("F=")), _KEY)
