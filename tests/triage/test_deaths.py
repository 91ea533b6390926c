"""Deaths that real ffmpegs really died, each told in a sentence that says why, with nothing left unexplained."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S
from tests.peers import require
from tests.triage.provoke import KNOWLEDGE, answering, small_files
from vmstui.ffmpeg.exits import ExitKind, explain_exit
from vmstui.ffmpeg.loglines import parse_line
from vmstui.sanitise import clean_bytes
from vmstui.triage.death import of_death
from vmstui.triage.masking import Masker

_NULL = ("-f", "null", "-")
_PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=4")


@pytest.fixture(params=[("embedded", 9), pytest.param(("system", 5), marks=pytest.mark.peer)], ids=["9", "5"])
def ffmpeg(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Path and major version."""
    name, major = request.param
    if name == "embedded":
        return EMBEDDED_FFMPEG, major
    require("ffmpeg")
    return str(shutil.which("ffmpeg")), major


def death(
    ffmpeg: tuple[str, int], folder: Path, *arguments: str, prepare: Callable[[], None] | None = None
) -> tuple[ExitKind, str]:
    """How a run is told that ended by itself."""
    path, major = ffmpeg
    done = subprocess.run(
        [path, "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "repeat+level+warning", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=2 * LIMIT_S,
        preexec_fn=prepare,
        check=False,
    )
    mask = Masker(()).mask
    lines = [parse_line(mask(clean_bytes(line))) for line in done.stderr.splitlines() if line.strip()]
    cause = explain_exit(done.returncode, None, lines, major, asked=False)
    told = of_death(cause, f"exit code {done.returncode}", lines, KNOWLEDGE.match)
    assert "hunter2" not in told
    assert "not explained" not in told, told
    assert f"(exit code {done.returncode})" in told or f"exit code {done.returncode}:" in told
    return cause.kind, told


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("401 Unauthorized", ExitKind.AUTH, "user or password refused by the camera"),
        ("404 Not Found", ExitKind.NOT_FOUND, "the camera has no stream at this path"),
    ],
)
def test_a_camera_that_refuses_is_the_reason(
    ffmpeg: tuple[str, int], tmp_path: Path, status: str, kind: ExitKind, words: str
) -> None:
    with answering(f"RTSP/1.0 {status}\r\nCSeq: %\r\n\r\n") as port:
        script = tmp_path / "in.ffconcat"  # as workers have it
        script.write_text(f"ffconcat version 1.0\nfile 'rtsp://admin:hunter2@127.0.0.1:{port}/x'\n")
        whitelist = ("-protocol_whitelist", "file,rtsp,tcp", "-safe", "0", "-f", "concat")
        found, told = death(ffmpeg, tmp_path, *whitelist, "-i", str(script), *_NULL)
    assert found is kind
    assert words in told


def test_a_disk_without_room_is_the_reason(ffmpeg: tuple[str, int], tmp_path: Path) -> None:
    out = ("-c:v", "libx264", "-preset", "ultrafast", "-f", "segment", "-segment_time", "1", "%03d.mp4")
    found, told = death(ffmpeg, tmp_path, *_PICTURES, *out, prepare=small_files)
    assert found is ExitKind.DISK
    assert told.startswith("the recording cannot be written: ")


def test_an_encoder_that_there_is_not_is_the_reason(ffmpeg: tuple[str, int], tmp_path: Path) -> None:
    found, told = death(ffmpeg, tmp_path, *_PICTURES, "-c:v", "libx266", *_NULL)
    assert found is ExitKind.CONFIGURATION
    assert "libx266" in told


def test_what_only_the_table_of_messages_knows_is_the_reason(ffmpeg: tuple[str, int], tmp_path: Path) -> None:
    _, told = death(ffmpeg, tmp_path, *_PICTURES, "-map", "0:a:0", *_NULL)
    assert "Stream map " in told
    assert "a stream that the camera does not send" in told
