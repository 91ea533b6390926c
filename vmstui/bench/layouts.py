"""Which layouts there are on this machine, and the command lines of each. Pure.

All but the last make the same outputs, those of a profile that encodes, as the product would (`ffmpeg.plan`):

- `separate` has a process for each output, which is how recorders are mostly built; with software encoders, and with
  the best that were seen working here;
- `single` is a worker of this recorder, to the letter;
- `single, copy` is one, too, of a profile that copies whatever can be copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmstui.bench.words import Layout, LeftOut
from vmstui.configured import Camera, Encoder, OutputSettings, Profile, VideoCodec
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.command import WorkerFiles, separate_argvs, worker_argv
from vmstui.ffmpeg.encoders import COPY, HARDWARE, codec_of, encoder_name
from vmstui.ffmpeg.plan import Plan, PlanError, Rung, plans

COPYING = Profile("copy", OutputSettings(encoder=Encoder.COPY), OutputSettings(codec=VideoCodec.H264))
"""The recording as it comes, the live stream for every player: what is not H.264 is encoded for it."""


class NothingToCompare(ValueError):
    """The profile has no two layouts; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Layouts:
    """What is measured: the plan of each layout by the codec a camera sends."""

    plans: Mapping[Layout, Mapping[str, Plan]]
    left_out: tuple[LeftOut, ...]

    def encoders(self, layout: Layout) -> str:
        """Of the recording and of the live stream; several where cameras differ."""
        found = dict.fromkeys(_encoders(plan) for plan in self.plans[layout].values())
        return ", ".join(found)


def found_here(profile: Profile, codecs: Sequence[str], abilities: Abilities) -> Layouts:
    """The layouts of a profile for cameras that send these codecs. Raises NothingToCompare."""
    if profile.live is None:
        raise NothingToCompare(
            f"profile {profile.name} has no live stream, so its cameras have one process in any layout"
        )
    best, software = _plans(profile, codecs, abilities)
    if not any(plan.encodes for plan in best.values()):
        raise NothingToCompare(
            f"profile {profile.name} copies both outputs of these cameras; a profile that encodes: --profile reencode"
        )
    if any(plan.live is None for plan in best.values()):
        raise NothingToCompare(f"profile {profile.name}: {next(iter(best.values())).note}")
    made: dict[Layout, Mapping[str, Plan]] = {}
    left_out = []
    if software is not None:
        made[Layout.SEPARATE_SOFTWARE] = software
    else:
        left_out.append(LeftOut(Layout.SEPARATE_SOFTWARE, "this ffmpeg has no software encoder for these outputs"))
    if software != best:
        made[Layout.SEPARATE_BEST] = best
    else:
        why = f"the same as {Layout.SEPARATE_SOFTWARE}: no hardware encoder is used here ({_refusals(best, abilities)})"
        left_out.append(LeftOut(Layout.SEPARATE_BEST, why))
    made[Layout.SINGLE] = best
    copying = {codec: plans(COPYING, codec, abilities)[0] for codec in codecs}
    made[Layout.SINGLE_COPY] = copying
    return Layouts(made, tuple(left_out))


def argvs(
    layout: Layout,
    abilities: Abilities,
    plan: Plan,
    camera: Camera,
    files: WorkerFiles,
    segment_length_s: int,
    publish_url: str,
) -> tuple[tuple[str, ...], ...]:
    """One camera in one layout: the command line of each process. Raises CommandError."""
    if layout.separate:
        return separate_argvs(abilities, plan, camera, files, segment_length_s, publish_url)
    return (worker_argv(abilities, plan, camera, files, segment_length_s, publish_url),)


def _plans(
    profile: Profile, codecs: Sequence[str], abilities: Abilities
) -> tuple[dict[str, Plan], dict[str, Plan] | None]:
    """The best, and those with software encoders; None where there are none."""
    best: dict[str, Plan] = {}
    software: dict[str, Plan] = {}
    for codec in codecs:
        try:
            ladder = plans(profile, codec, abilities)
        except PlanError as error:
            raise NothingToCompare(f"profile {profile.name}: {error}") from None
        best[codec] = ladder[0]
        lower = next((plan for plan in ladder if plan.rung in (Rung.SOFTWARE, Rung.COPY)), None)
        if lower is not None and lower.live is not None:
            software[codec] = lower
    return best, software if len(software) == len(best) else None


def _encoders(plan: Plan) -> str:
    return " + ".join(output.encoder for output in (plan.recording, plan.live) if output is not None)


def _refusals(best: Mapping[str, Plan], abilities: Abilities) -> str:
    """Why not, of each hardware encoder that would have done."""
    codecs = dict.fromkeys(
        output.codec
        for plan in best.values()
        for output in (plan.recording, plan.live)
        if output is not None and output.encoder != COPY
    )
    if any(name in abilities.encoders and codec_of(name) in codecs for name in HARDWARE):
        return "the profile asks for software"
    names = [encoder_name(Encoder.NVENC, codec) for codec in codecs]
    return "; ".join(f"{name}: {abilities.reason(name)}" for name in names)
