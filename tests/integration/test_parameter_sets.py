"""The size of the picture as vmstui reads it from parameter sets that real encoders wrote, and of what is none."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.live_support import EMBEDDED_FFMPEG
from vmstui.live.parameter_sets import described_sets, nal_type, picture_size

SIZES = ((1920, 1080), (322, 182), (640, 360), (3840, 2160), (176, 144))
SPS = {"h264": 7, "h265": 33}


def parameter_set(codec: str, size: tuple[int, int], *options: str) -> bytes:
    """The first sequence parameter set of a frame that ffmpeg encoded."""
    command = [EMBEDDED_FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"color=size={size[0]}x{size[1]}", "-frames:v", "1"]
    command += ["-c:v", {"h264": "libx264", "h265": "libx265"}[codec], "-preset", "ultrafast", *options]
    command += ["-f", {"h264": "h264", "h265": "hevc"}[codec], "-"]
    stream = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    nals = [nal.rstrip(b"\0") for nal in re.split(rb"\x00\x00\x01", stream) if nal]
    return next(nal for nal in nals if nal and nal_type(codec, nal) == SPS[codec])


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("size", SIZES)
def test_the_size_is_the_one_that_was_encoded_also_where_it_is_no_multiple_of_a_block(
    codec: str, size: tuple[int, int]
) -> None:
    assert picture_size(codec, parameter_set(codec, size)) == size


@pytest.mark.parametrize(
    "options",
    [
        ("-pix_fmt", "yuv444p"),
        ("-pix_fmt", "yuv422p"),
        ("-pix_fmt", "yuv420p10le"),
        ("-pix_fmt", "gray"),
        ("-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"),
        ("-x264-params", "cqm=jvt", "-profile:v", "high", "-pix_fmt", "yuv420p"),
    ],
)
def test_other_kinds_of_h264_have_their_size_too(options: tuple[str, ...]) -> None:
    assert picture_size("h264", parameter_set("h264", (322, 184), *options)) == (322, 184)


@pytest.mark.parametrize("pixels", ["yuv444p", "yuv422p", "yuv420p10le", "gray"])
def test_other_kinds_of_h265_have_their_size_too(pixels: str) -> None:
    assert picture_size("h265", parameter_set("h265", (322, 182), "-pix_fmt", pixels)) == (322, 182)


@given(st.sampled_from(["h264", "h265"]), st.binary(max_size=80))
def test_bytes_that_are_no_parameter_set_give_a_size_or_none_and_never_fail(codec: str, noise: bytes) -> None:
    head = b"\x67" if codec == "h264" else b"\x42\x01"
    for data in (noise, head + noise):
        size = picture_size(codec, data)
        assert size is None or (0 < size[0] <= 16384 and 0 < size[1] <= 16384)


@given(st.text(max_size=60))
def test_what_a_description_says_of_parameter_sets_may_be_anything(text: str) -> None:
    for codec in ("h264", "h265"):
        described_sets(codec, f"sprop-parameter-sets={text};sprop-sps={text}")
    assert described_sets("h264", "packetization-mode=1; sprop-parameter-sets=Z0LA,aM4=") == [
        bytes.fromhex("6742c0"),
        bytes.fromhex("68ce"),
    ]
