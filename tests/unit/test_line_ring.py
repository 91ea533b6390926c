"""The newest lines of a log are kept as they were, in little memory."""

from __future__ import annotations

import tracemalloc
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from vmstui.recorder.line_ring import LineRing


@given(bound=st.integers(0, 70), lines=st.lists(st.binary(max_size=20), max_size=200))
def test_the_newest_lines_come_out_as_they_went_in(bound: int, lines: list[bytes]) -> None:
    ring, plain = LineRing(bound), deque[bytes](maxlen=bound)
    for line in lines:
        ring.append(line)
        plain.append(line)
    assert list(ring) == list(plain)
    assert list(reversed(ring)) == list(reversed(plain))
    assert len(ring) == len(plain)
    assert ring.oldest == (plain[0] if plain else None)
    ring.clear()
    assert ring.oldest is None
    assert list(ring) == []


@given(bound=st.integers(0, 70), count=st.integers(0, 200), first=st.integers(-5, 205))
def test_lines_in_order_are_counted_from_any_of_them_on(bound: int, count: int, first: int) -> None:
    ring = LineRing(bound)
    for number in range(count):
        ring.append(b"%03d" % number)
    held = list(ring)
    assert ring.count_from(b"%03d" % max(first, 0)) == sum(line >= b"%03d" % max(first, 0) for line in held)


def test_two_hundred_lines_like_those_of_ffmpeg_take_less_than_six_kilobytes() -> None:
    tracemalloc.start()
    try:
        ring = LineRing(200)
        for number in range(1000):
            ring.append(b"[rtsp @ 0x55d0c8a4b2c0] [warning] RTP: missed %d packets of stream 0" % (number * 7919 % 997))
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ring) == 200
    assert kept_bytes < 6000
