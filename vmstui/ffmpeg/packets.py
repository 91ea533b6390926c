"""Every packet of a media file, told by ffmpeg alone: its times, its size and a checksum of its bytes.

`inspect` tells what a file is; this tells what is in it, so that it can be cut at a packet, and so that of a file made
from others it can be shown that it holds their packets, each once and in order. The listing is that of `-f framecrc`
(libavformat/framecrc.c), which all versions write in the same form. Nothing is decoded. Called by an export.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from vmstui.ffmpeg.reading import Told, check_end, complaints, reading, spawned

_CODECS = {"hevc": "h265"}
_KEY, _CORRUPT = 1, 2


class NoPackets(ValueError):
    """There is no video in the file. The text is the reason, mostly ffmpeg's own."""


@dataclass(frozen=True, slots=True)
class Packets:
    """The video packets of a file, in the order they are stored in, which is that of decoding."""

    codec: str
    """`h264`, `h265`, or ffmpeg's name of another."""
    width: int
    height: int
    parameters: str
    """Size and checksum of what a decoder must know beforehand (parameter sets); `` where there is nothing."""
    tick_s: Fraction
    """Unit of all times."""
    pts: array[int]
    """When each is shown, in ticks of the file's own clock."""
    dts: array[int]
    duration: array[int]
    size_bytes: array[int]
    checksum: array[int]
    """Adler-32 of the bytes."""
    keyframe: bytearray
    """1 where decoding can begin, else 0."""
    cut_off_dts: int | None
    """Of the packet amid which the file ends, which is none of these; None for a file that is whole."""

    def with_times(self, pts: array[int], dts: array[int]) -> Packets:
        """The same packets at other times."""
        return replace(self, pts=pts, dts=dts)


def list_packets(ffmpeg: str, path: str, *, at: str = "") -> Packets:
    """All whole packets of a file; of one that was cut off, those before the cut. `at` is where to open the file, where
    `path` is only what people know it by.

    Raises NoPackets if there is no video in it, FileNotFoundError if there is no file, and CouldNotLook.
    """
    argv = [*reading(ffmpeg, "-copyts"), "-i", f"file:{at or path}", "-map", "0:v:0", "-c", "copy"]
    argv += ["-f", "framecrc", "-"]
    with (
        tempfile.TemporaryFile() as errors,
        spawned(argv, path, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        try:
            packets = read_listing(line.decode("ascii", "replace") for line in process.stdout)
        except BaseException:
            process.kill()
            raise
        process.stdout.close()  # what comes after a cut is not waited for
        code = process.wait()
        if packets is not None and packets.cut_off_dts is not None:
            return packets
        os.stat(at or path)
        errors.seek(0)
        said = errors.read()
        check_end(path, code, said)
        Told(at or path, b"", said, code).check_reason()
        if packets is None:
            raise NoPackets(next(iter(complaints(said)), "no video frames"))
    return packets


def read_listing(lines: Iterable[str]) -> Packets | None:
    """The listing as data, None without a whole packet."""
    header: dict[str, str] = {}
    pts, dts, duration, size_bytes, checksum = (array("q") for _ in range(5))
    keyframe = bytearray()
    cut_off_dts = None
    for line in lines:
        if line.startswith("#"):
            name, _, value = line[1:].partition(":")
            header[name.strip()] = value.strip()
            continue
        fields = line.split(",")
        if len(fields) < 6:
            continue
        flags = _flags(fields[6:])
        if flags & _CORRUPT:
            cut_off_dts = int(fields[1])
            break  # nothing after it can be decoded either
        dts.append(int(fields[1]))
        pts.append(int(fields[2]))
        duration.append(int(fields[3]))
        size_bytes.append(int(fields[4]))
        checksum.append(int(fields[5], 16))
        keyframe.append(flags & _KEY)
    if not pts:
        return None
    width, _, height = header.get("dimensions 0", "0x0").partition("x")
    codec = header.get("codec_id 0", "")
    return Packets(
        codec=_CODECS.get(codec, codec),
        width=int(width),
        height=int(height),
        parameters=header.get("extradata 0", "").replace(" ", ""),
        tick_s=Fraction(header["tb 0"]),
        pts=pts,
        dts=dts,
        duration=duration,
        size_bytes=size_bytes,
        checksum=checksum,
        keyframe=keyframe,
        cut_off_dts=cut_off_dts,
    )


def _flags(rest: list[str]) -> int:
    """Flags of a packet; they are listed only where they differ from those of a keyframe."""
    return next((int(field.strip()[2:], 16) for field in rest if field.strip().startswith("F=")), _KEY)
