"""The one value the whole dashboard is drawn from: newest snapshot, CPU history, state of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui.day_strip import Strips
from vmstui.tui.lines import Line
from vmstui.tui.verdict import Link


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known now; a new one at every tick."""

    snapshot: RecorderSnapshot | None = None
    cpu: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    ticks: int = 1
    link: Link = field(default_factory=Link)
    storage: StorageProjection | None = None
    """As last heard; None while nothing is known of it."""
    strips: Strips | None = None
    """How much was recorded, as last heard; None while nothing is known of it."""

    room: tuple[int, Line] | None = None
    """How many more cameras fit, as a ranked part of the header; None while nothing can be said."""

    def camera(self, camera: str | None) -> CameraSnapshot | None:
        """The camera of that id, if there still is one."""
        cameras = self.snapshot.cameras if self.snapshot else ()
        return next((candidate for candidate in cameras if candidate.id == camera), None)

    def storage_of(self, camera: str) -> CameraStorage | None:
        """How long the footage of a camera will stay, where that is known."""
        cameras = self.storage.cameras if self.storage is not None else ()
        return next((candidate for candidate in cameras if candidate.camera == camera), None)
