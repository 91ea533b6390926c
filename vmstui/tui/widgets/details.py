"""The details pane: everything about the selected camera, redrawn at each tick, asked for every two seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap
from vmstui.footage_accounts import CameraFootage
from vmstui.model import CameraDetails, CameraSnapshot, RecorderSnapshot
from vmstui.stages import StageBreakdown
from vmstui.storage import CameraStorage
from vmstui.tui.actions import binding, key_of
from vmstui.tui.day_strip import Strips
from vmstui.tui.details_lines import details_lines
from vmstui.tui.footage_lines import LastDay
from vmstui.tui.lines import Line, Role
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.painter import LinePane
from vmstui.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from vmstui.tui.widgets.still_bar import StillBar

GAPS_ASKED = 200
"""The newest of the last day, also those that nobody wanted recorded; few are shown."""
STAGES_S = 10
"""The stages of a camera are told of so many seconds."""
ROOM_LINES, LEAST_LINES = 24, 14
"""A pane as high as that has room for a still; one that is alone on the screen has from the second on."""
STILL_PART = 0.42
"""Of the lines of a pane: what is told below it matters more."""


class TextBody(LinePane):
    """A scrolling text of ready lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("move.up", "scroll_up"),
        binding("move.down", "scroll_down"),
        binding("move.page_up", "page_up"),
        binding("move.page_down", "page_down"),
        binding("move.first", "scroll_home"),
        binding("move.last", "scroll_end"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.lines: list[Line] = []

    def set_lines(self, lines: list[Line], cells: int = 0) -> None:
        """Replace the text."""
        before, self.lines = self.lines, lines
        self.set_extent(cells, len(lines))
        if len(before) == len(lines):
            self.refresh_rows(*(row for row, line in enumerate(lines) if line != before[row]))
        else:
            self.refresh()

    def line_at(self, row: int) -> Line | None:
        """One line."""
        return self.lines[row] if row < len(self.lines) else None


class DetailsPane(Pane):
    """Details of the selected camera."""

    TITLE: ClassVar[str] = "Details"

    def __init__(self, recorder: Recorder, still: Callable[[], StillBar]) -> None:
        """`still` makes what shows the still of a camera, once there is room for one."""
        self.text = TextBody(id="details-text")
        super().__init__(recorder, self.text, id="details")
        self._make_still = still
        self._still: StillBar | None = None
        self.pictured = self.alone = False
        """Whether a still is wanted, and whether the pane has the whole screen; drawn at the next tick."""
        self.details: CameraDetails | None = None
        self.storage: CameraStorage | None = None
        """How long its footage will stay, where that is known; drawn at the next tick."""
        self.strips: Strips | None = None
        """How much was recorded, where that is known."""
        self._gaps: tuple[Gap, ...] | None = None
        """Of the last day of the camera that is shown, newest first; None while they are not known."""
        self._gaps_for: object = None
        """What was known of its losses when its gaps were asked for."""
        self.stages: StageBreakdown | None = None
        """What its worker spends its CPU time on."""
        self._seen: tuple[RecorderSnapshot, CameraSnapshot] | None = None

    async def ask(self) -> None:
        """The details of the camera that is shown."""
        if self.camera is not None:
            self.details = harmless(await self.recorder.details(self.camera))
            self.stages = await self._stages(self.camera)
            self._redraw()
            await self._ask_gaps(self.camera)

    async def _ask_gaps(self, camera: str) -> None:
        """The gaps of a camera, wherever the account of it has changed."""
        footage = self.strips.cameras.get(camera) if self.strips is not None else None
        last_day = footage.last_day if footage is not None else None
        if self.strips is None or last_day is None:
            return
        losses = (last_day.gaps, last_day.lost_s)
        if losses == self._gaps_for or not last_day.gaps:
            return
        try:
            gaps = harmless(await self.recorder.gaps_since(camera, self.strips.report.since, GAPS_ASKED))
        except RecorderLost:
            raise
        except RecorderError:  # an older recorder: the strip tells of them as well
            gaps = None
        self._gaps, self._gaps_for = gaps, losses
        self._redraw()

    async def _stages(self, camera: str) -> StageBreakdown | None:
        try:
            return harmless(await self.recorder.stages(camera, STAGES_S))
        except RecorderLost:
            raise
        except RecorderError:  # an older recorder does not know the question
            return None

    def forget(self) -> None:
        """The details of another camera are nobody's."""
        self.details = self.stages = None
        self._gaps, self._gaps_for = None, None
        self.text.scroll_home(animate=False)

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick."""
        self._seen = (snapshot, camera)
        self._show_still(snapshot, camera)
        self._redraw()
        self.retitle()

    def _show_still(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        lines = self.size.height - 1
        if self.pictured and self._has_room:
            if self._still is None:
                self._still = self._make_still()
                self.mount(self._still, before=self.body)
            self._still.show(camera, snapshot.config_path, (self.size.width, int(lines * STILL_PART)))
        elif self._still is not None:
            self._still.rest()

    @property
    def _has_room(self) -> bool:
        return self.size.height - 1 >= (LEAST_LINES if self.alone else ROOM_LINES)

    def status(self) -> Line:
        """How old the still is, or how there is one."""
        if self.pictured and not self.alone and not self._has_room:
            return ((f"{key_of('view.zoom')} with picture", Role.DIM),) if self.body.has_focus else ()
        return self._still.told(self._seen[0].at) if self._still is not None and self._seen is not None else ()

    def rest(self) -> None:
        """Not seen any more."""
        super().rest()
        if self._still is not None:
            self._still.rest()

    def take_back(self) -> None:
        """What the terminal has of the still."""
        if self._still is not None:
            self._still.take_back()

    def on_resize(self) -> None:
        """Wrap anew."""
        super().on_resize()
        self._redraw()

    def _redraw(self) -> None:
        cells = self.text.scrollable_content_region.width - 1
        if self._seen and cells > 0:
            snapshot, camera = self._seen
            details = self.details if self.details and self.details.id == camera.id else None
            storage = self.storage if self.storage and self.storage.camera == camera.id else None
            stages = self.stages if self.stages and self.stages.camera == camera.id else None
            day = self._day(camera, snapshot.at)
            self.text.set_lines(details_lines(snapshot, camera, details, max(cells, 30), storage, day, stages))

    def _day(self, camera: CameraSnapshot, now: datetime) -> LastDay | None:
        if self.strips is None:
            return None
        footage = self.strips.cameras.get(camera.id) or CameraFootage(camera.id, None, None, ())
        gaps = self._gaps if camera.id == self.camera else None
        return LastDay(self.strips.report, footage, gaps, self.strips.losing(camera, now))
