"""Simulated cameras for the demo and for tests: real RTSP sources that do wrong what cameras do wrong.

`SimulatedCameras` runs one server process (`simulated_server`) with an ffmpeg per camera below it, and ends them all.
Its methods block until the switch has taken effect, each for seconds at most; a program with an event loop calls them
through `asyncio.to_thread`. `python -m vmstui.live.simulated --cameras 2` shows such cameras to anyone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from vmstui.own_process import own_argv, own_environment

_ANSWER_LIMIT_S = 40.0
_END_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One simulated camera. It asks for a password if it has a `username`."""

    path: str
    codec: Literal["h264", "h265"] = "h264"
    size: tuple[int, int] = (640, 360)
    fps: int = 15
    bitrate_bps: int = 500_000
    gop_s: float = 1.0
    audio: bool = False
    """A second track, G.711 A-law as cameras send it."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    scheme: Literal["digest", "basic"] = "digest"
    connections: int | None = None
    """So many play it at a time; who comes then gets 453. None: as many as want to."""
    loop_s: int = 0
    """So many seconds are encoded once, before the camera comes up, and then sent again and again: a camera that takes
    hardly any CPU of the machine that records it. 0: encoded as it is sent. Without a second track."""


class SimulatedCameras:
    """A machine full of cameras. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, ffmpeg: str, folder: Path, cameras: Sequence[CameraSpec], port: int = 0) -> None:
        """`folder` takes the logs of the server and its feeders; it must exist. `port` 0 takes a free one."""
        self._ffmpeg = ffmpeg
        self._folder = folder
        self._cameras = tuple(cameras)
        self._port = port
        self._server: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._unread = b""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """Where the cameras listen, on 127.0.0.1; known once started."""
        return self._port

    @property
    def pid(self) -> int:
        """The server process, leader of the process group all feeders are in. Only while started."""
        assert self._server is not None
        return self._server.pid

    def url(self, path: str) -> str:
        """Address of a camera, without credentials."""
        return f"rtsp://127.0.0.1:{self._port}/{path}"

    def start(self) -> None:
        """Start everything and return when every camera sends. Raises RuntimeError, leaving nothing behind."""
        with (self._folder / "simulated.log").open("ab") as log:
            self._server = subprocess.Popen(
                own_argv("vmstui.live.simulated_server"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=own_environment(),
                start_new_session=True,
            )
        first = {
            "ffmpeg": self._ffmpeg,
            "folder": str(self._folder),
            "cameras": [asdict(camera) for camera in self._cameras],
            "port": self._port,
        }
        try:
            answer = self._ask(first)
            self._port = int(str(answer["port"]))
            self.up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process, frozen or not. May be called again."""
        server, self._server = self._server, None
        if server is None:
            return
        assert server.stdin is not None
        assert server.stdout is not None
        with contextlib.suppress(OSError):
            server.stdin.close()
        try:
            server.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        server.stdout.close()

    def freeze(self, path: str) -> None:
        """The camera stays connected and sends nothing any more."""
        self._ask({"do": "freeze", "path": path})

    def thaw(self, path: str) -> None:
        """It goes on, sending what it owes first."""
        self._ask({"do": "thaw", "path": path})

    def close(self, path: str) -> None:
        """The stream ends: connections are closed, newcomers get 404."""
        self._ask({"do": "close", "path": path})

    def reopen(
        self, path: str, *, size: tuple[int, int] | None = None, codec: Literal["h264", "h265"] | None = None
    ) -> None:
        """The stream (closed or not) comes back, perhaps with another picture size or codec."""
        changes = {name: value for name, value in (("size", size), ("codec", codec)) if value is not None}
        self._ask({"do": "reopen", "path": path, "changes": changes})

    def refuse(self, path: str, status: Literal[401, 403, 404, 453, 503] | None) -> None:
        """Answer everyone who newly wants to see the camera with this status, until called with None."""
        self._ask({"do": "refuse", "path": path, "status": status})

    def down(self) -> None:
        """All cameras are gone; connections are refused. The port stays reserved."""
        self._ask({"do": "down"})

    def up(self) -> None:
        """All cameras are back and send."""
        self._ask({"do": "up"})

    def _ask(self, command: dict[str, object]) -> dict[str, object]:
        with self._lock:
            server = self._server
            if server is None or server.stdin is None:
                raise RuntimeError("the simulated cameras are not started")
            try:
                server.stdin.write(json.dumps(command).encode() + b"\n")
                server.stdin.flush()
            except OSError as error:
                raise RuntimeError(f"the simulated cameras have ended, see {self._folder}/*.log") from error
            answer = json.loads(self._read_line(server))
        if not isinstance(answer, dict) or "error" in answer:
            raise RuntimeError(f"simulated cameras, {command.get('do', 'start')}: {answer}; see {self._folder}/*.log")
        return answer

    def _read_line(self, server: subprocess.Popen[bytes]) -> bytes:
        assert server.stdout is not None
        deadline_s = time.monotonic() + _ANSWER_LIMIT_S
        with selectors.DefaultSelector() as selector:
            selector.register(server.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(deadline_s - time.monotonic()):
                    raise RuntimeError(f"the simulated cameras do not answer, see {self._folder}/*.log")
                data = os.read(server.stdout.fileno(), 65536)
                if not data:
                    raise RuntimeError(f"the simulated cameras have ended, see {self._folder}/*.log")
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def main(arguments: Sequence[str] | None = None) -> int:
    """Show cameras until SIGINT, SIGTERM or the end of the parent process. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vmstui.live.simulated", description="Simulated RTSP cameras.")
    parser.add_argument("--cameras", type=int, default=2, help="how many")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ffmpeg", default="ffmpeg", help="the ffmpeg that makes the pictures")
    options = parser.parse_args(arguments)
    parent = os.getppid()
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    specs = [CameraSpec(f"cam{number}") for number in range(1, options.cameras + 1)]
    with tempfile.TemporaryDirectory(prefix="vmstui-simulated-") as folder:
        try:
            with SimulatedCameras(options.ffmpeg, Path(folder), specs, options.port) as cameras:
                for spec in specs:
                    print(cameras.url(spec.path), flush=True)
                while os.getppid() == parent and signal.sigtimedwait(stops, 1.0) is None:
                    pass
        except RuntimeError as error:
            print(f"simulated cameras: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
