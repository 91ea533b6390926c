"""A limit on the CPU time of one step that cannot be cut into slices, such as a regular expression on one line.

Python's `re` goes back and forth for hours over a line of fifty letters where a pattern says so (`(a+)+$`), but it
looks for signals meanwhile (Modules/_sre/sre_lib.h, MAYBE_CHECK_SIGNALS), and so a timer ends it. The timer counts the
CPU time of the process, so that a machine that is short of time makes no pattern look slow. Signals reach the main
thread only, where the dashboard runs; elsewhere there is no limit.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


class TooSlow(Exception):
    """The step took longer than it may."""


_armed = False


def _over(number: int, frame: object) -> None:
    if _armed:
        raise TooSlow


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TooSlow out of the block, between any two of its steps, once it took so much CPU time. Not nested."""
    global _armed
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _over)
    _armed = True
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        _armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
