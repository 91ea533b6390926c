"""A finding while lines come in: what `findings` counts, grades and gives out. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from vmstui.findings import ERROR_LEVELS, Finding, Origin, Seen, Severity
from vmstui.logged import LogLevel
from vmstui.triage.knowledge import Message
from vmstui.triage.rates import Minutes

SPARK_MINUTES = 30
SEVERITIES = tuple(reversed(Severity))
"""By their rank."""
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

    @property
    def is_unclear(self) -> bool:
        """Several parts of a worker may have said it: where a line tells nothing, the table says whose it is."""
        return self.message is not None and is_unclear(self.message, self.origin)

    def is_about(self, origin: Origin, most: int) -> None:
        """It turned out which part said it."""
        self.origin, self.most = origin, most
        self.is_of(self.message)
        self.base, self.severity, self.worst = (min(rank, most) for rank in (self.base, self.severity, self.worst))

    def take_in(self, later: Kept, quiet_s: float) -> None:
        """Count what is kept of the same message, which came after this. After a pause of more than `quiet_s` it is
        another spell."""
        last_s, spell_s = self.last_at_s, later.spell_at_s
        if self.spell_at_s is None or (last_s is not None and spell_s is not None and spell_s - last_s > quiet_s):
            self.spell_at_s = spell_s
        self.last, self.level, self.numbers, self.follows = later.last, later.level, later.numbers, later.follows
        self.last_at_s = later.last_at_s if later.last_at_s is not None else last_s
        self.starts = self.starts + 1 if self.run == later.run - 1 else later.starts
        self.run = later.run
        self.count += later.count
        self.amount += later.amount
        self.minutes.add_all(later.minutes)
        self.base, self.severity = later.base, max(self.severity, later.severity)
        self.worst = max(self.worst, later.worst)
        self.graded_at_s = later.graded_at_s if later.graded_at_s is not None else self.graded_at_s
        self.is_unsettled = self.is_unsettled or later.is_unsettled


def is_unclear(message: Message, origin: Origin) -> bool:
    """Whether a message with this origin may have been said by several parts of a worker."""
    return origin is Origin.PROCESS and message.origin not in (None, Origin.PROCESS)


def is_of_live_connection(kept: Kept) -> bool:
    """Whether it is about the connection to the live server."""
    return kept.origin is Origin.LIVE and kept.message is not None and kept.message.connection


def given_out(kept: Kept, camera: str, severity: int, end_s: float | None) -> Finding:
    """For people, with that severity, as of `end_s`: now, or when the log ended."""
    is_timed = kept.last_at_s is not None and end_s is not None
    return Finding(
        camera=camera,
        origin=kept.origin,
        fingerprint=kept.fingerprint,
        message=kept.message.id if kept.message else "",
        level=kept.level.value,
        severity=SEVERITIES[severity] if kept.message else None,
        worst=SEVERITIES[max(kept.worst, severity)] if kept.message else None,
        count=kept.count,
        amount=kept.amount,
        rate_per_min=kept.minutes.within(60, end_s) if is_timed and end_s is not None else None,
        peak_per_min=float(kept.minutes.peak_per_min) if is_timed else None,
        spark=kept.minutes.spark(SPARK_MINUTES, end_s) if is_timed and end_s is not None else (),
        first=seen(kept.first),
        last=seen(kept.last),
        numbers=dict(kept.numbers),
        examples=tuple(kept.examples),
        follows=kept.follows,
    )


def seen(line: Line) -> Seen:
    """A line that was kept, for people."""
    number, at_s, text = line
    return Seen(number, None if at_s is None else datetime.fromtimestamp(at_s, UTC), text)


def order(finding: Finding) -> tuple[int, int, int]:
    """Critical, degraded, unknown errors, benign, other unknown ones, info."""
    if finding.worst is None:
        rank = 5 if finding.level in ERROR_LEVELS else 2
    else:
        rank = {Severity.CRITICAL: 8, Severity.DEGRADED: 7, Severity.BENIGN: 3, Severity.INFO: 1}[finding.worst]
    return -rank, -finding.count, finding.first.number
