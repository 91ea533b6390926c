"""The CPU of the last quarter of an hour in means of ten seconds, of all that is measured alike. Pure.

The recorder remembers each second of the last minutes; what lies before is in its history, which also has what an
earlier service measured of workers that outlived it. A mean has its place by its age, so that means of one instant lie
beside each other, whatever each subject lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import floor

from vmstui.measured import CpuPast

WINDOW_S = 900
"""Samples that count, at the most."""
BLOCK_S = 10

Blocks = tuple[float | None, ...]
"""Means, the newest first: number `n` of the ten seconds that ended `10 * n` seconds ago. None: not known."""


def blocks(
    samples: Sequence[float], past: Sequence[float | None] = (), past_step_s: int = 1, late_s: float = 0.0
) -> Blocks:
    """Of samples of each second and of means before them, both oldest first. The means ended `late_s` before the
    samples do. Where both tell of a time, the samples do."""
    found: list[float | None] = []
    for number in range(WINDOW_S // BLOCK_S):
        end = len(samples) - number * BLOCK_S
        if end >= BLOCK_S:
            found.append(sum(samples[end - BLOCK_S : end]) / BLOCK_S)
        else:
            before_s = (number + 0.5) * BLOCK_S - late_s
            place = len(past) - 1 - floor(before_s / past_step_s)
            found.append(past[place] if 0 <= place < len(past) else None)
    while found and found[-1] is None:
        found.pop()
    return tuple(found)


def windows(samples: Mapping[str, Sequence[float]], past: CpuPast | None, at: datetime) -> dict[str, Blocks]:
    """Of each subject. `samples` end at the instant `at`."""
    means = past.percents if past is not None else {}
    step_s, late_s = (past.step_s, (at - past.until).total_seconds()) if past is not None else (1, 0.0)
    return {
        subject: blocks(samples.get(subject, ()), means.get(subject, ()), step_s, late_s)
        for subject in samples.keys() | means.keys()
    }
