"""An RTSP server that accepts a publisher and then never reads again, as a live server does that hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class DeafServer:
    """Use it as a context manager; `port` is where it listens."""

    def __enter__(self) -> Self:
        self._listener = socket.socket()
        # What the kernel takes in its stead fills at once, so that the publisher really blocks.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = int(self._listener.getsockname()[1])
        self.deaf = threading.Event()
        """Set once a publisher was accepted."""
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._accept_publisher(connection)

    def _accept_publisher(self, connection: socket.socket) -> None:
        received = b""
        while data := connection.recv(4096):
            received += data
            head, found, rest = received.partition(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            length = int(fields.get(b"Content-Length", b"0"))
            if not found or len(rest) < length:
                continue
            received = rest[length:]
            answer = b"RTSP/1.0 200 OK\r\nSession: 1\r\nCSeq: " + fields[b"CSeq"] + b"\r\n"
            if b"Transport" in fields:
                answer += b"Transport: " + fields[b"Transport"] + b"\r\n"
            connection.sendall(answer + b"\r\n")
            if head.startswith(b"RECORD"):
                self.deaf.set()
                return
