"""Sentences across the screen about what concerns the whole recorder."""

from __future__ import annotations

from collections.abc import Sequence

from vmstui.tui.format import fit, wrap
from vmstui.tui.glyphs import BAD, WARN
from vmstui.tui.lines import Line, Role
from vmstui.tui.verdict import Banner
from vmstui.tui.widgets.painter import LineBar

MOST_LINES = 4


def banner_lines(banners: Sequence[Banner], cells: int) -> list[Line]:
    """The banners wrapped, worst first, `MOST_LINES` lines at most."""
    lines: list[Line] = []
    for banner in banners:
        sign = BAD if banner.role is Role.PILL_BAD else WARN
        for index, text in enumerate(wrap(banner.text, cells - 4)):
            head = f" {sign} " if index == 0 else "   "
            lines.append(((fit(head + text, cells), banner.role),))
    return lines[:MOST_LINES]


class Banners(LineBar):
    """As many lines as it has to say; none, and it takes no room."""

    def update(self, banners: Sequence[Banner]) -> int:
        """Show these; returns the lines it takes."""
        lines = banner_lines(banners, self.app.size.width)
        if self.display != bool(lines):
            self.display = bool(lines)
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = max(len(lines), 1)
        self.show_lines(*lines)
        return len(lines)
