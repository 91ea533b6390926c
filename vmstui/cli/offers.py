"""Which profiles a new camera may have, what each makes of what it sends, and what that costs. Pure.

The cost is that of cameras with the same profile on this very machine, by the projection of capacity; where none was
measured, it says so rather than guess, but for a copy, of which it is known that it takes next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vmstui.capacity.changes import COPY_CPU_PERCENT
from vmstui.capacity.projection import Unmeasured, project
from vmstui.capacity.told import amount
from vmstui.capacity.words import Measured, Question, Resource
from vmstui.configured import OutputKind, OutputSettings, Profile
from vmstui.ffmpeg.plan import copies
from vmstui.probed import Probed
from vmstui.spoken import codec_name, decimal_size

COPIED = ("h264", "h265")
"""What plays when it is recorded as it comes."""
DAY_S = 86_400
OTHERS = "(with another codec)"
"""No name of a profile."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One profile."""

    name: str
    makes: str
    """Of the camera's stream: `recorded as it comes, live as it comes`."""
    costs: str
    """CPU and disk of this camera, and whether it fits."""
    suggested: bool


def offers(profiles: Mapping[str, Profile], probed: Probed | None, measured: Measured | None) -> list[Offer]:
    """One for each profile, in their order; `probed` and `measured` as far as they are known."""
    best = suggested(profiles, probed)
    return [
        Offer(name, _makes(profile, probed), _costs(profile, probed, measured), name == best)
        for name, profile in profiles.items()
    ]


def suggested(profiles: Mapping[str, Profile], probed: Probed | None) -> str:
    """`source` where what comes can be recorded as it comes: it costs next to nothing, and loses nothing."""
    wanted = "source" if probed is None or probed.codec in COPIED else "reencode"
    return wanted if wanted in profiles else next(iter(profiles), "")


def _makes(profile: Profile, probed: Probed | None) -> str:
    codec = probed.codec if probed is not None else ""
    recorded = f"recorded {_made(OutputKind.RECORDING, profile.recording, codec)}"
    live = f"live {_made(OutputKind.LIVE, profile.live, codec)}" if profile.live is not None else "no live stream"
    return f"{recorded}, {live}"


def _made(kind: OutputKind, output: OutputSettings, codec: str) -> str:
    if copies(kind, output, codec):
        return "as it comes"
    if not codec and kind is OutputKind.LIVE:
        return f"as {codec_name(output.codec)}"
    parts = [f"encoded to {codec_name(output.codec)}"]
    if output.size is not None:
        parts.append(f"{output.size[0]}x{output.size[1]}")
    if output.bitrate_bps is not None:
        parts.append(f"{output.bitrate_bps / 1e6:g} Mbit/s")
    return " ".join(parts)


def _costs(profile: Profile, probed: Probed | None, measured: Measured | None) -> str:
    codec = probed.codec if probed is not None else ""
    parts = [_cpu(profile, codec, measured)]
    recording = profile.recording
    bitrate_bps = recording.bitrate_bps
    if probed is not None and copies(OutputKind.RECORDING, recording, codec):
        bitrate_bps = probed.bitrate_bps
    if bitrate_bps:
        parts.append(f"{decimal_size(bitrate_bps / 8 * DAY_S)} a day")
    return "; ".join(parts)


def _cpu(profile: Profile, codec: str, measured: Measured | None) -> str:
    outputs = [(OutputKind.RECORDING, profile.recording)]
    outputs += [(OutputKind.LIVE, profile.live)] if profile.live is not None else []
    copied = bool(codec) and all(copies(kind, output, codec) for kind, output in outputs)
    if measured is not None and codec:
        # What encodes for one camera may copy for another, by what they send: only what does the same is its like.
        alike = tuple(
            one if one.profile != profile.name or one.reencodes is not copied else replace(one, profile=OTHERS)
            for one in measured.cameras
        )
        try:
            found = project(replace(measured, cameras=alike), Question(profile=profile.name))
        except Unmeasured:
            pass
        else:
            cpu = found.cost(Resource.CPU).typical
            if cpu is not None:
                fits = "" if found.more is None else f", {_room(found.more)}"
                return (
                    f"{amount(Resource.CPU, cpu)} of a core, as measured of {_cameras(found.confidence.cameras)}{fits}"
                )
    if copied:
        return f"about {COPY_CPU_PERCENT:g} % of a core: nothing is encoded"
    return "what encoding takes is not measured here yet: vmstui bench does"


def _room(more: int) -> str:
    return "it does not fit any more" if more <= 0 else f"there is room for {more}"


def _cameras(count: int) -> str:
    return "1 camera with it" if count == 1 else f"{count} cameras with it"
