"""Which lines of a ring are shown, in which rows, and where what is looked for stands. Pure: no Textual, no clock.

Three layers, each over the one before: the lines that pass the rule (`Track` of line numbers), the rows (where repeats
are folded, neighbours that differ in numbers only are one row), and how high each row is where long lines are wrapped.
Beside them the lines that match what is searched for. `go_on` works through what is new, in pieces, until it is told
that its time is over: a hundred thousand lines under a new pattern must not hold up a key.

Places on the screen are `y`, lines of the view from its top. `Grown.dropped` says how many left at the top, so that the
pane can move its scroll position by as much and a paused text stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from vmstui.logged import LogLine
from vmstui.tui.log_match import Pattern
from vmstui.tui.log_ring import CAPACITY, NOTABLE, LogRing, Rule, Threshold
from vmstui.tui.track import Track

CHUNK = 250
"""Lines that are worked on between two looks at the time."""
SLOW_CHUNKS = 100
"""A pattern that so often took `log_match.LINE_LIMIT_S` for less than a chunk would take the processor for minutes."""

_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")

Height = Callable[[LogLine, bool], int]
"""Lines on the screen that a line takes; whether it stands for repeats as well."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What became of the view."""

    lines: int = 0
    """That came in at the bottom."""
    warnings: int = 0
    """How many of them are of level warning or worse."""
    dropped: int = 0
    """Lines on the screen that left at the top."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the view."""

    number: int
    """Of its newest line, the one that is shown."""
    first: int
    """Of its oldest line."""
    count: int
    """Lines it stands for."""
    part: int = 0
    """Which of its lines on the screen, where it is wrapped."""


def folded(line: LogLine) -> tuple[str, ...]:
    """What repeats have in common: all but numbers."""
    return (line.camera, line.level, line.component, _NUMBERS.sub("#", line.text))


