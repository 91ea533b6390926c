"""Decodes a media file from its first frame to its last: the only way to know that every frame can be seen.

Costs as much as watching it at full speed, so it runs at the lowest priority and only when a person asks (`verify
--deep`). Nothing of the pictures is kept.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass

from vmstui.ffmpeg.loglines import parse_line, printable_lines
from vmstui.model import LogLevel


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of it."""

    frames: int
    """Pictures that came out."""
    errors: tuple[str, ...]
    """What ffmpeg complained about."""


def decode_media(ffmpeg: str, path: str, timeout_s: float) -> Decoded:
    """Decode the video of a file. Raises TimeoutError and OSError if that could not be brought to an end."""
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+error"]
    argv += ["-protocol_whitelist", "file", "-threads", "1", "-err_detect", "+crccheck", "-i", f"file:{path}"]
    # Each picture once, as it is: neither repeated nor dropped for the sake of a frame rate.
    argv += ["-map", "0:v:0", "-fps_mode", "passthrough", "-progress", "pipe:1", "-f", "null", "-"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        try:
            output, said = process.communicate(timeout=timeout_s)
        except BaseException as error:
            process.kill()
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimeoutError(f"{path} could not be decoded within {timeout_s:g} s") from None
            raise
    os.stat(path)  # a file that is gone is no verdict on it
    frames = [line.partition("=")[2] for line in output.decode("ascii", "replace").splitlines() if line[:6] == "frame="]
    lines = (parse_line(text) for text in printable_lines(said))
    errors = tuple(line.text for line in lines if line.level in (LogLevel.ERROR, LogLevel.FATAL))
    return Decoded(int(frames[-1]) if frames and frames[-1].strip().isdigit() else 0, errors)
