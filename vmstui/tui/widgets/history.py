"""The history pane: every start, end, restart and automatic action of the selected camera and why, newest first; or of
all cameras, merged by time.

Asked for when it is opened and whenever something was added. What is read stays where it is: new events come in above
it, and the title counts them; at the top, the newest is always in sight.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from vmstui.model import CameraSnapshot, Event, RecorderSnapshot
from vmstui.tui.actions import Scope, bindings
from vmstui.tui.format import plural, zone
from vmstui.tui.glyphs import DOT
from vmstui.tui.history_lines import event_lines, grown
from vmstui.tui.lines import Line, Role
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.details import TextBody
from vmstui.tui.widgets.pane import NewsPane

LIMIT = 500
FEW = 20
"""Asked for once the others are known: so many the recorder has at hand without reading its disk."""


class HistoryBody(TextBody):
    """The events."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.HISTORY)]

    def action_everyone(self) -> None:
        """Key."""
        if isinstance(self.parent, HistoryPane):
            self.parent.show_everyone(not self.parent.everyone)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """At the top nothing is left to be seen."""
        super().watch_scroll_y(old_value, new_value)
        if new_value <= 0 and isinstance(self.parent, HistoryPane):
            self.parent.unseen = 0
            self.call_next(self.parent.retitle)


class HistoryPane(NewsPane):
    """What happened to the selected camera."""

    TITLE: ClassVar[str] = "History"

    def __init__(self, recorder: Recorder) -> None:
        self.text = HistoryBody(id="history-text")
        super().__init__(recorder, self.text, id="history")
        self.events: tuple[Event, ...] | None = None
        """Oldest first."""
        self.everyone = False
        """Of all cameras."""
        self._names: dict[str, str] = {}
        """Of the cameras, where several are shown."""
        self.unseen = 0
        """Events that came in above what is read."""
        self._drawn: tuple[Event, ...] = ()
        """What the text shows, newest first."""
        self._rows: list[int] = []
        """First row of each of them."""
        self._zone = ""

    async def ask(self) -> None:
        """The history of the camera that is shown, or what was added to it."""
        if self.camera is None:
            return
        known, asked = self.events or (), None if self.everyone else self.camera
        few = harmless(await self.recorder.history(asked, FEW)) if known else ()
        events = grown(known, few)
        if events is None:
            events = harmless(await self.recorder.history(asked, LIMIT))
        if asked != (None if self.everyone else self.camera):
            return  # meanwhile another one is shown, and asked for
        if self.text.scroll_offset.y > 0:
            newest = known[-1] if known else None
            self.unseen += len(events) - 1 - events.index(newest) if newest in events else 0
        self.events = events[-LIMIT:]
        self._redraw()

    def show_everyone(self, everyone: bool) -> None:
        """Whether what happened to all cameras is shown."""
        if everyone != self.everyone:
            self.everyone = everyone
            self._start_over()
            self._ask_again()

    def about(self) -> str:
        """Whose it is."""
        return "all cameras" if self.everyone else self.camera_name

    def forget(self) -> None:
        """The history of another camera is nobody's; that of all is everybody's."""
        if not self.everyone:
            self._start_over()

    def _start_over(self) -> None:
        super().forget()
        self.events, self.unseen = None, 0
        self.text.scroll_home(animate=False)
        self._redraw()

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick; a new event is worth a question."""
        if self.everyone:
            self.heard(tuple(one.event_at for one in snapshot.cameras))
            self._names = {one.id: one.name for one in snapshot.cameras}
        else:
            self.heard(camera.event_at)
        if snapshot.timezone != self._zone:
            self._zone = snapshot.timezone
            self._redraw()
        self.retitle()

    def status(self) -> Line:
        """How many, and how many of them came in while something else was read."""
        if not self.events:
            return ()
        count = f"{LIMIT} newest events" if len(self.events) == LIMIT else plural(len(self.events), "event")
        new = ((f"{self.unseen} new above", Role.BUSY), (f" {DOT} ", Role.DIM)) if self.unseen else ()
        return (*new, (count, Role.DIM))

    def on_resize(self) -> None:
        """Wrap anew."""
        super().on_resize()
        self._redraw()

    def _redraw(self) -> None:
        cells = self.text.scrollable_content_region.width - 1
        if cells <= 0:
            return
        if not self.events:
            whom = "any camera" if self.everyone else "this camera"
            words = "asking…" if self.events is None else f"Nothing has happened to {whom} yet."
            self._drawn, self._rows = (), []
            self.text.set_lines([((words, Role.DIM),)], cells)
            return
        read = self._what_is_read()
        where, lines = zone(self._zone), list[Line]()
        self._drawn, self._rows = self.events[::-1], []
        for event in self._drawn:
            self._rows.append(len(lines))
            whose = self._names.get(event.camera, event.camera) if self.everyone else ""
            lines += event_lines(event, where, cells, whose)
        if self.text.text_selection is not None and lines != self.text.lines:
            self.screen.clear_selection()  # its rows are no longer the rows that were marked
        self.text.set_lines(lines, cells)
        if read is not None and read[0] in self._drawn:
            row = self._rows[self._drawn.index(read[0])] + read[1]
            self.text.scroll_to(y=row, animate=False, immediate=True, force=True)

    def _what_is_read(self) -> tuple[Event, int] | None:
        """The event at the top of the pane and how many of its rows are above that; None where it is the newest."""
        top = self.text.scroll_offset.y
        if top <= 0 or not self._rows:
            return None
        index = max(number for number, row in enumerate(self._rows) if row <= top)
        return self._drawn[index], top - self._rows[index]
