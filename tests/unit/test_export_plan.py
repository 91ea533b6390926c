"""What an export is made of is planned so that all of it is there, each moment once, and what is missing is told."""

from __future__ import annotations

from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.join import concat_script
from vmstui.ffmpeg.packets import Packets, read_listing
from vmstui.footage import Gap, GapCause, Hole, Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.recording.cuts import (
    Cut,
    ExportRefused,
    catalogued_format,
    cut,
    differs,
    expected_us,
    parts,
    refuse_changes,
)
from vmstui.recording.export import Source, clock_steps, missing, sources

START = datetime(2025, 10, 20, tzinfo=UTC)
TICK_S = Fraction(1, 90_000)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def segment(generation: int, number: int, begin_s: float, end_s: float, *, wall_s: float = 0.0) -> Segment:
    """`wall_s`: by how much the clock on the wall was set since START."""
    return Segment(
        camera="lobby",
        generation=generation,
        path=f"/r/{generation}-{number:03d}.mp4",
        started_at=at(begin_s + wall_s),
        duration_s=end_s - begin_s,
        size_bytes=1000,
        codec="h264",
        width=640,
        height=360,
        verdict=SegmentVerdict.GOOD,
        number=number,
        span=StreamSpan(begin_s, end_s),
        uptime=Uptime("boot", 5000 + begin_s),
    )


def used(chosen: tuple[Source, ...]) -> list[tuple[str, float, float]]:
    return [(one.segment.path[3:-4], one.from_s, one.until_s) for one in chosen]


def test_a_range_takes_the_middle_of_the_first_and_of_the_last_and_all_between() -> None:
    footage = [segment(1, number, 60 * number, 60 * number + 60) for number in range(5)]
    chosen = sources(footage, at(90), at(200))
    assert used(chosen) == [("1-001", 30, 60), ("1-002", 0, 60), ("1-003", 0, 20)]
    assert missing(chosen, at(90), at(200), (), "lobby") == ()


def test_footage_that_does_not_play_is_no_source_and_its_time_is_missing() -> None:
    footage = [segment(1, number, 60 * number, 60 * number + 60) for number in range(3)]
    footage[1] = replace(footage[1], verdict=SegmentVerdict.BROKEN)
    chosen = sources(footage, at(0), at(180))
    assert used(chosen) == [("1-000", 0, 60), ("1-002", 0, 60)]
    known = (Gap("lobby", at(60), 60, GapCause.DAMAGE, "moov atom not found"),)
    assert missing(chosen, at(0), at(180), known, "lobby") == known


def test_what_is_missing_is_told_before_within_between_and_after_with_the_cause_that_is_known() -> None:
    footage = [replace(segment(1, 0, 100, 160), holes=(Hole(10, 5), Hole(50, 4))), segment(2, 0, 172, 200)]
    known = (
        Gap("lobby", at(40), 60, GapCause.OFF, "stopped by root"),
        Gap("lobby", at(160), 12, GapCause.OPERATOR, "restarted by root"),
    )
    chosen = sources(footage, at(90), at(220))
    found = [(gap.started_at, gap.length_s, gap.cause) for gap in missing(chosen, at(90), at(220), known, "lobby")]
    assert found == [
        (at(90), 10, GapCause.OFF),
        (at(110), 5, GapCause.CAMERA),
        (at(150), 4, GapCause.CAMERA),
        (at(160), 12, GapCause.OPERATOR),
        (at(200), 20, GapCause.UNKNOWN),
    ]
    # While the camera is being recorded, what comes last is not missing, only not there yet.
    assert len(missing(chosen, at(90), None, known, "lobby")) == 4


def test_in_a_hand_over_the_earlier_generation_is_left_where_the_later_one_begins() -> None:
    old = [segment(1, 0, 0, 60), segment(1, 1, 60, 64)]
    new = [segment(2, 0, 55, 120)]
    assert used(sources([*old, *new], at(0), at(120))) == [("1-000", 0, 55), ("2-000", 0, 65)]
    # Also where the range begins amid the overlap, and where nobody took over.
    assert used(sources([*old, *new], at(58), at(100))) == [("2-000", 3, 45)]
    failed = [segment(2, 0, 55, 58)]
    assert used(sources([*old, *failed], at(0), at(120))) == [("1-000", 0, 60), ("1-001", 0, 4)]


def test_an_hour_that_came_twice_is_in_it_twice_one_after_the_other() -> None:
    before = [segment(1, number, 600 * number, 600 * number + 600) for number in range(3)]
    after = [segment(1, number, 600 * number, 600 * number + 600, wall_s=-1800) for number in range(3, 6)]
    chosen = sources([*before, *after], at(600), at(1200))
    assert used(chosen) == [("1-001", 0, 600), ("1-004", 0, 600)]
    assert [one.at_s for one in chosen] == [0, 1800]
    whole = sources([*before, *after], at(0), at(1800))
    assert [one.segment.number for one in whole] == [0, 1, 2, 3, 4, 5]
    assert clock_steps(whole) == ((at(1800), -1800),)
    assert missing(whole, at(0), at(1800), (), "lobby") == ()


