"""What a person looks for in a log: a regular expression or a text, and lines without it where `!` is in front.

As in less and k9s: regular expressions, upper and lower case alike, `!` inverts. What is no regular expression is
looked for as it was typed, and that is told. No pattern can freeze who matches it: of a line the first `MATCHED`
characters count, and what takes longer than `LINE_LIMIT_S` on one of them is given up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from vmstui.logged import LogLine
from vmstui.tui.time_limit import TooSlow, limited

MATCHED = 2000
LINE_LIMIT_S = 0.03
MARKS_PER_LINE = 200
"""More are not highlighted."""

_SPECIAL = frozenset(r"\.^$*+?{}[]|()")


def text_of_line(line: LogLine) -> str:
    """What is looked at, and shown: the component, and the text."""
    return f"{line.component}: {line.text}" if line.component else line.text


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern; an empty one matches nothing and everything, and is not asked."""

    typed: str = ""
    literal: bool = False
    """It is a text, whatever is in it."""
    with_camera: bool = True
    """The camera counts as well, by id and by name: lines of several are shown."""
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of the cameras, by id."""

    def __bool__(self) -> bool:
        return bool(self.needle)

    @property
    def inverted(self) -> bool:
        """Lines without it are meant."""
        return self.typed.startswith("!")

    @property
    def needle(self) -> str:
        """What is looked for."""
        return self.typed.removeprefix("!")

    @property
    def trouble(self) -> str:
        """Why it is not the regular expression it looks like; empty if all is well."""
        return "" if self.literal else _compiled(self.needle, literal=False)[1]

    def flags(self, lines: Iterable[LogLine]) -> list[bool]:
        """For each line whether it is meant. Fewer than there are lines where they take long; none where the first of
        them alone is `TooSlow`."""
        found: list[bool] = []
        keeps = self._keeps_plain if self._is_plain else self._keeps
        try:
            with limited(LINE_LIMIT_S):
                for line in lines:
                    found.append(keeps(line))
        except TooSlow:
            pass
        return found

    def keeps(self, line: LogLine) -> bool:
        """Whether the line is meant. Raises TooSlow."""
        if not (flags := self.flags((line,))):
            raise TooSlow
        return flags[0]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it occurs, from and to. Raises TooSlow."""
        found: list[tuple[int, int]] = []
        if self.inverted or not self:
            return found
        expression = _compiled(self.needle, self.literal)[0]
        with limited(LINE_LIMIT_S):
            for match in expression.finditer(text[:MATCHED]):
                if match.end() > match.start():
                    found.append(match.span())
                if len(found) >= MARKS_PER_LINE:
                    break
        return found

    @property
    def _is_plain(self) -> bool:
        return self.literal or bool(self.trouble) or not _SPECIAL.intersection(self.needle)

    def _keeps_plain(self, line: LogLine) -> bool:
        needle = self.needle.casefold()
        found = needle in text_of_line(line)[:MATCHED].casefold() or needle in self._whose(line).casefold()
        return found is not self.inverted

    def _keeps(self, line: LogLine) -> bool:
        search = _compiled(self.needle, self.literal)[0].search
        found = search(text_of_line(line)[:MATCHED]) or search(self._whose(line))
        return bool(found) is not self.inverted

    def _whose(self, line: LogLine) -> str:
        """Its camera, as it is shown and as commands name it."""
        return f"{line.camera}\n{self.names.get(line.camera, '')}" if self.with_camera else ""


@lru_cache(maxsize=32)
def _compiled(needle: str, literal: bool) -> tuple[re.Pattern[str], str]:
    if not literal:
        try:
            return re.compile(needle, re.IGNORECASE), ""
        except (re.error, RecursionError, OverflowError) as error:
            words = error.msg if isinstance(error, re.error) else "too large"
            return re.compile(re.escape(needle), re.IGNORECASE), words
    return re.compile(re.escape(needle), re.IGNORECASE), ""
