"""The lines of the log pane: draws what `LogView` shows, and the ways through it.

Following shows the newest line. Whatever goes elsewhere pauses; a paused text does not move, even while the ring drops
lines at its start: the scroll position is moved by exactly what was dropped. While paused there is a line at the
cursor, which is what keys are about; while following it is the newest one. A new pattern or another width is worked
through in slices between the keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from textual.events import Click
from textual.geometry import Offset
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from vmstui.logged import LogLine
from vmstui.tui import log_lines
from vmstui.tui.lines import Line, text_of
from vmstui.tui.log_lines import Looks, Times, drawn, record, wrapped
from vmstui.tui.log_match import Pattern, text_of_line
from vmstui.tui.log_ring import CAPACITY, Rule
from vmstui.tui.log_view import Grown, LogView, Row
from vmstui.tui.time_limit import TooSlow
from vmstui.tui.widgets.painter import LinePane

SLICE_S = 0.006
"""Of work between two keys."""
PAUSE_S = 0.002
PAINT_S = 0.02
"""After a key that takes more than a slice: first the title says what was asked for."""
SHOWN_EVERY_S = 0.2
"""Of what is worked through in slices: to draw it takes longer than a slice."""
STRIPS_KEPT = 2000
_WIDEST = Looks(with_camera=True, times=Times.RELATIVE, counts=True, explained=True)
"""However lines begin, there is room to scroll to their ends."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is in the log."""

    following: bool = True
    top: int | None = None
    """Number of the line at the top."""
    cursor: int | None = None


