"""Whoever listens, from whatever tick on and whichever they miss, is told what it takes to know the last one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from vmstui.changes import changed
from vmstui.codec import Json
from vmstui.control.telling import NOTHING, Telling


class Recorder:
    """Of which each snapshot is another mapping; `made` counts how often one was asked for."""

    def __init__(self, values: Iterator[dict[str, Json]]) -> None:
        self._values = values
        self.now: dict[str, Json] = {}
        self.made = 0

    def snapshot(self) -> Json:
        self.made += 1
        self.now = next(self._values)
        return self.now


def numbers(start: int = 0) -> Iterator[dict[str, Json]]:
    """One that changes and one that does not."""
    while True:
        yield {"same": "x", "number": float(start)}
        start += 1


def taken(line: bytes, known: dict[str, object] | None) -> dict[str, object]:
    """What a client makes of it."""
    message = json.loads(line)
    if message["method"] == "snapshot":
        return dict(message["params"])
    assert known is not None
    return {**known, **{name: value for name, (value,) in message["params"].items()}}


@given(st.lists(st.sets(st.integers(0, 2)), min_size=1, max_size=12))
def test_who_hears_some_of_the_ticks_knows_the_last_one_heard(heard_by: list[set[int]]) -> None:
    recorder = Recorder(numbers())
    telling = Telling(recorder.snapshot)
    known: dict[int, tuple[int, dict[str, object]]] = {}
    with telling.heard():
        for tick, clients in enumerate(heard_by):
            made = recorder.made
            for client in clients:
                at, value = known.get(client, (NOTHING, None))
                known[client] = tick, taken(telling.line(tick, at), value)
                assert known[client][1] == recorder.now
            assert recorder.made - made == bool(clients), "once for all of them"


def test_who_knows_the_tick_before_is_told_only_what_changed() -> None:
    telling = Telling(Recorder(numbers()).snapshot)
    with telling.heard():
        assert json.loads(telling.line(5, NOTHING))["params"] == {"same": "x", "number": 0.0}
        assert json.loads(telling.line(6, 5))["params"] == {"number": [1.0]}
        assert json.loads(telling.line(6, NOTHING))["method"] == "snapshot"
        assert json.loads(telling.line(7, 5))["method"] == "snapshot", "it missed one"
        assert json.loads(telling.line(7, 6))["method"] == "changes"


def test_nothing_is_kept_when_the_last_one_has_left() -> None:
    telling = Telling(Recorder(numbers()).snapshot)
    with telling.heard():
        with telling.heard():
            telling.line(1, NOTHING)
        assert json.loads(telling.line(2, 1))["method"] == "changes"
    with telling.heard():
        assert json.loads(telling.line(3, 2))["method"] == "snapshot"


def test_what_is_told_is_what_changed_takes_in() -> None:
    telling = Telling(Recorder(numbers()).snapshot)
    with telling.heard():
        first = json.loads(telling.line(1, NOTHING))["params"]
        told = json.loads(telling.line(2, 1))["params"]
    assert changed(dict[str, float], {"number": first["number"]}, {"number": told["number"]}) == {"number": 1.0}
