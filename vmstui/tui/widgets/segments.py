"""The segments pane: the footage of the selected camera to move through, newest first, with gaps, days and locks.

Asked for page by page as the cursor comes near an end of what is known, and whenever the camera closes another segment;
nothing is polled in between. The cursor stays on its row, whatever comes in above it. What is to be done with a segment
or a marked range is for `footage_desk`; the pane only says what was meant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import ClassVar

from textual.binding import BindingType
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from vmstui.control.errors import RecorderError
from vmstui.footage_accounts import FootagePage
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.actions import Action, Scope, bindings, find
from vmstui.tui.format import plural, size, span, zone
from vmstui.tui.glyphs import DOT
from vmstui.tui.lines import Line, Role
from vmstui.tui.segment_lines import row_line, title_line
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.stretch import (
    Range,
    Row,
    covers,
    moved,
    past_rows,
    range_of,
    row_at,
    with_newer,
    with_older,
    with_present,
)
from vmstui.tui.widgets.painter import LinePane
from vmstui.tui.widgets.pane import NewsPane

PAGE = 200
"""Segments that are asked for at a time."""
NEAR = 30
"""Rows between the cursor and an end at which the next page is asked for."""
_INSTANT = timedelta(microseconds=1)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""Nothing was recorded before or after."""


