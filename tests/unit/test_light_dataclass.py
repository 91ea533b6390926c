"""Light dataclasses are those of Python, but for what it costs to make them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from vmstui.light_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Light:
    """A value."""

    name: str
    secret: str = field(repr=False)
    marks: tuple[int, ...] = ()
    notes: dict[str, int] = field(default_factory=dict)
    aside: int = field(default=0, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Heavy:
    """A value."""

    name: str
    secret: str = field(repr=False)
    marks: tuple[int, ...] = ()
    notes: dict[str, int] = field(default_factory=dict)
    aside: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Further(Light):
    more: float = 1.5


@dataclass(frozen=True, slots=True)
class Empty:
    """Says only what it is."""


@dataclass(frozen=True, slots=True)
class OneField:
    value: object


@dataclass(frozen=True, slots=True)
class Spoken:
    word: str

    def __repr__(self) -> str:
        return f"«{self.word}»"


Made = Callable[..., Any]


@pytest.fixture(params=[Light, Heavy])
def made(request: pytest.FixtureRequest) -> Made:
    """Each of the two kinds: what holds for the one holds for the other."""
    kind: Made = request.param
    return kind


def test_fields_are_given_by_place_by_name_or_by_default(made: Made) -> None:
    one = made("gate", secret="s", marks=(1, 2))
    assert (one.name, one.secret, one.marks, one.notes, one.aside) == ("gate", "s", (1, 2), {}, 0)
    assert one.notes is not made("gate", "s").notes


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1,), {}), ((1, 2), {"colour": 1}), ((1, 2, 3, 4, 5, 6), {})])
def test_a_field_too_few_or_too_many_is_refused(made: Made, given: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        made(*given, **named)


def test_nothing_of_a_value_is_changed_or_taken_away(made: Made) -> None:
    one = made("gate", "s")
    for name in ("name", "aside"):
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, "other")
        with pytest.raises(FrozenInstanceError):
            delattr(one, name)
    assert one == made("gate", "s")
    assert not hasattr(one, "__dict__")


def test_values_are_equal_by_what_is_compared_of_them(made: Made) -> None:
    assert made("gate", "s", (1,)) == made("gate", "s", (1,), aside=7)
    assert made("gate", "s") != made("gate", "t")
    assert made("gate", "s") != ("gate", "s", (), {}, 0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(made("gate", "s"))


def test_values_of_different_classes_are_different() -> None:
    assert Light("gate", "s") != Further("gate", "s")
    assert Empty() == Empty()
    assert len({Empty(), Empty(), OneField(1), OneField(1), OneField(2), OneField((1,))}) == 4


def test_secrets_stay_out_of_the_text_of_a_value() -> None:
    assert repr(Light("gate", "hunter2")) == repr(Heavy("gate", "hunter2")).replace("Heavy", "Light")
    assert "hunter2" not in repr(Light("gate", "hunter2"))
    assert repr(Spoken("gate")) == "«gate»"


def test_the_functions_of_dataclasses_work_with_them(made: Made) -> None:
    one: Any = made("gate", "s", (1,))
    assert replace(one, name="yard") == made("yard", "s", (1,))
    assert asdict(one) == {"name": "gate", "secret": "s", "marks": (1,), "notes": {}, "aside": 0}
    assert [entry.name for entry in fields(one)] == list(inspect.signature(made).parameters)
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    match one:
        case Light(name, "s") | Heavy(name, "s"):
            assert name == "gate"
        case _:
            pytest.fail("it is not matched by its fields")


def test_a_class_that_goes_on_from_another_has_its_fields_too() -> None:
    assert Further("gate", "s", more=2.5) == replace(Further("gate", "s"), more=2.5)
    assert Further.__init__.__qualname__ == "Further.__init__"
