"""A picture as sixels, DEC's graphics in bands of six rows, for terminals that draw them. Pure.

What comes out is ASCII between `ESC P` and `ESC \\`; no byte of the picture can be one of either. The work is done a
row and a colour at a time by what Python does on whole byte strings: a picture of 1280x720 takes about a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmstui.tui.bitmap import Indexed, Rgb

BAND = 6
_EMPTY = ord("?")
"""The sixel without a dot; the lowest bit is its upper one."""
_SIGNS = bytes((_EMPTY + bits) % 256 for bits in range(256))
_RUN = re.compile(rb"(.)\1{3,}")


def sixels(picture: Indexed) -> str:
    """Draws the picture with its upper left corner at the cursor, over what is there. Pixels are square."""
    used = sorted(set(picture.pixels))
    colours = "".join(f"#{number};2;{_percent(picture.palette[number])}" for number in used)
    bands = "-".join(
        _band([picture.row(row) for row in range(top, min(top + BAND, picture.height))], picture.width)
        for top in range(0, picture.height, BAND)
    )
    return f'\x1bP0;1q"1;1;{picture.width};{picture.height}{colours}{bands}\x1b\\'


def _percent(colour: Rgb) -> str:
    """Sixels have no finer colours than that."""
    return ";".join(str(round(value * 100 / 255)) for value in colour)


def _band(rows: list[bytes], width: int) -> str:
    """Six rows: each colour of them from the left, over the ones before."""
    return "$".join(f"#{colour}{line.decode('ascii')}" for colour, line in _lines(rows, width))


def _lines(rows: list[bytes], width: int) -> Iterator[tuple[int, bytes]]:
    for colour in sorted(set().union(*rows)):
        dots = 0
        for bit, row in enumerate(rows):
            if colour in row:
                here = bytes(colour) + bytes((1 << bit,)) + bytes(255 - colour)
                dots |= int.from_bytes(row.translate(here), "big")
        line = dots.to_bytes(width, "big").translate(_SIGNS).rstrip(b"?")
        yield colour, _RUN.sub(_shortened, line)


def _shortened(run: re.Match[bytes]) -> bytes:
    return b"!%d%b" % (len(run[0]), run[1])
