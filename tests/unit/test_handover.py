"""From one worker to the next: what follows a new worker that came to nothing, and what a change cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vmstui.ffmpeg.exits import ExitKind
from vmstui.footage import Uptime
from vmstui.recorder.handover import Then, after_failure, measured, serves_two
from vmstui.recording.gaps import Moment

AT = datetime(2026, 11, 24, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", [None, ExitKind.BUSY, ExitKind.CLOSED, ExitKind.NETWORK])
def test_a_camera_that_turns_the_second_connection_away_serves_one(kind: ExitKind | None) -> None:
    assert after_failure(kind) == (Then.STOP_FIRST, True)


def test_a_gpu_without_a_free_session_is_no_matter_of_the_camera() -> None:
    assert after_failure(ExitKind.ENCODER) == (Then.STOP_FIRST, False)


@pytest.mark.parametrize("kind", [ExitKind.AUTH, ExitKind.NOT_FOUND, ExitKind.CONFIGURATION, ExitKind.DISK])
def test_a_recording_is_not_given_up_for_a_worker_that_could_not_record_either(kind: ExitKind) -> None:
    assert after_failure(kind) == (Then.KEEP, False)


def test_what_was_learnt_of_a_camera_is_tried_again_after_a_week() -> None:
    assert serves_two(None, AT)
    assert not serves_two(AT, AT + timedelta(days=6))
    assert serves_two(AT, AT + timedelta(days=8))
    assert serves_two(AT, AT - timedelta(hours=1)), "the clock was set back: nothing is known"


@pytest.mark.parametrize(
    ("gap_s", "lost", "text"),
    [
        (-2.13, 0, "no frame lost: generation 8 overlaps 7 by 2.1 s"),
        (0.1, 0, "0.1 s not recorded between generations 7 and 8"),
        (2.3, 22, "2.3 s, about 22 frames, not recorded between generations 7 and 8"),
    ],
)
def test_what_a_change_cost_is_told_in_seconds_and_frames(gap_s: float, lost: int, text: str) -> None:
    cost = measured(7, Moment(AT), 8, Moment(AT + timedelta(seconds=gap_s)), 10.0, AT, seamless=True)
    assert cost.frames_lost == lost
    assert str(cost) == text


@pytest.mark.parametrize("set_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_during_a_change_over_costs_nothing_and_hides_nothing(set_s: float) -> None:
    end = Moment(AT, Uptime("boot", 1000.0))
    begin = Moment(AT + timedelta(seconds=2.3 + set_s), Uptime("boot", 1002.3))
    assert measured(7, end, 8, begin, 10.0, AT, seamless=False).gap_s == 2.3
    reboot = Moment(begin.at, Uptime("another boot", 3.0))
    assert measured(7, end, 8, reboot, 10.0, AT, seamless=False).gap_s == 2.3 + set_s, "only the wall clock tells"
