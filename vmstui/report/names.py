"""How cameras, times and amounts are called throughout a report. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

from vmstui.model import CameraSnapshot
from vmstui.spoken import day_and_clock, span

MB = 1_000_000


def called(camera: CameraSnapshot) -> str:
    """Its name; with its id where that does not say the same."""
    same = camera.name.strip().casefold().replace(" ", "_") == camera.id
    return camera.name if same else f"{camera.name} ({camera.id})"


def minute(at: datetime, zone: tzinfo | None) -> str:
    """`2025-10-20 07:55`."""
    return day_and_clock(at, zone)[:16]


def megabytes(size_bytes: float) -> str:
    """`52.3 MB`, of a million bytes, as slopes are told per hour."""
    return f"{size_bytes / MB:.1f} MB"


def percent(value: float) -> str:
    """`23.4 %` of a core."""
    return f"{value:.1f} %"


def signed(value: float, digits: int = 1) -> str:
    """`+0.3`, `−1.2`, `0.0`, with a true minus, which does not look like a dash of a range."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def window(seconds: float) -> str:
    """Of a report: `24 h`, `7 d`, `45 min`."""
    hours = seconds / 3600
    if hours >= 1 and abs(hours - round(hours)) < 0.01:
        return f"{round(hours)} h" if hours < 72 or round(hours) % 24 else f"{round(hours) // 24} d"
    return span(seconds)
