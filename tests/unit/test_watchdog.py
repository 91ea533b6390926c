"""The watchdog finds recordings that stopped and leaves the others alone."""

from __future__ import annotations

from vmstui.recorder.watchdog import START_GRACE_S, Clocks, Vitals, common_cause, judge, suspended_s


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


def test_half_the_fleet_stale_at_once_is_a_common_cause_for_a_minute() -> None:
    assert common_cause(stale=6, running=10, stale_for_s=5.0)
    assert not common_cause(stale=6, running=10, stale_for_s=61.0)
    assert not common_cause(stale=5, running=10, stale_for_s=5.0)
    assert not common_cause(stale=1, running=1, stale_for_s=5.0)


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
