"""What one camera's findings are, written down for a later service, and taken up again. Pure.

Goes over versions by `codec`: fields that a version does not know are passed over, and those that it has beyond are as
in a new finding. A message that the table does not have any more is not taken up. What is held of a run goes on only
where the run does (`CameraTriage.resumed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from vmstui.findings import Origin, Seen, Severity
from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.triage.findings import CameraTriage
from vmstui.triage.fold import fold
from vmstui.triage.kept import Kept, Line, seen
from vmstui.triage.knowledge import Knowledge

_PER_RANK = tuple(reversed(Severity))


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """One finding. Times are in seconds since the epoch."""

    fingerprint: str
    message: str
    origin: Origin
    level: LogLevel
    count: int
    amount: int
    first: Seen
    last: Seen
    severity: Severity = Severity.INFO
    worst: Severity = Severity.INFO
    graded_at_s: float | None = None
    last_at_s: float | None = None
    spell_at_s: float | None = None
    minutes: tuple[tuple[int, int], ...] = ()
    peak_per_min: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    follows: str = ""
    in_run: bool = False
    """It came in the run that was under way."""
    starts: int = 0
    is_unsettled: bool = False


@dataclass(frozen=True, slots=True)
class KeptTriage:
    """All of a camera."""

    findings: tuple[KeptFinding, ...] = ()
    """The worst and most frequent first."""
    lines: int = 0
    not_kept: int = 0
    not_kept_errors: int = 0
    left_out: int = 0
    settled_lines: int = 0
    proven: bool = False
    recorded_s: float | None = None
    live_s: float | None = None
    """What is over of its connections (`flow`)."""


def written_down(triage: CameraTriage) -> KeptTriage:
    """As it is now."""
    kept = sorted(triage.kept(), key=lambda one: (-one.worst, one.message is None, -one.count))
    return KeptTriage(
        tuple(_written(one, triage.run) for one in kept),
        triage.lines,
        triage.not_kept,
        triage.not_kept_errors,
        triage.left_out,
        triage.settled_lines,
        triage.proven,
        triage.flow.recorded_s,
        triage.flow.live_s,
    )


def taken_up(noted: KeptTriage, triage: CameraTriage, knowledge: Knowledge) -> None:
    """Begin with what was written down, in a triage that is new."""
    kept = [one for entry in noted.findings if (one := _taken(entry, triage, knowledge)) is not None]
    triage.recall(kept, proven=noted.proven)
    triage.flow.recorded_s, triage.flow.live_s = noted.recorded_s, noted.live_s
    triage.lines, triage.left_out, triage.settled_lines = noted.lines, noted.left_out, noted.settled_lines
    triage.not_kept, triage.not_kept_errors = noted.not_kept, noted.not_kept_errors


def _written(kept: Kept, run: int) -> KeptFinding:
    return KeptFinding(
        kept.fingerprint,
        kept.message.id if kept.message is not None else "",
        kept.origin,
        kept.level,
        kept.count,
        kept.amount,
        seen(kept.first),
        seen(kept.last),
        _PER_RANK[kept.severity],
        _PER_RANK[kept.worst],
        kept.graded_at_s,
        kept.last_at_s,
        kept.spell_at_s,
        kept.minutes.counts,
        kept.minutes.peak_per_min,
        dict(kept.numbers),
        tuple(kept.examples),
        kept.follows,
        kept.run == run,
        kept.starts,
        kept.is_unsettled,
    )


def _taken(entry: KeptFinding, triage: CameraTriage, knowledge: Knowledge) -> Kept | None:
    message = knowledge.messages.get(entry.message) if entry.message else None
    if entry.message and message is None:
        return None
    kept = Kept(entry.fingerprint, message, entry.origin, _line(entry.first), triage.most(entry.origin))
    kept.last = _line(entry.last)
    kept.level = entry.level
    kept.count, kept.amount = entry.count, entry.amount
    kept.severity, kept.worst = (min(one.rank, kept.most) for one in (entry.severity, entry.worst))
    kept.graded_at_s, kept.last_at_s, kept.spell_at_s = entry.graded_at_s, entry.last_at_s, entry.spell_at_s
    kept.minutes.recall(entry.minutes, entry.peak_per_min)
    kept.numbers = dict(entry.numbers)
    kept.examples = list(entry.examples)
    kept.example_folds = {fold(text) for text in entry.examples} if message is not None else set()
    kept.follows = entry.follows
    kept.run = triage.run if entry.in_run else triage.run - 1
    kept.starts = entry.starts
    kept.is_unsettled = entry.is_unsettled
    return kept


def _line(line: Seen) -> Line:
    return line.number, None if line.at is None else line.at.timestamp(), line.text
