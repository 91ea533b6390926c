"""What was not recorded, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vmstui.footage import Gap, GapCause, Hole, Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.model import Event, EventKind
from vmstui.recording.gaps import Downtime, gaps_of, lost_s

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _segment(start_s: float, generation: int = 1, number: int = 0, *, duration_s: float = 60.0) -> Segment:
    """Closed by ffmpeg, with everything known; generations begin an hour apart on the stream's own time."""
    return Segment(
        "lobby", generation, f"/r/{generation}-{number}.mp4", _at(start_s), duration_s, 1000, "h264", 320, 180,
        SegmentVerdict.GOOD, "", int(duration_s * 10), 10.0, True, number,
        StreamSpan(60.0 * number, 60.0 * number + duration_s), Uptime("boot", 1000.0 + start_s),
    )  # fmt: skip


def _event(seconds: float, cause: GapCause | None, text: str = "", kind: EventKind = EventKind.EXIT) -> Event:
    return Event(_at(seconds), "lobby", kind, text or str(cause), cause=cause)


def _told(gaps: tuple[Gap, ...]) -> list[tuple[float, float, GapCause]]:
    return [((gap.started_at - START).total_seconds(), round(gap.length_s, 3), gap.cause) for gap in gaps]


def test_segments_of_one_generation_follow_each_other_without_a_gap_whatever_the_clocks_say() -> None:
    first, second = _segment(0), _segment(62.5, number=1)
    assert gaps_of(second, [first], []) == ()
    set_back = replace(second, started_at=_at(-3540), uptime=None)
    assert gaps_of(set_back, [first], []) == ()


def test_what_is_missing_in_the_stream_of_a_generation_is_a_gap() -> None:
    third = replace(_segment(180, number=2), span=StreamSpan(180.0, 240.0))
    assert lost_s(_segment(0), third) == pytest.approx(120.0)


def test_a_segment_that_a_worker_died_over_follows_the_one_before() -> None:
    partial = replace(_segment(60.2, number=1), span=None, verdict=SegmentVerdict.PARTIAL)
    assert lost_s(_segment(0), partial) == 0.0


def test_from_one_generation_to_the_next_the_clock_of_the_boot_counts() -> None:
    before, after = _segment(0), _segment(70, 2)
    assert lost_s(before, after) == pytest.approx(10.0)
    for step_s in (3600, -3600):
        moved = replace(after, started_at=after.started_at + timedelta(seconds=step_s))
        assert lost_s(before, moved) == pytest.approx(10.0)
    other_boot = replace(after, uptime=Uptime("another", 5.0))
    assert lost_s(before, other_boot) == pytest.approx(10.0)


def test_generations_that_overlap_lost_nothing_and_the_one_that_ended_last_counts() -> None:
    old, dismissed = _segment(0, 1, duration_s=100), _segment(50, 2, duration_s=10)
    assert gaps_of(_segment(99, 3), [dismissed, old], []) == ()
    assert _told(gaps_of(_segment(103, 3), [dismissed, old], [_event(100.1, GapCause.NETWORK)])) == [
        (100, 3, GapCause.NETWORK)
    ]


def test_the_first_segment_of_a_camera_has_no_gap_before_it() -> None:
    assert gaps_of(_segment(0), [], []) == ()


def test_a_late_frame_is_no_gap() -> None:
    assert gaps_of(_segment(60.4, 2), [_segment(0)], []) == ()


def test_holes_inside_a_segment_are_gaps_for_which_the_camera_is_to_blame() -> None:
    holed = replace(_segment(60, number=1), holes=(Hole(10.0, 5.0), Hole(40.0, 2.5)))
    assert _told(gaps_of(holed, [_segment(0)], [])) == [(70, 5, GapCause.CAMERA), (100, 2.5, GapCause.CAMERA)]


def test_the_cause_is_what_ended_the_worker() -> None:
    events = [_event(-100, GapCause.DISK), _event(60.3, GapCause.NETWORK, "unplugged"), _event(62, None)]
    [gap] = gaps_of(_segment(90, 2), [_segment(0)], events)
    assert (gap.cause, gap.detail, round(gap.length_s, 3)) == (GapCause.NETWORK, "unplugged", 30.0)


def test_a_command_just_before_the_last_frame_explains_the_gap_where_nothing_later_does() -> None:
    events = [_event(59, GapCause.OPERATOR, "restart asked for by ann")]
    [gap] = gaps_of(_segment(62, 2), [_segment(0)], events)
    assert (gap.cause, gap.detail) == (GapCause.OPERATOR, "restart asked for by ann")


