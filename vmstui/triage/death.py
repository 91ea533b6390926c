"""Why a worker died, in one sentence: what the table of exits says, and what is left for the table of messages. Pure.

The table of exits (`ffmpeg/exits.py`) knows which line a dying ffmpeg writes last, and what led to it; it speaks first.
Where it knows nothing better than an exit code, the first error that names a reason does, by what the table of messages
says it means. Errors among the last lines that neither of them knows are quoted: two at the most, each kind once.
The live output stands behind `fifo` and survives its server; its lines never explain a death, known or not.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence

from vmstui.ffmpeg.exits import ExitCause, ExitKind, is_of_live_server, is_table_known
from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.findings import ERROR_LEVELS, Severity
from vmstui.triage.fold import fold
from vmstui.triage.knowledge import Match

LAST_LINES = 40
QUOTED = 2
QUOTED_CHARACTERS = 160
_TELLING = (Severity.CRITICAL, Severity.DEGRADED)


def of_death(
    cause: ExitCause,
    exit_: str,
    lines: Sequence[ParsedLine],
    match: Callable[[str], Match | None] | None,
    sent: Sequence[signal.Signals] = (),
    why_sent: str = "",
) -> str:
    """One sentence. `exit_` is the exit code or signal in words, `lines` the loud ones of the run, the last at its end,
    and `match` the table of messages, None where it is not at hand. `sent` are the signals that we sent it, and why.
    """
    if cause.kind is ExitKind.STOPPED:
        told = f"{cause.text} (vmstui sent {', '.join(number.name for number in sent)})" if sent else cause.text
        return f"{told}: {why_sent}" if why_sent else told
    errors = [line for line in lines if line.level in ERROR_LEVELS and not is_of_live_server(line)]
    text = cause.text
    if cause.kind is ExitKind.UNKNOWN and match is not None:
        text = _explained(text, errors, match) or text
    if exit_ and exit_ not in text:
        text += f" ({exit_})"
    unknown = _unknown(errors[-LAST_LINES:], match, text + cause.evidence)
    if unknown:
        text += "; before that, and not explained: " + " and ".join(f"“{quoted}”" for quoted in unknown)
    return text


def _explained(text: str, errors: Sequence[ParsedLine], match: Callable[[str], Match | None]) -> str:
    """By the worst of what the table of messages knows in the errors of the run, the first of these; or empty."""
    known = [(line, found.message) for line in errors if (found := match(line.text)) is not None]
    telling = [
        (line, message)
        for line, message in known
        if message.severity in _TELLING and not message.follows and not message.continues
    ]
    if not telling:
        return ""
    line, message = max(telling, key=lambda each: each[1].severity.rank)
    what = text.partition(": ")[0].removesuffix(" and told no reason")
    return f"{what}: {_first_sentence(message.cause)}: {line.text[:QUOTED_CHARACTERS]}"


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".")


def _unknown(errors: Sequence[ParsedLine], match: Callable[[str], Match | None] | None, told: str) -> list[str]:
    """The last ones of kinds that are not known, in order."""
    seen: set[str] = set()
    found: list[str] = []
    for line in reversed(errors):
        kind = fold(line.text)
        if len(found) == QUOTED or kind in seen:
            continue
        seen.add(kind)
        if line.text not in told and not is_table_known(line) and (match is None or match(line.text) is None):
            found.insert(0, line.text[:QUOTED_CHARACTERS])
    return found
