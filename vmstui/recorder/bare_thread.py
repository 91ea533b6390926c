"""A thread that has none of our descriptors but those it is lent, so that what it starts inherits no others.

A new process begins with a copy of every descriptor, and closes the copies as its program is loaded. What was written
to a file on a disk that hangs is waited for in that close (`fuse_flush`, `nfs_file_flush`): there the process stays,
cannot be killed, and whoever reads its `/proc/PID/stat` waits along (`exec_update_lock`); where the close comes a
little earlier, by a `dup2` over the copy, it keeps Python's lock from everybody. A process that starts from here has
nothing to close. Those that `subprocess` starts in other threads are told not to close anything themselves, which
would be under Python's lock, too (`close_fds=False`; no descriptor of ours is inheritable): they may hang, and their
thread, but nobody else.

The thread leaves the table of descriptors that all others share by close_range(2), Linux 5.9, which sandboxes that
forbid unshare(2) allow. Start it before anything on a disk is opened.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import os
import queue
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
KEPT_FREE = 10
"""Lent descriptors lie above 3 and the thread's own one from here on: `process.spawn` puts 0 to 3 in place."""
_CLOSE_RANGE, _UNSHARE = 436, 1 << 1
"""The number of the system call, the same on every architecture that Python runs on, and CLOSE_RANGE_UNSHARE."""
_LAST = (1 << 32) - 1
_Work = tuple[Callable[[Sequence[int]], object], int, "Future[object]"]


class BareThread:
    """One such thread, until the process ends."""

    def __init__(self) -> None:
        """Raises OSError where the kernel does not have it."""
        self._work: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._lending, borrowing = socket.socketpair()
        with borrowing:
            self._borrowing = fcntl.fcntl(borrowing, fcntl.F_DUPFD_CLOEXEC, KEPT_FREE)
        bare: Future[None] = Future()
        threading.Thread(target=self._run, args=(bare,), name="spawn", daemon=True).start()
        try:
            bare.result()
        except OSError:
            self._lending.close()
            raise
        finally:
            os.close(self._borrowing)  # the thread has a copy of its own

    def do(self, work: Callable[[Sequence[int]], T], lent: Sequence[int]) -> T:
        """Have it done there and wait for that; `work` is given the numbers that the lent descriptors have there, and
        they are closed there when it is done. Not for two threads at once. Raises what the work raises."""
        done: Future[object] = Future()
        socket.send_fds(self._lending, [b"\0"], list(lent))
        self._work.put((work, len(lent), done))
        return done.result()  # type: ignore[return-value]

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _run(self, bare: Future[None]) -> None:
        # A signal that came to this thread would be written to asyncio's descriptor, which it does not have: lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            _keep_only(self._borrowing)
        except OSError as error:
            bare.set_exception(error)
            return
        bare.set_result(None)
        with socket.socket(fileno=self._borrowing) as borrowing:
            while True:
                work, count, done = self._work.get()
                lent: Sequence[int] = ()
                try:
                    lent = _taken(borrowing, count)
                    done.set_result(work(lent))
                except BaseException as error:
                    done.set_exception(error)
                finally:
                    for descriptor in lent:
                        with contextlib.suppress(OSError):
                            os.close(descriptor)
                    del work, done


def _taken(borrowing: socket.socket, count: int) -> Sequence[int]:
    """What was lent. As `socket.recv_fds`, which makes it inheritable."""
    lent = array.array("i")
    space = socket.CMSG_LEN(count * lent.itemsize)
    _, told, _, _ = borrowing.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
    for _, _, packed in told:
        lent.frombytes(packed[: len(packed) - len(packed) % lent.itemsize])
    return lent


def _keep_only(kept: int) -> None:
    """Of the descriptors above 2, in a table of this thread alone, whose number 3 stays taken: what is lent is not to
    have the number that it gets in the new process."""
    system_call = ctypes.CDLL(None, use_errno=True).syscall
    for first, last in ((3, kept - 1), (kept + 1, _LAST)):
        if system_call(_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), _UNSHARE) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    while os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) < 3:
        pass  # one of those below was free, and had been given to what is lent
