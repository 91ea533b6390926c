"""Threads of their own for work that may hang: with a dead disk, whatever is done in them hangs, and nothing else.

The threads that `asyncio.to_thread` and name look-ups share would all be taken by a few starts on such a disk, and a
person who asks what is wrong would wait for them. The service leaves without waiting for threads that hang.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """At most so many; each starts when there is work for it."""

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, name)

    async def do(self, work: Callable[[], T], limit_s: float | None = None) -> T:
        """Have it done and wait for that. Raises TimeoutError after `limit_s`; the work may go on then."""
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._executor, work), limit_s)

    def close(self) -> None:
        """Begin nothing more; what hangs is left to itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)
