"""How long something is waited for: as long as it gets on. A machine that is full makes everything slow, and nothing
hang. No clock of its own and no input or output."""

from __future__ import annotations


class Patience:
    """Of one wait."""

    def __init__(self, now_s: float, idle_s: float, longest_s: float) -> None:
        """It ends once nothing has changed for `idle_s`, and after `longest_s` whatever changes."""
        self._idle_s = idle_s
        self._until_s = now_s + longest_s
        self._changed_s = now_s
        self._seen: object = None

    def lasts(self, now_s: float, seen: object) -> bool:
        """Whether to wait on. `seen` is whatever differs as long as it gets on."""
        if seen != self._seen:
            self._seen, self._changed_s = seen, now_s
        return now_s < self._until_s and now_s - self._changed_s < self._idle_s
