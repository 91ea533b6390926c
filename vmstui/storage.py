"""The words of how long footage will stay, as frozen data; made by `recording.projection`.

Beside `model` and `footage`, by the same rules (no input or output, nothing of ours imported, units in the names,
instants timezone-aware UTC, and only what `control.protocol` can carry), and apart from them because few need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CameraStorage:
    """What the recordings of one camera take, and how long they will stay if all goes on as it does."""

    camera: str
    records: bool
    """Configured and enabled. What another one left only becomes less."""
    bytes_per_s: float
    """While it records, as measured over the last 24 hours."""
    recorded_s: float
    """What that was measured of; 0: it recorded nothing in that time, and counts for nothing."""
    provisional: bool
    """Measured over less than a day, so nights or days are missing in it."""
    size_bytes: int
    locked_bytes: int
    """Of these."""
    oldest_at: datetime | None
    """When its oldest footage began; None where there is none."""
    promised_days: float | None
    """As configured; None: nothing is promised."""
    days: float | None = None
    """That will be kept in the long run; None where it counts for nothing."""
    rule: str = ""
    """What will end its footage in the long run."""
    missing_bytes: int = 0
    """What the limit of that rule is too small by for the promise."""
    first_rule: str = ""
    """What acts on it next, which is not always what acts in the long run."""
    acts_at: datetime | None = None
    """When that acts; None: nothing will, as things are."""

    @property
    def kept(self) -> bool:
        """Whether what is promised will be kept, as far as that is known; rates vary by more than half a percent."""
        return self.promised_days is None or self.days is None or self.days >= 0.995 * self.promised_days


@dataclass(frozen=True, slots=True)
class StorageProjection:
    """How long footage will stay, and what will end it."""

    at: datetime
    cameras: tuple[CameraStorage, ...]
    size_bytes: int
    """Of all recordings."""
    locked_bytes: int
    free_bytes: int
    total_bytes: int
    floor_bytes: int
    """Free space that is kept, for which the oldest footage goes."""
    bytes_per_s: float
    """Of all cameras that record."""
    first_rule: str = ""
    """What acts next on any of them."""
    first_camera: str = ""
    """On which; empty for a rule over all cameras."""
    acts_at: datetime | None = None
    full_at: datetime | None = None
    """When no more than the floor is free, so that the oldest footage begins to go for new; None: other rules see to
    it that this never happens."""
    held_at: datetime | None = None
    """When so much is locked that nothing can make room any more and recording is held; None: that does not happen."""
    max_bytes: int | None = None
    """What all recordings may take by configuration; None: as much as the disk has."""

    @property
    def provisional(self) -> bool:
        """Whether any figure it rests on is."""
        return any(camera.provisional for camera in self.cameras if camera.bytes_per_s > 0)

    @property
    def broken(self) -> tuple[CameraStorage, ...]:
        """Cameras of which less will be kept than is promised, the worst first."""
        cameras = [camera for camera in self.cameras if not camera.kept]
        return tuple(sorted(cameras, key=lambda camera: (camera.days or 0.0) / (camera.promised_days or 1.0)))

    @property
    def silent(self) -> tuple[str, ...]:
        """Cameras that should record and did not in the last 24 hours: what they will need is not in it."""
        return tuple(camera.camera for camera in self.cameras if camera.records and camera.bytes_per_s <= 0)
