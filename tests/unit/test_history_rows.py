"""Measured values survive packing, coarser tiers and the grid; what is not known stays unknown."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.measured import MAX_POINTS, Column
from vmstui.telemetry.history_grid import measured, overlaps, plan
from vmstui.telemetry.history_rows import (
    COARSE_S,
    FINE_S,
    MIDDLE_S,
    NoChunk,
    Part,
    Points,
    Quantity,
    pack,
    roll_up,
    unpack,
)

NAN = math.nan
CPU, RSS = Quantity("cpu_percent"), Quantity("rss_bytes", 1024.0 * 1024.0)
BEGUN_S = 1_760_000_000.0
VALUES = st.lists(st.floats(0, 6e4) | st.just(NAN), min_size=1, max_size=300)


def samples(*columns: list[float], begun_s: float = BEGUN_S) -> Points:
    return Points.of_samples([begun_s + number for number in range(len(columns[0]))], columns)


def there_and_back(points: Points, quantities: tuple[Quantity, ...], tier_s: int) -> list[Points]:
    return [unpack(chunk.since_s, chunk.data, quantities, tier_s) for chunk in pack(points, quantities, tier_s)]


def close(found: float, wanted: float) -> bool:
    return (found != found and wanted != wanted) or found == pytest.approx(wanted, rel=6e-4, abs=1e-6)


@given(VALUES)
def test_samples_come_back_to_half_a_thousandth(values: list[float]) -> None:
    parts = there_and_back(samples(values, [value / 2 for value in values]), (CPU, RSS), FINE_S)
    cpu = [value for part in parts for value in part.stats[0][1]]
    rss = [value for part in parts for value in part.stats[1][1]]
    times = [at_s for part in parts for at_s in part.times_s]
    assert times == [BEGUN_S + number for number in range(len(values))]
    assert all(map(close, cpu, values))
    assert all(map(close, rss, [value / 2 for value in values]))


@given(VALUES, st.integers(0, 70))
def test_coarser_tiers_have_the_minimum_mean_and_maximum_of_the_samples(values: list[float], late_s: int) -> None:
    begun_s = BEGUN_S + late_s
    fine = samples(values, begun_s=begun_s)
    middle = roll_up([fine], MIDDLE_S)
    coarse = roll_up(there_and_back(middle, (CPU,), MIDDLE_S), COARSE_S)
    assert sum(middle.weights) == sum(coarse.weights) == len(values)
    for tier_s, points in ((MIDDLE_S, middle), (COARSE_S, coarse)):
        for number, at_s in enumerate(points.times_s):
            inside = [value for at, value in zip(fine.times_s, values, strict=True) if at_s <= at < at_s + tier_s]
            known = [value for value in inside if value == value]
            low, mean, high = (column[number] for column in points.stats[0])
            assert points.weights[number] == len(inside)
            assert close(low, min(known, default=NAN))
            assert close(high, max(known, default=NAN))
            if all(value == value for value in values):  # else some seconds of a point count for nothing
                assert close(mean, sum(known) / len(known))


@pytest.mark.parametrize("tier_s", [FINE_S, MIDDLE_S, COARSE_S])
def test_a_mean_counts_each_sample_by_the_time_it_tells_of(tier_s: int) -> None:
    """On a machine that is full, samples come late just when CPU is dear: each is the mean since the one before."""
    times, cpu = [BEGUN_S], [50.0]
    while times[-1] < BEGUN_S + 600:
        busy = len(times) % 10 in (8, 9)
        times.append(times[-1] + (3.0 if busy else 1.0))
        cpu.append(100.0 if busy else 50.0)
    true_mean = sum(value * (at - before) for value, at, before in zip(cpu[1:], times[1:], times, strict=False)) / (
        times[-1] - times[0]
    )
    points = Points.of_samples(times, [cpu])
    for tier in (MIDDLE_S, COARSE_S):
        points = roll_up([points], tier) if tier <= tier_s else points
    asked = plan(times[0] - 60, times[-1] + 60, times[-1] + 60, 40)
    column = measured("gate", asked, [Part(points, (CPU,))], [], None).columns[0]
    assert column.overall == pytest.approx(true_mean, rel=0.01)
    assert column.known_s == pytest.approx(times[-1] - times[0], rel=0.02)
    assert sum(cpu) / len(cpu) < 0.9 * true_mean, "a plain mean would not do"


def test_a_worker_that_comes_back_tells_nothing_of_the_time_it_was_away() -> None:
    points = Points.of_samples([BEGUN_S, BEGUN_S + 1, BEGUN_S + 601, BEGUN_S + 602], [[10.0, 10.0, 90.0, 90.0]])
    asked = plan(BEGUN_S, BEGUN_S + 700, BEGUN_S + 700, 10)
    column = measured("gate", asked, [Part(points, (CPU,))], [], None).columns[0]
    assert (column.overall, column.known_s) == (50.0, 4.0)


def test_a_point_that_two_parts_have_seconds_of_becomes_one() -> None:
    first, second = samples([1.0] * 4), samples([3.0] * 6, begun_s=BEGUN_S + 4)
    together = roll_up([first, second], MIDDLE_S)
    assert list(together.times_s) == [BEGUN_S]
    assert [column[0] for column in together.stats[0]] == [1.0, pytest.approx(2.2), 3.0]


def test_a_clock_that_is_put_back_begins_another_chunk() -> None:
    times = [BEGUN_S + offset for offset in (0, 1, 2, -100, -99, -98)]
    chunks = pack(Points.of_samples(times, [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]), (CPU,), FINE_S)
    assert [(chunk.since_s - BEGUN_S, chunk.until_s - BEGUN_S) for chunk in chunks] == [(0, 3), (-100, -97)]


def test_a_gap_of_days_begins_another_chunk() -> None:
    times = [BEGUN_S, BEGUN_S + 10, BEGUN_S + 3 * 86400]
    chunks = pack(Points(times, [10, 10, 10], [([1.0] * 3,) * 3]), (CPU,), MIDDLE_S)
    assert [chunk.count for chunk in chunks] == [2, 1]


def test_values_too_large_are_as_large_as_can_be() -> None:
    (found,) = there_and_back(samples([1e9, NAN, 5.0]), (CPU,), FINE_S)
    assert found.stats[0][1][0] == 65504.0
    assert math.isnan(found.stats[0][1][1])
    assert found.stats[0][1][2] == 5.0


@pytest.mark.parametrize("tier_s", [FINE_S, MIDDLE_S])
@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff\xff\x01" + bytes(20), b"x" * 300])
def test_what_is_no_chunk_is_refused(tier_s: int, data: bytes) -> None:
    with pytest.raises(NoChunk):
        unpack(BEGUN_S, data, (CPU,), tier_s)


@given(st.floats(0, 40 * 86400), st.floats(1, 40 * 86400), st.integers(-5, 5000))
def test_an_answer_is_never_larger_than_its_bound(age_s: float, span_s: float, width: int) -> None:
    now_s = BEGUN_S
    asked = plan(now_s - age_s, now_s - age_s + span_s, now_s, width)
    assert 1 <= asked.points <= MAX_POINTS
    assert asked.step_s % asked.tier_s == 0
    assert asked.since_s <= now_s - age_s
    assert asked.until_s >= now_s - age_s + span_s - asked.step_s


@pytest.mark.parametrize(
    ("age_s", "span_s", "tier_s"),
    [(600, 600, 1), (3600, 3600, 10), (7200, 600, 10), (86400, 86400, 60), (3 * 86400, 600, 60), (300, 300, 1)],
)
def test_the_tier_goes_by_age_and_by_length(age_s: float, span_s: float, tier_s: int) -> None:
    assert plan(BEGUN_S - age_s, BEGUN_S - age_s + span_s, BEGUN_S, 300).tier_s == tier_s


def test_the_grid_shows_gaps_as_unknown() -> None:
    asked = plan(BEGUN_S, BEGUN_S + 60, BEGUN_S + 60, 6)
    found = measured("gate", asked, [Part(samples([5.0] * 10), (CPU,)), late([7.0, NAN, 9.0])], [], BEGUN_S)
    column = found.column("cpu_percent")
    assert column == Column(
        "cpu_percent",
        (5.0, None, None, 7.0, None, None),
        (5.0, None, None, 8.0, None, None),
        (5.0, None, None, 9.0, None, None),
        5.5,
        12.0,
    )
    assert (found.step_s, found.tier_s) == (10, 10)


def late(values: list[float]) -> Part:
    return Part(samples(values, begun_s=BEGUN_S + 30), (CPU,))


def test_quantities_that_came_later_are_unknown_before() -> None:
    asked = plan(BEGUN_S, BEGUN_S + 60, BEGUN_S + 60, 6)
    both = Part(samples([1.0] * 5, [2.0] * 5, begun_s=BEGUN_S + 50), (CPU, RSS))
    found = measured("gate", asked, [Part(samples([5.0] * 10), (CPU,)), both], [], BEGUN_S)
    rss = found.column("rss_bytes")
    assert rss is not None
    assert rss.mean == (None, None, None, None, None, 2.097e6)


def test_times_that_passed_twice_are_told() -> None:
    spans = [(0.0, 100.0), (100.0, 200.0), (150.0, 260.0), (259.5, 400.0)]
    found = overlaps(spans, 0, 400, FINE_S)
    assert [(one.since.timestamp(), one.until.timestamp()) for one in found] == [(150.0, 200.0)]
    assert overlaps(spans, 210, 400, FINE_S) == ()


def test_packed_chunks_are_small() -> None:
    """What 30 days of a camera take rests on it."""
    wave = [20 + 5 * math.sin(number / 7) + number * 7919 % 13 / 10 for number in range(3600)]
    nothing = [0.0] * 3600
    quantities = tuple(Quantity(name) for name in "abcdefg")
    fine = samples(wave, wave, wave, nothing, nothing, wave, nothing)
    middle = roll_up([fine], MIDDLE_S)
    (chunk,) = pack(middle, quantities, MIDDLE_S)
    assert len(chunk.data) < 24 * chunk.count
    assert all(later > earlier for earlier, later in pairwise(middle.times_s))
