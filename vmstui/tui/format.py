"""Numbers, times and text as the dashboard writes them: pure functions, no markup, no terminal.

Sizes are in powers of 1024, as `ls -lh`, `du -h` and `df -h` print them, so that they can be compared by eye. Times are
those of the recorder's time zone. Widths are terminal cells, not characters.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.cells import cell_len, set_cell_size

from vmstui.tui.glyphs import DASH, DOT, ELLIPSIS


def size(size_bytes: float) -> str:
    """`19.0 M`, `76 G`, `512 B`: three significant digits at most, unit always there."""
    value = float(max(size_bytes, 0))
    for unit in ("B", "K", "M", "G", "T"):
        if value < 1023.5 or unit == "T":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def coarse_size(size_bytes: float) -> str:
    """As `size` but without a fraction from 10 up, for a line that is read at a glance: `76 G`."""
    number, unit = size(size_bytes).split(" ")
    return f"{float(number):.0f} {unit}" if float(number) >= 10 else f"{number} {unit}"


def span(seconds: float) -> str:
    """A duration in words: `45 s`, `12 min`, `3 h 02 min`, `5 d 4 h`."""
    total = int(max(seconds, 0))
    if total < 60:
        return f"{total} s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{days} d {hours % 24} h"


def short_span(seconds: float) -> str:
    """A duration with its greatest unit only: `45 s`, `12 min`, `3 h`, `5 d`."""
    words = span(seconds).split(" ")
    return " ".join(words[:2])


def tiny_span(seconds: float) -> str:
    """A duration in at most three cells, for a column: `45s`, `12m`, `3h`, `5d`, and a bit more from 100 days on."""
    number, unit = short_span(seconds).split(" ")
    return number + unit[0]


def timer(seconds: float) -> str:
    """A running time, as a clock shows it: `02:14`, `1:02:14`."""
    total = int(max(seconds, 0))
    if total < 3600:
        return f"{total // 60:02d}:{total % 60:02d}"
    return f"{total // 3600}:{total % 3600 // 60:02d}:{total % 60:02d}"


@lru_cache(maxsize=8)
def zone(name: str) -> tzinfo | None:
    """The time zone of that IANA name; None (this machine's own) for `local` or an unknown name."""
    if name in {"", "local"}:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def clock(at: datetime, where: tzinfo | None) -> str:
    """`07:55:03`."""
    return at.astimezone(where).strftime("%H:%M:%S")


def day_and_clock(at: datetime, where: tzinfo | None) -> str:
    """`2025-10-20 07:55:03`."""
    return at.astimezone(where).strftime("%Y-%m-%d %H:%M:%S")


def cpu(percent: float | None) -> str:
    """CPU percent for a column five wide: `23.4`, `205`; a dash where nothing is known."""
    if percent is None:
        return DASH
    return f"{percent:.1f}" if percent < 999.95 else f"{percent:.0f}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 camera`, `2 cameras`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def names(items: list[str], limit: int) -> str:
    """`Gate, Yard +3`: the first few, and how many more."""
    shown = ", ".join(items[:limit])
    return f"{shown} +{len(items) - limit}" if len(items) > limit else shown


def width(text: str) -> int:
    """Cells the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """The text in exactly that many cells: padded, or cut with an ellipsis."""
    have = width(text)
    if have == cells:
        return text
    if have < cells:
        return " " * (cells - have) + text if right else text + " " * (cells - have)
    return set_cell_size(text, cells - 1) + ELLIPSIS if cells > 1 else ELLIPSIS[:cells]


def wrap(text: str, cells: int) -> list[str]:
    """The text in lines of at most that many cells, broken at spaces, in the middle of a word where it must be."""
    cells = max(cells, 1)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width(candidate) <= cells:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, cells)
        lines += full
    return [*lines, line] if line or not lines else lines


def flow(facts: Sequence[str], cells: int) -> list[str]:
    """Facts with dots between them, in lines of at most that many cells, broken between facts."""
    lines: list[str] = []
    for fact in facts:
        longer = f"{lines[-1]} {DOT} {fact}" if lines else fact
        if lines and width(longer) <= cells:
            lines[-1] = longer
        else:
            lines += wrap(fact, cells)
    return lines or [""]


def command_lines(argv: tuple[str, ...], cells: int) -> list[str]:
    """A command as it could be pasted into a shell, wrapped between its words."""
    return wrap(" ".join(shlex.quote(word) for word in argv), cells)


def _pieces(word: str, cells: int) -> list[str]:
    pieces: list[str] = []
    piece, used = "", 0
    for character in word:
        wide = width(character)
        if used + wide > cells and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + character, used + wide
    return [*pieces, piece]
