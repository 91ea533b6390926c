"""Why a worker ended. The lines are those that ffmpeg 5.1.9 and 9.0.2 really wrote, but for the ones of NVENC."""

from __future__ import annotations

import pytest

from vmstui.ffmpeg.exits import ExitCause, ExitKind, explain_exit
from vmstui.ffmpeg.loglines import parse_line

NOISE = """\
[segment @ 0x1] [warning] Timestamps are unset in a packet for stream 0. This is deprecated
[h264 @ 0x2] [error] error while decoding MB 87 13, bytestream -5
[h264 @ 0x2] [error] non-existing PPS 0 referenced
[dec:h264 @ 0x2] [error] Error submitting packet to decoder: Invalid data found when processing input
[tcp @ 0x3] [error] Connection to tcp://127.0.0.1:8554?timeout=0 failed: Connection refused
[rtsp @ 0x3] [error] method ANNOUNCE failed: 401 Unauthorized
[fifo @ 0x3] [error] Error opening rtsp://127.0.0.1:8554/lobby: Server returned 401 Unauthorized
"""
REFUSED_5 = """\
[tcp @ 0x1] [error] Connection to tcp://10.0.0.9:554?timeout=10000000 failed: Connection refused
[concat @ 0x2] [error] Impossible to open 'rtsp://admin:hunter2@10.0.0.9:554/x'
[error] /srv/my rec/in.ffconcat: Connection refused
"""
REFUSED_9 = """\
[tcp @ 0x1] [error] Connection to tcp://10.0.0.9:554?timeout=10000000 failed: Connection refused
[in#0 @ 0x2] [error] Impossible to open 'rtsp://admin:hunter2@10.0.0.9:554/x'
[in#0 @ 0x2] [error] Error opening input: Connection refused
[error] Error opening input file /srv/my rec/in.ffconcat.
[fatal] Error opening input files: Connection refused
"""
FULL_9 = """\
[vost#0:0/copy @ 0x1] [error] Error submitting a packet to the muxer: No space left on device
[out#0/segment @ 0x2] [error] Error muxing a packet
[out#0/segment @ 0x2] [error] Task finished with error code: -28 (No space left on device)
[out#0/segment @ 0x2] [error] Terminating thread with return code -28 (No space left on device)
"""
NVENC_5 = """\
[hevc_nvenc @ 0x1] [error] Cannot load libcuda.so.1
[error] Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe incorrect \
parameters such as bit_rate, rate, width or height
"""
NVENC_9 = """\
[hevc_nvenc @ 0x1] [error] {cause}
[vost#0:0/hevc_nvenc @ 0x2] [enc:hevc_nvenc @ 0x3] [error] Error while opening encoder - maybe incorrect parameters \
such as bit_rate, rate, width or height.
[vf#0:0 @ 0x4] [error] Error sending frames to consumers: Operation not permitted
[vf#0:0 @ 0x4] [error] Task finished with error code: -1 (Operation not permitted)
[out#0/segment @ 0x5] [error] Nothing was written into output file, because at least one of its streams received no \
packets.
"""
GPU_5 = """\
[AVHWDeviceContext @ 0x1] [error] Cannot load libcuda.so.1
[AVHWDeviceContext @ 0x1] [error] Could not dynamically load CUDA
[error] Device creation failed: -1.
[h264 @ 0x2] [error] No device available for decoder: device type cuda needed for codec h264.
[error] Device setup failed for decoder on input stream #0:0 : Operation not permitted
"""


def _opening(status: str, told: str, major: int) -> str:
    if major == 5:
        return (
            f"[rtsp @ 0x1] [error] method DESCRIBE failed: {status}\n"
            "[concat @ 0x2] [error] Impossible to open 'rtsp://admin:hunter2@10.0.0.9:554/x'\n"
            f"[error] /srv/in.ffconcat: {told}\n"
        )
    number, _, text = status.partition(" ")
    return (
        f"[rtsp @ 0x1] [error] method DESCRIBE failed: {number} ({text})\n"
        "[in#0 @ 0x2] [error] Impossible to open 'rtsp://admin:hunter2@10.0.0.9:554/x'\n"
        f"[in#0 @ 0x2] [error] Error opening input: {told}\n"
        "[error] Error opening input file /srv/in.ffconcat.\n"
        f"[fatal] Error opening input files: {told}\n"
    )


def _explain(log: str, returncode: int | None, major: int, signal: int | None = None, asked: bool = False) -> ExitCause:
    lines = [parse_line(text) for text in log.splitlines()]
    cause = explain_exit(returncode, signal, lines, major, asked)
    assert "hunter2" not in cause.text + cause.evidence
    return cause


