"""The memory of the log pane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import log_line
from vmstui.model import LogLevel, LogLine
from vmstui.tui.log_ring import LogRing, Rule, Threshold

LEVELS = st.sampled_from(list(LogLevel))


def ring_of(*lines: LogLine, capacity: int = 100) -> LogRing:
    ring = LogRing(capacity)
    ring.append(lines)
    return ring


@given(st.integers(1, 20), st.lists(st.lists(LEVELS, max_size=8), max_size=10), st.sampled_from(list(Threshold)))
def test_the_view_is_always_the_newest_lines_that_pass(
    capacity: int, batches: list[list[LogLevel]], threshold: Threshold
) -> None:
    ring = LogRing(capacity)
    ring.show(Rule(threshold))
    everything: list[LogLine] = []
    for batch in batches:
        lines = [log_line(len(everything) + index, level=level) for index, level in enumerate(batch)]
        before = len(ring)
        result = ring.append(lines)
        everything += lines
        assert len(ring) == before + result.rows - result.dropped
    assert list(ring.rows()) == [line for line in everything[-capacity:] if ring.rule.keeps(line)]


def test_a_line_keeps_its_number_while_others_leave() -> None:
    ring = ring_of(*(log_line(n) for n in range(5)), capacity=5)
    number, line = ring.number(3), ring.line(3)
    assert ring.append([log_line(5), log_line(6)]).dropped == 2
    assert (ring.number(1), ring.line(1)) == (number, line)


def test_a_batch_larger_than_the_ring_leaves_its_end() -> None:
    ring = ring_of(*(log_line(n) for n in range(10)), capacity=4)
    assert [line.seq for line in ring.rows()] == [6, 7, 8, 9]


def test_warnings_among_new_rows_are_counted() -> None:
    result = LogRing().append([log_line(1, level=LogLevel.ERROR), log_line(2), log_line(3, level=LogLevel.WARNING)])
    assert (result.rows, result.warnings) == (3, 2)


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [("pts", [1]), ("PTS", [1]), ("!pts", [2, 3]), ("gate", [3]), ("", [1, 2, 3]), ("!", [1, 2, 3])],
)
def test_filter_is_plain_text_and_can_be_inverted(pattern: str, kept: list[int]) -> None:
    ring = ring_of(log_line(1, "bad [PTS]"), log_line(2, "fine"), log_line(3, "fine", camera="gate"))
    ring.show(Rule(pattern=pattern))
    assert [line.seq for line in ring.rows()] == kept


def test_a_line_is_found_again_under_another_rule() -> None:
    ring = ring_of(*(log_line(n, level=LogLevel.ERROR if n % 3 == 0 else LogLevel.INFO) for n in range(10)))
    ring.show(Rule(Threshold.ERRORS))
    assert ring.line(ring.row_of(4)).seq == 6
    ring.show(Rule())
    assert ring.row_of(4) == 4
