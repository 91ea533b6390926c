"""Six CPU samples over 30 s and what they say: the reading an owner takes by hand with top before trusting a recorder.

Pure. One of the six is the mean of five 1 Hz samples: the kernel counts CPU time in ticks of 10 ms, so a single second
resolves 1 % only.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmstui.model import Stability, StabilityVerdict

WINDOW_S = 5
WINDOWS = 6
VERY_STABLE_POINTS = 1.0
"""Spread in percent points that counts as very stable at any load; the kernel's tick makes less meaningless."""
VERY_STABLE_RATIO = 0.05
STABLE_RATIO = 0.20
"""Spread (maximum - minimum) relative to the mean."""


def stability(cpu_percents: Sequence[float]) -> Stability:
    """Judge the newest 30 samples (1 Hz, oldest first); fewer than 30 give the windows that are complete and no
    verdict."""
    recent = list(cpu_percents[-WINDOWS * WINDOW_S :])
    recent = recent[len(recent) % WINDOW_S :]
    windows = tuple(
        round(sum(recent[start : start + WINDOW_S]) / WINDOW_S, 1) for start in range(0, len(recent), WINDOW_S)
    )
    if not windows:
        return Stability((), 0.0, 0.0, 0.0, StabilityVerdict.TOO_FEW)
    low, high, mean = min(windows), max(windows), sum(windows) / len(windows)
    return Stability(windows, low, high, round(mean, 1), _verdict(len(windows), high - low, mean))


def _verdict(windows: int, spread: float, mean: float) -> StabilityVerdict:
    if windows < WINDOWS:
        return StabilityVerdict.TOO_FEW
    if spread <= max(VERY_STABLE_POINTS, VERY_STABLE_RATIO * mean):
        return StabilityVerdict.VERY_STABLE
    if spread <= max(2 * VERY_STABLE_POINTS, STABLE_RATIO * mean):
        return StabilityVerdict.STABLE
    return StabilityVerdict.VARYING
