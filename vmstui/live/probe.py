"""What a camera that is not recorded yet sends: asked for it, watched for some seconds as a player does, and told.

Raises ProbeError as `client` does, with the same promises about passwords; a wrong one is sent once. What to do about
each way to fail is in `REMEDIES`. Runs in a command of its own (`vmstui probe`), never in the service.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from vmstui.live.client import ProbeError, ProbeErrorKind, describe
from vmstui.live.viewer import watch
from vmstui.probed import Probed

ASK_S = 5.0
WATCHED_S = 2.5
"""Of the stream's own time, and up to four times that where keyframes come seldom."""
KEYFRAMES = 3
TIMEOUT_S = 20.0
"""Of the whole probe."""

REMEDIES: Mapping[ProbeErrorKind, str] = {
    ProbeErrorKind.REFUSED: "is its RTSP service switched on, and is the port right? Most cameras use 554",
    ProbeErrorKind.UNREACHABLE: "is it switched on, and in a network that this machine reaches? ping its address",
    ProbeErrorKind.TIMEOUT: "is the address right, is it switched on, does a firewall drop what is sent to it?",
    ProbeErrorKind.RESOLVE: "check the spelling, or use its IP address",
    ProbeErrorKind.AUTH: "type user and password again, as in its web page; cameras lock an account after some wrong "
    "ones, and some have an account of its own for RTSP",
    ProbeErrorKind.NOT_FOUND: "the part behind the host differs by maker, such as /Streaming/Channels/101 (Hikvision) "
    "or /cam/realmonitor?channel=1&subtype=0 (Dahua); its web page or manual has it",
    ProbeErrorKind.BUSY: "close other viewers of it, or allow it more connections",
    ProbeErrorKind.PROTOCOL: "is this its RTSP port? Its web page listens on another one",
    ProbeErrorKind.TLS: "try rtsp:// instead of rtsps://, or another port (rtsps: 322)",
    ProbeErrorKind.NO_VIDEO: "the address is that of a sound or an event channel, or its video is switched off",
}
"""What to look at, by how a probe failed; of every kind."""


async def probe(url: str, username: str | None, password: str | None, timeout_s: float = TIMEOUT_S) -> Probed:
    """Ask and watch. `timeout_s` bounds both together. Raises ProbeError."""
    begun_s = time.monotonic()
    described = await describe(url, username, password, min(ASK_S, timeout_s))
    if not described.codec:
        there = ", ".join(sorted({media.kind for media in described.media if media.kind}))
        raise ProbeError(ProbeErrorKind.NO_VIDEO, f"there is no video at this address, only {there or 'nothing'}")
    left_s = max(timeout_s - (time.monotonic() - begun_s), 2.0)
    seen = await watch(url, username, password, seconds=WATCHED_S, timeout_s=left_s, keyframes=KEYFRAMES)
    if not seen.pictures:
        text = f"it says that it sends {described.codec}, and sent no picture within {left_s:.0f} s"
        raise ProbeError(ProbeErrorKind.NO_VIDEO, text)
    width, height = seen.size or (0, 0)
    audio = [media.codec for media in described.media if media.kind == "audio"]
    return Probed(
        codec=seen.codec,
        width=width,
        height=height,
        fps=round(seen.fps, 1),
        bitrate_bps=seen.bitrate_bps,
        keyframe_s=round(seen.keyframe_s, 1) if seen.keyframe_s is not None else None,
        watched_s=round(seen.watched_s, 1),
        audio=", ".join(audio),
        server=described.server,
    )
