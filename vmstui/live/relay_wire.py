"""What the relay reads out of request addresses and `Transport` headers. Pure, no I/O.

Addresses name paths like `/lobby`, tracks like `/lobby/trackID=0`. Of transports only TCP-interleaved is offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TRACK_CONTROL = "trackID="
"""Control address of a track as the relay states it, before its number."""
MAX_TRACKS = 8

_URL = re.compile(r"(rtsps?)://(?:[!-.0-~]{1,256}@)?([A-Za-z0-9._:\[\]-]{1,255})(?:/([!-~]{0,1024}))?\Z")
_PATH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,63}(?:/[A-Za-z0-9][A-Za-z0-9_.~-]{0,63}){0,3}\Z")
_PROFILES = ("RTP/AVP/TCP", "RTP/AVPF/TCP")


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means to the relay."""

    base: str
    """The address of the path, ending with a slash; credentials that a player left in it are gone."""
    path: str
    """Name of the path; `` when the address has none that the relay could know."""
    track: int | None


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A pair of channels on the RTSP connection itself."""

    profile: str
    rtp_channel: int
    rtcp_channel: int


def parse_target(url: str) -> Target:
    """Take an address apart; query and trailing slashes mean nothing to the relay."""
    found = _URL.match(url)
    if not found:
        return Target("", "", None)
    name, track = (found[3] or "").partition("?")[0].strip("/"), None
    head, _, tail = name.rpartition("/")
    if re.fullmatch(rf"{TRACK_CONTROL}[0-{MAX_TRACKS - 1}]", tail):
        name, track = head, int(tail[-1])
    if not _PATH_NAME.match(name):
        return Target("", "", None)
    return Target(f"{found[1]}://{found[2]}/{name}/", name, track)


def parse_transport(value: str, track: int) -> Interleaved | None:
    """The first TCP-interleaved offer of a SETUP; None: there is none that makes sense.

    Where the peer leaves the channels to the server, they are those of the track's number.
    """
    for offer in value.split(","):
        parts = [part.strip() for part in offer.split(";")]
        if parts[0].upper() not in _PROFILES or "multicast" in parts:
            continue
        channels = next((part for part in parts if part.startswith("interleaved=")), "")
        if not channels:
            return Interleaved(parts[0].upper(), 2 * track, 2 * track + 1)
        found = re.fullmatch(r"interleaved=([0-9]{1,3})(?:-([0-9]{1,3}))?", channels)
        if found:
            rtp = int(found[1])
            rtcp = int(found[2]) if found[2] else rtp + 1
            if rtp <= 255 and rtcp <= 255 and rtp != rtcp:
                return Interleaved(parts[0].upper(), rtp, rtcp)
    return None


def format_transport(chosen: Interleaved, *, record: bool) -> str:
    """The server's answer to a SETUP."""
    mode = ";mode=record" if record else ""
    return f"{chosen.profile};unicast;interleaved={chosen.rtp_channel}-{chosen.rtcp_channel}{mode}"
