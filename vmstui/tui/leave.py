"""How a person left the dashboard: the sentences that remain on their screen afterwards, and the exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from vmstui.model import LeftBehind


@dataclass(frozen=True, slots=True)
class Leave:
    """Result of `vmstui.tui.run`: only what is known is said."""

    sentence: str
    """What the caller prints once the terminal is a plain one again."""
    exit_status: int = 0

    DETACHED: ClassVar[Leave]
    LOST: ClassVar[Leave]
    STOPPING: ClassVar[Leave]
    """The request to stop is sent, and nobody waits for what comes of it."""
    STOPPED: ClassVar[Leave]
    UNTOLD: ClassVar[Leave]
    """The request to stop was sent, and there was no answer."""


Leave.DETACHED = Leave("Left the dashboard; recording goes on. Come back with: vmstui")
Leave.LOST = Leave(
    "Left the dashboard; no recorder answers, so nobody can say whether it records. Look with: vmstui status", 3
)
Leave.STOPPING = Leave("Left the dashboard while all recording is being stopped. Look with: vmstui status")
Leave.STOPPED = Leave("Recording is stopped and the recorder service has ended. Start it again with: vmstui up")
Leave.UNTOLD = Leave(
    "The recorder was told to stop all recording and went silent before it said that it had, so nobody can say whether"
    " workers go on. Look with: vmstui status; where no recorder answers, make sure with: vmstui up, then vmstui down",
    3,
)


def stopped(left: LeftBehind) -> Leave:
    """The recorder stopped recording, and left this."""
    if not left.sentences:
        return Leave.STOPPED
    outcome = "The" if left.stuck else "Recording is stopped and the"
    sentence = f"{outcome} recorder service has ended, but {', and '.join(left.sentences)}."
    return Leave(f"{sentence} Start it again with: vmstui up", 1 if left.stuck else 0)
