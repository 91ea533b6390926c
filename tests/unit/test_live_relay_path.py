"""The way of packets from publisher to readers, without sockets."""

from __future__ import annotations

import asyncio
import io
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_live_gop import rtp
from tests.unit.test_live_relay_rewrite import rtcp
from vmstui.live import relay_path
from vmstui.live.messages import Frames
from vmstui.live.relay_feed import Publisher
from vmstui.live.relay_frames import frame_ends, remap, taken_apart
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_path import Reader, RelayPath
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


_FIRST: Publisher = _Publisher()
_SECOND: Publisher = _Publisher()


def _publish(path: RelayPath, publisher: Publisher, description: bytes = _SDP) -> None:
    path.announce(publisher, parse(description), description)
    path.record(publisher)


def _path() -> tuple[RelayPath, io.StringIO]:
    log = io.StringIO()
    path = RelayPath("lobby", 100_000, RelayLog(log))
    _publish(path, _FIRST)
    return path, log


def _reader(channels: dict[int, int]) -> tuple[Reader, _Transport]:
    transport = _Transport()
    return Reader(cast(asyncio.Transport, transport), "10.0.0.1:5555", channels, 2, 1000, transport.close), transport


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
    path.take(_FIRST, _frames(video, audio))
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
    path.take(_FIRST, _frames(rtp(b"\x65x", 1)))
    path.take(_FIRST, _frames(rtp(b"\x41x", 2)))
    assert slow_wire.ended == "aborted"
    assert slow_wire.written == b""
    assert quick_wire.written == rtp(b"\x65x", 1) + rtp(b"\x41x", 2)
    assert (path.stats().readers, path.stats().dropped_readers) == (1, 1)
    assert log.getvalue() == "[warning] reader 10.0.0.1:5555 of lobby dropped: 2.0 MiB behind\n"


def test_a_late_reader_gets_the_packets_since_the_keyframe_and_rtp_info_that_says_so() -> None:
    path, _ = _path()
    path.take(_FIRST, _frames(rtp(b"\x65x", 90, sequence=8), rtp(b"s", 7, channel=2, sequence=100)))
    path.take(_FIRST, _frames(rtp(b"\x65x", 100, sequence=9), rtp(b"\x41x", 200, sequence=10)))
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    assert path.rtp_info() == {0: (9, 100), 1: (101, None)}
    path.join(reader)
    assert wire.written == rtp(b"\x65x", 100, sequence=9) + rtp(b"\x41x", 200, sequence=10)


def test_sequence_numbers_in_rtp_info_wrap() -> None:
    path, _ = _path()
    path.take(_FIRST, _frames(rtp(b"\x41x", 90, sequence=65535)))
    assert path.rtp_info() == {0: (0, None)}


def test_when_the_publisher_goes_its_readers_are_closed_and_the_counters_stay() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.take(_FIRST, _frames(rtp(b"\x65x", 1)))
    edition = path.edition
    path.release(_FIRST)
    stats = path.stats()
    assert wire.ended == "closed"
    assert (stats.publisher, stats.readers, stats.packets_in, stats.codec) == (False, 0, 1, "h264")
    path.announce(_Publisher(), parse(_SDP), _SDP)
    assert path.edition == edition + 1
    assert not path.live


def test_reports_are_passed_on_but_are_no_packets() -> None:
    path, _ = _path()
    path.take(_FIRST, _frames(rtp(b"report", 1, channel=1)))
    assert path.stats().packets_in == 0
    assert path.stats().last_packet_age_s is None


def test_a_standby_is_kept_from_readers_until_the_publisher_goes_and_then_goes_on_with_its_kept_keyframe() -> None:
    path, log = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    first = [rtp(b"\x65x", 900, sequence=7), rtp(b"s", 80, channel=2, sequence=3)]
    path.take(_FIRST, _frames(*first))
    _publish(path, _SECOND)
    path.take(
        _SECOND, _frames(rtp(b"\x65y", 5000, sequence=100), rtp(b"s", 9, channel=2), rtp(b"\x41y", 5001, sequence=101))
    )
    assert wire.written == b"".join(first)
    assert (path.stats().standby, path.stats().handovers, path.stats().packets_in) == (True, 0, 2)
    edition = path.edition
    path.release(_FIRST)
    path.take(_SECOND, _frames(rtp(b"\x41y", 5002, sequence=102)))
    assert _sequences(wire.written) == [7, 3, 8, 9, 10]
    assert wire.ended == ""
    assert path.edition == edition
    stats = path.stats()
    assert (stats.publisher, stats.standby, stats.handovers, stats.packets_in) == (True, False, 1, 5)
    assert log.getvalue() == "[info] lobby is handed over, 1 readers stay\n"

    late, late_wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    assert {track: sequence for track, (sequence, _) in path.rtp_info().items()} == {0: 8, 1: 4}
    path.join(late)
    assert wire.written.endswith(late_wire.written)
    assert _sequences(late_wire.written) == [8, 9, 10]


