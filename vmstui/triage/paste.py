"""Unknown messages as entries for a person's own `messages.yaml`, ready to paste: a pattern that matches, and blanks.

Pure; called by `vmstui triage --unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from vmstui.findings import Finding
from vmstui.settings.problems import EXPANSION
from vmstui.spoken import plural
from vmstui.triage.fold import differs

PATTERN_WORDS = 14
_ID_WORDS = 4
_ID_CHARACTERS = 50


def entries(findings: Iterable[Finding]) -> str:
    """YAML with an entry for each finding."""
    taken: set[str] = set()
    made = ["messages:"]
    for finding in findings:
        text = finding.examples[0]
        identity = _identity(text, taken)
        taken.add(identity)
        made += [
            f"  - id: {identity}  # {plural(finding.count, 'line')}, {finding.level}",
            f"    pattern: {_quoted(pattern_of(text))}",
            "    severity: degraded  # info, benign, degraded or critical",
            f"    output: {finding.origin.value}",
            "    cause: (what it means)",
            "    action: (what to do)",
        ]
        if EXPANSION not in text:
            made.append(f"    samples: {_quoted(text)}")
    return "\n".join(made) + "\n"


def pattern_of(text: str) -> str:
    """A pattern for the text and for others that differ from it in numbers, addresses and paths only."""
    words = [word for word in text.split(" ") if word][:PATTERN_WORDS]
    while words and differs(words[-1]):
        words.pop()
    while words and differs(words[0]):
        del words[0]
    if not words:
        return re.escape(text.strip())
    blank = r"\s+" if "  " in text.strip() else " "
    return blank.join(r"\S+" if differs(word) else _escaped(word) for word in words)


def _escaped(word: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", word)


def _identity(text: str, taken: set[str]) -> str:
    words = [word.lower() for word in re.findall("[A-Za-z]+", text)][:_ID_WORDS]
    stem = "_".join(words)[:_ID_CHARACTERS] or "message"
    return next(
        name for name in (stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3))) if name not in taken
    )


def _quoted(text: str) -> str:
    if text.isascii():
        return "'" + text.replace("'", "''") + "'"
    escaped = (
        f"\\{character}" if character in '\\"' else character if character.isascii() else f"\\U{ord(character):08x}"
        for character in text
    )
    return '"' + "".join(escaped) + '"'
