"""The way out of the dashboard, whatever keeps it: a terminal that is gone, or one that does not read any more.

Textual's loop waits for the terminal to take what it writes. On a link that stalls nothing of it runs then, so signals
have to be heard beside the loop, and the limit to leaving is kept by a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import termios
import threading
from collections.abc import Callable
from types import FrameType

LEAVE_LIMIT_S = 5.0
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_AS_IT_WAS = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u"
"""Screen, cursor, mouse, pastes and keys."""
_found: list[object] = []
"""How the terminal was set before anything of ours."""


def remember() -> None:
    """How the terminal is set now, to leave it so."""
    with contextlib.suppress(termios.error):
        _found[:] = termios.tcgetattr(0)


def on_signals(
    loop: asyncio.AbstractEventLoop,
    signalled: Callable[[signal.Signals], None],
    at_once: Callable[[signal.Signals], None],
) -> Callable[[], None]:
    """Call `at_once` in the moment of a signal to end, and `signalled` in the loop's next turn. Gives what ends that.

    Of the main thread only.
    """

    def heard(number: int, frame: FrameType | None) -> None:
        at_once(signal.Signals(number))
        with contextlib.suppress(RuntimeError):  # the loop is over
            loop.call_soon_threadsafe(signalled, signal.Signals(number))

    before = {number: signal.signal(number, heard) for number in SIGNALS}

    def no_more() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return no_more


def way_out() -> threading.Timer:
    """Ends this process if it has not ended by itself in time."""
    timer = threading.Timer(LEAVE_LIMIT_S, _end)
    timer.daemon = True
    timer.start()
    return timer


def watch_terminal() -> None:
    """Ends this process some time after its terminal is gone, if it has not ended by itself: what Textual was about to
    write then may keep its loop for ever, so that only a thread is left to see it."""

    def watch() -> None:
        gone = select.poll()
        gone.register(0, 0)  # nothing but that it is gone
        gone.poll()
        way_out()

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def _end() -> None:
    if _found:
        os.set_blocking(2, False)
        with contextlib.suppress(OSError):
            os.write(2, _AS_IT_WAS)  # where Textual writes; what does not fit is lost
        os.set_blocking(2, True)  # the shell's as well
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, _found)  # type: ignore[arg-type]
    os._exit(1)


def shell_waits() -> bool:
    """Whether there is one that could let this process go on once it has stopped."""
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except OSError:  # of another session
        return False
