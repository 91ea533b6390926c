"""Hundreds of workers for benches and tests of supervision: a real service, with stand-ins for ffmpeg and the cameras.

`FakeFleet` compiles `fake_ffmpeg.c` (which says how its workers behave), lets the recorder's own probe look at it once,
so that the service finds its abilities remembered, and runs a process that answers the DESCRIBE which comes before each
start. Each camera has a password of its own, which is looked for in each line of every log, as it would be in service.
What it measures is supervision: segments are an hour long, so that hardly any is closed and checked while it
runs, and nothing is published to the relay, which runs nevertheless.

    with FakeFleet(folder, 100) as fleet:
        fleet.start()
        fleet.wait_all_recording()

`python -m tests.bench.fake_fleet` is the process that answers for the cameras; it prints its port.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from tests.integration.harness import REPOSITORY, Recorder, wait_until
from vmstui.codec import to_json
from vmstui.control.errors import RecorderLost
from vmstui.ffmpeg.abilities import choose
from vmstui.footage import Segment, SegmentVerdict, StreamSpan
from vmstui.model import CameraState, Event, EventKind
from vmstui.recorder.process import MARKER, find_marked

SOURCE = Path(__file__).with_name("fake_ffmpeg.c")
OLD = 2000
"""Events, and segments, of each camera after weeks: as many as are kept."""
START_S = 120.0
"""Patience until all are recorded, on a busy machine."""
_SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


@dataclass(frozen=True, slots=True)
class Start:
    """A worker that came to its `main()`."""

    camera: str
    generation: int
    pid: int
    at_s: float
    """Of `time.monotonic()`, which is one clock for all processes."""


def c_compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which("cc") or shutil.which("gcc")


def compile_ffmpeg(folder: Path) -> Path:
    """The stand-in as a program in this folder."""
    compiler = c_compiler()
    assert compiler is not None, "a C compiler (cc or gcc) is needed for the stand-in of ffmpeg"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "ffmpeg"
    subprocess.run([compiler, "-O1", "-pthread", "-o", str(program), str(SOURCE)], check=True)
    return program


class FakeFleet(Recorder):
    """A recorder of `count` cameras `cam001`, `cam002`, … that do not exist. Leaves nothing behind."""

    def __init__(
        self, folder: Path, count: int, environment: Mapping[str, str] | None = None, *, segment: str = "1h"
    ) -> None:
        """`environment` sets up the stand-in (see `fake_ffmpeg.c`)."""
        self.ffmpeg = compile_ffmpeg(folder / "bin")
        choose(str(self.ffmpeg), folder / "cache")
        super().__init__(folder / "r", folder / "cache")
        self.names = tuple(f"cam{number:03}" for number in range(1, count + 1))
        self._starts = folder / "starts"
        self._segment = segment
        self._cameras: subprocess.Popen[bytes] | None = None
        self.environment = {**self.environment, **(environment or {}), "FAKE_FFMPEG_STARTS": str(self._starts)}

    def __enter__(self) -> FakeFleet:
        self._cameras = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.fake_fleet"], cwd=REPOSITORY, stdout=subprocess.PIPE
        )
        assert self._cameras.stdout is not None
        self.configure_fleet(int(self._cameras.stdout.readline()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            if self._cameras is not None:
                self._cameras.kill()
                self._cameras.communicate()

    def configure_fleet(self, port: int) -> None:
        """Write the configuration; the cameras are at this port."""
        lines = [
            f"recordings: {self.recordings}",
            f"segment: {{length: {self._segment}}}",
            "timezone: UTC",
            f"ffmpeg: {self.ffmpeg}",
            "retention: {min_free: 16M}",
            "live: {listen: '127.0.0.1:0'}",
            "cameras:",
            *(f"  - {{id: {name}, url: 'rtsp://op:{name}-secret@127.0.0.1:{port}/{name}'}}" for name in self.names),
        ]
        self.config.write_text("\n".join(lines) + "\n")

    def wait_all_recording(self, limit_s: float = START_S) -> dict[str, int]:
        """Wait until the service shows all cameras as recorded; gives the pids of their workers."""

        def look() -> dict[str, int] | None:
            try:
                cameras = self.snapshot().cameras
            except RecorderLost:  # hundreds that start at once keep it busy
                return None
            recording = [camera for camera in cameras if camera.state is CameraState.RECORDING]
            if len(recording) < len(self.names):
                return None
            return {camera.id: camera.pid for camera in recording if camera.pid is not None}

        pids: dict[str, int] = wait_until(look, "all cameras are recorded", self._explain, limit_s)
        return pids

    def workers(self) -> dict[str, list[int]]:
        """The workers that live, as `/proc` has them and whatever the service says, by camera."""
        found: dict[str, list[int]] = {name: [] for name in self.names}
        mark = re.compile(rf"{MARKER}={self.installation()}:([^:/]+):\d+\0".encode())
        for pid in self.left_running():
            try:
                match = mark.search(Path(f"/proc/{pid}/environ").read_bytes())
            except OSError:
                continue
            if match:
                found[match[1].decode()].append(pid)
        return found

    def grow_old(self) -> None:
        """Make what is kept of each camera's past as long as it is after weeks. No service may run."""
        for name in self.names:
            folder = self.folder / "state" / "cameras" / name
            start = datetime(2026, 10, 1, tzinfo=UTC)
            minutes = [start + timedelta(minutes=number) for number in range(OLD)]
            events = (Event(at, name, EventKind.SEGMENT, f"{at:%H%M}.mp4 closed") for at in minutes)
            segments = (
                Segment(
                    name,
                    1,
                    str(self.recordings / name / f"{name}_{number:06}.mp4"),
                    start + timedelta(minutes=number),
                    60.0,
                    4_000_000,
                    "hevc",
                    1280,
                    720,
                    SegmentVerdict.GOOD,
                    frames=1500,
                    fps=25.0,
                    number=number,
                    span=StreamSpan(60.0 * number, 60.0 * number + 60.0),
                )
                for number in range(OLD)
            )
            for file, entries in (("events.jsonl", events), ("segments.jsonl", segments)):
                path = folder / file
                newer = path.read_bytes() if path.exists() else b""
                path.write_bytes(b"".join(json.dumps(to_json(entry)).encode() + b"\n" for entry in entries) + newer)

    def starts(self) -> list[Start]:
        """Every worker that came to its `main()`, in order."""
        if not self._starts.exists():
            return []
        starts = []
        for line in self._starts.read_text().splitlines():
            mark, pid, ns = line.split()
            _, camera, generation = mark.split(":")
            starts.append(Start(camera, int(generation), int(pid), int(ns) / 1e9))
        return starts

    def _end_what_is_left(self) -> None:
        """As `Recorder` does it, without a pause after each of hundreds."""
        while (left := find_marked(f"{self.installation()}:")) is not None:
            left.send(signal.SIGKILL)
            left.close()


async def answer_for_cameras() -> None:
    """Describe one H.264 stream to whoever asks, until this process is killed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                number = re.search(rb"(?i)\r\ncseq: *(\d+)", request)
                head = b"RTSP/1.0 200 OK\r\nCSeq: %s\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n"
                writer.write(head % (number[1] if number else b"0", len(_SDP)) + _SDP)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(answer_for_cameras())
