"""The log pane: what the workers wrote, from a ring of 100,000 lines.

Following shows the newest line. Any scrolling up pauses; a paused text does not move, even while the ring drops lines
at its start: the scroll position is moved by exactly what was dropped. What arrived meanwhile is counted in the title.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip

from vmstui.model import CameraSnapshot, LogLevel, LogLine, RecorderSnapshot
from vmstui.tui.actions import Scope, bindings
from vmstui.tui.format import clock, plural, width, zone
from vmstui.tui.glyphs import DOT, ELLIPSIS
from vmstui.tui.lines import Line, Role, Span
from vmstui.tui.log_ring import CAPACITY, LogRing, Rule, Threshold
from vmstui.tui.source import Recorder, harmless
from vmstui.tui.widgets.painter import LinePane
from vmstui.tui.widgets.pane import Pane

PAGE = 1000
"""Lines per question."""
PAGES_AT_ONCE = 5

LEVEL_ROLE = {
    LogLevel.FATAL: Role.BAD,
    LogLevel.ERROR: Role.BAD,
    LogLevel.WARNING: Role.WARN,
    LogLevel.INFO: Role.TEXT,
    LogLevel.UNKNOWN: Role.TEXT,
}
LEVEL_SIGN = {
    LogLevel.FATAL: "F",
    LogLevel.ERROR: "E",
    LogLevel.WARNING: "W",
    LogLevel.INFO: " ",
    LogLevel.UNKNOWN: "?",
}


class LogBody(LinePane):
    """The lines."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.LOG)]

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__(id="log-text")
        self.ring = LogRing(capacity)
        self.following = True
        self.where: tzinfo | None = None
        self.with_camera = False
        self.new_rows = 0
        """Rows that arrived while paused."""
        self.new_warnings = 0
        self._widest = 0
        self._strips: dict[tuple[int, int, int], Strip] = {}

    def append(self, lines: tuple[LogLine, ...]) -> None:
        """Take in a batch."""
        result = self.ring.append(lines)
        self._widest = max(self._widest, max((width(line.text) for line in lines), default=0) + 48)
        if result.dropped and self.text_selection is not None:
            self.screen.clear_selection()  # its rows are no longer the rows that were marked
        if self.following:
            self._extend()
            self._to_end()
        else:
            self.new_rows += result.rows
            self.new_warnings += result.warnings
            top = self.scroll_y
            self._extend()
            if result.dropped:
                self.set_scroll_y(top - result.dropped)
        self.refresh()

    def set_scroll_y(self, top: float) -> None:
        """Move without meaning anything by it."""
        self.scroll_to(y=max(top, 0), animate=False, immediate=True, force=True)

    def apply(self, rule: Rule) -> None:
        """Show by another rule; a paused text keeps its first line where that is still shown."""
        anchor = self.ring.number(min(self.scroll_offset.y, len(self.ring) - 1)) if len(self.ring) else 0
        self.ring.show(rule)
        self._extend()
        if self.following:
            self._to_end()
        else:
            self.set_scroll_y(self.ring.row_of(anchor))
        self._strips.clear()
        self.refresh()

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self.ring.clear()
        self._strips.clear()
        self.following, self.new_rows, self.new_warnings = True, 0, 0
        self._extend()
        self.refresh()

    def follow(self) -> None:
        """Go to the newest line and stay there."""
        self.following, self.new_rows, self.new_warnings = True, 0, 0
        self._to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up pauses, reaching the end follows."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y:
            self.following = False
        elif not self.following and new_value >= self.max_scroll_y:
            self.following, self.new_rows, self.new_warnings = True, 0, 0
        self.call_next(self._tell)

    def line_at(self, row: int) -> Line | None:
        """One line: time, level, camera where several are shown, component, text."""
        if row >= len(self.ring):
            return None
        line = self.ring.line(row)
        role = LEVEL_ROLE[line.level]
        head: list[Span] = [(clock(line.at, self.where), Role.DIM), (f" {LEVEL_SIGN[line.level]} ", role)]
        if self.with_camera:
            head.append((f"{line.camera:<14} ", Role.LABEL))
        if line.component:
            head.append((f"{line.component}: ", Role.DIM))
        return (*head, *self._marked(line.text, role))

    def render_line(self, y: int) -> Strip:
        """Line API; a strip is kept until something about its looks changes."""
        left, top = self.scroll_offset
        row = y + top
        if row >= len(self.ring) or self.text_selection is not None:
            return super().render_line(y)
        key = (self.ring.number(row), left, self.scrollable_content_region.width)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > 2000:
                self._strips.clear()
            self._strips[key] = strip = super().render_line(y)
            return strip
        return strip.apply_offsets(left, row)

    def notify_style_update(self) -> None:
        """Textual calls this when the theme or a class changed."""
        self._strips.clear()
        super().notify_style_update()

    def restyle(self, where: tzinfo | None, *, with_camera: bool) -> None:
        """How lines begin."""
        if (where, with_camera) != (self.where, self.with_camera):
            self.where, self.with_camera = where, with_camera
            self._strips.clear()
            self.refresh()

    def on_resize(self) -> None:
        """Another height must not end the following."""
        if self.following:
            self._to_end()

    def action_follow(self) -> None:
        """Key."""
        self.follow()
        self._tell()

    def action_oldest(self) -> None:
        """Key."""
        self.following = len(self.ring) <= self.size.height
        self.set_scroll_y(0)
        self._tell()

    def action_threshold(self, threshold: int) -> None:
        """Key."""
        self.apply(Rule(Threshold(threshold), self.ring.rule.pattern))
        self._tell()

    def action_everyone(self) -> None:
        """Key."""
        if isinstance(self.parent, LogPane):
            self.parent.show_everyone(not self.parent.everyone)

    def _marked(self, text: str, role: Role) -> list[Span]:
        needle = self.ring.rule.needle
        if not needle or self.ring.rule.pattern.startswith("!"):
            return [(text, role)]
        spans: list[Span] = []
        low, at = text.casefold(), 0
        if len(low) != len(text):  # casefolding moved the letters: positions would lie
            return [(text, role)]
        while (found := low.find(needle, at)) >= 0:
            spans += [(text[at:found], role), (text[found : found + len(needle)], Role.MATCH)]
            at = found + len(needle)
        return [*spans, (text[at:], role)]

    def _extend(self) -> None:
        self.set_extent(self._widest, len(self.ring))

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

    def _tell(self) -> None:
        if isinstance(self.parent, LogPane):
            self.parent.retitle()