class LogView:
    """A ring as it is shown."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.ring = LogRing(capacity)
        self.rule = Rule()
        self.search = Pattern()
        self.folding = False
        self.height: Height | None = None
        """None: nothing is wrapped."""
        self.given_up = ""
        """A pattern that took too long, and does not count any more."""
        self.marks: set[int] = set()
        self._scanned = 0
        """Number of the line that is to be tried next."""
        self._counted = 0
        """Number of the line that is new when it is tried; those before it are only tried again."""
        self._kept = Track()
        """Numbers of the lines that pass."""
        self._starts = Track()
        """Of each row the position of its first line in `_kept`; before `_kept.base` if that line has left."""
        self._ends = Track()
        """Of each row where it ends on the screen; only where lines are wrapped."""
        self._rowed = 0
        """Position in `_kept` of the line that gets its row next."""
        self._last_end = 0
        """Where the rows that have left ended."""
        self._opened = False
        """The last row belongs to repeats that were opened."""
        self._key: tuple[int, tuple[str, ...]] = (-1, ())
        """What the line at that position in `_kept` is folded to; the last one that was asked for."""
        self._slow = 0
        """How often a pattern took long since everything was worked through."""
        self._hits = Track()
        """Numbers of the lines that are searched for."""
        self._searched = 0
        """Position in `_kept` of the line that is searched next."""

    # ------------------------------------------------------------------------------------------------- what there is

    def __len__(self) -> int:
        """Height in lines on the screen."""
        if self.height is None:
            return len(self._starts)
        return self._ends[self._ends.end - 1] - self._top() if len(self._ends) else 0

    @property
    def shown(self) -> int:
        """Lines that pass the rule."""
        return len(self._kept)

    @property
    def hits(self) -> int:
        """Lines found so far."""
        return len(self._hits)

    @property
    def settled(self) -> bool:
        """Whether everything is worked through."""
        searched = not self.search or self._searched >= self._kept.end
        return self._scanned >= self.ring.end and self._rowed >= self._kept.end and searched

    def at(self, y: int) -> Row | None:
        """What is on that line of the screen; None below the end."""
        if not 0 <= y < len(self):
            return None
        if self.height is None:
            return self._row(self._starts.base + y)
        row = self._ends.right(y + self._top())
        return self._row(row, y + self._top() - self._begin(row))

    def y_of(self, number: int) -> int:
        """Where the row with that line begins or, where the line is not shown, with the next one that is."""
        row = self._row_of(number)
        return row - self._starts.base if self.height is None else self._begin(row) - self._top()

    def row_of(self, number: int) -> Row | None:
        """The row with that line, or the next one; None where nothing is shown."""
        return self._row(self._row_of(number)) if len(self._starts) else None

    def kept(self) -> Iterator[int]:
        """Numbers of all lines that pass, oldest first."""
        return (self._kept[position] for position in range(self._kept.base, self._kept.end))

    def newest(self) -> int | None:
        """Number of the newest line that passes."""
        return self._kept[self._kept.end - 1] if len(self._kept) else None

    def marked(self, row: Row) -> bool:
        """Whether a line of it is marked."""
        return any(row.first <= mark <= row.number for mark in self.marks) if self.marks else False

    # -------------------------------------------------------------------------------------------------- what changes

    def append(self, lines: Iterable[LogLine], over: Callable[[], bool] = lambda: False) -> Grown:
        """Take in a batch, oldest first."""
        self.ring.append(lines)
        return self.go_on(over)

    def show(self, rule: Rule) -> None:
        """Change what is shown; `go_on` does it."""
        self.rule = rule
        self._scanned = self.ring.oldest
        self._kept = Track()
        self.arrange()
        self.look_for(self.search)

    def arrange(self) -> None:
        """Make the rows anew, after a change of folding or height; `go_on` does it. Repeats are closed."""
        self._starts, self._ends, self._opened = Track(), Track(), False
        self._rowed, self._key = self._kept.base, (-1, ())

    def look_for(self, pattern: Pattern) -> None:
        """Search for this from now on; `go_on` does it."""
        self.given_up = ""
        self.search = pattern
        self._slow = 0
        self._hits = Track()
        self._searched = self._kept.base

    def give_up(self, pattern: Pattern) -> None:
        """It takes too long: what it was for is done without it."""
        if pattern == self.rule.pattern:
            self.show(Rule(self.rule.threshold))
        if pattern == self.search:
            self.look_for(Pattern())
        self.given_up = pattern.typed

    def go_on(self, over: Callable[[], bool] = lambda: False) -> Grown:
        """Work through what is new until that is done, or time is over."""
        lines = warnings = 0
        dropped = self._leave()
        while True:
            kept, warned = self._scan()
            lines, warnings = lines + kept, warnings + warned
            self._make_rows()
            self._look()
            if self.settled:
                self._slow = 0
            if self.settled or over():
                return Grown(lines, warnings, dropped)

    def clear(self) -> None:
        """Forget all lines; what is shown and searched for stays."""
        self.ring.clear()
        self.marks.clear()
        self._counted = 0
        self.show(self.rule)

    def open_or_close(self, number: int) -> bool:
        """Give each of the repeats in the row of that line a row of its own, or fold them again. False where there are
        none."""
        if not self.folding or not len(self._starts):
            return False
        row = self._row_of(number)
        begin, end = self._extent(row)
        if end - begin > 1:
            self._replace(row, 1, range(begin, end))
            self._opened = self._opened or end == self._kept.end
            return True
        first = last = row
        while first > self._starts.base and self._alike(first, first - 1):
            first -= 1
        while last + 1 < self._starts.end and self._alike(last, last + 1):
            last += 1
        if first == last:
            return False
        self._replace(first, last - first + 1, (self._extent(first)[0],))
        self._opened = self._opened and first + 1 < self._starts.end
        return True

    # ----------------------------------------------------------------------------------------------------- ways to go

    def next_hit(self, number: int, *, down: bool) -> tuple[int, bool] | None:
        """The line that is found next from there, in another row where there is one, and whether the way led over the
        end of the log; None where nothing is found."""
        if not len(self._hits):
            return None
        row = self.row_of(number)
        assert row is not None
        position = self._hits.right(max(row.number, number)) if down else self._hits.left(row.first) - 1
        if self._hits.base <= position < self._hits.end:
            return self._hits[position], False
        return self._hits[self._hits.base if down else self._hits.end - 1], True

    def hit_at(self, number: int) -> int:
        """Which of those found that line is, from 1; 0 if it is none."""
        position = self._hits.left(number)
        found = position < self._hits.end and self._hits[position] == number
        return position - self._hits.base + 1 if found else 0

    def toggle_mark(self, number: int) -> bool:
        """Mark the row of that line, or take its marks away; whether it is marked then."""
        row = self.row_of(number)
        if row is None:
            return False
        if self.marked(row):
            self.marks = {mark for mark in self.marks if not row.first <= mark <= row.number}
            return False
        self.marks.add(row.number)
        return True

    def next_mark(self, number: int, *, down: bool) -> int | None:
        """The next marked line, or the first or last of them where there is none that way."""
        marks = sorted(self.marks)
        if not marks:
            return None
        if down:
            return next((mark for mark in marks if mark > number), marks[0])
        return next((mark for mark in reversed(marks) if mark < number), marks[-1])

    def since(self, instant: datetime, camera: str | None = None) -> int | None:
        """The first line that came at that instant or after it, of that camera if one is named; None if none did."""
        low, high = self._kept.base, self._kept.end
        while low < high:
            middle = (low + high) // 2
            if self.ring.line(self._kept[middle]).at < instant:
                low = middle + 1
            else:
                high = middle
        for position in range(low, self._kept.end):
            number = self._kept[position]
            if camera is None or self.ring.line(number).camera == camera:
                return number
        return None

    def step(self, number: int, length_s: int, where: tzinfo | None, *, down: bool) -> int | None:
        """The first line of the next minute or hour (`length_s` 60 or 3600) in which there is one; upwards, of this one
        and, from its first line, of the one before. None where there is no more that way."""
        row = self.row_of(number)
        if row is None:
            return None
        began = _floor(self.ring.line(row.first).at, length_s, where)
        if down:
            return self.since(began + timedelta(seconds=length_s))
        first = self.since(began)
        if first is not None and first < row.first:
            return first
        position = self._kept.left(row.first) - 1
        if position < self._kept.base:
            return None
        return self.since(_floor(self.ring.line(self._kept[position]).at, length_s, where))

    # -------------------------------------------------------------------------------------------------------- layers

    def _leave(self) -> int:
        """Let go of what has left the ring."""
        oldest = self.ring.oldest
        self._scanned = max(self._scanned, oldest)
        if self.marks:
            self.marks = {mark for mark in self.marks if mark >= oldest}
        if not len(self._kept) or self._kept[self._kept.base] >= oldest:
            return 0
        self._kept.drop(self._kept.left(oldest) - self._kept.base)
        self._hits.drop(self._hits.left(oldest) - self._hits.base)
        self._rowed = max(self._rowed, self._kept.base)
        self._searched = max(self._searched, self._kept.base)
        gone = self._starts.right(self._kept.base) - 1 - self._starts.base
        if self._rowed == self._kept.base:  # none of the rows has a line left
            gone = len(self._starts)
        if gone <= 0:
            return 0
        dropped = gone if self.height is None else self._ends[self._starts.base + gone - 1] - self._top()
        self._starts.drop(gone)
        if self.height is not None:
            self._last_end = self._ends[self._ends.base + gone - 1]
            self._ends.drop(gone)
        return dropped

    def _scan(self) -> tuple[int, int]:
        """Try the next lines; how many pass, and how many of them are warnings."""
        end = min(self._scanned + CHUNK, self.ring.end)
        if self._scanned >= end:
            return 0, 0
        rule, line, kept = self.rule, self.ring.line, self._kept
        numbers: Iterable[int] = range(self._scanned, end)
        if rule.threshold is not Threshold.ALL:
            numbers = [number for number in numbers if rule.threshold.keeps(line(number).level)]
        if rule.pattern:
            tried = list(numbers)
            flags = rule.pattern.flags(map(line, tried))
            if self._too_slow(len(tried) - len(flags), len(flags)):
                self.give_up(rule.pattern)
                return 0, 0
            if len(flags) < len(tried):
                end = tried[len(flags)]
            numbers = [number for number, flag in zip(tried, flags, strict=False) if flag]
        count = warnings = 0
        for number in numbers:
            kept.append(number)
            if number >= self._counted:
                count += 1
                warnings += line(number).level in NOTABLE
        self._scanned = end
        self._counted = max(self._counted, end)
        return count, warnings

    def _make_rows(self) -> None:
        end = min(self._rowed + CHUNK, self._kept.end)
        for position in range(self._rowed, end):
            if self.folding and len(self._starts) and not self._continues(position):
                self._opened = False
            elif self.folding and len(self._starts) and not self._opened:
                if self.height is not None:
                    self._measure_last(position)
                continue
            self._starts.append(position)
            if self.height is not None:
                self._ends.append(self._bottom() + self.height(self._line(position), False))
        self._rowed = end

    def _look(self) -> None:
        if not self.search:
            return
        end = min(self._searched + CHUNK, self._kept.end)
        if self._searched >= end:
            return
        numbers = [self._kept[position] for position in range(self._searched, end)]
        flags = self.search.flags(map(self.ring.line, numbers))
        if self._too_slow(len(numbers) - len(flags), len(flags)):
            self.give_up(self.search)
            return
        for number, flag in zip(numbers, flags, strict=False):
            if flag:
                self._hits.append(number)
        self._searched += len(flags)

    def _too_slow(self, left: int, done: int) -> bool:
        """Whether a pattern is given up that was tried on so many lines when its time was over, with so many left."""
        self._slow += left > 0
        return left > 0 and (not done or self._slow > SLOW_CHUNKS)

    # ---------------------------------------------------------------------------------------------------------- rows

    def _line(self, position: int) -> LogLine:
        return self.ring.line(self._kept[position])

    def _continues(self, position: int) -> bool:
        at, before = self._key
        if at != position - 1:
            before = folded(self._line(position - 1))
        self._key = position, folded(self._line(position))
        return self._key[1] == before

    def _alike(self, row: int, other: int) -> bool:
        begin, end = self._extent(other)
        if end - begin > 1:
            return False  # folded as it is
        return folded(self._line(self._extent(row)[0])) == folded(self._line(begin))

    def _extent(self, row: int) -> tuple[int, int]:
        """Positions of its lines in `_kept`: from, to."""
        end = self._starts[row + 1] if row + 1 < self._starts.end else self._rowed
        return max(self._starts[row], self._kept.base), end

    def _row(self, row: int, part: int = 0) -> Row:
        begin, end = self._extent(row)
        return Row(self._kept[end - 1], self._kept[begin], end - begin, part)

    def _row_of(self, number: int) -> int:
        position = min(self._kept.left(number), self._rowed - 1)
        return max(self._starts.right(max(position, 0)) - 1, self._starts.base)

    def _top(self) -> int:
        return self._last_end if self._ends.base else 0

    def _begin(self, row: int) -> int:
        return self._ends[row - 1] if row > self._ends.base else self._top()

    def _bottom(self) -> int:
        return self._ends[self._ends.end - 1] if len(self._ends) else self._top()

    def _measure_last(self, position: int) -> None:
        """The last row shows another line now."""
        assert self.height is not None
        self._ends.pop()
        self._ends.append(self._bottom() + self.height(self._line(position), True))

    def _replace(self, row: int, count: int, starts: Iterable[int]) -> None:
        """Other rows in the place of so many."""
        self._starts.put(row, count, starts)
        if self.height is None:
            return
        end, ends = self._begin(row), list[int]()
        for other in range(row, self._starts.end):
            begin, until = self._extent(other)
            end += self.height(self._line(until - 1), until - begin > 1)
            ends.append(end)
        self._ends.put(row, self._ends.end - row, ends)


def _floor(at: datetime, length_s: int, where: tzinfo | None) -> datetime:
    """Where its minute or hour began by the clock of that place."""
    local = at.astimezone(where)
    minute = local.replace(second=0, microsecond=0)
    return minute.replace(minute=0) if length_s >= 3600 else minute
