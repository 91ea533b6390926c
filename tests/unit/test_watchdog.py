"""The watchdog finds recordings that stopped and leaves the others alone."""

from __future__ import annotations

import pytest

from vmstui.footage import GapCause, SegmentVerdict
from vmstui.recorder.watchdog import (
    START_GRACE_S,
    Clocks,
    Closed,
    Vitals,
    judge,
    judge_closed,
    still,
    suspended_s,
)

LATER_S = START_GRACE_S + 1


def growing(seconds: int, every_s: int = 1) -> Vitals:
    vitals = Vitals(started_s=0.0)
    for second in range(seconds + 1):
        vitals = vitals.saw(second, "000000.mp4", 10_000 * (second // every_s + 1), float(second))
    return vitals


def test_a_growing_segment_is_well() -> None:
    assert judge(growing(500), 500.5) is None


def test_a_young_worker_has_90_s_to_deliver() -> None:
    assert judge(Vitals(started_s=0.0), 90.0) is None
    finding = judge(Vitals(started_s=0.0), 91.0)
    assert finding is not None
    assert (finding.measured, finding.threshold) == ("91 s", "90 s")


def test_closed_segments_are_growth_where_nothing_else_is_seen_to_grow() -> None:
    """Of a camera with a keyframe per segment, the open one holds only its header until it is closed."""
    vitals = Vitals(started_s=0.0)
    for second in range(0, 200, 8):
        vitals = vitals.saw(second, f"{second:06d}.mp4", 900, float(second)).closed_segment(second)
    assert vitals.grew_s == 192
    assert judge(vitals, 200.0) is None
    assert judge(vitals, 300.0) is not None


def test_no_growth_and_no_progress_for_20_s_is_a_stall() -> None:
    vitals = growing(100)
    assert judge(vitals, 119.0) is None
    assert judge(vitals, 121.0) is not None


def test_packets_that_still_pass_buy_time_but_not_for_ever() -> None:
    vitals = growing(100)
    for second in range(101, 200):
        vitals = vitals.saw(second, vitals.segment, vitals.size_bytes, float(second))
    assert judge(vitals, 185.0) is None
    finding = judge(vitals, 195.0)
    assert finding is not None
    assert finding.rule == "open segment does not grow"


def test_the_limit_follows_the_keyframe_interval_of_the_camera() -> None:
    vitals = growing(100, every_s=10)
    assert vitals.longest_gap_s == 10
    assert judge(vitals, 125.0) is None
    assert judge(vitals, 131.0) is not None


def test_a_new_segment_that_is_smaller_counts_as_growth() -> None:
    vitals = growing(100).saw(115.0, "000001.mp4", 5000, 115.0)
    assert judge(vitals, 130.0) is None


def test_time_in_which_nobody_looked_does_not_count() -> None:
    assert judge(growing(100).postponed(60.0), 165.0) is None


def test_the_header_of_a_segment_is_no_footage_yet() -> None:
    assert Vitals(started_s=0.0).saw(1.0, "000000.mp4", 772, 1.0).grew_s is None


def test_after_a_suspension_a_worker_has_the_grace_of_a_start_and_no_more() -> None:
    awake = growing(100).spared(119.0)
    assert judge(awake, 119.0 + START_GRACE_S - 1) is None
    assert judge(awake, 119.0 + START_GRACE_S + 1) is not None


def test_suspension_is_told_by_two_clocks_of_which_one_stands_still() -> None:
    before = Clocks(monotonic_s=1000.0, boot_s=5000.0)
    assert suspended_s(before, Clocks(1001.0, 5001.0)) == 0
    assert suspended_s(before, Clocks(1001.0, 5001.2)) == 0
    assert suspended_s(before, Clocks(1030.0, 5030.0)) == 0, "a service that was late itself"
    assert suspended_s(before, Clocks(1001.0, 5001.0 + 3600)) == 3600


def closed(*verdicts: SegmentVerdict) -> Closed:
    found = Closed()
    for number, verdict in enumerate(verdicts):
        found = found.saw(verdict, f"does not play: {number}" if verdict is SegmentVerdict.BROKEN else "")
    return found


GOOD, SUSPECT, BROKEN = SegmentVerdict.GOOD, SegmentVerdict.SUSPECT, SegmentVerdict.BROKEN


def test_three_segments_in_a_row_that_do_not_play_are_a_finding_with_the_reason_of_the_last() -> None:
    finding = judge_closed(closed(GOOD, BROKEN, BROKEN, BROKEN), growing(200), LATER_S)
    assert finding is not None
    assert (finding.rule, finding.threshold) == ("closed segments do not play", "3 in a row")
    assert finding.measured == "3 in a row; the last one does not play: 3"
    assert finding.cause is GapCause.DAMAGE


@pytest.mark.parametrize("between", [GOOD, SUSPECT])
def test_a_segment_that_plays_in_between_is_the_end_of_the_row(between: SegmentVerdict) -> None:
    assert judge_closed(closed(BROKEN, BROKEN, between, BROKEN, BROKEN), growing(200), LATER_S) is None


def test_segments_that_were_closed_and_play_count_for_health() -> None:
    assert closed(GOOD, SUSPECT, BROKEN, SegmentVerdict.PARTIAL, GOOD).valid == 3


def test_what_a_young_worker_or_one_after_a_suspension_closed_is_not_judged_yet() -> None:
    broken = closed(BROKEN, BROKEN, BROKEN, BROKEN)
    assert judge_closed(broken, growing(80), START_GRACE_S) is None
    assert judge_closed(broken, growing(80), LATER_S) is not None
    awake = growing(300).spared(300.0)
    assert judge_closed(broken, awake, 300.0 + START_GRACE_S) is None
    assert judge_closed(broken, awake, 300.0 + LATER_S) is not None


@pytest.mark.parametrize(("every_s", "still_after_s"), [(1, 10), (9, 10), (15, 15)])
def test_a_sign_of_a_stall_is_no_growth_for_ten_seconds_or_for_longer_than_ever_before(
    every_s: int, still_after_s: int
) -> None:
    vitals = growing(90, every_s)
    assert not still(vitals, 90.0 + still_after_s)
    assert still(vitals, 91.0 + still_after_s)
    assert judge(vitals, 91.0 + still_after_s) is None, "the sign comes first"
