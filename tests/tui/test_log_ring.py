"""The memory of the log pane."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import log_line
from vmstui.logged import LogLevel
from vmstui.tui.log_ring import LogRing, Threshold
from vmstui.tui.track import Track


@given(st.integers(1, 20), st.lists(st.integers(0, 8), max_size=10))
def test_the_ring_holds_the_newest_lines_under_numbers_that_stay(capacity: int, batches: list[int]) -> None:
    ring, written = LogRing(capacity), 0
    for count in batches:
        ring.append(log_line(written + index) for index in range(count))
        written += count
    assert (ring.end, len(ring), ring.oldest) == (written, min(written, capacity), max(written - capacity, 0))
    assert [ring.line(number).seq for number in range(ring.oldest, ring.end)] == list(range(ring.oldest, written))


def test_lines_without_a_known_level_show_only_where_all_do() -> None:
    shown = {threshold: {level for level in LogLevel if threshold.keeps(level)} for threshold in Threshold}
    assert shown[Threshold.ALL] == set(LogLevel)
    assert shown[Threshold.WARNINGS] == {LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING}
    assert shown[Threshold.ERRORS] == {LogLevel.FATAL, LogLevel.ERROR}


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 1)), max_size=12))
def test_positions_in_a_track_stay_while_numbers_come_and_leave(steps: list[tuple[int, float]]) -> None:
    track, numbers, left = Track(), list[int](), 0
    for more, share in steps:
        for _ in range(more):
            numbers.append(3 * len(numbers))
            track.append(numbers[-1])
        gone = int(share * len(track))
        track.drop(gone)
        left += gone
        assert (track.base, track.end) == (left, len(numbers))
        for position in range(left, len(numbers), 97):
            assert track[position] == numbers[position]
            assert track.left(numbers[position]) == position
            assert track.right(numbers[position]) == position + 1
