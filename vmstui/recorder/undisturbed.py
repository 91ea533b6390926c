"""Work that should not be cut in half by a planned end of the service: publishing a segment, bringing up a worker.

Everything of ours survives being killed at any instant, but what is cut in half has to be found and mended by the next
service. An upgrade lets nothing more of this kind begin, waits until nothing of it is under way, and then goes on.
"""

from __future__ import annotations

import asyncio


class Undisturbed:
    """`async with undisturbed`: any number at once; who comes while it is closed waits until it opens again."""

    def __init__(self) -> None:
        self._inside = 0
        self._opened, self._emptied = asyncio.Event(), asyncio.Event()
        self._opened.set()
        self._emptied.set()

    async def __aenter__(self) -> None:
        await self._opened.wait()
        self._inside += 1
        self._emptied.clear()

    async def __aexit__(self, *exception: object) -> None:
        self._inside -= 1
        if self._inside == 0:
            self._emptied.set()

    async def close(self, patience_s: float) -> bool:
        """Let nobody in any more and wait until nobody is inside; False when somebody still is after so long."""
        self._opened.clear()
        try:
            await asyncio.wait_for(self._emptied.wait(), patience_s)
        except TimeoutError:
            return False
        return True

    def open(self) -> None:
        """Let everybody in again."""
        self._opened.set()
