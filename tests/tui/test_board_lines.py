"""The wallboard: no camera is left out while there is a line for it, and those in trouble come first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, camera, recorder_snapshot
from vmstui.model import CameraState, RecorderSnapshot
from vmstui.tui.board_lines import HIGHEST, board_lines, laid_out
from vmstui.tui.fleet_rows import context_of, ordered
from vmstui.tui.lines import Role, text_of, width_of

GONE = camera(
    "gate", CameraState.FAILING, reason="No route to host", failing_since=NOW - timedelta(minutes=43), restarts=14
)


def board(of: RecorderSnapshot, cells: int, lines: int) -> list[str]:
    drawn = board_lines(ordered(of), context_of(of, {}, 1, {}), cells, lines)
    assert len(drawn) <= lines
    assert all(width_of(line) <= cells for line in drawn)
    return [text_of(line) for line in drawn]


@given(st.integers(60, 400), st.integers(10, 120), st.integers(1, 400))
def test_tiles_have_room_and_are_as_high_as_can_be(cells: int, lines: int, count: int) -> None:
    found = laid_out(cells, lines, count)
    assert found.rows * found.lines <= lines
    assert found.columns * (found.cells + 1) <= cells
    if found.columns * found.rows < count:
        assert found.lines == 1, "only then some are left out"
    elif found.lines < HIGHEST:
        most = max(cells // 26, 1)
        assert max(lines // (found.lines + 1), 1) * most < count, "higher tiles would not have room for all"


@pytest.mark.parametrize(("cells", "lines"), [(80, 22), (120, 38), (200, 57), (320, 100)])
@pytest.mark.parametrize("count", [1, 12, 40])
def test_all_cameras_are_seen_with_what_is_wrong_first(cells: int, lines: int, count: int) -> None:
    fleet = recorder_snapshot(*(camera(f"cam_{number}") for number in range(count)), GONE)
    text = "\n".join(board(fleet, cells, lines))
    for one in fleet.cameras:
        assert one.name in text
    assert text.startswith(" ◆ FAILING 43m  Gate")
    if count == 12 and lines > 30:
        assert "No route to host" in text
        assert "15 fps" in text


def test_the_state_fills_its_tile_and_is_a_word() -> None:
    fleet = recorder_snapshot(camera("lobby"), GONE)
    first, *_ = board_lines(ordered(fleet), context_of(fleet, {}, 1, {}), 100, 40)
    assert first[0][1] is Role.PILL_BAD
    assert width_of(first[:1]) >= 49


def test_where_not_all_have_a_line_it_says_how_many_are_missing() -> None:
    fleet = recorder_snapshot(*(camera(f"cam_{number}") for number in range(100)), GONE)
    text = board(fleet, 60, 20)
    assert text[-1].rstrip().endswith("and 62 more")
    assert "Gate" in text[0]
    broken = recorder_snapshot(*(camera(f"c{number}", CameraState.AUTH_FAILED, reason="401") for number in range(100)))
    assert "and 61 more, 61 of them not" in board(broken, 60, 20)[-1]
