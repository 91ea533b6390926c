"""How the outputs of a camera are made: the fallback ladder from what its profile asks and what works here.

The first plan is the best; each further one gives up something so that the camera is still recorded: frames on the
GPU, then encoders on the GPU, then encoding at all, and with it the live stream. The recorder takes one rung at a time
and only for a cause that `can_cure` says a lower rung cures. Pure.

`encoder: auto` copies where the camera already sends what is asked for, which costs next to nothing; else it takes
the first of NVENC, QSV, VAAPI and software that was seen working.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from vmstui.configured import Encoder, OutputKind, OutputSettings, Profile, VideoCodec
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.encoders import COPY, FAMILIES, encoder_name, family_of
from vmstui.ffmpeg.exits import ExitCause, ExitKind
from vmstui.light_dataclass import dataclass
from vmstui.spoken import codec_name


class Rung(StrEnum):
    """The rungs, best first."""

    COPY = "copy"
    """Nothing is encoded: what the camera sends is what is asked for."""
    GPU_FRAMES = "GPU frames"
    HARDWARE = "software decode, hardware encoders"
    SOFTWARE = "software encoders"
    RECORDING_ONLY = "recording by copy, no live"


_GIVEN_UP = {
    Rung.HARDWARE: "decoding on the CPU",
    Rung.SOFTWARE: "encoding on the CPU",
    Rung.RECORDING_ONLY: "recorded as the camera sends it",
}


class PlanError(Exception):
    """The recording that was asked for cannot be made by this ffmpeg. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """How one output is made."""

    kind: OutputKind
    encoder: str
    """`copy` or ffmpeg's name of an encoder."""
    codec: str
    """`h264`, `h265`, or `` for a copy of what is not known yet."""
    settings: OutputSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """How both outputs are made, on one rung of the ladder."""

    rung: Rung
    recording: OutputPlan
    live: OutputPlan | None
    gpu_frames: bool
    """Decoded frames stay on the GPU."""
    note: str
    """What is given up against what was asked for and why; empty when nothing is."""

    @property
    def encodes(self) -> bool:
        """Any of the outputs."""
        return any(output.encoder != COPY for output in (self.recording, self.live) if output is not None)


def plans(profile: Profile, source_codec: str, abilities: Abilities) -> tuple[Plan, ...]:
    """The ladder for a camera that sends `source_codec` (`h264`, `h265` or `` while unknown), best first, never empty.

    Raises PlanError if the recording must be encoded in software and this ffmpeg has no encoder for it.
    """
    notes: list[str] = []
    recording = _output(OutputKind.RECORDING, profile.recording, source_codec, abilities, notes)
    if recording is None and profile.recording.encoder is Encoder.SOFTWARE:
        raise PlanError("; ".join(notes))
    live = None
    if profile.live is not None:
        live = _output(OutputKind.LIVE, profile.live, source_codec, abilities, notes)
    rungs: list[tuple[Rung, OutputPlan, OutputPlan | None]] = []
    if recording is not None:
        families = {family_of(output.encoder) for output in (recording, live) if output and output.encoder != COPY}
        if not families and live is not None:
            rungs.append((Rung.COPY, recording, live))
        if families == {Encoder.NVENC} and abilities.cuda_frames:
            rungs.append((Rung.GPU_FRAMES, recording, live))
        if families - {Encoder.SOFTWARE}:
            rungs.append((Rung.HARDWARE, recording, live))
        software = _in_software(recording, abilities)
        if families and software is not None:
            rungs.append((Rung.SOFTWARE, software, live and _in_software(live, abilities)))
    rungs.append((Rung.RECORDING_ONLY, OutputPlan(OutputKind.RECORDING, COPY, source_codec, profile.recording), None))
    best = rungs[0][0]
    ladder = []
    for rung, recording, own_live in rungs:
        given_up = list(notes)
        if rung is not best:
            given_up.append(_GIVEN_UP[rung])
        if own_live is None and (rung is not best or notes) and profile.live is not None:
            given_up.append("no live stream")
        ladder.append(Plan(rung, recording, own_live, rung is Rung.GPU_FRAMES, "; ".join(given_up)))
    return tuple(ladder)


def can_cure(plan: Plan, cause: ExitCause) -> bool:
    """Whether a rung below this plan can cure what its worker died of.

    True only for encoders, decoders and filters that fail: a lower rung does without them. The network, credentials,
    the disk and signals are the same on every rung.
    """
    encodes = plan.recording.encoder != COPY or (plan.live is not None and plan.live.encoder != COPY)
    return cause.kind is ExitKind.ENCODER and encodes


def _output(
    kind: OutputKind,
    settings: OutputSettings,
    source_codec: str,
    abilities: Abilities,
    notes: list[str],
) -> OutputPlan | None:
    """The best way to make an output, None if it must be encoded and nothing here can; `notes` tells what was amiss."""
    if copies(kind, settings, source_codec):
        return OutputPlan(kind, COPY, source_codec, settings)
    codec = settings.codec.value if settings.codec is not VideoCodec.SOURCE else source_codec or "h264"
    if settings.encoder is Encoder.COPY:
        sends = (
            f"the camera sends {codec_name(source_codec)}" if source_codec else "what the camera sends is not known yet"
        )
        notes.append(f"{kind} is encoded, not copied: {sends}, {codec_name(codec)} is asked for")
    families: tuple[Encoder, ...] = FAMILIES
    if settings.encoder in FAMILIES:
        families = tuple(dict.fromkeys((settings.encoder, Encoder.SOFTWARE)))
    tried: list[str] = []
    for family in families:
        name = encoder_name(family, codec)
        if name in abilities.encoders:
            if tried and settings.encoder in FAMILIES:
                notes.append(f"{kind}: {settings.encoder} does not work here ({tried[0]})")
            return OutputPlan(kind, name, codec, settings)
        tried.append(f"{name}: {abilities.reason(name)}")
    notes.append(
        f"{kind}: {abilities.binary.path} {abilities.binary.version} cannot encode {codec_name(codec)} here "
        f"({', '.join(tried)})"
    )
    return None


def copies(kind: OutputKind, settings: OutputSettings, source_codec: str) -> bool:
    """Whether an output is a copy of what the camera sends (`h264`, `h265`, or `` while unknown)."""
    live = kind is OutputKind.LIVE
    fits = settings.codec is VideoCodec.SOURCE or (source_codec != "" and settings.codec.value == source_codec)
    if settings.encoder is Encoder.COPY:
        return fits or not live
    if settings.encoder is not Encoder.AUTO:
        return False
    unchanged = settings.size is None and settings.bitrate_bps is None and settings.fps is None
    return fits and unchanged and not (live and not source_codec)


def _in_software(output: OutputPlan, abilities: Abilities) -> OutputPlan | None:
    """The same output by a software encoder, None if this ffmpeg has none for its codec; a copy stays a copy."""
    if output.encoder == COPY:
        return output
    name = encoder_name(Encoder.SOFTWARE, output.codec)
    return replace(output, encoder=name) if name in abilities.encoders else None
