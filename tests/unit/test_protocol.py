"""The control protocol carries the model both ways and refuses everything else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.codec import CodecError, Json, from_json, to_json
from vmstui.configured import OutputKind, Secret
from vmstui.control import protocol
from vmstui.model import CameraSnapshot, CameraState, OpenSegment, OutputHealth, OutputState, Sample

AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def camera(name: str = "Lobby") -> CameraSnapshot:
    return CameraSnapshot(
        id="lobby",
        name=name,
        state=CameraState.RECORDING,
        reason="",
        since=AT,
        wanted=True,
        profile="source",
        outputs=(OutputHealth(OutputKind.LIVE, OutputState.UP, "h264", "copy", readers=None),),
        sample=Sample(AT, 23.4, 1, 2, 3.0, 4.0),
        open_segment=OpenSegment("000001.mp4", AT, 7, AT),
    )


@given(st.text())
def test_a_snapshot_survives_the_socket(name: str) -> None:
    line = protocol.result_line(1, to_json(camera(name)))
    assert line.count(b"\n") == 1
    decoded = json.loads(line.decode("utf-8", "surrogatepass"))["result"]
    assert from_json(CameraSnapshot, decoded) == camera(name)


def test_unknown_fields_are_ignored_and_defaults_fill_in() -> None:
    data = to_json(camera())
    assert isinstance(data, dict)
    del data["restarts"]
    data["field_of_tomorrow"] = [1]
    assert from_json(CameraSnapshot, data) == camera()


@pytest.mark.parametrize("data", [None, 3, [], {"id": "x"}, {"id": 3}])
def test_what_does_not_fit_is_refused(data: Json) -> None:
    with pytest.raises(CodecError):
        from_json(CameraSnapshot, data)


def test_a_tuple_of_fixed_length_is_carried() -> None:
    @dataclass(frozen=True, slots=True)
    class Box:
        secret: str

    assert from_json(tuple[int, str], [1, "a"]) == (1, "a")
    assert to_json(Box("x")) == {"secret": "x"}


def test_a_secret_never_shows_in_repr() -> None:
    assert "hunter2" not in repr(Secret("hunter2"))


@given(st.binary())
def test_garbage_is_a_protocol_error_and_nothing_else(line: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.parse_request(b"\xff" + line)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b"{}",
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"2.0","method":"x","params":[1]}',
        b'{"jsonrpc":"2.0","method":"x","id":{}}',
        b'{"jsonrpc":"1.0","method":"x"}',
    ],
)
def test_a_wrong_request_is_refused(line: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.parse_request(line)


def test_a_request_round_trips() -> None:
    line = protocol.request_line(7, "restart", {"cameras": ["lobby"]})
    assert protocol.parse_request(line) == protocol.Request(7, "restart", {"cameras": ["lobby"]})
