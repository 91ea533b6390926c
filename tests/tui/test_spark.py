"""The CPU graph: fixed scale, still borders, honest about what is not known."""

from __future__ import annotations

from tests.tui.fakes import camera, recorder_snapshot
from vmstui.model import CameraState
from vmstui.tui.spark import CpuHistory, level, spark


def test_the_scale_is_one_core_whatever_the_samples() -> None:
    assert spark([3.0] * 60, 10, 60) == "▁" * 10
    assert spark([99.0] * 60, 10, 60) == "█" * 10
    assert spark([50.0], 10, 1).strip() == "▅"


def test_more_than_one_core_stays_at_the_top() -> None:
    assert (level(100.0), level(340.0), level(-1.0)) == ("█", "█", "▁")


def test_what_is_not_known_is_blank() -> None:
    assert spark([None] * 30 + [99.0] * 30, 10, 60) == " " * 5 + "█" * 5
    assert spark([], 8, 1) == " " * 8
    assert spark([1.0], 0, 1) == ""


def test_points_do_not_change_while_they_move_left() -> None:
    points = [float(value % 100) for value in range(600)]
    before = spark(points[240:300], 10, 300)
    after = spark(points[246:306], 10, 306)
    assert after[:-1] == before[1:]


def test_between_two_points_only_the_newest_changes() -> None:
    points = [float(value * 7 % 100) for value in range(600)]
    assert spark(points[:303], 10, 303)[:-1] == spark(points[:304], 10, 304)[:-1]


def test_history_has_one_point_per_tick_and_a_gap_where_no_worker_ran() -> None:
    history = CpuHistory(window_s=3)
    history.add(recorder_snapshot(camera()))
    history.add(recorder_snapshot(camera(state=CameraState.BACKOFF)))
    assert history.add(recorder_snapshot(camera()))["lobby"] == (23.4, None, 23.4)
    assert len(history.add(recorder_snapshot(camera()))["lobby"]) == 3


def test_the_past_goes_before_what_was_seen_here() -> None:
    history = CpuHistory(window_s=5)
    history.add(recorder_snapshot(camera()))
    history.seed({"lobby": (1.0, 2.0, 3.0, 4.0)})
    assert history.add(recorder_snapshot(camera()))["lobby"] == (1.0, 2.0, 3.0, 23.4, 23.4)


def test_a_camera_that_is_gone_is_forgotten() -> None:
    history = CpuHistory()
    history.add(recorder_snapshot(camera("a"), camera("b")))
    assert set(history.add(recorder_snapshot(camera("b")))) == {"b"}
