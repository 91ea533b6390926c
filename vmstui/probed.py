"""The words of what a camera was seen to send before it was recorded, as frozen data; made by `live.probe`.

Beside `model`, by the same rules (no input or output, nothing of ours imported, units in the names, and only what
`codec` can carry), and apart from it because few need it.
"""

from __future__ import annotations

from dataclasses import dataclass

_CODECS = {"h264": "H.264", "h265": "H.265", "mjpeg": "MJPEG", "aac": "AAC"}
_CODECS |= {"pcm_alaw": "G.711 A-law", "pcm_mulaw": "G.711 µ-law"}


@dataclass(frozen=True, slots=True)
class Probed:
    """One look at a camera."""

    codec: str
    """`h264`, `h265`, or another name."""
    width: int
    """0 where no parameter set told the size."""
    height: int
    fps: float
    """By the times in the packets; 0 for fewer than two pictures."""
    bitrate_bps: int
    """Of the video, over the seconds watched: it may be another one at night."""
    keyframe_s: float | None
    """From one keyframe to the next; None: fewer than two came."""
    watched_s: float
    """Of the stream's own time."""
    audio: str = ""
    """Codecs of its sound; empty where there is none."""
    server: str = ""
    """What it calls itself; often empty."""

    @property
    def summary(self) -> str:
        """`H.264 1920x1080, 25 fps, 4.1 Mbit/s, a keyframe every 2 s, with sound (AAC, not recorded)`."""
        size = f" {self.width}x{self.height}" if self.width else ""
        keyframes = f"a keyframe every {self.keyframe_s:g} s" if self.keyframe_s is not None else self._seldom
        sound = ", ".join(_CODECS.get(codec, codec) for codec in self.audio.split(", "))
        return ", ".join(
            (
                f"{_CODECS.get(self.codec, self.codec)}{size}",
                f"{self.fps:g} fps",
                f"{self.bitrate_bps / 1e6:.1f} Mbit/s",
                keyframes,
                f"sound {sound} (not recorded)" if self.audio else "no sound",
            )
        )

    @property
    def _seldom(self) -> str:
        return f"no two keyframes within {self.watched_s:g} s"
