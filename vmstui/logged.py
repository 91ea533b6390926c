"""The words of logs as frozen data: lines that workers wrote, and pages of them.

Beside `model`, whose rules hold here too.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from vmstui.findings import Severity
from vmstui.light_dataclass import dataclass


class LogLevel(StrEnum):
    """ffmpeg's own level of a line, most severe first; vmstui's severity of it is the matter of `triage`."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"


OWN_COMPONENT = "recorder"
"""Of the recorder's own lines between those of ffmpeg."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line a worker wrote, masked and freed from control characters."""

    seq: int
    """Grows by one per line over all cameras of this service; the cursor of `logs`."""
    at: datetime
    """When it was read, at most about two seconds after it was written."""
    camera: str
    generation: int
    level: LogLevel
    component: str
    """`in#0/rtsp`, `fifo`, `libx264`, … or `` where ffmpeg names none."""
    text: str
    message: str = ""
    """Id in the table of messages, where it was asked for (`explain`) and there is one."""
    severity: Severity | None = None
    """Of that message, as the table has it."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines after a cursor, oldest first."""

    lines: tuple[LogLine, ...]
    next_seq: int
    """Pass as `after` to go on."""
    missed: int
    """Lines after the cursor that had already left the ring, or were gone past."""


@dataclass(frozen=True, slots=True)
class RunLog:
    """The newest lines of a run of a camera that is over, oldest first."""

    camera: str
    generation: int
    lines: tuple[LogLine, ...]
    """Of those with sequence number 0 none is in `LogPage`s any more."""
    untimed: int
    """Of the first so many nobody knows when they came: log files hold no times. Their `at` is `last_at`."""
    older: bool
    """There are lines before these, in the log files of the camera."""
    last_at: datetime
    """When its last line came or, where nobody knows that, its file was last written to."""
