"""What is not made of what it should be is refused, before anything of it is believed."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_mp4_tables import ENTRY, MODEL, track
from tests.unit.test_own_sets import avcc, packet
from vmstui.ffmpeg.join import TIME_SCALE
from vmstui.ffmpeg.mp4_tables import NotReadable, Track, box, boxes, moov_like, read_track, with_inside
from vmstui.ffmpeg.splice import splice

PICTURE = packet(b"\x65" + bytes(40))
FRAME = TIME_SCALE // 10
FTYP = box(b"ftyp", b"isom\0\0\2\0isomavc1mp41")


@dataclass(frozen=True)
class Piece:
    path: str
    at_us: int
    number: int | None
    lasts_us: int | None = None


def file(path: Path, number: int, *, pictures: int = 4, lead: int = 0, picture: bytes = PICTURE) -> str:
    """A file of some pictures, ten a second, the numbers of whose parameter sets are these."""
    one = track([(len(picture), FRAME, lead, index == 0) for index in range(pictures)], begins=len(FTYP) + 8)
    entry = with_inside(ENTRY, b"avcC", avcc(number, number))
    one = Track(TIME_SCALE, entry, one.size_bytes, one.offset, one.dts, one.pts, one.keyframe, one.last)
    moov = moov_like(MODEL, one)
    moov = _scaled(moov)
    path.write_bytes(FTYP + box(b"mdat", picture * pictures) + moov)
    return str(path)


def _scaled(moov: bytes) -> bytes:
    """With the time scale of what is joined, in place of that of the model."""
    at = moov.index(b"mdhd") + 4 + 12
    return moov[:at] + struct.pack(">I", TIME_SCALE) + moov[at + 4 :]


def joined(out: Path) -> Track:
    raw = out.read_bytes()
    parts = dict(boxes(raw))
    assert list(parts) == [b"ftyp", b"mdat", b"moov"]
    return read_track(parts[b"moov"], len(raw))


def test_parts_follow_each_other_at_their_times_and_none_is_decoded_too_early_or_too_late(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"what was there before" * 100)
    head = Piece(file(tmp_path / "head.mp4", 15, pictures=3), 0, 15)
    # Its first frame is decoded two frames before it is shown, amid what is before it; it begins after a gap.
    middle = Piece(file(tmp_path / "middle.mp4", 0, lead=2 * FRAME), 1_300_000, None)
    tail = Piece(file(tmp_path / "tail.mp4", 14, pictures=1), 1_700_000, 14, 50_000)
    written: list[float] = []
    splice([head, middle, tail], str(out), written.append)
    found = joined(out)
    begin = min(found.pts)
    assert [(time - begin) / FRAME for time in found.pts] == [0, 1, 2, 13, 14, 15, 16, 17]
    assert [(time - begin) / FRAME for time in found.dts] == [-2, -1, 0, 11, 12, 13, 14, 15]
    assert found.last == FRAME // 2
    assert [index for index, key in enumerate(found.keyframe) if key] == [0, 3, 7]
    raw = out.read_bytes()
    assert all(raw[at : at + size] == PICTURE for at, size in zip(found.offset, found.size_bytes, strict=True))
    assert found.inside(b"avcC").count(b"\x67") >= 3


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.touch()
    whole = Piece(file(tmp_path / "whole.mp4", 0), 400_000, None)
    for other, said in (
        (Piece(file(tmp_path / "same.mp4", 0), 0, 15), "the numbers of two parameter sets are the same"),
        (Piece(file(tmp_path / "late.mp4", 15, pictures=9), 0, 15), "shown before the one before it has ended"),
        (Piece(file(tmp_path / "open.mp4", 15, picture=packet(b"\x41" + bytes(40))), 0, 15),
         "an edge does not begin with a picture that ends all before it"),
    ):  # fmt: skip
        with pytest.raises(NotReadable, match=said):
            splice([other, whole], str(out), lambda _: None)
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(Path(whole.path).read_bytes()[:-30])
    with pytest.raises(NotReadable):
        splice([whole, Piece(str(torn), 0, 14)], str(out), lambda _: None)
    with pytest.raises(RuntimeError, match="no room"):
        splice([Piece(file(tmp_path / "long.mp4", 0, pictures=1500), 0, None)], str(out), _refuses)


def _refuses(_written_s: float) -> None:
    raise RuntimeError("no room")


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=5), st.integers(0, 2000))
def test_a_damaged_part_is_refused_or_joined_whole(flips: list[tuple[int, int]], cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        _join_damaged(Path(name), flips, cut)


def _join_damaged(tmp_path: Path, flips: list[tuple[int, int]], cut: int) -> None:
    damaged, out = tmp_path / "damaged.mp4", tmp_path / "out.mp4"
    raw = bytearray(Path(file(tmp_path / "edge.mp4", 15)).read_bytes())
    for place, value in flips:
        raw[place % len(raw)] = value
    damaged.write_bytes(raw[: max(cut, 1)] if cut < len(raw) else raw)
    out.touch()
    pieces = [Piece(str(damaged), 0, 15), Piece(file(tmp_path / "whole.mp4", 0), 10_000_000, None)]
    try:
        splice(pieces, str(out), lambda _: None)
    except NotReadable:
        return
    assert len(joined(out).pts) >= 5