@pytest.mark.parametrize("major", [5, 9])
@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        ("401 Unauthorized", "Server returned 401 Unauthorized (authorization failed)", ExitKind.AUTH),
        ("403 Forbidden", "Server returned 403 Forbidden (access denied)", ExitKind.AUTH),
        ("404 Not Found", "Server returned 404 Not Found", ExitKind.NOT_FOUND),
        ("453 Not Enough Bandwidth", "Server returned 4XX Client Error, but not one of 40{0,1,3,4}", ExitKind.BUSY),
        ("503 Service Unavailable", "Server returned 5XX Server Error reply", ExitKind.BUSY),
        ("500 Internal Server Error", "Server returned 5XX Server Error reply", ExitKind.BUSY),
        (
            "461 Unsupported transport",
            "Server returned 4XX Client Error, but not one of 40{0,1,3,4}",
            ExitKind.CONFIGURATION,
        ),
    ],
)
def test_what_the_camera_answers_is_told_apart(status: str, told: str, kind: ExitKind, major: int) -> None:
    cause = _explain(NOISE + _opening(status, told, major), 1 if major == 5 else 8, major)
    assert cause.kind is kind
    assert status[:3] in cause.evidence


@pytest.mark.parametrize(("log", "code", "major"), [(REFUSED_5, 1, 5), (REFUSED_9, 145, 9)])
def test_a_camera_that_is_not_there_is_a_matter_of_the_network(log: str, code: int, major: int) -> None:
    cause = _explain(log, code, major)
    assert cause.kind is ExitKind.NETWORK
    assert cause.evidence == "Connection to tcp://10.0.0.9:554?timeout=10000000 failed: Connection refused"


@pytest.mark.parametrize(
    ("log", "major"),
    [
        ("[error] /srv/in.ffconcat: Connection timed out", 5),
        ("[in#0/concat @ 0x1] [error] Error during demuxing: Connection timed out", 9),
    ],
)
def test_a_frozen_camera_is_the_network_although_the_code_is_0(log: str, major: int) -> None:
    cause = _explain(NOISE + log, 0, major)
    assert cause.kind is ExitKind.NETWORK
    assert "timed out" in cause.text


def test_a_camera_that_fell_silent_while_it_was_opened_did_not_send_something_else() -> None:
    """Frozen between DESCRIBE and the first packets; ffmpeg 9.0.2."""
    cause = _explain(
        "[rtsp @ 0x1] [warning] Failed reading RTSP data: Connection timed out\n"
        "[in#0 @ 0x2] [error] Impossible to open 'rtsp://admin:hunter2@10.0.0.9:554/x'\n"
        "[in#0 @ 0x2] [error] Error opening input: Invalid data found when processing input\n"
        "[error] Error opening input file /srv/in.ffconcat.\n"
        "[fatal] Error opening input files: Invalid data found when processing input\n",
        183,
        9,
    )
    assert cause.kind is ExitKind.NETWORK
    assert cause.text == "the connection to the camera failed: Connection timed out"


def test_code_0_without_a_reason_is_a_camera_that_ended_the_stream() -> None:
    assert _explain(NOISE, 0, 9).kind is ExitKind.CLOSED


def test_a_host_name_that_is_unknown_is_named_as_such() -> None:
    log = (
        "[tcp @ 0x1] [error] Failed to resolve hostname nohost.invalid: Name or service not known\n"
        "[in#0 @ 0x2] [error] Error opening input: Input/output error\n"
    )
    cause = _explain(log, 251, 9)
    assert cause.kind is ExitKind.NETWORK
    assert "nohost.invalid" in cause.text


@pytest.mark.parametrize(
    ("log", "code", "signal", "major"),
    [
        ("[error] av_interleaved_write_frame(): No space left on device", 1, None, 5),
        (FULL_9, 228, None, 9),
        (FULL_9, None, 11, 9),  # 9.0.2 crashed after it
        ("", 228, None, 9),
    ],
)
def test_a_full_disk_is_the_disk_whatever_came_after(
    log: str, code: int | None, signal: int | None, major: int
) -> None:
    cause = _explain(NOISE + log, code, major, signal)
    assert cause.kind is ExitKind.DISK
    assert "No space left on device" in cause.text


@pytest.mark.parametrize(
    "log",
    [
        "[segment @ 0x1] [error] Failed to open segment '/rec/000001.mp4'\n"
        "[error] av_interleaved_write_frame(): No such file or directory\n"
        "[error] Error writing trailer of /rec/%06d.mp4: Invalid argument",
        "[segment @ 0x1] [error] Failed to open segment '/rec/000002.mp4'\n"
        "[vost#0:0/copy @ 0x2] [error] Error submitting a packet to the muxer: No such file or directory\n"
        "[out#0/segment @ 0x3] [error] Task finished with error code: -2 (No such file or directory)",
    ],
)
def test_a_spool_folder_that_is_gone_is_the_disk(log: str) -> None:
    cause = _explain(log, 1, 9)
    assert cause.kind is ExitKind.DISK
    assert cause.text == "the recording cannot be written: No such file or directory"
    assert cause.evidence.startswith("Failed to open segment")


