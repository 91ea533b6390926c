"""Decodes a media file from its first frame to its last: the only way to know that every frame can be seen.

Costs as much as watching it at full speed, so it runs at the lowest priority and only when a person asks (`verify
--deep`). Nothing of the pictures is kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from vmstui.ffmpeg.reading import complaints, read_through, reading


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of it."""

    frames: int
    """Pictures that came out."""
    errors: tuple[str, ...]
    """What ffmpeg complained about."""


def decode_media(ffmpeg: str, path: str, timeout_s: float) -> Decoded:
    """Decode the video of a file. Raises TimeoutError and OSError if that could not be brought to an end."""
    argv = [*reading(ffmpeg, "-threads", "1", "-err_detect", "+crccheck"), "-i", f"file:{path}"]
    # Each picture once, as it is: neither repeated nor dropped for the sake of a frame rate.
    argv += ["-map", "0:v:0", "-fps_mode", "passthrough", "-progress", "pipe:1", "-f", "null", "-"]
    told = read_through(argv, path, timeout_s, "decoded")
    os.stat(path)  # a file that is gone is no verdict on it
    told.check_reason()
    lines = told.output.decode("ascii", "replace").splitlines()
    frames = [line.partition("=")[2] for line in lines if line[:6] == "frame="]
    return Decoded(int(frames[-1]) if frames and frames[-1].strip().isdigit() else 0, complaints(told.said))
