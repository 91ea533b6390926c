"""Reads two clocks as they are together: what happened is known by how they drift apart from one look to the next."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from vmstui.recorder.process import boot_time_s

READINGS = 5
"""At most; of those that are all too slow the quickest counts."""
TOGETHER_S = 0.01
"""Two readings of one clock that are no further apart have nothing between them."""


def at_one_instant(clock: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """Both, in seconds. A busy machine may stop us between the two readings, and what it took then would look as if one
    of them had been set: they are read again until the first one shows that nothing came between."""
    narrowest_s, pair = math.inf, (0.0, 0.0)
    for _ in range(READINGS):
        before_s, other_s, after_s = clock(), other(), clock()
        if after_s - before_s < narrowest_s:
            narrowest_s, pair = after_s - before_s, ((before_s + after_s) / 2, other_s)
        if narrowest_s < TOGETHER_S:
            break
    return pair


def boot_and_wall_s() -> tuple[float, float]:
    """`boot_time_s`, and what the clock on the wall showed then, in seconds since the epoch."""
    return at_one_instant(boot_time_s, time.time)
