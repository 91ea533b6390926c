"""Lines that ffmpeg 5.1 and 9.0 really said when tests provoked faults (`tests/triage`), held against the table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import sample_text, shipped_messages

SEEN: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "seen_lines.json").read_text(encoding="utf-8"))
KNOWLEDGE = Knowledge(tuple(shipped_messages().values()))


@pytest.mark.parametrize("version", SEEN)
def test_every_line_that_was_seen_is_recognised(version: str) -> None:
    wrong = []
    for identity, line in SEEN[version].items():
        match = KNOWLEDGE.match(sample_text(line))
        if match is None or match.message.id != identity:
            wrong.append((identity, line))
    assert wrong == []


def test_the_source_of_an_entry_says_in_which_versions_it_was_seen_and_in_no_other() -> None:
    """What is not seen yet is known from the source code of ffmpeg alone."""
    wrong = {}
    for message in shipped_messages().values():
        versions = [version for version in sorted(SEEN) if message.id in SEEN[version]]
        told = re.search(r"; seen in (.*)$", message.source)
        if (told[1] if told else "") != " and ".join(versions):
            wrong[message.id] = (message.source, versions)
    assert wrong == {}


def test_both_versions_are_in_it() -> None:
    assert {version: len(lines) >= 40 for version, lines in SEEN.items()} == {"5.1": True, "9.0": True}
