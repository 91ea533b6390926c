"""A picture of what was or is recorded, in the terminal: two pixels per cell, or signs where there is no colour.

It is decoded when it is asked for, by `vmstui still` in a process of its own, already as small as it is shown.
"""

from __future__ import annotations

from typing import ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip

from vmstui.tui.bitmap import Bitmap, NoBitmap, read_ppm
from vmstui.tui.blocks import HALF, Run, fit_into, half_blocks, ramp_lines
from vmstui.tui.child import command, complaint
from vmstui.tui.glyphs import DOT, RULE
from vmstui.tui.lines import Line, Role
from vmstui.tui.widgets.header import title_line
from vmstui.tui.widgets.painter import LineBar


class PictureBody(LineBar):
    """The picture in the middle, or a sentence until it is there."""

    def __init__(self) -> None:
        super().__init__(id="still-picture")
        self.bitmap: Bitmap | None = None
        self._colours: list[list[Run]] = []
        self._signs: list[str] = []

    def show(self, bitmap: Bitmap, *, coloured: bool) -> None:
        """Draw a picture."""
        self.bitmap = bitmap
        self._colours = half_blocks(bitmap) if coloured else []
        self._signs = [] if coloured else ramp_lines(bitmap)
        self.refresh()

    def say(self, words: str) -> None:
        """Instead of a picture."""
        self.bitmap, self._colours, self._signs = None, [], []
        self.show_lines(((f" {words}", Role.DIM),))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Line API."""
        if self.bitmap is None:
            return super().render_line(y)
        cells, base = self.size.width, self.role_style(Role.TEXT)
        row = y - (self.size.height - (self.bitmap.height + 1) // 2) // 2
        left = Segment(" " * ((cells - self.bitmap.width) // 2), base)
        segments: list[Segment] = []
        if 0 <= row < len(self._colours):
            for count, (upper, lower) in self._colours[row]:
                style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
                segments.append(Segment(HALF * count, style))
        elif 0 <= row < len(self._signs):
            segments.append(Segment(self._signs[row], base))
        return Strip([left, *segments]).crop_extend(0, cells, base)


class Still(ModalScreen[None]):
    """One picture, as large as the terminal allows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "close"),
        Binding("p", "again", "again"),
    ]

    def __init__(self, config: str, source: str, name: str) -> None:
        """`source` is a file, or the id of a camera for what is being recorded of it."""
        super().__init__()
        self._config, self._source, self._whose = config, source, name
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

    def action_again(self) -> None:
        """Take it anew: of a camera, as it is now."""
        if self.picture.bitmap is None:
            self.picture.say("decoding…")
        self._retitle()
        self.run_worker(self._take(), group="still", exclusive=True)

    async def _take(self) -> None:
        width, height = fit_into(self.picture.size.width, self.picture.size.height)
        asked = ("still", self._source, "--as", "ppm", "--fit", f"{width}x{height}")
        try:
            async with command(self._config, *asked) as process:
                picture, said = await process.communicate()
            if process.returncode == 0:
                coloured = not self.app.has_class("-ascii") and not self.app.ansi_color
                self.picture.show(read_ppm(picture), coloured=coloured)
                self.told = complaint(said)
            else:
                self._none(complaint(said) or f"the command ended with {process.returncode}")
        except (NoBitmap, OSError) as error:
            self._none(str(error))
        self._retitle()

    def _none(self, why: str) -> None:
        self.told = why
        self.picture.say(why)

    def _retitle(self) -> None:
        about = self.told if self.picture.bitmap is not None else self._whose
        close: Line = ((f"p again {DOT} esc closes", Role.DIM),)
        self._title.show_lines(title_line("Picture", about, close, self._title.size.width, focused=True, rule=RULE))
