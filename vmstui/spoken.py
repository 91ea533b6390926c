"""Numbers, times and text as commands and the dashboard write them: pure functions, no markup, no terminal.

Sizes are in powers of 1024, as `ls -lh`, `du -h` and `df -h` print them, so that they can be compared by eye; those of
disks and of limits in powers of 1000 (`decimal_size`). Times are those of the recorder's time zone. Widths are terminal
cells, not characters. What few need is imported at its first use: commands have no time for it.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_ELLIPSIS = "…"
_CODECS = {"h264": "H.264", "h265": "H.265"}


def codec_name(codec: str, unknown: str = "") -> str:
    """`H.264` for `h264`; others as they are. `unknown` is said of one that is empty."""
    return _CODECS.get(codec, codec or unknown)


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


def decimal_size(size_bytes: float) -> str:
    """A size in powers of 1000, as disks are sold and limits are configured: `12.3 GB`."""
    for unit, power in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= power:
            return f"{size_bytes / power:.1f} {unit}"
    return f"{size_bytes / 1000:.1f} kB"


def short_count(count: float) -> str:
    """A number in at most six cells: `0.5`, `312`, `12.4k`."""
    if 0 < count < 10 and count != int(count):
        return f"{count:.1f}"
    for limit, power, unit in ((9_999.5, 1, ""), (999_950, 1e3, "k"), (999.95e6, 1e6, "M")):
        if count < limit:
            return f"{count / power:.1f}{unit}" if unit and count / power < 99.95 else f"{count / power:.0f}{unit}"
    return f"{count / 1e9:.0f}G"


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


def length(seconds: float) -> str:
    """A duration to the second, where `span` would leave it out: `4.5 s`, `3 min 02 s`, `1 h 02 min`."""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f} s"
    total = round(seconds)
    return f"{total // 60} min {total % 60:02d} s" if total < 3600 else span(total)


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
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # here, since most need it not, and it takes a megabyte

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


def plural(count: int, one: str, many: str = "") -> str:
    """`1 camera`, `2 cameras`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def names(items: list[str], limit: int) -> str:
    """`Gate, Yard +3`: the first few, and how many more."""
    shown = ", ".join(items[:limit])
    return f"{shown} +{len(items) - limit}" if len(items) > limit else shown


def width(text: str) -> int:
    """Cells the text takes."""
    return len(text) if text.isascii() else _cells().cell_len(text)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """The text in exactly that many cells: padded, or cut with an ellipsis."""
    have = width(text)
    if have == cells:
        return text
    if have < cells:
        return " " * (cells - have) + text if right else text + " " * (cells - have)
    return _cells().set_cell_size(text, cells - 1) + _ELLIPSIS if cells > 1 else _ELLIPSIS[:cells]


def tail(text: str, cells: int) -> str:
    """The text, or as much of its end as there is room for behind an ellipsis: of names that differ there."""
    if width(text) <= cells:
        return text
    kept = next((text[start:] for start in range(1, len(text)) if width(text[start:]) < cells), "")
    return (_ELLIPSIS + kept)[:cells] if cells > 0 else ""


@cache
def _cells() -> ModuleType:
    from rich import cells

    return cells
