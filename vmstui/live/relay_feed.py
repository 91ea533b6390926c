"""What one publisher of a path described and sent: its description, the last packet of each track, the open GOP.

A path has one feed that goes to its readers and, while a worker is being replaced, a second one that stands by. Both
are kept alike, so that the second can take over at any packet. `relay_path` makes and feeds them.
"""

from __future__ import annotations

from copy import copy
from typing import Protocol

from vmstui.live import gop, sdp
from vmstui.live.messages import Frames
from vmstui.live.relay_wire import TRACK_CONTROL

RTP_FRAME_BYTES = 16
"""The least that holds an RTP header: 12 bytes after the 4 of the interleaved frame."""


class Publisher(Protocol):
    """The connection that publishes."""

    @property
    def silent_s(self) -> float:
        """Seconds since its last byte."""

    @property
    def gone(self) -> bool:
        """Its end has closed the connection, though the relay may not have read that far."""

    def cut(self, reason: str) -> None:
        """End the connection at once."""


class Feed:
    """One publisher's stream. Channel numbers are canonical: RTP of track n is 2n, RTCP 2n + 1."""

    def __init__(self, publisher: Publisher, session: sdp.Session, body: bytes, cache_limit_bytes: int) -> None:
        self.publisher = publisher
        self.session = session
        self.description = sdp.with_controls(body, TRACK_CONTROL)
        self.recording = False
        """It has said that it begins to send."""
        self.patient = False
        """As a standby it takes over only when the other one ends, however long that is silent."""
        self.cache = _cache_for(session, cache_limit_bytes)
        """None where keyframes cannot be recognised."""
        self.last: dict[int, tuple[bytes, float]] = {}
        """By channel the last RTP packet, and when it came by the monotonic clock."""
        self.reports: dict[int, bytes] = {}
        """By channel the last RTCP packet."""
        self._cache_limit_bytes = cache_limit_bytes

    @property
    def video_channel(self) -> int | None:
        """Of the RTP packets of the first video track."""
        video = self.session.video
        return None if video is None else 2 * self.session.media.index(video)

    def keep(self, frames: Frames, now_s: float) -> int:
        """Take in a run of frames. Gives how many RTP packets are in it."""
        block, cache, last, start, packets = frames.block, self.cache, self.last, 0, 0
        for end in frames.ends:
            channel = block[start + 1]
            frame = block[start:end]
            if cache is not None:
                cache.add(frame)
            if channel & 1:
                self.reports[channel] = frame
            elif len(frame) >= RTP_FRAME_BYTES:
                packets += 1
                last[channel] = frame, now_s
            start = end
        return packets

    def anew(self, before: Feed | None = None) -> Feed:
        """The same publisher's feed with nothing kept; with the last packets of `before`, if it goes on from there."""
        feed = copy(self)
        feed.cache = _cache_for(self.session, self._cache_limit_bytes)
        feed.last, feed.reports = (dict(before.last), dict(before.reports)) if before is not None else ({}, {})
        return feed


def _cache_for(session: sdp.Session, limit_bytes: int) -> gop.GopCache | None:
    video = session.video
    if video is None or video.codec not in gop.KNOWN_CODECS:
        return None
    return gop.GopCache(video.codec, 2 * session.media.index(video), limit_bytes)
