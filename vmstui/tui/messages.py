"""Messages that concern the whole app. Those of one widget are nested in it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from vmstui.footage_accounts import FootageReport
from vmstui.model import RecorderSnapshot
from vmstui.storage import StorageProjection
from vmstui.tui.lines import Line


@dataclass
class SnapshotArrived(Message):
    """The recorder sent a tick. Only the newest one is of use, so a waiting one is replaced."""

    snapshot: RecorderSnapshot

    def can_replace(self, message: Message) -> bool:
        """Whether the message that waits may be dropped for this one."""
        return isinstance(message, SnapshotArrived)


@dataclass
class RecorderGone(Message):
    """The connection is lost; the next attempt follows in so many seconds."""

    reason: str
    retry_in_s: float


@dataclass
class PastArrived(Message):
    """CPU of the last minute, asked for once per connection."""

    samples: dict[str, tuple[float, ...]]


@dataclass
class StorageArrived(Message):
    """How long footage will stay, as projected now."""

    storage: StorageProjection


@dataclass
class RoomArrived(Message):
    """How many more cameras fit, for the header; None where nothing can be said."""

    room: tuple[int, Line] | None


@dataclass
class FootageArrived(Message):
    """How much was recorded, as counted now; None where the recorder does not tell."""

    report: FootageReport | None
