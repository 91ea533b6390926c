"""One published stream of the relay: its publisher, its readers, and the way of the packets between them.

Guarantees: a reader is never waited for. Each has a bounded buffer; the one that lets it fill is cut off, and neither
the publisher nor the other readers notice. Packets are passed on as they came, sequence numbers and all; a new reader
first gets those since the last keyframe. `relay_session` calls it; nothing here knows RTSP requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from vmstui.live import gop, sdp
from vmstui.live.messages import Frames
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_wire import TRACK_CONTROL
from vmstui.live.stats import PathStats

_LINGER_S = 5.0
"""How long a closing connection may take to read what was already written to it."""


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


class Reader:
    """A connection that plays. Channel numbers inside a path are canonical: RTP of track n is 2n, RTCP 2n + 1."""

    def __init__(
        self, transport: asyncio.Transport, label: str, channels: dict[int, int], tracks: int, limit_bytes: int
    ) -> None:
        """`channels` maps canonical channels to those the player asked for; what is not in it is not sent."""
        self.label = label
        self._transport = transport
        self._channels = channels
        self._limit_bytes = limit_bytes
        self._verbatim = channels == {channel: channel for channel in range(2 * tracks)}

    def send(self, block: bytes, ends: Sequence[int]) -> bool:
        """Hand a run of frames to the connection without waiting. False: it is too far behind, nothing was sent."""
        if self._transport.is_closing():
            return True  # it is about to leave by itself
        if self._transport.get_write_buffer_size() > self._limit_bytes:
            return False
        self._transport.write(block if self._verbatim else remap(block, ends, self._channels)[0])
        return True

    def drop(self) -> int:
        """Cut the connection off at once. Gives how many bytes were waiting."""
        behind_bytes = self._transport.get_write_buffer_size()
        self._transport.abort()
        return behind_bytes

    def close(self) -> None:
        """End the connection; what was written gets some seconds to arrive."""
        close_softly(self._transport)


class RelayPath:
    """A path, which exists from its first publisher on; publishers and readers come and go."""

    def __init__(self, name: str, cache_limit_bytes: int, log: RelayLog) -> None:
        self.name = name
        self._log = log
        self.publisher: Publisher | None = None
        self.edition = 0
        """Grows with every publisher: what a player set up for an earlier one does not fit the next."""
        self.description = b""
        self.tracks = 0
        self._live = False
        self._cache_limit_bytes = cache_limit_bytes
        self._cache: gop.GopCache | None = None
        self._codec = ""
        self._readers: list[Reader] = []
        self._since = datetime.now(UTC)
        self._bytes_in = 0
        self._packets_in = 0
        self._last_packet_s: float | None = None
        self._dropped_readers = 0
        self._last_rtp: dict[int, bytes] = {}

    @property
    def live(self) -> bool:
        """A publisher is recording into it now."""
        return self._live

    def announce(self, publisher: Publisher, session: sdp.Session, body: bytes) -> None:
        """Take the path for a publisher that described what it will send. The path must be free."""
        self.publisher = publisher
        self.edition += 1
        self.description = sdp.with_controls(body, TRACK_CONTROL)
        self.tracks = len(session.media)
        video = session.video
        self._codec = video.codec if video else ""
        self._last_rtp.clear()
        self._cache = None
        if video and video.codec in gop.KNOWN_CODECS:
            self._cache = gop.GopCache(video.codec, 2 * session.media.index(video), self._cache_limit_bytes)

    def record(self) -> None:
        """The publisher begins to send: players may come."""
        self._live = True
        self._since = datetime.now(UTC)

    def free(self) -> None:
        """The publisher is gone, and with it its readers, who come back for the next one."""
        readers, self._readers = self._readers, []
        if self._live:
            self._since = datetime.now(UTC)
            self._log.info(f"{self.name} is published no more, {len(readers)} readers closed")
        self.publisher, self._live, self._cache = None, False, None
        for reader in readers:
            reader.close()

    def join(self, reader: Reader) -> None:
        """Send what is kept since the last keyframe, then everything that comes."""
        kept = self._cache.frames if self._cache else ()
        if kept:
            block = b"".join(kept)
            reader.send(block, frame_ends(block))
        self._readers.append(reader)

    def leave(self, reader: Reader) -> None:
        """The reader stops playing."""
        if reader in self._readers:
            self._readers.remove(reader)

    def forward(self, frames: Frames) -> None:
        """Pass frames on canonical channels to everyone; readers that are too slow are dropped."""
        block, cache, start, packets = frames.block, self._cache, 0, 0
        for end in frames.ends:
            channel = block[start + 1]
            frame = block[start:end]
            if cache is not None:
                cache.add(frame)
            if not channel & 1 and len(frame) >= 16:
                packets += 1
                self._last_rtp[channel] = frame
            start = end
        self._bytes_in += len(block)
        if packets:
            self._packets_in += packets
            self._last_packet_s = time.monotonic()
        slow = [reader for reader in self._readers if not reader.send(block, frames.ends)]
        for reader in slow:
            self._readers.remove(reader)
            self._dropped_readers += 1
            behind_mib = reader.drop() / 1024 / 1024
            self._log.warning(f"reader {reader.label} of {self.name} dropped: {behind_mib:.1f} MiB behind")

    def rtp_info(self) -> dict[int, tuple[int, int | None]]:
        """Per track the sequence number of the first packet a reader that joins now will get, and its timestamp.

        The timestamp is None where that packet is still to come; a track that never sent is left out.
        """
        info: dict[int, tuple[int, int | None]] = {}
        for frame in self._cache.frames if self._cache else ():
            track, odd = divmod(frame[1], 2)
            if not odd and track not in info and len(frame) >= 16:
                info[track] = int.from_bytes(frame[6:8], "big"), int.from_bytes(frame[8:12], "big")
        for channel, last in self._last_rtp.items():
            following = (int.from_bytes(last[6:8], "big") + 1) % 65536
            info.setdefault(channel // 2, (following, None))
        return info

    def stats(self) -> PathStats:
        """Where it stands now."""
        age_s = None if self._last_packet_s is None else round(time.monotonic() - self._last_packet_s, 3)
        return PathStats(
            publisher=self._live,
            since=self._since,
            bytes_in=self._bytes_in,
            packets_in=self._packets_in,
            last_packet_age_s=age_s,
            codec=self._codec,
            readers=len(self._readers),
            dropped_readers=self._dropped_readers,
        )


def remap(block: bytes, ends: Sequence[int], channels: dict[int, int]) -> tuple[bytes, tuple[int, ...]]:
    """The frames with their channels renamed, and where they end; those on channels not in the map are left out."""
    pieces: list[bytes] = []
    new_ends: list[int] = []
    start = position = 0
    for end in ends:
        channel = channels.get(block[start + 1])
        if channel is not None:
            pieces += (b"$%c" % channel, block[start + 2 : end])
            position += end - start
            new_ends.append(position)
        start = end
    return b"".join(pieces), tuple(new_ends)


def close_softly(transport: asyncio.Transport) -> None:
    """Close a connection once what was written has arrived, at the latest after some seconds."""
    transport.close()
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(_LINGER_S, transport.abort)


def frame_ends(block: bytes) -> tuple[int, ...]:
    """Where each whole frame of a block ends."""
    ends: list[int] = []
    position = 0
    while position < len(block):
        position += 4 + int.from_bytes(block[position + 2 : position + 4], "big")
        ends.append(position)
    return tuple(ends)
