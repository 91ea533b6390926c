"""The encoders vmstui uses and the options each is given: one table for the probe, the plan and the command line.

The probe runs an encoder with the very options a worker will use, so that an option this build does not know shows
there and not on a camera. Pure.

Choices that hold for all: keyframes that are forced are IDR and groups of pictures are closed, so that a segment can
start with them; no B-frames in live streams, whose players show them late; the rate is capped at what was asked.
"""

from __future__ import annotations

from vmstui.configured import Encoder, OutputKind

COPY = "copy"

FAMILIES = (Encoder.NVENC, Encoder.QSV, Encoder.VAAPI, Encoder.SOFTWARE)
"""Best first: the order in which `encoder: auto` takes what works."""

_NAMES = {
    (Encoder.NVENC, "h264"): "h264_nvenc",
    (Encoder.NVENC, "h265"): "hevc_nvenc",
    (Encoder.QSV, "h264"): "h264_qsv",
    (Encoder.QSV, "h265"): "hevc_qsv",
    (Encoder.VAAPI, "h264"): "h264_vaapi",
    (Encoder.VAAPI, "h265"): "hevc_vaapi",
    (Encoder.SOFTWARE, "h264"): "libx264",
    (Encoder.SOFTWARE, "h265"): "libx265",
}
_FAMILY_OF = {name: family for (family, _), name in _NAMES.items()}

ENCODERS = tuple(_NAMES.values())
HARDWARE = tuple(name for name, family in _FAMILY_OF.items() if family is not Encoder.SOFTWARE)

_OPTIONS: dict[tuple[str, OutputKind], tuple[str, ...]] = {
    ("h264_nvenc", OutputKind.RECORDING): ("-preset", "p4", "-tune", "hq", "-rc", "vbr", "-forced-idr", "1"),
    ("h264_nvenc", OutputKind.LIVE): ("-preset", "p3", "-tune", "ll", "-rc", "vbr", "-forced-idr", "1", "-bf", "0"),
    ("hevc_nvenc", OutputKind.RECORDING): ("-preset", "p4", "-tune", "hq", "-rc", "vbr", "-forced-idr", "1"),
    ("hevc_nvenc", OutputKind.LIVE): ("-preset", "p3", "-tune", "ll", "-rc", "vbr", "-forced-idr", "1", "-bf", "0"),
    ("h264_qsv", OutputKind.RECORDING): ("-preset", "faster", "-forced_idr", "1"),
    ("h264_qsv", OutputKind.LIVE): ("-preset", "veryfast", "-forced_idr", "1", "-bf", "0", "-async_depth", "1"),
    ("hevc_qsv", OutputKind.RECORDING): ("-preset", "faster", "-forced_idr", "1"),
    ("hevc_qsv", OutputKind.LIVE): ("-preset", "veryfast", "-forced_idr", "1", "-bf", "0", "-async_depth", "1"),
    ("h264_vaapi", OutputKind.RECORDING): (),
    ("h264_vaapi", OutputKind.LIVE): ("-bf", "0"),
    ("hevc_vaapi", OutputKind.RECORDING): (),
    ("hevc_vaapi", OutputKind.LIVE): ("-bf", "0"),
    ("libx264", OutputKind.RECORDING): ("-preset", "veryfast"),
    # Beside veryfast: an eighth less CPU of the whole worker, and at equal bitrates 0.1 to 0.4 dB (docs/benchmarks.md).
    ("libx264", OutputKind.LIVE): ("-preset", "superfast", "-tune", "zerolatency"),
    ("libx265", OutputKind.RECORDING): (
        *("-preset", "ultrafast", "-forced-idr", "1"),
        *("-x265-params", "log-level=error:open-gop=0"),
    ),
    ("libx265", OutputKind.LIVE): (
        *("-preset", "ultrafast", "-tune", "zerolatency", "-forced-idr", "1"),
        *("-x265-params", "log-level=error:open-gop=0"),
    ),
}
# Without a bitrate the libraries keep a quality by themselves; of the hardware NVENC would fall back to 2 Mbit/s
# (libavcodec/nvenc.c, NVENC_DEFAULTS) whatever the size of the picture.
_QUALITY: dict[Encoder, tuple[str, ...]] = {
    Encoder.NVENC: ("-cq", "28", "-b:v", "0"),
    Encoder.QSV: ("-global_quality", "28"),
    Encoder.VAAPI: ("-qp", "28"),
    Encoder.SOFTWARE: (),
}


def encoder_name(family: Encoder, codec: str) -> str:
    """ffmpeg's name of the encoder of a family for `h264` or `h265`."""
    return _NAMES[family, codec]


def family_of(encoder: str) -> Encoder:
    """The family of one of `ENCODERS`."""
    return _FAMILY_OF[encoder]


def codec_of(encoder: str) -> str:
    """`h264` or `h265` for one of `ENCODERS`."""
    return next(codec for (_, codec), name in _NAMES.items() if name == encoder)


def encoder_options(encoder: str, kind: OutputKind, bitrate_bps: int | None) -> tuple[str, ...]:
    """`-c:v` and all options of the encoder itself."""
    rate = (
        _QUALITY[family_of(encoder)]
        if bitrate_bps is None
        else ("-b:v", str(bitrate_bps), "-maxrate", str(bitrate_bps), "-bufsize", str(2 * bitrate_bps))
    )
    return ("-c:v", encoder, *_OPTIONS[encoder, kind], *rate)


def filter_chain(
    encoder: str, *, gpu_frames: bool, size: tuple[int, int] | None, fps: float | None, kind: OutputKind
) -> str:
    """The filters between decoder and encoder, `` for none.

    Frames that stay on the GPU (`gpu_frames`) are scaled there. H.264 encoders of NVIDIA take 8 bits only.
    """
    filters = [] if fps is None else [f"fps={fps:g}"]
    family = family_of(encoder)
    if gpu_frames:
        options = [] if size is None else [f"w={size[0]}", f"h={size[1]}"]
        if codec_of(encoder) == "h264" or kind is OutputKind.LIVE:
            options.append("format=yuv420p")
        if options:
            filters.append("scale_cuda=" + ":".join(options))
        return ",".join(filters)
    if size is not None:
        filters.append(f"scale={size[0]}:{size[1]}")
    match family:
        case Encoder.SOFTWARE:
            filters.append("format=yuv420p|yuvj420p")  # full range stays as it is: converting it costs CPU
        case Encoder.NVENC:
            filters.append("format=yuv420p")
        case Encoder.QSV:
            filters.append("format=nv12")
        case _:
            filters.append("format=nv12,hwupload")
    return ",".join(filters)
