"""From one worker to the next: what follows a new worker that came to nothing, and what a change cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vmstui.ffmpeg.exits import ExitKind
from vmstui.footage import Uptime
from vmstui.recorder.handover import Then, Witness, after_failure, measured, serves_two
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


def told(grows_at: list[float], failed_s: float, until_s: float, fps: float = 15.0) -> bool | None:
    """What a witness says that looks every second from 100 s on. What was recorded until an instant is seen then; each
    of these instants brings all footage until itself."""

    def made(now_s: float) -> float:
        return max(at for at in grows_at if at <= now_s)

    witness = Witness.called(100.0, made(100.0))
    for now_s in range(100, round(until_s) + 1):
        if now_s >= failed_s and witness.failed_s is None:
            witness = replace(witness.saw(failed_s, made(failed_s), fps), failed_s=failed_s)
        witness = witness.saw(now_s, made(now_s), fps)
        verdict = witness.verdict(now_s, fps)
        if verdict is not None:
            return verdict
    return None


ALWAYS = [float(number) for number in range(90, 200)]


@pytest.mark.parametrize("failed_s", [100.2, 105.0, 145.0])
def test_a_camera_that_was_recorded_all_the_while_turned_the_second_connection_away(failed_s: float) -> None:
    assert told(ALWAYS, failed_s, failed_s + 4) is None, "the network may just be going"
    assert told(ALWAYS, failed_s, failed_s + 6) is True


@pytest.mark.parametrize(
    ("failed_s", "silent"),
    [(105.0, (99, 107)), (105.0, (101, 106)), (100.1, (100, 105)), (145.0, (138, 147)), (103.0, (103, 300))],
)
def test_a_camera_that_was_silent_itself_turned_nobody_away(failed_s: float, silent: tuple[int, int]) -> None:
    """Also where it makes up for all of it afterwards."""
    grows = [at for at in ALWAYS if not silent[0] < at < silent[1]]
    assert told(grows, failed_s, failed_s + 20) is False


def test_a_break_long_before_the_second_connection_failed_does_not_count() -> None:
    grows = [at for at in ALWAYS if not 110 < at < 120]
    assert told(grows, 145.0, 160.0) is True


def test_a_camera_that_sends_a_frame_every_five_seconds_has_no_break_between_them() -> None:
    grows = [float(at) for at in range(90, 200, 5)]
    assert told(grows, 145.0, 160.0, fps=0.2) is True


def test_a_camera_whose_clock_runs_slow_has_no_break() -> None:
    """What it sends in a second says that it was nine tenths of one."""
    witness = Witness.called(0.0, 0.0)
    for now_s in range(1, 46):
        witness = witness.saw(now_s, 0.9 * now_s, 10.0)
    witness = replace(witness, failed_s=45.0)
    for now_s in range(46, 51):
        witness = witness.saw(now_s, 0.9 * now_s, 10.0)
    assert witness.verdict(50.0, 10.0) is True
