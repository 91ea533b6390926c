"""As much of SDP (RFC 8866) as RTSP needs: media sections, their codecs and control addresses. Pure, no I/O.

`parse` never fails on odd content, because cameras send odd content: what it does not understand it leaves out.
The client reads camera descriptions with it, the relay reads publishers' and serves them on through `with_controls`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from vmstui.light_dataclass import dataclass
from vmstui.live.messages import shown

_CODECS = {
    "H264": "h264",
    "H265": "h265",
    "HEVC": "h265",
    "JPEG": "mjpeg",
    "MP4V-ES": "mpeg4",
    "PCMU": "pcm_mulaw",
    "PCMA": "pcm_alaw",
    "MPEG4-GENERIC": "aac",
    "MP4A-LATM": "aac",
    "L16": "pcm_s16be",
    "MPA": "mp3",
    "G722": "adpcm_g722",
}
"""RTP encoding name -> name of the codec as vmstui and ffmpeg call it; others keep their name in small letters."""

_STATIC_TYPES = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000), 14: ("MPA", 90000), 26: ("JPEG", 90000)}
"""Payload types that need no rtpmap, their names and clock rates (RFC 3551, section 6)."""


@dataclass(frozen=True, slots=True)
class Media:
    """One media section: a track that can be set up."""

    kind: str
    """`video`, `audio`, `application`, …"""
    payload_type: int | None
    codec: str
    """`h264`, `h265`, an audio codec as ffmpeg names it, another name, or `` where none is stated."""
    control: str
    """The `a=control` value as stated; `` where there is none."""
    fps: float | None = None
    """Where the camera states it."""
    size: tuple[int, int] | None = None
    """Width and height in pixels, where the camera states them."""
    clock_rate_hz: int | None = None
    """Of the RTP timestamps; None where it is not stated."""
    channels: int = 1
    """Of audio."""
    parameters: str = ""
    """The `a=fmtp` value after the payload type: how the codec is used, with H.264 and H.265 the parameter sets too."""


@dataclass(frozen=True, slots=True)
class Session:
    """A whole description."""

    control: str
    media: tuple[Media, ...]

    @property
    def video(self) -> Media | None:
        """The first video section."""
        return next((media for media in self.media if media.kind == "video"), None)


def parse(body: bytes) -> Session:
    """The description a camera or a publisher sent."""
    sections: list[list[str]] = [[]]
    for line in body.decode("utf-8", errors="replace").splitlines():
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line.strip())
    return Session(_attribute(sections[0], "control"), tuple(_media(lines) for lines in sections[1:]))


def resolve_control(base: str, control: str) -> str:
    """The address of a track or session from the base address (Content-Base, or what was described) and `a=control`.

    Joined as RTSP clients do it (RFC 2326, C.1.1 and libavformat/rtsp.c): absolute stays, `*` and nothing mean the base
    itself, all else is appended to it after a slash, even if the base has a query.
    """
    if control in ("", "*"):
        return base
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", control):
        return control
    return f"{base.rstrip('/')}/{control.lstrip('/')}"


def track_of(session: Session, base: str, url: str) -> int | None:
    """Which media section a SETUP address means; None: none of them."""
    wanted = _without_host(url)
    controls = [_without_host(resolve_control(base, media.control)) for media in session.media]
    if wanted in controls:
        return controls.index(wanted)
    return None


def with_controls(body: bytes, name: str) -> bytes:
    """The same description with control addresses of our own, `name` and a number, relative to whatever base."""
    lines: list[str] = []
    sections = 0
    for line in body.decode("utf-8", errors="replace").splitlines():
        if line.startswith("a=control:") or not line.strip():
            continue
        if line.startswith("m="):
            if sections:
                lines.append(f"a=control:{name}{sections - 1}")
            sections += 1
        lines.append(line.rstrip())
    if sections:
        lines.append(f"a=control:{name}{sections - 1}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _media(lines: list[str]) -> Media:
    words = lines[0][2:].split()
    kind = shown(words[0].lower(), 20) if words else ""
    payload_type = int(words[3]) if len(words) > 3 and re.fullmatch(r"[0-9]{1,3}", words[3]) else None
    name, clock_rate_hz, channels, parameters = "", None, 1, ""
    if payload_type is not None:
        name, clock_rate_hz = _STATIC_TYPES.get(payload_type, ("", None))
    for line in lines:
        mapped = re.match(r"a=rtpmap:\s*([0-9]{1,3})\s+([^/\s]{1,40})(?:/([0-9]{1,9}))?(?:/([0-9]{1,3}))?", line)
        if mapped and int(mapped[1]) == payload_type:
            name = mapped[2].upper()
            clock_rate_hz, channels = int(mapped[3]) if mapped[3] else None, int(mapped[4] or 1)
        stated = re.match(r"a=fmtp:\s*([0-9]{1,3})\s+(.*)", line)
        if stated and int(stated[1]) == payload_type:
            parameters = shown(stated[2], len(line))
    codec = _CODECS.get(name, shown(name.lower(), 40))
    control = _attribute(lines, "control")
    return Media(kind, payload_type, codec, control, _fps(lines), _size(lines), clock_rate_hz, channels, parameters)


def _attribute(lines: list[str], name: str) -> str:
    prefix = f"a={name}:"
    return next((line[len(prefix) :].strip() for line in lines if line.lower().startswith(prefix)), "")


def _fps(lines: list[str]) -> float | None:
    found = re.match(r"[0-9]{1,4}(\.[0-9]{1,6})?", _attribute(lines, "framerate"))
    return float(found[0]) if found and float(found[0]) > 0 else None


def _size(lines: list[str]) -> tuple[int, int] | None:
    """`a=x-dimensions:W,H` (Axis, Hikvision) or `a=framesize:PT W-H` (3GPP TS 26.234)."""
    found = re.match(r"([0-9]{1,5})\s*,\s*([0-9]{1,5})", _attribute(lines, "x-dimensions")) or re.match(
        r"[0-9]{1,3}\s+([0-9]{1,5})-([0-9]{1,5})", _attribute(lines, "framesize")
    )
    return (int(found[1]), int(found[2])) if found else None


def _without_host(url: str) -> str:
    """What identifies a track below the server: peers write the host as a name, an address or a proxy's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit(("", "", parts.path, parts.query, ""))
