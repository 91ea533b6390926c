"""What comes again and again is read as if it came first, and what is as before is the same object."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from tests.tui.fakes import camera, recorder_snapshot
from vmstui.codec import CodecError, Json, Reader, from_json, to_json
from vmstui.model import CameraState, RecorderSnapshot


def told(value: RecorderSnapshot) -> Json:
    """As it comes over the socket, every time as other objects."""
    data: Json = json.loads(json.dumps(to_json(value)))
    return data


def snapshot() -> RecorderSnapshot:
    """Of three cameras."""
    return recorder_snapshot(camera("lobby"), camera("gate", CameraState.HELD, reason="busy"), camera("yard"))


def test_what_comes_again_is_read_as_if_it_came_first() -> None:
    first = snapshot()
    one, *others = first.cameras
    changed = replace(one, state=CameraState.STALLED, restarts=one.restarts + 1, sample=None, reason="no data")
    grown = replace(first, cameras=(changed, *others, replace(one, id="one more")), at=first.at + timedelta(seconds=1))
    reader = Reader(RecorderSnapshot)
    for each in (first, grown, first, replace(first, cameras=first.cameras[1:]), replace(first, cameras=()), first):
        assert reader.read(told(each)) == each == from_json(RecorderSnapshot, told(each))


def test_what_is_as_before_is_the_same_object() -> None:
    first = snapshot()
    one, *others = first.cameras
    reader = Reader(RecorderSnapshot)
    before = reader.read(told(first))
    after = reader.read(told(replace(first, cameras=(replace(one, restarts=99), *others))))
    assert after.storage is before.storage
    assert after.cameras[0].restarts == 99
    assert after.cameras[0].outputs is before.cameras[0].outputs
    assert all(new is old for new, old in zip(after.cameras[1:], before.cameras[1:], strict=True))


def test_a_recorder_that_tells_more_or_less_than_the_one_before_is_understood() -> None:
    first = snapshot()
    whole = told(first)
    assert isinstance(whole, dict)
    less = {name: value for name, value in whole.items() if name not in ("warnings", "machine")}
    reader = Reader(RecorderSnapshot)
    for data in (whole, less, whole, whole | {"news of a later version": 1}, whole):
        assert reader.read(data) == from_json(RecorderSnapshot, data)


def test_what_does_not_fit_is_told_also_when_it_comes_again() -> None:
    whole = told(snapshot())
    assert isinstance(whole, dict)
    reader = Reader(RecorderSnapshot)
    reader.read(whole)
    wrongs: list[Json] = [None, [], whole | {"cameras": [1]}, whole | {"cpu_count": "many"}, whole | {"at": "soon"}]
    for wrong in wrongs:
        with pytest.raises(CodecError):
            reader.read(wrong)
    assert reader.read(whole) == from_json(RecorderSnapshot, whole)


def test_what_the_codec_carries_is_json_and_what_it_does_not_is_refused() -> None:
    class Own(str):
        __slots__ = ()

    at = datetime(2026, 10, 1, 7, tzinfo=UTC)
    value = {"a": (1, 2.5, None, True), "b": [CameraState.HELD, at], "c": MappingProxyType({"d": Own("x")}), "e": ()}
    assert to_json(value) == {
        "a": [1, 2.5, None, True],
        "b": ["held", "2026-10-01T07:00:00+00:00"],
        "c": {"d": "x"},
        "e": [],
    }
    for wrong in ({1, 2}, b"x", object(), {"deep": (b"x",)}):
        with pytest.raises(TypeError, match=r"the codec does not carry (set|bytes|object)"):
            to_json(wrong)
