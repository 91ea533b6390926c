"""RTSP/1.0 messages as data (RFC 2326): parse, serialise, and an incremental reader of a byte stream. Pure, no I/O.

Everything a peer sends passes through `MessageReader`, so this file holds the bounds that keep a hostile or broken peer
cheap: 16 KiB of headers, 256 KiB of body, 64 KiB per interleaved frame (by its format). What breaks them raises
`ProtocolError`, after which the connection is of no more use. The client, the relay and the simulated cameras call it.

Header text is kept as Latin-1, which maps every byte to one character and back, so that what is signed by Digest stays
exactly what was sent. Pass it through `shown` before a person reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vmstui.light_dataclass import dataclass

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 256 * 1024
FRAME_MARK = 0x24
"""`$`, the first byte of an interleaved frame (RFC 2326, 10.12)."""

REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}\Z")
_BREAK = re.compile(r"[\r\n\x00]")
_HEADERS_END = re.compile(rb"\r?\n\r?\n")


class ProtocolError(ValueError):
    """What a peer sent is not RTSP, or larger than RTSP messages are. The text is fit to be shown."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Header lines in their order; names compare without case."""

    items: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The value of the first line of that name."""
        return next((value for key, value in self.items if key.lower() == name.lower()), default)

    def get_all(self, name: str) -> tuple[str, ...]:
        """The values of all lines of that name; `WWW-Authenticate` comes once per scheme."""
        return tuple(value for key, value in self.items if key.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks. The body's length is not among the headers: `to_bytes` adds it, the reader checks it."""

    method: str
    url: str
    headers: Headers = Headers()
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """As it goes over the wire. Raises ValueError for text that would break out of its line."""
        return _serialise(f"{self.method} {self.url} RTSP/1.0", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answers."""

    status: int
    headers: Headers = Headers()
    body: bytes = b""
    reason: str = ""

    def to_bytes(self) -> bytes:
        """As it goes over the wire. Raises ValueError for text that would break out of its line."""
        reason = self.reason or REASONS.get(self.status, "Unknown")
        return _serialise(f"RTSP/1.0 {self.status} {reason}", self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Frames:
    """A run of whole interleaved frames that arrived together: `$`, channel, 16 bit length, payload, and so on.

    They stay in one block because the relay mostly forwards them just so.
    """

    block: bytes
    ends: tuple[int, ...]
    """Where each frame ends in `block`; the first one begins at 0."""


class MessageReader:
    """Makes messages and frames of the bytes a peer sends, in whatever pieces they arrive.

    After a ProtocolError it stays broken: there is no way to find the next message.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._head: tuple[str, Headers, int] | None = None

    def feed(self, data: bytes) -> Iterator[Request | Response | Frames]:
        """Take in bytes and give what is complete by now. Raises ProtocolError, after the good messages before it."""
        self._buffer += data
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> Request | Response | Frames | None:
        if self._head is None:
            if self._buffer.startswith((b"\r", b"\n")):  # some peers end a body with one line break too many
                del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
            if not self._buffer:
                return None
            if self._buffer[0] == FRAME_MARK:
                return self._take_frames()
            self._head = self._take_head()
            if self._head is None:
                return None
        start_line, headers, length = self._head
        if len(self._buffer) < length:
            return None
        body = bytes(memoryview(self._buffer)[:length])
        del self._buffer[:length]
        self._head = None
        return _message(start_line, headers, body)

    def _take_frames(self) -> Frames | None:
        buffer, size, position = self._buffer, len(self._buffer), 0
        ends: list[int] = []
        while size - position >= 4 and buffer[position] == FRAME_MARK:
            end = position + 4 + (buffer[position + 2] << 8 | buffer[position + 3])
            if end > size:
                break
            ends.append(end)
            position = end
        if not ends:
            return None
        block = bytes(memoryview(buffer)[:position])
        del buffer[:position]
        return Frames(block, tuple(ends))

    def _take_head(self) -> tuple[str, Headers, int] | None:
        found = _HEADERS_END.search(self._buffer, max(0, self._scanned - 3))
        size = found.end() if found else len(self._buffer)
        if size > MAX_HEADER_BYTES:
            raise ProtocolError(f"not an RTSP message: more than {MAX_HEADER_BYTES // 1024} KiB of headers")
        if found is None:
            self._scanned = size
            return None
        text = bytes(self._buffer[: found.start()]).decode("latin-1")
        del self._buffer[:size]
        self._scanned = 0
        start_line, *lines = text.replace("\r\n", "\n").split("\n")
        headers = parse_headers(lines)
        return start_line, headers, _body_length(headers)


def parse_headers(lines: Iterable[str]) -> Headers:
    """Header lines as `Headers`; a line that begins with a blank goes on where the one before ended."""
    items: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and items:
            name, value = items[-1]
            items[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not _TOKEN.match(name.strip()):
            raise ProtocolError(f"not an RTSP header line: {shown(line)}")
        items.append((name.strip(), value.strip()))
    return Headers(tuple(items))


def shown(text: str, limit: int = 120) -> str:
    """Text of a peer on one short line, fit for a log or a screen: what does not print becomes `?`.

    `str.isprintable` is false for control and bidirectional characters, surrogates and line separators.
    """
    short = text[:limit] + ("…" if len(text) > limit else "")
    return "".join(character if character.isprintable() else "?" for character in short)


def _body_length(headers: Headers) -> int:
    text = headers.get("Content-Length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ProtocolError(f"Content-Length is not a number: {shown(text)}")
    if int(text) > MAX_BODY_BYTES:
        raise ProtocolError(f"a body of {int(text)} bytes, at most {MAX_BODY_BYTES} are taken")
    return int(text)


def _message(start_line: str, headers: Headers, body: bytes) -> Request | Response:
    parts = start_line.split(" ", 2)
    if len(parts) == 3 and parts[0] == "RTSP/1.0" and re.fullmatch(r"[1-9][0-9]{2}", parts[1]):
        return Response(int(parts[1]), headers, body, parts[2])
    if len(parts) == 2 and parts[0] == "RTSP/1.0" and re.fullmatch(r"[1-9][0-9]{2}", parts[1]):
        return Response(int(parts[1]), headers, body)
    if len(parts) == 3 and _TOKEN.match(parts[0]) and parts[1] and parts[2] == "RTSP/1.0":
        return Request(parts[0], parts[1], headers, body)
    raise ProtocolError(f"not RTSP/1.0: {shown(start_line)}")


def _serialise(start_line: str, headers: Headers, body: bytes) -> bytes:
    items = [(name, value) for name, value in headers.items if name.lower() != "content-length"]
    if body:
        items.append(("Content-Length", str(len(body))))
    lines = [start_line, *(f"{name}: {value}" for name, value in items)]
    for line in lines:
        if _BREAK.search(line):
            raise ValueError(f"line break inside an RTSP header: {shown(line)}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + body
