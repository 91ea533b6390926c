"""Faults really provoked with real ffmpegs, and what the triage makes of what they say: the expected severity, and no
error that nobody knows. Every text of the table that is said to be in a version stands in its binary."""

from __future__ import annotations

import contextlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S
from tests.peers import require
from vmstui.findings import Finding, Severity
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.log import LogTriage, lines_of
from vmstui.triage.masking import Masker
from vmstui.triage.messages_file import shipped_messages
from vmstui.triage.words import alternatives, literals

CRITICAL, DEGRADED, BENIGN = Severity.CRITICAL, Severity.DEGRADED, Severity.BENIGN
KNOWLEDGE = Knowledge(tuple(shipped_messages().values()))
COMPOSED = frozenset((
    "packet_not_decoded", "nvenc_sessions_10", "nvenc_sessions_21", "nvenc_unsupported", "cuda_library_missing",
    "cuda_failed", "cuda_out_of_memory", "cuda_invalid", "error_chain", "description", "encoder_statistics",
))  # fmt: skip
"""Texts that ffmpeg puts together from pieces, so that they stand in no binary as a whole."""
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
FILE_BYTES = 20_000
"""No file may grow beyond this, for a disk that is full."""
_SOURCE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=4")
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-g", "20", "-pix_fmt", "yuv420p")
_NULL = ("-f", "null", "-")
_FIFO = (
    *("-f", "fifo", "-fifo_format", "rtsp", "-format_opts", "rtsp_transport=tcp"),
    *("-attempt_recovery", "1", "-recovery_wait_time", "0.2", "-recover_any_error", "1"),
)


