"""RTP and RTCP headers of a track that goes on with another source's packets, bit by bit."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_live_gop import rtp
from vmstui.live.relay_rewrite import Track, says_goodbye

_RATE_HZ = 90_000
_NEW_SSRC = b"NEWS"
_NTP_S = 2**32


def header(frame: bytes | bytearray) -> tuple[int, int, bytes]:
    """Sequence number, timestamp and SSRC of an interleaved RTP frame."""
    sequence, timestamp, ssrc = struct.unpack_from(">HI4s", frame, 6)
    return sequence, timestamp, ssrc


def _frame(sequence: int, timestamp: int) -> bytes:
    return rtp(b"\x65x", timestamp % 2**32, sequence=sequence % 65536).replace(b"SSRC", _NEW_SSRC)


def _rewritten(track: Track, *frames: bytes) -> list[tuple[int, int, bytes]]:
    block, starts = bytearray(b"".join(frames)), range(0, len(frames) * len(frames[0]), len(frames[0]))
    for start in starts:
        track.rewrite_rtp(block, start)
    return [header(block[start:]) for start in starts]


def _track(sequence: int = 7, timestamp: int = 1000, *, report: bytes | None = None, at_s: float = 50.0) -> Track:
    last = rtp(b"\x41x", timestamp, sequence=sequence)
    return Track(_RATE_HZ, last, at_s, report)


def test_it_goes_on_by_one_packet_and_by_the_time_that_passed() -> None:
    track = _track()
    track.begin(_frame(500, 777_000), 50.5)
    frames = [_frame(500, 777_000), _frame(501, 777_000), _frame(502, 780_600), _frame(504, 784_200)]
    assert _rewritten(track, *frames) == [
        (8, 46_000, b"SSRC"),
        (9, 46_000, b"SSRC"),
        (10, 49_600, b"SSRC"),
        (12, 53_200, b"SSRC"),  # what the source itself lost stays lost
    ]


def test_sequence_numbers_and_timestamps_wrap_on_either_side() -> None:
    track = _track(65535, 2**32 - 100)
    track.begin(_frame(65534, 2**32 - 50), 50.01)
    frames = [_frame(65534 + n, 2**32 - 50 + 3600 * n) for n in range(4)]
    assert _rewritten(track, *frames) == [(n, 800 + 3600 * n, b"SSRC") for n in range(4)]


def test_a_clock_that_seems_to_stand_or_go_back_still_gives_a_later_timestamp() -> None:
    for now_s in (50.0, 49.0):
        track = _track()
        track.begin(_frame(1, 5), now_s)
        assert _rewritten(track, _frame(1, 5)) == [(8, 1090, b"SSRC")]


def test_pictures_that_are_caught_up_with_get_the_time_since_the_last_one_and_later_ones_their_own() -> None:
    track = _track()
    kept = [_frame(60 + n, 3600 * n) for n in range(10)]
    track.catch_up(kept, 50.04)
    caught_up = [timestamp for _, timestamp, _ in _rewritten(track, *kept)]
    assert caught_up == [1360 + 360 * n for n in range(10)]
    assert [
        timestamp for _, timestamp, _ in _rewritten(track, *(_frame(70 + n, 36_000 + 3600 * n) for n in range(2)))
    ] == [
        caught_up[-1] + 3600,
        caught_up[-1] + 7200,
    ]


def test_pictures_that_fit_into_the_time_that_passed_keep_their_intervals() -> None:
    track = _track()
    kept = [_frame(60 + n, 3600 * n) for n in range(3)]
    track.catch_up(kept, 60.0)
    assert [timestamp for _, timestamp, _ in _rewritten(track, *kept)] == [901_000 - 7200, 901_000 - 3600, 901_000]


def test_after_half_a_turn_of_the_timestamps_nothing_is_taken_for_a_straggler() -> None:
    track = _track()
    kept = [_frame(n, 3600 * n) for n in range(50)]
    track.catch_up(kept, 50.04)
    _, newest, _ = _rewritten(track, kept[-1])[0]
    for hours in range(1, 30):
        later = hours * 3600 * _RATE_HZ
        assert _rewritten(track, _frame(0, 3600 * 49 + later))[0][1] == (newest + later) % 2**32


def test_with_b_frames_the_highest_timestamp_counts_and_late_pictures_stay_between() -> None:
    shown = [rtp(b"\x41x", timestamp) for timestamp in (1000, 12_000, 5000)]
    track = Track(_RATE_HZ, shown[-1], 50.0, None, shown)
    kept = [_frame(0, 0), _frame(1, 10_800), _frame(2, 3600)]
    track.catch_up(kept, 50.0)
    first, reference, between = (timestamp for _, timestamp, _ in _rewritten(track, *kept))
    (_, straggler, _) = _rewritten(track, _frame(3, 7200))[0]
    assert 12_000 < first < between < straggler < reference


@given(
    st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1)),
    st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1)),
    st.lists(st.integers(1000, 90_000), min_size=1, max_size=60),
    st.floats(-1, 30),
    st.integers(0, 60),
)
def test_whatever_comes_together_numbers_follow_on_and_time_only_goes_forward(
    before: tuple[int, int], after: tuple[int, int], intervals: list[int], passed_s: float, kept: int
) -> None:
    track = _track(*before)
    frames = [_frame(after[0] + n, after[1] + sum(intervals[:n])) for n in range(len(intervals))]
    track.catch_up(frames[: max(1, kept)], 50.0 + passed_s)
    sequence, timestamp, ssrc = *before, b"SSRC"
    for next_sequence, next_timestamp, next_ssrc in _rewritten(track, *frames):
        assert next_sequence == (sequence + 1) % 65536
        assert 0 < (next_timestamp - timestamp) % 2**32 < 2**31
        assert next_ssrc == ssrc
        sequence, timestamp = next_sequence, next_timestamp


def rtcp(*packets: tuple[int, int, bytes]) -> bytes:
    """An interleaved frame of RTCP packets: type, count, and what follows their first word."""
    compound = b"".join(
        bytes((0x80 | count, kind)) + (len(body) // 4).to_bytes(2, "big") + body for kind, count, body in packets
    )
    return b"$\x01" + len(compound).to_bytes(2, "big") + compound


def sender_report(
    ntp_s: float, timestamp: int, packets: int, size_bytes: int, ssrc: bytes = b"SSRC"
) -> tuple[int, int, bytes]:
    """The body of a sender report without report blocks."""
    return 200, 0, ssrc + struct.pack(">QIII", int(ntp_s * _NTP_S), timestamp % 2**32, packets, size_bytes)


def _described(ssrc: bytes) -> tuple[int, int, bytes]:
    return 202, 1, ssrc + b"\x01\x01x\x00"


def _rewritten_report(track: Track, frame: bytes) -> bytes:
    block = bytearray(b"$\x00\x00\x00" + frame)
    track.rewrite_rtcp(block, 4, len(block))
    return bytes(block[4:])


def test_reports_come_from_the_same_source_and_go_on_counting() -> None:
    track = _track(report=rtcp(sender_report(1000, 0, 2**32 - 5, 900), _described(b"SSRC")))
    track.begin(_frame(0, 500_000), 50.0)
    new = rtcp(sender_report(1001, 590_000, 10, 100, _NEW_SSRC), _described(_NEW_SSRC))
    assert _rewritten_report(track, new) == rtcp(sender_report(1001, 90_000, 5, 1000), _described(b"SSRC"))


def test_timestamps_keep_their_relation_to_the_wall_clock_whatever_the_new_source_says_it_is() -> None:
    """A player of two tracks places every frame by the last report: another relation would make it jump."""
    track = _track(report=rtcp(sender_report(1000, 2**32 - 45_000, 1, 1)))
    track.begin(_frame(0, 500_000), 50.0)
    first = _rewritten_report(track, rtcp(sender_report(1002, 123, 10, 100, _NEW_SSRC)))
    assert first == rtcp(sender_report(1002, 135_000, 11, 101))
    second = _rewritten_report(track, rtcp(sender_report(1007, 123 + 450_700, 20, 200, _NEW_SSRC)))
    assert second == rtcp(sender_report(1007, 135_000 + 450_700, 21, 201))


@pytest.mark.parametrize("ntp_s", [999, 1000 + 2 * 86400])
def test_reports_of_another_clock_are_shifted_like_the_packets(ntp_s: float) -> None:
    track = _track(report=rtcp(sender_report(1000, 5, 1, 1)))
    track.begin(_frame(0, 500_000), 50.0)
    new = _rewritten_report(track, rtcp(sender_report(ntp_s, 500_100, 10, 100, _NEW_SSRC)))
    assert new == rtcp(sender_report(ntp_s, 1090 + 100, 11, 101))


def test_without_a_report_before_the_new_ones_are_shifted_like_the_packets() -> None:
    track = _track(report=rtcp((201, 0, b"SSRC")))
    track.begin(_frame(0, 2**32 - 10), 50.0)
    new = _rewritten_report(track, rtcp(sender_report(7, 20, 10, 100, _NEW_SSRC)))
    assert new == rtcp(sender_report(7, 1090 + 30, 10, 100))


def test_a_goodbye_is_found_anywhere_in_a_compound_and_names_the_kept_source() -> None:
    goodbye = rtcp(sender_report(1, 1, 1, 1), _described(_NEW_SSRC), (203, 1, _NEW_SSRC))
    assert says_goodbye(goodbye)
    assert not says_goodbye(rtcp(sender_report(1, 1, 1, 1), _described(_NEW_SSRC)))
    track = _track()
    track.begin(_frame(0, 0), 50.0)
    assert _NEW_SSRC not in _rewritten_report(track, rtcp(_described(_NEW_SSRC), (203, 1, _NEW_SSRC)))


@given(st.binary(max_size=80))
def test_broken_reports_never_fail_and_keep_their_size(body: bytes) -> None:
    frame = b"$\x01" + len(body).to_bytes(2, "big") + body
    track = _track(report=frame)
    track.begin(_frame(0, 0), 50.0)
    assert len(_rewritten_report(track, frame)) == len(frame)
    assert _rewritten_report(track, frame)[:4] == frame[:4]
    says_goodbye(frame)