class SegmentsBody(LinePane):
    """The rows. Its header line stays while they scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.TABLE), *bindings(Scope.SEGMENTS)]

    @dataclass
    class Moved(Message):
        """The cursor is elsewhere, or the mark."""

    @dataclass
    class Asked(Message):
        """Something is to be done with what is at the cursor, or with the range that is marked."""

        verb: str
        """The Textual action."""
        row: Row
        range: Range

    @dataclass
    class GoTo(Message):
        """Another time is wanted. None: that of the newest there is, or of the oldest where it is not `forward`."""

        at: datetime | None
        forward: bool

    def __init__(self, actions: tuple[Action, ...]) -> None:
        """`actions` are those that the person has."""
        super().__init__(id="segments-text")
        self._actions = actions
        self.rows: tuple[Row, ...] = ()
        self.camera = ""
        self.empty = ""
        self.where: tzinfo | None = None
        self.now = datetime.now(UTC)
        self.key: str | None = None
        """Of the row under the cursor."""
        self.mark_from: str | None = None
        """Key of the row where a marked range begins; it ends at the cursor."""
        self._index: dict[str, int] = {}
        """Number of each row by its key."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a read-only dashboard does not offer does not exist in it."""
        known = find(action)
        return known is None or known in self._actions

    # ---------------------------------------------------------------------------------------------- what is shown

    def update(self, rows: tuple[Row, ...], now: datetime, where: tzinfo | None, empty: str) -> None:
        """Show these rows; the cursor stays on its own, or goes to the top where that is gone or was never set."""
        was_visible, old_index = self._cursor_visible(), self.cursor_row
        self.rows, self.now, self.where, self.empty = rows, now, where, empty
        self._index = {row.key: index for index, row in enumerate(rows)}
        self.set_extent(0, len(rows) + 1)
        if self.mark_from not in self._index:
            self.mark_from = None  # what it was begun at is not among what is known any more
        if self.key not in self._index:
            index = self.choose(min(old_index or 0, len(rows) - 1), 1) if rows else None
            self.key = rows[index].key if index is not None else None
            self._reveal()
        elif was_visible:
            self._reveal()
        self.refresh()

    def forget(self) -> None:
        """Another camera."""
        self.key, self.mark_from, self.rows, self._index = None, None, (), {}
        self.scroll_home(animate=False)

    @property
    def cursor_row(self) -> int | None:
        """Number of the row under the cursor."""
        return self._index.get(self.key) if self.key is not None else None

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        index = self.cursor_row
        return self.rows[index] if index is not None else None

    @property
    def meant(self) -> Range | None:
        """What is marked, or the row under the cursor; None without a row."""
        marked = self._marked
        return range_of(self.rows[marked.start : marked.stop], self.camera) if marked else None

    @property
    def _marked(self) -> range:
        """Numbers of the rows from the mark to the cursor, or of the one under the cursor."""
        here = self.cursor_row
        if here is None:
            return range(0)
        there = self._index.get(self.mark_from, here) if self.mark_from is not None else here
        return range(min(here, there), max(here, there) + 1)

    def line_at(self, row_number: int) -> Line | None:
        """A row; row 0 is drawn by `render_line`, whatever is scrolled."""
        index = row_number - 1
        if index >= len(self.rows):
            return ((f"  {self.empty}", Role.DIM),) if index == 0 and not self.rows else None
        row = self.rows[index]
        cells = self.scrollable_content_region.width
        marked = self.mark_from is not None and index in self._marked
        return row_line(row, self.where, self.now, cells, cursor=row.key == self.key, marked=marked)

    def render_line(self, y: int) -> Strip:
        """Line API: the header never scrolls away."""
        if y:
            return super().render_line(y)
        cells = self.scrollable_content_region.width
        return self.paint(title_line(cells), cells, "head")

    def row_kind(self, row_number: int) -> str:
        """The cursor shows where the keys go, weaker while another pane has the focus."""
        index = row_number - 1
        if 0 <= index < len(self.rows) and self.rows[index].key == self.key:
            return "cursor" if self.has_focus else "cursor-blurred"
        return ""

    # -------------------------------------------------------------------------------------------------- the cursor

    def select(self, index: int | None, *, from_afar: bool = False) -> None:
        """Put the cursor on a row; one that is reached `from_afar` is shown amid what is around it."""
        if index is not None:
            self.key = self.rows[index].key
            if from_afar and not self._cursor_visible():
                middle = max(index - self.size.height // 2, 0)
                self.scroll_to(y=middle, animate=False, immediate=True, force=True)
            self._reveal()
            self.refresh()
            self.post_message(self.Moved())

    def action_cursor(self, by: int) -> None:
        """Move by rows that can be chosen."""
        index = self.cursor_row
        if index is not None:
            self.select(self.choose(index + by, 1 if by > 0 else -1))

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.action_cursor(by * max(self.size.height - 2, 1))

    def action_first(self) -> None:
        """To the newest there is, also where that was not asked for yet."""
        self.post_message(self.GoTo(None, forward=True))

    def action_last(self) -> None:
        """To the oldest there is, also where that was not asked for yet."""
        self.post_message(self.GoTo(None, forward=False))

    def action_days(self, by: int) -> None:
        """Key."""
        if (row := self.row) is not None:
            self.post_message(self.GoTo(moved(row.at, self.where, days=by), forward=by > 0))

    def action_hours(self, by: int) -> None:
        """Key."""
        if (row := self.row) is not None:
            self.post_message(self.GoTo(moved(row.at, self.where, hours=by), forward=by > 0))

    def choose(self, index: int, step: int) -> int | None:
        """The row of that number or, where that is a heading, the next one on the way, or before it."""
        if not self.rows:
            return None
        index = min(max(index, 0), len(self.rows) - 1)
        way = range(index, len(self.rows)) if step > 0 else range(index, -1, -1)
        back = range(index, -1, -1) if step > 0 else range(index, len(self.rows))
        return next((number for number in (*way, *back) if self.rows[number].chosen), None)

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the mouse."""
        index = event.y + self.scroll_offset.y - 1
        if event.y >= 1 and 0 <= index < len(self.rows) and self.rows[index].chosen:
            self.select(index)

    def _cursor_visible(self) -> bool:
        top, index = self.scroll_offset.y, self.cursor_row
        return index is None or top <= index < top + max(self.size.height - 1, 1)

    def _reveal(self) -> None:
        index = self.cursor_row
        if index is None:
            return
        if index and not self.rows[index - 1].chosen:
            index -= 1  # its heading is seen as well
        height, top = max(self.size.height - 1, 1), self.scroll_offset.y
        if index < top or (self.cursor_row or 0) >= top + height:
            wanted = index if index < top else (self.cursor_row or 0) - height + 1
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)

    # ------------------------------------------------------------------------------------------------- what is asked

    def action_mark(self) -> None:
        """Key."""
        self.mark_from = self.key if self.mark_from is None else None
        self.refresh()
        self.post_message(self.Moved())

    def action_open_file(self) -> None:
        """Key."""
        self._ask("open_file")

    def action_still(self) -> None:
        """Key."""
        self._ask("still")

    def action_export(self) -> None:
        """Key."""
        self._ask("export")

    def action_lock(self) -> None:
        """Key."""
        self._ask("lock")

    def action_unlock(self) -> None:
        """Key."""
        self._ask("unlock")

    def action_go_to_time(self) -> None:
        """Key."""
        self._ask("go_to_time")

    def action_go_to_day(self) -> None:
        """Key."""
        self._ask("go_to_day")

    def _ask(self, verb: str) -> None:
        row, wanted = self.row, self.meant
        if row is not None and wanted is not None:
            self.post_message(self.Asked(verb, row, wanted))


class SegmentsPane(NewsPane):
    """The footage of the selected camera."""

    TITLE: ClassVar[str] = "Segments"

    def __init__(self, recorder: Recorder, actions: tuple[Action, ...]) -> None:
        self.list = SegmentsBody(actions)
        super().__init__(recorder, self.list, id="segments")
        self.stretch: FootagePage | None = None
        self.refused = ""
        """Why another page could not be had; empty when it could."""
        self._now = datetime.now(UTC)
        self._shown: CameraSnapshot | None = None
        self._past: tuple[FootagePage | None, str, tuple[Row, ...]] = (None, "", ())
        """Rows of a stretch in a time zone: nothing that is over changes from tick to tick."""
        self._zone = ""

    # ------------------------------------------------------------------------------------------------ asking for it

    async def ask(self) -> None:
        """The newest page of the camera that is shown, or what came since. Where the stretch ends in the past, what
        comes is not shown: then a page of one tells of the locks, which belong to all footage."""
        known = self.stretch
        if known is None or known.newest_at is None:
            page = await self._page()
        else:
            page = await self._page(after=known.newest_at, limit=1 if known.newer else PAGE)
        if self.stretch is not known:
            self._news.set()  # meanwhile somebody went on, maybe elsewhere: ask what came since what is shown now
        elif page is not None:
            self.stretch = page if known is None or known.newest_at is None else with_newer(known, page)
            self._redraw()

    async def _page(
        self, *, before: datetime | None = None, after: datetime | None = None, limit: int = PAGE
    ) -> FootagePage | None:
        """A page of the camera that is shown; None if meanwhile another one is."""
        camera = self.camera
        if camera is None:
            return None
        page = harmless(await self.recorder.browse(camera, before, after, limit))
        return page if self.camera == camera else None

    def again(self) -> None:
        """Something was changed: ask at once."""
        self.heard(None)

    async def go_to(self, at: datetime | None, *, forward: bool) -> None:
        """Put the cursor on a time, asking for its page if need be. None: on the newest there is, or on the oldest."""
        stretch = self.stretch
        if at is None:
            if stretch is None or (stretch.newer if forward else stretch.older):
                stretch = await self._page(after=None if forward else _FIRST)
            at = _LAST if forward else _FIRST
        elif stretch is None or not covers(stretch, at):
            stretch = await self._page(before=at + _INSTANT)
            if stretch is not None and stretch.newer:
                newer = await self._page(after=stretch.newest_at or at)
                stretch = with_newer(stretch, newer) if newer is not None else None
        if stretch is None:
            return
        if stretch is not self.stretch:
            self.stretch = stretch
            self._redraw()
        index = row_at(self.list.rows, at)
        if forward and index is not None and self.list.rows[index].until <= at:
            index = self.list.choose(index - 1, -1)  # there is nothing of that time: on to what comes next
        self.list.select(index, from_afar=True)

    def forget(self) -> None:
        """The footage of another camera is nobody's."""
        super().forget()
        self.stretch, self.refused = None, ""
        self.list.forget()
        self._redraw()

    def jump(self, at: datetime, *, forward: bool = False) -> None:
        """Go to a time; where there is nothing of it, to what came before it, or with `forward` to what came next."""
        self._fetch(lambda: self.go_to(at, forward=forward))

    def on_segments_body_go_to(self, message: SegmentsBody.GoTo) -> None:
        """A key."""
        self._fetch(lambda: self.go_to(message.at, forward=message.forward))

    def on_segments_body_moved(self) -> None:
        """Near an end of what is known, the next page is asked for."""
        self.retitle()
        stretch, index = self.stretch, self.list.cursor_row
        if stretch is None or index is None:
            return
        if stretch.older and index > len(self.list.rows) - NEAR:
            self._fetch(self._older)
        elif stretch.newer and index < NEAR:
            self._fetch(self._newer)

    async def _older(self) -> None:
        page = await self._page(before=self.stretch.oldest_at) if self.stretch is not None else None
        if page is not None and self.stretch is not None:
            self.stretch = with_older(self.stretch, page)
            self._redraw()

    async def _newer(self) -> None:
        page = await self._page(after=self.stretch.newest_at) if self.stretch is not None else None
        if page is not None and self.stretch is not None:
            self.stretch = with_newer(self.stretch, page)
            self._redraw()

    def _fetch(self, fetch: Callable[[], Awaitable[None]]) -> None:
        camera = self.camera

        async def fetched() -> None:
            try:
                await fetch()
                self.refused = ""
            except RecorderError as error:
                self.refused = str(error)
            if self.camera == camera:
                self.retitle()

        self.run_worker(fetched(), group="segments-page", exclusive=True)

    # -------------------------------------------------------------------------------------------------- what is shown

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick; a newly closed segment is worth a question."""
        self.heard((camera.last_segment, camera.segments_closed))
        self._now, self._shown, self._zone = snapshot.at, camera, snapshot.timezone
        self._redraw()
        self.retitle()

    def status(self) -> Line:
        """What is marked, else what is not all there."""
        if self.refused:
            return ((self.refused, Role.WARN),)
        stretch, marked = self.stretch, self.list.meant
        if self.list.mark_from is not None and marked is not None:
            held = f"{plural(marked.segments, 'segment')}, {size(marked.size_bytes)}"
            return ((f"marked {span(marked.length_s)}: {held}", Role.BUSY),)
        if stretch is None:
            return ()
        facts = ["the catalogue is being filled"] if stretch.filling else []
        facts += ["newer above"] if stretch.newer else []
        facts += ["older below"] if stretch.older else []
        return ((f" {DOT} ".join(facts), Role.WARN if stretch.filling else Role.DIM),) if facts else ()

    def on_resize(self) -> None:
        """Another width shows other columns."""
        super().on_resize()
        self._redraw()

    def _redraw(self) -> None:
        where = zone(self._zone)
        self.list.camera = self.camera or ""
        if self.stretch is None:
            self.list.update((), self._now, where, "asking…" if not self.trouble else "")
            return
        if self._past[0] is not self.stretch or self._past[1] != self._zone:
            self._past = (self.stretch, self._zone, past_rows(self.stretch, where))
        rows = with_present(self._past[2], self.stretch, self._shown, self._now, where)
        self.list.update(rows, self._now, where, "Nothing was recorded of this camera yet.")
