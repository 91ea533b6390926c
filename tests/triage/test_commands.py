"""Faults of commands, files and machines, and what the triage makes of what real ffmpegs say of them: the expected
severity, and no error that nobody knows."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.triage.provoke import BENIGN, CRITICAL, DEGRADED, NULL, SEGMENTS, expect, findings
from vmstui.findings import Severity

MEMORY_BYTES = 1500 * 2**20
"""That an ffmpeg may have of address space: many times what it needs."""


FILES: dict[str, tuple[tuple[str, ...], str, Severity]] = {
    "no such file": (("-i", "none.mp4", *NULL), "no_such_file", CRITICAL),
    "garbage": (("-i", "garbage", *NULL), "invalid_data", DEGRADED),
    "garbage taken for video": (("-f", "h264", "-i", "garbage", *NULL), "format_not_determined", CRITICAL),
    "file cut off": (("-i", "cut.mp4", *NULL), "moov_missing", DEGRADED),
    "damaged H.264": (("-f", "h264", "-i", "damaged.264", *NULL), "damaged_picture", BENIGN),
    "H.264 joined between keyframes": (("-i", "cut.264", *NULL), "parameter_sets_missing", BENIGN),
    "H.265 joined between keyframes": (("-i", "cut.265", *NULL), "hevc_damaged", BENIGN),
    "damaged transport stream": (("-i", "damaged.ts", *NULL), "packet_corrupt", BENIGN),
    "unknown option": (("-foo", "1", "-i", "good.mp4", *NULL), "unknown_option", CRITICAL),
    "wrong value": (("-i", "good.mp4", "-c:v", "libx264", "-crf", "x", *NULL), "unknown_option", CRITICAL),
    "unknown encoder": (("-i", "good.mp4", "-c:v", "libx266", *NULL), "unknown_codec", CRITICAL),
    "unknown decoder": (("-c:v", "none", "-i", "good.mp4", *NULL), "unknown_codec", CRITICAL),
    "unknown preset": (("-i", "good.mp4", "-c:v", "libx264", "-preset", "x", *NULL), "encoder_settings", CRITICAL),
    "unknown filter": (("-i", "good.mp4", "-vf", "none", *NULL), "unknown_filter", CRITICAL),
    "filter that does not fit": (
        ("-i", "good.mp4", "-vf", "hwdownload,format=nv12", *NULL),
        "formats_do_not_fit",
        CRITICAL,
    ),
    "no output": (("-i", "good.mp4"), "no_output", CRITICAL),
    "stream that is not there": (("-i", "good.mp4", "-map", "0:a:0", *NULL), "no_output", CRITICAL),
    "unknown kind of output": (("-i", "good.mp4", "x.foo"), "unknown_format", CRITICAL),
    "folder of the recording missing": (
        ("-i", "good.mp4", *SEGMENTS, "none/%03d.mp4"),
        "segment_not_opened",
        CRITICAL,
    ),
    "G.711 in MP4": (("-i", "alaw.wav", "-c", "copy", "x.mp4"), "codec_not_in_container", CRITICAL),
    "all outputs of a tee lost": (
        ("-i", "good.mp4", "-c", "copy", "-map", "0:v", "-f", "tee", "[onfail=ignore]none/x.mp4"),
        "tee_all_lost",
        CRITICAL,
    ),
    "pictures repeated": (
        ("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=1:duration=25", "-r", "50", "-fps_mode", "cfr", *NULL),
        "frames_duplicated",
        BENIGN,
    ),
    "old name of a pixel format": (
        ("-i", "good.mp4", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", *NULL),
        "pixel_format_deprecated",
        BENIGN,
    ),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_fault_of_files_and_commands_is_told(ffmpeg: str, media: Path, fault: str) -> None:
    arguments, message, severity = FILES[fault]
    if fault == "old name of a pixel format" and ffmpeg == EMBEDDED_FFMPEG:
        arguments = ("-i", "good.mp4", "-pix_fmt", "yuvj420p", "-c:v", "libx264", *NULL)
    # Of damage by chance, decoders say hundreds of things.
    expect(findings(ffmpeg, media, *arguments), message, severity, may_be_new="damaged" in fault)


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is an NVIDIA GPU")
@pytest.mark.parametrize(
    "arguments", [("-i", "good.mp4", "-c:v", "h264_nvenc"), ("-hwaccel", "cuda", "-i", "good.mp4")]
)
def test_a_missing_driver_is_told(ffmpeg: str, media: Path, arguments: tuple[str, ...]) -> None:
    expect(findings(ffmpeg, media, *arguments, *NULL), "cuda_library_missing", CRITICAL)


@pytest.mark.skipif(Path("/dev/dri").exists(), reason="there is a graphics device")
def test_a_missing_graphics_device_is_told(ffmpeg: str, media: Path) -> None:
    found = findings(ffmpeg, media, "-vaapi_device", "/dev/dri/renderD128", "-i", "good.mp4", *NULL)
    expect(found, "vaapi_no_device", CRITICAL)


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(("-vf", "scale=16000:16000,format=gbrpf32le", *NULL), id="a picture of three gigabytes"),
        pytest.param(("-vf", "scale=8000:8000", "-c:v", "libx264", "-preset", "ultrafast", *NULL), id="an encoder"),
    ],
)
def test_a_limit_of_memory_is_told(ffmpeg: str, media: Path, output: tuple[str, ...]) -> None:
    found = findings(ffmpeg, media, "-i", "good.mp4", *output, prepare=_little_memory)
    expect(found, "out_of_memory", CRITICAL)


def test_a_limit_of_memory_that_lets_nothing_begin_is_told(ffmpeg: str, media: Path) -> None:
    def almost_none() -> None:
        limit = MEMORY_BYTES // 20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    found = findings(ffmpeg, media, "-i", "good.mp4", *NULL, prepare=almost_none)
    if ffmpeg == EMBEDDED_FFMPEG:
        assert found == (), "a static program of that size is killed before it can say a word"
    else:
        expect(found, "library_not_loaded", CRITICAL)
