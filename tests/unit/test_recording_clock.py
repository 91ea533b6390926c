"""What a wall clock that is set means for the times of files."""

from __future__ import annotations

import pytest

from vmstui.recording.clock import ERAS_KEPT, Era, WallClock

EPOCH_S = 1_760_000_000.0


def _clock(*looks: tuple[float, float]) -> tuple[WallClock, list[float]]:
    clock, steps = WallClock("boot"), []
    for boot_s, wall_s in looks:
        clock, step_s = clock.seen(boot_s, EPOCH_S + wall_s)
        steps.append(step_s)
    return clock, steps


def test_a_clock_that_is_only_slewed_is_never_called_set() -> None:
    clock, steps = _clock(*((second, second * 1.0005) for second in range(5000)))
    assert steps == [0.0] * 5000
    assert len(clock.eras) == 1
    assert clock.uptime_s(EPOCH_S + 4999 * 1.0005, 5000) == pytest.approx(4999)


def test_setting_it_is_seen_with_its_size() -> None:
    _, steps = _clock((0, 0), (1, 1), (2, 3602), (3, 3603), (4, 4))
    assert steps == pytest.approx([0, 0, 3600, 0, -3600])


def test_a_time_that_came_twice_is_that_of_the_last_time_it_came_before_the_instant_asked_about() -> None:
    clock, _ = _clock((0, 0), (3600, 3600), (3601, 1), (7200, 3600))
    assert clock.uptime_s(EPOCH_S + 1800, not_after_s=7200) == pytest.approx(5400)
    assert clock.uptime_s(EPOCH_S + 1800, not_after_s=3600) == pytest.approx(1800)


def test_a_time_that_was_skipped_never_was() -> None:
    clock, _ = _clock((0, 0), (100, 100), (101, 3701), (200, 3800))
    assert clock.uptime_s(EPOCH_S + 1800, not_after_s=200) is None
    assert clock.uptime_s(EPOCH_S + 50, not_after_s=200) == pytest.approx(50)
    assert clock.uptime_s(EPOCH_S + 3750, not_after_s=200) == pytest.approx(150)


def test_a_file_closed_just_before_the_setting_was_noticed_has_its_time() -> None:
    clock, _ = _clock((0, 0), (100, 100), (101, 3701))
    assert clock.uptime_s(EPOCH_S + 3700.5, not_after_s=101) == pytest.approx(100.5)
    assert clock.uptime_s(EPOCH_S + 100.5, not_after_s=101) == pytest.approx(100.5)


def test_a_time_of_the_future_never_was() -> None:
    clock, _ = _clock((0, 0), (100, 100))
    assert clock.uptime_s(EPOCH_S + 500, not_after_s=100) is None
    assert WallClock("boot").uptime_s(EPOCH_S, 100) is None


def test_a_clock_that_somebody_sets_all_the_time_costs_a_bounded_size() -> None:
    clock, _ = _clock(*((second, second * 10) for second in range(1000)))
    assert len(clock.eras) == ERAS_KEPT
    assert clock.eras[-1] == Era(999, EPOCH_S + 999 * 9)


def test_a_clock_that_was_put_forward_is_known_for_as_long_as_is_asked_and_not_once_it_is_set_right() -> None:
    clock, _ = _clock((0, 0), (5000, 5000), (5001, 12201), (9000, 16200))
    assert clock.put_forward_s(9000, 3600) == 0
    assert clock.put_forward_s(8000, 3600) == pytest.approx(7200)
    assert clock.put_forward_s(9000, 86400) == pytest.approx(7200), "longer than since the boot"
    right, _ = _clock((0, 0), (5000, 5000), (5001, 12201), (6000, 6000))
    assert right.put_forward_s(6001, 3600) == pytest.approx(0)
    assert WallClock("boot").put_forward_s(10, 3600) == 0
