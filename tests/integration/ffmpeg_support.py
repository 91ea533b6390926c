"""What the tests of ffmpeg share: every ffmpeg on this machine, a recorded camera, and an independent look at files."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S, wait_until
from vmstui.configured import Camera, OutputSettings, Profile, Secret, VideoCodec
from vmstui.ffmpeg.abilities import Abilities, probe
from vmstui.ffmpeg.binary import Binary, identify
from vmstui.ffmpeg.command import WorkerFiles, input_script, worker_argv
from vmstui.ffmpeg.exits import ExitCause, explain_exit
from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
from vmstui.ffmpeg.loglines import parse_line, printable_lines
from vmstui.ffmpeg.plan import Plan, plans
from vmstui.ffmpeg.progress import parse_progress
from vmstui.model import Progress

COPY = Profile("source", OutputSettings(), OutputSettings(codec=VideoCodec.H264))
REENCODE = Profile(
    "reencode",
    OutputSettings(codec=VideoCodec.H265, bitrate_bps=200_000),
    OutputSettings(codec=VideoCodec.H264, size=(160, 90), bitrate_bps=200_000),
)


def binary_at(path: str) -> Binary:
    """The ffmpeg at this path."""
    binary = identify(path, "configured")
    assert isinstance(binary, Binary), binary
    return binary


def embedded() -> Binary:
    """The ffmpeg that vmstui brings along."""
    return binary_at(EMBEDDED_FFMPEG)


@dataclass
class Worker:
    """A worker as the recorder starts one, without a recorder."""

    process: subprocess.Popen[bytes]
    abilities: Abilities
    folder: Path

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def progress(self) -> Progress | None:
        return parse_progress((self.folder / "progress").read_bytes())

    @property
    def segments(self) -> list[Path]:
        return sorted(self.spool.glob("*.mp4"))

    def wait_for_footage(self, frames: int = 1) -> None:
        """Until so many frames were taken in and a file has something in it."""

        def there() -> bool:
            assert self.process.poll() is None, self.log
            progress = self.progress
            return progress is not None and progress.frame >= frames and any(f.stat().st_size for f in self.segments)

        wait_until(there)

    def grow(self) -> None:
        """Until the recording has grown since now by two keyframe intervals."""
        for _ in range(2):
            before = self.size_bytes()
            wait_until(lambda before=before: self.size_bytes() > before)  # type: ignore[misc]

    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.segments)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def cause(self, *, asked: bool = False) -> ExitCause:
        """Why it ended, as the recorder would say."""
        code = self.process.wait(LIMIT_S)
        lines = [parse_line(text) for text in printable_lines(self.log.encode())]
        number = -code if code < 0 else None
        return explain_exit(None if code < 0 else code, number, lines, self.abilities.binary.major, asked)

    def inspect(self, file: Path) -> MediaInfo:
        return inspect_media(self.abilities.binary.path, str(file))


@contextlib.contextmanager
def recorded(
    binary: Binary,
    folder: Path,
    url: str,
    *,
    profile: Profile = COPY,
    codec: str = "h264",
    publish_url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    segment_length_s: int = 4,
    plan: Plan | None = None,
    abilities: Abilities | None = None,
) -> Iterator[Worker]:
    """A camera that is being recorded; whatever still runs at the end is killed."""
    abilities = abilities or probe(binary, folder / "cache")
    secret = None if password is None else Secret(password)
    camera = Camera("lobby", "Lobby", url, profile, username, secret)
    plan = plan or plans(profile, codec, abilities)[0]
    spool = folder / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    script = folder / "input.ffconcat"
    script.write_text(input_script(camera, abilities), encoding="utf-8")
    files = WorkerFiles(str(script), str(spool))
    argv = worker_argv(abilities, plan, camera, files, segment_length_s, publish_url)
    with (folder / "log").open("wb") as log, (folder / "progress").open("wb") as progress:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=progress, stderr=log)
    try:
        yield Worker(process, abilities, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Pictures:
    """What PyAV makes of a file by decoding it."""

    codec: str
    times_s: tuple[float, ...]
    width: int
    height: int


def decoded(file: Path) -> Pictures:
    """Decode a file with another program's libraries."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        times = [float(frame.time) for frame in container.decode(stream)]
        context = stream.codec_context
        return Pictures(str(context.name), tuple(times), int(context.width), int(context.height))
