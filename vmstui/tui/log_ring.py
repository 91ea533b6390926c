"""The log pane's memory: the newest lines, each with a number that never changes. No Textual here.

What of them is shown, and in which rows, is the matter of `log_view`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from vmstui.findings import ERROR_LEVELS
from vmstui.logged import LogLevel, LogLine
from vmstui.tui.log_match import Pattern

CAPACITY = 100_000

SEVERE = {LogLevel(level) for level in ERROR_LEVELS}
NOTABLE = SEVERE | {LogLevel.WARNING}


class Threshold(IntEnum):
    """Which levels are shown. Lines without a known level count as information, and are never lost by accident: they
    show at `ALL`."""

    ALL = 0
    WARNINGS = 1
    ERRORS = 2

    @property
    def words(self) -> str:
        """For the title of the pane."""
        return ("all levels", "warnings and errors", "errors only")[self]

    def keeps(self, level: LogLevel) -> bool:
        """Whether lines of that level are shown."""
        return self is Threshold.ALL or level in (NOTABLE if self is Threshold.WARNINGS else SEVERE)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the pane shows: a threshold, and what must occur."""

    threshold: Threshold = Threshold.ALL
    pattern: Pattern = field(default_factory=Pattern)

    @property
    def open(self) -> bool:
        """Whether every line passes."""
        return self.threshold is Threshold.ALL and not self.pattern


class LogRing:
    """The newest `capacity` lines."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._slots: list[LogLine] = []
        self.end = 0
        """Number of the line that comes next: lines ever appended; line n lives in slot n % capacity."""

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def oldest(self) -> int:
        """Number of the oldest line that is held."""
        return self.end - len(self._slots)

    def line(self, number: int) -> LogLine:
        """The line of that number, which must be held."""
        return self._slots[number % self._capacity]

    def append(self, lines: Iterable[LogLine]) -> None:
        """Take in a batch, oldest first."""
        for line in lines:
            if len(self._slots) < self._capacity:
                self._slots.append(line)
            else:
                self._slots[self.end % self._capacity] = line
            self.end += 1

    def explain(self, lines: Iterable[LogLine]) -> bool:
        """Put lines of which more is known now, oldest first, in the place of the same ones, by their sequence number;
        whether there were any."""
        changed = False
        number = -1
        for line in lines:
            if number < 0:
                number = bisect_left(range(self.end), line.seq, lo=self.oldest, key=lambda held: self.line(held).seq)
            while number < self.end and (held := self.line(number)).seq <= line.seq:
                if held.seq == line.seq and held.text == line.text and held != line:
                    self._slots[number % self._capacity] = line
                    changed = True
                number += 1
        return changed

    def clear(self) -> None:
        """Forget all lines."""
        self._slots.clear()
        self.end = 0
