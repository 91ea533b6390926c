"""The RTSP session of one connection to the relay: requests in, answers out, and the state between them.

    START --SETUP--> READY --PLAY--> PLAYING --PAUSE--> READY          a player
    START --ANNOUNCE--> ANNOUNCED --SETUP, RECORD--> RECORDING         a publisher

A second publisher of a path is answered like the first one; whether its packets go to players, the path knows.
A connection is one session and ends with it. Only this machine's own user publishes; a player proves the password
first, where the relay wants one. `relay_connection` feeds it; it does no I/O but through that connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from vmstui.live import sdp, stats
from vmstui.live.messages import Frames, Headers, ProtocolError, Request, Response
from vmstui.live.relay_feed import Publisher
from vmstui.live.relay_frames import remap
from vmstui.live.relay_gate import Gate
from vmstui.live.relay_path import Reader, RelayPath
from vmstui.live.relay_wire import (
    MAX_TRACKS,
    TRACK_CONTROL,
    Interleaved,
    format_transport,
    parse_target,
    parse_transport,
)

if TYPE_CHECKING:
    from vmstui.live.relay_server import Relay

_METHODS = "OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, PAUSE, RECORD, TEARDOWN, GET_PARAMETER, SET_PARAMETER"


class State(Enum):
    """See the drawing above."""

    START = "start"
    READY = "ready"
    PLAYING = "playing"
    ANNOUNCED = "announced"
    RECORDING = "recording"


class Client(Publisher, Protocol):
    """What a session needs to know of its connection."""

    @property
    def transport(self) -> asyncio.Transport: ...

    @property
    def label(self) -> str: ...

    @property
    def loopback(self) -> bool: ...

    def is_own_user(self) -> bool: ...

    def close(self) -> None: ...


class RelaySession:
    """One client's session. Every request gets an answer; a ProtocolError means the client makes no sense."""

    def __init__(self, relay: Relay, client: Client, session_id: str) -> None:
        self.state = State.START
        self.path_name = ""
        self.gate = Gate()
        self._relay = relay
        self._client = client
        self._id = session_id
        self._path: RelayPath | None = None
        self._edition = 0
        self._announced_url = ""
        self._announced: sdp.Session | None = None
        self._channels: dict[int, int] = {}
        """Player: canonical channel -> the player's. Publisher: the publisher's -> canonical, empty once the same."""
        self._reader: Reader | None = None
        self._handlers: dict[str, Callable[[Request], Response]] = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "ANNOUNCE": self._announce,
            "SETUP": self._setup,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "RECORD": self._record,
            "TEARDOWN": self._teardown,
            "GET_PARAMETER": self._parameter,
            "SET_PARAMETER": self._parameter,
        }

    def answer(self, request: Request) -> Response:
        """What to answer. Call `answered` after it was sent."""
        handler = self._handlers.get(request.method)
        return handler(request) if handler else Response(501)

    def answered(self) -> None:
        """The answer is on its way: media may follow it now."""
        if self._reader is not None and self._path is not None and self.state is State.READY:
            self.state = State.PLAYING
            self._path.join(self._reader)

    def take(self, frames: Frames) -> None:
        """Media from the client. A player's are receiver reports, which nobody needs."""
        if self.state is State.RECORDING and self._path is not None:
            if self._channels:
                block, ends = remap(frames.block, frames.ends, self._channels)
                frames = Frames(block, ends)
            self._path.take(self._client, frames)
        elif self.state is State.START:
            raise ProtocolError("media before any session")

    @property
    def heir(self) -> Publisher | None:
        """Who sends already and takes over when this publisher ends."""
        path = self._path
        return path.heir if path is not None and path.publisher is self._client else None

    def leave(self) -> None:
        """The connection ends: give back what it held of its path. May be called again."""
        path, reader = self._path, self._reader
        self._path = self._reader = None
        if path is None:
            return
        if self._client in (path.publisher, path.standby):
            path.release(self._client)
        elif reader is not None:
            path.leave(reader)

    def _options(self, request: Request) -> Response:
        return Response(200, Headers((("Public", _METHODS),)))

    def _describe(self, request: Request) -> Response:
        target = parse_target(request.url)
        refused = self._refused(request, target.path)
        if refused:
            return refused
        path = self._relay.paths.get(target.path)
        if path is None or not path.live:
            return Response(404)
        headers = Headers((("Content-Type", "application/sdp"), ("Content-Base", target.base)))
        return Response(200, headers, path.description)

    def _announce(self, request: Request) -> Response:
        if not self._client.is_own_user():
            self._relay.log.warning(f"{self._client.label} may not publish: no program of this user on this machine")
            return Response(403)
        if self.state is not State.START:
            return Response(455)
        target, session = parse_target(request.url), sdp.parse(request.body)
        if not target.path:
            return Response(404)
        if not 1 <= len(session.media) <= MAX_TRACKS:
            return Response(415)
        path = self._relay.path_for_publisher(target.path)
        if path is None:
            return Response(503)
        for holder in (path.publisher, path.standby):
            if holder is not None and (holder.gone or holder.silent_s >= self._relay.limits.takeover_silence_s):
                reason = "" if holder.gone else f"silent for {holder.silent_s:.0f} s while another wants {path.name}"
                holder.cut(reason)
        if path.standby is not None:
            self._relay.log.warning(f"{self._client.label} may not publish {path.name}: two others do")
            return Response(455)
        path.announce(self._client, session, request.body)
        self._path, self.path_name, self.state = path, path.name, State.ANNOUNCED
        self._announced_url, self._announced = request.url, session
        return self._with_session()

    def _setup(self, request: Request) -> Response:
        if self.state is State.ANNOUNCED and self._announced is not None:
            return self._setup_publisher(request, self._announced)
        if self.state in (State.START, State.READY):
            return self._setup_player(request)
        return Response(455)

    def _setup_publisher(self, request: Request, announced: sdp.Session) -> Response:
        track = sdp.track_of(announced, self._announced_url, request.url)
        if track is None:
            return Response(404)
        chosen = parse_transport(request.headers.get("Transport"), track)
        if chosen is None:
            return Response(461)
        wanted = {chosen.rtp_channel: 2 * track, chosen.rtcp_channel: 2 * track + 1}
        if wanted.keys() & self._channels.keys():
            return Response(400)
        self._channels |= wanted
        return self._set_up(chosen, record=True)

    def _setup_player(self, request: Request) -> Response:
        target = parse_target(request.url)
        refused = self._refused(request, target.path)
        if refused:
            return refused
        path = self._relay.paths.get(target.path)
        if path is None or not path.live or target.track is None or target.track >= path.tracks:
            return Response(404)
        chosen = parse_transport(request.headers.get("Transport"), target.track)
        if chosen is None:
            return Response(461)
        if self._path is not None and (self._path is not path or self._edition != path.edition):
            return Response(459)
        wanted = {2 * target.track: chosen.rtp_channel, 2 * target.track + 1: chosen.rtcp_channel}
        taken = {own for channel, own in self._channels.items() if channel not in wanted}
        if taken & set(wanted.values()):
            return Response(400)
        self._channels |= wanted
        self._path, self.path_name, self._edition, self.state = path, path.name, path.edition, State.READY
        return self._set_up(chosen, record=False)

    def _set_up(self, chosen: Interleaved, *, record: bool) -> Response:
        session = f"{self._id};timeout={self._relay.limits.session_idle_s:.0f}"
        transport = format_transport(chosen, record=record)
        return Response(200, Headers((("Transport", transport), ("Session", session))))

    def _play(self, request: Request) -> Response:
        refused = self._refused(request, self.path_name) or self._wrong_session(request)
        if refused:
            return refused
        if self.state is State.PLAYING:
            return self._with_session()
        if self.state is not State.READY or self._path is None:
            return Response(455)
        if not self._path.live or self._path.edition != self._edition:
            return Response(454)
        limit_bytes = self._relay.limits.reader_buffer_bytes
        client = self._client
        self._reader = Reader(
            client.transport, client.label, self._channels, self._path.tracks, limit_bytes, client.close
        )
        base = parse_target(request.url).base
        tracks = ",".join(
            f"url={base}{TRACK_CONTROL}{track};seq={sequence}" + ("" if rtptime is None else f";rtptime={rtptime}")
            for track, (sequence, rtptime) in sorted(self._path.rtp_info().items())
            if 2 * track in self._channels
        )
        return self._with_session(("Range", "npt=now-"), *((("RTP-Info", tracks),) if tracks and base else ()))

    def _pause(self, request: Request) -> Response:
        refused = self._wrong_session(request)
        if refused:
            return refused
        if self.state is not State.PLAYING or self._path is None or self._reader is None:
            return Response(455)
        self._path.leave(self._reader)
        self._reader, self.state = None, State.READY
        return self._with_session()

    def _record(self, request: Request) -> Response:
        refused = self._wrong_session(request)
        if refused:
            return refused
        if self.state is not State.ANNOUNCED or self._path is None or self._announced is None or not self._channels:
            return Response(455)
        if self._channels == {channel: channel for channel in range(2 * len(self._announced.media))}:
            self._channels = {}  # blocks pass as they are
        self.state = State.RECORDING
        self._path.record(self._client)
        doing = "publishes" if self._path.publisher is self._client else "stands by for"
        self._relay.log.info(f"{self._client.label} {doing} {self.path_name}")
        return self._with_session()

    def _teardown(self, request: Request) -> Response:
        return self._wrong_session(request) or self._with_session()

    def _parameter(self, request: Request) -> Response:
        if request.method == "GET_PARAMETER" and request.body.strip() == stats.STATS_PARAMETER:
            if not self._client.is_own_user():
                return Response(403)
            content_type = Headers((("Content-Type", stats.STATS_TYPE),))
            return Response(200, content_type, stats.encode(self._relay.stats()))
        return self._refused(request, self.path_name) or self._with_session()

    def _refused(self, request: Request, name: str) -> Response | None:
        """Why a player's request is refused, if it is: by the relay's own will, or for want of the password."""
        if self.state in (State.ANNOUNCED, State.RECORDING):
            return None  # a publisher has proved more than a password
        status = self._relay.refusal(name)
        if status == 401:
            return self.gate.challenge(self._relay.schemes(name))
        if status is not None:
            return Response(status)
        needed = self._relay.credentials_for(name, loopback=self._client.loopback)
        return self.gate.check(request, needed, self._relay.schemes(name))

    def _wrong_session(self, request: Request) -> Response | None:
        given = request.headers.get("Session").partition(";")[0].strip()
        return Response(454) if given and given != self._id else None

    def _with_session(self, *items: tuple[str, str]) -> Response:
        return Response(200, Headers((("Session", self._id), *items)))
