"""The machine pane: what the machine is at now, from each tick; it asks nobody."""

from __future__ import annotations

from typing import ClassVar

from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.storage import StorageProjection
from vmstui.tui.machine_lines import machine_lines
from vmstui.tui.source import Recorder
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.pane import Pane


class MachinePane(Pane):
    """CPU, memory, disk, network, GPUs."""

    TITLE: ClassVar[str] = "Machine"

    def __init__(self, recorder: Recorder) -> None:
        self.text = TextBody(id="machine-text")
        super().__init__(recorder, self.text, id="machine")
        self.storage: StorageProjection | None = None
        """How long footage will stay, where that is known."""
        self._seen: RecorderSnapshot | None = None

    def show(self, snapshot: RecorderSnapshot, camera: CameraSnapshot | None) -> None:
        """A new tick, whichever camera is meant."""
        self._seen = snapshot
        self._redraw()

    def about(self) -> str:
        """Which one."""
        return self._seen.host if self._seen is not None else ""

    def on_resize(self) -> None:
        """Another width has other columns."""
        super().on_resize()
        self._redraw()

    def _redraw(self) -> None:
        cells = self.text.scrollable_content_region.width - 1
        if self._seen is not None and cells > 0:
            self.text.set_lines(machine_lines(self._seen, self.storage, max(cells, 30)))
        self.retitle()
