"""What was recorded of a camera, as lines of its details."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW
from vmstui.footage import Gap, GapCause
from vmstui.footage_accounts import Account, CameraFootage, CellKind, Cells, FootageReport
from vmstui.tui.footage_lines import MOST_GAPS, LastDay, footage_lines
from vmstui.tui.lines import text_of, width_of

SINCE = datetime(2025, 10, 19, 8, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 10, 20, tzinfo=UTC)
STRIP = (
    Cells(20, CellKind.NONE), Cells(60, CellKind.RECORDED), Cells(1, CellKind.PART, 41.2, GapCause.CAMERA),
    Cells(6, CellKind.OFF), Cells(57, CellKind.RECORDED),
)  # fmt: skip


def gap(minutes_ago: float, length_s: float, cause: GapCause = GapCause.CAMERA, detail: str = "") -> Gap:
    return Gap("lobby", NOW - timedelta(minutes=minutes_ago), length_s, cause, detail)


def day(
    *gaps: Gap, going_on: tuple[Gap, ...] = (), known: bool = True, trouble: str = "", lost_s: float = 0.0
) -> LastDay:
    count = len(gaps) + len(going_on)
    today = Account("lobby", MIDNIGHT, NOW, 28_000.0 - lost_s, lost_s, 300.0, count)
    last_day = Account("lobby", SINCE, NOW, 74_000.0 - lost_s, lost_s, 3600.0, count)
    footage = CameraFootage("lobby", today, last_day, STRIP, going_on)
    return LastDay(FootageReport(NOW, SINCE, 600.0, (footage,), trouble), footage, gaps if known else None)


def told(shown: LastDay, cells: int = 120) -> list[str]:
    return [text_of(line).rstrip() for line in footage_lines(shown, UTC, cells, 11)]


def test_seconds_recorded_and_lost_come_before_the_strip_and_its_clock() -> None:
    lines = told(day(gap(400, 41.2, detail="the camera closed the stream"), lost_s=41.2))
    assert lines == [
        "today      99.85 % · 7 h 45 min recorded · 41.2 s lost in 1 gap · 5 min 00 s not wanted",
        "24 hours   99.94 % · 20 h 32 min recorded · 41.2 s lost in 1 gap · 1 h 00 min not wanted",
        " " * 11 + " " * 10 + "━" * 30 + "▲" + "○" * 2 + "━" * 29,
        " " * 14 + "09:00    12:00    15:00    18:00    21:00    00:00    03:00    06:00",
        " " * 11 + "▲ lost in part  ━ recorded  ○ not wanted  a sign is 20 min",
        "lost       ▼ 01:16:00  41.2 s  camera: the camera closed the stream",
    ]


def test_where_nothing_was_lost_that_is_said() -> None:
    lines = told(day())
    assert lines[0].startswith("today      100 % · 7 h 46 min recorded · nothing lost")
    assert not any(line.startswith("lost") for line in lines)


def test_what_goes_on_comes_first_and_is_not_told_twice_once_it_is_catalogued() -> None:
    now = gap(2, 120.0, GapCause.NETWORK, "no route to host")
    before = gap(60 * 20, 61.0, GapCause.DISK)
    lines = told(day(before, going_on=(now,), lost_s=181.0))
    assert lines[-2:] == [
        "lost       ▼           07:54:00  2 min 00 s so far  network: no route to host",
        "           ▼ yesterday 11:56:00  1 min 01 s         disk",
    ]
    catalogued = gap(2, 90.0, GapCause.NETWORK, "no route to host")
    assert sum("no route" in line for line in told(day(catalogued, going_on=(now,), lost_s=181.0))) == 1


def test_what_nobody_wanted_is_no_loss_and_one_of_the_day_before_is_none_of_this_day() -> None:
    lines = told(day(gap(60, 600.0, GapCause.OFF, "stopped by anna"), gap(60 * 30, 9.0)))
    assert not any("▼" in line for line in lines)


def test_many_gaps_are_shortened_with_their_number_and_where_to_see_them() -> None:
    lines = told(day(*(gap(minutes, 1.5) for minutes in range(2, 32)), lost_s=45.0))
    assert sum("▼" in line for line in lines) == MOST_GAPS
    assert lines[-1] == " " * 11 + "and 18 gaps more; o shows them among the segments"


def test_gaps_that_a_recorder_does_not_list_are_counted_all_the_same() -> None:
    lines = told(day(gap(60, 9.0), known=False, lost_s=9.0))
    assert lines[-1] == "lost       1 gap more; o shows them among the segments"


def test_why_there_is_nothing_is_said() -> None:
    footage = CameraFootage("lobby", None, None, ())
    report = FootageReport(NOW, SINCE, 600.0, (), "what was recorded is being counted")
    assert "what was recorded is being counted" in "\n".join(told(LastDay(report, footage)))


def test_times_are_those_of_the_recorder() -> None:
    shown = day(gap(60, 9.0), lost_s=9.0)
    text = "\n".join(text_of(line) for line in footage_lines(shown, ZoneInfo("Asia/Ho_Chi_Minh"), 120, 11))
    assert "▼ 13:56:00" in text


@pytest.mark.parametrize(("cells", "indent", "strip"), [(200, 11, 144), (150, 6, 144), (77, 5, 72), (30, 6, 24)])
def test_the_strip_is_as_fine_as_the_pane_has_room_for(cells: int, indent: int, strip: int) -> None:
    line = next(text for line in footage_lines(day(), UTC, cells, 11) if "━" in (text := text_of(line)))
    assert len(line) == indent + strip


@given(st.integers(30, 220), st.lists(st.floats(0.0, 90_000.0), max_size=20), st.text("ab ä東", max_size=200))
def test_no_line_is_wider_than_the_pane(cells: int, lengths: list[float], detail: str) -> None:
    gaps = tuple(gap(number + 2, length_s, detail=detail) for number, length_s in enumerate(lengths))
    lines = footage_lines(day(*gaps, trouble="may lack something " * 5, lost_s=sum(lengths)), UTC, cells, 11)
    assert max(width_of(line) for line in lines) <= cells


def test_where_there_is_little_room_the_cause_stands_below_its_gap() -> None:
    lines = told(day(gap(60, 9.0, GapCause.NETWORK, "the connection was reset"), lost_s=9.0), 50)
    assert lines[-2:] == ["lost       ▼ 06:56:00  9.0 s", "             network: the connection was reset"]
