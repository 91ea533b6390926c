"""A small RTSP client: asks a camera what it sends (`describe`), a relay how it is (`StatsClient`).

The recorder calls `describe` before it starts a worker, to know the camera's codec and to refuse early and with a clear
sentence. It opens no media session, so it costs a camera no streaming slot. The password is sent (as a Digest answer,
or as Basic where a camera knows nothing better) at most once per call: a camera that refuses it is not asked again.
Certificates of `rtsps://` are not verified: cameras sign their own.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import secrets
import socket
import sys
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from vmstui import openssl
from vmstui.light_dataclass import dataclass
from vmstui.live import auth, sdp, stats
from vmstui.live.messages import Frames, Headers, MessageReader, ProtocolError, Request, Response, shown
from vmstui.live.stats import RelayStats

if TYPE_CHECKING:
    import ssl

_READ_BYTES = 64 * 1024
_MAX_REPLY_BYTES = 1024 * 1024
"""All that is read while waiting for one answer, interleaved frames of a confused server included."""

_URL_CHARACTERS = "/?%:@!$&'()*+,;=~-._[]"
"""What stays as it is in the path and query of a request; all else is percent-encoded."""


class ProbeErrorKind(StrEnum):
    """Why a server did not answer as asked."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RESOLVE = "resolve"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    PROTOCOL = "protocol"
    TLS = "tls"
    NO_VIDEO = "no_video"
    """It answers, and sends none."""


