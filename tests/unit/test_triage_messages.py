"""Promises of the table of messages: every entry knows its real lines, and a person's own file is checked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from vmstui.findings import Origin, Severity
from vmstui.resources import config_folder
from vmstui.settings.errors import SettingsError
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import (
    MESSAGES_FILE,
    load_knowledge,
    read_messages,
    read_own,
    sample_text,
    shipped_messages,
)
from vmstui.triage.messages_schema import SCHEMA_FILE, schema_text
from vmstui.triage.words import WORD, alternatives, keys, whole_words

SHIPPED = shipped_messages()
KNOWLEDGE = Knowledge(tuple(SHIPPED.values()))
NEW = "messages:\n  - id: own\n    pattern: 'flux capacitor'\n    severity: critical\n    cause: c\n    action: a\n"


def test_every_sample_is_recognised_as_its_entry() -> None:
    taken = {}
    for message in SHIPPED.values():
        assert message.samples, message.id
        for sample in message.samples:
            match = KNOWLEDGE.match(sample_text(sample))
            taken[sample] = (message.id, match and match.message.id)
    assert [(sample, *ids) for sample, ids in taken.items() if ids[0] != ids[1]] == []


def test_every_entry_says_what_it_means_and_what_to_do() -> None:
    for message in SHIPPED.values():
        assert message.cause.endswith("."), message.id
        assert message.action.endswith("."), message.id
        assert message.ffmpeg, message.id
        assert message.source, message.id


def test_what_an_entry_says_again_is_in_the_table_and_stands_for_itself() -> None:
    for message in SHIPPED.values():
        for identity in message.repeats:
            assert not SHIPPED[identity].repeats, message.id
            assert not SHIPPED[identity].follows, message.id


def test_the_shipped_table_passes_the_check_of_a_persons_own() -> None:
    """It is not looked through when it is loaded."""
    path = config_folder() / MESSAGES_FILE
    assert read_messages(str(path), path.read_bytes(), {}) == SHIPPED


def test_the_shipped_table_and_an_own_one_fit_the_schema() -> None:
    """Else run `python -m vmstui.triage.messages_schema`."""
    assert (config_folder() / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    validator.validate(yaml.safe_load((config_folder() / MESSAGES_FILE).read_text(encoding="utf-8")))
    validator.validate(yaml.safe_load(NEW))
    assert not validator.is_valid(yaml.safe_load(NEW.replace("critical", "awful")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Error submitting packet to decoder: Invalid data found when processing input", "packet_not_decoded"),
        ("Error opening input: Invalid data found when processing input", "invalid_data"),
        ("Error muxing a packet: No space left on device", "disk_full"),
        ("Task finished with error code: -28 (No space left on device)", "disk_full"),
        ("Error opening output files: Permission denied", "permission_denied"),
        ("Too many packets buffered for output stream 0:1. No space left on device", "disk_full"),
        ("Conversion failed!", "conversion_failed"),
    ],
)
def test_of_several_entries_the_reason_and_then_the_worst_is_taken(text: str, message: str) -> None:
    match = KNOWLEDGE.match(text)
    assert match is not None
    assert match.message.id == message


def test_numbers_are_read_from_lines() -> None:
    def numbers(text: str) -> dict[str, int]:
        match = KNOWLEDGE.match(text)
        assert match is not None
        return dict(match.numbers)

    assert numbers("RTP: missed 28 packets") == {"missed": 28}
    assert numbers("Task finished with error code: -28 (No space left on device)") == {"errno": -28}
    assert numbers("Slave muxer #1 failed: Broken pipe, continuing with 1/2 slaves.") == {
        "slave": 1,
        "left": 1,
        "all": 2,
    }
    assert numbers("RTP: missed " + "9" * 500 + " packets") == {}, "no number that a person could read"


def test_the_word_of_a_pattern_is_in_every_line_that_it_matches() -> None:
    """Else a line would not be tried against it."""
    patterns = [message.pattern for message in SHIPPED.values()]
    for message, words in zip(SHIPPED.values(), keys(patterns), strict=True):
        for sample in message.samples:
            assert words is None or set(words) & set(WORD.findall(sample_text(sample))), message.id
    assert [message for message, words in zip(SHIPPED, keys(patterns), strict=True) if words is None] == ["metadata"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Connection refused", [["Connection", "refused"]]),
        (r"Non-monoton(?:ous|ic) DTS", [["Non", "DTS"]]),
        (r"lib\w+ missing", [["missing"]]),
        (r"words? here", [["here"]]),
        (r"colou?r of it", [["of", "it"]]),
        (r"a[b|\]c]d one|two", [["one"], ["two"]]),
        (r"(?:one|two) three", [["three"]]),
        (r"^ +Stream #\d", [["Stream"]]),
        (r"Stream{2} x yy", [["yy"]]),
        (r"\bno frame!", [["no", "frame"]]),
        (r"(one|two)", [[]]),
    ],
)
def test_words_of_a_pattern_are_those_that_always_stand_whole(pattern: str, expected: list[list[str]]) -> None:
    assert [whole_words(alternative) for alternative in alternatives(pattern)] == expected


def test_a_pattern_without_a_word_of_its_own_is_found_too() -> None:
    own = read_messages("m.yaml", NEW.replace("flux capacitor", "(?:flux|time) *[0-9]+").encode(), SHIPPED)
    match = Knowledge(tuple(own.values())).match("the time 42 is wrong")
    assert match is not None
    assert match.message.id == "own"


def test_an_own_file_adds_entries_and_changes_single_keys(tmp_path: Path) -> None:
    (tmp_path / MESSAGES_FILE).write_text(NEW + "  - id: sei_truncated\n    severity: info\n")
    knowledge = load_knowledge(str(tmp_path / "vmstui.yaml"))
    match = knowledge.match("the flux capacitor is empty")
    assert match is not None
    assert (match.message.id, match.message.severity) == ("own", Severity.CRITICAL)
    changed, before = knowledge.messages["sei_truncated"], SHIPPED["sei_truncated"]
    assert changed.severity is Severity.INFO
    assert (changed.pattern, changed.cause, changed.origin) == (before.pattern, before.cause, Origin.INPUT)


def test_without_an_own_file_the_shipped_table_is_all(tmp_path: Path) -> None:
    assert load_knowledge(str(tmp_path / "vmstui.yaml")).messages == SHIPPED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("messages:\n  - id: own\n", "m.yaml:2: messages[0].pattern: found nothing, accepted a regular expression"),
        (NEW.replace("flux capacitor", "flux ("), "m.yaml:3: messages[0].pattern: found 'flux (': missing ), unter"),
        (NEW.replace("flux capacitor", "x*"), "m.yaml:3: messages[0].pattern: found 'x*', which matches every line"),
        (NEW.replace("flux capacitor", "(?i)flux"), "messages[0].pattern: found '(?i)flux' with flags, accepted a reg"),
        (
            NEW.replace("critical", "criticle"),
            "m.yaml:4: messages[0].severity: found 'criticle', accepted: did you mea",
        ),
        (NEW + "    sample: x\n", "m.yaml:7: messages[0].sample: found 'sample', accepted: did you mean 'samples'?"),
        (NEW + "    samples: [flux capacitor, tardis]\n", "found 'tardis', which the pattern does not match"),
        (NEW + "    sum: lost\n", "messages[0].sum: found 'lost', accepted a named group of the pattern, such as"),
        (NEW + "    when: [{severity: info}]\n", "found no condition, accepted one or several of: over, lasts"),
        (NEW + "    when: [{within: 1m, stopping: true, severity: info}]\n", "found within without over"),
        (NEW + "    ffmpeg: new\n", "messages[0].ffmpeg: found 'new', accepted versions of ffmpeg such as 5+"),
        (NEW + NEW.partition("\n")[2], "m.yaml:7: messages[1].id: found 'own', which is the entry in line 2 already"),
        ("message: []\n", "m.yaml:1: message: found 'message', accepted: did you mean 'messages'?"),
        ("messages: [\n", "found a syntax error"),
    ],
)
def test_an_own_file_that_is_wrong_names_line_key_and_what_is_accepted(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(says)):
        read_own(str(path), SHIPPED)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a directory, accepted a readable file of messages"):
        read_own(str(tmp_path), SHIPPED)