def test_a_camera_that_sent_late_and_then_at_once_says_nothing_of_the_clock() -> None:
    late = segment(1, 1, 60, 120)
    late = replace(late, started_at=at(65), uptime=replace(late.uptime, s=late.uptime.s + 5) if late.uptime else None)
    assert clock_steps(sources([segment(1, 0, 0, 60), late], at(0), at(120))) == ()


def test_times_by_the_wall_clock_alone_lose_no_frame_to_their_inexactness() -> None:
    found = [
        replace(segment(0, -1, begin, end), span=None, uptime=None)
        for begin, end in ((0, 60), (59.8, 120), (120.1, 180))
    ]
    chosen = sources(found, at(0), at(180))
    assert len(chosen) == 3
    assert all(one.is_whole for one in chosen)
    assert [one.at_s for one in chosen] == pytest.approx([0, 60, 120.1], abs=0.11)


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(5, 120), st.integers(1, 4), st.booleans()), min_size=1, max_size=8
    ),
    st.integers(0, 200),
    st.integers(1, 200),
)
def test_every_recorded_moment_of_the_range_is_in_it_once(
    recorded: list[tuple[int, int, int, bool]], since_s: int, length_s: int
) -> None:
    footage = []
    for generation, (begin, length, count, has_uptime) in enumerate(recorded):
        for number in range(count):
            one = segment(generation, number, begin + number * length, begin + (number + 1) * length)
            footage.append(one if has_uptime else replace(one, uptime=None))
    until_s = since_s + length_s
    chosen = sources(footage, at(since_s), at(until_s))
    assert all(after.begins_s >= before.ends_s - 1e-6 for before, after in pairwise(chosen))
    taken = [
        (s, s + one.until_s - one.from_s) for one in chosen for s in [(one.wall(one.from_s) - START).total_seconds()]
    ]
    for tenth in range(since_s * 10, until_s * 10, 5):
        moment = tenth / 10 + 0.2
        there = any(one.started_at <= at(moment) < one.ended_at for one in footage)
        assert sum(begin <= moment < end for begin, end in taken) == there, moment


# --------------------------------------------------------------------------------------------------------------------


def packets(count: int, gop: int, *, reordered: bool = False, base: int = 0) -> Packets:
    """10 frames a second; with `reordered`, in the order P2 B0 B1."""
    order = list(range(count))
    if reordered:
        for index in range(0, count, gop):
            rest = order[index + 1 : index + gop]
            threes = [rest[three : three + 3] for three in range(0, len(rest), 3)]
            order[index + 1 : index + gop] = [frame for three in threes for frame in three[-1:] + three[:-1]]
    return Packets(
        codec="h264",
        width=640,
        height=360,
        parameters="38,0xf5c30c6e",
        tick_s=TICK_S,
        pts=array("q", (base + 9000 * frame for frame in order)),
        dts=array("q", (base + 9000 * index - (18000 if reordered else 0) for index in range(count))),
        duration=array("q", [9000] * count),
        size_bytes=array("q", [100] * count),
        checksum=array("q", (7 * frame for frame in order)),
        keyframe=bytearray(frame % gop == 0 for frame in order),
        cut_off_dts=None,
    )


def test_a_cut_begins_at_the_keyframe_before_and_ends_with_the_last_frame_that_is_wanted() -> None:
    source = Source(segment(1, 0, 0, 10), 0.0, 3.5, 7.25)
    one = cut(source, packets(100, 20, base=4500), None, None)
    assert one is not None
    assert (one.first, one.end, one.early, one.late) == (20, 73, 15, 0)
    assert (one.began_at, one.ended_at) == (at(2), at(7.3))
    (part,) = parts([one])
    assert (part.inpoint_us, part.length_us) == (2_050_000, None)
    assert part.outpoint_us is not None
    assert 7_250_000 < part.outpoint_us < 7_350_000
    assert concat_script([part]).splitlines()[1:] == [
        "file 000000.mp4", "inpoint 2050000us", f"outpoint {part.outpoint_us}us",
    ]  # fmt: skip


