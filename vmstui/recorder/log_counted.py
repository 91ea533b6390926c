"""Which stretches of one log are in findings, so that after a killed service no line is missing, and none counts twice.

Places are bytes from a beginning that stays where it is while the file is cut at its head (`log_cut`). Written down
they count from where the file began after one of its cuts, by whose number it is found again: what was cut off since
then lies in the copies with the numbers that follow. Beside the last place stands a check sum of what is in front of
it: a log that somebody truncated or replaced is not taken for the one that it was. Used by several threads.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from vmstui.light_dataclass import dataclass

BEFORE_BYTES = 64
Stretch = tuple[int, int]
"""From, to."""


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """Up to where the log of a generation is in the findings, as it is written down."""

    generation: int
    position: int
    check_sum: int
    """Of what stands in front of it."""
    cuts: int = -1
    """Number of the last cut when the file began where places are counted from; -1: they are offsets in the file, as an
    earlier version noted them."""
    missing: tuple[Stretch, ...] = ()
    """What in front of it is in no finding yet."""


def check_sum(before: bytes) -> int:
    """Of the line that ends at a place, or of the last bytes of it, by which the place is known again. No more than of
    one line: what is in front of that may have been cut off."""
    last = before[-BEFORE_BYTES:]
    return zlib.crc32(last[last.rfind(b"\n", 0, -1) + 1 :])


class Counted:
    """Of one log that is followed."""

    def __init__(self, cuts: int, start: int, upto: int, check_sum: int = 0, missing: tuple[Stretch, ...] = ()) -> None:
        """The file began at `start` after the cut of that number; `upto` and what is `missing` in front of it are known
        from an earlier service."""
        self._lock = threading.Lock()
        self._begins = [(start, cuts)]
        """Of the file, after each cut that matters still."""
        self._upto, self._check_sum = upto, check_sum
        self._last = b""
        """What stands in front of `_upto`, where that is known."""
        self._missing = list(missing)

    def add(self, start: int, stop: int, last: bytes) -> None:
        """A stretch is in findings now; `last` are the bytes at its end."""
        with self._lock:
            self._missing = [piece for one in self._missing for piece in without(one, (start, stop))]
            if stop > self._upto:
                if start > self._upto:
                    self._missing.append((self._upto, start))
                self._upto, self._last = stop, last[-BEFORE_BYTES:]

    def begins(self, start: int, cuts: int | None = None) -> None:
        """The file begins here now, after the cut of this number, or, without one, as its head was let go of."""
        with self._lock:
            if cuts is None:
                cuts = self._begins.pop()[1]
            self._begins.append((start, cuts))

    def truncated(self, start: int) -> None:
        """Somebody did that; what comes now begins at this place."""
        with self._lock:
            self._begins = [(start, self._begins[-1][1])]
            self._upto, self._last, self._check_sum, self._missing = start, b"", check_sum(b""), []

    def kept(self, generation: int) -> KeptPlace:
        """As it is to be written down."""
        with self._lock:
            needed = self._missing[0][0] if self._missing else self._upto
            while len(self._begins) > 1 and self._begins[1][0] <= needed:
                del self._begins[0]
            start, cuts = self._begins[0]
            missing = ((max(one - start, 0), other - start) for one, other in self._missing)
            sum_ = check_sum(self._last) if self._last else self._check_sum
            return KeptPlace(
                generation, self._upto - start, sum_, cuts, tuple(one for one in missing if one[0] < one[1])
            )


class Part(NamedTuple):
    """A stretch of a log, which is in findings as soon as its lines are."""

    log: Counted
    start: int
    stop: int
    last: bytes
    """The bytes at its end."""

    def taken_in(self) -> None:
        """They are."""
        self.log.add(self.start, self.stop, self.last)


def without(stretch: Stretch, other: Stretch) -> Iterator[Stretch]:
    """What of a stretch is not in the other one."""
    (start, stop), (begin, end) = stretch, other
    for piece in ((start, min(stop, begin)), (max(start, end), stop)):
        if piece[0] < piece[1]:
            yield piece
