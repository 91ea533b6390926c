"""The words of what a live stream looked like to a client of it, as frozen data; seen by `live.viewer`.

Beside `model`, by the same rules (no input or output, nothing of ours imported, units in the names, instants
timezone-aware UTC, and only what `control.protocol` can carry), and apart from it because few need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """One look at the live stream of a camera, from the first word to the server until enough was seen."""

    camera: str
    at: datetime
    url: str
    """Without credentials."""
    codec: str = ""
    """`h264`, `h265`, another name, or `` where no stream was described."""
    width: int = 0
    """0 where no parameter set told the size."""
    height: int = 0
    fps: float = 0.0
    """By the times in the packets; 0 for fewer than two pictures."""
    bitrate_bps: int = 0
    """Of the pictures themselves, without the headers of the packets."""
    first_picture_s: float | None = None
    """From connecting to the last packet of the first keyframe; None: there was none."""
    watched_s: float = 0.0
    """Of the stream's own time."""
    pictures: int = 0
    lost_packets: int = 0
    """Gaps in the sequence numbers: on TCP, what the server left out."""
    reason: str = ""
    """Why it is not well, or could not be watched; empty when all is well."""

    @property
    def summary(self) -> str:
        """What it is, in a few words; empty where no picture was seen."""
        if not self.pictures:
            return ""
        codec = {"h264": "H.264", "h265": "H.265"}.get(self.codec, self.codec)
        size = f" {self.width}x{self.height}" if self.width else ""
        return f"{codec}{size}, {self.fps:.1f} fps, {self.bitrate_bps / 1e6:.2f} Mbit/s"

    @property
    def well(self) -> bool:
        """It was watched, and is what was asked for."""
        return not self.reason and self.first_picture_s is not None
