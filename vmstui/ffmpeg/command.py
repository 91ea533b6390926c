"""The command line of a worker and the script that holds its source. Pure; called when a worker is started.

Guarantees:

- The command line holds no credentials: every local user may read it. The address with user and password is in an
  `ffconcat` script, which the caller writes with mode 0600.
- The recording is the first output, the live stream the second and behind ffmpeg's `fifo` muxer, so that no viewer and
  no server can stop or thin out the recording; its trailer is written first too.
- The camera's stream is decoded once for both.
- Segments are numbered, never named by the clock, so that a clock that is set back overwrites nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlsplit

from vmstui.configured import Camera, Encoder
from vmstui.ffmpeg.abilities import FIFO_OPTIONS, GPU_DECODING, Abilities
from vmstui.ffmpeg.encoders import COPY, encoder_options, family_of, filter_chain
from vmstui.ffmpeg.plan import OutputPlan, Plan
from vmstui.light_dataclass import dataclass

SEGMENT_LIST = "segments.csv"
SEGMENT_PATTERN = "%06d.mp4"
INPUT_TIMEOUT_S = 10
"""How long a camera may be silent before ffmpeg gives up."""
KEYFRAME_INTERVAL_S = 2
"""Of encoded outputs, and so the most a cut may be off the clock."""
MAX_CREDENTIALS_BYTES = 127
"""User, colon and password as they stand in the address; ffmpeg silently cuts off the rest (libavformat/rtsp.c)."""

_GLOBAL = (
    *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+warning"),
    *("-progress", "pipe:1", "-stats_period", "1"),
    # Helpers of a scaler would go by the name of its filter, as the threads of an encoder do, and could not be told
    # from them (telemetry/stages.py). One thread scales 4K in a few milliseconds a frame, and in no more CPU time.
    *("-filter_threads", "1"),
)
_INPUT = ("-protocol_whitelist", "file,rtsp,rtp,udp,tcp,tls,crypto,data", "-safe", "0", "-f", "concat")
# Every KEYFRAME_INTERVAL_S of stream time. Counted from the last one, not from the start, so that a camera whose clock
# jumps does not get a keyframe per frame, or none, until the count has caught up.
_KEYFRAMES = f"expr:if(isnan(prev_forced_t),1,gte(abs(t-prev_forced_t),{KEYFRAME_INTERVAL_S}))"
# The segment and fifo muxers do not tell that they take a varying frame rate, so ffmpeg would repeat and drop frames
# to fit the rate it guessed (fftools, VSYNC_CFR). The fine time base keeps the camera's own timing.
_TIMING = ("-fps_mode", "vfr", "-enc_time_base", "1:90000")
# Without it, 5.1 gives copied packets a time base of one tick per frame and shifts those that fall into the same tick
# ("Non-monotonous DTS", once per frame for a whole run).
_COPIED_TIMING = ("-time_base", "1:90000")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URL_SAFE = "%:/?#[]@!$&'()*+,;=-._~"
_USER_INFO_SAFE = "!$&'()*+,;=-._~"


class CommandError(ValueError):
    """A camera or server that ffmpeg cannot be given. The text says why, without the credentials."""


@dataclass(frozen=True, slots=True)
class WorkerFiles:
    """Where a worker reads its source from and writes its segments to."""

    input_path: str
    """The script of `input_script`."""
    spool_folder: str
    """Must exist and be empty."""


def input_script(camera: Camera, abilities: Abilities) -> str:
    """The ffconcat script that opens a camera: its address with credentials, and how to speak to it.

    Certificates of `rtsps://` are not verified: cameras sign their own.

    Raises CommandError for credentials ffmpeg would cut off.
    """
    options = {
        "rtsp_transport": camera.transport,
        "timeout": str(INPUT_TIMEOUT_S * 1_000_000),
        "allowed_media_types": "video",
    }
    if abilities.verifies_tls and camera.url.startswith("rtsps://"):
        options["tls_verify"] = "0"
    lines = ["ffconcat version 1.0", f"file {_quoted(_source_url(camera))}"]
    lines += [f"option {name} {_quoted(value)}" for name, value in options.items()]
    return "\n".join(lines) + "\n"


def worker_argv(
    abilities: Abilities,
    plan: Plan,
    camera: Camera,
    files: WorkerFiles,
    segment_length_s: int,
    publish_url: str | None,
) -> tuple[str, ...]:
    """The command line that records a camera and, with `publish_url`, publishes its live stream there.

    Raises CommandError if `publish_url` holds credentials: they would be seen by everybody on the machine.
    """
    outputs = [_recording(abilities, plan, camera, files, segment_length_s)]
    if plan.live is not None and publish_url is not None:
        outputs.append(_live(plan.live, plan.gpu_frames, publish_url))
    return _argv(abilities, plan, files.input_path, outputs)


def separate_argvs(
    abilities: Abilities,
    plan: Plan,
    camera: Camera,
    files: WorkerFiles,
    segment_length_s: int,
    publish_url: str,
) -> tuple[tuple[str, ...], ...]:
    """The same outputs by a process each, which reads and decodes the camera for itself: what a worker is measured
    against (`vmstui bench`). The recording first. Raises CommandError as `worker_argv`."""
    outputs = [(replace(plan, live=None), _recording(abilities, plan, camera, files, segment_length_s))]
    if plan.live is not None:
        alone = replace(plan, recording=plan.live, live=None)
        outputs.append((alone, _live(plan.live, plan.gpu_frames, publish_url)))
    return tuple(_argv(abilities, part, files.input_path, [output]) for part, output in outputs)


def _argv(abilities: Abilities, plan: Plan, input_path: str, outputs: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """One process for these outputs; of the plan only what holds for the process as a whole."""
    encoders = [output.encoder for output in (plan.recording, plan.live) if output and output.encoder != COPY]
    uses_vaapi = any(family_of(encoder) is Encoder.VAAPI for encoder in encoders)
    return (
        abilities.binary.path,
        *_GLOBAL,
        *(("-vaapi_device", abilities.vaapi_device) if uses_vaapi else ()),
        *(GPU_DECODING if plan.gpu_frames else ()),
        *_INPUT,
        *("-i", input_path),
        *(argument for output in outputs for argument in output),
    )


def _recording(
    abilities: Abilities, plan: Plan, camera: Camera, files: WorkerFiles, segment_length_s: int
) -> tuple[str, ...]:
    # A fragment per group of pictures, written at once: after a crash the file plays up to the last one. Without
    # flush_packets the file protocol would keep 256 KiB back (libavformat/file.c).
    flags = "hybrid_fragmented" if abilities.hybrid_fragmented else "frag_keyframe+empty_moov+default_base_moof"
    folder = files.spool_folder
    # Apple's players open H.265 in MP4 under this tag only.
    tag = ("-tag:v", "hvc1") if plan.recording.codec == "h265" else ()
    title = "".join(filter(str.isprintable, camera.name))
    return (
        *("-map", "0:v:0", *_video(plan.recording, plan.gpu_frames), *tag, "-metadata", f"title={title}"),
        *("-f", "segment", "-segment_time", str(segment_length_s), "-segment_atclocktime", "1"),
        *("-reset_timestamps", "1"),
        *("-segment_format", "mp4", "-segment_format_options", f"movflags={flags}:flush_packets=1"),
        *("-segment_list", f"{folder}/{SEGMENT_LIST}", "-segment_list_type", "csv"),
        f"{folder.replace('%', '%%')}/{SEGMENT_PATTERN}",
    )


def _live(live: OutputPlan, gpu_frames: bool, publish_url: str) -> tuple[str, ...]:
    if "@" in urlsplit(publish_url).netloc:
        raise CommandError("the address to publish live streams to must hold no user and no password")
    # Parameter sets go into the description of the stream and before every keyframe, for players that read only one.
    headers = () if live.encoder == COPY else ("-flags:v", "+global_header", "-bsf:v", "dump_extra=freq=keyframe")
    return (
        *("-map", "0:v:0", *_video(live, gpu_frames), *headers),
        *("-f", "fifo", "-fifo_format", "rtsp", "-format_opts", "rtsp_transport=tcp", *FIFO_OPTIONS),
        publish_url,
    )


def _video(output: OutputPlan, gpu_frames: bool) -> tuple[str, ...]:
    if output.encoder == COPY:
        return ("-c:v", COPY, *_COPIED_TIMING)
    settings = output.settings
    chain = filter_chain(output.encoder, gpu_frames=gpu_frames, size=settings.size, fps=settings.fps, kind=output.kind)
    return (
        *(("-vf", chain) if chain else ()),
        *_TIMING,
        *encoder_options(output.encoder, output.kind, settings.bitrate_bps),
        *("-force_key_frames", _KEYFRAMES),
    )


def _source_url(camera: Camera) -> str:
    """The address with credentials, all of it percent-encoded where it must be."""
    url = _LONE_PERCENT.sub("%25", quote(camera.url, safe=_URL_SAFE))
    if camera.username is None and camera.password is None:
        return url
    credentials = _credentials(camera, safe="")
    if len(credentials) > MAX_CREDENTIALS_BYTES:
        credentials = _credentials(camera, safe=_USER_INFO_SAFE)
    if len(credentials) > MAX_CREDENTIALS_BYTES:
        raise CommandError(
            f"user and password of camera {camera.id} take {len(credentials)} bytes in its address, ffmpeg takes "
            f"{MAX_CREDENTIALS_BYTES}: give the camera a shorter password, or one with fewer special characters"
        )
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{credentials}@{host.rpartition('@')[2]}{slash}{path}"


def _credentials(camera: Camera, safe: str) -> str:
    password = camera.password.value if camera.password else ""
    return f"{quote(camera.username or '', safe=safe)}:{quote(password, safe=safe)}"


def _quoted(text: str) -> str:
    """As one word of an ffconcat script (libavutil/avstring.c, av_get_token)."""
    return "'" + text.replace("'", r"'\''") + "'"
