"""The relay's log: lines `[level] text` on stderr, like ffmpeg's, at most a handful per second.

Strangers can make the relay complain; they must not be able to fill the disk with it. What is over the budget is
counted, and the count is said once the budget is back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_LINES_PER_WINDOW = 50
_WINDOW_S = 10.0


class RelayLog:
    """Writes lines; texts must be harmless already (see `messages.shown`)."""

    def __init__(self, stream: TextIO | None = None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock_s = clock_s
        self._window_began_s = clock_s()
        self._lines = 0
        self._left_out = 0

    def error(self, text: str) -> None:
        """Something does not work."""
        self._write("error", text)

    def warning(self, text: str) -> None:
        """Someone was cut off or refused."""
        self._write("warning", text)

    def info(self, text: str) -> None:
        """The ordinary course of things."""
        self._write("info", text)

    def _write(self, level: str, text: str) -> None:
        now_s = self._clock_s()
        if now_s - self._window_began_s >= _WINDOW_S:
            left_out, self._left_out = self._left_out, 0
            self._window_began_s, self._lines = now_s, 0
            if left_out:
                self._write("warning", f"{left_out} more lines in {_WINDOW_S:g} s left out")
        if self._lines >= _LINES_PER_WINDOW:
            self._left_out += 1
            return
        self._lines += 1
        try:
            self._stream.write(f"[{level}] {text}\n")
            self._stream.flush()
        except OSError:
            pass  # a full disk must not end the live streams
