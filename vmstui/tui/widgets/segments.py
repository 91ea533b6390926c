"""The segments pane: the closed recording files of the selected camera, newest first, with the gaps between them.

Asked for when it is opened and whenever the camera closes another segment; nothing is polled in between.
"""

from __future__ import annotations

from typing import ClassVar

from vmstui.footage import Segment
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.details_lines import GAP_S, gaps, segment_lines, segment_title
from vmstui.tui.format import plural, size, zone
from vmstui.tui.lines import Line, Role, width_of
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.pane import NewsPane

LIMIT = 500


class SegmentsPane(NewsPane):
    """Closed segments of the selected camera."""

    TITLE: ClassVar[str] = "Segments"

    def __init__(self, recorder: Recorder) -> None:
        self.text = TextBody(id="segments-text")
        super().__init__(recorder, self.text, id="segments")
        self.segments: tuple[Segment, ...] | None = None
        self._zone = ""

    async def ask(self) -> None:
        """The segments of the camera that is shown."""
        if self.camera is not None:
            self.segments = harmless(await self.recorder.segments(self.camera, LIMIT))
            self._redraw()

    def forget(self) -> None:
        """The segments of another camera are nobody's."""
        super().forget()
        self.segments = None
        self.text.scroll_home(animate=False)
        self._redraw()

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick; a newly closed segment is worth a question."""
        self.heard(camera.last_segment)
        if snapshot.timezone != self._zone:
            self._zone = snapshot.timezone
            self._redraw()
        self.retitle()

    def status(self) -> Line:
        """How many, how much, how many gaps."""
        if not self.segments:
            return ()
        total = f"{plural(len(self.segments), 'newest segment')}, {size(sum(s.size_bytes for s in self.segments))}"
        holes = sum(gap is not None and gap >= GAP_S for gap in gaps(self.segments))
        return ((total, Role.DIM), *(((f", {plural(holes, 'gap')}", Role.WARN),) if holes else ()))

    def on_resize(self) -> None:
        """Another width shows other columns."""
        super().on_resize()
        self._redraw()

    def _redraw(self) -> None:
        cells = self.text.scrollable_content_region.width
        if self.segments is None:
            lines: list[Line] = [(("asking…", Role.DIM),)]
        elif not self.segments:
            lines = [(("No segment was closed yet.", Role.DIM),)]
        else:
            where = zone(self._zone)
            lines = [segment_title(cells)]
            for segment, gap in zip(self.segments, gaps(self.segments), strict=True):
                lines += segment_lines(segment, where, gap, cells)
        self.text.set_lines(lines, max(width_of(line) for line in lines))
