"""A live stream known by its packets, and what is said against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.cli.verify_live import lines
from vmstui.configured import Encoder, OutputSettings, VideoCodec
from vmstui.live.messages import Frames
from vmstui.live.sdp import Media
from vmstui.live.watching import Watching
from vmstui.live_check import LiveCheck
from vmstui.recorder.live_checks import judged, too_busy

VIDEO = Media("video", 96, "h264", "trackID=0", clock_rate_hz=90_000)
SPS = bytes.fromhex("6742c01eda0280bfe5c044000003000400000300c83c58ba80")
"""Of a picture of 640x360."""
KEY, OTHER = b"\x65" + bytes(100), b"\x41" + bytes(40)
TICKS = 6000
"""Of 90 kHz from one picture to the next at 15 a second."""


def packet(sequence: int, stamp: int, payload: bytes, *, last: bool = True, channel: int = 0) -> bytes:
    """One interleaved RTP packet; `last` of its picture."""
    head = bytes((0x80, 96 | (0x80 if last else 0))) + (sequence % 65536).to_bytes(2, "big")
    rtp = head + (stamp % 2**32).to_bytes(4, "big") + b"SSRC" + payload
    return b"$" + bytes((channel,)) + len(rtp).to_bytes(2, "big") + rtp


def frames(packets: Iterable[bytes]) -> Frames:
    block, ends = b"", []
    for one in packets:
        block += one
        ends.append(len(block))
    return Frames(block, tuple(ends))


def stream(pictures: int, start: int = 0, first_sequence: int = 0) -> list[bytes]:
    """A keyframe with its parameter set, and then others."""
    packets = [packet(first_sequence, start, SPS, last=False), packet(first_sequence + 1, start, KEY)]
    return packets + [
        packet(first_sequence + 1 + number, start + number * TICKS, OTHER) for number in range(1, pictures)
    ]


def test_codec_size_and_rates_are_those_of_the_stream() -> None:
    watching = Watching(VIDEO, 0)
    watching.take(frames(stream(31)), 0.25)
    seen = watching.seen()
    assert (seen.codec, seen.size, seen.pictures, seen.lost_packets) == ("h264", (640, 360), 31, 0)
    assert seen.fps == pytest.approx(15.0)
    assert seen.watched_s == pytest.approx(2.0)
    assert seen.bitrate_bps == pytest.approx(8 * (len(SPS) + len(KEY) + 29 * len(OTHER)) / 2.0, rel=0.01)
    assert seen.first_picture_s == 0.25


@given(st.integers(0, 2**32 - 1), st.integers(0, 65535), st.integers(2, 60), st.randoms())
def test_rates_do_not_depend_on_where_numbers_wrap_nor_on_the_order_of_pictures(
    start: int, sequence: int, pictures: int, random: object
) -> None:
    watching = Watching(VIDEO, 0)
    watching.take(frames(stream(pictures, start, sequence)), 0.1)
    seen = watching.seen()
    assert seen.fps == pytest.approx(15.0)
    assert seen.lost_packets == 0
    shuffled = list(range(1, pictures))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    reordered = Watching(VIDEO, 0)
    packets = [packet(sequence, start, KEY)]
    packets += [packet(sequence + 1 + n, start + place * TICKS, OTHER) for n, place in enumerate(shuffled)]
    reordered.take(frames(packets), 0.1)
    assert reordered.seen().fps == pytest.approx(15.0)


def test_the_first_picture_is_there_with_the_last_packet_of_the_first_keyframe() -> None:
    watching = Watching(VIDEO, 0)
    watching.take(frames([packet(0, 0, OTHER)]), 0.1)
    watching.take(frames([packet(1, TICKS, KEY, last=False)]), 0.2)
    assert not watching.has_picture
    watching.take(frames([packet(2, TICKS, KEY)]), 0.3)
    watching.take(frames([packet(3, 2 * TICKS, KEY)]), 0.4)
    assert watching.seen().first_picture_s == 0.3


def test_the_interval_of_keyframes_is_known_from_two_of_them_where_all_are_looked_for() -> None:
    thirty = [packet(n, n * TICKS, KEY if n % 30 == 0 else OTHER) for n in range(61)]
    watching = Watching(VIDEO, 0, keyframes=True)
    watching.take(frames(thirty[:30]), 0.1)
    assert watching.seen().keyframe_s is None
    watching.take(frames(thirty[30:]), 0.1)
    assert watching.keyframes == 3
    assert watching.seen().keyframe_s == pytest.approx(2.0)
    usual = Watching(VIDEO, 0)
    usual.take(frames(thirty), 0.1)
    assert usual.seen().keyframe_s is None


def test_packets_that_are_missing_are_counted_and_other_channels_are_not_looked_at() -> None:
    watching = Watching(VIDEO, 0)
    watching.take(frames([packet(0, 0, KEY), packet(500, 9, KEY, channel=1), packet(4, TICKS, OTHER)]), 0.1)
    assert watching.seen().lost_packets == 3
    assert watching.seen().pictures == 2


def test_the_description_tells_the_size_where_the_stream_does_not() -> None:
    import base64

    described = f"packetization-mode=1; sprop-parameter-sets={base64.b64encode(SPS).decode()},aM4="
    watching = Watching(replace(VIDEO, parameters=described), 0)
    watching.take(frames([packet(0, 0, KEY)]), 0.1)
    assert watching.seen().size == (640, 360)


@given(st.lists(st.binary(max_size=60), max_size=20), st.sampled_from(["h264", "h265", "mjpeg", ""]))
def test_whatever_comes_is_survived(payloads: list[bytes], codec: str) -> None:
    watching = Watching(replace(VIDEO, codec=codec), 0)
    packets = [
        b"$\0" + len(payload).to_bytes(2, "big") + payload if n % 2 else packet(n, n * TICKS, payload)
        for n, payload in enumerate(payloads)
    ]
    watching.take(frames(packets), 0.1)
    watching.seen()


SEEN = LiveCheck(
    "lobby", datetime.now(UTC), "rtsp://127.0.0.1:8554/lobby", "h264", 1920, 1080, 15.0, 3_010_000, 0.42, 4.0, 61
)
ASKED = OutputSettings(VideoCodec.H264, Encoder.AUTO, (1920, 1080), 3_000_000)


def test_a_stream_that_is_what_was_asked_for_is_well_and_shown_as_in_a_report() -> None:
    found = judged(SEEN, ASKED, "libx264")
    assert found.well
    assert lines(found) == [
        "lobby: rtsp://127.0.0.1:8554/lobby",
        "  stream accessible via RTSP, first picture after 0.42 s",
        "  codec       H.264",
        "  resolution  1920x1080",
        "  frame rate  15.00 fps",
        "  bitrate     3.01 Mbit/s, over 4.0 s",
    ]


@pytest.mark.parametrize(
    ("changes", "encoder", "words"),
    [
        ({"width": 640, "height": 360}, "libx264", "it is 640x360, 1920x1080 is asked for"),
        ({"codec": "h265"}, "libx264", "it is h265, h264 is asked for"),
        ({"bitrate_bps": 9_000_000}, "libx264", "it has 9.00 Mbit/s, 3.00 are asked for"),
        ({"lost_packets": 7}, "copy", "7 packets were missing"),
        ({"first_picture_s": None}, "copy", "no keyframe came within 4.0 s of the stream"),
        ({"pictures": 0, "first_picture_s": None, "watched_s": 0.0}, "copy", "not a single picture came"),
        ({"width": 640, "height": 360}, "copy", ""),
        ({"width": 0, "height": 0}, "libx264", ""),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], encoder: str, words: str) -> None:
    found = judged(replace(SEEN, **changes), ASKED, encoder)  # type: ignore[arg-type]
    assert found.reason == words
    assert found.well == (not words)
    assert not words or lines(found)[-1] == f"  NOT WELL: {words}"


def test_no_stream_is_watched_while_the_machine_or_the_relay_is_busy() -> None:
    assert too_busy(3.0, 2, 50.0) == ""
    assert too_busy(3.1, 2, 0.0) == "the machine is busy: load 3.1 on 2 cores"
    assert too_busy(0.1, 2, 51.0) == "the live relay is busy: 51 % of a core"
