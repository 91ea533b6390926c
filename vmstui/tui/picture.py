"""The one value the whole dashboard is drawn from: newest snapshot, CPU history, state of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.verdict import Link


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known now; a new one at every tick."""

    snapshot: RecorderSnapshot | None = None
    cpu: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    ticks: int = 1
    link: Link = field(default_factory=Link)

    def camera(self, camera: str | None) -> CameraSnapshot | None:
        """The camera of that id, if there still is one."""
        cameras = self.snapshot.cameras if self.snapshot else ()
        return next((candidate for candidate in cameras if candidate.id == camera), None)
