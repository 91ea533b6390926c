"""The process behind simulated cameras: a relay that can misbehave, and one ffmpeg per camera that feeds it.

`simulated.SimulatedCameras` starts it and talks to it in JSON lines: one command per line on stdin, one answer per line
on stdout (`{"ok": true, …}` or `{"error": "…"}`). Passwords come that way too, so no argument list shows them. When
stdin ends, because the parent closed it or died, everything here ends; feeders are killed by the kernel even if this
process is killed first, frozen ones as well.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, cast

from vmstui.live.auth import Credentials
from vmstui.live.listening import bind
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_server import Relay, RelayLimits

_HOST = "127.0.0.1"
_NEVER_S = 1e9
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02
_COMMAND_LIMIT_S = 30.0
_MAX_LINE_BYTES = 1024 * 1024


class CameraDict(TypedDict):
    """A camera as it comes over stdin; the fields of `simulated.CameraSpec`."""

    path: str
    codec: str
    size: list[int]
    fps: int
    bitrate_bps: int
    gop_s: float
    audio: bool
    username: str | None
    password: str | None
    scheme: str
    connections: int | None
    loop_s: int


class _SimulatedRelay(Relay):
    """A relay whose every path asks for its own password, and refuses players when told to."""

    def __init__(self, cameras: dict[str, CameraDict]) -> None:
        # a frozen camera stays connected, however long it sends nothing
        super().__init__(RelayLog(), limits=RelayLimits(publisher_silence_s=_NEVER_S, takeover_silence_s=_NEVER_S))
        self.refusals: dict[str, int] = {}
        self._cameras = cameras

    def refusal(self, path: str) -> int | None:
        camera, known = self._cameras.get(path), self.paths.get(path)
        most = camera["connections"] if camera is not None else None
        if most is not None and known is not None and known.stats().readers >= most:
            return 453  # Not Enough Bandwidth: what cameras say when all their sessions are taken
        return self.refusals.get(path)

    def credentials_for(self, path: str, *, loopback: bool) -> Credentials | None:
        camera = self._cameras.get(path)
        if camera is None or camera["username"] is None:
            return None
        return Credentials(camera["username"], camera["password"] or "")

    def schemes(self, path: str) -> tuple[str, ...]:
        camera = self._cameras.get(path)
        return (camera["scheme"] if camera else "digest",)


class _Cameras:
    """What the commands act on."""

    def __init__(self, ffmpeg: str, folder: Path, cameras: list[CameraDict], port: int) -> None:
        self._ffmpeg = ffmpeg
        self._folder = folder
        self._cameras = {camera["path"]: camera for camera in cameras}
        self._relay = _SimulatedRelay(self._cameras)
        self._socket = bind(_HOST, port)
        self.port = int(self._socket.getsockname()[1])
        self._feeders: dict[str, subprocess.Popen[bytes]] = {}

    async def up(self) -> None:
        """Serve, feed every camera, and come back when all of them send."""
        await self._relay.start(self._socket)
        for camera in self._cameras.values():
            if camera["loop_s"]:
                await self._encode(camera)
        for path in self._cameras:
            self._feed(path)
        for path in self._cameras:
            await self._sending(path)

    async def down(self) -> None:
        """Refuse connections. The port stays ours: bound, not listening."""
        for path in tuple(self._feeders):
            self._stop_feeding(path)
        await self._relay.stop()
        self._socket = bind(_HOST, self.port, listening=False)

    async def close(self, path: str) -> None:
        """The camera's stream ends; its readers are closed."""
        self._stop_feeding(path)
        await _until(lambda: self._relay.paths[path].publisher is None)

    async def reopen(self, path: str, changes: dict[str, object]) -> None:
        """The stream comes back, other than it was if `changes` says so."""
        await self.close(path)
        self._cameras[path] = cast(CameraDict, {**self._cameras[path], **changes})
        if self._cameras[path]["loop_s"]:
            await self._encode(self._cameras[path])
        self._feed(path)
        await self._sending(path)

    def refuse(self, path: str, status: int | None) -> None:
        """Answer this status to everyone who wants to see the camera; None: be kind again."""
        self._relay.refusals.pop(path, None)
        if status is not None:
            self._relay.refusals[path] = status

    def signal(self, path: str, number: signal.Signals) -> None:
        """Freeze or thaw the feeder."""
        self._feeders[path].send_signal(number)

    def kill_feeders(self) -> None:
        """The end."""
        for path in tuple(self._feeders):
            self._stop_feeding(path)

    async def _encode(self, camera: CameraDict) -> None:
        """What it sends again and again; cameras that are alike share it."""
        loop = self._loop_of(camera)
        if loop.exists():
            return
        part = loop.with_suffix(".part.ts")
        with (self._folder / "loops.log").open("ab") as log:
            encoder = await asyncio.create_subprocess_exec(
                *loop_argv(self._ffmpeg, camera, part),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
            if await encoder.wait():
                raise RuntimeError(f"the ffmpeg that encodes {loop.name} ended with {encoder.returncode}")
        part.rename(loop)

    def _loop_of(self, camera: CameraDict) -> Path:
        width, height = camera["size"]
        about = (camera["codec"], f"{width}x{height}", camera["fps"], camera["bitrate_bps"], camera["gop_s"])
        return self._folder / f"loop_{'_'.join(map(str, about))}_{camera['loop_s']}s.ts"

    def _feed(self, path: str) -> None:
        camera, url = self._cameras[path], f"rtsp://{_HOST}:{self.port}/{path}"
        if camera["loop_s"]:
            argv = player_argv(self._ffmpeg, self._loop_of(camera), url)
        else:
            argv = feeder_argv(self._ffmpeg, camera, url)
        with (self._folder / f"{path.replace('/', '_')}.log").open("ab") as log:
            self._feeders[path] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )

    def _stop_feeding(self, path: str) -> None:
        feeder = self._feeders.pop(path, None)
        if feeder is not None:
            feeder.kill()
            feeder.wait()

    async def _sending(self, path: str) -> None:
        known = self._relay.paths.get(path)
        before = known.stats().packets_in if known else 0

        def sends() -> bool:
            if self._feeders[path].poll() is not None:
                raise RuntimeError(f"the ffmpeg that feeds {path} ended with {self._feeders[path].returncode}")
            now = self._relay.paths.get(path)
            return now is not None and now.live and now.stats().packets_in > before

        await _until(sends)


