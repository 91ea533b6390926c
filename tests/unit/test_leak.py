"""Who leaks is found, who does not is not accused: over seeds and over all shapes of memory known of."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from tests.unit.leak_series import (
    DAY_S,
    HOUR_S,
    MB,
    STEADY,
    Shape,
    daily,
    flat,
    leaking,
    levelling_off,
    made,
    noise,
    segment_starts,
    steps,
)
from vmstui.telemetry.leak import LeakVerdict, Run, judge, runs
from vmstui.telemetry.trend import trend

SEEDS = range(20)


@pytest.mark.parametrize("shape", STEADY, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize(("hours", "step_s"), [(1.0, 10.0), (6.0, 30.0), (24.0, 120.0), (168.0, 660.0)])
def test_a_steady_process_is_never_accused(shape: Shape, hours: float, step_s: float) -> None:
    verdicts = [judge(made(shape, seed, hours, step_s)).verdict for seed in SEEDS]
    assert LeakVerdict.LEAK not in verdicts


@pytest.mark.parametrize("shape", [flat, noise, segment_starts], ids=lambda shape: shape.__name__)
def test_one_that_hardly_moves_is_called_steady_after_a_day(shape: Shape) -> None:
    assert {judge(made(shape, seed)).verdict for seed in SEEDS} == {LeakVerdict.STEADY}


@pytest.mark.parametrize(
    ("per_hour", "hours", "step_s"),
    [(3600 * MB, 1.0, 10.0), (360 * MB, 2.0, 10.0), (40 * MB, 24.0, 120.0), (3 * MB, 24.0, 120.0), (MB, 168.0, 660.0)],
)
@pytest.mark.parametrize("chunk", [4096.0, 1e6])
def test_a_leak_is_found_within_the_window(per_hour: float, hours: float, step_s: float, chunk: float) -> None:
    found = [judge(made(leaking(per_hour, chunk), seed, hours, step_s)) for seed in SEEDS]
    assert {one.verdict for one in found} == {LeakVerdict.LEAK}
    for one in found:
        assert one.trend is not None
        assert one.trend.slope * HOUR_S == pytest.approx(per_hour, rel=0.1)


def test_a_leak_is_found_under_the_rhythm_of_day_and_night() -> None:
    verdicts = [judge(made(leaking(7 * MB, wave=0.02), seed)).verdict for seed in SEEDS]
    assert verdicts.count(LeakVerdict.LEAK) >= 19


def test_what_day_and_night_may_differ_by_is_not_known_before_a_day_is_over() -> None:
    rising = replace(made(leaking(2 * MB), 1, hours=6.0), started_s=None)
    assert judge(rising).verdict is LeakVerdict.UNKNOWN
    assert "day and night" in judge(rising).why
    assert judge(rising).needed_s >= DAY_S


def test_growth_in_steps_and_growth_that_ends_are_told_as_that() -> None:
    whys = {judge(made(shape, seed)).why for shape in (steps, levelling_off) for seed in SEEDS}
    assert "it grew in steps, or is levelling off" in whys


def test_a_day_and_a_night_are_steady_once_both_were_seen_three_times() -> None:
    assert {judge(made(daily, seed, 72.0, 300.0)).verdict for seed in SEEDS} == {LeakVerdict.STEADY}


def test_a_run_that_is_too_short_is_not_judged_and_says_what_it_takes() -> None:
    short = judge(made(leaking(3600 * MB), 1, hours=0.4, step_s=10.0))
    assert (short.verdict, short.why) == (LeakVerdict.UNKNOWN, "too short a run")
    assert judge(made(leaking(3600 * MB), 1, short.needed_s / HOUR_S + 0.01, 10.0)).verdict is LeakVerdict.LEAK


def test_the_warm_up_of_a_run_does_not_count() -> None:
    warming = [60 * MB if at_s > 500 else (10 + at_s / 10) * MB for at_s in range(0, 7200, 10)]
    found = judge(Run(tuple(map(float, range(0, 7200, 10))), tuple(warming), 0.0))
    assert found.verdict is LeakVerdict.STEADY
    assert found.first_bytes == found.last_bytes == 60 * MB


def test_a_restart_begins_another_run() -> None:
    """A worker that grew for an hour, and its successor that starts small: neither hides the other."""
    leak = made(leaking(600 * MB), 3, 2.0, 10.0)
    after = made(flat, 4, 2.0, 10.0)
    times_s = [*leak.times_s, *(7200.0 + at_s for at_s in after.times_s)]
    first, second = runs(times_s, [*leak.rss_bytes, *after.rss_bytes], [7203.0], 10.0)
    assert judge(first).verdict is LeakVerdict.LEAK
    assert (second.started_s, judge(second).verdict) == (7203.0, LeakVerdict.STEADY)
    assert len(first.times_s) + len(second.times_s) == len(times_s) - 1  # one told of both


def test_times_without_samples_cost_a_run_nothing() -> None:
    run = made(leaking(40 * MB), 5)
    values = [
        None if 8 * HOUR_S < at_s < 10 * HOUR_S else value
        for at_s, value in zip(run.times_s, run.rss_bytes, strict=True)
    ]
    (found,) = runs(run.times_s, values, [])
    assert judge(found).verdict is LeakVerdict.LEAK


def test_nothing_is_no_run() -> None:
    assert runs([0.0, 1.0], [None, 0.0], []) == []


def test_an_interval_holds_the_slope_that_was_put_in() -> None:
    """Independent noise about a line: 95 of 100 intervals do, and no fewer than chance allows."""
    held = 0
    for seed in range(200):
        chance = random.Random(seed)
        times_s = [float(number) for number in range(24)]
        found = trend(times_s, [0.5 * at_s + chance.gauss(0, 3) for at_s in times_s])
        assert found is not None
        held += found.low <= 0.5 <= found.high
    assert held >= 180


def test_the_interval_of_a_slow_wave_is_wider_than_that_of_noise() -> None:
    """Points that resemble each other say less than as many that do not."""
    chance = random.Random(1)
    times_s = [float(number) for number in range(48)]
    wave = trend(times_s, [math.sin(at_s / 8) for at_s in times_s])
    alike = [math.sin(at_s / 8) for at_s in times_s]
    chance.shuffle(alike)
    mixed = trend(times_s, alike)
    assert wave is not None
    assert mixed is not None
    assert wave.high - wave.low > 1.5 * (mixed.high - mixed.low)


def test_few_points_have_no_trend() -> None:
    assert trend([0.0, 1.0, 2.0], [1.0, 2.0, 3.0]) is None
