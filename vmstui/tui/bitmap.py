"""Pictures as ffmpeg hands them over: PPM with 24 bits per pixel, BMP with a palette, and the size of a PNG. Pure.

Called by what draws in a terminal. Whatever the bytes are, they are such a picture or NoBitmap.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

MAX_SIDE = 8192
Rgb = tuple[int, int, int]

MAX_COLOURS = 256

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


@dataclass(frozen=True, slots=True)
class Indexed:
    """A picture with a palette: rows from the top, one byte per pixel, the number of its colour."""

    width: int
    height: int
    palette: tuple[Rgb, ...]
    pixels: bytes
    """None of them beyond the palette."""

    def row(self, y: int) -> bytes:
        """The pixels of a row."""
        return self.pixels[y * self.width : (y + 1) * self.width]


_BMP = struct.Struct("<2s8xIIiiHHI12xI4x")
"""File header and BITMAPINFOHEADER: mark, place of the pixels, size of the header, width, height, planes, bits,
compression, colours."""


def read_bmp(data: bytes) -> Indexed:
    """Of 8 bits per pixel, not compressed, as ffmpeg writes it. Raises NoBitmap."""
    if len(data) < _BMP.size:
        raise NoBitmap("not a BMP picture")
    mark, begin, header_bytes, width, height, _, bits, compression, colours = _BMP.unpack_from(data)
    if (mark, header_bytes, bits, compression) != (b"BM", 40, 8, 0):
        raise NoBitmap("not a BMP picture with a palette")
    upward = height > 0  # rows are written from the bottom then
    width, height = _sides(width, abs(height))
    count = min(colours or MAX_COLOURS, MAX_COLOURS)
    palette = data[_BMP.size : _BMP.size + 4 * count]
    stride = -(-width // 4) * 4
    rows = [data[at : at + width] for at in range(begin, begin + stride * height, stride)]
    if len(palette) < 4 * count or len(rows[-1]) < width:
        raise NoBitmap("the BMP picture is cut off")
    pixels = b"".join(reversed(rows) if upward else rows)
    if max(pixels) >= count:
        raise NoBitmap("the BMP picture has colours beyond its palette")
    return Indexed(width, height, tuple((r, g, b) for b, g, r, _ in struct.iter_unpack("4B", palette)), pixels)


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels, as its first chunk has them. Raises NoBitmap."""
    if len(data) < 24 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise NoBitmap("not a PNG picture")
    return _sides(*struct.unpack_from(">II", data, 16))


def _sides(width: int, height: int) -> tuple[int, int]:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise NoBitmap(f"a picture of {width}x{height} pixels, accepted 1x1 to {MAX_SIDE}x{MAX_SIDE}")
    return width, height
