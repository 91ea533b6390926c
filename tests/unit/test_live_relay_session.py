"""The relay's sessions under arbitrary requests: always an answer, never a path held by nobody."""

from __future__ import annotations

import asyncio
import io
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_live_gop import rtp
from vmstui.live.auth import Credentials
from vmstui.live.messages import Frames, Headers, MessageReader, ProtocolError, Request, Response
from vmstui.live.relay_frames import frame_ends
from vmstui.live.relay_log import RelayLog
from vmstui.live.relay_server import Relay
from vmstui.live.relay_session import RelaySession, State

_SDP = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n"
_ADDRESSES = ["rtsp://h/lobby", "rtsp://h/lobby/v", "rtsp://h/lobby/trackID=0", "rtsp://h/", "*", "rtsp://h/a/../b"]
_METHODS = ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "ANNOUNCE", "RECORD", "TEARDOWN", "GET_PARAMETER", "FLY"]
_HEADERS = st.fixed_dictionaries(
    {
        "Transport": st.sampled_from(["", "RTP/AVP/TCP;interleaved=0-1", "RTP/AVP/TCP", "RTP/AVP;client_port=1-2"]),
        "Session": st.sampled_from(["", "me", "me;timeout=60", "other"]),
        "Authorization": st.sampled_from(["", "Basic YWRtaW46c2VjcmV0", "Digest x", "Digest username=admin"]),
    }
).map(lambda values: Headers(tuple(values.items())))
_REQUESTS = st.builds(
    Request,
    st.sampled_from(_METHODS),
    st.one_of(st.sampled_from(_ADDRESSES), st.text(max_size=30)),
    _HEADERS,
    st.sampled_from([b"", _SDP, b"vmstui-stats", b"\xff\x00m=\r\nm=video x"]),
)
_MEDIA = rtp(b"\x65x", 1) + rtp(b"\x41x", 2, channel=6)


class _Transport:
    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        list(MessageReader().feed(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...

    def abort(self) -> None: ...


class _Client:
    label = "127.0.0.1:1"
    silent_s = 0.0

    def __init__(self, own_user: bool, loopback: bool) -> None:
        self.transport = cast(asyncio.Transport, _Transport())
        self.loopback = loopback
        self.gone = False
        self._own_user = own_user

    def is_own_user(self) -> bool:
        return self._own_user

    def cut(self, reason: str) -> None: ...

    def close(self) -> None: ...


@given(
    st.lists(st.tuples(st.integers(0, 3), st.one_of(_REQUESTS, st.just(_MEDIA))), max_size=30),
    st.booleans(),
)
def test_any_requests_in_any_order_get_answers_and_leave_no_trace(
    steps: list[tuple[int, Request | bytes]], loopback: bool
) -> None:
    relay = Relay(RelayLog(io.StringIO()), Credentials("admin", "secret"))
    clients = [_Client(own_user, loopback) for own_user in (True, True, True, False)]
    sessions = [RelaySession(relay, client, "me") for client in clients]
    for who, step in steps:
        session = sessions[who]
        if isinstance(step, bytes):
            try:
                session.take(Frames(step, frame_ends(step)))
            except ProtocolError:
                assert session.state is State.START
            continue
        response = session.answer(step)
        assert isinstance(response, Response)
        list(MessageReader().feed(response.to_bytes()))
        session.answered()
        for client, other in zip(clients, sessions, strict=True):
            if other.state is State.RECORDING:
                path = relay.paths[other.path_name]
                assert client in (path.publisher, path.standby)
        if not loopback and not session.gate.passed:
            assert session.state not in (State.READY, State.PLAYING)
        if who == 3:
            assert session.state not in (State.ANNOUNCED, State.RECORDING)
    for session in sessions:
        session.leave()
    for path in relay.paths.values():
        assert path.publisher is path.standby is None
        assert (path.stats().publisher, path.stats().readers) == (False, 0)
