"""Is the product still being made? Pure judgement on what was seen of one worker.

Looks at the recording, not at the process: the open segment must grow (`judge`), and what is closed must play
(`judge_closed`). A restart costs footage, so every finding must be corroborated by a second, independent sign, all ages
are of the monotonic clock, and nothing is judged while the service itself was late, while a worker is young, soon after
the machine was suspended (`suspended_s`), or when so many cameras look ill at once that the cause must lie elsewhere
(`common_cause.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from vmstui.footage import GapCause, SegmentVerdict
from vmstui.light_dataclass import dataclass

START_GRACE_S = 90.0
"""Cameras with long keyframe intervals, and slow ones, get this long to deliver their first footage."""
STALE_S = 20.0
"""No growth and no progress for this long is a stall; ffmpeg's own network timeout of 10 s comes first."""
GROWTH_LIMIT_S = 90.0
"""No growth for this long is a stall even while packets still pass: the file is what counts."""
GOP_FACTOR = 3.0
"""A fragment is written once per keyframe, so the limit follows the longest interval seen in this run."""
HEADER_BYTES = 2048
"""A segment no larger than this holds only its header: no footage yet."""
SUSPENDED_S = 1.0
"""A shorter suspension is not worth a word: no camera gives up a connection in that time."""
LATE_S = 3.0
"""A tick this much later than planned says nothing about cameras."""
BROKEN_IN_A_ROW = 3
"""So many segments of a run that do not play, one after the other, are no accident any more."""


