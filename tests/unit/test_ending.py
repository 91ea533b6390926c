"""A command that a signal ends gets to clean up, and what is told to ignore a hang-up goes on."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from vmstui.cli.ending import NUMBERS, ended_in_order

LONG_S = 60.0


def test_a_signal_ends_a_command_in_order_and_everything_is_afterwards_as_before() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with pytest.raises(SystemExit) as ended, ended_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 128 + signal.SIGTERM
    assert [signal.getsignal(number) for number in NUMBERS] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_error_python_dropped_ends_the_command_at_the_next_look(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: dropped.append(what.exc_type))

    class Finalised:
        def __del__(self) -> None:
            os.kill(os.getpid(), number)
            time.sleep(LONG_S)

    before = signal.signal(number, signal.default_int_handler)
    try:
        with ended_in_order() as ending:
            ending.check()
            Finalised()
            with pytest.raises((KeyboardInterrupt, SystemExit)) as ended:
                ending.check()
    finally:
        signal.signal(number, before)
    assert dropped == [type(ended.value)], "the first error went nowhere"


def test_below_nohup_a_terminal_that_closes_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_in_order(lambda number: KeyboardInterrupt()):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
