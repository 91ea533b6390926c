"""Parameter sets of two encoders stand beside each other in one description, each under its own number."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.mp4_tables import NotReadable
from vmstui.ffmpeg.own_sets import (
    Sets,
    begins_anew,
    escaped,
    golomb,
    merged,
    read_sets,
    renumbered,
    unescaped,
    units_of,
)

ZEROS = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 255]), max_size=40).map(bytes)
LISTED = b"\0\0"


def bits(word: str) -> bytes:
    """Bits as bytes; the end is a 1 and what fills the byte, as at the end of each set."""
    word = word.replace(" ", "") + "1"
    word += "0" * (-len(word) % 8)
    return int(word, 2).to_bytes(len(word) // 8, "big")


def avcc(sps: int, pps: int, *, profile: int = 100, level: int = 30, tail: bytes = b"\xfd\xf8\xf8\0") -> bytes:
    """With an SPS and a PPS of those numbers."""
    first = bytes((0x67, profile, 0, level)) + bits(golomb(sps) + "0011")
    second = b"\x68" + bits(golomb(pps) + golomb(sps))
    listed = b"\xe1" + struct.pack(">H", len(first)) + first + b"\1" + struct.pack(">H", len(second)) + second
    return bytes((1, profile, 0, level, 0xFF)) + listed + tail


def unit(kind: int, payload: bytes) -> bytes:
    """Of H.265."""
    return bytes((kind << 1, 1)) + payload


PROFILE = "0" * 96
VPS = unit(32, bits("0000" + "11" + "10" * 20))
SPS = unit(33, bits("0000" + "000" + "1" + PROFILE + golomb(0) + golomb(1) + "0110"))
LAYERED = unit(33, bits("0000" + "001" + "1" + PROFILE + "11" + "0" * 14 + "0" * 96 + golomb(0) + golomb(1) + "01"))
PPS = unit(34, bits(golomb(0) + golomb(0) + "01101"))


def hvcc(*units: bytes, level: int = 90) -> bytes:
    listed = [bytes(((one[0] >> 1) & 63,)) + struct.pack(">HH", 1, len(one)) + one for one in units]
    head = bytes((1,)) + bytes(11) + bytes((level,)) + bytes(3) + b"\xfd\xf8\xf8" + bytes(2) + b"\x0f"
    return head + bytes((len(listed),)) + b"".join(listed)


def packet(*units: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(one)) + one for one in units)


@given(ZEROS)
def test_what_is_escaped_holds_no_start_code_and_comes_back(raw: bytes) -> None:
    raw = b"\x40" + raw
    made = escaped(raw)
    assert not re.search(rb"\0\0[\0-\2]", made)
    assert unescaped(made).rstrip(b"\3") == raw.rstrip(b"\3")
    if not raw.endswith((b"\0", b"\3")):
        assert unescaped(made) == raw


def test_numbers_of_sets_are_read() -> None:
    assert read_sets("h264", avcc(3, 12)).numbers() == {(7, 3), (8, 12)}
    for sequence in (SPS, LAYERED):
        assert read_sets("h265", hvcc(VPS, sequence, PPS)).numbers() == {(32, 0), (33, 0), (34, 0)}


def test_a_description_holds_the_sets_of_all_and_suits_all() -> None:
    recorded = read_sets("h264", avcc(0, 0, profile=77, level=40, tail=b""))
    edge = read_sets("h264", avcc(15, 15, level=31))
    made = read_sets("h264", merged(recorded, b"", [edge, read_sets("h264", avcc(14, 14))]))
    assert made.numbers() == {(7, 0), (7, 15), (7, 14), (8, 0), (8, 15), (8, 14)}
    # High decodes Main too, as the higher level does the lower one.
    assert (made.head[1], made.head[3], made.tail) == (100, 40, edge.tail)
    assert merged(recorded, b"", []) == avcc(0, 0, profile=77, level=40, tail=b"")


def test_sets_that_cannot_stand_beside_each_other_are_refused() -> None:
    recorded, edge = read_sets("h264", avcc(0, 0)), read_sets("h264", avcc(15, 15))
    within = packet(*(one for _, one in edge.units), b"\x65picture")
    for sets, first, other, said in (
        (recorded, b"", recorded, "numbers of two parameter sets are the same"),
        (recorded, within, edge, "numbers of two parameter sets are the same"),
        (recorded, b"", read_sets("h264", avcc(15, 15, profile=110, tail=b"\xfd\xfa\xfa\0")), "another chroma format"),
        (read_sets("h265", hvcc(SPS)), b"", read_sets("h265", hvcc(SPS).replace(b"\xfd\xf8\xf8", b"\xfe\xf8\xf8")),
         "another chroma format"),
    ):  # fmt: skip
        with pytest.raises(NotReadable, match=said):
            merged(sets, first, [other])


@pytest.mark.parametrize("sequence", [SPS, LAYERED])
def test_sets_of_h265_get_another_number_and_nothing_else(sequence: bytes) -> None:
    sets = read_sets("h265", hvcc(VPS, sequence, PPS))
    changed, _ = renumbered(sets, 15)
    assert changed.numbers() == {(32, 15), (33, 15), (34, 30)}
    made = read_sets("h265", merged(sets, b"", [changed, renumbered(sets, 14)[0]]))
    assert merged(sets, b"", [changed])[23] == 0x80 | 32, "all of them are in it"
    assert made.numbers() == sets.numbers() | changed.numbers() | {(32, 14), (33, 14), (34, 29)}
    ends = {kind: f"{int.from_bytes(unescaped(one), 'big'):b}".rstrip("0") for kind, one in changed.units}
    assert ends[33].endswith(golomb(15) + golomb(1) + ("01101" if sequence is SPS else "011"))
    assert ends[34].endswith(golomb(30) + golomb(15) + "011011")
    assert ends[32].endswith("11" + "10" * 20 + "1")
    with pytest.raises(NotReadable, match="in a way that is not expected"):
        renumbered(changed, 14)


@given(st.sampled_from([0, 1, 19, 20, 21]), st.integers(1, 15), ZEROS, st.integers(0, 63))
def test_a_slice_of_h265_refers_to_another_set_and_is_a_byte_longer(
    kind: int, number: int, content: bytes, more: int
) -> None:
    before, rest = ("10", f"{more & 31:05b}") if kind >= 16 else ("1", f"{more:06b}")
    raw = unit(kind, bytes((int(before + "1" + rest, 2),)) + content + b"\x80")
    other = unit(39, b"\0\0\3\1 words")
    _, change = renumbered(read_sets("h265", hvcc(VPS, SPS, PPS)), number)
    words, made = units_of(change(packet(other, escaped(raw))), 4)
    assert words == other
    found = unescaped(made)
    assert len(found) == len(raw) + 1
    assert f"{int.from_bytes(found[2:4], 'big'):016b}" == before + golomb(number + 15) + rest
    assert (found[:2], found[4:]) == (raw[:2], raw[3:])


def test_a_slice_that_refers_to_another_set_already_is_refused() -> None:
    _, change = renumbered(read_sets("h265", hvcc(VPS, SPS, PPS)), 15)
    for broken in (unit(1, b"\x80\x80\x80"), unit(19, b"\x80\x80\x80"), unit(1, b"\xc0")):
        with pytest.raises(NotReadable, match="a slice does not begin"):
            change(packet(broken))
    with pytest.raises(NotReadable, match="not as long as they say"):
        change(packet(unit(1, b"\xc0\x80\x80"))[:-1])


def test_a_picture_that_ends_all_before_it_is_known_by_its_kind() -> None:
    h264, h265 = read_sets("h264", avcc(0, 0)), read_sets("h265", hvcc(VPS, SPS, PPS))
    assert begins_anew(h264, packet(b"\x09\x10", b"\x67set", b"\x65picture"))
    assert not begins_anew(h264, packet(b"\x06recovery", b"\x41picture"))
    assert begins_anew(h265, packet(VPS, unit(19, b"picture")))
    assert not begins_anew(h265, packet(VPS, unit(21, b"picture"))), "frames of the one before may follow"
    assert not begins_anew(h265, packet(VPS))
    assert not begins_anew(h265, b"")


@given(st.sampled_from(["h264", "h265"]), st.data())
def test_damaged_sets_are_refused_or_make_sense(codec: str, data: st.DataObject) -> None:
    raw = bytearray(avcc(0, 0) if codec == "h264" else hvcc(VPS, SPS, PPS))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=5)):
        raw[place % len(raw)] = value
    cut = data.draw(st.integers(0, len(raw)) | st.just(len(raw)))
    try:
        sets = read_sets(codec, bytes(raw[:cut]))
        assert isinstance(sets, Sets)
        sets.numbers()
        merged(sets, b"", [sets])
        renumbered(sets, 15)
    except NotReadable:
        return
    assert not sets.numbers() or codec == "h265"