def _sequences(written: bytes) -> list[int]:
    return [int.from_bytes(frame[6:8], "big") for frame in taken_apart(Frames(written, frame_ends(written)))]


def test_streams_are_joined_again_and_again() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.take(_FIRST, _frames(rtp(b"\x65x", 900, sequence=65533)))
    publishers: list[Publisher] = [_FIRST]
    for number in range(4):
        publishers.append(_Publisher())
        _publish(path, publishers[-1])
        path.take(publishers[-1], _frames(rtp(b"\x65x", number, sequence=number)))
        path.release(publishers[-2])
    assert _sequences(wire.written) == [65533, 65534, 65535, 0, 1]
    assert path.stats().handovers == 4


def test_a_stream_that_nobody_plays_is_handed_over_as_it_is() -> None:
    path, _ = _path()
    path.take(_FIRST, _frames(rtp(b"\x65x", 900, sequence=7)))
    _publish(path, _SECOND)
    path.take(_SECOND, _frames(rtp(b"\x65y", 5000, sequence=100)))
    edition = path.edition
    path.release(_FIRST)
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    assert wire.written == rtp(b"\x65y", 5000, sequence=100)
    assert path.rtp_info() == {0: (100, 5000)}
    assert path.edition == edition + 1


@pytest.mark.parametrize("payload", [b"\x65y", b"\x67y"], ids=["parameter sets elsewhere", "parameter sets in band"])
def test_readers_stay_for_other_parameter_sets_only_if_the_keyframe_brings_them(payload: bytes) -> None:
    path, log = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.take(_FIRST, _frames(rtp(b"\x65x", 900)))
    other = _SDP.replace(b"m=audio", b"a=fmtp:96 sprop-parameter-sets=Z0LAHg\r\nm=audio")
    _publish(path, _SECOND, other)
    path.take(_SECOND, _frames(rtp(payload, 1)))
    path.release(_FIRST)
    stay = payload[0] == 0x67
    assert wire.ended == ("" if stay else "closed")
    assert path.stats().readers == stay
    assert b"Z0LAHg" in path.description
    assert log.getvalue() == f"[info] lobby is handed over, 1 readers {'stay' if stay else 'closed'}\n"


def test_nothing_happens_when_the_standby_goes_first() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    _publish(path, _SECOND)
    path.take(_SECOND, _frames(rtp(b"\x65y", 1)))
    path.release(_SECOND)
    path.take(_FIRST, _frames(rtp(b"\x65x", 2)))
    assert wire.written == rtp(b"\x65x", 2)
    assert (path.stats().standby, path.stats().handovers) == (False, 0)


def test_a_standby_that_has_not_begun_to_send_takes_the_free_path_when_it_does() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.announce(_SECOND, parse(_SDP), _SDP)
    path.release(_FIRST)
    assert wire.ended == "closed"
    assert (path.live, path.publisher) == (False, _SECOND)
    path.record(_SECOND)
    assert (path.live, path.stats().standby) == (True, False)


def test_the_goodbye_of_a_publisher_with_a_standby_does_not_reach_its_readers() -> None:
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    goodbye = rtcp((203, 1, b"SSRC"))
    path.take(_FIRST, _frames(goodbye))
    _publish(path, _SECOND)
    path.take(_FIRST, _frames(goodbye, rtp(b"\x65x", 1)))
    assert wire.written == goodbye + rtp(b"\x65x", 1)


def test_a_stuck_publisher_is_passed_by_its_standby_and_comes_back_only_when_that_one_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr(relay_path, "time", SimpleNamespace(monotonic=lambda: now_s))
    path, _ = _path()
    reader, wire = _reader({0: 0, 1: 1, 2: 2, 3: 3})
    path.join(reader)
    path.take(_FIRST, _frames(rtp(b"\x65x", 0, sequence=1)))
    _publish(path, _SECOND)
    for number in range(9):  # the two take turns: nobody is stuck, however slowly they send
        now_s += 1
        path.take(_SECOND, _frames(rtp(b"\x65y", 90_000 * number, sequence=number)))
        path.take(_FIRST, _frames(rtp(b"\x65x", 90_000 * (number + 1), sequence=2 + number)))
    assert path.publisher is _FIRST
    for number in range(9, 12):
        now_s += 0.2
        path.take(_SECOND, _frames(rtp(b"\x65y", 90_000 * number, sequence=number)))
    assert (path.publisher, path.standby, path.stats().standby) == (_SECOND, _FIRST, True)
    for number in range(11, 19):
        now_s += 0.2
        path.take(_FIRST, _frames(rtp(b"\x65x", 90_000 * number, sequence=number)))
    assert (path.publisher, path.stats().handovers) == (_SECOND, 1)
    path.release(_SECOND)
    assert (path.publisher, path.stats().handovers, wire.ended) == (_FIRST, 2, "")
    assert _sequences(wire.written) == list(range(1, 13))


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
