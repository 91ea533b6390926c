"""The tables of an MP4 file are read as they were written, and nothing that contradicts itself is believed."""

from __future__ import annotations

import struct
from array import array
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.mp4_tables import NotReadable, Track, box, boxes, moov_like, read_track, with_inside

ENTRY = box(
    b"avc1",
    bytes(24) + struct.pack(">HH", 320, 180) + bytes(50),
    box(b"avcC", b"sets"),
    box(b"btrt", bytes(12)),
    box(b"colr", b"nclx"),
)
_TIMES = struct.pack(">II", 7, 8)
MODEL = b"".join(
    (
        box(b"mvhd", bytes(4) + _TIMES + struct.pack(">II", 1000, 1) + bytes(80)),
        box(
            b"trak",
            box(b"tkhd", bytes(4) + _TIMES + bytes(8) + struct.pack(">I", 1) + bytes(60)),
            box(b"edts", box(b"elst", bytes(20))),
            box(
                b"mdia",
                box(b"mdhd", bytes(4) + _TIMES + struct.pack(">II", 1000, 1) + bytes(4)),
                box(b"hdlr", b"the handler"),
                box(b"minf", box(b"vmhd", bytes(12)), box(b"stbl", b"")),
            ),
        ),
        box(b"udta", b"a title"),
    )
)


def track(frames: list[tuple[int, int, int, bool]], begins: int = 48, holes: int = 0) -> Track:
    """Of frames of that size, step, delay and whether it is a keyframe; between packets lie `holes` bytes."""
    sizes, steps, delays, keys = (list(column) for column in zip(*frames, strict=True))
    dts = array("q", accumulate(steps[:-1], initial=0))
    places = accumulate((size + holes for size in sizes[:-1]), initial=begins)
    return Track(
        1000, ENTRY, array("q", sizes), array("q", places), dts, array("q", map(int.__add__, dts, delays)),
        bytearray(keys), steps[-1],
    )  # fmt: skip


def written(one: Track) -> bytes:
    """What is in its `moov`."""
    ((kind, payload),) = boxes(moov_like(MODEL, one))
    assert kind == b"moov"
    return bytes(payload)


FRAMES = st.lists(
    st.tuples(st.integers(1, 1 << 20), st.integers(1, 1 << 16), st.integers(0, 1 << 16), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(FRAMES, st.integers(0, 1 << 40), st.sampled_from([0, 3]))
def test_what_is_written_is_read(frames: list[tuple[int, int, int, bool]], begins: int, holes: int) -> None:
    one = track(frames, begins, holes)
    assert read_track(written(one), 1 << 50) == one


def test_a_header_keeps_all_that_is_not_of_its_packets_and_tells_how_long_they_are_shown() -> None:
    made = written(track([(10, 40, 80, True), (10, 40, 120, False), (10, 40, 0, False)]))
    parts = dict(boxes(made))
    assert bytes(parts[b"udta"]) == b"a title"
    assert struct.unpack_from(">IIII", parts[b"mvhd"], 4) == (7, 8, 1000, 120)
    inner = dict(boxes(parts[b"trak"]))
    assert struct.unpack_from(">I", inner[b"tkhd"], 20) == (120,)
    ((_, edit),) = boxes(inner[b"edts"])
    # The first to be shown, at 80, is so at once.
    assert struct.unpack(">IIIiI", edit) == (0, 1, 120, 80, 1 << 16)
    media = dict(boxes(inner[b"mdia"]))
    assert bytes(media[b"hdlr"]) == b"the handler"
    assert struct.unpack_from(">II", media[b"mdhd"], 12) == (1000, 120)


def test_days_and_terabytes_need_longer_numbers() -> None:
    one = track([(10, 0xFFFFFFFF, 0, True)] * 3, begins=1 << 41)
    made = written(one)
    assert read_track(made, 1 << 50) == one
    inner = dict(boxes(dict(boxes(made))[b"trak"]))
    assert inner[b"tkhd"][0] == 1
    assert struct.unpack_from(">Q", inner[b"tkhd"], 28) == (3 * 0xFFFFFFFF,)
    with pytest.raises(NotReadable, match="a step of 4294967296 ticks does not fit"):
        written(track([(10, 1 << 32, 0, True)] * 2))


@given(FRAMES, st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6), st.data())
def test_a_damaged_header_is_refused_or_makes_sense(
    frames: list[tuple[int, int, int, bool]], flips: list[tuple[int, int]], data: st.DataObject
) -> None:
    raw = bytearray(written(track(frames)))
    for place, value in flips:
        raw[place % len(raw)] = value
    cut = data.draw(st.integers(0, len(raw)) | st.just(len(raw)))
    size = 50 << 20
    try:
        found = read_track(bytes(raw[:cut]), size)
    except NotReadable:
        return
    count = len(found.size_bytes)
    assert {len(found.offset), len(found.dts), len(found.pts), len(found.keyframe)} == {count}
    assert all(at + length <= size for at, length in zip(found.offset, found.size_bytes, strict=True))


def test_what_is_no_single_video_in_one_piece_is_refused() -> None:
    made = written(track([(10, 40, 0, True)] * 5))
    for raw, said in (
        (b"", "0 tracks"),
        (made[:100], "where 92 are left|bytes are left|are left"),
        (made + made, "2 tracks"),
        (made + box(b"mvex", b""), "fragmented"),
        (made.replace(struct.pack(">II", 0, 1) + ENTRY, struct.pack(">II", 0, 2) + ENTRY), "2 sample descriptions"),
        (made.replace(b"stsz", b"free"), "no box 'stsz'"),
        (made.replace(struct.pack(">4sIIII", b"stts", 0, 1, 5, 40), struct.pack(">4sIIII", b"stts", 0, 1, 6, 40)),
         "stts does not tell of 5 packets"),
        (made.replace(struct.pack(">4sIII", b"stsz", 0, 0, 5), struct.pack(">4sIII", b"stsz", 0, 9, 0xFFFFFFFF)),
         "4294967295 packets"),
    ):  # fmt: skip
        with pytest.raises(NotReadable, match=said):
            read_track(raw, 1 << 30)
    with pytest.raises(NotReadable, match="behind the end of the file"):
        read_track(made, 48 + 49)


def test_a_sample_description_gets_other_sets_and_loses_bit_rates_that_are_not_its_own() -> None:
    entry = with_inside(ENTRY, b"avcC", b"more sets")
    one = track([(10, 40, 0, True)])
    found = read_track(written(Track(1000, entry, one.size_bytes, one.offset, one.dts, one.pts, one.keyframe, 40)), 99)
    assert (found.kind, found.picture) == (b"avc1", (320, 180))
    assert (found.inside(b"avcC"), found.inside(b"colr")) == (b"more sets", b"nclx")
    with pytest.raises(NotReadable, match="0 boxes 'btrt'"):
        found.inside(b"btrt")