class LogPane(Pane):
    """The log of the selected camera, or of all."""

    TITLE: ClassVar[str] = "Log"
    period_s = 0.5

    def __init__(self, recorder: Recorder, capacity: int = CAPACITY) -> None:
        self.log_body = LogBody(capacity)
        super().__init__(recorder, self.log_body, id="log")
        self.everyone = False
        self._after = 0

    async def ask(self) -> None:
        """What was written since the last question."""
        scope = None if self.everyone else self.camera
        for _ in range(PAGES_AT_ONCE):
            page = harmless(await self.recorder.logs(scope, self._after, PAGE))
            first, self._after = self._after == 0, page.next_seq
            lines = page.lines
            if page.missed and lines and not first:
                lines = (_missed(page.missed, lines[0]), *lines)
            if lines:
                self.log_body.append(lines)
            if len(page.lines) < PAGE or first:
                return

    def forget(self) -> None:
        """Lines of another camera are nobody's."""
        if not self.everyone:
            self.start_over()

    def start_over(self) -> None:
        """Forget the lines and the cursor; the next question asks for the newest lines."""
        self._after = 0
        self.log_body.clear()

    def show_everyone(self, everyone: bool) -> None:
        """Whether the lines of all cameras are shown."""
        if everyone != self.everyone:
            self.everyone = everyone
            self.start_over()
            self._ask_again()
            self.log_body.restyle(self.log_body.where, with_camera=everyone)
            self.retitle()

    def update(self, snapshot: RecorderSnapshot, camera: CameraSnapshot) -> None:
        """A new tick: nothing but the time zone matters here."""
        self.log_body.restyle(zone(snapshot.timezone), with_camera=self.everyone)
        self.retitle()

    def set_pattern(self, pattern: str) -> None:
        """Show what contains this text."""
        self.log_body.apply(Rule(self.log_body.ring.rule.threshold, pattern))
        self.retitle()

    def about(self) -> str:
        """Whose it is."""
        return "all cameras" if self.everyone else self.camera_name

    def status(self) -> Line:
        """Following or paused, what arrived meanwhile, what is left out."""
        body = self.log_body
        spans: list[Span] = []
        if body.following:
            spans.append(("following", Role.DIM))
        else:
            new = f"+{body.new_rows} new"
            warned = f", {plural(body.new_warnings, 'warning')}" if body.new_warnings else ""
            spans += [("paused ", Role.BUSY), (new + warned, Role.WARN if body.new_warnings else Role.BUSY)]
        rule = body.ring.rule
        if rule.threshold is not Threshold.ALL:
            spans.append((f" {DOT} {rule.threshold.words}", Role.BUSY))
        if rule.pattern:
            spans.append((f" {DOT} /{rule.pattern}", Role.MATCH))
        if not rule.open:
            spans.append((f" {DOT} {len(body.ring)} of {body.ring.lines_held}", Role.DIM))
        return tuple(spans)


def _missed(count: int, following: LogLine) -> LogLine:
    words = f"{ELLIPSIS} {plural(count, 'line')} left the recorder's memory before they were read here"
    return replace(following, level=LogLevel.UNKNOWN, component="vmstui", text=words)
