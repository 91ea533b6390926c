"""Reads files of which some may not answer: `/proc/PID/environ` of a process that hangs in the kernel with its memory
locked (mm/memory.c, `access_remote_vm`) waits until that is over, and nothing can interrupt it.

Such a file is passed over, with the thread that waits for it. Called where the loop has to know before it goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

PATIENCE_S = 1.0
"""For one file; all others of a thousand processes take a tenth of that together."""


class _Reader:
    """One thread that reads one file after the other, until it is given up."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._given_up = False
        Thread(target=self._read, name="bounded read", daemon=True).start()

    def next(self, patience_s: float) -> bytes | None:
        """What is in the next file, None where it cannot be read. Raises Empty where it does not answer."""
        try:
            return self._answers.get(timeout=patience_s)
        except Empty:
            self._given_up = True
            raise

    def _read(self) -> None:
        for path in self._paths:
            if self._given_up:
                return
            content = None
            with contextlib.suppress(OSError):
                content = Path(path).read_bytes()
            self._answers.put(content)


def read_each(paths: Sequence[str], patience_s: float = PATIENCE_S) -> Iterator[bytes | None]:
    """What is in each file, in their order; None for one that cannot be read, or not in that time."""
    done = 0
    while done < len(paths):
        reader = _Reader(paths[done:])
        with contextlib.suppress(Empty):
            while done < len(paths):
                content = reader.next(patience_s)
                done += 1
                yield content
            return
        done += 1
        yield None
