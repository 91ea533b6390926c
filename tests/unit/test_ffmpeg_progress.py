"""Blocks of ffmpeg's progress file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.progress import parse_progress
from vmstui.model import Progress

FIRST = b"""frame=8
fps=0.00
stream_0_0_q=-1.0
bitrate=N/A
total_size=N/A
out_time_us=N/A
out_time_ms=N/A
out_time=N/A
dup_frames=0
drop_frames=0
speed=N/A
progress=continue
"""
SECOND = b"""frame=236
fps=11.35
stream_0_0_q=-1.0
stream_1_0_q=0.0
bitrate=N/A
total_size=N/A
out_time_us=23400098
out_time_ms=23400098
out_time=00:00:23.400098
dup_frames=2
drop_frames=3
speed= 1.3x
progress=end
"""
LAST = Progress(frame=236, fps=11.35, speed=1.3, out_time_s=23.400098, dup_frames=2, drop_frames=3)


def test_the_last_complete_block_counts() -> None:
    assert parse_progress(FIRST + SECOND) == LAST
    assert parse_progress(FIRST + SECOND + b"frame=237\nfps=11") == LAST
    assert parse_progress(FIRST + SECOND + FIRST[: FIRST.index(b"inue")]) == LAST


def test_values_ffmpeg_does_not_know_yet_are_zero() -> None:
    assert parse_progress(FIRST) == Progress(8, 0.0, 0.0, 0.0, 0, 0)


def test_without_a_complete_block_there_is_no_progress() -> None:
    assert parse_progress(b"") is None
    assert parse_progress(SECOND[: SECOND.index(b"progress")]) is None
    assert parse_progress(SECOND[20:]) is None, "its front is cut off"


@given(st.integers(0, len(FIRST + SECOND)), st.integers(0, len(FIRST + SECOND)))
def test_any_cut_gives_a_whole_block_or_nothing(start: int, end: int) -> None:
    assert parse_progress((FIRST + SECOND)[start:end]) in (None, parse_progress(FIRST), LAST)


@given(st.binary())
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    parse_progress(raw)
    parse_progress(b"frame=" + raw + b"\nprogress=continue\n")
