"""A terminal that closes, or whoever ends a command by a signal, is answered as Ctrl-C is: nothing is left behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator


def as_exit(number: int) -> BaseException:
    """The exit that shells give to what a signal ended."""
    return SystemExit(128 + number)


@contextlib.contextmanager
def ended_in_order(error: Callable[[int], BaseException] = as_exit) -> Iterator[None]:
    """SIGTERM and SIGHUP raise an error meanwhile, but for one that is ignored, as under nohup."""

    def end(number: int, _frame: object) -> None:
        raise error(number)

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
