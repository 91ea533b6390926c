"""The limit of the GPU's encoder: learnt from what ffmpeg says of a refusal, kept over services, and never assumed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vmstui.ffmpeg.exits import refuses_session
from vmstui.logged import LogLevel
from vmstui.measured import SessionLimit
from vmstui.recorder import encoder_limit
from vmstui.recorder.encoder_limit import NOTE, EncoderSessions, holds, learnt

AT = datetime(2026, 1, 2, tzinfo=UTC)
OLD = "OpenEncodeSessionEx failed: out of memory (10): (no details)"
NEW = "OpenEncodeSessionEx failed: incompatible client key (21): (no details)"


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (OLD, True),
        (NEW, True),
        (f"[hevc_nvenc @ 0x55d0] {NEW}", True),
        ("OpenEncodeSessionEx failed: unsupported device (2)", False),
        ("OpenEncodeSessionEx failed: out of memory (100)", False),
        ("CreateInputBuffer failed: out of memory (10)", False),
        ("Cannot allocate memory", False),
        ("", False),
    ],
)
def test_both_refusals_are_known_and_nothing_else(line: str, refused: bool) -> None:
    assert refuses_session(line) is refused


def test_the_limit_is_the_most_that_was_in_use_at_a_refusal() -> None:
    first = learnt(None, OLD, 5, "550.1", AT)
    assert first == SessionLimit(5, "550.1", AT, OLD)
    assert learnt(first, NEW, 0, "550.1", AT) is first, "nobody knows how many were in use"
    assert learnt(first, NEW, 3, "550.1", AT) is first, "the memory was short, or one had just ended"
    assert learnt(first, NEW, 8, "550.1", AT) == SessionLimit(8, "550.1", AT, NEW)
    assert learnt(first, NEW, 3, "560.2", AT) == SessionLimit(3, "560.2", AT, NEW)
    assert learnt(None, NEW, 0, "550.1", AT) is None


def test_a_limit_is_gone_by_with_its_driver_and_until_it_was_passed() -> None:
    limit = SessionLimit(5, "550.1", AT, OLD)
    assert holds(limit, "550.1", 5)
    assert holds(limit, "", 5), "the driver has not told its version yet"
    assert not holds(limit, "560.2", 1)
    assert not holds(limit, "550.1", 6)
    assert holds(replace(limit, sessions=8), "550.1", 6)


@dataclass
class Machine:
    """What a service would count and be told."""

    folder: Path
    in_use: int = 0
    driver: str = "550.1"
    said: list[str] = field(default_factory=list)

    def sessions(self) -> EncoderSessions:
        return EncoderSessions(self.folder, lambda: self.in_use, lambda: self.driver, self.say)

    def say(self, level: LogLevel, text: str) -> None:
        self.said.append(text)


def test_it_is_told_and_outlives_the_service(tmp_path: Path) -> None:
    machine = Machine(tmp_path, in_use=5)
    told = machine.sessions().refused(OLD)
    assert told == "the GPU's encoder refused a session: it allows 5 at a time"
    assert machine.said == [f"the GPU's encoder allows 5 sessions at a time, it seems: {OLD}"]
    again = machine.sessions().limit
    assert again is not None
    assert (again.sessions, again.driver, again.text) == (5, "550.1", OLD)


def test_a_refusal_before_the_others_have_begun_is_understood_once_they_have(tmp_path: Path) -> None:
    """All workers start at once: at the refusal nobody has a picture yet."""
    machine = Machine(tmp_path)
    sessions = machine.sessions()
    assert "not known yet" in sessions.refused(NEW)
    sessions.look()
    assert sessions.limit is None
    for in_use, limit in ((2, 2), (3, 3), (2, 3)):
        machine.in_use = in_use
        sessions.look()
        assert sessions.limit is not None
        assert sessions.limit.sessions == limit


def test_it_is_forgotten_where_more_are_in_use_and_with_another_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_limit, "SETTLE_S", 0.0)
    machine = Machine(tmp_path, in_use=5)
    sessions = machine.sessions()
    sessions.refused(OLD)
    sessions.look()
    assert sessions.limit is not None
    machine.in_use = 6
    sessions.look()
    assert sessions.limit is None
    assert not (tmp_path / NOTE).exists()
    assert machine.said[-1] == "the limit of 5 sessions of the GPU's encoder is forgotten: 6 sessions are in use"
    machine.in_use = 8
    sessions.refused(OLD)
    sessions.look()
    assert sessions.limit is not None
    machine.driver, machine.in_use = "560.2", 1
    sessions.look()
    assert sessions.limit is None
    assert machine.said[-1].endswith("forgotten: the driver is 560.2")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[]", b'{"sessions": "many"}'])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NOTE).write_bytes(content)
    assert Machine(tmp_path).sessions().limit is None
