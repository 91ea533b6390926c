"""What a person is told about a camera that cannot be reached or makes no sense; servers here are faked by hand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.integration.live_support import LIMIT_S
from tests.peers import require
from vmstui.live.client import ProbeError, ProbeErrorKind, describe, poll_stats

_SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
_OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Cam\x1b[2J 1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(_SDP), _SDP)
_Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def _server(handler: _Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _answers(*answers: bytes, seen: list[bytes] | None = None) -> _Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            request = await reader.readuntil(b"\r\n\r\n")
            if seen is not None:
                seen.append(request)
            writer.write(answer)
            await writer.drain()
        await reader.read()

    return handler


async def _failure(
    url: str, username: str | None = None, password: str | None = None, timeout_s: float = LIMIT_S
) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        await describe(url, username, password, timeout_s)
    text = str(caught.value)
    assert text.isprintable()
    assert "s3cret" not in text
    return caught.value


async def test_a_server_that_speaks_sense_is_described_with_its_name_made_harmless() -> None:
    async with _server(_answers(_OK)) as port:
        description = await describe(f"rtsp://127.0.0.1:{port}/x", None, None, LIMIT_S)
    assert (description.codec, description.server) == ("h264", "Cam?[2J 1.0")


async def test_left_over_media_requests_and_provisional_answers_before_the_answer_are_passed_over() -> None:
    before = b"$\x00\x00\x03abcRTSP/1.0 100 Continue\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n$\x00\x00\x00"
    async with _server(_answers(before + _OK)) as port:
        assert (await describe(f"rtsp://127.0.0.1:{port}/x", None, None, LIMIT_S)).codec == "h264"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProbeErrorKind.PROTOCOL, "does not speak RTSP as expected: not RTSP/1.0"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ProbeErrorKind.PROTOCOL, "not RTSP/1.0"),
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", ProbeErrorKind.PROTOCOL, "holds no media"),
        (b"RTSP/1.0 302 Found\r\n\r\n", ProbeErrorKind.PROTOCOL, "answered 302 Found"),
        (b"RTSP/1.0 500 \x1b]0;owned\x07\r\n\r\n", ProbeErrorKind.PROTOCOL, "answered 500 ?]0;owned?"),
        (b"RTSP/1.0 403 Forbidden\r\n\r\n", ProbeErrorKind.AUTH, "does not allow this user"),
        (b"RTSP/1.0 503 Service Unavailable\r\n\r\n", ProbeErrorKind.BUSY, "takes no more viewers now (503)"),
        (b"RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n", ProbeErrorKind.BUSY, "takes no more viewers now (453)"),
        (b"RTSP/1.0 404 Not Found\r\n\r\n", ProbeErrorKind.NOT_FOUND, "no stream at this path"),
        (b"$\x00\xff\xff" + bytes(65535), ProbeErrorKind.PROTOCOL, "without an answer"),
        (b"A" * 100_000, ProbeErrorKind.PROTOCOL, "16 KiB of headers"),
    ],
)
async def test_every_answer_has_its_kind_and_sentence(answer: bytes, kind: ProbeErrorKind, text: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with _server(handler) as port:
        error = await _failure(f"rtsp://127.0.0.1:{port}/x")
    assert error.kind is kind
    assert text in str(error)


async def test_endless_media_instead_of_an_answer_is_given_up() -> None:
    async with _server(_answers((b"$\x00\xff\xff" + bytes(65535)) * 40)) as port:
        error = await _failure(f"rtsp://127.0.0.1:{port}/x")
    assert error.kind is ProbeErrorKind.PROTOCOL


async def test_the_password_is_sent_once_whatever_the_server_answers() -> None:
    for challenge in (b'Digest realm="r", nonce="n"', b'Basic realm="r"', b'Digest realm="r", nonce="n", stale=true'):
        seen: list[bytes] = []
        refusal = b"RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: " + challenge + b"\r\n\r\n"
        async with _server(_answers(refusal, refusal, refusal, seen=seen)) as port:
            error = await _failure(f"rtsp://127.0.0.1:{port}/x", "admin", "s3cret")
        assert error.kind is ProbeErrorKind.AUTH
        assert "refused the user name or password" in str(error)
        assert [b"Authorization" in request for request in seen] == [False, True]
        assert not any(b"s3cret" in request for request in seen)


async def test_a_log_in_ffmpeg_could_not_give_is_said_so_and_nothing_is_sent() -> None:
    refusal = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256\r\n\r\n'
    async with _server(_answers(refusal)) as port:
        error = await _failure(f"rtsp://127.0.0.1:{port}/x", "admin", "s3cret")
    assert error.kind is ProbeErrorKind.AUTH
    assert "neither Digest with MD5 nor Basic" in str(error)


async def test_credentials_in_the_address_are_used_but_not_sent_with_it() -> None:
    seen: list[bytes] = []
    refusal = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="r"\r\n\r\n'
    async with _server(_answers(refusal, _OK, seen=seen)) as port:
        url = f"rtsp://us%40er:s3cret@127.0.0.1:{port}/wide angle?x=\u00fc"
        assert (await describe(url, None, None, LIMIT_S)).codec == "h264"
    assert seen[1].startswith(b"DESCRIBE rtsp://127.0.0.1:%d/wide%%20angle?x=%%C3%%BC RTSP/1.0\r\n" % port)
    assert b"Authorization: Basic dXNAZXI6czNjcmV0\r\n" in seen[1]


async def test_a_server_that_hangs_is_a_timeout() -> None:
    async with _server(_answers()) as port:
        error = await _failure(f"rtsp://127.0.0.1:{port}/x", timeout_s=0.3)
    assert error.kind is ProbeErrorKind.TIMEOUT
    assert "did not answer within 0.3 s" in str(error)


async def test_a_closed_port_an_unknown_name_and_a_dead_network_have_their_kinds() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        refused = await _failure(f"rtsp://127.0.0.1:{port}/x")
        relay = None
        with pytest.raises(ProbeError) as caught:
            relay = await poll_stats("127.0.0.1", port, LIMIT_S)
    assert relay is None
    assert {refused.kind, caught.value.kind} == {ProbeErrorKind.REFUSED}
    assert str(refused) == f"127.0.0.1:{port} refused the connection: nothing listens there"
    assert (await _failure("rtsp://camera.invalid/x")).kind is ProbeErrorKind.RESOLVE
    # a datagram address nobody can connect to: the kernel answers at once
    assert (await _failure("rtsp://255.255.255.255/x")).kind is ProbeErrorKind.UNREACHABLE


@pytest.mark.parametrize(
    "url", ["http://h/x", "rtsp:///x", "rtsp://h:99999/x", "rtsp://[::1/x", "", "lobby", "rtsp://" + "a" * 70 + "/"]
)
async def test_an_address_that_is_none_is_said_so_without_repeating_it(url: str) -> None:
    error = await _failure(url.replace("//h", "//admin:s3cret@h"))
    assert error.kind is ProbeErrorKind.PROTOCOL
    assert "address is not" in str(error)


async def test_something_else_on_the_relays_port_is_not_taken_for_it() -> None:
    for answer in (_OK, b"RTSP/1.0 451 Parameter Not Understood\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        async with _server(_answers(answer)) as port:
            with pytest.raises(ProbeError) as caught:
                await poll_stats("127.0.0.1", port, LIMIT_S)
        assert caught.value.kind is ProbeErrorKind.PROTOCOL


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server with a certificate nobody vouches for."""
    require("openssl")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=camera", "-days", "1"]
    subprocess.run([*command, "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


@pytest.mark.peer
async def test_rtsps_takes_the_certificate_a_camera_signed_itself(self_signed: ssl.SSLContext) -> None:
    async with _server(_answers(_OK), self_signed) as port:
        assert (await describe(f"rtsps://127.0.0.1:{port}/x", None, None, LIMIT_S)).codec == "h264"


@pytest.mark.peer
async def test_a_service_that_left_openssl_out_asks_cameras_that_speak_tls(self_signed: ssl.SSLContext) -> None:
    code = (
        "import sys; from vmstui import openssl; openssl.leave_out(); import asyncio, vmstui.recorder.service\n"
        "assert 'libcrypto' not in open('/proc/self/maps').read()\n"
        "from vmstui.live.client import describe\n"
        "async def ask(): return [await describe(sys.argv[1], None, None, 20) for _ in range(2)]\n"
        "print(*(told.codec for told in asyncio.run(ask())))"
    )
    async with _server(_answers(_OK), self_signed) as port:
        argv = [sys.executable, "-c", code, f"rtsps://127.0.0.1:{port}/x"]
        process = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said, errors = await process.communicate()
    assert (said, errors) == (b"h264 h264\n", b"")


async def test_rtsps_to_a_server_without_tls_is_a_tls_error() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"RTSP/1.0 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with _server(plain) as port:
        assert (await _failure(f"rtsps://127.0.0.1:{port}/x")).kind is ProbeErrorKind.TLS
