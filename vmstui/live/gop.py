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
        self._holds = _HOLDS[codec]
        self._key_types = _KEY_TYPES[codec]
        self._set_types = _SET_TYPES[codec]
        self._open_types = _OPEN_TYPES[codec]
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

    @property
    def video(self) -> list[bytes]:
        """The RTP frames of the video track among `frames`."""
        return [frame for frame in self.frames if frame[1] == self._video_channel and len(frame) > _RTP + 12]

    @property
    def states_its_parameters(self) -> bool:
        """The keyframe comes with its parameter sets, so that it is decodable whatever the description says."""
        return self._key_unit_holds(self._set_types)

    @property
    def is_open(self) -> bool:
        """An open group of pictures: some of them may refer to pictures before the keyframe."""
        return bool(self._open_types) and self._key_unit_holds(self._open_types)

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
        if not self._unit_is_key and self._holds(payload_of(frame), self._key_types):
            self._unit_is_key = True
            self._keep_from(self._unit_start)
            # an access unit whose head fell to the limit is no beginning
            self._decodable = self._size_bytes + len(frame) <= self._limit_bytes

    def _key_unit_holds(self, types: frozenset[int]) -> bool:
        video = self.video
        unit = [frame for frame in video if frame[_RTP + 4 : _RTP + 8] == video[0][_RTP + 4 : _RTP + 8]]
        return any(self._holds(payload_of(frame), types) for frame in unit)

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


def begins_keyframe(codec: str, payload: bytes) -> bool:
    """Whether an RTP payload holds NAL units that begin a random access point; of other codecs every one does."""
    return codec not in _HOLDS or _HOLDS[codec](payload, _KEY_TYPES[codec])


def whole_nals(codec: str, payload: bytes) -> list[bytes]:
    """The NAL units that are in an RTP payload as a whole: alone or aggregated, not in fragments."""
    if codec not in _HOLDS or len(payload) < 3:
        return []
    kind = payload[0] & 0x1F if codec == "h264" else payload[0] >> 1 & 0x3F
    if kind == (24 if codec == "h264" else 48):
        return _aggregated(payload, 1 if codec == "h264" else 2)
    return [] if kind >= (24 if codec == "h264" else 48) else [payload]


def end_of_sequence(first: bytes) -> bytes:
    """A frame to precede the first one of an open H.265 group of pictures where it does not follow its predecessor.

    After it a decoder leaves out the pictures that refer to earlier ones, and numbers pictures anew (H.265, 8.1.3);
    without it ffmpeg 9 mistakes them for pictures of the other stream and decodes none until the next keyframe.
    """
    sequence = (int.from_bytes(first[_RTP + 2 : _RTP + 4], "big") - 1) % 65536
    head = bytes((0x80, first[_RTP + 1] & 0x7F)) + sequence.to_bytes(2, "big") + first[_RTP + 4 : _RTP + 12]
    packet = head + _END_OF_SEQUENCE
    return first[:2] + len(packet).to_bytes(2, "big") + packet


def _holds_h264(payload: bytes, types: frozenset[int]) -> bool:
    """Some NAL unit is of these types: alone, aggregated (STAP-A 24) or in fragments (FU 28, 29)."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == 24:
        return any(nal[0] & 0x1F in types for nal in _aggregated(payload, 1))
    return (payload[1] & 0x1F if kind in (28, 29) else kind) in types


def _holds_h265(payload: bytes, types: frozenset[int]) -> bool:
    """Some NAL unit is of these types: alone, aggregated (AP 48) or in fragments (FU 49)."""
    if len(payload) < 3:
        return False
    kind = payload[0] >> 1 & 0x3F
    if kind == 48:
        return any(nal[0] >> 1 & 0x3F in types for nal in _aggregated(payload, 2))
    return (payload[2] & 0x3F if kind == 49 else kind) in types


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


_END_OF_SEQUENCE = bytes.fromhex("6001 0002 4801 0002 4a01")
"""End of sequence and end of bitstream, aggregated (AP 48): ffmpeg takes no packet of less than three bytes."""
_HOLDS = {"h264": _holds_h264, "h265": _holds_h265}
_KEY_TYPES = {"h264": frozenset((5, 7)), "h265": frozenset((*range(16, 22), 32, 33))}
"""NAL units that begin a random access point: IDR slice and SPS; IRAP slices, VPS and SPS."""
_SET_TYPES = {"h264": frozenset((7,)), "h265": frozenset((33,))}
"""The sequence parameter set; the others come along with it."""
_OPEN_TYPES = {"h264": frozenset[int](), "h265": frozenset((21,))}
"""CRA slices. With H.264 a recovery point is no random access point here."""
