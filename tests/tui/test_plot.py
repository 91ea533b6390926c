"""Curves: what stands for what, and that nothing that is not known is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.tui.lines import Role
from vmstui.tui.plot import Point, Signs, ceiling, curve


def drawn(points: Sequence[Point | None], top: float, lines: int, signs: Signs = Signs.BRAILLE) -> list[str]:
    rows = curve(points, top, lines, signs)
    return ["".join(sign for sign, _ in row) for row in rows]


def same(value: float) -> Point:
    return value, value, value


def test_what_is_not_known_is_blank_and_a_known_zero_is_not() -> None:
    points = [same(0.0)] * 4 + [None] * 4 + [same(0.0)] * 4
    assert drawn(points, 10.0, 2) == [" " * 6, "⣀⣀  ⣀⣀"]
    assert drawn(points, 10.0, 2, Signs.BLOCKS) == [" " * 6, "▂▂  ▂▂"]
    assert drawn(points, 10.0, 2, Signs.ASCII) == [" " * 6, "__  __"]


def test_it_is_filled_up_to_the_value() -> None:
    assert drawn([same(10.0)] * 2 + [same(5.0)] * 2, 10.0, 2) == ["⣿⣀", "⣿⣿"]
    assert drawn([same(10.0)] * 2 + [same(5.0)] * 2, 10.0, 2, Signs.BLOCKS) == ["█▂", "██"]
    assert drawn([same(10.0)] * 2 + [same(5.0)] * 2, 10.0, 2, Signs.ASCII) == ["#_", "##"]


def test_between_the_least_and_the_most_it_is_dotted_and_the_mean_is_a_line() -> None:
    rows = curve([(0.0, 5.0, 10.0)] * 8, 10.0, 8, Signs.ASCII)
    signs = ["".join(sign for sign, _ in row) for row in rows]
    assert signs == ["::::", "::::", "::::", "____", "::::", "::::", "::::", "____"]
    assert rows[0][0][1] is Role.DIM
    assert rows[3][0][1] is Role.SPARK
    blocks = drawn([(0.0, 5.0, 10.0)] * 8, 10.0, 8, Signs.BLOCKS)
    assert blocks == ["░░░░", "░░░░", "░░░░", "▂▂▂▂", "░░░░", "░░░░", "░░░░", "▂▂▂▂"]
    braille = drawn([(0.0, 5.0, 10.0)] * 8, 10.0, 8)
    assert set(braille[0]) == {"⢕"} or set(braille[0]) == {"⡪"}, "every second dot"


def test_a_line_has_no_holes() -> None:
    signs = drawn([(0.0, 0.0, 10.0), (0.0, 10.0, 10.0)], 10.0, 4, Signs.ASCII)
    assert "".join(row[0] for row in signs[:3]) == "|||"


@pytest.mark.parametrize(
    ("value", "binary", "top"),
    [
        (0.0, False, 1.0), (0.37, False, 0.4), (23.4, False, 25.0), (30.0, False, 30.0), (100.1, False, 120.0),
        (205.0, False, 250.0), (1e6, False, 1e6), (122.0 * 2**20, True, 150.0 * 2**20), (900.0, True, 1000.0),
        (1010.0 * 2**20, True, 1200.0 * 2**20),
    ],
)  # fmt: skip
def test_scales_end_with_round_numbers(value: float, binary: bool, top: float) -> None:
    assert ceiling(value, binary=binary) == pytest.approx(top)


@given(st.floats(1e-6, 1e15), st.booleans())
def test_a_scale_has_room_for_the_value_and_not_much_more(value: float, binary: bool) -> None:
    assert value * (1 - 1e-6) <= ceiling(value, binary=binary) <= value * 1.5


@given(
    st.lists(st.none() | st.tuples(*[st.floats(0, 1e9)] * 3).map(lambda of: tuple(sorted(of))), max_size=30),
    st.floats(1e-3, 1e9),
    st.integers(1, 15),
    st.sampled_from(Signs),
)
def test_it_always_has_its_size(points: list[Point | None], top: float, lines: int, signs: Signs) -> None:
    rows = curve(points, top, lines, signs)
    assert len(rows) == lines
    assert {len(row) for row in rows} == {(len(points) + 1) // 2}
    for number in range(0, len(points), 2):
        known = any(point is not None for point in points[number : number + 2])
        assert any(row[number // 2][0] != " " for row in rows) == known
