"""The first line of the screen: the verdict, the figures that matter, the recorder's name and clock."""

from __future__ import annotations

from vmstui.model import RecorderSnapshot
from vmstui.storage import StorageProjection
from vmstui.tui.format import clock, span, width, zone
from vmstui.tui.glyphs import BAD, DOT
from vmstui.tui.lines import Line, Role, Span, cut, pack, spread, text_of, width_of
from vmstui.tui.picture import Picture
from vmstui.tui.verdict import Link, headline
from vmstui.tui.widgets.painter import LineBar

SEPARATOR = (f" {DOT} ", Role.DIM)


class Header(LineBar):
    """Says in two seconds whether everything records."""

    def update(self, picture: Picture) -> None:
        """Show the verdict of a snapshot."""
        strips, snapshot = picture.strips, picture.snapshot
        recorded = strips.share(snapshot) if strips is not None and snapshot is not None else None
        line = header_line(snapshot, picture.link, self.app.size.width, picture.storage, recorded, picture.room)
        self.show_lines(line)


def header_line(
    snapshot: RecorderSnapshot | None,
    link: Link,
    cells: int,
    storage: StorageProjection | None = None,
    recorded: Span | None = None,
    room: tuple[int, Line] | None = None,
) -> Line:
    """The header in that many cells."""
    if snapshot is None:
        return ((" vmstui ", Role.STRONG), ("waiting for the recorder", Role.BUSY))
    if link.stale:
        right: Line = ((f"{span(link.age_s)} ago ", Role.BAD),)
    else:
        right = ((clock(snapshot.at, zone(snapshot.timezone)) + " ", Role.DIM),)
        if cells >= 120:
            right = ((f"{snapshot.host}  ", Role.LABEL), *right)
    parts = headline(snapshot, storage, recorded, room)
    if link.stale:  # a verdict of the past must not look like one of the present
        words = "not connected" if link.lost else "no news"
        parts = [(-1, ((f" {BAD} {words} ", Role.PILL_BAD),)), (-1, (("last seen", Role.DIM),)), *parts]
    left = pack(parts, cells - width_of(right) - 2, SEPARATOR)
    return spread(left, right, cells)


def about_room(title: str, right: str, cells: int) -> int:
    """Cells for whose a pane is, in its rule."""
    return max(cells - width(title) - width(right) - 12, 0)


def title_line(title: str, about: str, right: Line, cells: int, *, focused: bool, rule: str) -> Line:
    """The rule above a pane: its name, whose it is, its state at the right."""
    role = Role.KEY if focused else Role.DIM
    room = about_room(title, text_of(right), cells)
    name: Line = cut(((about, Role.STRONG),), room) if about and room else ()
    left: Line = ((f"{rule}{rule} ", role), (title, Role.KEY if focused else Role.LABEL), (" ", role), *name)
    left = (*left, (" ", role)) if name else left
    end: Line = ((" ", role), *right, (f" {rule}", role)) if right else ()
    return spread(left, end, cells, (rule, role))
