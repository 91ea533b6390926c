"""Reads the table of messages: the one that comes with vmstui, and a person's own that adds to it or changes it.

An entry of one's own with the id of one that is there changes the keys that it names and leaves the others; with a new
id it has to have pattern, severity, cause and action. Errors name file, line, key, what was found and what is accepted,
all at once. The shipped table is checked by tests, not at each start.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import Severity
from vmstui.resources import config_folder
from vmstui.sanitise import clean
from vmstui.settings.document import MAX_FILE_BYTES, read_document
from vmstui.settings.folders import find_path
from vmstui.settings.keys import Key
from vmstui.settings.problems import WHOLE_FILE, Place, Report, shown
from vmstui.settings.reader import Context, SectionReader
from vmstui.triage import message_keys as keys
from vmstui.triage.knowledge import Knowledge, Message, Rule
from vmstui.triage.masking import Masker

MESSAGES_FILE = "messages.yaml"


def load_knowledge(config: str | None = None) -> Knowledge:
    """The table that comes with vmstui, with `messages.yaml` beside the configuration file.

    Raises `SettingsError` with every error of that file.
    """
    shipped = shipped_messages()
    own = os.path.join(os.path.dirname(os.path.abspath(find_path(config))), MESSAGES_FILE)
    return Knowledge(tuple(read_own(own, shipped).values()))


@lru_cache(maxsize=1)
def shipped_messages() -> Mapping[str, Message]:
    """The entries that come with vmstui, by id."""
    path = config_folder() / MESSAGES_FILE
    return read_messages(str(path), path.read_bytes(), {}, shipped=True)


def read_own(path: str, shipped: Mapping[str, Message]) -> Mapping[str, Message]:
    """`shipped` with what this file adds or changes; as it is where there is no such file. Raises `SettingsError`."""
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return shipped
    except OSError as error:
        report = Report(path)
        report.error(
            WHOLE_FILE, "", (error.strerror or "no usable file").lower(), "a readable file of messages, or none"
        )
        report.raise_errors()
        raise AssertionError("unreachable") from None
    return read_messages(path, raw, shipped)


def read_messages(path: str, raw: bytes, known: Mapping[str, Message], *, shipped: bool = False) -> dict[str, Message]:
    """`known` with the entries of a file. Raises `SettingsError` with every error; a shipped one is trusted."""
    report = Report(path)
    node = read_document(raw, report, shipped=shipped)
    report.raise_errors()
    root = SectionReader(keys.ROOT, node, "", Place(1, 1), Context(report, str(Path(path).parent)))
    messages = dict(known)
    lines: dict[str, int] = {}
    for section in root.listed(keys.MESSAGES):
        identity = section.value(keys.ID)
        place = section.place_of(keys.ID.name)
        if identity is not None and identity in lines:
            found = f"{shown(identity)}, which is the entry in line {lines[identity]} already"
            report.error(place, f"{section.path}.{keys.ID.name}", found, "an id of its own for each entry")
        message = _message(section, identity or "", known.get(identity or ""), report)
        if not shipped:
            _check_pattern(section, message, report)
        if identity is not None:
            lines.setdefault(identity, place.line)
            messages[identity] = message
    report.raise_errors()
    return messages


# In the functions below, what follows `or` stands in for values with errors: nobody sees it.


def _message(section: SectionReader, identity: str, base: Message | None, report: Report) -> Message:
    if base is None:
        for key in (keys.PATTERN_KEY, keys.SEVERITY, keys.CAUSE, keys.ACTION):
            if not section.has(key.name) and not section.is_wrong(key.name):
                _missing(section, key, report)
        base = Message(identity, "", Severity.INFO, "", "")
    sums = section.value(keys.SUM) or base.sums
    message = replace(
        base,
        pattern=section.value(keys.PATTERN_KEY) or base.pattern,
        severity=section.value(keys.SEVERITY) or base.severity,
        cause=section.value(keys.CAUSE) or base.cause,
        action=section.value(keys.ACTION) or base.action,
        ffmpeg=section.value(keys.FFMPEG_KEY) or base.ffmpeg,
        rules=_rules(section, report) if section.has(keys.WHEN.name) else base.rules,
        origin=section.value(keys.OUTPUT) or base.origin,
        settles=_flag(section.value(keys.SETTLES), base.settles),
        follows=_flag(section.value(keys.FOLLOWS), base.follows),
        repeats=section.values(keys.REPEATS) or base.repeats,
        continues=_flag(section.value(keys.CONTINUES), base.continues),
        connection=_flag(section.value(keys.CONNECTION), base.connection),
        sums=sums,
        source=section.value(keys.SOURCE) or base.source,
        samples=section.values(keys.SAMPLES) or base.samples,
    )
    return message


def _check_pattern(section: SectionReader, message: Message, report: Report) -> None:
    """What concerns the pattern and other keys: its groups are numbers, and its samples are such lines."""
    if section.is_wrong(keys.PATTERN_KEY.name) or not message.pattern:
        return
    if not any(section.has(key.name) for key in (keys.PATTERN_KEY, keys.SUM, keys.SAMPLES)):
        return
    compiled = re.compile(message.pattern)
    if message.sums and message.sums not in compiled.groupindex:
        here = f"{section.path}.{keys.SUM.name}"
        accepted = f"a named group of the pattern, such as (?P<{message.sums}>\\d+)"
        report.error(section.place_of(keys.SUM.name), here, shown(message.sums), accepted)
    for sample in message.samples:
        text = sample_text(sample)
        found = compiled.search(text)
        here = f"{section.path}.{keys.SAMPLES.name}"
        place = section.place_of(keys.SAMPLES.name if section.has(keys.SAMPLES.name) else keys.PATTERN_KEY.name)
        if found is None:
            report.error(place, here, f"{shown(text)}, which the pattern does not match", "lines that it matches")
            continue
        for name, value in found.groupdict().items():
            if value is not None and not re.fullmatch(r"-?\d{1,18}", value):
                found_ = f"{shown(value)} in the group {name}"
                report.error(section.place_of(keys.PATTERN_KEY.name), f"{section.path}.pattern", found_, "a number")


def sample_text(sample: str) -> str:
    """The text of a sample as patterns see it: masked, harmless, without the brackets at its start."""
    return parse_line(clean(Masker(()).mask(sample))).text


def _rules(section: SectionReader, report: Report) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for part in section.listed(keys.WHEN):
        rule = Rule(
            severity=part.value(keys.RULE_SEVERITY) or Severity.INFO,
            over=part.value(keys.OVER),
            within_s=part.value(keys.WITHIN) or 60,
            lasts_s=part.value(keys.LASTS),
            number=part.value(keys.NUMBER),
            starts=part.value(keys.STARTS),
            no_frame_s=part.value(keys.NO_FRAME),
            stopping=part.value(keys.STOPPING),
            origin=part.value(keys.RULE_OUTPUT),
        )
        conditions = [key for key in keys.WHEN.names() if key not in (keys.RULE_SEVERITY.name, keys.WITHIN.name)]
        if not any(part.has(key) for key in conditions) and not part.is_wrong(keys.RULE_SEVERITY.name):
            report.error(part.place, part.path, "no condition", f"one or several of: {', '.join(conditions)}")
        if part.has(keys.WITHIN.name) and not part.has(keys.OVER.name):
            place = part.place_of(keys.WITHIN.name)
            report.error(place, f"{part.path}.{keys.WITHIN.name}", "within without over", "both, or none")
        rules.append(rule)
    return tuple(rules)


def _flag(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value


def _missing(section: SectionReader, key: Key[str] | Key[Severity], report: Report) -> None:
    accepted = f"{key.kind.accepted}: a new entry needs it"
    report.error(section.place, f"{section.path}.{key.name}", "nothing", accepted)