@given(st.integers(1, 12), st.integers(0, 1000), st.integers(5, 1000), st.booleans())
def test_a_cut_holds_every_frame_that_is_wanted_and_no_frame_without_those_it_needs(
    gop: int, from_hundredths: int, length: int, reordered: bool
) -> None:
    all_of_it = packets(100, gop, reordered=reordered)
    from_s, until_s = from_hundredths / 100, min(10.0, (from_hundredths + length) / 100)
    one = cut(Source(segment(1, 0, 0, 10), 0.0, from_s, until_s), all_of_it, None, None)
    wanted = {index for index in range(100) if from_s <= all_of_it.pts[index] / 90_000 < until_s}
    if one is None:
        assert not wanted
        return
    taken = set(range(one.first, one.end))
    assert wanted <= taken
    assert all_of_it.keyframe[one.first]
    shown = sorted(all_of_it.pts[index] for index in taken)
    assert [after - before for before, after in pairwise(shown)] == [9000] * (len(shown) - 1)
    assert len(taken) - one.early - one.late == len({index for index in taken if index in wanted})


@pytest.mark.parametrize("reordered", [False, True])
def test_what_is_left_late_stays_late_until_a_gap_and_times_rise_in_both_orders(reordered: bool) -> None:
    footage = [segment(1, 0, 0, 10), segment(2, 0, 8.15, 18.15), segment(2, 1, 18.15, 28.15), segment(3, 0, 40, 50)]
    cuts: list[Cut] = []
    for source in sources(footage, at(0), at(60)):
        one = cut(source, packets(100, 20, reordered=reordered), 0.0 if cuts else None, cuts[-1] if cuts else None)
        assert one is not None
        cuts.append(one)
    shown, decoded = [], []
    for one in cuts:
        listing = packets(100, 20, reordered=reordered)
        begin = listing.pts[one.first]
        shown.append(sorted(expected_us(one, listing)))
        decoded += [one.position_us + (listing.dts[i] - begin) * 100 / 9 for i in range(one.first, one.end)]
    assert all(after > before for before, after in pairwise(decoded))
    assert all(after > before for before, after in pairwise([time for times in shown for time in times]))
    assert cuts[1].late_us == cuts[2].late_us <= 250_000
    assert cuts[1].late_us >= 50_000  # the frame that was shown from 8.1 s on was shown for its time
    assert cuts[3].position_us == 40_000_000
    assert cuts[3].late_us == 0


def test_a_change_of_the_format_is_refused_and_where_it_is_told() -> None:
    footage = [segment(1, 0, 0, 60), replace(segment(2, 0, 60, 120), codec="h265", height=720)]
    formats = [(one, catalogued_format(one)) for one in sources(footage, at(0), at(120))]
    with pytest.raises(ExportRefused) as caught:
        refuse_changes(formats, UTC)
    assert "changes at 2025-10-20 00:01:00+00:00 from h264 640x360 to h265 640x720 (/r/2-000.mp4)" in str(caught.value)
    with pytest.raises(ExportRefused, match="parameter sets of h264 640x360"):
        refuse_changes([formats[0], (formats[1][0], replace(formats[0][1], parameters="39,0x1"))], UTC)
    refuse_changes(formats[:1], UTC)


def test_an_export_that_is_not_made_of_what_it_should_be_is_seen() -> None:
    made = packets(10, 5)
    times = array("q", (round(time * 100 / 9) for time in made.pts))
    assert differs(made, made.checksum, times) == ""
    assert "holds 10 frames, not 9" in differs(made, made.checksum[:9], times[:9])
    other = array("q", made.checksum)
    other[3], other[4] = other[4], other[3]
    assert "frame 4 of 10 is another one" in differs(made, other, times)
    late = array("q", times)
    late[7] += 2_000
    assert "frame 8 is shown at 0.700 s, not at 0.702 s" in differs(made, made.checksum, late)
    made.dts[5] = made.dts[4]
    assert "decoding time of frame 6" in differs(made, made.checksum, times)


def test_a_listing_ends_where_the_file_was_cut_off() -> None:
    listing = (
        "#extradata 0:     2584, 0x917f77d9\n#tb 0: 1/90000\n#codec_id 0: hevc\n#dimensions 0: 320x180\n"
        "0,     -18000,      18000,     9000,     1698, 0xb06e5048\n"
        "0,      -9000,      36000,     9000,     1521, 0xd28bf4bc, F=0x0\n"
        "0,       9000,      45000,     9000,     1122, 0x615327ed, F=0x2\n"
        "0,      18000,      54000,     9000,     1122, 0x615327ed, F=0x0\n"
    ).splitlines()
    found = read_listing(listing)
    assert found is not None
    assert (found.codec, found.width, found.height, found.parameters) == ("h265", 320, 180, "2584,0x917f77d9")
    assert (list(found.pts), list(found.dts), bytes(found.keyframe)) == ([18000, 36000], [-18000, -9000], b"\1\0")
    assert found.cut_off_dts == 9000
    assert list(found.checksum) == [0xB06E5048, 0xD28BF4BC]
    assert read_listing(listing[:4]) is None
