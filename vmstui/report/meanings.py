"""What the warnings of the time of a report mean and cost, by the recorder's own findings. Pure.

What nobody knows has no meaning here; its lines stand in the table of lines as ffmpeg wrote them (`messages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vmstui.findings import ExplainedFinding, Severity
from vmstui.report.document import Block, Bullets, Text, Tone, Verdict, said
from vmstui.report.gathered import Gathered
from vmstui.report.names import minute
from vmstui.spoken import names, plural

IMPACT = {
    Severity.CRITICAL: "nothing is made while it goes on, or will not be soon",
    Severity.DEGRADED: "it is made, but damaged, late or at risk",
    Severity.BENIGN: "expected noise that costs no footage, as long as there is not too much of it",
    Severity.INFO: "something changed; nothing is wrong",
}
TONES = {Severity.CRITICAL: Tone.BAD, Severity.DEGRADED: Tone.WARN}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One kind of message, of all cameras that had it in the time of the report."""

    severity: Severity
    """The worst it was."""
    cause: str
    action: str
    id: str
    cameras: tuple[str, ...]
    count: int
    """Lines, since the first one."""
    first_at: datetime | None
    last_at: datetime | None
    known: bool
    """Somebody acknowledged it on all of them."""


def meanings(gathered: Gathered) -> list[Meaning]:
    """The worst first, and of equal ones the most frequent."""
    alike: dict[tuple[str, str], list[ExplainedFinding]] = {}
    for row in gathered.findings.rows if gathered.findings is not None else ():
        at, found = row.finding.last.at, row.finding
        if found.message and found.worst is not None and (row.active or (at is not None and at >= gathered.since)):
            alike.setdefault((found.message, row.cause), []).append(row)
    made = [_meaning(rows) for rows in alike.values()]
    return sorted(made, key=lambda one: (-one.severity.rank, -one.count, one.id))


def _meaning(rows: Sequence[ExplainedFinding]) -> Meaning:
    found = [row.finding for row in rows]
    firsts, lasts = (
        [seen.at for seen in of if seen.at is not None]
        for of in ([one.first for one in found], [one.last for one in found])
    )
    return Meaning(
        max((one.worst for one in found if one.worst is not None), key=lambda severity: severity.rank),
        rows[0].cause,
        rows[0].action,
        found[0].message,
        tuple(dict.fromkeys(one.camera for one in found)),
        sum(one.count for one in found),
        min(firsts, default=None),
        max(lasts, default=None),
        all(row.is_quiet for row in rows),
    )


def meaning_blocks(gathered: Gathered) -> list[Block]:
    """Of each severity its impact, and below it the messages: how often, whose, what it means, what to do."""
    found = meanings(gathered)
    blocks: list[Block] = []
    for severity in Severity:
        of_it = [one for one in found if one.severity is severity]
        if of_it:
            verdict = Verdict(severity.value, TONES.get(severity, Tone.OPEN))
            blocks.append(said(verdict, f": {IMPACT[severity]}."))
            blocks.append(Bullets(tuple(_told(one, gathered) for one in of_it)))
    if blocks:
        blocks.insert(0, said("What messages of this time mean, counted since each came first:"))
    return blocks


def _told(one: Meaning, gathered: Gathered) -> Text:
    when = ""
    if one.first_at is not None and one.last_at is not None:
        when = f", {minute(one.first_at, gathered.zone)} to {minute(one.last_at, gathered.zone)}"
    quiet = ", acknowledged" if one.known else ""
    head = f"{plural(one.count, 'line')} of {names(list(one.cameras), 4)}{when}{quiet}: "
    return (head, one.cause, f" What to do: {one.action}" if one.action else "", f" ({one.id})")
