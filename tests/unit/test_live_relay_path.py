"""The way of packets from publisher to readers, without sockets."""

from __future__ import annotations

import asyncio
import io
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_live_gop import rtp
from vmstui.live.messages import Frames
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_path import Publisher, Reader, RelayPath, frame_ends, remap
from vmstui.live.sdp import parse

_SDP = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 8\r\n"


class _Transport:
    """As much of an asyncio transport as a reader uses."""

    def __init__(self) -> None:
        self.written = b""
        self.waiting_bytes = 0
        self.ended = ""

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return bool(self.ended)

    def abort(self) -> None:
        self.ended = "aborted"

    def close(self) -> None:
        self.ended = "closed"


class _Publisher:
    silent_s = 0.0
    gone = False

    def cut(self, reason: str) -> None:
        raise AssertionError(reason)


def _path() -> tuple[RelayPath, io.StringIO]:
    log = io.StringIO()
    path = RelayPath("lobby", 100_000, RelayLog(log))
    publisher: Publisher = _Publisher()
    path.announce(publisher, parse(_SDP), _SDP)
    path.record()
    return path, log


def _reader(channels: dict[int, int]) -> tuple[Reader, _Transport]:
    transport = _Transport()
    return Reader(cast(asyncio.Transport, transport), "10.0.0.1:5555", channels, 2, 1000), transport


def _frames(*frames: bytes) -> Frames:
    block = b"".join(frames)
    return Frames(block, frame_ends(block))


def test_a_reader_with_the_same_channels_gets_the_very_bytes_and_others_get_their_own() -> None:
    path, _ = _path()
    same, same_wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    swapped, swapped_wire = _reader({0: 4, 1: 5, 2: 0, 3: 1})
    video_only, video_wire = _reader({0: 0, 1: 1})
    for reader in (same, swapped, video_only):
        path.join(reader)
    video, audio = rtp(b"\x65x", 1), rtp(b"sound", 5, channel=2)
    path.forward(_frames(video, audio))
    assert same_wire.written == video + audio
    assert swapped_wire.written == rtp(b"\x65x", 1, channel=4) + rtp(b"sound", 5, channel=0)
    assert video_wire.written == video


def test_a_slow_reader_is_cut_off_and_the_others_go_on() -> None:
    path, log = _path()
    slow, slow_wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    quick, quick_wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(slow)
    path.join(quick)
    slow_wire.waiting_bytes = 2 * 1024 * 1024
    path.forward(_frames(rtp(b"\x65x", 1)))
    path.forward(_frames(rtp(b"\x41x", 2)))
    assert slow_wire.ended == "aborted"
    assert slow_wire.written == b""
    assert quick_wire.written == rtp(b"\x65x", 1) + rtp(b"\x41x", 2)
    assert (path.stats().readers, path.stats().dropped_readers) == (1, 1)
    assert log.getvalue() == "[warning] reader 10.0.0.1:5555 of lobby dropped: 2.0 MiB behind\n"


def test_a_late_reader_gets_the_packets_since_the_keyframe_and_rtp_info_that_says_so() -> None:
    path, _ = _path()
    path.forward(_frames(rtp(b"\x65x", 90, sequence=8), rtp(b"s", 7, channel=2, sequence=100)))
    path.forward(_frames(rtp(b"\x65x", 100, sequence=9), rtp(b"\x41x", 200, sequence=10)))
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    assert path.rtp_info() == {0: (9, 100), 1: (101, None)}
    path.join(reader)
    assert wire.written == rtp(b"\x65x", 100, sequence=9) + rtp(b"\x41x", 200, sequence=10)


def test_sequence_numbers_in_rtp_info_wrap() -> None:
    path, _ = _path()
    path.forward(_frames(rtp(b"\x41x", 90, sequence=65535)))
    assert path.rtp_info() == {0: (0, None)}


def test_when_the_publisher_goes_its_readers_are_closed_and_the_counters_stay() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.forward(_frames(rtp(b"\x65x", 1)))
    edition = path.edition
    path.free()
    stats = path.stats()
    assert wire.ended == "closed"
    assert (stats.publisher, stats.readers, stats.packets_in, stats.codec) == (False, 0, 1, "h264")
    path.announce(_Publisher(), parse(_SDP), _SDP)
    assert path.edition == edition + 1
    assert not path.live


def test_reports_are_passed_on_but_are_no_packets() -> None:
    path, _ = _path()
    path.forward(_frames(rtp(b"report", 1, channel=1)))
    assert path.stats().packets_in == 0
    assert path.stats().last_packet_age_s is None


@given(
    st.lists(st.tuples(st.integers(0, 7), st.binary(max_size=20)), max_size=20),
    st.dictionaries(st.integers(0, 7), st.integers(0, 255)),
)
def test_renamed_frames_stay_whole_and_in_order(frames: list[tuple[int, bytes]], channels: dict[int, int]) -> None:
    def wire(channel: int, payload: bytes) -> bytes:
        return b"$%c" % channel + len(payload).to_bytes(2, "big") + payload

    given_frames = _frames(*(wire(channel, payload) for channel, payload in frames))
    expected = [wire(channels[channel], payload) for channel, payload in frames if channel in channels]
    block, ends = remap(given_frames.block, given_frames.ends, channels)
    assert block == b"".join(expected)
    assert ends == frame_ends(block)
