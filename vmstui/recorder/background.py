"""One thread for slow work on the state disk that the service's loop must not wait for.

One for all, so that many cameras in trouble at once do not compete for the cores with their recordings; a daemon, so
that a disk that hangs does not keep the service from leaving. What it does must bear being cut off at any point.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue


class Background:
    """Does things one after the other. Its thread starts with the first of them."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Have it done. Returns at once."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background", daemon=True)
                self._thread.start()
        self._queue.put(work)

    def _run(self) -> None:
        while True:
            try:
                self._queue.get()()
            except Exception:  # a mistake in one must not end all others
                traceback.print_exc()


BACKGROUND = Background()
