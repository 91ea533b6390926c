"""Moving in time: spans, edges, the cursor, and the marks of the axis."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vmstui.tui.time_view import SPANS_S, TimeView, axis

NOW = datetime(2025, 10, 20, 7, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_it_follows_now_until_it_is_moved_and_again_when_it_comes_back() -> None:
    view = TimeView()
    assert view.window(NOW) == (NOW - HOUR, NOW)
    assert view.window(NOW + HOUR) == (NOW, NOW + HOUR)
    back = view.moved(-0.5, NOW)
    assert back.window(NOW + HOUR) == (NOW - 1.5 * HOUR, NOW - 0.5 * HOUR)
    assert back.moved(0.5, NOW) == view
    assert back.following() == view


def test_nothing_later_than_now_is_looked_at() -> None:
    view = TimeView(cursor=NOW - HOUR / 2)
    assert view.moved(0.5, NOW).window(NOW) == (NOW - HOUR, NOW)
    assert view.seeking(NOW + HOUR, NOW).window(NOW)[1] == NOW
    assert view.stepped(1000, 60.0, NOW) == TimeView()


def test_a_time_that_is_asked_for_is_in_the_middle_and_under_the_cursor() -> None:
    at = NOW - timedelta(hours=30)
    view = TimeView().seeking(at, NOW)
    assert view.window(NOW) == (at - HOUR / 2, at + HOUR / 2)
    assert view.at(NOW) == at
    assert TimeView().seeking(NOW - HOUR / 4, NOW).until is None, "the middle would be in the future"


def test_what_is_under_the_cursor_stays_there_while_it_is_zoomed() -> None:
    at = NOW - timedelta(hours=30)
    view = TimeView().seeking(at, NOW)
    since, until = view.zoomed(1, NOW).window(NOW)
    assert at - since == until - at, "it is in the middle still"
    for by in (1, 1, 1, -1, -1, -1, -1, -1, -1):
        view = view.zoomed(by, NOW)
        assert view.at(NOW) == at
    assert view.span_s == SPANS_S[0], "there is no shorter one"
    for _ in SPANS_S:
        view = view.zoomed(1, NOW)
    assert view.span_s == SPANS_S[-1]


def test_the_cursor_takes_the_window_with_it_at_its_edges() -> None:
    view = TimeView().seeking(NOW - timedelta(hours=30), NOW)
    since, _ = view.window(NOW)
    at_edge = view.showing(since, NOW)
    assert at_edge.window(NOW) == view.window(NOW)
    further = at_edge.stepped(-1, 60.0, NOW)
    assert further.window(NOW)[0] == since - HOUR / 4
    assert further.at(NOW) == since - timedelta(minutes=1)
    assert view.showing(since - HOUR, NOW).at(NOW) == since - HOUR


def test_years_without_anything_can_be_looked_at_and_no_further() -> None:
    view = TimeView(SPANS_S[-1])
    for _ in range(3000):
        view = view.moved(-0.5, NOW)
    assert view.window(NOW)[0] >= datetime(1970, 1, 1, tzinfo=UTC)
    assert TimeView().seeking(datetime.min.replace(tzinfo=UTC), NOW).window(NOW)[0].year == 1970


@pytest.mark.parametrize("span_s", SPANS_S)
@pytest.mark.parametrize("cells", [10, 40, 60, 176])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_marks_of_the_axis_are_where_their_times_are(span_s: int, cells: int, zone: str) -> None:
    where = ZoneInfo(zone)
    until = datetime(2025, 10, 26, 4, 10, 7, tzinfo=UTC)  # in the night in which clocks go back in Berlin
    since = until - timedelta(seconds=span_s)
    text = axis(since, until, where, cells)
    assert len(text) == cells
    marks = list(re.finditer(r"│(\d\d)([:-])(\d\d)", text))
    assert marks or cells < 40
    for mark in marks:
        first, last = (since + timedelta(seconds=span_s * (mark.start() + cell) / cells) for cell in (0, 1))
        shown = mark[0][1:]
        near = [first + (last - first) * part / 240 for part in range(241)]
        likes = {f"{at.astimezone(where):{'%H:%M' if mark[2] == ':' else '%m-%d'}}" for at in near}
        assert shown in likes, f"{shown} stands at {first} to {last}"


def test_a_new_day_is_told_by_its_date() -> None:
    until = datetime(2025, 10, 20, 2, 0, tzinfo=UTC)
    text = axis(until - 6 * HOUR, until, UTC, 80)
    assert re.findall(r"│(\S+)", text) == ["21:00", "22:00", "23:00", "10-20", "01:00"]
