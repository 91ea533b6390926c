"""A program on a terminal that is read at once, and what it costs: seen from outside, alike for all of them.

Its terminal is read at once, in a thread, with the time of each piece; what a person would have seen when is worked out
afterwards, so that the looking does not slow down what is looked at. CPU time is that of the program alone
(`/proc/PID/stat`); what feeds it and what reads its terminal are other processes.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tests.tui.terminal import Terminal

ANSWER = b"\x1b[?62;22c"
"""Of a terminal that shows no pictures, at once: who asks and is told nothing waits."""
SETTLE_S = 2.5
KEY_LIMIT_S = 5.0
SHOWN_WITHIN_S = 0.15
"""So long nothing but that is done after a key, and as long again until it is seen."""
LOOK_EVERY_S = 0.05
AWAY = 6


@dataclass(frozen=True)
class Looked:
    """Something to look at with: a program in a state."""

    name: str
    argv: tuple[str, ...]
    """The program first."""
    seen: str
    """On the screen once all of it is there."""
    first: str = ""
    """Words that are there before that, with what a person wants to know first; none if all comes at once."""
    env: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    """To get where it is measured."""
    down: str = "\x1b[B"
    up: str = "\x1b[A"
    """Keys that move what is selected, which has another ground than the rest; none where nothing is."""
    column: int = 10
    """Where what is selected is looked for."""
    size: tuple[int, int] = (160, 45)
    beside: Callable[[], AbstractContextManager[object]] | None = None
    """What it looks at."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    cpu_s_per_s: float
    kib_per_s: float
    rss_mib: float
    key_ms: tuple[float, ...] = ()


class Watched(Terminal):
    """A terminal that is read from the beginning, by nobody but a thread."""

    def __init__(self, looked: Looked) -> None:
        self.started_s = time.monotonic()
        self._column = looked.column
        env = {"PYTHONDONTWRITEBYTECODE": "", **looked.env}
        super().__init__(list(looked.argv[1:]), looked.size, env, answer=ANSWER, program=looked.argv[0])
        self._pieces, self._taken = self.drain(), 0

    def read_for(self, seconds: float) -> int:
        """Let it be read for so long; how many bytes came."""
        before = len(self.raw)
        time.sleep(seconds)
        return len(self.raw) - before

    def seen_after_ms(self, words: str, limit_s: float = 30.0) -> float:
        """Milliseconds from the command until its screen had these words. Raises AssertionError."""
        return self._when(lambda screen: words in screen, self.started_s, limit_s, LOOK_EVERY_S)

    def key_ms(self, key: str) -> float:
        """Milliseconds until what is selected is drawn in another place."""
        self._taken = len(self._pieces)
        self.screen()
        before, pressed_s = self._selected(), time.monotonic()
        self.type(key)
        return self._when(lambda _: self._selected() != before, pressed_s, KEY_LIMIT_S, SHOWN_WITHIN_S)

    def cpu_s(self) -> float:
        """User and system time of the program until now (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Resident memory now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _when(self, condition: Callable[[str], bool], since_s: float, limit_s: float, every_s: float) -> float:
        """Milliseconds from then until the piece came with which the screen was so."""
        while time.monotonic() < since_s + limit_s:
            time.sleep(every_s)
            for at_s, size in self._pieces[self._taken :]:
                self._taken += 1
                if condition(self.screen(size)):
                    return (at_s - since_s) * 1000
        raise AssertionError(f"waited {limit_s:g} s in vain; the screen shows:\n{self.screen()}")

    def _selected(self) -> tuple[int, ...]:
        """Rows that are drawn on another ground than any other, in that column."""
        column = [self._screen.buffer[row][self._column] for row in range(self._screen.lines)]
        grounds = [(cell.bg, cell.reverse) for cell in column]
        return tuple(row for row, ground in enumerate(grounds) if grounds.count(ground) == 1)


def paints_ms(looked: Looked) -> tuple[float, float]:
    """How long a person waits for something to read, and for all of it."""
    with Watched(looked) as terminal:
        first = terminal.seen_after_ms(looked.first or looked.seen)
        return first, terminal.seen_after_ms(looked.seen) if looked.first else first


def cost(looked: Looked, seconds: float, presses: int = 0) -> Cost:
    """Over so many seconds without keys, and then of so many keys at any moment."""
    chance = random.Random(presses)
    with Watched(looked) as terminal:
        terminal.seen_after_ms(looked.seen)
        for key in looked.keys:
            terminal.read_for(0.5)
            terminal.type(key)
        for _ in range(AWAY if looked.down else 0):  # from an end, where there is no way on
            terminal.type(looked.down)
            terminal.read_for(0.1)
        terminal.read_for(SETTLE_S)
        before, begun_s = terminal.cpu_s(), time.monotonic()
        written = terminal.read_for(seconds)
        took_s = time.monotonic() - begun_s
        spent = terminal.cpu_s() - before
        waits: list[float] = []
        for number in range(presses if looked.down else 0):
            terminal.read_for(chance.uniform(0.05, 0.35))
            waits.append(terminal.key_ms(looked.down if number % 2 else looked.up))
        return Cost(spent / took_s, written / 1024 / took_s, terminal.rss_mib(), tuple(waits))
