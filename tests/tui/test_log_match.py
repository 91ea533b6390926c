"""What is looked for in a log: expressions and texts, and that none of them can freeze who looks."""

from __future__ import annotations

import pytest

from tests.tui.fakes import log_line
from vmstui.tui.log_match import Pattern
from vmstui.tui.time_limit import TooSlow, limited

LINES = (log_line(1, "bad [PTS]"), log_line(2, "frame=312 dup=0"), log_line(3, "fine", camera="gate"))


@pytest.mark.parametrize(
    ("typed", "literal", "kept"),
    [
        ("bad", False, [1]),
        ("BAD", False, [1]),
        ("!bad", False, [2, 3]),
        (r"frame=\d{3}", False, [2]),
        (r"!frame=\d{3}", False, [1, 3]),
        (r"\[pts\]$", False, [1]),
        ("[pts]", True, [1]),
        (r"frame=\d", True, []),
        ("gate", False, [3]),
        ("^rtsp: fine", False, [3]),
    ],
)
def test_a_pattern_is_an_expression_or_a_text_and_can_be_inverted(typed: str, literal: bool, kept: list[int]) -> None:
    pattern = Pattern(typed, literal)
    assert [line.seq for line in LINES if pattern.keeps(line)] == kept
    assert not pattern.trouble


def test_the_name_of_the_only_camera_is_not_looked_at() -> None:
    assert not Pattern("gate", with_camera=False).keeps(LINES[2])


@pytest.mark.parametrize("typed", ["north g", "North Gate$", "gate", "^gate"])
def test_a_camera_is_found_by_the_name_that_is_shown_and_by_its_id(typed: str) -> None:
    pattern = Pattern(typed, names={"gate": "North Gate"})
    assert [line.seq for line in LINES if pattern.keeps(line)] == [3]


@pytest.mark.parametrize("typed", ["[pts", "(", "*", "a{2,1}", "(?P<x", "\\"])
def test_what_is_no_expression_is_told_and_looked_for_as_it_was_typed(typed: str) -> None:
    pattern = Pattern(typed)
    assert pattern.trouble
    assert pattern.keeps(log_line(1, f"before {typed.upper()} after"))
    assert not pattern.keeps(log_line(1, "before after"))


def test_every_occurrence_is_found() -> None:
    assert Pattern("dup|frame").spans("frame=312 DUP=0") == [(0, 5), (10, 13)]
    assert Pattern("[mp4]", literal=True).spans("an [MP4] file") == [(3, 8)]
    assert Pattern("x*").spans("aaxxa") == [(2, 4)]
    assert Pattern("!x").spans("aaxxa") == []


@pytest.mark.parametrize("typed", [r"(a+)+$", r"(?:a|a)*b$", r"(.*)(.*)(.*)(.*)(.*)(.*)=x$"])
def test_a_pattern_that_would_take_for_ever_is_ended(typed: str) -> None:
    slow = log_line(2, "a" * 1500 + "!")
    assert Pattern(typed).flags((log_line(1, "none"), slow, slow)) == [False]
    assert Pattern(typed).flags((slow,)) == []
    with pytest.raises(TooSlow):
        Pattern(typed).spans(slow.text)


def test_what_ends_in_time_is_left_alone() -> None:
    with limited(60.0):
        done = sum(range(1000))
    assert done == 499500
