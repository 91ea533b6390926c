"""A picture on this terminal, at the cursor: by kitty's protocol or as sixels where it has them, else in characters.

However it is drawn, the lines it takes are made first, so that nothing scrolls while it is drawn, and the text that
follows stands below it whatever the terminal does with the cursor.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from vmstui.cli.terminal import BOUND_S, FAR_BOUND_S, asking
from vmstui.ffmpeg.still import Form, NoPicture
from vmstui.tui import blocks
from vmstui.tui.bitmap import NoBitmap, png_size, read_bmp, read_ppm
from vmstui.tui.glyphs import needs_ascii
from vmstui.tui.graphics import Graphics, Terminal, cells_of, fit_pixels

LINES_BELOW = 2
"""What it is, and what the shell writes then."""
MOST = {Graphics.KITTY: (1920, 1080), Graphics.SIXEL: (1280, 720)}
"""Pixels that are sent: one or two megabytes, for a picture of a camera at night."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """How a picture is wanted for this terminal, and how it gets there."""

    terminal: Terminal
    coloured: bool
    room: tuple[int, int]
    """Columns and lines."""

    @property
    def form(self) -> Form:
        """In which form to take it."""
        return {Graphics.KITTY: Form.PNG, Graphics.SIXEL: Form.BMP}.get(self.terminal.graphics, Form.PPM)

    @property
    def fit(self) -> tuple[int, int]:
        """Pixels it has to fit into."""
        most = MOST.get(self.terminal.graphics)
        return fit_pixels(*self.room, self.terminal.cell, most) if most else blocks.fit_into(*self.room)

    def draw(self, picture: bytes) -> str:
        """What to write; a line of text may follow. Raises NoPicture."""
        try:
            match self.terminal.graphics:
                case Graphics.KITTY:
                    from vmstui.tui.kitty import shown

                    columns, lines = cells_of(png_size(picture), self.terminal.cell, self.room)
                    return _placed(shown(picture, columns, lines), lines)
                case Graphics.SIXEL:
                    from vmstui.tui.sixel import sixels

                    indexed = read_bmp(picture)
                    lines = min(-(-indexed.height // self.terminal.cell[1]), self.room[1])
                    return _placed(sixels(indexed), lines)
                case Graphics.BLOCKS:
                    return "\n".join(self._in_characters(picture))
        except NoBitmap as error:
            raise NoPicture(f"ffmpeg's picture is none: {error}") from None

    def _in_characters(self, picture: bytes) -> list[str]:
        bitmap = read_ppm(picture)
        if not self.coloured:
            return blocks.ramp_lines(bitmap)
        return blocks.ansi(bitmap, truecolour=os.environ.get("COLORTERM", "") in ("truecolor", "24bit"))


@contextlib.contextmanager
def canvas(option: str | None, *, ascii_only: bool) -> Iterator[Canvas]:
    """What this terminal can show. Answers of it that come late are kept from the shell for as long as this lasts.

    Raises UnknownGraphics, by `option` or by the environment.
    """
    environment = os.environ
    coloured = not (ascii_only or environment.get("NO_COLOR") or needs_ascii(sys.stdout.encoding))
    columns, lines = shutil.get_terminal_size()
    far = "SSH_CONNECTION" in environment or "SSH_TTY" in environment
    with asking(option, environment, coloured=coloured) as asked:
        terminal = asked.terminal(FAR_BOUND_S if far else BOUND_S)
        yield Canvas(terminal, coloured, (max(columns, 1), max(lines - LINES_BELOW, 1)))


def _placed(drawing: str, lines: int) -> str:
    """The drawing at the cursor with room made for it, and the cursor in its last line when it is done."""
    down = f"\x1b[{lines - 1}B" if lines > 1 else ""
    return f"{chr(10) * lines}\x1b[{lines}A\r\x1b7{drawing}\x1b8{down}"
