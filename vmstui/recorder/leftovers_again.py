"""When it is tried again to settle what a generation left behind while something held its lock. No clock, no files."""

from __future__ import annotations

AGAIN_S, AT_LAST_S = 10.0, 600.0
"""So soon at first, then ever later, up to that: it may also be a dead disk."""


class LeftoversAgain:
    """Of one camera."""

    def __init__(self) -> None:
        self._at_s, self._wait_s = 0.0, AGAIN_S

    def due(self, now_s: float, *, unsettled: bool, free: bool) -> bool:
        """Whether to try now, said once. `unsettled`: something is left; `free`: it can be told from what is being
        made just now."""
        if not unsettled:
            self._wait_s = AGAIN_S
        elif free and now_s >= self._at_s:
            self._at_s = now_s + self._wait_s
            self._wait_s = min(2 * self._wait_s, AT_LAST_S)
            return True
        return False
