"""What the tests of live streams share: a relay process, a bare RTSP client that sees every packet, ffmpeg runs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg

from vmstui.live.listening import bind
from vmstui.live.messages import Frames, Headers, MessageReader, Request, Response
from vmstui.live.relay_frames import frame_ends
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_server import Relay, RelayLimits

EMBEDDED_FFMPEG: str = imageio_ffmpeg.get_ffmpeg_exe()
LIMIT_S = 30.0
"""How long anything may take on a loaded machine before a test fails."""
H264_SDP = b"v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n"


class BareClient:
    """One RTSP connection, spoken by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self.reader = reader
        self.writer = writer
        self._messages = MessageReader()
        self._base = f"rtsp://127.0.0.1:{port}"
        self._number = 0
        self._frames: list[bytes] = []

    @classmethod
    async def connect(cls, port: int) -> BareClient:
        return cls(*await asyncio.open_connection("127.0.0.1", port), port)

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
        self._number += 1
        items = (("CSeq", str(self._number)), *(headers or {}).items())
        self.writer.write(Request(method, f"{self._base}/{path}", Headers(items), body).to_bytes())
        async with asyncio.timeout(LIMIT_S):
            while True:
                for item in self._messages.feed(await self._read()):
                    if isinstance(item, Response):
                        return item
                    self._keep(item)

    async def announce(self, path: str, sdp: bytes = H264_SDP) -> Response:
        return await self.ask("ANNOUNCE", path, {"Content-Type": "application/sdp"}, sdp)

    async def publish(self, path: str) -> None:
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"}
        assert (await self.announce(path)).status == 200
        assert (await self.ask("SETUP", f"{path}/streamid=0", transport)).status == 200
        assert (await self.ask("RECORD", path)).status == 200

    async def play(self, path: str) -> Response:
        assert (await self.ask("DESCRIBE", path)).status == 200
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        assert (await self.ask("SETUP", f"{path}/trackID=0", transport)).status == 200
        response = await self.ask("PLAY", path)
        assert response.status == 200
        return response

    async def send(self, sequence: int, *, key: bool = False, size_bytes: int = 20) -> None:
        """One RTP packet; every one is an access unit of its own."""
        payload = (b"\x65" if key else b"\x41") + bytes(size_bytes)
        packet = b"\x80\x60" + (sequence % 65536).to_bytes(2, "big") + sequence.to_bytes(4, "big") + b"SSRC" + payload
        self.writer.write(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
        await self.writer.drain()

    async def packet(self) -> bytes:
        """The next interleaved frame."""
        async with asyncio.timeout(LIMIT_S):
            while not self._frames:
                for item in self._messages.feed(await self._read()):
                    self._keep(item)
        return self._frames.pop(0)

    async def sequence(self) -> int:
        """RTP sequence number of the next frame."""
        return int.from_bytes((await self.packet())[6:8], "big")

    async def closed(self) -> bool:
        """Wait for the server to end the connection."""
        async with asyncio.timeout(LIMIT_S):
            with contextlib.suppress(ConnectionError):
                while await self.reader.read(65536):
                    pass
        return True

    def close(self) -> None:
        self.writer.close()

    async def _read(self) -> bytes:
        data = await self.reader.read(65536)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data

    def _keep(self, item: Request | Response | Frames) -> None:
        if isinstance(item, Frames):
            starts = (0, *frame_ends(item.block)[:-1])
            self._frames += [item.block[start:end] for start, end in zip(starts, item.ends, strict=True)]


@contextlib.asynccontextmanager
async def relay_in_process(limits: RelayLimits) -> AsyncIterator[tuple[Relay, int]]:
    """A relay with other limits than the product's, and its port."""
    relay, listener = Relay(RelayLog(), limits=limits), bind("127.0.0.1", 0)
    await relay.start(listener)
    try:
        yield relay, listener.getsockname()[1]
    finally:
        await relay.stop()


class RelayProcess:
    """`python -m vmstui.live.relay`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log_path = folder / "relay.log"
        with self.log_path.open("ab") as log:
            command = [sys.executable, "-m", "vmstui.live.relay", *arguments]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextlib.contextmanager
def relay_process(folder: Path) -> Iterator[tuple[RelayProcess, int]]:
    """A relay on a free port, and that port."""
    port_file = folder / "port"
    relay = RelayProcess(folder, "--port", "0", "--port-file", str(port_file))
    try:
        wait_until(lambda: port_file.exists() and "listens" in relay.log)
        yield relay, int(port_file.read_text(encoding="ascii"))
    finally:
        relay.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll a callable until it is true."""
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to be"
        time.sleep(0.02)


@contextlib.contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of our own, ended however the test ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def picture_argv(
    ffmpeg: str, url: str, *, gop: int = 10, codec: str = "libx264", size: str = "320x180", extra: Sequence[str] = ()
) -> list[str]:
    """An ffmpeg that publishes a small moving picture in real time."""
    source = ["-re", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10"]
    encode = ["-c:v", codec, "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(gop), "-pix_fmt", "yuv420p"]
    output = list(extra) or ["-f", "rtsp", "-rtsp_transport", "tcp"]
    return [ffmpeg, "-nostdin", "-v", "error", *source, *encode, *output, url]


def decode(ffmpeg: str, url: str, frames: int) -> subprocess.CompletedProcess[str]:
    """Decode so many frames; `stderr` holds every complaint."""
    command = [ffmpeg, "-nostdin", "-v", "warning", "-rtsp_transport", "tcp", "-i", url]
    command += ["-frames:v", str(frames), "-f", "framecrc", "-"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
