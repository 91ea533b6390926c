"""Which lines of the log are shown in which rows: against a plain reading of the same lines, whatever happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, log_line
from vmstui.logged import LogLevel, LogLine
from vmstui.tui.log_match import Pattern
from vmstui.tui.log_ring import NOTABLE, Rule, Threshold
from vmstui.tui.log_view import LogView, folded

WORDS = ("missed packets", "missed 12 packets", "missed 7 packets", "frame dropped", "late", "0x55d1 late")


def said(seq: int, text: str, level: LogLevel = LogLevel.INFO, camera: str = "lobby", at_s: float = 0.0) -> LogLine:
    """A line at so many seconds."""
    return LogLine(seq, NOW + timedelta(seconds=at_s or seq), camera, 1, level, "rtsp", text)


def view_of(*texts: str, capacity: int = 100, folding: bool = False) -> LogView:
    view = LogView(capacity)
    view.folding = folding
    view.append(said(number, text) for number, text in enumerate(texts))
    return view


def tall(line: LogLine, repeated: bool) -> int:
    """A height that depends on what a line says and on whether it stands for repeats."""
    return 1 + len(line.text) % 3 + repeated


def shown(view: LogView) -> list[tuple[int, int, int]]:
    """Every line of the screen: newest line of its row, count, part."""
    rows = [view.at(y) for y in range(len(view))]
    return [(row.number, row.count, row.part) for row in rows if row is not None]


def expected(view: LogView, lines: list[LogLine]) -> list[tuple[int, int, int]]:
    """The same, read plainly; line n of `lines` has number n."""
    held = range(view.ring.oldest, view.ring.end)
    passing = [
        number
        for number in held
        if view.rule.threshold.keeps(lines[number].level)
        and (not view.rule.pattern or view.rule.pattern.keeps(lines[number]))
    ]
    by = (lambda number: folded(lines[number])) if view.folding else (lambda number: (str(number),))
    rows = [(group[-1], len(group)) for _, found in groupby(passing, by) if (group := list(found))]
    height: Callable[[LogLine, bool], int] = view.height or (lambda line, repeated: 1)
    return [(number, count, part) for number, count in rows for part in range(height(lines[number], count > 1))]


@given(st.integers(0, 10**9), st.integers(1, 40))
def test_the_view_is_always_what_a_plain_reading_of_the_lines_gives(seed: int, capacity: int) -> None:
    rng = random.Random(seed)
    view, lines = LogView(capacity), list[LogLine]()
    over = lambda: rng.random() < 0.5  # noqa: E731
    for _ in range(12):
        match rng.randrange(6):
            case 0:
                view.show(Rule(rng.choice(list(Threshold)), Pattern(rng.choice(["", "missed", "!packets", r"\d"]))))
            case 1:
                view.folding = not view.folding
                view.arrange()
            case 2:
                view.height = None if view.height else tall
                view.arrange()
            case 3:
                view.look_for(Pattern(rng.choice(["", "late", "!late", r"\d+"])))
            case _:
                more = rng.randrange(2 * capacity)
                batch = [
                    said(len(lines) + n, rng.choice(WORDS), rng.choice(list(LogLevel)), rng.choice(["a", "b"]))
                    for n in range(more)
                ]
                lines += batch
                view.append(batch, over)
        while not view.settled:
            view.go_on(over)
    # A row keeps the height it had while lines of it leave, so that nothing moves; measured anew, all have their own.
    view.arrange()
    view.go_on()
    assert shown(view) == expected(view, lines)
    found = [n for n in view.kept() if view.search and view.search.keeps(lines[n])]
    assert view.hits == len(found)
    for y, (number, _, part) in enumerate(shown(view)):
        assert view.y_of(number) == y - part


@given(st.integers(0, 10**9), st.booleans(), st.booleans())
def test_what_leaves_at_the_top_is_told_so_that_nothing_has_to_move(seed: int, folding: bool, wrapped: bool) -> None:
    rng = random.Random(seed)
    view, seq = LogView(30), 0
    view.folding, view.height = folding, tall if wrapped else None
    for _ in range(10):
        before = shown(view)
        batch = [said(seq + n, rng.choice(WORDS)) for n in range(rng.randrange(20))]
        seq += len(batch)
        grown = view.append(batch)
        after = shown(view)
        # All that is left but the last row, which may have got further repeats, stands where it stood.
        last = before[-1][0] if before else 0
        kept = [(number, part) for number, _, part in before[grown.dropped :] if number != last]
        assert [(number, part) for number, _, part in after[: len(kept)]] == kept


def test_new_lines_are_counted_once_whatever_is_tried_again() -> None:
    view = LogView()
    grown = view.append([said(1, "x", LogLevel.ERROR), said(2, "x"), said(3, "y", LogLevel.WARNING)])
    assert (grown.lines, grown.warnings) == (3, 2)
    view.show(Rule(pattern=Pattern("x")))
    assert view.go_on().lines == 0
    assert view.append([said(4, "x"), said(5, "y")]).lines == 1


def test_a_line_is_found_again_under_another_rule() -> None:
    view = LogView()
    view.append(log_line(n, level=LogLevel.ERROR if n % 3 == 0 else LogLevel.INFO) for n in range(10))
    view.show(Rule(Threshold.ERRORS))
    view.go_on()
    row = view.at(view.y_of(4))
    assert row is not None
    assert view.ring.line(row.number).seq == 6
    view.show(Rule())
    view.go_on()
    assert view.y_of(4) == 4


def test_repeats_that_differ_in_numbers_are_one_row_with_their_count_and_open_and_close() -> None:
    view = view_of("start", "missed 1 packets", "missed 20 packets", "missed 3 packets", "end", folding=True)
    assert shown(view) == [(0, 1, 0), (3, 3, 0), (4, 1, 0)]
    assert view.open_or_close(2)
    assert [number for number, _, _ in shown(view)] == [0, 1, 2, 3, 4]
    assert view.open_or_close(2)
    assert shown(view) == [(0, 1, 0), (3, 3, 0), (4, 1, 0)]
    assert not view.open_or_close(4)


def test_other_levels_cameras_and_components_are_no_repeats() -> None:
    view = LogView()
    view.folding = True
    line = said(1, "late")
    view.append([line, replace(line, level=LogLevel.ERROR), replace(line, camera="gate"), replace(line, component="x")])
    assert len(view) == 4


def test_repeats_that_were_opened_at_the_end_stay_open_while_more_come() -> None:
    view = view_of("late 1", "late 2", folding=True)
    assert view.open_or_close(0)
    view.append([said(2, "late 3")])
    assert len(view) == 3
    view.append([said(3, "other"), said(4, "late 1"), said(5, "late 2")])
    assert len(view) == 5
    assert view.open_or_close(0)
    assert shown(view) == [(2, 3, 0), (3, 1, 0), (5, 2, 0)]


def test_opened_repeats_are_as_high_as_they_are_wrapped() -> None:
    view = LogView()
    view.folding, view.height = True, tall
    view.append([said(0, "ab 1"), said(1, "ab 2"), said(2, "c")])
    assert len(view) == tall(view.ring.line(1), True) + tall(view.ring.line(2), False)
    view.open_or_close(1)
    assert len(view) == sum(tall(view.ring.line(n), False) for n in range(3))
    view.append([said(3, "d")])
    assert view.y_of(3) == sum(tall(view.ring.line(n), False) for n in range(3))


def test_the_search_goes_on_in_both_directions_and_over_the_ends_and_says_so() -> None:
    view = view_of("x", "y", "x", "y", "x")
    view.look_for(Pattern("x"))
    view.go_on()
    assert (view.hits, [view.hit_at(n) for n in range(5)]) == (3, [1, 0, 2, 0, 3])
    assert view.next_hit(0, down=True) == (2, False)
    assert view.next_hit(3, down=True) == (4, False)
    assert view.next_hit(4, down=True) == (0, True)
    assert view.next_hit(3, down=False) == (2, False)
    assert view.next_hit(0, down=False) == (4, True)
    view.look_for(Pattern("nowhere"))
    view.go_on()
    assert view.next_hit(0, down=True) is None


def test_the_search_counts_what_comes_and_forgets_what_leaves() -> None:
    view = view_of("x 1", "y", "x 2", capacity=4)
    view.look_for(Pattern("x"))
    view.go_on()
    view.append([said(3, "x 3"), said(4, "y"), said(5, "x 4")])
    assert (view.hits, view.hit_at(3)) == (3, 2)


def test_the_search_passes_over_repeats_in_one_row() -> None:
    view = view_of("late 1", "late 2", "late 3", "end", "late 4", folding=True)
    view.look_for(Pattern("late"))
    view.go_on()
    assert view.hits == 4
    assert view.next_hit(0, down=True) == (4, False)


def test_a_search_looks_only_among_what_is_shown() -> None:
    view = view_of("x a", "x b", "y a")
    view.look_for(Pattern("a"))
    view.show(Rule(pattern=Pattern("x")))
    view.go_on()
    assert view.hits == 1


def test_a_pattern_that_takes_for_ever_is_given_up_and_all_is_shown() -> None:
    view = view_of("a" * 1000 + "!", "b")
    view.show(Rule(pattern=Pattern("(a+)+$")))
    view.go_on()
    assert (view.given_up, view.shown, view.rule) == ("(a+)+$", 2, Rule())
    view.look_for(Pattern("(a|a)*c"))
    view.go_on()
    assert (view.given_up, view.hits) == ("(a|a)*c", 0)
    view.look_for(Pattern("^rtsp: b"))
    view.go_on()
    assert (view.given_up, view.hits) == ("", 1)


def test_a_pattern_that_takes_long_again_and_again_is_given_up_before_all_lines_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pattern, "flags", lambda pattern, lines: [pattern.typed == "slow"])  # as if time were over
    view = LogView(1000)
    view.ring.append(said(n, "x") for n in range(1000))
    view.look_for(Pattern("slow"))
    view.go_on()
    assert view.given_up == "slow"
    assert not view.search


def test_a_hundred_thousand_lines_are_worked_through_in_pieces() -> None:
    view = LogView(2000)
    view.ring.append(said(n, "x") for n in range(2000))
    pieces = 0
    while not view.settled:
        before = view.shown
        view.go_on(lambda: True)
        assert view.shown - before <= 250
        pieces += 1
    assert (pieces, view.shown) == (8, 2000)
    view.folding = True
    view.arrange()
    view.go_on(lambda: True)
    assert not view.settled


def test_marks_are_set_taken_away_and_gone_to_in_turn() -> None:
    view = view_of("a", "b", "c", "d")
    assert view.toggle_mark(1)
    assert view.toggle_mark(3)
    assert [view.next_mark(n, down=True) for n in (0, 1, 3)] == [1, 3, 1]
    assert [view.next_mark(n, down=False) for n in (0, 1, 3)] == [3, 3, 1]
    row = view.row_of(1)
    assert row is not None
    assert view.marked(row)
    assert not view.toggle_mark(1)
    assert view.next_mark(3, down=True) == 3


def test_marks_leave_with_their_lines() -> None:
    view = view_of("a", "b", capacity=2)
    view.toggle_mark(0)
    view.append([said(2, "c")])
    assert view.next_mark(1, down=True) is None


@pytest.mark.parametrize("length_s", [60, 3600])
def test_minutes_and_hours_are_those_of_the_clock_and_empty_ones_are_passed_over(length_s: int) -> None:
    view = LogView()
    times = (10, 20, length_s + 5, length_s + 6, 5 * length_s + 1)
    view.append(said(n, "x", at_s=at - NOW.minute * 60 * (length_s == 3600)) for n, at in enumerate(times))
    down = [view.step(n, length_s, UTC, down=True) for n in range(5)]
    assert down == [2, 2, 4, 4, None]
    up = [view.step(n, length_s, UTC, down=False) for n in range(5)]
    assert up == [None, 0, 0, 2, 2]


def test_an_hour_is_one_of_the_recorders_own_clock() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    view = LogView()
    half_past = datetime(2025, 10, 20, 7, 30, tzinfo=UTC)
    view.append(replace(said(n, "x"), at=half_past + timedelta(seconds=at)) for n, at in enumerate((-5, 5)))
    assert view.step(0, 3600, india, down=True) == 1
    assert view.step(0, 3600, UTC, down=True) is None


def test_a_moment_is_found_also_of_one_camera_among_several() -> None:
    view = LogView()
    view.append(said(n, "x", camera="ab"[n % 2], at_s=n + 1) for n in range(10))
    assert view.since(NOW + timedelta(seconds=4.5)) == 4
    assert view.since(NOW + timedelta(seconds=4.5), "b") == 5
    assert view.since(NOW + timedelta(seconds=60)) is None


def test_warnings_are_counted_among_what_is_shown() -> None:
    view = LogView()
    view.show(Rule(Threshold.WARNINGS))
    grown = view.append([said(n, "x", level) for n, level in enumerate(LogLevel)])
    assert grown.lines == grown.warnings == len(NOTABLE)
