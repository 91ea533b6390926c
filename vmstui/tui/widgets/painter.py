"""The only place where a role becomes a style: mixed into every widget that draws lines.

Line-API widgets cost what is visible, not what they hold: 64 cameras are redrawn in a few milliseconds where a
DataTable needs sixty. Styles are looked up once per theme and kept.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBarRender
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from vmstui.tui.glyphs import in_ascii
from vmstui.tui.lines import Line, Role, text_of

ROLE_CLASSES = frozenset(f"role--{role}" for role in Role)


class Painter(Widget):
    """Turns lines into strips."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES) | {"row--cursor", "row--cursor-blurred", "row--head"}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id, classes=classes)
        self._styles_of_roles: dict[tuple[Role, str], Style] = {}

    def notify_style_update(self) -> None:
        """Textual calls this when the theme or a class changed."""
        self._styles_of_roles.clear()
        super().notify_style_update()

    def role_style(self, role: Role, row: str = "") -> Style:
        """How a role looks, on the background of a kind of row (`cursor`, `head`, … or the widget's own)."""
        style = self._styles_of_roles.get((role, row))
        if style is None:
            base = self.get_component_rich_style(f"row--{row}") if row else self.rich_style
            style = base + self.get_component_rich_style(f"role--{role}", partial=True)
            if row.startswith("cursor"):  # what marks the row must win over the colour of a pill
                style += self.get_component_rich_style(f"row--{row}", partial=True).without_color
            self._styles_of_roles[role, row] = style
        return style

    def paint(self, line: Line, cells: int, row: str = "", left: int = 0) -> Strip:
        """The line in `cells` cells, from cell `left` on."""
        ascii_only = self.app.has_class("-ascii")
        segments = [
            Segment(in_ascii(text) if ascii_only else text, self.role_style(role, row)) for text, role in line if text
        ]
        return Strip(segments).crop_extend(left, left + cells, self.role_style(Role.TEXT, row))


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


class AsciiScrollBarRender(ScrollBarRender):
    """A scroll bar of blanks on colour, for terminals without block characters."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


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

    def line_at(self, row: int) -> Line | None:
        """The line in that row of the whole text; None below its end."""
        raise NotImplementedError

    def row_kind(self, row: int) -> str:
        """Kind of row, for its background."""
        return ""

    def set_extent(self, cells: int, rows: int) -> None:
        """Tell Textual how much there is to scroll; a change costs a layout, so only where there is one."""
        extent = Size(max(cells, 1), rows)
        if extent != self.virtual_size:
            self.virtual_size = extent

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
        return strip.apply_offsets(left, row)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, for Textual's copy."""
        rows = range(self.virtual_size.height)
        text = "\n".join(text_of(self.line_at(row) or ()) for row in rows)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Textual tells that the selection changed."""
        self.refresh()
