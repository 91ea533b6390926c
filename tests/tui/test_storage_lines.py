"""Storage as a chart: the whole disk and the days of each camera, on fixed scales."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW
from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui.bars import bar, parts_bar
from vmstui.tui.lines import Role, text_of, width_of
from vmstui.tui.storage_lines import storage_lines

GB = 10**9


def stored(name: str, days: float | None, rule: str = "age") -> CameraStorage:
    return CameraStorage(name, True, 1e6, 86400.0, False, 100 * GB, 0, NOW, 14.0, days, rule)


STORAGE = StorageProjection(
    NOW, (stored("a", 14.0), stored("b", 7.0, "free space")), 400 * GB, 100 * GB, 500 * GB, 1000 * GB, 50 * GB, 2e6,
    full_at=NOW + timedelta(days=2),
)  # fmt: skip


def told(storage: StorageProjection = STORAGE, cells: int = 112) -> list[str]:
    return [text_of(line) for line in storage_lines(storage, {"a": "Gate", "b": "Yard"}, UTC, cells)]


def test_the_disk_is_drawn_in_its_parts_and_each_is_told() -> None:
    lines = told()
    assert lines[0] == "storage     " + "┃" * 10 + "█" * 30 + "━" * 10 + "░" * 45 + "┈" * 5
    assert "┃ locked 100.0 GB  █ recordings 300.0 GB  ━ other files 100.0 GB  ░ free 450.0 GB" in lines[1]
    assert "┈ kept free 50.0 GB" in " ".join(lines[1:3])
    assert "172.8 GB a day · keeps 7 of 14 days · full at 2025-10-22 07:56" in " ".join(lines)


def test_the_days_of_each_camera_are_on_one_scale_the_least_first() -> None:
    yard, gate = told()[-2:]
    assert yard.startswith("Yard")
    assert "▲ 7.0 of 14 days, free space" in yard
    assert "14.0 of 14 days, 86.4 GB a day, age" in gate
    assert gate.count("█") == 2 * yard.count("█")
    lines = storage_lines(STORAGE, {}, UTC, 112)
    assert any(role is Role.WARN for _, role in lines[-2])


def test_what_is_not_known_is_not_drawn() -> None:
    unknown = replace(STORAGE, cameras=(stored("a", None),), full_at=None)
    text = "\n".join(told(unknown))
    assert "DAYS" not in text
    assert "keeps" not in text
    assert "full at" not in text


@pytest.mark.parametrize("cells", [48, 78, 118, 198])
def test_lines_are_never_wider_than_there_is_room(cells: int) -> None:
    held = replace(STORAGE, held_at=NOW, cameras=tuple(stored(f"cam_{n}" * 5, n / 10) for n in range(100)))
    assert [line for line in storage_lines(held, {}, UTC, cells) if width_of(line) > cells] == []


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.integers(1, 100))
def test_a_bar_has_its_width_whatever_is_in_it(used: float, whole: float, cells: int) -> None:
    assert width_of(bar(used, whole, cells)) == cells


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=5), st.integers(20, 200))
def test_no_part_of_a_bar_that_there_is_goes_missing(parts: list[float], cells: int) -> None:
    drawn = parts_bar([(part, (str(number), Role.TEXT)) for number, part in enumerate(parts)], cells)
    assert width_of(drawn) == cells
    if any(parts):
        assert {text[0] for text, _ in drawn} == {str(number) for number, part in enumerate(parts) if part > 0}
