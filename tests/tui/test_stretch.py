"""Pages of footage as rows: nothing twice, nothing left out, each under its day, and what a mark means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, camera, page_of, segment
from vmstui.footage import Gap, GapCause, Lock, SegmentVerdict
from vmstui.footage_accounts import FootagePage
from vmstui.model import CameraState
from vmstui.tui.lines import text_of, width_of
from vmstui.tui.segment_lines import row_line, title_line
from vmstui.tui.stretch import (
    Kind,
    file_name,
    moved,
    past_rows,
    range_of,
    row_at,
    with_newer,
    with_older,
    with_present,
)

SEGMENTS = tuple(segment(minutes_ago=3.0 * nth) for nth in range(1, 41))
GAP = Gap("lobby", NOW - timedelta(minutes=31), 60.0, GapCause.NETWORK, "no route")
SHORT = Gap("lobby", NOW - timedelta(minutes=13), 1.5, GapCause.CAMERA)
GAPS = (SHORT, GAP)
LOCK = Lock(7, "lobby", NOW - timedelta(minutes=10), NOW - timedelta(minutes=8), "fight", "anna", NOW)


def page(before: datetime | None = None, after: datetime | None = None, limit: int = 10) -> FootagePage:
    return page_of("lobby", SEGMENTS, GAPS, (LOCK,), before, after, limit)


@given(limit=st.integers(1, 50))
def test_pages_in_either_direction_make_the_same_stretch(limit: int) -> None:
    down = page(limit=limit)
    while down.older:
        down = with_older(down, page_of("lobby", SEGMENTS, GAPS, (LOCK,), down.oldest_at, None, limit))
    up = page(before=SEGMENTS[-1].started_at + timedelta(seconds=1), limit=limit)
    while up.newer:
        up = with_newer(up, page_of("lobby", SEGMENTS, GAPS, (LOCK,), None, up.newest_at, limit + 1))
    assert down.segments == up.segments == SEGMENTS
    assert down.gaps == up.gaps
    assert past_rows(down, UTC) == past_rows(up, UTC)


def test_rows_are_newest_first_with_gaps_between_and_what_is_too_short_for_a_row_left_out() -> None:
    rows = past_rows(page(limit=12), UTC)
    assert [row.kind for row in rows[:3]] == [Kind.DAY, Kind.SEGMENT, Kind.SEGMENT]
    assert [row.gap for row in rows if row.gap is not None] == [GAP]
    begun = [row.at for row in rows if row.chosen]
    assert begun == sorted(begun, reverse=True)
    assert len({row.key for row in rows}) == len(rows)
    assert [row.lock for row in rows if row.lock is not None] == [LOCK, LOCK], "it overlaps two segments"


def test_each_day_of_the_time_zone_has_its_heading() -> None:
    tokyo, late = timezone(timedelta(hours=9)), timezone(timedelta(hours=-7, minutes=-30))
    assert [row.kind for row in past_rows(page(limit=40), tokyo)].count(Kind.DAY) == 1
    rows = past_rows(page(limit=40), late)  # 00:26 there
    assert [text_of(row_line(row, late, NOW, 80, cursor=False, marked=False)).split()[1] for row in rows
            if row.kind is Kind.DAY] == ["2025-10-20", "2025-10-19"]  # fmt: skip


def test_what_is_being_written_is_on_top_and_what_is_not_says_why() -> None:
    stretch = page()
    past = past_rows(stretch, UTC)
    rows = with_present(past, stretch, camera(), NOW, UTC)
    assert [row.kind for row in rows[:3]] == [Kind.DAY, Kind.OPEN, Kind.SEGMENT]
    gone = camera(state=CameraState.BACKOFF, reason="no route to 10.0.0.7")
    rows = with_present(past, stretch, gone, NOW + timedelta(minutes=5), UTC)
    assert rows[1].kind is Kind.MISSING
    line = text_of(row_line(rows[1], UTC, NOW, 80, cursor=False, marked=False))
    assert "05:00" in line
    assert "no route to 10.0.0.7" in line
    assert with_present(past, page(before=NOW - timedelta(minutes=60)), camera(), NOW, UTC) == past, "not of the past"
    empty = page_of("lobby", (), (), (), None, None, 10)
    assert [row.kind for row in with_present((), empty, camera(), NOW, UTC)] == [Kind.DAY, Kind.OPEN]


def test_a_range_is_from_the_beginning_of_its_oldest_row_to_the_end_of_its_newest() -> None:
    rows = past_rows(page(limit=12), UTC)
    newest, older = rows[1], rows[4]
    one = range_of((newest,), "lobby")
    assert (one.since, one.until, one.segments, one.size_bytes) == (newest.at, newest.until, 1, SEGMENTS[0].size_bytes)
    marked = range_of(rows[1:5], "lobby")
    assert (marked.since, marked.until, marked.segments, marked.length_s) == (older.at, newest.until, 4, 720.0)
    assert range_of(rows[0:2], "lobby") == one, "a heading is no footage"
    assert range_of((next(row for row in rows if row.gap),), "lobby").segments == 0
    assert file_name(one, UTC) == "lobby_20251020_075300.mp4"


@pytest.mark.parametrize(("minutes", "nth"), [(1.0, 1), (3.0, 1), (4.0, 2), (9999.0, -1)])
def test_a_time_is_found_where_it_was_recorded_or_before_it(minutes: float, nth: int) -> None:
    rows = past_rows(page(limit=40), UTC)
    index = row_at(rows, NOW - timedelta(minutes=minutes))
    assert index is not None
    assert rows[index].segment == (SEGMENTS[nth - 1] if nth > 0 else SEGMENTS[-1])
    assert row_at((), NOW) is None


def test_a_day_back_is_the_same_time_on_the_clock_also_where_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    after = datetime(2026, 3, 29, 12, tzinfo=berlin)
    assert moved(after, berlin, days=-1) == datetime(2026, 3, 28, 12, tzinfo=berlin)
    assert moved(after, berlin, hours=-1) == datetime(2026, 3, 29, 11, tzinfo=berlin)


@pytest.mark.parametrize("cells", [60, 78, 160])
def test_a_segment_stands_under_its_headings_and_no_row_is_wider_than_the_pane(cells: int) -> None:
    title = text_of(title_line(cells))
    rows = past_rows(page(limit=40), UTC)
    line = text_of(row_line(rows[1], UTC, NOW, cells, cursor=True, marked=True))
    begins = "lobby_" if cells > 60 else "…"  # there it is the end of the name that is shown
    assert line.index(begins) == title.index("file")
    assert line.endswith(".mp4")
    assert line.index("✔ good") == title.index("check")
    assert line.index("07:53:00") == title.index("start")
    assert line.startswith("▌┃")
    assert all(width_of(row_line(row, UTC, NOW, cells, cursor=True, marked=True)) <= cells for row in rows)


def test_what_is_not_good_says_why_where_there_is_room_for_one_thing() -> None:
    bad = segment(verdict=SegmentVerdict.SUSPECT, reason="12 s too long")
    rows = past_rows(page_of("lobby", (bad,), (), (), None, None, 5), UTC)
    assert "▲ suspect          12 s too long" in text_of(row_line(rows[1], UTC, NOW, 78, cursor=False, marked=False))