class LogText(LinePane):
    """The lines, and where a person is among them."""

    class Changed(Message):
        """Something that the title tells has changed."""

        def can_replace(self, message: Message) -> bool:
            """The newest is enough."""
            return isinstance(message, LogText.Changed)

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__(id="log-text")
        self.view = LogView(capacity)
        self._room = (0, 0)
        """Cells and rows there were for lines, before there were more or fewer."""
        self.following = True
        self.cursor: int | None = None
        """Number of the line at the cursor; None while following, and where a person only scrolled."""
        self.looks = Looks()
        self.wrapping = False
        self.untimed = 0
        """Lines with a smaller number came at a time that nobody knows."""
        self.new_lines = 0
        """Lines that came in while paused."""
        self.new_warnings = 0
        self.wrapped_around = False
        """The way to the match led over the end of the log."""
        self._before_search = Place()
        self._seeking = False
        """A match is to be shown as soon as all of them are known."""
        self._anchor: int | None = None
        """Number of the line that is to be at the top again once the rows are made anew."""
        self._quiet = False
        """Scrolling means nothing."""
        self._working = False
        self._drawn_s = 0.0
        """When a slice was last drawn."""
        self._widest = 0
        self._strips: dict[tuple[object, ...], Strip] = {}

    # ---------------------------------------------------------------------------------------------- what is told of it

    @property
    def rule(self) -> Rule:
        """What is shown."""
        return self.view.rule

    @property
    def current(self) -> int | None:
        """The line that keys are about: at the cursor, at the top of the screen, or the newest one."""
        if self.following:
            return self.view.newest()
        if self.cursor is not None:
            return self.cursor
        row = self.view.at(self.scroll_offset.y)
        return row.number if row is not None else None

    @property
    def hit(self) -> int:
        """Which of the matches the line at the cursor is; 0 if none."""
        current = self.current
        row = self.view.row_of(current) if current is not None and self.view.search else None
        if current is None or row is None:
            return 0
        return self.view.hit_at(current) or self.view.hit_at(row.number)

    def timed(self, number: int) -> bool:
        """Whether it is known when that line came."""
        return number >= self.untimed

    def records(self) -> Iterator[str]:
        """All lines that are shown, each by itself, for a file or a pager."""
        return (self.record_of(number) for number in self.view.kept())

    # ------------------------------------------------------------------------------------------------ what comes to it

    def append(self, lines: tuple[LogLine, ...]) -> None:
        """Take in a batch."""
        self._widest = max(self._widest, max((log_lines.cells_of(line, _WIDEST) for line in lines), default=0))
        self._took(self.view.append(lines, self._slice()))
        self._go_on_soon()

    def explain(self, lines: tuple[LogLine, ...]) -> None:
        """Of these lines more is known now."""
        if self.view.ring.explain(lines):
            self._widest = max(self._widest, max((log_lines.cells_of(line, _WIDEST) for line in lines), default=0))
            if self.wrapping:
                self.rearrange()
            else:
                self.extend()
                self._strips.clear()
                self.refresh()
            self._tell()

    def put(self, view: LogView, place: Place, untimed: int = 0) -> tuple[LogView, Place]:
        """Show another view of lines at that place, by the rule and search of now. What was shown, and where."""
        before = self.view, self.place()
        view.folding, self.view, self.untimed = self.view.folding, view, untimed
        view.rule, view.search = before[0].rule, before[0].search
        self._widest = 0
        for number in range(view.ring.oldest, view.ring.end):
            self._widest = max(self._widest, log_lines.cells_of(view.ring.line(number), _WIDEST))
        view.show(view.rule)
        self._renew(place)
        return before

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self.view.clear()
        self._widest = 0
        self.follow()
        self.extend()
        self._strips.clear()
        self.refresh()

    def apply(self, rule: Rule) -> None:
        """Show by another rule; a paused text keeps its first line where that is still shown."""
        place = self.place()
        self.view.show(rule)
        self._renew(place)

    def begin_search(self) -> None:
        """What is found from here on is shown from here."""
        self._before_search = self.place()

    def search(self, pattern: Pattern) -> None:
        """Search for this; without a pattern go back to where that began."""
        had = bool(self.view.search)
        self.view.look_for(pattern)
        self.wrapped_around = False
        self._seeking = bool(pattern)
        self._strips.clear()
        if had and not pattern:
            self._return_to(self._before_search)
        self._work()

    def restyle(self, looks: Looks) -> None:
        """How lines begin."""
        if looks == self.looks:
            return
        relative = looks.times is Times.RELATIVE
        only_time = replace(looks, now=self.looks.now) == self.looks
        self.looks = looks
        if not only_time:
            self.rearrange()
        elif relative:
            self._strips.clear()
            self.refresh()

    def tick(self, now: datetime) -> None:
        """It is that late now, by the clock of the recorder."""
        self.restyle(replace(self.looks, now=now))

    def follow(self) -> None:
        """Go to the newest line and stay there."""
        self.following, self.cursor, self.new_lines, self.new_warnings = True, None, 0, 0
        self._anchor = None
        self._to_end()
        self._tell()

    def go_to(self, number: int) -> None:
        """Pause with the cursor on that line, and bring it into sight with some lines above it."""
        self.pause(number)
        y, height = self.view.y_of(number), self.size.height
        top = self.scroll_offset.y
        if not top <= y < top + height - 1:
            self.set_scroll_y(y - height // 3)
        self.refresh()
        self._tell()

    def set_scroll_y(self, top: float) -> None:
        """Move without meaning anything by it."""
        self._quiet = True
        try:
            self.scroll_to(y=max(top, 0), animate=False, immediate=True, force=True)
        finally:
            self._quiet = False

    def place(self) -> Place:
        """Where a person is."""
        row = self.view.at(self.scroll_offset.y)
        top = self._anchor if self._anchor is not None else row.number if row is not None else None
        return Place(self.following, top, self.cursor)

    # --------------------------------------------------------------------------------------------------------- drawing

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up pauses, reaching the end follows."""
        super().watch_scroll_y(old_value, new_value)
        if self._quiet:
            return
        self._anchor = None
        if new_value < old_value and new_value < self.max_scroll_y:
            self.following = False
        elif not self.following and old_value < new_value >= self.max_scroll_y:  # not where there is more room
            self.following, self.cursor, self.new_lines, self.new_warnings = True, None, 0, 0
        self._tell()

    def line_at(self, row: int) -> Line | None:
        """One line of the screen."""
        at = self.view.at(row)
        if at is None:
            return None
        line = self.view.ring.line(at.number)
        whole = drawn(
            line, self.looks, self._found(line), at.count, marked=self.view.marked(at), timed=self.timed(at.number)
        )
        if not self.wrapping:
            return whole
        lines = wrapped(whole, self._cells)
        return lines[at.part] if at.part < len(lines) else ()

    def row_kind(self, row: int) -> str:
        """The cursor, while paused."""
        at = self.view.at(row)
        if self.cursor is None or at is None or not at.first <= self.cursor <= at.number:
            return ""
        return "cursor" if self.has_focus else "cursor-blurred"

    def render_line(self, y: int) -> Strip:
        """Line API; a strip is kept until something about its looks changes."""
        left, top = self.scroll_offset
        at = self.view.at(y + top)
        if at is None or self.text_selection is not None:
            return super().render_line(y)
        kind, marked = self.row_kind(y + top), self.view.marked(at)
        key = (at.number, at.count, at.part, left, self._cells, kind, marked)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > STRIPS_KEPT:
                self._strips.clear()
            self._strips[key] = strip = super().render_line(y)
            return strip
        return strip.apply_offsets(left, y + top)

    def notify_style_update(self) -> None:
        """Textual calls this when the theme or a class changed."""
        self._strips.clear()
        super().notify_style_update()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text; only the lines it is in are drawn for it."""
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else len(self.view) - 1
        text = "\n".join(text_of(self.line_at(row) or ()).rstrip() for row in range(first, last + 1))
        start, end = (at - Offset(0, first) if at is not None else None for at in (selection.start, selection.end))
        return Selection(start, end).extract(text), "\n"

    def on_resize(self) -> None:
        """Another height ends no following and hides no line at the cursor, another width wraps anew."""
        (cells, rows), self._room = self._room, (self._cells, self.size.height)
        if self.wrapping and cells != self._cells:
            self.rearrange()
        elif self.following:
            self._to_end()
        elif self.cursor is not None and self.view.y_of(self.cursor) - self.scroll_offset.y in range(rows):
            row = self.view.row_of(self.cursor)
            if row is not None:
                self.bring_into_sight(row)

    def on_click(self, event: Click) -> None:
        """The line that is clicked on gets the cursor."""
        row = self.view.at(event.y + self.scroll_offset.y)
        if row is not None and self.text_selection is None:
            self.pause(row.number)
            self.refresh()

    # --------------------------------------------------------------------------------------------------------- working

    def _slice(self) -> Callable[[], bool]:
        until = time.perf_counter() + SLICE_S
        return lambda: time.perf_counter() > until

    def _work(self) -> None:
        """A slice of what is to be done. Where that is not all, the lines stay as they are for the moment, of which the
        title tells at once: to draw them takes longer than to work, and they would not be the right ones yet."""
        grown, self._drawn_s = self.view.go_on(self._slice()), time.perf_counter()
        if self.view.settled or grown != Grown():
            self._took(grown)
        else:
            self._tell()
        self._go_on_soon(PAINT_S)

    def _go_on_soon(self, after_s: float = PAUSE_S) -> None:
        if not self.view.settled and not self._working:
            self._working = True
            self.set_timer(after_s, self._go_on)

    def _go_on(self) -> None:
        self._working = False
        grown, now_s = self.view.go_on(self._slice()), time.perf_counter()
        if self.view.settled or grown != Grown() or now_s - self._drawn_s >= SHOWN_EVERY_S:
            self._drawn_s = now_s
            self._took(grown)
        self._go_on_soon()

    def _took(self, grown: Grown) -> None:
        if grown.dropped and self.text_selection is not None:
            self.screen.clear_selection()  # its rows are no longer the rows that were marked
        top = self.scroll_y
        self.extend()
        if self.following:
            self._to_end()
        else:
            self.new_lines += grown.lines
            self.new_warnings += grown.warnings
            if self.cursor is not None and self.cursor < self.view.ring.oldest:
                self.cursor = None
            if self._anchor is not None:
                self.set_scroll_y(self.view.y_of(self._anchor))
            elif grown.dropped:
                self.set_scroll_y(top - grown.dropped)
        if self.view.settled:
            self._anchor = None
            if self._seeking:
                self._seek()
        self.refresh()
        self._tell()

    def _seek(self) -> None:
        """Show the match that is nearest to where the search began: upwards from the end, else downwards."""
        self._seeking = False
        before = self._before_search
        begin = self.view.newest() if before.following else before.cursor if before.cursor is not None else before.top
        if begin is None:
            return
        if self.view.hit_at(begin):
            self.go_to(begin)
        elif (found := self.view.next_hit(begin, down=not before.following)) is not None:
            self.go_to(found[0])

    def _renew(self, place: Place) -> None:
        """Everything is shown anew; a person stays where they were."""
        self._strips.clear()
        self.view.height = self._height()
        self.view.arrange()
        self.following, self.cursor = place.following, place.cursor
        self._anchor = place.top if not place.following else None
        self._work()

    def rearrange(self) -> None:
        place = self.place()
        self._renew(place)

    def _return_to(self, place: Place) -> None:
        if place.following:
            self.follow()
            return
        self.pause(place.cursor)
        if place.top is not None:
            self.set_scroll_y(self.view.y_of(place.top))

    def _height(self) -> Callable[[LogLine, bool], int] | None:
        if not self.wrapping:
            return None
        looks, cells = self.looks, self._cells
        return lambda line, repeated: log_lines.height(line, looks, cells)

    @property
    def _cells(self) -> int:
        return max(self.scrollable_content_region.width, 1)

    def pause(self, cursor: int | None) -> None:
        if self.following:
            self.new_lines = self.new_warnings = 0
        self.following, self.cursor = False, cursor
        self._tell()

    def in_sight(self) -> Row | None:
        """The row of the line that keys are about, brought to the edge of the screen where it is out of sight."""
        current = self.current
        if current is None:
            return None
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height - 1
        y = self.view.y_of(current)
        if not self.following and y < top:
            return self.view.at(top)
        if not self.following and y > bottom:
            return self.view.at(bottom)
        return self.view.row_of(current)

    def bring_into_sight(self, row: Row) -> None:
        y, top, height = self.view.y_of(row.number), self.scroll_offset.y, self.size.height
        end = y
        while end - y < height and (below := self.view.at(end)) is not None and below.number == row.number:
            end += 1
        if y < top:
            self.set_scroll_y(y)
        elif end > top + height:
            self.set_scroll_y(end - height)
        self.refresh()

    def _found(self, line: LogLine) -> list[tuple[int, int]]:
        text, found = text_of_line(line), list[tuple[int, int]]()
        for pattern in (self.view.search, self.rule.pattern):
            if not pattern or pattern.typed == self.view.given_up:
                continue
            try:
                found += pattern.spans(text)
            except TooSlow:
                self.view.give_up(pattern)
                self._go_on_soon()
        return found

    def record_of(self, number: int) -> str:
        return record(self.view.ring.line(number), self.looks.where, timed=self.timed(number))

    def extend(self) -> None:
        self.set_extent(1 if self.wrapping else self._widest, len(self.view))

    def _to_end(self) -> None:
        self._quiet = True
        try:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)
        finally:
            self._quiet = False

    def _tell(self) -> None:
        self.post_message(self.Changed())