class Vitals(NamedTuple):
    """What was seen of one run of a worker. All instants are monotonic seconds.

    A tuple rather than a dataclass: hundreds are made each second.
    """

    started_s: float
    size_bytes: int = -1
    """Of the open segment when last looked at; -1 before the first."""
    segment: str = ""
    grew_s: float | None = None
    longest_gap_s: float = 0.0
    """Longest interval between two growths in this run."""
    out_time_s: float = -1.0
    advanced_s: float | None = None
    """When ffmpeg's own output time last advanced."""
    spared_until_s: float | None = None
    """Not judged before."""

    def saw(self, now_s: float, segment: str, size_bytes: int, out_time_s: float) -> Vitals:
        """These vitals after another look. `out_time_s` is negative when ffmpeg reported none."""
        grew = size_bytes > HEADER_BYTES and (size_bytes != self.size_bytes or segment != self.segment)
        advanced = out_time_s > self.out_time_s
        if not grew:
            return self._replace(out_time_s=out_time_s, advanced_s=now_s) if advanced else self
        return Vitals(  # written out: `_replace` takes three times as long, and most looks come here
            self.started_s,
            size_bytes,
            segment,
            now_s,
            self._longest_gap_s(now_s),
            out_time_s if advanced else self.out_time_s,
            now_s if advanced else self.advanced_s,
            self.spared_until_s,
        )

    def closed_segment(self, now_s: float) -> Vitals:
        """These vitals after a segment was closed: of a camera whose keyframes are further apart than its segments are
        long, nothing else is ever seen to grow."""
        return self._replace(grew_s=now_s, longest_gap_s=self._longest_gap_s(now_s))

    def _longest_gap_s(self, now_s: float) -> float:
        gap_s = now_s - self.grew_s if self.grew_s is not None else 0.0
        return gap_s if gap_s > self.longest_gap_s else self.longest_gap_s

    def postponed(self, late_s: float) -> Vitals:
        """These vitals when nobody looked for `late_s` seconds: that time does not count against the worker."""
        return self._replace(
            started_s=self.started_s + late_s,
            grew_s=None if self.grew_s is None else self.grew_s + late_s,
            advanced_s=None if self.advanced_s is None else self.advanced_s + late_s,
        )

    def spared(self, now_s: float) -> Vitals:
        """These vitals with the grace of a start from now on: the way to the camera is found anew."""
        return self._replace(spared_until_s=now_s + START_GRACE_S)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Two clocks of the kernel read at one instant, both in seconds since the boot."""

    monotonic_s: float
    """Stands still while the machine is suspended."""
    boot_s: float
    """Goes on (CLOCK_BOOTTIME)."""


def suspended_s(before: Clocks, now: Clocks) -> float:
    """For how long the machine was suspended between two readings; 0 when it was not, or for an instant only.

    Setting the wall clock changes neither of the two.
    """
    asleep_s = (now.boot_s - before.boot_s) - (now.monotonic_s - before.monotonic_s)
    return asleep_s if asleep_s >= SUSPENDED_S else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Why the watchdog wants a worker replaced; goes into the camera's history as it stands."""

    rule: str
    measured: str
    threshold: str
    cause: GapCause = GapCause.CAMERA
    """Why there is no footage: mostly the camera fell silent; DAMAGE where what is written does not play."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.measured} (limit {self.threshold})"


def judge(vitals: Vitals, now_s: float) -> Finding | None:
    """The stall of a run, None while it looks well."""
    if vitals.spared_until_s is not None and now_s < vitals.spared_until_s:
        return None
    if vitals.grew_s is None:
        age_s = now_s - vitals.started_s
        if age_s <= START_GRACE_S:
            return None
        return Finding("no footage after the start", f"{age_s:.0f} s", f"{START_GRACE_S:.0f} s")
    still_s = now_s - vitals.grew_s
    limit_s = max(STALE_S, GOP_FACTOR * vitals.longest_gap_s)
    frozen_s = now_s - (vitals.advanced_s if vitals.advanced_s is not None else vitals.grew_s)
    if still_s > limit_s and frozen_s > STALE_S:
        return Finding(
            "open segment does not grow and ffmpeg does not advance",
            f"{still_s:.0f} s without growth, {frozen_s:.0f} s without progress",
            f"{limit_s:.0f} s and {STALE_S:.0f} s",
        )
    limit_s = max(GROWTH_LIMIT_S, limit_s)
    if still_s > limit_s:
        return Finding("open segment does not grow", f"{still_s:.0f} s", f"{limit_s:.0f} s")
    return None


def still(vitals: Vitals, now_s: float) -> bool:
    """Whether it does not grow though it should: no reason to act yet, but a sign beside the findings about others.

    Sooner than `judge`, so that it is seen of cameras with few keyframes when those with many are found to stall.
    """
    since_s = vitals.started_s if vitals.grew_s is None else vitals.grew_s
    return now_s - since_s > max(STALE_S / 2, vitals.longest_gap_s)


class Closed(NamedTuple):
    """What became of the segments that one run closed."""

    valid: int = 0
    """Closed by the worker, and they play. A suspect one does: what makes a camera send less than it should, or with a
    wrong clock, no restart cures, so it must not keep an alarm up for ever either."""
    broken_in_a_row: int = 0
    """Up to the newest."""
    reason: str = ""
    """What is wrong with the newest, where it does not play."""

    def saw(self, verdict: SegmentVerdict, reason: str) -> Closed:
        """The same after the next one was looked through. One that a worker left open says nothing."""
        if verdict is SegmentVerdict.BROKEN:
            return Closed(self.valid, self.broken_in_a_row + 1, reason)
        return Closed(self.valid + (verdict in (SegmentVerdict.GOOD, SegmentVerdict.SUSPECT)))

    @property
    def unplayable(self) -> bool:
        """The run makes nothing that plays, or not any more."""
        return self.broken_in_a_row >= BROKEN_IN_A_ROW


def judge_closed(closed: Closed, vitals: Vitals, now_s: float) -> Finding | None:
    """What is wrong with what a run closed; None while that plays, or a start's grace lasts."""
    graced_until_s = max(vitals.started_s + START_GRACE_S, vitals.spared_until_s or 0.0)
    if not closed.unplayable or now_s <= graced_until_s:
        return None
    measured = f"{closed.broken_in_a_row} in a row; the last one {closed.reason}"
    return Finding("closed segments do not play", measured, f"{BROKEN_IN_A_ROW} in a row", GapCause.DAMAGE)
