"""Watches a live stream as a client does: DESCRIBE, SETUP, PLAY over TCP, then so many seconds of packets.

Raises ProbeError like `client`, with the same promises about passwords. Costs a server what one more player costs it,
for some seconds; nothing is decoded. The recorder calls it, now and then and when somebody asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass, field

from vmstui.live import auth, sdp
from vmstui.live.client import (
    Address,
    Connection,
    ProbeError,
    ProbeErrorKind,
    connect,
    parse_address,
    probe_error,
    refusal,
)
from vmstui.live.messages import Frames, Headers, ProtocolError, Request, Response
from vmstui.live.watching import Seen, Watching

WATCHED_S = 4.0
"""Of the stream's own time: two groups of pictures as the recorder makes them."""
TIMEOUT_S = 20.0
REST_S = 0.25
"""Between two looks at what has come, once the first picture is there and its time is taken."""
SIP_BYTES = 1024 * 1024
_CHANNEL = 0
_MOST_BYTES = 64 * 1024 * 1024


async def watch(
    url: str,
    username: str | None,
    password: str | None,
    *,
    seconds: float = WATCHED_S,
    timeout_s: float = TIMEOUT_S,
    keyframes: int = 0,
) -> Seen:
    """Watch until `seconds` of the stream have come and a whole keyframe with them, or so many `keyframes` where that
    is asked for, but no longer than four times that; `timeout_s` bounds the whole call.

    A stream that says what it is and then sends too little is no error: what came of it is given.
    """
    address, begun_s = parse_address(url, username, password), time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            connection = await connect(address)
            try:
                player = _Player(connection, address)
                watching = await player.play(keyframes)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s - 1.0 - (time.monotonic() - begun_s)):
                        await player.watch(watching, seconds, begun_s, keyframes)
                return watching.seen()
            finally:
                connection.writer.close()
    except (TimeoutError, OSError, ProtocolError) as error:
        raise probe_error(error, address.where, timeout_s) from error


@dataclass(slots=True)
class _Player:
    """One session."""

    connection: Connection
    address: Address
    _number: int = 0
    _challenges: tuple[auth.Challenge, ...] = field(default=())

    async def play(self, keyframes: int) -> Watching:
        """From DESCRIBE to PLAY."""
        described = await self._ask("DESCRIBE", self.address.request_url, ("Accept", "application/sdp"))
        session = sdp.parse(described.body)
        video = session.video
        if video is None:
            raise ProtocolError("its description holds no video")
        base = described.headers.get("Content-Base") or self.address.request_url
        transport = f"RTP/AVP/TCP;unicast;interleaved={_CHANNEL}-{_CHANNEL + 1}"
        track = sdp.resolve_control(base, video.control)
        if not track.startswith(("rtsp://", "rtsps://")):
            raise ProtocolError("its track has an address of another kind")
        prepared = await self._ask("SETUP", track, ("Transport", transport))
        number = prepared.headers.get("Session").partition(";")[0].strip()
        await self._ask("PLAY", sdp.resolve_control(base, session.control), ("Session", number), ("Range", "npt=now-"))
        return Watching(video, _CHANNEL, keyframes=keyframes > 0)

    async def watch(self, watching: Watching, seconds: float, begun_s: float, keyframes: int) -> None:
        """Take in packets until enough has been seen, or the server ends it."""
        taken = 0
        data = b""  # what came along with the answer is in the reader of messages already
        while True:
            for item in self.connection.messages.feed(data):
                if isinstance(item, Frames):
                    watching.take(item, time.monotonic() - begun_s)
            enough = watching.has_picture and watching.keyframes >= keyframes
            if watching.watched_s >= seconds and (enough or watching.watched_s >= 4 * seconds):
                return
            if watching.has_picture:
                await self._rest()
            data = await self.connection.reader.read(SIP_BYTES)
            taken += len(data)
            if not data or taken > _MOST_BYTES:
                return

    async def _rest(self) -> None:
        """Leave what comes in the kernel for a while: to be woken for every packet costs five times the CPU."""
        transport = self.connection.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        try:
            await asyncio.sleep(REST_S)
        finally:
            transport.resume_reading()

    async def _ask(self, method: str, url: str, *headers: tuple[str, str]) -> Response:
        """Ask, and once more with the login where that is wanted. Raises ProbeError for anything but a good answer."""
        response = await self._send(method, url, headers)
        answered = bool(self._challenges)
        if response.status == 401 and self.address.credentials is not None and not answered:
            self._challenges = auth.parse_challenges(response.headers.get_all("WWW-Authenticate"))
            answered = True
            response = await self._send(method, url, headers)
        if response.status != 200:
            raise refusal(response, self.address, answered)
        return response

    async def _send(self, method: str, url: str, headers: tuple[tuple[str, str], ...]) -> Response:
        self._number += 1
        items = [("CSeq", str(self._number)), ("User-Agent", "vmstui"), *headers]
        if self._challenges and self.address.credentials is not None:
            login = auth.answer(self._challenges, self.address.credentials, method, url, secrets.token_hex(8))
            if login is None:
                text = (
                    f"{self.address.where} asks for a log-in that cannot be given (neither Digest with MD5 nor Basic)"
                )
                raise ProbeError(ProbeErrorKind.AUTH, text)
            items.append(("Authorization", login))
        return await self.connection.ask(Request(method, url, Headers(tuple(items))))
