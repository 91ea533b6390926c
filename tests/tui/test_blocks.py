"""Pictures in characters: every pixel where it belongs, and bytes that are no picture are told from one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.tui.bitmap import Bitmap, NoBitmap, read_ppm
from vmstui.tui.blocks import ansi, fit_into, half_blocks, ramp_lines


@st.composite
def bitmaps(draw: st.DrawFn) -> Bitmap:
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    return Bitmap(width, height, draw(st.binary(min_size=width * height * 3, max_size=width * height * 3)))


@given(bitmaps())
def test_half_blocks_have_every_pixel(bitmap: Bitmap) -> None:
    lines = half_blocks(bitmap)
    cells = [[cell for count, cell in line for _ in range(count)] for line in lines]
    rows = [row for line in cells for row in ([upper for upper, _ in line], [lower for _, lower in line])]
    flat = b"".join(bytes(pixel) for row in rows[: bitmap.height] for pixel in row)
    assert flat == bitmap.rgb
    assert all(len(line) == bitmap.width for line in cells)


@given(bitmaps())
def test_a_ppm_is_read_as_it_was_written_and_a_cut_one_is_told(bitmap: Bitmap) -> None:
    data = b"P6\n%d %d\n255\n" % (bitmap.width, bitmap.height) + bitmap.rgb
    assert read_ppm(data) == bitmap
    with pytest.raises(NoBitmap, match="cut off"):
        read_ppm(data[:-1])


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_a_picture_or_told_from_one(data: bytes) -> None:
    for given_ in (data, b"P6\n" + data, b"P6 2 2 255 " + data):
        try:
            bitmap = read_ppm(given_)
        except NoBitmap:
            continue
        assert len(bitmap.rgb) == bitmap.width * bitmap.height * 3


def test_what_says_it_is_enormous_is_not_believed() -> None:
    with pytest.raises(NoBitmap, match="99999x1 pixels"):
        read_ppm(b"P6 99999 1 255 ")


def test_a_ramp_spreads_the_light_there_is() -> None:
    grey = bytes(value for pixel in (90, 100, 110) for value in (pixel,) * 3)
    assert ramp_lines(Bitmap(3, 2, grey + grey)) == [" =@"]
    assert ramp_lines(Bitmap(1, 1, b"\xff\xff\xff")) == [" "], "nothing to tell apart"


def test_colours_are_written_as_the_terminal_takes_them() -> None:
    pixels = Bitmap(2, 2, bytes((255, 0, 0)) * 2 + bytes((0, 0, 255)) * 2)
    assert ansi(pixels, truecolour=True) == ["\x1b[38;2;255;0;0;48;2;0;0;255m▀▀\x1b[0m"]
    assert ansi(pixels, truecolour=False) == ["\x1b[38;5;196;48;5;21m▀▀\x1b[0m"]
    grey = Bitmap(1, 1, bytes((128, 128, 128)))
    assert ansi(grey, truecolour=False) == ["\x1b[38;5;244;48;5;16m▀\x1b[0m"]


def test_a_cell_is_two_pixels_high() -> None:
    assert fit_into(80, 22) == (80, 44)
    assert fit_into(0, 0) == (1, 2)