async def _until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(_POLL_S)


def feeder_argv(ffmpeg: str, camera: CameraDict, url: str) -> list[str]:
    """The ffmpeg that plays a camera: a moving test picture in real time, at little cost."""
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-re", *_picture(camera)]
    if camera["audio"]:
        argv += ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000", "-c:a", "pcm_alaw"]
    return [*argv, *_encoding(camera), *_to_relay(url)]


def loop_argv(ffmpeg: str, camera: CameraDict, loop: Path) -> list[str]:
    """The ffmpeg that encodes what is sent again and again, as fast as it can, out of the way of all else."""
    argv = ["nice", "-n", "19", ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", *_picture(camera)]
    return [*argv, *_encoding(camera), "-t", str(camera["loop_s"]), "-y", str(loop)]


def player_argv(ffmpeg: str, loop: Path, url: str) -> list[str]:
    """The ffmpeg that sends it in real time."""
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1"]
    return [*argv, "-i", str(loop), "-c", "copy", *_to_relay(url)]


def _picture(camera: CameraDict) -> list[str]:
    width, height = camera["size"]
    return ["-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate={camera['fps']}"]


def _encoding(camera: CameraDict) -> list[str]:
    gop = str(max(1, round(camera["fps"] * camera["gop_s"])))
    bitrate = str(camera["bitrate_bps"])
    argv = ["-c:v", "libx264", "-threads", "1", "-g", gop, "-keyint_min", gop, "-sc_threshold", "0"]
    if camera["codec"] == "h265":
        argv = ["-c:v", "libx265", "-x265-params", f"log-level=error:pools=1:keyint={gop}:min-keyint={gop}:scenecut=0"]
    argv += ["-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
    return [*argv, "-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate]


def _to_relay(url: str) -> list[str]:
    # cameras repeat their parameter sets in the stream, not only in the description
    return ["-bsf:v", "dump_extra=freq=keyframe", "-f", "rtsp", "-rtsp_transport", "tcp", url]


def _die_with_parent() -> None:
    """In the child before exec: SIGKILL when the parent ends (prctl(2)); it ends stopped processes too."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)


async def _obey(cameras: _Cameras, command: dict[str, object]) -> None:
    path, what = str(command.get("path", "")), command["do"]
    if what == "up":
        await cameras.up()
    elif what == "down":
        await cameras.down()
    elif what == "close":
        await cameras.close(path)
    elif what == "reopen":
        await cameras.reopen(path, cast(dict[str, object], command["changes"]))
    elif what == "refuse":
        cameras.refuse(path, cast("int | None", command["status"]))
    elif what == "freeze":
        cameras.signal(path, signal.SIGSTOP)
    elif what == "thaw":
        cameras.signal(path, signal.SIGCONT)
    else:
        raise RuntimeError(f"no such command: {what}")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=_MAX_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    first = json.loads(await commands.readline())
    cameras = _Cameras(first["ffmpeg"], Path(first["folder"]), first["cameras"], first["port"])
    try:
        print(json.dumps({"ok": True, "port": cameras.port}), flush=True)
        while line := await commands.readline():
            try:
                async with asyncio.timeout(_COMMAND_LIMIT_S):
                    await _obey(cameras, json.loads(line))
            except (RuntimeError, OSError, KeyError, TimeoutError) as error:
                print(json.dumps({"error": repr(error)}), flush=True)
            else:
                print(json.dumps({"ok": True}), flush=True)
    finally:
        cameras.kill_feeders()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then closes stdin
    asyncio.run(_serve())
