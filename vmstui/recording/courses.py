"""What some footage amounts to from now on, as a line of straight pieces: it grows as it is recorded, and becomes less
as what is old goes. Pure; for `projection`, which asks when such a line reaches a limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite


@dataclass(frozen=True, slots=True)
class Course:
    """An amount over time. It is `starts_at` now; each bend is (seconds from now, change of its slope per second)."""

    starts_at: float
    bends: tuple[tuple[float, float], ...] = ()
    """By time."""

    def reaches(self, limit: float) -> float:
        """Seconds until it is no less than a limit; infinite if it never is."""
        if self.starts_at >= limit:
            return 0.0
        at_s, amount, slope = 0.0, self.starts_at, 0.0
        for bend_s, change in (*self.bends, (inf, 0.0)):
            if slope > 0 and amount + slope * (bend_s - at_s) >= limit:
                return at_s + (limit - amount) / slope
            if not isfinite(bend_s):
                break
            amount += slope * (bend_s - at_s)
            at_s, slope = bend_s, slope + change
        return inf

    def at_most(self, limit: float) -> Course:
        """The same, but that it never is more than that."""
        if not isfinite(limit):
            return self
        bends: list[tuple[float, float]] = []
        at_s, amount, slope, shown = 0.0, self.starts_at, 0.0, 0.0

        def bend(when_s: float, wanted: float) -> None:
            nonlocal shown
            if wanted != shown:
                bends.append((when_s, wanted - shown))
                shown = wanted

        for bend_s, change in (*self.bends, (inf, 0.0)):
            crosses = slope != 0 and (amount < limit) == (slope > 0) and amount != limit
            cross_s = at_s + (limit - amount) / slope if crosses else inf
            if cross_s < bend_s:
                bend(cross_s, 0.0 if slope > 0 else slope)
            if not isfinite(bend_s):
                break
            amount += slope * (bend_s - at_s)
            at_s, slope = bend_s, slope + change
            inside = amount < limit or (amount == limit and slope < 0)
            bend(at_s, slope if inside else 0.0)
        return Course(min(self.starts_at, limit), tuple(bends))


def together(courses: Iterable[Course]) -> Course:
    """The sum of several."""
    all_of_them = list(courses)
    bends = sorted(bend for course in all_of_them for bend in course.bends)
    return Course(sum(course.starts_at for course in all_of_them), tuple(bends))


def recorded(rate: float, stored: float, ages_s: tuple[float, float], kept_s: float) -> Course:
    """Footage that is recorded at so much a second and kept for so long, beside what is stored of it: evenly between
    two ages, the younger first. What of it is too old goes at once."""
    bends = [(0.0, rate)]
    if isfinite(kept_s):
        bends.append((kept_s, -rate))
    young_s, old_s = ages_s
    if stored <= 0 or not isfinite(kept_s):
        return Course(max(stored, 0.0), tuple(bends))
    density = stored / max(old_s - young_s, 1.0)
    left = density * min(max(kept_s - young_s, 0.0), max(old_s - young_s, 1.0))
    bends += [(max(kept_s - old_s, 0.0), -density), (max(kept_s - young_s, 0.0), density)]
    return Course(left, tuple(sorted(bends)))
