"""Accounts and strips say what the segments and gaps say, cell by cell, and what goes on is told alike everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.footage import Gap, GapCause, Hole, Segment, SegmentVerdict
from vmstui.footage_accounts import Account, CellKind, Cells, percent_of, percent_text
from vmstui.model import Event, EventKind
from vmstui.recording.account import account
from vmstui.recording.catalogue_rows import micros
from vmstui.recording.gaps import Downtime
from vmstui.recording.ledger import CELLS, Ledger, midnight, window
from vmstui.recording.ongoing import LastFootage, Present, going_on, prolonged

NOW = datetime(2026, 3, 14, 15, 26, 53, tzinfo=UTC)
WINDOW = window(NOW, UTC)
CELL = timedelta(minutes=10)
LOST, PART, RECORDED, OFF, GONE, NONE = CellKind


def _segment(
    start: datetime, duration_s: float, *, holes: tuple[Hole, ...] = (), verdict: SegmentVerdict = SegmentVerdict.GOOD
) -> Segment:
    return Segment("lobby", 1, f"/r/{start}", start, duration_s, 1, "h264", 320, 180, verdict, holes=holes)


def _gap(start: datetime, length_s: float, cause: GapCause = GapCause.NETWORK) -> Gap:
    return Gap("lobby", start, length_s, cause)


def _ledger(segments: list[Segment], gaps: list[Gap], since: datetime = WINDOW.earliest) -> Ledger:
    ledger = Ledger(since)
    for segment in sorted(segments, key=lambda one: one.started_at):
        if segment.plays:
            ledger.footage(micros(segment.started_at), micros(segment.ended_at), segment.holes)
    for gap in gaps:
        ledger.gap(micros(gap.started_at), micros(gap.ended_at), gap.cause)
    return ledger


def _strip(
    segments: list[Segment], gaps: list[Gap], going_on: tuple[Gap, ...] = (), first_at: datetime | None = None
) -> list[Cells]:
    """A cell each."""
    last = max((one.ended_at for one in segments), default=None)
    begun = min((one.started_at for one in segments), default=None)
    runs = _ledger(segments, gaps).strip(WINDOW.since, NOW, first_at or begun, last, going_on)
    return list(chain.from_iterable([Cells(1, run.kind, run.lost_s, run.cause)] * run.count for run in runs))


# ------------------------------------------------------------------------------------------------- accounts add up

_instants = st.integers(-90_000, 100_000).map(lambda seconds: WINDOW.since + timedelta(seconds=seconds / 1.7))
_holes = st.lists(st.tuples(st.floats(0, 200), st.floats(0.1, 90)), max_size=3).map(
    lambda found: tuple(Hole(offset_s, length_s) for offset_s, length_s in sorted(found))
)
_segments = st.lists(
    st.builds(_segment, _instants, st.floats(0.0, 4000.0), holes=_holes, verdict=st.sampled_from(list(SegmentVerdict))),
    max_size=30,
)
_gaps = st.lists(st.builds(_gap, _instants, st.floats(0.01, 30_000.0), st.sampled_from(list(GapCause))), max_size=12)


@given(_segments, _gaps, _gaps.map(tuple))
def test_a_ledger_says_what_the_account_says_and_its_cells_add_up_to_that(
    segments: list[Segment], gaps: list[Gap], ongoing: tuple[Gap, ...]
) -> None:
    """For any footage, also such as overlaps or lies beyond the window."""
    gaps = [gap for gap in gaps if gap.started_at < NOW]
    ongoing = tuple(gap for gap in ongoing if gap.started_at < NOW)
    # Nothing is recorded of the time to come, but a clock that was set back makes it look so.
    segments = [segment for segment in segments if segment.ended_at <= NOW]
    gaps = [gap for gap in gaps if gap.ended_at <= NOW]
    ledger = _ledger(segments, gaps)
    for since in (WINDOW.since, WINDOW.today):
        told = account("lobby", segments, (*gaps, *ongoing), since, NOW)
        mine = ledger.account("lobby", since, NOW, ongoing)
        told = told or Account("lobby", since, NOW, 0.0, 0.0, 0.0, 0)
        mine = mine or Account("lobby", since, NOW, 0.0, 0.0, 0.0, 0)
        assert mine.lost_s == pytest.approx(told.lost_s, abs=1e-4)
        assert mine.off_s == pytest.approx(told.off_s, abs=1e-4)
        assert mine.gaps == told.gaps
        if since == WINDOW.earliest:
            assert mine.recorded_s == pytest.approx(told.recorded_s, abs=1e-4)
    strip = ledger.strip(WINDOW.since, NOW, WINDOW.since, None, ongoing)
    assert sum(run.count for run in strip) == CELLS
    day = ledger.account("lobby", WINDOW.since, NOW, ongoing)
    assert sum(run.count * run.lost_s for run in strip) == pytest.approx(day.lost_s if day else 0.0, abs=1e-4)
    assert all((run.lost_s > 0) is (run.kind in (LOST, PART)) for run in strip)


def test_the_account_takes_a_hole_out_where_it_lies() -> None:
    holed = _segment(NOW - timedelta(seconds=100), 100, holes=(Hole(10, 20), Hole(60, 5)))
    whole = account("lobby", [holed], [], NOW - timedelta(seconds=100), NOW)
    second_half = account("lobby", [holed], [], NOW - timedelta(seconds=50), NOW)
    assert whole is not None
    assert second_half is not None
    assert (whole.recorded_s, second_half.recorded_s) == (75, 45)


# ---------------------------------------------------------------------------------------------------- what cells say

TEN = WINDOW.since + 100 * CELL


@pytest.mark.parametrize(
    ("segments", "gaps", "kind", "lost_s", "cause"),
    [
        ([(0, 600)], [], RECORDED, 0, None),
        ([(-60, 900)], [], RECORDED, 0, None),
        ([(0, 598.9)], [], RECORDED, 0, None),
        ([(0, 300), (312, 288)], [(300, 12, GapCause.CAMERA)], PART, 12, GapCause.CAMERA),
        ([], [(-5000, 9000, GapCause.DISK)], LOST, 600, GapCause.DISK),
        ([], [(0, 200, GapCause.NETWORK), (200, 400, GapCause.DISK)], LOST, 600, GapCause.DISK),
        ([], [(0, 350, GapCause.OFF), (350, 250, GapCause.CAMERA)], LOST, 250, GapCause.CAMERA),
        ([(0, 100)], [(100, 500, GapCause.OFF)], RECORDED, 0, None),
        ([], [(0, 600, GapCause.OFF)], OFF, 0, None),
        ([], [(580, 20, GapCause.NETWORK)], PART, 20, GapCause.NETWORK),  # the rest was deleted since
        ([], [], GONE, 0, None),
    ],
)
def test_a_cell_says_what_became_of_its_ten_minutes(
    segments: list[tuple[float, float]],
    gaps: list[tuple[float, float, GapCause]],
    kind: CellKind,
    lost_s: float,
    cause: GapCause | None,
) -> None:
    footage = [_segment(TEN + timedelta(seconds=start), length_s) for start, length_s in segments]
    missing = [_gap(TEN + timedelta(seconds=start), length_s, cause) for start, length_s, cause in gaps]
    first = _segment(WINDOW.since, 600)
    cell = _strip([first, *footage, _segment(TEN + 3 * CELL, 60)], missing)[100]
    assert (cell.kind, round(cell.lost_s, 6), cell.cause) == (kind, lost_s, cause)


def test_before_the_first_footage_there_is_nothing_and_after_it_what_is_missing_was_deleted() -> None:
    begun, kept = WINDOW.since + 20.5 * CELL, WINDOW.since + 60 * CELL
    strip = _strip([_segment(kept, 80 * 600)], [], first_at=begun)
    assert [cell.kind for cell in strip[:21]] == [NONE] * 20 + [GONE]
    assert [cell.kind for cell in strip[21:61]] == [GONE] * 39 + [RECORDED]


def test_what_is_being_written_is_recorded_and_a_camera_that_is_dark_is_lost_as_it_goes_on() -> None:
    closed = _segment(WINDOW.since, (NOW - WINDOW.since).total_seconds() - 1500)
    assert {cell.kind for cell in _strip([closed], [])} == {RECORDED}
    dark = (_gap(closed.ended_at, 1500, GapCause.CAMERA),)
    strip = _strip([closed], [], dark)
    assert [cell.kind for cell in strip[-4:]] == [RECORDED, PART, LOST, LOST]
    assert strip[-1].lost_s == pytest.approx((NOW - (WINDOW.since + 143 * CELL)).total_seconds())
    again = (_gap(closed.ended_at, 900, GapCause.CAMERA),)  # and since then it is written again
    assert [cell.kind for cell in _strip([closed], [], again)[-4:]] == [RECORDED, PART, PART, RECORDED]


def test_a_camera_without_any_footage_has_a_blank_strip() -> None:
    assert Ledger(WINDOW.earliest).strip(WINDOW.since, NOW, None, None) == (Cells(144, NONE),)
    assert Ledger(WINDOW.earliest).account("lobby", WINDOW.since, NOW) is None


def test_one_that_comes_late_is_told_to_its_ledger_and_footage_far_in_the_future_does_no_harm() -> None:
    ledger = Ledger(WINDOW.earliest)
    start = micros(WINDOW.since)
    assert ledger.footage(start, start + 1000)
    assert ledger.footage(start + 999, start + 2000), "a hand-over overlaps"
    assert not ledger.footage(start + 500, start + 3000)
    assert ledger.footage(start + 10**15, start + 10**15 + 1)
    ledger.gap(start, start + 10**15, GapCause.UNKNOWN)


# --------------------------------------------------------------------------------------------------------- which time


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Europe/Berlin"]
)
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_cells_are_round_times_of_the_zone_and_the_last_one_is_the_present(zone: str, at: datetime) -> None:
    where = ZoneInfo(zone)
    now = at.replace(tzinfo=UTC)
    about = window(now, where)
    assert about.since.astimezone(where).minute % 10 == 0
    assert about.since + (CELLS - 1) * CELL < now <= about.since + CELLS * CELL
    today = about.today.astimezone(where)
    assert (today.date(), today.hour) == (now.astimezone(where).date(), 0)
    ledger = Ledger(about.earliest)
    assert ledger.covers(about.since)
    assert ledger.covers(about.earliest)
    assert (about.today - about.earliest) % CELL == timedelta(), "today begins with a cell"
    assert ledger.covers(window(now + timedelta(hours=1), where).earliest)


def test_the_day_on_which_clocks_are_set_begins_at_its_own_midnight() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert midnight(datetime(2026, 3, 29, 12, tzinfo=UTC), berlin) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert midnight(datetime(2026, 10, 25, 12, tzinfo=UTC), berlin) == datetime(2026, 10, 24, 22, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------------ what goes on

LAST = LastFootage(3, NOW - timedelta(seconds=100))
UNPLUGGED = Event(NOW - timedelta(seconds=99), "lobby", EventKind.EXIT, "unplugged", cause=GapCause.NETWORK)


def _ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("present", "missing_s"),
    [
        (None, 100),
        (Present(3), 100),
        (Present(4, None, _ago(20)), 100),
        (Present(3, _ago(100), _ago(9000)), None),  # the next segment of the same worker
        (Present(4, _ago(40), _ago(45)), 60),
        (Present(4, _ago(90), _ago(95)), None),  # ten seconds: told once its first segment is closed
        (Present(4, _ago(40), _ago(95), handing_over=True), None),
        (Present(4, _ago(40), _ago(95), unsettled={3}), None),  # the old one's last file is on its way
        (Present(4, _ago(20), _ago(60), unsettled={4}), 40),  # the new one's first file is
        (Present(3, None, None, unsettled={3}), None),
    ],
)
def test_what_is_missing_ends_where_footage_begins_again(present: Present | None, missing_s: float | None) -> None:
    gaps = going_on("lobby", LAST, present, NOW, lambda: [UNPLUGGED])
    assert [(gap.started_at, gap.length_s, gap.cause) for gap in gaps] == (
        [] if missing_s is None else [(LAST.ended_at, missing_s, GapCause.NETWORK)]
    )


def test_of_a_camera_that_never_recorded_nothing_is_missing_and_its_history_is_not_read() -> None:
    def unread() -> list[Event]:
        raise AssertionError("read in vain")

    assert going_on("lobby", None, Present(1), NOW, unread) == ()
    assert going_on("lobby", LAST, Present(3, NOW), NOW, unread) == ()


def test_without_a_recorder_that_is_the_cause_from_when_it_was_last_alive() -> None:
    down = Downtime(_ago(70), NOW, new_boot=False)
    gaps = going_on("lobby", LAST, None, NOW, lambda: [UNPLUGGED], [down])
    assert [(gap.cause, gap.length_s) for gap in gaps] == [(GapCause.NETWORK, 1 + 29), (GapCause.SERVICE, 70)]


_causes = st.sampled_from([None, GapCause.NETWORK, GapCause.CAMERA, GapCause.DISK, GapCause.OFF, GapCause.UNKNOWN])


@given(st.lists(st.tuples(st.floats(-30, 900), _causes), max_size=8), st.floats(15, 600), st.floats(1, 300))
def test_a_gap_that_goes_on_is_prolonged_to_what_it_would_be_explained_as(
    noted: list[tuple[float, GapCause | None]], first_s: float, then_s: float
) -> None:
    def at(seconds: float) -> datetime:
        return LAST.ended_at + timedelta(seconds=seconds)

    history = [
        Event(at(seconds), "lobby", EventKind.EXIT, f"{cause} at {seconds}", cause=cause)
        for seconds, cause in sorted(noted, key=lambda one: one[0])
    ]
    known = [event for event in history if event.at < at(first_s)]
    news = [event for event in history if at(first_s) <= event.at]
    before = going_on("lobby", LAST, Present(3), at(first_s), lambda: known)
    after = going_on("lobby", LAST, Present(3), at(first_s + then_s), lambda: [*known, *news])
    guessed = prolonged(before, at(first_s + then_s), news)
    if guessed is not None:
        assert [(gap.started_at, gap.cause, gap.detail) for gap in guessed] == [
            (gap.started_at, gap.cause, gap.detail) for gap in after
        ]
        assert [gap.length_s for gap in guessed] == pytest.approx([gap.length_s for gap in after])


# ------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("percent", "text"), [(None, "–"), (100.0, "100 %"), (99.9999, "99.99 %"), (99.5, "99.50 %"), (0.0, "0.00 %")]
)
def test_a_share_is_never_rounded_up_to_all(percent: float | None, text: str) -> None:
    assert percent_text(percent) == text


def test_the_share_of_several_cameras_is_that_of_their_seconds() -> None:
    one, other = Account("a", NOW, NOW, 100, 0, 5, 0), Account("b", NOW, NOW, 0, 300, 0, 1)
    assert percent_of([one, other]) == 25.0
    assert percent_of([]) is None
