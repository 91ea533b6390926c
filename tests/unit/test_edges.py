"""An exact export holds each frame of its range once, and no more of it than its edges is encoded anew."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_export_plan import TICK_S, at, packets, segment
from vmstui.ffmpeg.packets import Packets
from vmstui.recording.cuts import Cut, cut, expected_us
from vmstui.recording.edges import Edges, Exact
from vmstui.recording.export import sources

FRAME_US = 100_000


def open_gop(count: int, gop: int) -> Packets:
    """As `packets` makes them reordered, but two frames of each group come after the keyframe of the next one."""
    order: list[int] = []
    for key in range(0, count, gop):
        order += [
            key,
            *(frame for frame in (key - 2, key - 1) if frame >= 0),
            *range(key + 1, min(count, key + gop - 2)),
        ]
    order += [frame for frame in range(count) if frame not in order]
    closed = packets(count, gop)
    pts = array("q", (9000 * frame for frame in order))
    dts = array("q", (9000 * index - 27000 for index in range(count)))
    made = closed.with_times(pts, dts)
    made.keyframe[:] = bytes(frame % gop == 0 for frame in order)
    return made


def taken(listings: list[Packets], since_s: float, until_s: float) -> tuple[list[Cut], Exact | None]:
    """Of files of ten seconds, one after the other, with a gap of ten seconds after the second."""
    footage = [segment(1 + number // 2, number, begin, begin + 10) for number, begin in enumerate((0, 10, 30, 40))]
    edges = Edges()
    cuts: list[Cut] = []
    begins_s = 0.0
    for source in sources(footage[: len(listings)], at(since_s), at(until_s)):
        listing = listings[source.segment.number]
        one = cut(source, listing, begins_s if cuts else None, cuts[-1] if cuts else None)
        if one is None or (not cuts and one.early == one.frames):
            continue
        if not cuts:
            begins_s = source.at_s + one.first_s
        cuts.append(one)
        edges.add(one, listing, ())
    return cuts, edges.found()


def shown_us(cuts: tuple[Cut, ...] | list[Cut], listings: list[Packets]) -> list[int]:
    return [time for one in cuts for time in expected_us(one, listings[one.source.segment.number])]


@given(
    st.integers(3, 40),
    st.integers(0, 450),
    st.integers(1, 500),
    st.sampled_from(["in order", "reordered", "open"]),
)
def test_every_frame_of_the_range_is_in_it_once_and_what_is_copied_can_be_decoded(
    gop: int, since: int, length: int, kind: str
) -> None:
    one = open_gop(100, gop) if kind == "open" else packets(100, gop, reordered=kind == "reordered")
    listings = [one] * 4
    since_s, until_s = since / 10 + 0.03, min(50.0, (since + length) / 10 + 0.03)
    cuts, exact = taken(listings, since_s, until_s)
    if exact is None:
        return
    begins_s = (cuts[0].began_at - at(0)).total_seconds()
    frames = [begin + frame / 10 for begin in (0, 10, 30, 40) for frame in range(100)]
    expected = [round((time - begins_s) * 1e6) for time in frames if since_s <= time < until_s]
    head, tail = (list(edge.times_us) if edge else [] for edge in (exact.head, exact.tail))
    middle = shown_us(exact.middle, listings)
    assert [*head, *sorted(middle), *tail] == expected
    assert shown_us(cuts, listings)[exact.first : exact.end] == middle
    first = exact.middle[0]
    listing = listings[first.source.segment.number]
    assert listing.keyframe[first.first]
    assert min(middle) == middle[0], "nothing that is copied refers to what is not"
    if kind == "in order":
        assert len(head) < gop
        assert exact.tail is None, "a cut where it ends needs no encoder"
    elif kind == "reordered":
        assert len(tail) < 3, "no more than what refers to frames after the end"
    assert exact.tail is None or exact.tail.lasts_us == FRAME_US
    for edge in (exact.head, exact.tail):
        if edge is None:
            continue
        # Of what is decoded for it, exactly what is wanted lies within the bounds told to ffmpeg.
        begins_us = edge.cuts[0].position_us
        decoded = sorted(shown_us(edge.cuts, listings))
        within = [
            time
            for time in decoded
            if (edge.since_s is None or time >= edge.since_s * 1e6 + begins_us)
            and (edge.until_s is None or time < edge.until_s * 1e6 + begins_us)
        ]
        assert within == list(edge.times_us)
        margins = [
            abs(time - bound * 1e6 - begins_us) for time in decoded for bound in (edge.since_s, edge.until_s) if bound
        ]
        assert all(margin > FRAME_US / 3 for margin in margins), "rounding cannot move a frame over a bound"
        source = edge.cuts[0].source
        assert listings[source.segment.number].keyframe[edge.cuts[0].first]


def test_a_range_that_begins_with_a_keyframe_and_ends_without_reordering_is_copied_all() -> None:
    _, exact = taken([packets(100, 20)], 2.0, 7.3)
    assert exact is not None
    assert (exact.head, exact.tail, exact.first, exact.end) == (None, None, 0, 53)


def test_within_one_group_of_pictures_there_is_nothing_to_copy() -> None:
    assert taken([packets(100, 20)], 2.1, 3.9)[1] is None
    assert taken([packets(100, 20)], 2.1, 4.1)[1] is not None


def test_with_open_groups_it_is_copied_from_where_a_file_begins() -> None:
    listings = [open_gop(100, 20)] * 2
    _, exact = taken(listings, 2.1, 18.0)
    assert exact is not None
    assert exact.head is not None
    assert len(exact.head.times_us) == 79
    assert [one.source.segment.number for one in exact.middle] == [1]


def test_frames_of_any_rate_keep_their_times() -> None:
    uneven = packets(100, 20)
    times = array("q", (9000 * frame + 37 * (frame % 7) for frame in range(100)))
    uneven = uneven.with_times(times, times)
    cuts, exact = taken([uneven], 2.55, 8.81)
    assert exact is not None
    assert exact.head is not None
    found = [*exact.head.times_us, *shown_us(exact.middle, [uneven])]
    wanted = [frame for frame in range(100) if 2.55 <= times[frame] * TICK_S < 8.81]
    begin = times[cuts[0].first]
    expected = [float((times[frame] - begin) * TICK_S * 1_000_000) for frame in wanted]
    assert found == pytest.approx(expected, rel=0, abs=1)
