"""Joining a second publisher's packets to the first one's, so that players take both for one stream. Pure, no I/O.

Video goes on with a keyframe: with the group of pictures that was kept of the second publisher, or with its next one
where none is kept. The kept one shows what players have seen already, but without it they cannot decode what follows.
Its pictures are given the short time since the first publisher's last one, a millisecond each at least, so that players
rush through them and are where they would be had nothing happened. With their own intervals the picture would jump back
and stay late by the age of the keyframe; without them it would stand still, or break, until the next keyframe.

`relay_path` makes a `Splice` at a hand-over and takes all frames of the second publisher through it from then on.
"""

from __future__ import annotations

from vmstui.live import sdp
from vmstui.live.gop import KNOWN_CODECS, end_of_sequence
from vmstui.live.messages import Frames
from vmstui.live.relay_feed import RTP_FRAME_BYTES, Feed
from vmstui.live.relay_frames import joined, remap, taken_apart
from vmstui.live.relay_rewrite import Track, says_goodbye

_NOTHING = Frames(b"", ())


def fits(before: sdp.Session, after: sdp.Session, *, sets_in_band: bool) -> bool:
    """Whether players set up for the first description can go on with a stream of the second.

    `sets_in_band`: the second one's keyframe brings its parameter sets, so the descriptions may differ in them.
    """
    return len(before.media) == len(after.media) and all(
        (old.kind, old.payload_type, old.codec, old.clock_rate_hz, old.channels)
        == (new.kind, new.payload_type, new.codec, new.clock_rate_hz, new.channels)
        and bool(new.clock_rate_hz)
        and (new.kind != "video" or (new is after.video and new.codec in KNOWN_CODECS))
        and (old.parameters == new.parameters or (new.kind == "video" and sets_in_band))
        for old, new in zip(before.media, after.media, strict=True)
    )


def without_goodbyes(frames: Frames) -> Frames:
    """The frames without those that say the source ends."""
    single = taken_apart(frames)
    kept = [frame for frame in single if not (frame[1] & 1 and says_goodbye(frame))]
    return frames if len(kept) == len(single) else joined(kept)


class Splice:
    """Makes the second publisher's frames go on where the first one's ended. Its description must fit."""

    def __init__(self, before: Feed, after: Feed) -> None:
        """`before` as it was sent to players, `after` as it came and is kept."""
        self._waiting = after if after.video_channel is not None else None
        """Until there is a keyframe: the feed in which it will be found."""
        self._tracks: dict[int, Track] = {}
        self._shut: set[int] = set()
        """Channels of which nothing may pass: video before its keyframe, reports before there is what they report."""
        for number, media in enumerate(after.session.media):
            channel = 2 * number
            if channel in before.last:
                pictures = before.cache.video if before.cache is not None and channel == before.video_channel else ()
                report = before.reports.get(channel + 1)
                self._tracks[channel] = Track(media.clock_rate_hz or 1, *before.last[channel], report, pictures)
                self._shut.add(channel + 1)
        if after.video_channel is not None:
            self._shut |= {after.video_channel, after.video_channel + 1}

    def opening(self) -> Frames:
        """The video kept since its keyframe, to be sent first; nothing while there is none, and after it was given."""
        feed = self._waiting
        if feed is None or feed.cache is None or not feed.cache.video:
            return _NOTHING
        pictures = feed.cache.video
        self._waiting, channel = None, pictures[0][1]
        at_s = feed.last[channel][1]
        if feed.cache.is_open:
            pictures = [end_of_sequence(pictures[0]), *pictures]
        if channel in self._tracks:
            self._tracks[channel].catch_up(pictures, at_s)
        self._shut -= {channel, channel + 1}
        return self._rewritten(joined(pictures), at_s)

    def take(self, frames: Frames, now_s: float) -> Frames:
        """The frames as players are to get them."""
        if self._waiting is None:
            return self._rewritten(frames, now_s)
        self._waiting.keep(frames, now_s)
        return joined((self._rewritten(frames, now_s).block, self.opening().block))

    def _rewritten(self, frames: Frames, now_s: float) -> Frames:
        if self._shut:
            open_channels = {channel: channel for channel in range(256) if channel not in self._shut}
            frames = Frames(*remap(frames.block, frames.ends, open_channels))
        block, start = bytearray(frames.block), 0
        for end in frames.ends:
            channel = block[start + 1]
            track = self._tracks.get(channel & ~1)
            if track is None:
                pass
            elif channel & 1:
                track.rewrite_rtcp(block, start, end)
            elif end - start >= RTP_FRAME_BYTES:
                if not track.begun:
                    track.begin(frames.block[start:end], now_s)
                    self._shut.discard(channel + 1)
                track.rewrite_rtp(block, start)
            start = end
        return Frames(bytes(block), frames.ends)
