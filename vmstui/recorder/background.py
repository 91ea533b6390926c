"""One thread for slow work on the state disk that the service's loop must not wait for.

One for all, so that many cameras in trouble at once do not compete for the cores with their recordings; a daemon, so
that a disk that hangs does not keep the service from leaving. What it does must bear being cut off at any point.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterator
from queue import SimpleQueue


class Background:
    """Does things one after the other. Its thread starts with the first of them."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._put_off: list[Callable[[], None]] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Have it done. Returns at once."""
        with self._lock:
            if self._put_off is not None:
                self._put_off.append(work)
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background", daemon=True)
                self._thread.start()
            self._queue.put(work)

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """What is asked for meanwhile is done afterwards: while somebody waits, as for workers to be taken over, no
        second thread shall want Python as well. Not to be nested."""
        with self._lock:
            self._put_off = []
        try:
            yield
        finally:
            with self._lock:
                works, self._put_off = self._put_off or [], None
            for work in works:
                self.do(work)

    def _run(self) -> None:
        while True:
            try:
                self._queue.get()()
            except Exception:  # a mistake in one must not end all others
                traceback.print_exc()


BACKGROUND = Background()
