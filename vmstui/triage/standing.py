"""What comes now, as who looks at hundreds of cameras every few seconds is told it: tuples, as they are many. Pure."""

from __future__ import annotations

from typing import NamedTuple

from vmstui.findings import Origin, Severity
from vmstui.triage.kept import is_unclear
from vmstui.triage.knowledge import Message


class Standing(NamedTuple):
    """A known message that comes now."""

    message: Message
    origin: Origin
    severity: Severity
    rate_per_min: float
    last_s: float

    @property
    def is_unclear(self) -> bool:
        """Several parts of a worker may have said it."""
        return is_unclear(self.message, self.origin)


class UnknownError(NamedTuple):
    """A message that comes now, that ffmpeg calls an error and that nobody knows."""

    fingerprint: str
    origin: Origin
    rate_per_min: float
    last_s: float
    text: str
    """Of the last line."""
