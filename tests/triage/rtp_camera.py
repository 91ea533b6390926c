"""A camera spoken by hand that sends what it is told, over UDP or TCP: with holes, out of order, another picture in the
middle, and an end of each kind. What it sends was encoded once, so that every run gets the same packets."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S

End = Literal["closed", "reset", "silent", "goes on"]
"""How the stream is over: the connection closed in order, reset, or kept without a word. Or not, but begins anew until
the viewer has enough."""


class Stream(NamedTuple):
    """An encoded stream."""

    sdp: str
    packets: tuple[bytes, ...]


def encoded(folder: Path, *encode: str, size: str = "320x180", seconds: float = 4) -> Stream:
    """A moving picture of ten frames a second as RTP packets."""
    sdp = folder / "stream.sdp"
    packets: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        source = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration={seconds}", *encode)
        # Twenty times as fast as it would be sent, as what comes too fast is lost.
        argv = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-y", "-readrate", "20", *source, "-sdp_file", str(sdp)]
        argv += ["-f", "rtp", f"rtp://127.0.0.1:{receiver.getsockname()[1]}?pkt_size=1200"]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        receiver.settimeout(0.2)
        while True:
            try:
                packets.append(receiver.recv(2048))
            except TimeoutError:
                if process.poll() is not None:
                    break
    assert process.returncode == 0
    text = re.sub(r"m=video \d+", "m=video 0", sdp.read_text(encoding="utf-8")).replace("SDP:\n", "")
    return Stream(text + "a=control:track\r\n", tuple(packet for packet in packets if not 72 <= packet[1] & 127 <= 76))


def after(first: Sequence[bytes], second: Sequence[bytes]) -> tuple[bytes, ...]:
    """The second stream as the camera would go on with it: its numbers and times follow those of the first."""
    number = int.from_bytes(first[-1][2:4], "big")
    time = int.from_bytes(first[-1][4:8], "big") + 9000
    begin = int.from_bytes(second[0][4:8], "big")
    renumbered = [
        packet[:2]
        + struct.pack(">HI", number + 1 + at & 0xFFFF, int.from_bytes(packet[4:8], "big") - begin + time & 0xFFFFFFFF)
        + first[-1][8:12]
        + packet[12:]
        for at, packet in enumerate(second)
    ]
    return (*first, *renumbered)


class RtpCamera:
    """Serves one viewer after the other."""

    def __init__(
        self,
        sdp: str,
        packets: Sequence[bytes],
        *,
        pause_s: float = 0.005,
        end: End = "silent",
        transport: str | None = None,
    ) -> None:
        """`pause_s` is between two packets; `transport` is answered in place of what was asked for."""
        self._sdp = sdp
        self._packets = packets
        self._pause_s = pause_s
        self._end = end
        self._transport = transport
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/x"

    def __enter__(self) -> RtpCamera:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT_S)
        self._listener.close()
        self._udp.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._view(connection)

    def _view(self, connection: socket.socket) -> None:
        connection.settimeout(LIMIT_S)
        unread, client_port = b"", 0
        while data := connection.recv(4096):
            *requests, unread = (unread + data).split(b"\r\n\r\n")
            for request in (raw.decode() for raw in requests):
                number = re.search(r"CSeq: (\d+)", request)
                asked = re.search(r"Transport: ([^\r]*)", request)
                head = f"RTSP/1.0 200 OK\r\nCSeq: {number[1] if number else 1}\r\nSession: 1\r\n"
                body = self._sdp if request.startswith("DESCRIBE") else ""
                if request.startswith("SETUP") and asked:
                    wanted = re.search(r"client_port=(\d+)", asked[1])
                    client_port = int(wanted[1]) if wanted else 0
                    given = self._transport or f"{asked[1]};server_port={self._udp.getsockname()[1]}-1"
                    head += f"Transport: {given}\r\n"
                type_ = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
                connection.sendall(f"{head}{type_}\r\n{body}".encode())
                if request.startswith("TEARDOWN"):
                    return
                if request.startswith("PLAY"):
                    self._send(connection, client_port)
                    if self._end in ("closed", "reset"):
                        return

    def _send(self, connection: socket.socket, client_port: int) -> None:
        packets = tuple(self._packets)
        while True:
            for packet in packets:
                if client_port:
                    self._udp.sendto(packet, ("127.0.0.1", client_port))
                else:
                    connection.sendall(b"$\0" + len(packet).to_bytes(2, "big") + packet)
                if self._over.wait(self._pause_s):
                    return
                if self._end == "goes on" and select.select([connection], [], [], 0)[0]:
                    return
            if self._end != "goes on":
                break
            packets = after(packets, self._packets)[len(packets) :]
        if self._end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
