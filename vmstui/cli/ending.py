"""A terminal that closes, or whoever ends a command by a signal, is answered as Ctrl-C is: nothing is left behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def as_exit(number: int) -> BaseException:
    """The exit that shells give to what a signal ended."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


class Ending:
    """Whether a signal came. It is answered by an error at once, but Python drops an error that is raised where none
    can be: in a finaliser, or around a fork. Whoever works for long asks here now and then."""

    def __init__(self, error: Callable[[int], BaseException]) -> None:
        self._error = error
        self._number: int | None = None

    def end(self, number: int, _frame: object) -> None:
        """The handler of signals."""
        self._number = number
        raise self._error(number)

    def check(self) -> None:
        """Raise the error again, if a signal came."""
        if self._number is not None:
            raise self._error(self._number)


@contextlib.contextmanager
def ended_in_order(error: Callable[[int], BaseException] = as_exit) -> Iterator[Ending]:
    """SIGINT, SIGTERM and SIGHUP raise an error meanwhile, but for one that is ignored, as under nohup."""
    ending = Ending(error)
    before = {
        number: signal.signal(number, ending.end)
        for number in NUMBERS
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
