"""One line of ffmpeg's log taken apart: level, component, text.

Workers run with `-loglevel repeat+level+…`, so that each line carries its level in brackets after the names of the
components it passed through: `[vost#0:0/h264_nvenc @ 0x55…] [enc:h264_nvenc @ 0x55…] [error] text`
(libavutil/log.c, format_line). Lines that libraries write by themselves, such as those of x265, carry none. Pure;
called by the log tail of the recorder and by the explanation of exits. The text must have been freed from control
characters before (`sanitise`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vmstui.logged import LogLevel

_COMPONENT = r"\[([^\[\]]*) @ (?:0x)?[0-9a-fA-F]+\] ?"
_MORE = _COMPONENT.replace("(", "(?:", 1)
_PREFIX = re.compile(
    rf"(?:{_COMPONENT}(?:{_MORE})*)?(?:\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] ?)?"
)
_LEVELS = {
    "": LogLevel.UNKNOWN,
    "panic": LogLevel.FATAL,
    "fatal": LogLevel.FATAL,
    "error": LogLevel.ERROR,
    "warning": LogLevel.WARNING,
    **dict.fromkeys(("quiet", "info", "verbose", "debug", "trace"), LogLevel.INFO),
}


_match_prefix = _PREFIX.match
_new = tuple.__new__
"""A line is made of its parts at once, without the function in Python that a named tuple has for that."""


class ParsedLine(NamedTuple):
    """A line without its prefixes. A tuple: hundreds are made each second."""

    level: LogLevel
    component: str
    """The outermost component, which names the input or output (`in#0/concat`, `vost#0:0/libx264`, `fifo`), or ``."""
    text: str


def parse_line(text: str) -> ParsedLine:
    """Take a line apart. Without a level in brackets the level is UNKNOWN, never a guess."""
    rest = text.rstrip("\r\n")
    prefix = _match_prefix(rest)
    assert prefix is not None  # at worst it is empty
    component, level = prefix.groups("")
    return _new(ParsedLine, (_LEVELS[level], component, rest[prefix.end() :]))


def printable_lines(raw: bytes) -> list[str]:
    """What a short run of ffmpeg wrote, as lines without characters that a terminal would act upon.

    For runs that vmstui makes itself (probe, check of a file); the log of a worker goes through `triage`.
    """
    lines = ("".join(filter(str.isprintable, line)) for line in raw.decode("utf-8", "replace").splitlines())
    return [line for line in lines if line.strip()]
