"""The strip of a day: whatever room there is, no loss goes missing, and the clock below it is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, camera, recorder_snapshot, segment
from vmstui.footage import GapCause
from vmstui.footage_accounts import Account, CameraFootage, CellKind, Cells, FootageReport
from vmstui.model import CameraState
from vmstui.tui import glyphs
from vmstui.tui.day_strip import ROLE, WIDTHS, WORD, Strips, axis, compressed, legend, share, strip_line, widest
from vmstui.tui.lines import Role, text_of, width_of

SINCE = datetime(2025, 10, 19, 8, 0, tzinfo=UTC)
LOSSES = {CellKind.LOST, CellKind.PART}

causes = st.sampled_from([GapCause.CAMERA, GapCause.NETWORK, GapCause.DISK])
lost_cells = st.builds(lambda cause: Cells(1, CellKind.LOST, 600.0, cause), causes)
part_cells = st.builds(lambda seconds, cause: Cells(1, CellKind.PART, seconds, cause), st.floats(0.001, 599.0), causes)
plain_cells = st.sampled_from([CellKind.RECORDED, CellKind.OFF, CellKind.GONE, CellKind.NONE]).map(
    lambda kind: Cells(1, kind)
)
runs = st.builds(lambda cell, count: replace(cell, count=count), lost_cells | part_cells | plain_cells,
                 st.integers(1, 40))  # fmt: skip


@st.composite
def days(draw: st.DrawFn) -> tuple[Cells, ...]:
    """A strip of 144 cells, in runs as a recorder tells it."""
    found: list[Cells] = []
    left = 144
    while left:
        run = draw(runs)
        found.append(replace(run, count=min(run.count, left)))
        left -= found[-1].count
    return tuple(found)


def each(strip: tuple[Cells, ...]) -> list[Cells]:
    return [replace(run, count=1) for run in strip for _ in range(run.count)]


@given(days(), st.sampled_from(WIDTHS))
def test_a_loss_never_vanishes_and_its_seconds_add_up(strip: tuple[Cells, ...], width: int) -> None:
    fine, coarse = each(strip), each(compressed(strip, width))
    assert len(coarse) == width
    assert sum(cell.lost_s for cell in coarse) == pytest.approx(sum(cell.lost_s for cell in fine))
    for number, cell in enumerate(coarse):
        within = fine[number * (144 // width) : (number + 1) * (144 // width)]
        kinds = {part.kind for part in within}
        assert (cell.kind in LOSSES) == bool(kinds & LOSSES)
        # Lost as a whole only where nothing that should have been recorded then was.
        assert (cell.kind is CellKind.LOST) == (CellKind.LOST in kinds and kinds <= {
            CellKind.LOST, CellKind.OFF, CellKind.NONE,
        })  # fmt: skip
        assert cell.kind in kinds or kinds & LOSSES
        assert (cell.cause is None) == (cell.kind not in LOSSES)


@given(st.lists(runs, max_size=6).map(tuple), st.integers(1, 200))
def test_any_number_of_cells_is_drawn_in_any_width_without_losing_a_loss(strip: tuple[Cells, ...], width: int) -> None:
    line = strip_line(strip, width)
    assert width_of(line) == width
    signs = {glyphs.STRIP[kind] for kind in LOSSES}
    assert bool(signs & set(text_of(line))) == any(run.kind in LOSSES for run in strip)


def test_the_cause_of_a_cell_is_that_of_the_greatest_part_of_what_was_lost() -> None:
    strip = (
        Cells(2, CellKind.PART, 10.0, GapCause.CAMERA), Cells(1, CellKind.PART, 15.0, GapCause.DISK),
        Cells(3, CellKind.RECORDED),
    )  # fmt: skip
    assert compressed(strip, 1) == (Cells(1, CellKind.PART, 35.0, GapCause.CAMERA),)


@pytest.mark.parametrize(
    ("kinds", "drawn"),
    [
        ((CellKind.OFF, CellKind.OFF, CellKind.RECORDED), CellKind.OFF),
        ((CellKind.OFF, CellKind.RECORDED, CellKind.RECORDED), CellKind.RECORDED),
        ((CellKind.NONE, CellKind.NONE, CellKind.RECORDED), CellKind.RECORDED),
        ((CellKind.GONE, CellKind.GONE, CellKind.RECORDED), CellKind.GONE),
        ((CellKind.LOST, CellKind.OFF, CellKind.NONE), CellKind.LOST),
        ((CellKind.LOST, CellKind.GONE, CellKind.GONE), CellKind.PART),
    ],
)
def test_a_cell_is_what_it_was_for_most_of_the_time_where_nothing_was_lost(
    kinds: tuple[CellKind, ...], drawn: CellKind
) -> None:
    strip = tuple(Cells(1, kind, 600.0 if kind in LOSSES else 0.0) for kind in kinds)
    assert compressed(strip, 1)[0].kind is drawn


def test_without_a_strip_there_is_blank() -> None:
    assert text_of(strip_line((), 24)) == " " * 24
    assert legend(()) == []


def test_the_widest_that_fits_divides_the_day() -> None:
    assert [widest(cells) for cells in (23, 24, 35, 36, 50, 143, 144, 500)] == [0, 24, 24, 36, 48, 72, 144, 144]
    assert all(144 % width == 0 for width in WIDTHS)


def test_every_kind_has_a_sign_and_a_colour_of_its_own_and_a_word() -> None:
    assert set(glyphs.STRIP) == set(ROLE) == {*WORD, CellKind.NONE} == set(CellKind)
    told = [ROLE[kind] for kind in WORD]
    assert len(set(told)) == len(told)
    strip = (Cells(1, CellKind.GONE), Cells(2, CellKind.LOST, 600.0), Cells(1, CellKind.NONE))
    assert [text_of(part) for part in legend(strip)] == ["✖ lost", "┈ deleted since"]


# --------------------------------------------------------------------------------------------------------- the clock


def label_at(text: str, label: str) -> list[int]:
    return [column for column in range(len(text)) if text.startswith(label, column)]


@pytest.mark.parametrize("width", WIDTHS)
def test_each_time_stands_below_the_cell_that_begins_with_it(width: int) -> None:
    text = axis(SINCE, 600.0, 144, width, UTC)
    assert len(text) == width
    labels = text.split()
    assert len(labels) >= 2
    for label in labels:
        hours = (int(label[:2]) - 8) % 24
        assert hours * width // 24 in label_at(text, label)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])
def test_zones_a_part_of_an_hour_off_have_whole_hours_on_the_axis(zone: str) -> None:
    where = ZoneInfo(zone)
    since = datetime(2025, 10, 20, 7, 50, tzinfo=where).astimezone(UTC)
    text = axis(since, 600.0, 144, 144, where)
    assert label_at(text, "08:00") == [1]
    assert label_at(text, "20:00") == [73]


def test_on_the_day_clocks_go_back_an_hour_comes_twice() -> None:
    where = ZoneInfo("Europe/Berlin")
    since = datetime(2025, 10, 25, 18, 0, tzinfo=UTC)  # 20:00 in Berlin
    text = axis(since, 600.0, 144, 144, where)
    assert label_at(text, "00:00") == [4 * 6]
    assert label_at(text, "02:00") == [6 * 6, 7 * 6]
    assert label_at(text, "04:00") == [9 * 6]
    assert label_at(text, "18:00") == [23 * 6]


def test_on_the_day_clocks_are_put_forward_an_hour_is_missing() -> None:
    where = ZoneInfo("Europe/Berlin")
    since = datetime(2026, 3, 28, 19, 0, tzinfo=UTC)  # 20:00 in Berlin
    text = axis(since, 600.0, 144, 144, where)
    assert label_at(text, "00:00") == [4 * 6]
    assert label_at(text, "02:00") == []
    assert label_at(text, "04:00") == [7 * 6]
    assert label_at(text, "20:00") == [0, 23 * 6]


# --------------------------------------------------------------------------------------------------------- the share


@pytest.mark.parametrize(
    ("percent", "provisional", "words", "role"),
    [
        (100.0, False, "100 %", Role.TEXT),
        (99.996, False, "99.99 %", Role.TEXT),
        (99.9999999, True, "~99.99 %", Role.TEXT),
        (99.8, False, "99.80 %", Role.WARN),
        (0.0, False, "0.00 %", Role.WARN),
        (None, True, "", Role.DIM),
    ],
)
def test_a_share_is_never_rounded_up_to_all(percent: float | None, provisional: bool, words: str, role: Role) -> None:
    assert share(percent, provisional=provisional) == (words, role)


def account(camera: str, recorded_s: float, lost_s: float) -> Account:
    return Account(camera, SINCE, SINCE + timedelta(hours=8), recorded_s, lost_s, 0.0, int(lost_s > 0))


def test_the_share_of_today_is_that_of_the_seconds_of_all_cameras() -> None:
    cameras = (
        CameraFootage("a", account("a", 9_000.0, 0.0), None, (Cells(144, CellKind.RECORDED),)),
        CameraFootage("b", account("b", 900.0, 100.0), None, (Cells(144, CellKind.RECORDED),)),
        CameraFootage("c", None, None, ()),
    )
    strips = Strips(FootageReport(SINCE, SINCE, 600.0, cameras))
    fleet = recorder_snapshot(*(camera(one) for one in ("a", "b", "c", "nobody")))
    assert strips.share(fleet) == ("99.00 % today", Role.WARN)
    assert strips.share(fleet, fleet.cameras[0]) == ("100 % today", Role.TEXT)
    assert strips.today(fleet.cameras[1], fleet.at) == ("90.00 %", Role.WARN)
    assert [strips.share(fleet, one)[0] for one in fleet.cameras[2:]] == ["", ""]
    assert text_of(strips.line("nobody", 36)) == " " * 36
    filling = Strips(FootageReport(SINCE, SINCE, 600.0, cameras, "the catalogue is being filled"))
    assert filling.share(fleet) == ("~99.00 % today", Role.WARN)


def test_the_share_takes_in_at_once_that_a_camera_does_not_record() -> None:
    whole = Account("a", NOW - timedelta(seconds=9_000), NOW - timedelta(seconds=10), 8_990.0, 0.0, 0.0, 0)
    strips = Strips(FootageReport(whole.until, SINCE, 600.0, (CameraFootage("a", whole, None, ()),)))
    last = segment("a", 5.0 / 60, duration_s=0.0)
    dark = camera("a", CameraState.BACKOFF, last_segment=last)
    assert strips.today(dark, NOW)[0] == "99.94 %"
    assert strips.share(recorder_snapshot(dark)) == ("99.94 % today", Role.TEXT)
    assert strips.today(replace(dark, wanted=False), NOW)[0] == "100 %"


def test_a_strip_is_put_together_once_a_report_and_not_at_every_tick() -> None:
    one = CameraFootage("a", None, None, (Cells(144, CellKind.RECORDED),))
    strips = Strips(FootageReport(SINCE, SINCE, 600.0, (one,)))
    assert strips.line("a", 24) is strips.line("a", 24)
    assert strips.line("a", 24) == (("━" * 24, Role.OK),)
