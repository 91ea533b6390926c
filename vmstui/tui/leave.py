"""How a person left the dashboard, and the sentence that remains on their screen afterwards."""

from __future__ import annotations

from enum import Enum


class Leave(Enum):
    """Result of `vmstui.tui.run`; `value` is what the caller prints once the terminal is a plain one again."""

    DETACHED = "Left the dashboard; recording goes on. Come back with: vmstui"
    STOPPED = "Recording is stopped and the recorder service has ended. Start it again with: vmstui up"
    LOST = "Left the dashboard; no recorder answers, so nobody can say whether it records. Look with: vmstui status"

    @property
    def sentence(self) -> str:
        """What to print after leaving."""
        return self.value
