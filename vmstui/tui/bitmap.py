"""Pictures as `vmstui still` hands them over: PPM, which tells its size and has 24 bits per pixel. Pure.

Called by what draws in a terminal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SIDE = 8192
Rgb = tuple[int, int, int]

_PPM = re.compile(rb"P6\s(\d{1,5})\s(\d{1,5})\s255\s")


class NoBitmap(ValueError):
    """The bytes are no picture of that kind."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Rows from the top, three bytes per pixel."""

    width: int
    height: int
    rgb: bytes

    def row(self, y: int) -> bytes:
        """The pixels of a row."""
        return self.rgb[y * self.width * 3 : (y + 1) * self.width * 3]


def read_ppm(data: bytes) -> Bitmap:
    """Raises NoBitmap."""
    head = _PPM.match(data)
    if head is None:
        raise NoBitmap("not a PPM picture")
    width, height = _sides(int(head[1]), int(head[2]))
    rgb = data[head.end() : head.end() + width * height * 3]
    if len(rgb) < width * height * 3:
        raise NoBitmap("the PPM picture is cut off")
    return Bitmap(width, height, rgb)


def _sides(width: int, height: int) -> tuple[int, int]:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise NoBitmap(f"a picture of {width}x{height} pixels, accepted 1x1 to {MAX_SIDE}x{MAX_SIDE}")
    return width, height
