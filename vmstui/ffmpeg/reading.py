"""An ffmpeg that reads a recording for us: at the lowest priority, for a bounded time; and what it complained of."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence

from vmstui.ffmpeg.loglines import parse_line, printable_lines
from vmstui.model import LogLevel


def reading(ffmpeg: str, *before_input: str) -> list[str]:
    """How the command line of one begins: it asks nothing, and says what is wrong and nothing else."""
    quiet = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+error"]
    return [ffmpeg, *quiet, "-protocol_whitelist", "file", *before_input]


def read_through(
    argv: Sequence[str], path: str, timeout_s: float, what: str, pass_fds: Sequence[int] = ()
) -> tuple[bytes, bytes]:
    """Run it over a file: its output, and what it said. `pass_fds` are descriptors that it needs.

    Raises TimeoutError (`what` is what it did not get done: `read through`) and OSError; neither says anything about
    the file. Whether that is still there is for the caller to ask before it judges.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, pass_fds=tuple(pass_fds)
    ) as process:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        try:
            output, said = process.communicate(timeout=timeout_s)
        except BaseException as error:
            process.kill()
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimeoutError(f"{path} could not be {what} within {timeout_s:g} s") from None
            raise
    return output, said


def complaints(said: bytes) -> tuple[str, ...]:
    """The errors in what it said, in order."""
    lines = (parse_line(text) for text in printable_lines(said))
    return tuple(line.text for line in lines if line.level in (LogLevel.ERROR, LogLevel.FATAL))
