"""A control socket that answers as a test says: for commands that ask a recorder."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vmstui.codec import Json, to_json
from vmstui.control import protocol
from vmstui.control.errors import RecorderError
from vmstui.control.protocol import METHOD_NOT_FOUND, REFUSED

Method = Callable[[Mapping[str, Json]], object]


class Answering:
    """What was asked, in order; `methods` give what they are to be answered with, or raise RecorderError; with
    ConnectionError it hangs up."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self.methods = methods
        self.asked: list[tuple[str, Mapping[str, Json]]] = []

    def params(self, method: str) -> Mapping[str, Json]:
        """Of the last question of that kind."""
        return next(params for name, params in reversed(self.asked) if name == method)

    def answer(self, line: bytes) -> bytes:
        request = protocol.parse_request(line)
        self.asked.append((request.method, request.params))
        method = self.methods.get(request.method)
        if method is None:
            return protocol.error_line(request.id, METHOD_NOT_FOUND, f"unknown method {request.method!r}")
        try:
            return protocol.result_line(request.id, to_json(method(request.params)))
        except RecorderError as error:
            return protocol.error_line(request.id, REFUSED, str(error))


@contextlib.contextmanager
def answering(runtime: Path, methods: Mapping[str, Method]) -> Iterator[Answering]:
    """Serves in a thread at `control.sock` of that folder, one client after the other."""
    runtime.mkdir(parents=True, exist_ok=True)
    recorder = Answering(methods)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(runtime / "control.sock"))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, client.makefile("rb") as stream, contextlib.suppress(ConnectionError):
                        if line := stream.readline():
                            client.sendall(recorder.answer(line))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
