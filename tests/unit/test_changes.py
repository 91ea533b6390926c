"""What changed between two values, told and taken in, makes the one of the other; what did not is the same object."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fake_fleet import FakeFleet
from tests.tui.fakes import camera, recorder_snapshot
from vmstui.changes import changed, difference
from vmstui.codec import CodecError, Json, from_json, to_json
from vmstui.model import CameraState, RecorderSnapshot

BEGAN = datetime(2026, 10, 1, 7, 0, tzinfo=UTC)


class Kind(StrEnum):
    A = "a"
    B = "b"


@dataclass(frozen=True)
class Leaf:
    number: int
    share: float | None
    at: datetime
    kind: Kind


@dataclass(frozen=True)
class Branch:
    name: str
    leaf: Leaf | None
    leaves: tuple[Leaf, ...]
    values: tuple[float, ...]
    pair: tuple[Leaf, str]
    by_name: Mapping[str, Leaf]
    flag: bool = False


@dataclass(frozen=True)
class One:
    """A record of a single field."""

    branches: tuple[Branch, ...]


LEAVES = st.builds(
    Leaf,
    st.integers(0, 3),
    st.none() | st.sampled_from([0.0, 1.5]),
    st.sampled_from([BEGAN, BEGAN + timedelta(seconds=1)]),
    st.sampled_from(Kind),
)
BRANCHES = st.builds(
    Branch,
    st.sampled_from(["x", "y"]),
    st.none() | LEAVES,
    st.lists(LEAVES, max_size=3).map(tuple),
    st.lists(st.sampled_from([0.0, 2.0]), max_size=3).map(tuple),
    st.tuples(LEAVES, st.sampled_from(["p", "q"])),
    st.dictionaries(st.sampled_from(["k", "l"]), LEAVES, max_size=2),
    st.booleans(),
)
ROOTS = st.builds(One, st.lists(BRANCHES, max_size=3).map(tuple))


def over_the_socket(data: Json) -> Json:
    """As other objects."""
    crossed: Json = json.loads(json.dumps(data))
    return crossed


@given(st.lists(ROOTS, min_size=2, max_size=6))
def test_whatever_follows_on_whatever_the_changes_make_it(values: list[One]) -> None:
    shown = values[0]
    for before, after in itertools.pairwise(values):
        shown = changed(One, shown, over_the_socket(difference(to_json(before), to_json(after))))
        assert shown == after
        assert to_json(shown) == to_json(after)


def test_a_fleet_is_followed_through_everything_that_happens_to_it() -> None:
    fleets = [
        FakeFleet(12, at=BEGAN),
        FakeFleet(12, at=BEGAN + timedelta(seconds=1)),
        FakeFleet(12, well=True, at=BEGAN + timedelta(seconds=2)),
        FakeFleet(13, at=BEGAN + timedelta(minutes=4)),
        FakeFleet(2, at=BEGAN + timedelta(days=1)),
        FakeFleet(0, at=BEGAN + timedelta(days=1)),
        FakeFleet(12, at=BEGAN),
    ]
    snapshots = [fleet.snapshot() for fleet in fleets]
    shown = snapshots[0]
    for before, after in itertools.pairwise(snapshots):
        shown = changed(RecorderSnapshot, shown, over_the_socket(difference(to_json(before), to_json(after))))
        assert shown == after


def test_what_did_not_change_is_the_same_object_and_is_not_told() -> None:
    one, two = camera("gate"), camera("yard")
    before = recorder_snapshot(one, two)
    after = recorder_snapshot(one, replace(two, state=CameraState.STALLED))
    told = difference(to_json(before), to_json(after))
    assert told == {"cameras": {"1": {"state": ["stalled"]}}}
    shown = changed(RecorderSnapshot, before, told)
    assert shown == after
    assert shown.cameras[0] is one
    assert shown.cameras[1].outputs is two.outputs
    assert changed(RecorderSnapshot, shown, difference(to_json(after), to_json(after))) is shown


def test_what_a_newer_recorder_tells_beside_is_left_alone() -> None:
    leaf = Leaf(1, None, BEGAN, Kind.A)
    assert changed(Leaf, leaf, {"unheard_of": ["x"], "number": [2]}) == replace(leaf, number=2)


@pytest.mark.parametrize(
    "told",
    [
        None,
        "x",
        [],
        [1, 2],
        {"number": {"0": [1]}},
        {"number": ["one"]},
        {"share": {"0": [1.0]}},
        {"at": ["yesterday"]},
    ],
)
def test_what_is_no_change_of_it_is_an_error_and_changes_nothing(told: Json) -> None:
    leaf = Leaf(1, None, BEGAN, Kind.A)
    with pytest.raises(CodecError, match="not a change of a Leaf"):
        changed(Leaf, leaf, told)
    assert leaf == Leaf(1, None, BEGAN, Kind.A)


@pytest.mark.parametrize("told", [{"branches": {"7": {"name": ["x"]}}}, {"branches": {"first": {"name": ["x"]}}}])
def test_a_change_of_what_is_not_there_is_an_error(told: Json) -> None:
    with pytest.raises(CodecError, match="not a change of a One"):
        changed(One, from_json(One, {"branches": []}), told)
