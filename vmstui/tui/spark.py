"""CPU history of the cameras and its drawing on a fixed scale.

A spark that scales itself shows a flat 3 % and a flat 99 % alike. Here the full height is always 100 % of one core, and
a point always covers the same seconds, so two sparks can be compared across rows and over time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from vmstui.model import RecorderSnapshot
from vmstui.tui.glyphs import LEVELS

WINDOW_S = 60
FULL_PERCENT = 100.0
"""CPU percent that reaches the top; more than one core stays at the top, the number beside it tells how much."""


class CpuHistory:
    """The last minute of CPU samples per camera, one per tick, None where no worker ran."""

    def __init__(self, window_s: int = WINDOW_S) -> None:
        self._window = window_s
        self._points: dict[str, tuple[float | None, ...]] = {}
        self.ticks = 0
        """Ticks seen; aligns the points of a spark, so that it moves left and does not flicker."""

    def seed(self, samples: Mapping[str, tuple[float, ...]]) -> None:
        """Put what the recorder remembers before what was seen here."""
        for camera, past in samples.items():
            seen = self._points.get(camera, ())
            # The recorder's memory ends now: its newest points are the ones that were seen here already.
            older = past[: len(past) - len(seen)] if len(past) > len(seen) else ()
            self._points[camera] = (*older, *seen)[-self._window :]

    def add(self, snapshot: RecorderSnapshot) -> Mapping[str, tuple[float | None, ...]]:
        """Take in one tick and give the history of each camera in it, oldest first."""
        self.ticks += 1
        self._points = {
            camera.id: (
                *self._points.get(camera.id, ())[-self._window + 1 :],
                camera.sample.cpu_percent if camera.sample else None,
            )
            for camera in snapshot.cameras
        }
        return self._points


def spark(points: Sequence[float | None], width: int, ticks: int, window_s: int = WINDOW_S) -> str:
    """The last `window_s` points in `width` characters, newest at the right, blank where nothing is known.

    Each character is the mean of `ceil(window_s / width)` points; `ticks` says where its borders are.
    """
    if width <= 0:
        return ""
    per_cell = ceil(window_s / width)
    newest = (ticks - 1) % per_cell + 1
    cells: list[str] = []
    end = len(points)
    start = end - newest
    while len(cells) < width and end > 0:
        known = [point for point in points[max(start, 0) : end] if point is not None]
        cells.append(level(sum(known) / len(known)) if known else " ")
        end, start = start, start - per_cell
    return "".join(reversed(cells)).rjust(width)


def level(percent: float) -> str:
    """One character for a CPU percentage."""
    return LEVELS[min(max(int(percent / FULL_PERCENT * len(LEVELS)), 0), len(LEVELS) - 1)]
