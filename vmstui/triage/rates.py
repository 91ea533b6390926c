"""How often something comes: counts by minute, bounded, and what they say of a window of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

MINUTE_S = 60
KEPT_MINUTES = 61
"""One hour and the minute that is not over."""


class Minutes:
    """Counts of the last hour, by minute. Only minutes in which something came take memory."""

    __slots__ = ("_counts", "peak_per_min")

    def __init__(self) -> None:
        self._counts: list[list[int]] = []
        """Minute and count, oldest first."""
        self.peak_per_min = 0
        """The most that came in a minute of the clock."""

    def add(self, at_s: float, count: int) -> None:
        """So many came at this time. A clock that was set back does not matter: they go to the newest minute."""
        minute = int(at_s // MINUTE_S)
        counts = self._counts
        if counts and counts[-1][0] >= minute:
            counts[-1][1] += count
        else:
            counts.append([minute, count])
            while counts[0][0] <= minute - KEPT_MINUTES:
                del counts[0]
        if counts[-1][1] > self.peak_per_min:
            self.peak_per_min = counts[-1][1]

    def add_all(self, later: Minutes) -> None:
        """All that these counted."""
        for minute, count in later.counts:
            self.add(minute * MINUTE_S, count)

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Minute, of those since the epoch of the clock, and count, oldest first."""
        return tuple((minute, count) for minute, count in self._counts)

    def recall(self, counts: Iterable[tuple[int, int]], peak_per_min: int) -> None:
        """Begin with what `counts` gave."""
        self._counts = sorted([minute, count] for minute, count in counts)[-KEPT_MINUTES:]
        self.peak_per_min = peak_per_min

    def within(self, window_s: int, now_s: float) -> float:
        """How many came in the last seconds, at most an hour; the oldest minute counts by the part of it that is in."""
        minute, passed_s = divmod(now_s, MINUTE_S)
        start_s = minute * MINUTE_S + passed_s - window_s
        total = 0.0
        for at, count in reversed(self._counts):
            if at * MINUTE_S >= start_s:
                total += count
            elif (at + 1) * MINUTE_S > start_s:
                total += count * ((at + 1) * MINUTE_S - start_s) / MINUTE_S
            else:
                break
        return total

    def spark(self, minutes: int, now_s: float) -> tuple[int, ...]:
        """The count of each of the last minutes, oldest first."""
        newest = int(now_s // MINUTE_S)
        counts = {minute: count for minute, count in self._counts}
        return tuple(counts.get(newest - back, 0) for back in range(ceil(minutes) - 1, -1, -1))
