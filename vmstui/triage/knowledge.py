"""The table of messages as it is used: which entry a line belongs to, and what the entry says. Pure.

`messages_file` reads the table, `findings` asks it line by line. A line is tried only against the patterns whose word
it holds (`words`), and texts that were asked for lately are known by heart, so that a flood of the same lines costs
little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from vmstui.findings import Origin, Severity
from vmstui.light_dataclass import dataclass
from vmstui.triage.words import WORD, alternatives, keys

LOOKED_AT_CHARACTERS = 1024
"""Of a line; ffmpeg's own end there (libavutil/log.c, LINE_SZ)."""
MAX_DIGITS = 18
"""Of a number in a line; longer ones are none."""
KNOWN_BY_HEART = 2048
"""Texts whose entry is remembered."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a message is of another severity. All conditions that are set must hold; what is unknown does not hold."""

    severity: Severity
    over: int | None = None
    """More than so many lines (or what they count) within `within_s`."""
    within_s: int = 60
    lasts_s: int | None = None
    """It has been coming for longer than this, without a pause of minutes."""
    number: int | None = None
    """The first number read from the line is this or more."""
    starts: int | None = None
    """It came in so many starts of the worker in a row."""
    no_frame_s: int | None = None
    """No picture came within this time after the start."""
    stopping: bool | None = None
    """The worker was told to end, or was not."""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the table."""

    id: str
    pattern: str
    severity: Severity
    cause: str
    action: str
    ffmpeg: str = ""
    """Versions that have the text, such as `5+` or `7-9`."""
    rules: tuple[Rule, ...] = ()
    """The first that holds decides."""
    origin: Origin | None = None
    """What it is about where the line does not tell."""
    settles: bool = False
    """Noise that belongs to a start: graded one step lower then, and forgotten once footage is good."""
    follows: bool = False
    """It only says that something before it went wrong."""
    repeats: tuple[str, ...] = ()
    """Ids of messages whose reason it says again, where one of them came just before it."""
    continues: bool = False
    """It belongs to the line before it."""
    connection: bool = False
    """It is about reaching the other side: over once the stream flows steadily again (`flow`)."""
    sums: str = ""
    """Name of the group of the pattern whose numbers are added up."""
    source: str = ""
    samples: tuple[str, ...] = ()


class Match(NamedTuple):
    """The entry a text belongs to, and the numbers in it. A tuple: thousands are made each second."""

    message: Message
    numbers: Mapping[str, int]


class _Entry:
    """A message while lines are looked at; its pattern is compiled when it is first tried."""

    __slots__ = ("is_own", "match", "message", "rank", "search")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.rank = message.severity.rank
        self.is_own = not message.follows and not message.continues
        """Whether it names a reason of its own."""
        self.match = Match(message, {})
        """What is made of lines without numbers of interest."""
        self.search: Callable[[str], re.Match[str] | None] = self._first_search

    def _first_search(self, text: str) -> re.Match[str] | None:
        compiled = re.compile(self.message.pattern)
        at_start = self.message.pattern.startswith("^") and len(list(alternatives(self.message.pattern))) == 1
        self.search = compiled.match if at_start else compiled.search
        return self.search(text)


class Knowledge:
    """All entries, ready to be asked. Shared by all cameras."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages: Mapping[str, Message] = {message.id: message for message in messages}
        self._by_word: dict[str, list[_Entry]] = {}
        self._always: list[_Entry] = []
        """Those without a word of their own."""
        self._indented: list[_Entry] = []
        """Of them, those for lines that begin with a blank."""
        ordered = [_Entry(message) for message in self.messages.values()]
        for entry, words in zip(ordered, keys([entry.message.pattern for entry in ordered]), strict=True):
            for word in words or ():
                self._by_word.setdefault(word, []).append(entry)
            if words is None:
                (self._indented if entry.message.pattern.startswith("^ ") else self._always).append(entry)
        self.match = lru_cache(maxsize=KNOWN_BY_HEART)(self._match)
        """The entry of a text (`ParsedLine.text`), or None. Of several the one that names a reason of its own, then the
        worst, then the one that ends last, as the reason stands at the end; the numbers of all."""

    def _match(self, text: str) -> Match | None:
        text = text[:LOOKED_AT_CHARACTERS]
        by_word = self._by_word
        tried = self._always + self._indented if text.startswith(" ") else self._always.copy()
        for word in WORD.findall(text):
            if word in by_word:
                tried += by_word[word]
        fits = [(entry, found) for entry in tried if (found := entry.search(text)) is not None]
        if not fits:
            return None
        best = fits[0] if len(fits) == 1 else max(fits, key=_order)
        numbers: dict[str, int] = {}
        for _, found in (best, *fits) if len(fits) > 1 else fits:  # its own first
            if found.re.groups:
                numbers |= _numbers(found)
        return Match(best[0].message, numbers) if numbers else best[0].match


def _order(fit: tuple[_Entry, re.Match[str]]) -> tuple[bool, int, int]:
    """Of several entries the one with the greatest is taken."""
    entry, found = fit
    return entry.is_own, entry.rank, found.end()


def _numbers(found: re.Match[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for name, value in found.groupdict().items():
        if value is not None and len(value) <= MAX_DIGITS and value.removeprefix("-").isdecimal():
            numbers[name] = int(value)
    return numbers
