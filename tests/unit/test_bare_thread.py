"""What is started in a bare thread has none of our descriptors but those that it is lent."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import pytest

from vmstui.recorder.bare_thread import BareThread


def open_in_it(lent: Sequence[int]) -> tuple[set[int], list[str]]:
    """Above 2: which there are, and what the lent ones are."""
    names = os.listdir("/proc/thread-self/fd")
    return {int(name) for name in names if int(name) > 2}, [os.readlink(f"/proc/thread-self/fd/{fd}") for fd in lent]


def test_a_bare_thread_has_only_what_it_is_lent_and_keeps_nothing_of_it() -> None:
    kept = os.open("/proc/self/cmdline", os.O_RDONLY | os.O_CLOEXEC)
    thread = BareThread()
    lent = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in ("/proc/self/status", "/proc/self/stat")]
    before, _ = thread.do(open_in_it, [])
    for _ in range(3):
        there, paths = thread.do(open_in_it, lent)
        assert [os.path.basename(path) for path in paths] == ["status", "stat"]
        assert len(there) == len(before) + len(lent)
    assert thread.do(open_in_it, [])[0] == before
    assert 3 in before, "what is lent never has the number of the lock in the new process"
    for descriptor in (kept, *lent):
        assert os.read(descriptor, 1), "ours are still open"
        os.close(descriptor)


def test_what_fails_in_a_bare_thread_is_raised_and_the_next_one_goes_on() -> None:
    thread = BareThread()

    def fail(lent: Sequence[int]) -> int:
        raise FileNotFoundError("no such program")

    with pytest.raises(FileNotFoundError, match="no such program"):
        thread.do(fail, [])
    assert thread.do(lambda lent: len(lent), [0, 1]) == 2


def test_what_a_bare_thread_is_lent_is_passed_on_to_nobody_by_itself() -> None:
    thread = BareThread()
    assert thread.do(lambda lent: [os.get_inheritable(descriptor) for descriptor in lent], [0, 1]) == [False, False]


def test_a_signal_never_goes_to_a_bare_thread_where_asyncio_would_not_hear_of_it() -> None:
    blocked = BareThread().do(lambda lent: signal.pthread_sigmask(signal.SIG_BLOCK, []), [])
    assert blocked >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1}