def test_of_a_command_and_the_end_it_led_to_the_command_is_told() -> None:
    command = _event(59.5, GapCause.OPERATOR, "restart asked for by ann", EventKind.COMMAND)
    end = _event(60.2, GapCause.OPERATOR, "worker (generation 1) ended after 60 s: stopped", EventKind.STOP)
    [gap] = gaps_of(_segment(62, 2), [_segment(0)], [command, end])
    assert gap.detail == "restart asked for by ann"
    [gap] = gaps_of(_segment(62, 2), [_segment(0)], [end])
    assert gap.detail == "stopped"


def test_a_gap_is_cut_where_its_cause_changed() -> None:
    events = [
        _event(60.5, GapCause.OFF, "stop asked for by ann"),
        _event(360, GapCause.OPERATOR, "start asked for by bob"),
        _event(362, GapCause.NETWORK),
        _event(372, GapCause.NETWORK),
        _event(400, GapCause.DISK),
    ]
    gaps = gaps_of(_segment(460, 2), [_segment(0)], events)
    assert _told(gaps) == [
        (60, 300, GapCause.OFF),
        (360, 2, GapCause.OPERATOR),
        (362, 38, GapCause.NETWORK),
        (400, 60, GapCause.DISK),
    ]
    assert [gap.lost for gap in gaps] == [False, True, True, True]
    assert sum(gap.length_s for gap in gaps) == pytest.approx(400)


def test_while_no_recorder_ran_that_is_the_cause_whatever_the_worker_died_of() -> None:
    down = Downtime(_at(30), _at(200), new_boot=False)
    noticed = _event(201, GapCause.NETWORK, "ended while no service looked")
    assert _told(gaps_of(_segment(260, 2), [_segment(0)], [noticed], [down])) == [
        (60, 140, GapCause.SERVICE),
        (200, 60, GapCause.NETWORK),
    ]
    rebooted = replace(down, new_boot=True)
    assert _told(gaps_of(_segment(200, 2), [_segment(0)], [], [rebooted])) == [(60, 140, GapCause.MACHINE)]


def test_a_recorder_that_noted_something_was_not_down() -> None:
    down = Downtime(_at(30), _at(200), new_boot=False)
    events = [_event(60.5, GapCause.OFF, "stop asked for by ann"), _event(100, None)]
    assert _told(gaps_of(_segment(260, 2), [_segment(0)], events, [down])) == [
        (60, 40, GapCause.OFF),
        (100, 100, GapCause.SERVICE),
        (200, 60, GapCause.OFF),
    ]


def test_what_a_worker_had_not_written_yet_when_it_died_unwatched_is_missing_for_the_same_reason() -> None:
    down = Downtime(_at(62), _at(200), new_boot=False)
    noticed = _event(201, GapCause.UNKNOWN, "ended while no service looked")
    assert _told(gaps_of(_segment(200, 2), [_segment(0)], [noticed], [down])) == [(60, 140, GapCause.SERVICE)]
    long_after = [replace(down, since=_at(80))]
    assert _told(gaps_of(_segment(200, 2), [_segment(0)], [noticed], long_after)) == [
        (60, 20, GapCause.UNKNOWN),
        (80, 120, GapCause.SERVICE),
    ]


def test_a_downtime_elsewhere_explains_nothing() -> None:
    down = [Downtime(_at(-50), _at(20), new_boot=False), Downtime(_at(90), _at(95), new_boot=False)]
    assert _told(gaps_of(_segment(70, 2), [_segment(0)], [], down)) == [(60, 10, GapCause.UNKNOWN)]


def test_a_file_that_does_not_play_is_a_gap_of_its_own_cause() -> None:
    broken = replace(_segment(60, number=1, duration_s=0.0), verdict=SegmentVerdict.BROKEN, reason="does not play")
    [gap] = gaps_of(replace(_segment(120, number=2), span=StreamSpan(120, 180)), [broken, _segment(0)], [])
    assert (gap.cause, gap.detail, round(gap.length_s, 3)) == (GapCause.DAMAGE, "does not play", 60.0)


def test_what_nothing_explains_is_said_to_be_unknown() -> None:
    [gap] = gaps_of(_segment(90, 2), [_segment(0)], [_event(70, None)])
    assert gap.cause is GapCause.UNKNOWN
