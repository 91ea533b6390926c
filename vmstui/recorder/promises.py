"""When to warn that footage will not be kept for as long as is promised: once when that shows, at most once a day.

Looked at every hour by the keeper, in its thread. Only what was measured over a day counts, so a camera that is new
raises no alarm, and does not hide one.
"""

from __future__ import annotations

from collections.abc import Sequence

LOOK_EVERY_S = 3600.0
WARN_EVERY_S = 86400.0


class Promises:
    """What was found and told so far. Times are those of the boot clock."""

    def __init__(self) -> None:
        self._looked_at_s = 0.0
        self._promised: object = None
        """By which settings that was."""
        self._warned_at_s: float | None = None
        self._told = False
        """Of what is wrong now."""

    def due(self, now_s: float, promised: object) -> bool:
        """Whether it is time for another look, which is then taken; at once when something else is promised."""
        if promised is self._promised and now_s - self._looked_at_s < LOOK_EVERY_S:
            return False
        self._looked_at_s, self._promised = now_s, promised
        return True

    def warning(self, shortfalls: Sequence[str], now_s: float) -> str:
        """What to say of promises that will be broken; empty where there are none, or all was said."""
        if not shortfalls:
            self._told = False
        elif not self._told and (self._warned_at_s is None or now_s - self._warned_at_s >= WARN_EVERY_S):
            self._told, self._warned_at_s = True, now_s
            return f"footage will not be kept as promised: {'; '.join(shortfalls)} (vmstui storage)"
        return ""
