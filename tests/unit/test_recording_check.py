"""From what is found in a file, and around it, to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from vmstui.footage import Hole, SegmentVerdict
from vmstui.recording.check import Expected, Extent, extent, judge


@dataclass(frozen=True)
class Found:
    """What is in a file."""

    duration_s: float = 180.0
    frames: int = 2700
    codec: str = "h264"
    width: int = 1920
    height: int = 1080
    fps: float = 15.0
    starts_with_keyframe: bool = True
    holes: tuple[Hole, ...] = ()


CLOSED = Expected(closed=True, size_bytes=10, codec="h264", took_s=180.0)


def test_what_is_as_expected_is_good() -> None:
    assert judge(Found(), CLOSED) == (SegmentVerdict.GOOD, "")
    assert judge(Found(), replace(CLOSED, codec="", took_s=None)) == (SegmentVerdict.GOOD, "")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found(codec="h265"), "holds h265, not h264 as asked for"),
        (Found(starts_with_keyframe=False), "does not begin with a keyframe"),
        (Found(duration_s=129.0), "holds 129.0 s of video for 180.0 s on the clock: the camera sent less"),
        (Found(duration_s=231.0), "holds 231.0 s of video for 180.0 s on the clock: the camera's clock is wrong"),
    ],
)
def test_what_plays_but_is_not_as_expected_is_suspect_and_says_why(found: Found, words: str) -> None:
    verdict, reason = judge(found, CLOSED)
    assert verdict is SegmentVerdict.SUSPECT
    assert reason.startswith(words)


@pytest.mark.parametrize("duration_s", [131.0, 229.0])
def test_a_quarter_more_or_less_is_taken_as_it_is(duration_s: float) -> None:
    assert judge(Found(duration_s=duration_s), CLOSED) == (SegmentVerdict.GOOD, "")


def test_a_first_segment_may_begin_with_what_a_server_had_kept() -> None:
    first = replace(CLOSED, took_s=3.0, first=True)
    assert judge(Found(duration_s=13.0), first) == (SegmentVerdict.GOOD, "")
    assert judge(Found(duration_s=13.0), replace(first, first=False))[0] is SegmentVerdict.SUSPECT
    assert judge(Found(duration_s=100.0), replace(CLOSED, first=True))[0] is SegmentVerdict.SUSPECT


def test_what_a_worker_died_over_is_partial_however_long_it_took() -> None:
    verdict, reason = judge(Found(duration_s=3.0), replace(CLOSED, closed=False))
    assert verdict is SegmentVerdict.PARTIAL
    assert "left open" in reason
    verdict, reason = judge(Found(codec="h265"), replace(CLOSED, closed=False))
    assert verdict is SegmentVerdict.SUSPECT
    assert "h265" in reason
    assert "left open" in reason


def test_what_time_stamps_tell_holds_up_to_the_time_that_there_was() -> None:
    holes = (Hole(10.0, 4.0), Hole(100.0, 30.0))
    assert extent(Found(holes=holes), CLOSED) == Extent(180.0, holes)
    assert extent(Found(duration_s=229.0), CLOSED) == Extent(229.0)
    assert extent(Found(duration_s=1e5), replace(CLOSED, took_s=1e5)) == Extent(86400.0)
    assert extent(ValueError("no video frames"), CLOSED) == Extent(0.0)


def test_a_jump_ahead_is_no_time_in_which_nothing_came_and_what_else_is_missing_still_is() -> None:
    jump, before, after = Hole(60.0, 7230.0), Hole(10.0, 4.0), Hole(7390.0, 8.0)
    jumped = Found(duration_s=7380.0 + 30.0, holes=(before, jump, after))
    assert extent(jumped, replace(CLOSED, took_s=210.0)) == Extent(210.0, (before, Hole(60.0, 30.0), Hole(190.0, 8.0)))
    assert extent(Found(duration_s=7381.0, holes=(Hole(60.0, 7201.0),)), CLOSED) == Extent(180.0)
    assert extent(Found(duration_s=7180.0, holes=(Hole(170.0, 7000.0),)), replace(CLOSED, closed=False)) == Extent(
        180.0
    )


def test_where_only_the_wall_clock_tells_how_long_it_took_it_is_believed_if_the_frames_agree() -> None:
    jump = Hole(60.0, 7200.0)
    jumped = Found(duration_s=7380.0, holes=(jump,))
    unknown = replace(CLOSED, took_s=None, took_on_wall_s=180.0)
    assert extent(jumped, unknown) == Extent(180.0)
    verdict, reason = judge(jumped, unknown)
    assert (verdict, "the camera's clock is wrong" in reason) == (SegmentVerdict.SUSPECT, True)
    # That of the machine was put back, by an hour or by minutes, or ahead: what the file holds stands.
    for on_wall_s in (-3420.0, 0.0, 30.0, 180.0, 3780.0):
        assert extent(Found(), replace(unknown, took_on_wall_s=on_wall_s)) == Extent(180.0)
        assert judge(Found(), replace(unknown, took_on_wall_s=on_wall_s)) == (SegmentVerdict.GOOD, "")
    silent = Found(duration_s=7380.0, holes=(jump,), frames=2700)
    assert extent(silent, replace(unknown, took_on_wall_s=7380.0)) == Extent(7380.0, (jump,)), "nothing came"
    assert extent(silent, replace(unknown, took_on_wall_s=None)) == Extent(7380.0, (jump,)), "nobody can tell"


def test_a_clock_that_runs_too_fast_makes_no_segment_longer_than_it_took() -> None:
    assert extent(Found(duration_s=360.0), CLOSED) == Extent(180.0)


def test_only_so_much_may_have_been_kept_for_a_first_segment() -> None:
    first = replace(CLOSED, took_s=3.0, first=True)
    assert extent(Found(duration_s=13.0), first) == Extent(13.0)
    assert extent(Found(duration_s=7203.0), first) == Extent(3.0)
    assert judge(Found(duration_s=7203.0), first)[1].endswith("the camera's clock is wrong")
