"""The packets since the last keyframe, so that a new reader can decode at once however long the GOP is. Pure, no I/O.

Works on interleaved RTP frames as the relay holds them. A random access point is recognised by NAL unit type in the
RTP payload formats of H.264 (RFC 6184) and H.265 (RFC 7798); for other codecs nothing is kept. `relay_path` calls it.
"""

from __future__ import annotations

from collections.abc import Sequence

KNOWN_CODECS = ("h264", "h265")

_RTP = 4
"""Where the RTP packet begins in an interleaved frame."""


class GopCache:
    """All tracks' frames from the access unit of the last keyframe on, at most `limit_bytes`.

    A GOP larger than that is dropped as a whole, for without its head it cannot be decoded; the next keyframe begins
    anew.
    """

    def __init__(self, codec: str, video_channel: int, limit_bytes: int) -> None:
        self._is_key = _IS_KEY[codec]
        self._video_channel = video_channel
        self._limit_bytes = limit_bytes
        self._frames: list[bytes] = []
        self._size_bytes = 0
        self._decodable = False
        self._unit_timestamp = b""
        self._unit_start = 0
        self._unit_is_key = False

    @property
    def frames(self) -> Sequence[bytes]:
        """What a new reader is sent first; empty when nothing decodable is at hand."""
        return self._frames if self._decodable else ()

    def add(self, frame: bytes) -> None:
        """Take in the next frame of any track."""
        if frame[1] == self._video_channel and len(frame) > _RTP + 12:
            self._look_at(frame)
        self._frames.append(frame)
        self._size_bytes += len(frame)
        if self._size_bytes > self._limit_bytes:
            self._keep_from(len(self._frames))
            self._decodable = False

    def _look_at(self, frame: bytes) -> None:
        timestamp = frame[_RTP + 4 : _RTP + 8]
        if timestamp != self._unit_timestamp:
            self._unit_timestamp = timestamp
            self._unit_is_key = False
            self._unit_start = len(self._frames)
            if not self._decodable:
                self._keep_from(self._unit_start)
        if not self._unit_is_key and self._is_key(payload_of(frame)):
            self._unit_is_key = True
            self._keep_from(self._unit_start)
            # an access unit whose head fell to the limit is no beginning
            self._decodable = self._size_bytes + len(frame) <= self._limit_bytes

    def _keep_from(self, index: int) -> None:
        del self._frames[:index]
        self._size_bytes = sum(map(len, self._frames))
        self._unit_start = 0


def payload_of(frame: bytes) -> bytes:
    """The RTP payload of an interleaved frame, without contributing sources and header extension (RFC 3550, 5.1)."""
    start = _RTP + 12 + 4 * (frame[_RTP] & 0x0F)
    if frame[_RTP] & 0x10:
        words = int.from_bytes(frame[start + 2 : start + 4], "big")
        start += 4 + 4 * words
    return frame[start:]


def _is_key_h264(payload: bytes) -> bool:
    """IDR slice (5) or sequence parameter set (7), alone, aggregated (STAP-A 24) or in fragments (FU 28, 29)."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == 24:
        return any(nal[0] & 0x1F in (5, 7) for nal in _aggregated(payload, 1))
    return (payload[1] & 0x1F if kind in (28, 29) else kind) in (5, 7)


def _is_key_h265(payload: bytes) -> bool:
    """IRAP slice (16-21), VPS (32) or SPS (33), alone, aggregated (AP 48) or in fragments (FU 49)."""
    if len(payload) < 3:
        return False
    kind = payload[0] >> 1 & 0x3F
    if kind == 48:
        return any(_is_irap(nal[0] >> 1 & 0x3F) for nal in _aggregated(payload, 2))
    return _is_irap(payload[2] & 0x3F if kind == 49 else kind)


def _is_irap(kind: int) -> bool:
    return 16 <= kind <= 21 or kind in (32, 33)


def _aggregated(payload: bytes, position: int) -> list[bytes]:
    nals: list[bytes] = []
    while position + 2 < len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        nal = payload[position + 2 : position + 2 + size]
        if not nal:
            break
        nals.append(nal)
        position += 2 + size
    return nals


_IS_KEY = {"h264": _is_key_h264, "h265": _is_key_h265}
