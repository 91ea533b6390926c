"""A picture in characters: two pixels in a cell by `▀` with two colours, or a ramp of signs where there are none. Pure.

Works in every terminal, also in tmux and over any link: a picture of 160x90 pixels is 160 cells and 45 lines. Knows
nothing of Textual; the dashboard and `vmstui still` draw with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmstui.tui.bitmap import Bitmap, Rgb

HALF = "▀"
"""The upper half of a cell in its colour, the lower one in its background."""
RAMP = " .:-=+*#%@"
"""From dark to light, on a dark terminal."""

Cell = tuple[Rgb, Rgb]
Run = tuple[int, Cell]
"""So many cells alike."""


def half_blocks(bitmap: Bitmap) -> list[list[Run]]:
    """Lines of cells, each two rows of pixels; below an odd last row lies black."""
    black = bytes(bitmap.width * 3)
    lines = []
    for y in range(0, bitmap.height, 2):
        lower = bitmap.row(y + 1) if y + 1 < bitmap.height else black
        lines.append(list(_runs(bitmap.row(y), lower)))
    return lines


def ramp_lines(bitmap: Bitmap) -> list[str]:
    """Lines of signs, each for two rows of pixels, whose light is taken together and spread over the whole ramp."""
    black = bytes(bitmap.width * 3)
    lights = []
    for y in range(0, bitmap.height, 2):
        lower = bitmap.row(y + 1) if y + 1 < bitmap.height else black
        upper = bitmap.row(y)
        lights.append([_light(upper, x) + _light(lower, x) for x in range(0, len(upper), 3)])
    low, high = min(map(min, lights)), max(map(max, lights))
    scale = (len(RAMP) - 1) / max(high - low, 1)
    return ["".join(RAMP[round((light - low) * scale)] for light in line) for line in lights]


def fit_into(cells: int, lines: int) -> tuple[int, int]:
    """Pixels a picture may have to fit into so many cells: a cell is about twice as high as wide, as half-blocks are
    square then."""
    return max(cells, 1), max(lines, 1) * 2


def ansi(bitmap: Bitmap, *, truecolour: bool) -> list[str]:
    """The half-blocks as text with escape sequences, for a terminal without anything between."""
    colour = _rgb if truecolour else _of_256
    return [
        "".join(f"\x1b[38;{colour(upper)};48;{colour(lower)}m{HALF * count}" for count, (upper, lower) in line)
        + "\x1b[0m"
        for line in half_blocks(bitmap)
    ]


def _runs(upper: bytes, lower: bytes) -> Iterator[Run]:
    count, before = 0, None
    for x in range(0, len(upper), 3):
        cell = (_pixel(upper, x), _pixel(lower, x))
        if before is not None and cell != before:
            yield count, before
            count = 0
        count, before = count + 1, cell
    if before is not None:
        yield count, before


def _pixel(row: bytes, x: int) -> Rgb:
    return row[x], row[x + 1], row[x + 2]


def _light(row: bytes, x: int) -> int:
    """ITU-R BT.601, in thousandths."""
    return 299 * row[x] + 587 * row[x + 1] + 114 * row[x + 2]


def _rgb(pixel: Rgb) -> str:
    return "2;" + ";".join(map(str, pixel))


def _of_256(pixel: Rgb) -> str:
    """The nearest of the 6x6x6 cube of xterm, or of its greys."""
    red, green, blue = pixel
    if max(pixel) - min(pixel) < 12:
        grey = round((sum(pixel) / 3 - 8) / 10)
        return f"5;{232 + grey}" if 0 <= grey <= 23 else f"5;{16 if grey < 0 else 231}"
    steps = [0 if value < 48 else min(5, max(1, round((value - 55) / 40))) for value in (red, green, blue)]
    return f"5;{16 + 36 * steps[0] + 6 * steps[1] + steps[2]}"
