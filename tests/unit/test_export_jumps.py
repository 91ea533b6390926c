"""A camera that set its clock ahead: what never was is no part of an export, and each packet has its place."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_export_plan import at, packets, segment
from vmstui.ffmpeg.packets import Packets
from vmstui.recording.cuts import cut, expected_us, parts, steady
from vmstui.recording.export import Source
from vmstui.recording.jumps import Jump, before, jumps, without

TICK_S = Fraction(1, 90_000)
SECOND = 90_000
HOUR = 3600 * SECOND


def jumped(listing: Packets, *found: Jump) -> Packets:
    """The same packets as a camera sends them that sets its clock ahead."""
    ahead = array("q", (before(found, index) for index in range(len(listing.pts))))
    return listing.with_times(
        array("q", (time + more for time, more in zip(listing.pts, ahead, strict=True))),
        array("q", (time + more for time, more in zip(listing.dts, ahead, strict=True))),
    )


def test_a_file_that_holds_what_it_took_has_no_jump() -> None:
    source = Source(segment(1, 0, 0, 10), 0.0, 0.0, 10.0)
    listing = packets(100, 20)
    assert steady(source, listing) == (listing, ())
    one_hole = jumped(listing, Jump(40, 4 * SECOND))
    assert steady(source, one_hole) == (one_hole, ()), "within what clocks may differ by"


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 9)), max_size=4, unique_by=lambda one: one[0]))
def test_jumps_are_found_where_they_are_and_leave_what_was_recorded(found: list[tuple[int, int]]) -> None:
    real = tuple(Jump(index, hours * HOUR) for index, hours in sorted(found))
    listing = packets(100, 20)
    seen = jumped(listing, *real)
    assert jumps(seen.dts, seen.pts[-1] + 9000, TICK_S, 10.0) == real
    assert without(seen.pts, real) == listing.pts


def test_what_was_really_missing_beside_a_jump_stays_missing() -> None:
    seen = jumped(packets(100, 20), Jump(30, 7 * SECOND), Jump(60, 2 * HOUR))
    assert jumps(seen.dts, seen.pts[-1] + 9000, TICK_S, 17.0) == (Jump(60, 2 * HOUR),)


@given(st.integers(0, 80), st.integers(20, 100), st.integers(1, 99))
def test_a_cut_over_a_jump_takes_the_same_packets_at_the_same_times_as_one_without(
    tenths: int, until_tenths: int, index: int
) -> None:
    source = Source(segment(1, 0, 0, 10), 0.0, tenths / 10, max(until_tenths, tenths + 1) / 10)
    plain, listing = packets(100, 20), jumped(packets(100, 20), Jump(index, 2 * HOUR))
    found, ahead = steady(source, listing)
    one, expected = cut(source, found, None, None, ahead), cut(source, plain, None, None)
    assert one is not None
    assert expected is not None
    assert replace(one, ahead=(), inpoint_us=None, outpoint_us=None) == replace(
        expected, inpoint_us=None, outpoint_us=None
    )
    assert list(expected_us(one, found)) == list(expected_us(expected, plain))
    # ffmpeg is told of the file as it is.
    inpoint = one.inpoint_us if one.inpoint_us is not None else -1
    outpoint = one.outpoint_us if one.outpoint_us is not None else 1 << 60
    taken = [number for number, time in enumerate(listing.dts) if inpoint <= time * 100 / 9 < outpoint]
    assert taken == list(range(one.first, one.end))
    steps = [after - before for before, after in pairwise(listing.dts[one.first : one.end])]
    assert [step.frames for step in one.ahead] == [number + 1 for number, step in enumerate(steps) if step > HOUR]


def test_the_next_file_follows_by_the_clock_of_the_file_and_the_step_is_told_to_ffmpeg() -> None:
    first, second = (
        Source(segment(1, number, 10 * number, 10 * number + 10), 10.0 * number, 0, 10) for number in (0, 1)
    )
    listing, ahead = steady(first, jumped(packets(100, 20), Jump(40, 2 * HOUR)))
    one = cut(first, listing, None, None, ahead)
    assert one is not None
    two = cut(second, packets(100, 20), 0.0, one)
    assert two is not None
    assert two.position_us == 10_000_000, "in the export no such time passed"
    part, last = parts([one, two])
    assert (part.length_us, part.frames, last.length_us) == (10_000_000 + 7_200_000_000, 100, None)
    (step,) = part.ahead
    assert (step.frames, step.length_us, step.at_s) == (40, 7_200_000_000, 4.0)
    assert 4_000_000 < step.position_us < 7_204_000_000
    assert first.wall(step.at_s) == at(4)
    assert at(0) == datetime(2025, 10, 20, tzinfo=UTC)
