"""The rows of the fleet: which columns, which order, what is said instead of numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, camera, recorder_snapshot
from vmstui.configured import OutputKind
from vmstui.model import CameraState, OpenSegment, OutputHealth, OutputState
from vmstui.tui.fleet_rows import RowContext, matches, ordered, place, row, state_span, title_of
from vmstui.tui.format import width
from vmstui.tui.lines import Role, text_of

CONTEXT = RowContext(NOW)


@given(st.integers(40, 300), st.lists(st.text("abcä東", max_size=50), max_size=5))
def test_columns_fit_the_width_and_state_and_name_always_stay(cells: int, names: list[str]) -> None:
    placed = place(cells, names)
    assert sum(item.cells for item in placed) + len(placed) - 1 <= cells
    assert [item.column.key for item in placed][:2] == ["state", "name"]


@given(st.integers(60, 300), st.sampled_from(list(CameraState)))
def test_every_row_is_as_wide_as_its_columns(cells: int, state: CameraState) -> None:
    placed = place(cells, ["Lobby"])
    total = sum(item.cells for item in placed) + len(placed)
    for reason in ("", "x" * 400):
        spans = row(camera(state=state, reason=reason), placed, CONTEXT)
        assert sum(width(text) for text, _ in spans) == total


def test_80_columns_show_what_the_first_glance_needs() -> None:
    keys = [item.column.key for item in place(78, ["Duc Tai Dendo 1"])]
    assert keys == ["state", "name", "severity", "cpu", "spark", "fps", "open", "live", "pid"]


def test_160_columns_show_everything() -> None:
    keys = {item.column.key for item in place(158, ["Duc Tai Dendo 1"])}
    assert {"speed", "last", "restarts", "warnings", "pid", "live"} <= keys


def test_the_scale_of_the_graph_is_in_its_title() -> None:
    titles = [title_of(item) for item in place(78, ["Lobby"]) if item.column.key == "spark"]
    assert titles == ["0–100 %"]
    titles = [title_of(item) for item in place(158, ["Lobby"]) if item.column.key == "spark"]
    assert titles == ["0–100 %, 60 s"]


def test_a_camera_that_records_shows_its_figures() -> None:
    text = text_of(tuple(row(camera(), place(158, ["Lobby"]), CONTEXT)))
    for words in ("● recording", "Lobby", "23.4", "1.00x", "02:14", "18.0 M", "07:51:00", "19.0 M", "● up 1", "101613"):
        assert words in text


def test_a_camera_in_trouble_shows_the_reason_where_the_figures_would_be() -> None:
    down = camera(state=CameraState.BACKOFF, reason="No route to host", restarts=14,
                  next_start_at=NOW + timedelta(seconds=28))  # fmt: skip
    text = text_of(tuple(row(down, place(78, ["Lobby"]), CONTEXT)))
    assert "◔ retry 28 s" in text
    assert "No route to host · 14 restarts" in text


def test_a_camera_that_is_failing_says_for_how_long_in_letters_that_stand_out() -> None:
    since = NOW - timedelta(minutes=23)
    down = camera(state=CameraState.FAILING, reason="No route to host", restarts=14, failing_since=since)
    spans = row(down, place(78, ["Lobby"]), CONTEXT)
    assert ("◆ FAILING 23m  ", Role.PILL_BAD) in spans
    assert "No route to host · 14 restarts" in text_of(tuple(spans))


@pytest.mark.parametrize("state", [CameraState.AUTH_FAILED, CameraState.STARTING, CameraState.HELD])
def test_a_camera_that_is_failing_says_so_in_whatever_state_it_is(state: CameraState) -> None:
    down = camera(state=state, failing_since=NOW - timedelta(minutes=23))
    assert "FAILING for 23 min" in text_of(tuple(row(down, place(78, ["Lobby"]), CONTEXT)))


def test_a_segment_that_stopped_growing_is_marked_by_a_sign_and_not_by_colour_alone() -> None:
    stuck = OpenSegment("x.mp4", NOW - timedelta(seconds=60), 1024, NOW - timedelta(seconds=12))
    spans = row(camera(open_segment=stuck), place(78, ["Lobby"]), CONTEXT)
    assert any("01:00!" in text and role is Role.WARN for text, role in spans)


@pytest.mark.parametrize("state", list(CameraState))
def test_every_state_has_a_glyph_of_its_own_and_a_word(state: CameraState) -> None:
    text, _ = state_span(camera(state=state), NOW)
    glyph, _, word = text.partition(" ")
    assert word
    assert [state_span(camera(state=other), NOW)[0][0] for other in CameraState].count(glyph) == 1


def test_problems_come_first_and_otherwise_the_order_is_that_of_the_configuration() -> None:
    live_down = (OutputHealth(OutputKind.LIVE, OutputState.DOWN, reason="refused"),)
    snapshot = recorder_snapshot(
        camera("a"), camera("b", CameraState.STOPPED, wanted=False), camera("c", outputs=live_down),
        camera("d", CameraState.BACKOFF), camera("e"), camera("f", CameraState.STARTING, since=NOW),
        camera("g", CameraState.AUTH_FAILED),
        camera("h", CameraState.HELD, failing_since=NOW - timedelta(minutes=11)),
        camera("i", failing_since=NOW - timedelta(minutes=11)),
    )  # fmt: skip
    assert "".join(shown.id for shown in ordered(snapshot)) == "hdgfciaeb"


def test_a_wanted_camera_that_is_stopped_is_a_problem() -> None:
    snapshot = recorder_snapshot(camera("a"), camera("b", CameraState.STOPPED, wanted=True))
    assert ordered(snapshot)[0].id == "b"


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("", "ab"),
        ("gate", "a"),
        ("GATE", "a"),
        ("!gate", "b"),
        ("!", "ab"),
        ("auth failed", "b"),
        ("[", ""),
        ("!zz", "ab"),
    ],
)
def test_filter_is_plain_text_and_can_be_inverted(pattern: str, kept: str) -> None:
    fleet = (camera("a", name="Gate [North"), camera("b", CameraState.AUTH_FAILED))
    fleet = (replace(fleet[0], name="Gate North"), fleet[1])
    assert "".join(shown.id for shown in fleet if matches(shown, pattern)) == kept
