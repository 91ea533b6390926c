"""What a live stream is, by its RTP packets: codec, size, rate of pictures and bits, the first picture. Pure.

`viewer` feeds it what arrives. Nothing is decoded: a picture is what shares one RTP time stamp, a keyframe is known by
its NAL units, its size by the parameter set that comes with it. Rates go by the stream's own time, so that the burst
with which a server begins does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmstui.live import gop, sdp
from vmstui.live.messages import Frames
from vmstui.live.parameter_sets import described_sets, picture_size

_RTP = 4
_HEADER = 12
_MARKER = 0x80
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen so far."""

    codec: str
    size: tuple[int, int] | None
    fps: float
    bitrate_bps: int
    watched_s: float
    pictures: int
    lost_packets: int
    first_picture_s: float | None
    keyframe_s: float | None = None
    """From one keyframe to the next, by those seen; None: not two, or they were not looked for."""


class Watching:
    """One video track, from its first packet on. `channel` is that of its RTP packets. With `keyframes` all of them
    are looked for, which takes a look into every packet."""

    def __init__(self, media: sdp.Media, channel: int, *, keyframes: bool = False) -> None:
        self._codec = media.codec
        self._channel = channel
        self._rate_hz = media.clock_rate_hz or 90_000
        self._sizes = [
            size for nal in described_sets(media.codec, media.parameters) if (size := picture_size(media.codec, nal))
        ]
        self._size_in_band: tuple[int, int] | None = None
        self._first: int | None = None
        """RTP time stamp of the first packet."""
        self._stamp = -1
        self._earliest = self._latest = self._relative = 0
        """Time stamps relative to the first; pictures may come in another order than they are shown."""
        self._pictures = 0
        self._bytes = 0
        """Of all pictures but the present one, which may be incomplete."""
        self._bytes_of_picture = 0
        self._sequence: int | None = None
        self._lost = 0
        self._is_key = False
        self._first_picture_s: float | None = None
        self._all_keyframes = keyframes
        self._keyframes: list[int] = []
        """Their time stamps relative to the first packet."""

    @property
    def keyframes(self) -> int:
        """So many were seen to begin."""
        return len(self._keyframes)

    @property
    def watched_s(self) -> float:
        """Of the stream's own time, so far."""
        return (self._latest - self._earliest) / self._rate_hz

    @property
    def has_picture(self) -> bool:
        """A whole keyframe has come."""
        return self._first_picture_s is not None

    def take(self, frames: Frames, elapsed_s: float) -> None:
        """What arrived `elapsed_s` after connecting."""
        block, start = frames.block, 0
        for end in frames.ends:
            if block[start + 1] == self._channel and end - start > _RTP + _HEADER:
                self._take(block, start, end, elapsed_s)
            start = end

    def seen(self) -> Seen:
        """All of it."""
        watched_s = self.watched_s
        # So many intervals as pictures but one; the present picture is not complete, and neither are its bytes counted.
        return Seen(
            codec=self._codec,
            size=self._size_in_band or (self._sizes[0] if self._sizes else None),
            fps=(self._pictures - 1) / watched_s if self._pictures > 1 and watched_s > 0 else 0.0,
            bitrate_bps=round(8 * self._bytes / watched_s) if watched_s > 0 else 0,
            watched_s=watched_s,
            pictures=self._pictures,
            lost_packets=self._lost,
            first_picture_s=self._first_picture_s,
            keyframe_s=self._keyframe_s(),
        )

    def _keyframe_s(self) -> float | None:
        if len(self._keyframes) < 2:
            return None
        return (self._keyframes[-1] - self._keyframes[0]) / (len(self._keyframes) - 1) / self._rate_hz

    def _take(self, block: bytes, start: int, end: int, elapsed_s: float) -> None:
        sequence = block[start + 6] << 8 | block[start + 7]
        if self._sequence is not None:
            missing = (sequence - self._sequence - 1) % 65536
            self._lost += missing if missing < 32768 else 0
        self._sequence = sequence
        stamp = int.from_bytes(block[start + 8 : start + 12], "big")
        if stamp != self._stamp:
            self._begin_picture(stamp)
        self._bytes_of_picture += end - start - _RTP - _HEADER
        if self._first_picture_s is not None and self._size_in_band is not None and not self._all_keyframes:
            return  # all that is in the payload is known
        payload = gop.payload_of(block[start:end])
        if self._size_in_band is None:
            self._look_for_size(payload)
        if not self._is_key and (self._first_picture_s is None or self._all_keyframes):
            self._is_key = gop.begins_keyframe(self._codec, payload)
            if self._is_key and self._all_keyframes:
                self._keyframes.append(self._relative)
        if self._first_picture_s is None and self._is_key and block[start + 5] & _MARKER:
            self._first_picture_s = elapsed_s

    def _begin_picture(self, stamp: int) -> None:
        if self._first is None:
            self._first = stamp
        relative = (stamp - self._first + _WRAP // 2) % _WRAP - _WRAP // 2
        self._relative = relative
        self._earliest, self._latest = min(self._earliest, relative), max(self._latest, relative)
        self._stamp = stamp
        self._pictures += 1
        self._bytes += self._bytes_of_picture
        self._bytes_of_picture = 0
        self._is_key = False

    def _look_for_size(self, payload: bytes) -> None:
        for nal in gop.whole_nals(self._codec, payload):
            if (size := picture_size(self._codec, nal)) is not None:
                self._size_in_band = size
