"""One TCP connection to the relay: bytes, bounds and time limits; what the requests mean is `relay_session`'s matter.

Guarantees: a client costs bounded memory whatever it sends and whether or not it reads; nothing here waits for it.
`relay_server` makes one per client and asks it at every tick whether it is overdue.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import time
from typing import TYPE_CHECKING

from vmstui.live.local_peer import is_loopback, normal_address, owner_uid
from vmstui.live.messages import Frames, Headers, MessageReader, ProtocolError, Request, Response
from vmstui.live.relay_gate import MAX_WRONG_PASSWORDS
from vmstui.live.relay_session import RelaySession, State

if TYPE_CHECKING:
    from vmstui.live.relay_server import Relay

_MAX_REQUESTS_PER_TICK = 200
_SEND_BUFFER_BYTES = 1024 * 1024
"""Kernel buffer per connection: fixed, so that a slow reader shows in the buffer that we bound ourselves."""
_LINGER_S = 5.0
"""How long the other end may take to read what was written and to hang up, once we are through with it."""
_LAST_BYTES = 64 * 1024
"""How much of the other end's is thrown away meanwhile; who sends more does not listen anyway."""
_TCP_ESTABLISHED = 1
"""First byte of TCP_INFO, `tcpi_state` (linux/tcp.h, net/tcp_states.h)."""


class Connection(asyncio.Protocol):
    """One client of the relay."""

    def __init__(self, relay: Relay) -> None:
        self.peer = ("", 0)
        self.loopback = False
        self._own_user = False
        self._relay = relay
        self._messages = MessageReader()
        self._session = RelaySession(relay, self, secrets.token_hex(8))
        self._connected_s = self._heard_s = self._asked_s = time.monotonic()
        self._requests_in_tick = 0
        self._transport: asyncio.Transport | None = None
        self._through = False
        """We have said our last word; what still comes is read and thrown away."""
        self._thrown_away = 0
        self._patience: asyncio.TimerHandle | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if not peer:  # it is gone already
            transport.abort()
            return
        self.peer = (normal_address(peer[0]), int(peer[1]))
        self.loopback = is_loopback(self.peer[0])
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        if not self._relay.admit(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._through:
            self._thrown_away += len(data)
            if self._thrown_away > _LAST_BYTES:
                self.transport.abort()
            return
        self._heard_s = time.monotonic()
        try:
            for item in self._messages.feed(data):
                if isinstance(item, Frames):
                    self._session.take(item)
                elif isinstance(item, Request):
                    self._take(item)
                if self._through or self.transport.is_closing():
                    return
        except ProtocolError as error:
            self._relay.log.warning(f"{self.label} dropped: {error}")
            self._write(Response(400))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()  # it would keep all this until its time
        self._session.leave()
        self._relay.forget(self)

    # What the relay, the session and the path ask

    @property
    def transport(self) -> asyncio.Transport:
        """Only after `connection_made`."""
        assert self._transport is not None
        return self._transport

    @property
    def label(self) -> str:
        """Address and port, for the log."""
        return f"{self.peer[0]}:{self.peer[1]}"

    @property
    def silent_s(self) -> float:
        """Seconds since its last byte."""
        return time.monotonic() - self._heard_s

    @property
    def gone(self) -> bool:
        """Its end has closed the connection, though what it sent before may not be read yet."""
        if self._through or self.transport.is_closing():
            return True
        return bool(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _TCP_ESTABLISHED)

    def is_own_user(self) -> bool:
        """A program of a trusted user of this machine is at the other end."""
        if not self._own_user:  # once seen it holds for the connection: the recorder asks every second
            own = self.transport.get_extra_info("sockname")
            owner = owner_uid(self.peer, (normal_address(own[0]), int(own[1])))
            self._own_user = owner in self._relay.trusted_uids
        return self._own_user

    def overdue(self, now_s: float) -> str:
        """Called at each tick: why the connection is to be ended now; empty: it is not."""
        limits, state = self._relay.limits, self._session.state
        self._requests_in_tick = 0
        if self._through:
            return ""
        if state in (State.ANNOUNCED, State.RECORDING):
            heir = self._session.heir
            wanted = heir is not None and heir.silent_s < limits.takeover_silence_s
            limit_s = limits.takeover_silence_s if wanted else limits.publisher_silence_s
            if now_s - self._heard_s >= limit_s:
                return f"publisher of {self._session.path_name} silent for {limit_s:g} s"
        elif state is State.READY:
            if now_s - self._asked_s >= limits.session_idle_s:
                return f"no request for {limits.session_idle_s:g} s"
        elif state is State.START:
            since_s = self._asked_s if self.loopback or self._session.gate.passed else self._connected_s
            if now_s - since_s >= limits.idle_s:
                return f"nothing played or published within {limits.idle_s:g} s"
        return ""

    def cut(self, reason: str) -> None:
        """End the connection at once, without sending what still waits. Without a reason nothing is logged."""
        if reason:
            self._relay.log.warning(f"{self.label} dropped: {reason}")
        self._session.leave()
        self.transport.abort()

    def close(self) -> None:
        """End the connection; what was written gets some seconds to arrive.

        Only our half is closed at first: were it closed while something of the other end's is on its way, the kernel
        would answer that with a reset, and the other end would lose what it has not read, the reason for the end of
        all things. Its own end of the connection, or the time, closes the rest.
        """
        self._session.leave()
        if self._through or self.transport.is_closing():
            return
        self._through = True
        try:
            self.transport.write_eof()
        except OSError:  # its reset has arrived, and was not read yet
            self.transport.abort()
            return
        self._patience = asyncio.get_running_loop().call_later(_LINGER_S, self.transport.abort)

    def _take(self, request: Request) -> None:
        self._asked_s = self._heard_s
        self._requests_in_tick += 1
        if self._requests_in_tick > _MAX_REQUESTS_PER_TICK:
            self.cut("too many requests")
            return
        number = request.headers.get("CSeq")
        if not re.fullmatch(r"[0-9]{1,10}", number):
            raise ProtocolError("a request without a number (CSeq)")
        response = self._session.answer(request)
        headers = Headers((("CSeq", number), ("Server", "vmstui"), *response.headers.items))
        self._write(Response(response.status, headers, response.body))
        self._session.answered()
        if self._session.gate.wrong_passwords >= MAX_WRONG_PASSWORDS:
            self._relay.log.warning(f"{self.label} dropped: {MAX_WRONG_PASSWORDS} wrong passwords")
            self.close()
        elif request.method == "TEARDOWN":
            self.close()

    def _write(self, response: Response) -> None:
        if self._through or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > self._relay.limits.reader_buffer_bytes:
            self.cut("it does not read its answers")
            return
        self.transport.write(response.to_bytes())

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self.transport.get_extra_info("socket")
        return found
