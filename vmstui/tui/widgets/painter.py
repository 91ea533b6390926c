"""The only place where a role becomes a style: mixed into every widget that draws lines.

Line-API widgets cost what is visible, not what they hold: 64 cameras are redrawn in a few milliseconds where a
DataTable needs sixty. Styles are looked up once per theme and kept.
"""

from __future__ import annotations

from math import ceil
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from vmstui.tui.glyphs import in_ascii
from vmstui.tui.lines import Line, Role, text_of

ROLE_CLASSES = frozenset(f"role--{role}" for role in Role)
"""Component classes of an app, as roles look alike in all of its widgets: to have Textual work them out for each of
these takes a tenth of the start."""


_EIGHTHS = len(ScrollBarRender.VERTICAL_BARS)
"""Of a cell, by which the mark in a scroll bar moves."""


class Painter(Widget):
    """Turns lines into strips."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"row--cursor", "row--cursor-blurred", "row--head"}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id, classes=classes)
        self._styles_of_roles: dict[tuple[Role, str], Style] = {}
        self._in_ascii: bool | None = None

    def notify_style_update(self) -> None:
        """Textual calls this when the theme or a class changed."""
        self._styles_of_roles.clear()
        self._in_ascii = None
        super().notify_style_update()

    def role_style(self, role: Role, row: str = "") -> Style:
        """How a role looks, on the background of a kind of row (`cursor`, `head`, … or the widget's own)."""
        style = self._styles_of_roles.get((role, row))
        if style is None:
            base = self.get_component_rich_style(f"row--{row}") if row else self.rich_style
            style = base + _own_style(self.app, role)
            if row.startswith("cursor"):  # what marks the row must win over the colour of a pill
                style += self.get_component_rich_style(f"row--{row}", partial=True).without_color
            self._styles_of_roles[role, row] = style
        return style

    def paint(self, line: Line, cells: int, row: str = "", left: int = 0) -> Strip:
        """The line in `cells` cells, from cell `left` on."""
        if self._in_ascii is None:
            self._in_ascii = self.app.has_class("-ascii")
        ascii_only = self._in_ascii
        base = self.role_style(Role.TEXT, row)
        segments = [
            Segment(in_ascii(text) if ascii_only else text, self.role_style(role, row)) for text, role in line if text
        ]
        length = sum(segment.cell_length for segment in segments)
        if left or length > cells:
            return Strip(segments, length).crop_extend(left, left + cells, base)
        if length < cells:  # as `crop_extend` would, which makes three strips of it
            segments.append(Segment(" " * (cells - length), base))
        return Strip(segments, cells)


class LineBar(Painter):
    """A widget of a few fixed lines: header, rule, summary, footer."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """What it says, for tests and for people who cannot see it."""
        return "\n".join(text_of(line) for line in self._lines)

    def show_lines(self, *lines: Line) -> None:
        """Replace what it says."""
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Line API."""
        line = self._lines[y] if y < len(self._lines) else ()
        return self.paint(line, self.size.width)


def _own_style(app: App[Any], role: Role) -> Style:
    """What a role adds to the looks of a row; nothing in an app that does not know of roles."""
    try:
        return app.get_component_styles(f"role--{role}").partial_rich_style
    except KeyError:
        return Style.null()


class AsciiScrollBarRender(ScrollBarRender):
    """A scroll bar of blanks on colour, for terminals without block characters."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class SteadyScrollBar(ScrollBar):
    """Drawn anew only where it looks different: Textual draws it with each line more, which takes as long as to draw
    the lines, and moves a mark that stands for thousands of them by nothing."""

    _drawn: tuple[object, ...] | None = None
    _asked = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> SteadyScrollBar:
        """As of any widget; but whether it looks different is seen once what changes it is over: a line more moves the
        mark up, and to follow that line moves it down again."""
        if regions or layout or recompose or not repaint or self._drawn is None:
            self._drawn = self._looks()
            super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        elif not self._asked:
            self._asked = True
            self.call_later(self._draw_if_different)
        return self

    def _draw_if_different(self) -> None:
        self._asked = False
        looks = self._looks()
        if looks is None or looks != self._drawn:
            self._drawn = looks
            super().refresh()

    def _looks(self) -> tuple[object, ...] | None:
        """All that it is drawn by (`ScrollBar.render`); None before it has a place."""
        if not isinstance(self.parent, Widget) or not self.size.height:
            return None
        length, window, whole = self.size.height, ceil(self.window_size), ceil(self.window_virtual_size)
        mark = None
        if 0 < window < whole:
            mark_length = max(1.0, window * length / whole)
            begin = int((length - mark_length) * self.position / (whole - window) * _EIGHTHS)
            mark = begin, begin + ceil(mark_length * _EIGHTHS), whole == length
        of = self.parent.styles
        colours = (
            of.scrollbar_color, of.scrollbar_color_hover, of.scrollbar_color_active,
            of.scrollbar_background, of.scrollbar_background_hover, of.scrollbar_background_active,
            *self.parent.background_colors,
        )  # fmt: skip
        return self.size, mark, self.mouse_over, self.grabbed is not None, self.renderer, colours


class LinePane(Painter, ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling widget of lines: fleet, details, segments, log. Text in it can be selected and copied.

    What scrolls it is for each kind to say, by the actions of the table: Textual's own keys are not heard.
    """

    def on_mount(self) -> None:
        """Nothing is drawn by Textual itself here but the scroll bar."""
        self._refresh_scrollbars()
        if self.app.has_class("-ascii"):
            # Textual has no other way to choose the looks of one bar.
            self.vertical_scrollbar.renderer = AsciiScrollBarRender  # type: ignore[misc]

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """Made when it is first asked for, as by Textual."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = SteadyScrollBar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def line_at(self, row: int) -> Line | None:
        """The line in that row of the whole text; None below its end."""
        raise NotImplementedError

    def row_kind(self, row: int) -> str:
        """Kind of row, for its background."""
        return ""

    def set_extent(self, cells: int, rows: int) -> None:
        """Tell Textual how much there is to scroll. Only where a scroll bar comes or goes is the screen laid out anew,
        which takes longer than to draw what has changed."""
        extent = Size(max(cells, 1), rows)
        if extent != self.virtual_size:
            self.set_reactive(Widget.virtual_size, extent)
            self._scroll_update(extent)
            self.refresh()

    def refresh_rows(self, *rows: int) -> None:
        """Draw these rows of the whole text anew, as far as they are seen: to draw all takes longer than a key may."""
        top = self.scroll_offset.y
        for row in rows:
            if top <= row < top + self.size.height:
                self.refresh_line(row)

    def render_line(self, y: int) -> Strip:
        """Line API."""
        left, top = self.scroll_offset
        row = y + top
        line = self.line_at(row)
        cells = self.scrollable_content_region.width
        if line is None:
            return Strip.blank(cells, self.rich_style)
        strip = self.paint(line, cells, self.row_kind(row), left)
        selection = self.text_selection
        if selection is not None and (chosen := selection.get_span(row)) is not None:
            start, end = chosen[0] - left, (cells if chosen[1] < 0 else chosen[1] - left)
            start, end = max(start, 0), max(end, 0)
            style = self.screen.get_component_rich_style("screen--selection", partial=True)
            middle = Strip([Segment(s.text, (s.style or Style()) + style) for s in strip.crop(start, end)])
            strip = Strip.join([strip.crop(0, start), middle, strip.crop(end, cells)])
        return strip.apply_offsets(left, row) if self.ALLOW_SELECT else strip

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, for Textual's copy."""
        rows = range(self.virtual_size.height)
        text = "\n".join(text_of(self.line_at(row) or ()) for row in rows)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Textual tells that the selection changed."""
        self.refresh()
