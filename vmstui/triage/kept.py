"""A finding while lines come in: what `findings` counts, grades and gives out. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping

from vmstui.findings import Origin
from vmstui.model import LogLevel
from vmstui.triage.knowledge import Message
from vmstui.triage.rates import Minutes

Line = tuple[int, float | None, str]
"""Number, time, text."""


class Kept:
    """One of them. Severities are ranks: members of an enumeration are dear to hash and compare."""

    __slots__ = (
        "amount",
        "base",
        "count",
        "example_folds",
        "examples",
        "fingerprint",
        "first",
        "follows",
        "graded_at_s",
        "is_unsettled",
        "last",
        "last_at_s",
        "level",
        "message",
        "minutes",
        "most",
        "numbers",
        "origin",
        "rank",
        "run",
        "severity",
        "spell_at_s",
        "starts",
        "sums",
        "top",
        "worst",
    )

    def __init__(self, fingerprint: str, message: Message | None, origin: Origin, first: Line, most: int) -> None:
        self.fingerprint = fingerprint
        self.origin = origin
        self.most = most
        """As severe as what it is about can be."""
        self.is_of(message)
        self.first = self.last = first
        self.level = LogLevel.UNKNOWN
        self.count = self.amount = 0
        self.base = self.severity = self.worst = 0
        """As the last line was graded without rules; with them; the worst ever."""
        self.graded_at_s: float | None = None
        """When it was last as severe as it is held to be."""
        self.last_at_s: float | None = None
        self.spell_at_s: float | None = None
        self.minutes = Minutes()
        self.numbers: Mapping[str, int] = {}
        self.examples: list[str] = []
        self.example_folds: set[str] = set()
        self.follows = ""
        self.run = -1
        self.starts = 0
        self.is_unsettled = False
        """It came at another time than right after a start."""

    def is_of(self, message: Message | None) -> None:
        """Take over what the table says of it."""
        self.message = message
        said = (message.severity, *(rule.severity for rule in message.rules)) if message is not None else ()
        self.rank = min(said[0].rank, self.most) if said else 0
        self.top = min(max((severity.rank for severity in said), default=0), self.most)
        """The worst that a rule may make of it."""
        self.sums = message.sums if message is not None else ""
