"""How the fleet is looked at: order, columns, filters; and that nothing in trouble is left out unsaid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.fakes import MIB, NOW, camera, recorder_snapshot, segment
from vmstui.model import CameraState, OpenSegment, Progress, RecorderSnapshot, Sample
from vmstui.tui.fleet_rows import BY_KEY, COLUMNS, NAME, context_of, place, title_of
from vmstui.tui.fleet_view import (
    PROBLEMS,
    VALUES,
    View,
    arranged,
    hides,
    left_out,
    sorted_by,
    sorted_by_next,
    usual,
    with_column,
)
from vmstui.tui.format import width

FLEET = recorder_snapshot(
    camera("cam_10", sample=Sample(NOW, 5.0, MIB, 1, 0.0, 0.0), restarts=2, pid=300),
    camera("cam_9", sample=Sample(NOW, 40.0, MIB, 1, 0.0, 0.0), restarts=0, pid=100),
    camera("down", CameraState.BACKOFF, restarts=7),
    camera("cam_1", sample=Sample(NOW, 20.0, MIB, 1, 0.0, 0.0), restarts=2, pid=200),
    camera("off", CameraState.STOPPED, wanted=False),
)


def ids(view: View, snapshot: RecorderSnapshot = FLEET) -> list[str]:
    return [one.id for one in arranged(snapshot, view, context_of(snapshot, {}, 1, {}))]


def test_without_a_wish_the_cameras_in_trouble_come_first() -> None:
    assert ids(View()) == ["down", "cam_10", "cam_9", "cam_1", "off"]
    assert ids(View(backwards=True)) == ["off", "cam_1", "cam_9", "cam_10", "down"]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("cpu", ["cam_9", "cam_1", "cam_10", "down", "off"]),
        ("name", ["cam_1", "cam_9", "cam_10", "down", "off"]),
        ("restarts", ["down", "cam_10", "cam_1", "cam_9", "off"]),
        ("pid", ["cam_9", "cam_1", "cam_10", "down", "off"]),
        ("state", ["down", "cam_10", "cam_9", "cam_1", "off"]),
    ],
)
def test_any_column_sorts_with_what_matters_first(column: str, order: list[str]) -> None:
    assert ids(View(sort=column)) == order


def test_what_has_no_value_is_last_in_either_direction_and_equal_ones_keep_their_order() -> None:
    assert ids(View(sort="cpu", backwards=True)) == ["cam_10", "cam_1", "cam_9", "down", "off"]
    assert ids(View(sort="restarts", backwards=True)) == ["cam_9", "off", "cam_10", "cam_1", "down"]


@pytest.mark.parametrize("column", [column.key for column in COLUMNS])
def test_every_column_can_be_sorted_by_whatever_is_known_of_a_camera(column: str) -> None:
    assert column in VALUES
    mixed = recorder_snapshot(
        camera("a"),
        camera("b", progress=Progress(1, 2.0, 0.5, 1.0, 0, 0), last_segment=segment("b", 9.0)),
        camera("c", CameraState.STALLED, outputs=()),
        camera("d", open_segment=OpenSegment("d.mp4", NOW - timedelta(hours=1), MIB, NOW), last_segment=None),
    )
    for backwards in (False, True):
        assert sorted(ids(View(sort=column, backwards=backwards), mixed)) == ["a", "b", "c", "d"]


def test_a_column_that_a_later_version_knew_leaves_the_usual_order() -> None:
    assert ids(View(sort="moon_phase")) == ids(View())


def test_faults_only_leaves_out_what_is_well_and_what_nobody_wants_recorded() -> None:
    assert ids(View(faults=True)) == ["down"]
    assert ids(View(faults=True, pattern="cam")) == []


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (View(), ("", False)),
        (View(pattern="down"), ("1 of 5 cameras shown: 'down'. esc shows all.", False)),
        (
            View(pattern="cam"),
            ("3 of 5 cameras shown: 'cam'. 1 not shown is in trouble. esc shows all.", True),
        ),
        (View(faults=True), ("1 of 5 cameras shown: faults only. esc shows all.", False)),
    ],
)
def test_what_is_left_out_is_told_and_that_some_of_it_is_in_trouble(view: View, told: tuple[str, bool]) -> None:
    assert left_out(FLEET, view, "esc") == told


def test_the_order_goes_from_column_to_column_and_through_problems_first() -> None:
    seen = ("state", "name", "cpu")
    view = View()
    went = []
    for _ in range(5):
        view = sorted_by_next(view, 1, seen)
        went.append(view.sort)
    assert went == ["state", "name", "cpu", "", "state"]
    assert sorted_by_next(View(), -1, seen).sort == "cpu"


def test_a_column_that_is_sorted_by_is_shown_and_one_that_is_hidden_no_longer_sorts() -> None:
    hidden = hides(View(sort="cpu", backwards=True), "cpu")
    assert (hidden.sort, hidden.backwards, hidden.hidden) == ("", False, ("cpu",))
    again = sorted_by(hidden, "cpu")
    assert (again.sort, again.hidden) == ("cpu", ())
    assert sorted_by(again, PROBLEMS).sort == ""
    assert with_column(hidden, "cpu").hidden == ()
    assert hides(View(), NAME) == View(), "no row could be told from another"
    assert usual(replace(hidden, pattern="x")) == View(pattern="x")


@pytest.mark.parametrize("cells", [40, 78, 118, 158, 240])
@pytest.mark.parametrize("column", [column.key for column in COLUMNS])
def test_each_column_can_be_hidden_and_be_had_on_any_terminal_in_its_bounds(column: str, cells: int) -> None:
    keys = [placed.column.key for placed in place(cells, ["Lobby"], hidden=(column,))]
    assert column not in keys
    for wish in ({"wanted": (column,)}, {"sort": column}):
        placed = place(cells, ["Lobby"], **wish)
        assert sum(one.cells + 1 for one in placed) - 1 <= cells
        by_key = {one.column.key: one for one in placed}
        if cells >= 78 or BY_KEY[column].cells <= 12:
            assert column in by_key
            if "sort" in wish:
                title = title_of(by_key[column], "↓")
                assert title.endswith("↓")
                assert width(title) <= by_key[column].cells
