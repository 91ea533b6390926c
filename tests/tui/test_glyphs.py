"""Signs and their ASCII twins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.fakes import FakeRecorder, camera, log_line, recorder_snapshot, segment
from tests.tui.screens import dashboard, screen_text, until
from vmstui.logged import LogLevel
from vmstui.model import CameraState
from vmstui.tui import glyphs


@given(st.text(max_size=30))
def test_ascii_text_is_ascii_and_as_wide(text: str) -> None:
    printable = "".join(character for character in text if character.isprintable())
    assert glyphs.in_ascii(printable).isascii()
    assert cell_len(glyphs.in_ascii(printable)) == cell_len(printable)


@pytest.mark.parametrize(
    "family",
    [glyphs.STATE, glyphs.OUTPUT, glyphs.VERDICT, glyphs.EVENT, glyphs.STRIP],
    ids=["state", "output", "verdict", "event", "strip"],
)
def test_signs_of_a_family_stay_apart_in_both_sets(family: dict[object, str]) -> None:
    assert len(set(family.values())) == len(family)
    assert len({glyphs.in_ascii(sign) for sign in family.values()}) == len(family)


def test_the_heights_of_a_spark_stay_apart() -> None:
    assert len(set(glyphs.in_ascii(glyphs.LEVELS))) == len(glyphs.LEVELS)


@pytest.mark.parametrize(
    ("encoding", "ascii_only"),
    [("utf-8", False), ("UTF8", False), ("ANSI_X3.4-1968", True), ("latin-1", True), (None, True)],
)
def test_a_terminal_that_is_not_utf_8_gets_ascii(encoding: str | None, ascii_only: bool) -> None:
    assert glyphs.needs_ascii(encoding) is ascii_only


KEYS = ("l", "O", "enter", "escape", "r", "n", "question_mark", "escape", "ctrl+c", "colon", "l", "escape", "slash")


async def test_ascii_mode_is_ascii_on_every_screen() -> None:
    fleet = recorder_snapshot(
        camera("a", name="Cửa Bắc 東口"),
        *(camera(state.value, state, reason="…") for state in CameraState),
        *(camera(f"more_{n}") for n in range(40)),
    )
    recorder = FakeRecorder(
        lines=[log_line(n, "→ é", LogLevel.ERROR, "auth_failed") for n in range(90)], closed_segments=(segment(),) * 60
    )
    async with dashboard(recorder, fleet, ascii_only=True, size=(160, 45)) as (app, pilot):
        for keys in ["", *KEYS]:
            if keys:
                await pilot.press(keys)
            await pilot.pause(0.1)
            found = {character for character in screen_text(app) if not character.isascii()}
            assert not found, (keys, found)
        await until(pilot, lambda: "*" in screen_text(app))