@pytest.fixture(params=["embedded", pytest.param("system", marks=pytest.mark.peer)])
def ffmpeg(request: pytest.FixtureRequest) -> str:
    if request.param == "embedded":
        return EMBEDDED_FFMPEG
    require("ffmpeg")
    return str(shutil.which("ffmpeg"))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good, damaged and cut streams."""
    folder = tmp_path_factory.mktemp("media")
    made = {
        "good.mp4": (*_SOURCE, *_X264),
        "good.264": (*_SOURCE, *_X264, "-f", "h264"),
        "good.265": (*_SOURCE, *_X265, "-f", "hevc"),
        "good.ts": (*_SOURCE, *_X264, "-f", "mpegts"),
        "alaw.wav": ("-f", "lavfi", "-i", "sine=sample_rate=8000:duration=2", "-c:a", "pcm_alaw"),
    }
    for name, arguments in made.items():
        subprocess.run([EMBEDDED_FFMPEG, "-v", "error", "-nostdin", *arguments, str(folder / name)], check=True)
    chance = random.Random(1)
    for name in ("good.264", "good.265", "good.ts"):
        raw = bytearray((folder / name).read_bytes())
        for _ in range(len(raw) // 300):
            raw[chance.randrange(400, len(raw))] = chance.randrange(256)
        (folder / name.replace("good", "damaged")).write_bytes(raw)
        (folder / name.replace("good", "cut")).write_bytes((folder / name).read_bytes()[5000:])
    (folder / "cut.mp4").write_bytes((folder / "good.mp4").read_bytes()[:3000])
    (folder / "garbage").write_bytes(chance.randbytes(50_000))
    return folder


@contextlib.contextmanager
def answering(reply: str) -> Iterator[int]:
    """A camera that says the same to everything, and nothing where that is empty; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    while request := connection.recv(4096):
                        number = re.search(rb"CSeq: (\d+)", request)
                        connection.sendall(reply.replace("%", number[1].decode() if number else "1").encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture
def nowhere() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def findings(
    ffmpeg: str, folder: Path, *arguments: str, prepare: Callable[[], None] | None = None
) -> tuple[Finding, ...]:
    """What the triage makes of a run."""
    head = [ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "repeat+level+warning"]
    done = subprocess.run(
        [*head, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=2 * LIMIT_S,
        preexec_fn=prepare,
        check=False,
    )
    log = LogTriage(KNOWLEDGE, Masker(()))
    for line in lines_of([done.stderr]):
        log.feed(line)
    return log.findings()


def expect(found: tuple[Finding, ...], message: str, severity: Severity, *, may_be_new: bool = False) -> None:
    """The message is among the findings with that severity, and no error is unknown, unless it may be."""
    told = {finding.message: finding.worst for finding in found}
    assert told.get(message) is severity, found
    errors = [finding for finding in found if finding.level in ("error", "fatal")]
    assert [finding.examples[0] for finding in errors if not finding.message and not may_be_new] == []
    assert "hunter2" not in repr(found)


FILES: dict[str, tuple[tuple[str, ...], str, Severity]] = {
    "no such file": (("-i", "none.mp4", *_NULL), "no_such_file", CRITICAL),
    "garbage": (("-i", "garbage", *_NULL), "invalid_data", DEGRADED),
    "garbage taken for video": (("-f", "h264", "-i", "garbage", *_NULL), "format_not_determined", CRITICAL),
    "file cut off": (("-i", "cut.mp4", *_NULL), "moov_missing", DEGRADED),
    "damaged H.264": (("-f", "h264", "-i", "damaged.264", *_NULL), "damaged_picture", BENIGN),
    "H.264 joined between keyframes": (("-i", "cut.264", *_NULL), "parameter_sets_missing", BENIGN),
    "H.265 joined between keyframes": (("-i", "cut.265", *_NULL), "hevc_damaged", BENIGN),
    "damaged transport stream": (("-i", "damaged.ts", *_NULL), "packet_corrupt", BENIGN),
    "unknown option": (("-foo", "1", "-i", "good.mp4", *_NULL), "unknown_option", CRITICAL),
    "wrong value": (("-i", "good.mp4", "-c:v", "libx264", "-crf", "x", *_NULL), "unknown_option", CRITICAL),
    "unknown encoder": (("-i", "good.mp4", "-c:v", "libx266", *_NULL), "unknown_codec", CRITICAL),
    "unknown decoder": (("-c:v", "none", "-i", "good.mp4", *_NULL), "unknown_codec", CRITICAL),
    "unknown preset": (("-i", "good.mp4", "-c:v", "libx264", "-preset", "x", *_NULL), "encoder_settings", CRITICAL),
    "unknown filter": (("-i", "good.mp4", "-vf", "none", *_NULL), "unknown_filter", CRITICAL),
    "filter that does not fit": (
        ("-i", "good.mp4", "-vf", "hwdownload,format=nv12", *_NULL),
        "formats_do_not_fit",
        CRITICAL,
    ),
    "no output": (("-i", "good.mp4"), "no_output", CRITICAL),
    "stream that is not there": (("-i", "good.mp4", "-map", "0:a:0", *_NULL), "no_output", CRITICAL),
    "unknown kind of output": (("-i", "good.mp4", "x.foo"), "unknown_format", CRITICAL),
    "folder of the recording missing": (
        ("-i", "good.mp4", "-c", "copy", "-f", "segment", "-segment_time", "1", "none/%03d.mp4"),
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
        ("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=1:duration=25", "-r", "50", "-fps_mode", "cfr", *_NULL),
        "frames_duplicated",
        BENIGN,
    ),
    "old name of a pixel format": (
        ("-i", "good.mp4", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", *_NULL),
        "pixel_format_deprecated",
        BENIGN,
    ),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_fault_of_files_and_commands_is_told(ffmpeg: str, media: Path, fault: str) -> None:
    arguments, message, severity = FILES[fault]
    if fault == "old name of a pixel format" and ffmpeg == EMBEDDED_FFMPEG:
        arguments = ("-i", "good.mp4", "-pix_fmt", "yuvj420p", "-c:v", "libx264", *_NULL)
    # Of damage by chance, decoders say hundreds of things.
    expect(findings(ffmpeg, media, *arguments), message, severity, may_be_new="damaged" in fault)


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is an NVIDIA GPU")
@pytest.mark.parametrize(
    "arguments", [("-i", "good.mp4", "-c:v", "h264_nvenc"), ("-hwaccel", "cuda", "-i", "good.mp4")]
)
def test_a_missing_driver_is_told(ffmpeg: str, media: Path, arguments: tuple[str, ...]) -> None:
    expect(findings(ffmpeg, media, *arguments, *_NULL), "cuda_library_missing", CRITICAL)


@pytest.mark.skipif(Path("/dev/dri").exists(), reason="there is a graphics device")
def test_a_missing_graphics_device_is_told(ffmpeg: str, media: Path) -> None:
    found = findings(ffmpeg, media, "-vaapi_device", "/dev/dri/renderD128", "-i", "good.mp4", *_NULL)
    expect(found, "vaapi_no_device", CRITICAL)


@pytest.mark.parametrize("form", ["segment", "matroska"])
def test_a_full_disk_is_told(ffmpeg: str, media: Path, tmp_path: Path, form: str) -> None:
    name = "%03d.mp4" if form == "segment" else "x.mkv"
    out = ("-c", "copy", "-f", form, *(("-segment_time", "1") if form == "segment" else ()), str(tmp_path / name))
    expect(findings(ffmpeg, media, "-i", "good.mp4", *out, prepare=_small_files), "disk_full", CRITICAL)


@pytest.mark.parametrize(
    ("status", "message", "severity"),
    [
        ("401 Unauthorized", "rtsp_unauthorized", CRITICAL),
        ("403 Forbidden", "rtsp_unauthorized", CRITICAL),
        ("404 Not Found", "rtsp_not_found", CRITICAL),
        ("453 Not Enough Bandwidth", "rtsp_busy", DEGRADED),
        ("454 Session Not Found", "rtsp_refused", CRITICAL),
        ("461 Unsupported transport", "rtsp_transport_refused", CRITICAL),
        ("500 Internal Server Error", "rtsp_refused", CRITICAL),
        ("503 Service Unavailable", "rtsp_busy", DEGRADED),
    ],
)
def test_what_a_camera_refuses_is_told(
    ffmpeg: str, tmp_path: Path, status: str, message: str, severity: Severity
) -> None:
    with answering(f"RTSP/1.0 {status}\r\nCSeq: %\r\n\r\n") as port:
        url = f"rtsp://admin:hunter2@127.0.0.1:{port}/x"
        expect(findings(ffmpeg, tmp_path, "-rtsp_transport", "tcp", "-i", url, *_NULL), message, severity)


def test_a_camera_that_says_nothing_is_told(ffmpeg: str, tmp_path: Path) -> None:
    with answering("") as port:
        arguments = ("-rtsp_transport", "tcp", "-timeout", "500000", "-i", f"rtsp://admin:hunter2@127.0.0.1:{port}/x")
        expect(findings(ffmpeg, tmp_path, *arguments, *_NULL), "invalid_data", DEGRADED)


def test_a_camera_that_is_gone_is_told(ffmpeg: str, tmp_path: Path, nowhere: int) -> None:
    url = f"rtsp://admin:hunter2@127.0.0.1:{nowhere}/x"
    expect(findings(ffmpeg, tmp_path, "-i", url, *_NULL), "connection_refused", DEGRADED)
    (tmp_path / "in.ffconcat").write_text(f"ffconcat version 1.0\nfile '{url}'\n")
    script = ("-protocol_whitelist", "file,rtsp,tcp", "-safe", "0", "-f", "concat", "-i", "in.ffconcat")
    expect(findings(ffmpeg, tmp_path, *script, *_NULL), "connection_refused", DEGRADED)


def test_a_name_that_nobody_knows_is_told(ffmpeg: str, tmp_path: Path) -> None:
    found = findings(ffmpeg, tmp_path, "-i", "rtsp://camera.invalid/x", *_NULL)
    expect(found, "name_not_resolved", CRITICAL)
    assert "disk_error" not in {finding.message for finding in found}


def test_an_address_that_is_none_is_told(ffmpeg: str, tmp_path: Path) -> None:
    expect(findings(ffmpeg, tmp_path, "-i", "rtspx://admin:hunter2@h/x", *_NULL), "bad_address", CRITICAL)


def test_a_live_server_that_is_gone_is_told(ffmpeg: str, media: Path, nowhere: int) -> None:
    url = f"rtsp://127.0.0.1:{nowhere}/x"
    copied = ("-re", "-i", "good.mp4", "-map", "0:v", "-c", "copy")
    plain = findings(ffmpeg, media, *copied, "-f", "rtsp", "-rtsp_transport", "tcp", url)
    expect(plain, "header_not_written", CRITICAL)
    given_up = findings(ffmpeg, media, *copied, *_FIFO, "-max_recovery_attempts", "1", url)
    expect(given_up, "connection_refused", DEGRADED)
    expect(given_up, "live_given_up", CRITICAL)


def test_a_recording_that_cannot_be_made_is_told(ffmpeg: str, media: Path, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").mkdir()
    found = findings(ffmpeg, media, "-i", "good.mp4", "-c", "copy", str(tmp_path / "x.mp4"))
    expect(found, "path_is_folder", CRITICAL)


def _texts(message: str) -> list[list[str]]:
    """Of each alternative of a pattern, what stands in the format strings of ffmpeg."""
    parts = []
    for alternative in alternatives(shipped_messages()[message].pattern):
        runs = [run for run in literals(alternative) if run.strip("\0")]
        parts.append([text for run in runs for text in re.split(r"[\0\1]|\d+", run) if len(text) > 3])
    return parts


@pytest.mark.peer
def test_the_texts_of_the_table_stand_in_the_binaries_of_their_versions() -> None:
    """In one of ffmpeg's own files or in libc, piece by piece between the numbers."""
    require("ffmpeg")
    names = ("libav*.so.*", "libsw*.so.*", "libx26*.so.*", "libc.so.6", "libva*.so.*")
    files = [file for name in names for file in LIBRARIES.glob(name)]
    debian = b"\0".join(file.read_bytes() for file in (Path("/usr/bin/ffmpeg"), *files))
    embedded = Path(EMBEDDED_FFMPEG).read_bytes()
    missing = []
    for message in shipped_messages().values():
        if message.id in COMPOSED:
            continue
        binaries = [binary for binary, major in ((debian, 5), (embedded, 9)) if _has(message.ffmpeg, major)]
        for texts in _texts(message.id):
            for text in texts:
                if not any(text.encode() in binary for binary in binaries):
                    missing.append((message.id, text))
    assert missing == []


def _has(versions: str, major: int) -> bool:
    low, _, high = versions.rstrip("+").partition("-")
    return int(low) <= major <= (99 if versions.endswith("+") else int(high or low))