class ProbeError(Exception):
    """A probe that failed; `str` is one sentence for a person, without credentials."""

    def __init__(self, kind: ProbeErrorKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Description:
    """What a server offers at an address."""

    codec: str
    """Of the first video track: `h264`, `h265`, another name, or `` when there is no video."""
    media: tuple[sdp.Media, ...]
    server: str
    """What the server calls itself, fit to be shown; often empty."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask, and for what."""

    host: str
    port: int
    tls: bool
    request_url: str
    """The address as it is asked for: no credentials, ASCII."""
    credentials: auth.Credentials | None

    @property
    def where(self) -> str:
        return shown(f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to a server; one question at a time."""

    where: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    messages: MessageReader

    async def ask(self, request: Request) -> Response:
        """Send a request and wait for its answer; what comes after it stays in `messages`."""
        self.writer.write(request.to_bytes())
        await self.writer.drain()
        taken = 0
        while data := await self.reader.read(_READ_BYTES):
            taken += len(data)
            for item in self.messages.feed(data):
                if isinstance(item, Response) and item.status >= 200:
                    return item
                if isinstance(item, (Request, Frames)):
                    continue  # a server may announce things or send left-over media; neither is the answer
            if taken > _MAX_REPLY_BYTES:
                raise ProtocolError("much data, but no answer")
        raise ProtocolError("it closed the connection without an answer")


async def describe(url: str, username: str | None, password: str | None, timeout_s: float) -> Description:
    """Ask what a camera sends. `timeout_s` bounds the whole call. Raises ProbeError."""
    address = parse_address(url, username, password)
    try:
        async with asyncio.timeout(timeout_s):
            return await _describe(address)
    except (TimeoutError, OSError, ProtocolError) as error:
        raise probe_error(error, address.where, timeout_s) from error


class StatsClient:
    """Asks the embedded relay how it and its streams are, again and again over one connection, which is made when it is
    needed. Only this user's relay on this machine answers."""

    def __init__(self, host: str, port: int) -> None:
        url = f"rtsp://{f'[{host}]' if ':' in host else host}:{port}/"
        self._address = Address(host, port, False, url, None)
        headers = Headers((("CSeq", "1"), ("Content-Type", "text/parameters")))
        self._request = Request("GET_PARAMETER", url, headers, stats.STATS_PARAMETER)
        self._connection: Connection | None = None

    async def ask(self, timeout_s: float) -> RelayStats:
        """One question. Raises ProbeError: REFUSED when there is no relay, TIMEOUT when it hangs, PROTOCOL when it is
        something else."""
        answered = False
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._ask()
            if response.status != 200:
                raise refusal(response, self._address, answered=False)
            found = stats.decode(response.body)
            answered = True
            return found
        except (TimeoutError, OSError, ProtocolError) as error:
            raise probe_error(error, self._address.where, timeout_s) from error
        except ValueError as error:
            text = f"{self._address.where} is not vmstui's relay: {shown(str(error))}"
            raise ProbeError(ProbeErrorKind.PROTOCOL, text) from error
        finally:
            if not answered:  # nor is a late answer to be taken for that to the next question
                self.close()

    def close(self) -> None:
        """End the connection. May be called twice."""
        if self._connection is not None:
            self._connection.writer.close()
            self._connection = None

    async def _ask(self) -> Response:
        if self._connection is not None:
            try:
                return await self._connection.ask(self._request)
            except (OSError, ProtocolError):  # the relay is another one since, or has dropped us while we were frozen
                self.close()
        self._connection = await connect(self._address)
        return await self._connection.ask(self._request)


async def poll_stats(host: str, port: int, timeout_s: float) -> RelayStats:
    """One question to a relay. Raises ProbeError as `StatsClient.ask` does."""
    client = StatsClient(host, port)
    try:
        return await client.ask(timeout_s)
    finally:
        client.close()


async def _describe(address: Address) -> Description:
    connection = await connect(address)
    try:
        response = await connection.ask(_describe_request(address, 1, None))
        answered = False
        if response.status == 401 and address.credentials is not None:
            challenges = auth.parse_challenges(response.headers.get_all("WWW-Authenticate"))
            authorization = auth.answer(
                challenges, address.credentials, "DESCRIBE", address.request_url, secrets.token_hex(8)
            )
            if authorization is None:
                text = f"{address.where} asks for a log-in that ffmpeg cannot give (neither Digest with MD5 nor Basic)"
                raise ProbeError(ProbeErrorKind.AUTH, text)
            answered = True
            response = await connection.ask(_describe_request(address, 2, authorization))
    finally:
        connection.writer.close()
    if response.status != 200:
        raise refusal(response, address, answered)
    session = sdp.parse(response.body)
    if not session.media:
        raise ProtocolError("its description holds no media")
    video = session.video
    server = shown(response.headers.get("Server"))
    return Description(video.codec if video else "", session.media, server)


def _describe_request(address: Address, number: int, authorization: str | None) -> Request:
    items = [("CSeq", str(number)), ("User-Agent", "vmstui"), ("Accept", "application/sdp")]
    if authorization:
        items.append(("Authorization", authorization))
    return Request("DESCRIBE", address.request_url, Headers(tuple(items)))


async def connect(address: Address) -> Connection:
    """Connect to the first address of the host that takes it. Raises what the last one raised."""
    loop = asyncio.get_running_loop()
    host: str | bytes = address.host
    if address.host.isascii():
        host = address.host.encode()  # a text would be taken through tables of Unicode, which take 400 kB to do nothing
    found = await loop.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)
    if address.tls and "ssl" not in sys.modules:
        await asyncio.to_thread(importlib.import_module, "ssl")  # takes tens of milliseconds, on a busy machine more
    failure: OSError = OSError(errno.EHOSTUNREACH, "no address")
    for _, _, _, _, sockaddr in found:
        try:
            reader, writer = await asyncio.open_connection(
                str(sockaddr[0]),
                address.port,
                ssl=_tls_context() if address.tls else None,
                server_hostname=address.host if address.tls else None,
            )
        except OSError as error:
            failure = error
            continue
        return Connection(address.where, reader, writer, MessageReader())
    raise failure


def _tls_context() -> ssl.SSLContext:
    """As lenient as cameras need it: own certificates, old protocol versions, short keys."""
    import ssl  # for the few cameras that speak it

    context = openssl.new_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def _ascii_name(host: str) -> str:
    """As it goes over the wire. Raises ValueError for what can be no name."""
    if host.isascii() and all(0 < len(label) < 64 for label in host.split(".")):
        return host
    return host.encode("idna").decode("ascii")


def parse_address(url: str, username: str | None, password: str | None) -> Address:
    """Raises ProbeError for what is no RTSP address. Credentials that are given go before those in the address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        ascii_host = f"[{host}]" if ":" in (host or "") else _ascii_name(host or "")
    except ValueError as error:
        text = "the camera's address is not a URL: its host or port is wrong"
        raise ProbeError(ProbeErrorKind.PROTOCOL, text) from error
    if parts.scheme not in ("rtsp", "rtsps") or not host:
        raise ProbeError(ProbeErrorKind.PROTOCOL, "the camera's address is not an rtsp:// or rtsps:// URL with a host")
    tls = parts.scheme == "rtsps"
    if username is None and parts.username is not None:
        username, password = unquote(parts.username), unquote(parts.password or "")
    credentials = auth.Credentials(username, password or "") if username is not None else None
    target = quote(f"{parts.path}?{parts.query}" if parts.query else parts.path, safe=_URL_CHARACTERS)
    authority = ascii_host if port is None else f"{ascii_host}:{port}"
    return Address(host, port or (322 if tls else 554), tls, f"{parts.scheme}://{authority}{target}", credentials)


def refusal(response: Response, address: Address, answered: bool) -> ProbeError:
    """What an answer other than 200 means; `answered`: it was given to a request with a login."""
    where, status = address.where, response.status
    if status == 401 and answered:
        return ProbeError(ProbeErrorKind.AUTH, f"{where} refused the user name or password (401)")
    if status == 401:
        text = f"{where} asks for a user name and password, and none is configured (401)"
        return ProbeError(ProbeErrorKind.AUTH, text)
    if status == 403:
        return ProbeError(ProbeErrorKind.AUTH, f"{where} does not allow this user to see the stream (403)")
    if status == 404:
        return ProbeError(ProbeErrorKind.NOT_FOUND, f"{where} has no stream at this path (404)")
    if status in (453, 503):
        return ProbeError(ProbeErrorKind.BUSY, f"{where} is busy: it takes no more viewers now ({status})")
    return ProbeError(ProbeErrorKind.PROTOCOL, f"{where} answered {status} {shown(response.reason)}".rstrip())


def probe_error(error: TimeoutError | OSError | ProtocolError, where: str, timeout_s: float) -> ProbeError:
    """What a failed connection means."""
    if isinstance(error, ProtocolError):
        return ProbeError(ProbeErrorKind.PROTOCOL, f"{where} does not speak RTSP as expected: {error}")
    if (reason := openssl.reason_of(error) if isinstance(error, OSError) else None) is not None:
        return ProbeError(ProbeErrorKind.TLS, f"no TLS connection with {where}: {shown(reason)}")
    if isinstance(error, socket.gaierror):
        return ProbeError(ProbeErrorKind.RESOLVE, f"the name in {where} has no address: {error.strerror}")
    if isinstance(error, ConnectionRefusedError):
        return ProbeError(ProbeErrorKind.REFUSED, f"{where} refused the connection: nothing listens there")
    if isinstance(error, TimeoutError):
        return ProbeError(ProbeErrorKind.TIMEOUT, f"{where} did not answer within {timeout_s:g} s")
    if isinstance(error, ConnectionError):
        return ProbeError(ProbeErrorKind.PROTOCOL, f"{where} closed the connection before it answered")
    return ProbeError(ProbeErrorKind.UNREACHABLE, f"{where} is not reachable: {error.strerror or shown(str(error))}")