def test_packets_that_pile_up_are_no_full_disk() -> None:
    log = (
        "[vost#0:0 @ 0x1] [error] Too many packets buffered for output stream 0:0.\n"
        "[out#0 @ 0x1] [error] Task finished with error code: -28 (No space left on device)"
    )
    assert _explain(log, 228, 9).kind is ExitKind.ENCODER


@pytest.mark.parametrize(
    ("log", "code", "major", "words"),
    [
        (NVENC_5, 1, 5, "driver is missing"),
        (NVENC_9.format(cause="Cannot load libcuda.so.1"), 255, 9, "driver is missing"),
        (NVENC_9.format(cause="OpenEncodeSessionEx failed: out of memory (10): (no details)"), 244, 9, "limit"),
        (
            NVENC_9.format(cause="OpenEncodeSessionEx failed: incompatible client key (21): (no details)"),
            234,
            9,
            "limit",
        ),
        (NVENC_9.format(cause="OpenEncodeSessionEx failed: unsupported device (2): (no details)"), 234, 9, "cannot"),
        (GPU_5, 1, 5, "driver is missing"),
        (
            "[error] Impossible to convert between the formats supported by the filter 'Parsed_null_0' and the filter"
            " 'auto_scale_0'\n[error] Error reinitializing filters!\n",
            1,
            5,
            "do not fit",
        ),
        (
            "[hevc_nvenc @ 0x1] [error] EncodePicture failed!: generic error (20)\n"
            "[vost#0:0/hevc_nvenc @ 0x2] [error] Error submitting video frame to the encoder\n",
            1,
            9,
            "encoder failed",
        ),
    ],
)
def test_a_gpu_that_fails_is_an_encoder_and_the_first_line_says_why(
    log: str, code: int, major: int, words: str
) -> None:
    cause = _explain(NOISE + log, code, major)
    assert cause.kind is ExitKind.ENCODER
    assert words in cause.text
    assert cause.evidence == parse_line(log.splitlines()[0]).text


@pytest.mark.parametrize(
    "log",
    [
        "[error] Unrecognized option 'foo'.\n[fatal] Error splitting the argument list: Option not found",
        "[mp4 muxer @ 0x1] [error] Error setting option movflags to value nope+hybrid_fragmented.\n"
        "[out#0/segment @ 0x2] [error] Could not write header (incorrect codec parameters ?): Invalid argument",
        "[fatal] Unknown encoder 'libnope'",
        "[vost#0:0 @ 0x1] [fatal] Unknown encoder 'libnope'\n[fatal] Error opening output files: Encoder not found",
    ],
)
def test_options_ffmpeg_refuses_are_a_matter_of_configuration(log: str) -> None:
    assert _explain(log, 8, 9).kind is ExitKind.CONFIGURATION


def test_decoder_noise_of_a_long_run_explains_nothing() -> None:
    cause = _explain(NOISE * 200, 1, 9)
    assert cause.kind is ExitKind.UNKNOWN
    assert _explain(NOISE * 200 + REFUSED_9, 145, 9).kind is ExitKind.NETWORK


def test_a_stop_we_asked_for_is_no_fault() -> None:
    for code, number in ((255, None), (0, None), (None, 9), (123, None)):
        assert _explain(NOISE, code, 9, number, asked=True).kind is ExitKind.STOPPED


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [
        (255, None, ExitKind.KILLED),
        (123, None, ExitKind.KILLED),
        (None, 9, ExitKind.KILLED),
        (None, 15, ExitKind.KILLED),
        (None, 11, ExitKind.CRASH),
        (None, 6, ExitKind.CRASH),
        (None, 200, ExitKind.KILLED),
        (244, None, ExitKind.OUT_OF_MEMORY),
        (146, None, ExitKind.NETWORK),
        (1, None, ExitKind.UNKNOWN),
        (None, None, ExitKind.UNKNOWN),
    ],
)
def test_where_the_log_is_silent_the_code_speaks(code: int | None, number: int | None, kind: ExitKind) -> None:
    cause = _explain("", code, 9, number)
    assert cause.kind is kind
    assert cause.text
    assert cause.evidence == ""


def test_code_228_means_a_full_disk_only_from_version_7_on() -> None:
    assert _explain("", 228, 5).kind is ExitKind.UNKNOWN


@pytest.mark.parametrize(
    "why", ["No space left on device", "Read-only file system", "Input/output error", "Permission denied"]
)
def test_a_header_that_finds_no_room_on_the_disk_is_no_matter_of_the_configuration(why: str) -> None:
    line = f"[out#0/segment @ 0x2] [error] Could not write header (incorrect codec parameters ?): {why}\n"
    cause = _explain(line, 228, 9)
    assert cause.kind is ExitKind.DISK
    assert why in cause.text
