"""The packets since the last keyframe: complete, decodable from their first one, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.live.gop import GopCache, payload_of

_AUDIO = 2


def rtp(
    payload: bytes, timestamp: int, *, channel: int = 0, sequence: int = 0, first: int = 0x80, extra: bytes = b""
) -> bytes:
    """An interleaved RTP frame."""
    packet = bytes((first, 96)) + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + b"SSRC" + extra + payload
    return b"$%c" % channel + len(packet).to_bytes(2, "big") + packet


_H264_KEYS = {
    "IDR slice": b"\x65\x88",
    "SPS": b"\x67\x42",
    "STAP-A with SPS": b"\x78\x00\x02\x67\x42\x00\x02\x68\xce",
    "STAP-A with SEI first": b"\x78\x00\x02\x06\x05\x00\x02\x65\x88",
    "FU-A start of IDR": b"\x7c\x85\x88",
    "FU-A middle of IDR": b"\x7c\x05\x88",
}
_H265_KEYS = {
    "IDR_W_RADL": b"\x26\x01\xaf",
    "CRA": b"\x2a\x01\xaf",
    "VPS": b"\x40\x01\x0c",
    "AP with VPS": b"\x60\x01\x00\x03\x40\x01\x0c",
    "FU of IDR": b"\x62\x01\x93\xaf",
}
_H264_OTHERS = {
    "slice": b"\x41\x9a",
    "SEI": b"\x06\x05",
    "PPS": b"\x68\xce",
    "FU-A of a slice": b"\x7c\x81\x9a",
    "empty": b"",
}
_H265_OTHERS = {
    "TRAIL_R": b"\x02\x01\xd0",
    "SEI": b"\x4e\x01\x05",
    "FU of TRAIL_R": b"\x62\x01\x81\xd0",
    "short": b"\x26",
}


@pytest.mark.parametrize(
    ("codec", "payload", "key"),
    [
        pytest.param(codec, payload, key, id=f"{codec} {name}")
        for codec, table, key in (
            ("h264", _H264_KEYS, True),
            ("h265", _H265_KEYS, True),
            ("h264", _H264_OTHERS, False),
            ("h265", _H265_OTHERS, False),
        )
        for name, payload in table.items()
    ],
)
def test_random_access_points_are_recognised_in_every_packing(codec: str, payload: bytes, key: bool) -> None:
    cache = GopCache(codec, 0, 10_000)
    cache.add(rtp(payload, 1))
    assert bool(cache.frames) == key


def test_it_begins_with_the_whole_access_unit_of_the_last_keyframe_and_holds_all_tracks() -> None:
    cache = GopCache("h264", 0, 10_000)
    old = [rtp(b"\x65old", 1), rtp(b"\x41old", 2)]
    unit = [
        rtp(b"\x06sei", 3),
        rtp(b"sound", 77, channel=_AUDIO),
        rtp(b"\x67sps", 3),
        rtp(b"\x65idr", 3),
        rtp(b"\x65idr", 3),
    ]
    after = [rtp(b"\x41x", 4), rtp(b"sound", 78, channel=_AUDIO), rtp(b"report", 9, channel=1)]
    for frame in (*old, *unit, *after):
        cache.add(frame)
    assert list(cache.frames) == [*unit, *after]


@pytest.mark.parametrize(
    ("codec", "units", "stated"),
    [
        ("h264", [b"\x67sps", b"\x68pps", b"\x65idr"], True),
        ("h264", [b"\x78\x00\x02\x67\x42\x00\x02\x68\xce", b"\x65idr"], True),
        ("h264", [b"\x65idr"], False),
        ("h265", [b"\x40\x01vps", b"\x42\x01sps", b"\x26\x01idr"], True),
        ("h265", [b"\x26\x01idr"], False),
    ],
)
def test_a_keyframe_that_brings_its_parameter_sets_is_told_from_one_that_does_not(
    codec: str, units: list[bytes], stated: bool
) -> None:
    cache = GopCache(codec, 0, 10_000)
    assert not cache.states_its_parameters
    for unit in units:
        cache.add(rtp(unit, 1))
    cache.add(rtp(b"\x02\x01later", 2))
    cache.add(rtp(b"sound", 3, channel=_AUDIO))
    assert cache.states_its_parameters == stated
    assert len(cache.video) == len(units) + 1


def test_nothing_is_given_before_the_first_keyframe() -> None:
    cache = GopCache("h264", 0, 10_000)
    for timestamp in range(50):
        cache.add(rtp(b"\x41slice", timestamp))
    assert not cache.frames
    cache.add(rtp(b"\x65x", 50))
    assert list(cache.frames) == [rtp(b"\x65x", 50)]


def test_a_gop_over_the_limit_is_dropped_whole_until_the_next_keyframe() -> None:
    cache = GopCache("h264", 0, 1000)
    cache.add(rtp(b"\x65" + bytes(500), 1))
    cache.add(rtp(b"\x41" + bytes(500), 2))
    assert not cache.frames
    cache.add(rtp(b"\x41x", 3))
    assert not cache.frames
    cache.add(rtp(b"\x65x", 4))
    assert list(cache.frames) == [rtp(b"\x65x", 4)]


def test_a_keyframe_that_alone_is_over_the_limit_is_not_given_headless() -> None:
    cache = GopCache("h264", 0, 1000)
    for _ in range(4):
        cache.add(rtp(b"\x65" + bytes(400), 1))
    assert not cache.frames


@given(
    st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=60), st.integers(0, 3), st.integers(0, 255)), max_size=60),
    st.sampled_from(["h264", "h265"]),
)
def test_hostile_packets_never_fail_and_never_exceed_the_limit(
    packets: list[tuple[int, bytes, int, int]], codec: str
) -> None:
    cache = GopCache(codec, 0, 500)
    for channel, payload, timestamp, first in packets:
        cache.add(rtp(payload, timestamp, channel=channel, first=first))
        assert sum(map(len, cache.frames)) <= 500
    cache.add(b"$\x00\x00\x00")


def test_contributing_sources_and_header_extension_are_skipped() -> None:
    extension = b"\xbe\xde\x00\x01" + b"\x10\xaa\x00\x00"
    assert payload_of(rtp(b"\x65x", 1, first=0x92, extra=b"CSRCCSRC" + extension)) == b"\x65x"
