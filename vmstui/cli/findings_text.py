"""Findings as commands print them: the worst first, each with what was seen, what it means and what to do. Pure.

What `vmstui triage` tells of a log and `vmstui findings` of a recorder looks alike; the parts of that are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from vmstui.findings import ERROR_LEVELS, Finding, Origin, Severity
from vmstui.spoken import fit

BAD = (Severity.CRITICAL, Severity.DEGRADED)


def is_bad(finding: Finding, severity: Severity | None) -> bool:
    """Whether it is worse than benign, of that severity; of what nobody knows, ffmpeg's own level tells."""
    return severity in BAD if finding.message else finding.level in ERROR_LEVELS


def counted(severities: Iterable[Severity | None]) -> list[str]:
    """`1 critical`, `3 benign`, `2 unknown`: how many there are of each, none left out that is there."""
    found = list(severities)
    told = [f"{number} {severity.value}" for severity in Severity if (number := found.count(severity))]
    return [*told, f"{unknown} unknown"] if (unknown := found.count(None)) else told


def explained(
    finding: Finding,
    severity: Severity | None,
    meaning: tuple[str, str],
    width: int,
    *,
    frequency: str = "",
    places: str = "",
    notes: Sequence[str] = (),
) -> Iterator[str]:
    """One finding: `meaning` is its cause and what to do, `frequency` stands behind the count, `places` tells where
    or when it was seen."""
    word = severity.value.upper() if severity in BAD else severity.value if severity is not None else "UNKNOWN"
    amount = f", {finding.amount:,} in all" if finding.amount != finding.count else ""
    name = named(finding) if finding.message else f"{finding.level}{about(finding)}"
    yield fit(f"{word}  {name}  x{finding.count}{amount}{frequency}", width).rstrip()
    if places:
        yield f"  {places}"
    for example in finding.examples:
        yield fit(f"  | {example}", width).rstrip()
    if finding.follows:
        yield fit(f"  follows from {finding.follows}", width).rstrip()
    for note in notes:
        yield from labelled("", note, width)
    for label, text in zip(("means", "do"), meaning, strict=True):
        yield from labelled(label, text, width)


def labelled(label: str, text: str, width: int) -> Iterator[str]:
    """A text that goes on below itself, behind a word; nothing where there is no text."""
    if not label:
        yield from wrap(text, width, initial_indent="  ", subsequent_indent="  ")
    elif text:
        yield from wrap(text, width, initial_indent=f"  {label + ':':<7}", subsequent_indent=" " * 9)


def listed(label: str, items: Iterable[str], width: int) -> Iterator[str]:
    """What need not be told one by one, on a line or a few."""
    if told := ", ".join(items):
        yield ""
        yield from wrap(f"{label}: {told}", width)


def named(finding: Finding) -> str:
    """`no_frame, input of gate`."""
    return f"{finding.message}{about(finding)}"


def about(finding: Finding) -> str:
    """What a finding is about, behind its name: `, input of gate`."""
    camera = f" of {finding.camera}" if finding.camera else ""
    return camera if finding.origin is Origin.PROCESS else f", {finding.origin.value}{camera}"
