"""One track that goes on with another source's packets: RTP and RTCP headers rewritten in place. Pure, no I/O.

Guarantees: the SSRC stays, sequence numbers go on by one, timestamps go on by the time that passed and never back
(RFC 3550, 5.1), and sender reports go on telling the same relation of timestamps to wall-clock time. `relay_splice`
has one `Track` per track and calls it for every frame.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_MS_PER_PICTURE = 1
"""Of a group of pictures that is caught up with: the clocks of files and players are often that coarse."""
_FAR_TICKS = 1 << 24
"""So far past the pictures that are caught up with (three minutes of video) no straggler of theirs comes any more."""
_DAY_S = 86400
"""Reports further apart than that, or going back, do not follow the same clock."""

_RTP = struct.Struct(">HI4s")
"""Sequence number, timestamp and SSRC of an RTP packet."""
_RTP_AT = 4 + 2
"""Where they are in an interleaved frame."""
_REPORT = struct.Struct(">QIII")
"""Wall-clock time (NTP), RTP timestamp, packets and bytes of a sender report (RFC 3550, 6.4.1)."""
_REPORT_AT = 8
"""Where they are in its RTCP packet."""
_SENDER_REPORT, _GOODBYE = 200, 203


class Track:
    """Where a track ended for its players, and from `begin` or `catch_up` on how the new source's packets fit to it."""

    def __init__(
        self, rate_hz: int, last: bytes, last_s: float, report: bytes | None, pictures: Sequence[bytes] = ()
    ) -> None:
        """`last` is the last RTP frame as it was sent to players, at `last_s`; `report` the last RTCP frame.

        `pictures` are the latest frames of a video track: with B-frames the highest timestamp is not the last one.
        """
        self.begun = False
        self._rate_hz = rate_hz
        self._last_s = last_s
        self._last_sequence, timestamp, self._ssrc = _RTP.unpack_from(last, _RTP_AT)
        self._last_timestamp = timestamp + max((_ahead(_timestamp(frame), timestamp) for frame in pictures), default=0)
        self._report = _sender_report(report) if report is not None else None
        self._report_shift: int | None = None
        self._sequence_shift = 0
        self._timestamp_shift = 0
        self._squeeze: tuple[int, int, int] | None = None
        """The source's newest timestamp of the pictures that are caught up with, how many ticks they span, and how
        many they get."""

    def begin(self, frame: bytes, now_s: float) -> None:
        """Go on with this frame of the new source, the next one to be sent."""
        self.catch_up((frame,), now_s)

    def catch_up(self, frames: Sequence[bytes], now_s: float) -> None:
        """Go on with these frames of the new source, the last of which came at `now_s`."""
        sequence, first, _ = _RTP.unpack_from(frames[0], _RTP_AT)
        stamps = {_ahead(_timestamp(frame), first) for frame in frames}
        elapsed = round((now_s - self._last_s) * self._rate_hz)
        room = max(elapsed, len(stamps) * max(1, self._rate_hz * _MS_PER_PICTURE // 1000))
        newest, span, given = first + max(stamps), max(stamps) - min(stamps), room - room // len(stamps)
        self._sequence_shift = self._last_sequence + 1 - sequence
        self._timestamp_shift = self._last_timestamp + room - newest
        self._squeeze = (newest, span, given) if span > given else None
        self.begun = True

    def rewrite_rtp(self, block: bytearray, start: int) -> None:
        """Rewrite the RTP frame that begins there."""
        sequence, timestamp, _ = _RTP.unpack_from(block, start + _RTP_AT)
        sequence = (sequence + self._sequence_shift) & 0xFFFF
        if self._squeeze is not None:
            timestamp = self._squeezed(timestamp, *self._squeeze)
        timestamp = (timestamp + self._timestamp_shift) & 0xFFFFFFFF
        _RTP.pack_into(block, start + _RTP_AT, sequence, timestamp, self._ssrc)

    def rewrite_rtcp(self, block: bytearray, start: int, end: int) -> None:
        """Rewrite the RTCP frame between the two: every packet that says where it comes from."""
        for position, following in _rtcp_packets(block, start, end):
            kind = block[position + 1]
            sources = block[position] & 0x1F if kind == _GOODBYE else 1
            for at in range(position + 4, min(following, position + 4 + 4 * sources), 4):
                block[at : at + 4] = self._ssrc
            if kind == _SENDER_REPORT and following - position >= _REPORT_AT + _REPORT.size:
                self._rewrite_report(block, position + _REPORT_AT)

    def _squeezed(self, timestamp: int, newest: int, span: int, given: int) -> int:
        ahead = _ahead(timestamp, newest)
        if ahead >= 0:
            if ahead > _FAR_TICKS:
                self._squeeze = None
            return timestamp
        return newest + ahead * given // span

    def _rewrite_report(self, block: bytearray, at: int) -> None:
        ntp, timestamp, packets, size_bytes = _REPORT.unpack_from(block, at)
        timestamp += self._timestamp_shift
        if self._report is not None:
            ntp_before, timestamp_before, packets_before, size_before_bytes = self._report
            packets, size_bytes = packets + packets_before, size_bytes + size_before_bytes
            if self._report_shift is None:
                elapsed_s = (ntp - ntp_before) / 2**32
                expected = timestamp_before + int(elapsed_s * self._rate_hz)
                self._report_shift = _ahead(expected, timestamp) if 0 <= elapsed_s < _DAY_S else 0
            timestamp += self._report_shift
        _REPORT.pack_into(block, at, ntp, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, size_bytes & 0xFFFFFFFF)


def says_goodbye(frame: bytes) -> bool:
    """The RTCP frame says that its source ends: players would end with it."""
    return any(frame[position + 1] == _GOODBYE for position, _ in _rtcp_packets(frame, 0, len(frame)))


def _sender_report(frame: bytes) -> tuple[int, int, int, int] | None:
    for position, following in _rtcp_packets(frame, 0, len(frame)):
        if frame[position + 1] == _SENDER_REPORT and following - position >= _REPORT_AT + _REPORT.size:
            ntp, timestamp, packets, size_bytes = _REPORT.unpack_from(frame, position + _REPORT_AT)
            return ntp, timestamp, packets, size_bytes
    return None


def _rtcp_packets(block: bytes | bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each whole packet of a compound begins and ends, in the interleaved frame between the two."""
    position = start + 4
    while position + 4 <= end:
        following = position + 4 + 4 * (block[position + 2] << 8 | block[position + 3])
        if following > end:
            return
        yield position, following
        position = following


def _timestamp(frame: bytes) -> int:
    return int.from_bytes(frame[8:12], "big")


def _ahead(timestamp: int, other: int) -> int:
    """How many ticks a 32-bit timestamp is ahead of another, negative if behind."""
    return ((timestamp - other + 0x80000000) & 0xFFFFFFFF) - 0x80000000
