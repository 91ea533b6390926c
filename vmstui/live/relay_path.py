"""One published stream of the relay: its publisher, its standby, its readers, and the way of the packets between them.

Guarantees: a reader is never waited for. Each has a bounded buffer; the one that lets it fill is cut off, and neither
the publisher nor the other readers notice. Packets are passed on as they came, sequence numbers and all; a new reader
first gets those since the last keyframe. `relay_session` calls it; nothing here knows RTSP requests.

A second publisher stands by: its packets are kept, not passed on, until the first one ends or is stuck. Readers stay
where its description fits theirs; then, and only then, its packets are rewritten (`relay_splice`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from vmstui.live import sdp
from vmstui.live.messages import Frames
from vmstui.live.relay_feed import RTP_FRAME_BYTES, Feed, Publisher
from vmstui.live.relay_frames import frame_ends, remap
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_splice import Splice, fits, without_goodbyes
from vmstui.live.stats import PathStats

_STUCK_S = 0.5
_STUCK_PICTURES = 3
"""A publisher that sends nothing for so long, while its standby sends so many pictures, is passed by it."""


class Reader:
    """A connection that plays. Channel numbers inside a path are canonical: RTP of track n is 2n, RTCP 2n + 1."""

    def __init__(
        self,
        transport: asyncio.Transport,
        label: str,
        channels: dict[int, int],
        tracks: int,
        limit_bytes: int,
        close: Callable[[], None],
    ) -> None:
        """`channels` maps canonical channels to those the player asked for; what is not in it is not sent. `close` ends
        the connection once what was written has arrived."""
        self.label = label
        self.close = close
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


class RelayPath:
    """A path, which exists from its first publisher on; publishers and readers come and go."""

    def __init__(self, name: str, cache_limit_bytes: int, log: RelayLog) -> None:
        self.name = name
        self._log = log
        self.edition = 0
        """Grows with every publisher whose stream does not go on with the one before: what a player set up for an
        earlier one does not fit the next."""
        self._cache_limit_bytes = cache_limit_bytes
        self._feed: Feed | None = None
        """What goes to the readers."""
        self._standby: Feed | None = None
        self._splice: Splice | None = None
        """After a hand-over that readers stayed for."""
        self._codec = ""
        self._readers: list[Reader] = []
        self._since = datetime.now(UTC)
        self._bytes_in = 0
        self._packets_in = 0
        self._last_packet_s: float | None = None
        self._dropped_readers = 0
        self._handovers = 0
        self._ahead: set[bytes] = set()
        """Timestamps of the pictures the standby sent since the last packet that was passed on."""

    @property
    def publisher(self) -> Publisher | None:
        """Whose packets go to the readers, or will once it begins."""
        return self._feed.publisher if self._feed is not None else None

    @property
    def standby(self) -> Publisher | None:
        """Who will take over."""
        return self._standby.publisher if self._standby is not None else None

    @property
    def heir(self) -> Publisher | None:
        """The standby, once it sends."""
        return self._standby.publisher if self._standby is not None and self._standby.recording else None

    @property
    def live(self) -> bool:
        """A publisher is recording into it now."""
        return self._feed is not None and self._feed.recording

    @property
    def description(self) -> bytes:
        """Of what is sent to the readers."""
        return self._feed.description if self._feed is not None else b""

    @property
    def tracks(self) -> int:
        """How many tracks that describes."""
        return len(self._feed.session.media) if self._feed is not None else 0

    def announce(self, publisher: Publisher, session: sdp.Session, body: bytes) -> None:
        """Take the path for a publisher that described what it will send; as a standby, if it is taken.

        There must not be a standby already.
        """
        feed = Feed(publisher, session, body, self._cache_limit_bytes)
        if self._feed is None:
            self._install(feed)
        else:
            self._standby = feed
            self._ahead.clear()

    def record(self, publisher: Publisher) -> None:
        """The publisher begins to send: players may come."""
        if self._feed is not None and publisher is self._feed.publisher:
            self._feed.recording = True
            self._since = datetime.now(UTC)
        elif self._standby is not None and publisher is self._standby.publisher:
            self._standby.recording = True

    def release(self, publisher: Publisher) -> None:
        """The publisher is gone. Its standby takes over; without one its readers go too, and come back for the next."""
        if self._standby is not None and publisher is self._standby.publisher:
            self._standby = None
        elif self._feed is not None and publisher is self._feed.publisher:
            before, after = self._feed, self._standby
            self._standby = None
            if before.recording and after is not None and after.recording:
                self._hand_over(before, after)
            else:
                self._end(before)
                if after is not None:
                    self._install(after)
                    self._since = datetime.now(UTC) if after.recording else self._since

    def join(self, reader: Reader) -> None:
        """Send what is kept since the last keyframe, then everything that comes."""
        kept = self._feed.cache.frames if self._feed is not None and self._feed.cache is not None else ()
        if kept:
            block = b"".join(kept)
            reader.send(block, frame_ends(block))
        self._readers.append(reader)

    def leave(self, reader: Reader) -> None:
        """The reader stops playing."""
        if reader in self._readers:
            self._readers.remove(reader)

    def take(self, publisher: Publisher, frames: Frames) -> None:
        """Pass a publisher's frames, on canonical channels, to all readers; keep them, if it is the standby."""
        now_s = time.monotonic()
        if self._standby is not None:
            if publisher is self._standby.publisher:
                self._standby.keep(frames, now_s)
                self._watch(self._standby, now_s)
                return
            if self._standby.recording:  # the end of this publisher is not the end of the stream
                frames = without_goodbyes(frames)
        if self._feed is None or publisher is not self._feed.publisher:
            return
        if self._splice is not None:
            frames = self._splice.take(frames, now_s)
        self._forward(self._feed, frames, now_s)

    def rtp_info(self) -> dict[int, tuple[int, int | None]]:
        """Per track the sequence number of the first packet a reader that joins now will get, and its timestamp.

        The timestamp is None where that packet is still to come; a track that never sent is left out.
        """
        info: dict[int, tuple[int, int | None]] = {}
        if self._feed is None:
            return info
        for frame in self._feed.cache.frames if self._feed.cache is not None else ():
            track, odd = divmod(frame[1], 2)
            if not odd and track not in info and len(frame) >= RTP_FRAME_BYTES:
                info[track] = int.from_bytes(frame[6:8], "big"), int.from_bytes(frame[8:12], "big")
        for channel, (last, _) in self._feed.last.items():
            following = (int.from_bytes(last[6:8], "big") + 1) % 65536
            info.setdefault(channel // 2, (following, None))
        return info

    def stats(self) -> PathStats:
        """Where it stands now."""
        age_s = None if self._last_packet_s is None else round(time.monotonic() - self._last_packet_s, 3)
        return PathStats(
            publisher=self.live,
            since=self._since,
            bytes_in=self._bytes_in,
            packets_in=self._packets_in,
            last_packet_age_s=age_s,
            codec=self._codec,
            readers=len(self._readers),
            dropped_readers=self._dropped_readers,
            standby=self.heir is not None,
            handovers=self._handovers,
        )

    def _install(self, feed: Feed) -> None:
        self._feed, self._splice = feed, None
        self.edition += 1
        video = feed.session.video
        self._codec = video.codec if video is not None else ""

    def _end(self, feed: Feed) -> None:
        if feed.recording:
            self._since = datetime.now(UTC)
            self._log.info(f"{self.name} is published no more, {len(self._readers)} readers closed")
        self._feed = self._splice = None
        self._close_readers()

    def _watch(self, standby: Feed, now_s: float) -> None:
        """Let the standby pass a publisher that is stuck, as one may be that closes its files on a slow disk."""
        feed, last_s, channel = self._feed, self._last_packet_s, standby.video_channel
        if feed is None or not feed.recording or not standby.recording or standby.patient or last_s is None:
            return
        if channel is None or standby.cache is None or not standby.cache.frames:
            return  # readers would have to wait for it
        self._ahead.add(standby.last[channel][0][8:12])
        silent_s = now_s - last_s
        if silent_s < _STUCK_S or len(self._ahead) < _STUCK_PICTURES:
            return
        standby.patient = True
        if _fits(feed, standby):
            self._log.info(f"the publisher of {self.name} is silent for {silent_s:.1f} s, its standby is not")
            self._hand_over(feed, standby)
            self._standby = feed.anew()
            self._standby.patient = True

    def _hand_over(self, before: Feed, after: Feed) -> None:
        self._handovers += 1
        readers = len(self._readers)
        if readers and _fits(before, after):
            self._log.info(f"{self.name} is handed over, {readers} readers stay")
            self._splice = Splice(before, after)
            self._feed = after.anew(before)
            self._forward(self._feed, self._splice.opening(), time.monotonic())
        else:
            self._log.info(f"{self.name} is handed over, {readers} readers closed")
            self._install(after)
            self._close_readers()

    def _close_readers(self) -> None:
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()

    def _forward(self, feed: Feed, frames: Frames, now_s: float) -> None:
        if not frames.ends:
            return
        packets = feed.keep(frames, now_s)
        self._bytes_in += len(frames.block)
        if packets:
            self._packets_in += packets
            self._last_packet_s = now_s
            self._ahead.clear()
        slow = [reader for reader in self._readers if not reader.send(frames.block, frames.ends)]
        for reader in slow:
            self._readers.remove(reader)
            self._dropped_readers += 1
            behind_mib = reader.drop() / 1024 / 1024
            self._log.warning(f"reader {reader.label} of {self.name} dropped: {behind_mib:.1f} MiB behind")


def _fits(before: Feed, after: Feed) -> bool:
    in_band = after.cache is not None and after.cache.states_its_parameters
    return fits(before.session, after.session, sets_in_band=in_band)
