"""How quick the link to the terminal is: it is asked where its cursor is, behind all that is on its way to it.

So the time of the answer has both in it, the way there and back and what still has to be written (a picture, a log that
floods), which is what a person waits for after a key. Every terminal answers this one, also a console. Pictures go by
it: over a slow link they are not shown unless somebody asks.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual.app import App

QUESTION = "\x1b[6n"
SLOW_S = 0.7
"""An answer that takes longer is one of a slow link. A satellite's takes 0.6 s with nothing to write."""
LIMIT_S = 3.0


class Link:
    """Of one dashboard."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._answered: asyncio.Event | None = None
        self._asked_s = 0.0

    def answered(self) -> None:
        """The terminal has answered."""
        if self._answered is not None:
            self._answered.set()

    async def answer_s(self) -> float | None:
        """Seconds until the answer; None where none came within the limit."""
        driver = self._app._driver
        if driver is None or self._app.is_headless:
            return 0.0
        if self._answered is None or self._answered.is_set():  # else the answer to the one before is waited for
            self._answered, self._asked_s = asyncio.Event(), time.monotonic()
            # In a thread: what has to be written waits there for a terminal that does not read, and keys must not.
            await asyncio.to_thread(driver.write, QUESTION)
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._answered.wait()
        except TimeoutError:
            return None
        return time.monotonic() - self._asked_s


def too_slow(answer_s: float | None) -> str:
    """Why there are no pictures over that link; empty where it is quick enough."""
    if answer_s is None:
        return f"the terminal has not answered within {LIMIT_S:g} s"
    return f"the terminal answers after {answer_s:.1f} s" if answer_s > SLOW_S else ""
