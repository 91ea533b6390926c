"""The log pane's memory: a ring of lines and the index of those that pass its rule. No Textual here.

Row numbers are positions in the view (the lines that pass). `append` says how many rows left at the top, so that the
pane can move its scroll position by as much and a paused text stays where it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from vmstui.model import LogLevel, LogLine

CAPACITY = 100_000

SEVERE = {LogLevel.FATAL, LogLevel.ERROR}
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


@dataclass(frozen=True, slots=True)
class Rule:
    """What the pane shows: a threshold, and plain text that must occur (`!` first: must not)."""

    threshold: Threshold = Threshold.ALL
    pattern: str = ""

    @property
    def needle(self) -> str:
        """The text that is looked for, in the form it is compared in."""
        return self.pattern.removeprefix("!").casefold()

    @property
    def open(self) -> bool:
        """Whether every line passes."""
        return self.threshold is Threshold.ALL and not self.needle

    def keeps(self, line: LogLine) -> bool:
        """Whether the line is shown."""
        if self.threshold is Threshold.WARNINGS and line.level not in NOTABLE:
            return False
        if self.threshold is Threshold.ERRORS and line.level not in SEVERE:
            return False
        if not (needle := self.needle):
            return True
        found = needle in line.text.casefold() or needle in line.component.casefold() or needle in line.camera
        return found is not self.pattern.startswith("!")


@dataclass(frozen=True, slots=True)
class Appended:
    """What one batch did to the view."""

    rows: int
    """Rows added at the bottom."""
    dropped: int
    """Rows that left at the top."""
    warnings: int
    """How many of the added rows are of level warning or worse."""


class LogRing:
    """The newest `capacity` lines, and which of them pass the rule."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._slots: list[LogLine] = []
        self._taken = 0  # lines ever appended; line n lives in slot n % capacity
        self._kept: deque[int] = deque()  # numbers of the lines that pass, while the rule is not open
        self.rule = Rule()

    def __len__(self) -> int:
        """Rows in the view."""
        return len(self._slots) if self.rule.open else len(self._kept)

    @property
    def lines_held(self) -> int:
        """Lines in the ring, shown or not."""
        return len(self._slots)

    def number(self, row: int) -> int:
        """The number of the line in that row; it never changes, whatever enters or leaves."""
        return self._taken - len(self._slots) + row if self.rule.open else self._kept[row]

    def line(self, row: int) -> LogLine:
        """The line in that row."""
        return self._slots[self.number(row) % self._capacity]

    def rows(self) -> Iterable[LogLine]:
        """All lines of the view, oldest first."""
        return (self.line(row) for row in range(len(self)))

    def append(self, lines: Iterable[LogLine]) -> Appended:
        """Take in a batch, oldest first."""
        before = len(self)
        added = warnings = 0
        rule = self.rule
        for line in lines:
            if len(self._slots) < self._capacity:
                self._slots.append(line)
            else:
                self._slots[self._taken % self._capacity] = line
            if rule.open or rule.keeps(line):
                added += 1
                warnings += line.level in NOTABLE
                if not rule.open:
                    self._kept.append(self._taken)
            self._taken += 1
        oldest = self._taken - len(self._slots)
        while self._kept and self._kept[0] < oldest:
            self._kept.popleft()
        return Appended(added, before + added - len(self), warnings)

    def show(self, rule: Rule) -> None:
        """Change what is shown."""
        self.rule = rule
        oldest = self._taken - len(self._slots)
        self._kept = deque()
        if not rule.open:
            numbers = range(oldest, self._taken)
            self._kept.extend(n for n in numbers if rule.keeps(self._slots[n % self._capacity]))

    def row_of(self, number: int) -> int:
        """The row of that line or, where it is not shown, of the next one that is."""
        if self.rule.open:
            return max(number - (self._taken - len(self._slots)), 0)
        return sum(1 for kept in self._kept if kept < number)

    def clear(self) -> None:
        """Forget all lines, keep the rule."""
        self._slots.clear()
        self._kept.clear()
        self._taken = 0
