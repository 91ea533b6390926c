"""A picture of what was or is recorded, in the terminal: two pixels per cell, or signs where there is no colour; in a
terminal that knows kitty's placeholders, the picture itself.

It is decoded when it is asked for, by `vmstui still` in a process of its own, already as small as it is shown. What the
terminal was given of it is taken back when the screen is left. Sixels are not drawn here: they lie on the cells until
one of these is written again, which Textual does when it likes.
"""

from __future__ import annotations

from typing import ClassVar

from rich.color import Color
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.strip import Strip

from vmstui.tui.actions import binding, key_of
from vmstui.tui.bitmap import Bitmap, NoBitmap, Rgb, png_size, read_ppm
from vmstui.tui.blocks import fit_into
from vmstui.tui.child import command, complaint
from vmstui.tui.drawn import Drawn, Lent, behind, in_characters, in_the_middle
from vmstui.tui.format import tail, width
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.graphics import Terminal, cells_of, fit_pixels
from vmstui.tui.lines import Line, Role
from vmstui.tui.screens.covering import Covering
from vmstui.tui.stills import turn
from vmstui.tui.widgets.header import about_room, title_line
from vmstui.tui.widgets.painter import LineBar

TITLE = "Picture"
MOST_PIXELS = (1280, 720)
"""Of a picture that the terminal is given: it comes over the same link as the keys and the rest of the screen."""
NUMBER: Rgb = (215, 95, 175)
"""A placeholder tells by its colour which picture it belongs to. This one is in the palette of 256 colours too."""
NUMBERS = {"truecolor": 0xD75FAF, "256": 169}
"""What that colour means as a number, by what Rich writes of it."""


class PictureBody(LineBar):
    """The picture in the middle, or a sentence until it is there."""

    def __init__(self) -> None:
        super().__init__(id="still-picture")
        self.bitmap: Bitmap | None = None
        self._drawn: Drawn | None = None

    @property
    def shows_picture(self) -> bool:
        """Whether there is one."""
        return self._drawn is not None

    def place(self, cells: tuple[int, int]) -> None:
        """Leave so many columns and lines to the terminal, which has the picture."""
        self.bitmap, self._drawn = None, behind(cells, Color.from_rgb(*NUMBER))
        self.refresh()

    def show(self, bitmap: Bitmap, *, coloured: bool) -> None:
        """Draw a picture."""
        self.bitmap, self._drawn = bitmap, in_characters(bitmap, coloured=coloured)
        self.refresh()

    def say(self, words: str) -> None:
        """Instead of a picture."""
        self.bitmap, self._drawn = None, None
        self.show_lines(((f" {words}", Role.DIM),))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Line API."""
        drawn = self._drawn
        if drawn is None:
            return super().render_line(y)
        cells, base = self.size.width, self.role_style(Role.TEXT)
        return Strip(in_the_middle(drawn, y, cells, self.size.height, base)).crop_extend(0, cells, base)


class Still(Covering):
    """One picture, as large as the terminal allows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding("view.back", "dismiss", "close"),
        binding("recorder.leave", "dismiss", "close"),
        binding("dialog.take", "dismiss", "close"),
        binding("segments.still", "again", "again"),
    ]

    def __init__(self, config: str, source: str, name: str, terminal: Terminal | None = None) -> None:
        """`source` is a file, or the id of a camera for what is being recorded of it."""
        super().__init__()
        self._config, self._source, self._whose = config, source, name
        self._terminal = terminal or Terminal()
        self._lent = Lent()
        self.picture = PictureBody()
        self.told = ""
        """What it is a picture of, or why there is none."""
        self._title = LineBar(classes="title")

    def compose(self) -> ComposeResult:
        """Title above the picture."""
        with Vertical(id="still-box"):
            yield self._title
            yield self.picture

    def on_resize(self) -> None:
        """Another size, another picture."""
        self.call_after_refresh(self.action_again)

    def on_unmount(self) -> None:
        """The terminal need not keep it."""
        self.take_back()

    def action_again(self) -> None:
        """Take it anew: of a camera, as it is now."""
        if not self.picture.shows_picture:
            self.picture.say("decoding…")
        self._retitle()
        self.run_worker(self._take(), group="still", exclusive=True)

    async def _take(self) -> None:
        coloured = not self.app.has_class("-ascii") and not self.app.ansi_color
        number = NUMBERS.get(self.app.console.color_system or "", 0)
        real = coloured and self._terminal.placeholders and number > 0
        room = self.picture.size.width, self.picture.size.height
        width, height = fit_pixels(*room, self._terminal.cell, MOST_PIXELS) if real else fit_into(*room)
        asked = ("still", self._source, "--as", "png" if real else "ppm", "--fit", f"{width}x{height}")
        try:
            async with turn(self._source), command(self._config, *asked) as process:
                picture, said = await process.communicate()
            if process.returncode != 0:
                self._none(complaint(said) or f"the command ended with {process.returncode}")
            elif real:
                self._place(picture, number, room)
                self.told = complaint(said)
            else:
                self.take_back()
                self.picture.show(read_ppm(picture), coloured=coloured)
                self.told = complaint(said)
        except (NoBitmap, OSError) as error:
            self._none(str(error))
        self._retitle()

    def _place(self, png: bytes, number: int, room: tuple[int, int]) -> None:
        cells = cells_of(png_size(png), self._terminal.cell, room, grow=True)
        self._lent.give(self.app, png, number, cells)
        self.picture.place(cells)

    def take_back(self) -> None:
        """What the terminal has of the picture."""
        self._lent.take_back(self.app)

    def _none(self, why: str) -> None:
        self.take_back()
        self.told = why
        self.picture.say(why)

    def _retitle(self) -> None:
        about = self.told if self.picture.shows_picture else self._whose
        cells = self._title.size.width
        self._title.show_lines(still_title(about, f"{key_of('segments.still')} again {DOT} ", "esc closes", cells))


def still_title(about: str, more: str, leave: str, cells: int) -> Line:
    """What the picture is of, and the keys: those that do `more` where there is room. What stays of what it is of is
    its end, which is the time."""
    keys = more + leave
    if width(about) > about_room(TITLE, keys, cells):
        keys = leave
    shown = tail(about, about_room(TITLE, keys, cells))
    return title_line(TITLE, shown, ((keys, Role.DIM),), cells, focused=True, rule=RULE)
