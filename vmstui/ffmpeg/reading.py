"""An ffmpeg that reads a recording for us: at the lowest priority, for a bounded time; and what it complained of.

An ffmpeg that could not be started, or was ended before it was done, says nothing about the file, however little it
told: that is `CouldNotLook`, never a verdict. Which ends are its own: fftools/ffmpeg.c of 5.1 exits with 1, later ones
with the low byte of an AVERROR; both with 255 when a signal told them to stop.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import IO

from vmstui.ffmpeg.loglines import ParsedLine, parse_line, printable_lines
from vmstui.findings import ERROR_LEVELS
from vmstui.light_dataclass import dataclass

_NOT_RUN = {126: "it cannot be executed", 127: "it cannot be started: a shared library or the program is missing"}
_BY_SHELL = 128
"""A shell in between tells the signal that ended a program as this and its number."""
_STOPPED, _STOPPED_HARD = 255, 123
_ALSO_STOPPED = "Operation not permitted"
"""What ffmpeg says of a demuxer that failed without a reason, -1, of which the low byte is 255 as well."""
_OF_THE_MACHINE = (
    "Cannot allocate memory",
    "Out of memory",
    "Input/output error",
    "Permission denied",
    "No such file or directory",
    "Too many open files",
    "Resource temporarily unavailable",
    "Stale file handle",
    "Transport endpoint is not connected",
    "No such device",
    "Connection timed out",
    "Structure needs cleaning",
)
"""Reasons that lie in the machine or its disk, in the words of strerror(3)."""
_INPUT = ("Error opening input", "Stream map ", "file:", "Error while decoding", "Decode error rate")
_OUTPUT_COMPONENTS = ("out#", "vost#", "enc:", "fc#", "AVFilter", "Parsed_", "framecrc", "null", "image2pipe")


class CouldNotLook(OSError):
    """ffmpeg did not get to the end of the file for a reason that is not in the file."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an ffmpeg that came to its own end told."""

    path: str
    output: bytes
    said: bytes
    code: int

    def check_reason(self) -> None:
        """Raises CouldNotLook if it failed, or told nothing, and the reason is not in the file."""
        lines = _errors(self.said)
        for line in lines:
            if any(line.text.endswith(reason) for reason in _OF_THE_MACHINE) and not _reads(self.path, line.text):
                raise CouldNotLook(f"{self.path} could not be looked at: {line.text}")
        if self.code and not any(map(_is_of_input, lines)):
            raise CouldNotLook(
                f"{self.path} could not be looked at: ffmpeg ended with {self.code}: "
                f"{_last_line(self.said) or 'and did not say why'}"
            )


def reading(ffmpeg: str, *before_input: str) -> list[str]:
    """How the command line of one begins: it asks nothing, and says what is wrong and nothing else."""
    quiet = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+error"]
    return [ffmpeg, *quiet, "-protocol_whitelist", "file", *before_input]


def read_through(argv: Sequence[str], path: str, timeout_s: float, what: str, pass_fds: Sequence[int] = ()) -> Told:
    """Run it over a file. `pass_fds` are descriptors that it needs.

    Raises TimeoutError (`what` is what it did not get done: `read through`) and CouldNotLook; neither says anything
    about the file. Whether that is still there is for the caller to ask before it judges.
    """
    pipe = subprocess.PIPE
    with spawned(argv, path, stdout=pipe, stderr=pipe, pass_fds=pass_fds) as process:
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
    check_end(path, process.returncode, said)
    return Told(path, output, said, process.returncode)


def spawned(
    argv: Sequence[str], path: str, *, stdout: int, stderr: int | IO[bytes], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """ffmpeg, started. Raises CouldNotLook where it is missing: that must not look as if the recording were."""
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(pass_fds),
            close_fds=bool(pass_fds),  # see recorder/bare_thread.py
        )
    except OSError as error:
        raise CouldNotLook(f"{path} could not be looked at: {argv[0]} cannot be run: {error.strerror}") from error


def check_end(path: str, code: int, said: bytes) -> None:
    """Raises CouldNotLook unless it came to its own end."""
    reason = _NOT_RUN.get(code, "")
    number = -code if code < 0 else code - _BY_SHELL
    if 0 < number < _BY_SHELL // 4:
        reason = f"it was ended by {_signal(number)}"
    elif code == _STOPPED_HARD or (code == _STOPPED and _ALSO_STOPPED.encode() not in said):
        reason = "it was told to stop"
    if reason:
        last = _last_line(said)
        raise CouldNotLook(f"{path} could not be looked at by ffmpeg: {reason}{f' ({last})' if last else ''}")


def complaints(said: bytes) -> tuple[str, ...]:
    """The errors in what it said, in order."""
    return tuple(line.text for line in _errors(said))


def _errors(said: bytes) -> list[ParsedLine]:
    lines = (parse_line(text) for text in printable_lines(said))
    return [line for line in lines if line.level in ERROR_LEVELS]


def _is_of_input(line: ParsedLine) -> bool:
    if line.text.startswith(_INPUT):
        return True
    return bool(line.component) and not line.component.startswith(_OUTPUT_COMPONENTS)


def _reads(path: str, text: str) -> bool:
    """Whether the disk gives every byte of the file, so that the reading error that ffmpeg tells of is its own word for
    a file that ends too soon."""
    if not text.endswith("Input/output error"):
        return False
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    return True


def _last_line(said: bytes) -> str:
    return next(reversed(printable_lines(said)), "")


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
