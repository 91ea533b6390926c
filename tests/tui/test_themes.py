"""Themes: valid, readable, and a bad file costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.resources import themes_folder
from vmstui.tui import themes

SHIPPED, PROBLEMS = themes.load_themes([themes_folder()])
RGB = [name for name, theme in SHIPPED.items() if not theme.ansi]


def test_the_shipped_themes_are_valid() -> None:
    assert PROBLEMS == []
    assert set(SHIPPED) == {"vmstui-dark", "vmstui-light", "high-contrast", "ansi"}
    assert themes.DEFAULT in SHIPPED
    assert themes.WITHOUT_COLOUR in SHIPPED


@pytest.mark.parametrize("name", RGB)
def test_all_text_has_a_contrast_of_4_5_on_every_ground_it_stands_on(name: str) -> None:
    theme = SHIPPED[name]
    colours = {**theme.to_color_system().generate(), **theme.variables}
    grounds = ["background", "surface", "row-cursor", "row-cursor-blurred", "row-head"]
    for text in ("foreground", *themes.TEXT_VARIABLES):
        for ground in grounds:
            ratio = themes.contrast(Color.parse(colours[text]), Color.parse(colours[ground]))
            assert ratio >= 4.5, f"{text} on {ground}: {ratio:.2f}"
    for text, ground in (("pill-text", "pill-bad"), ("pill-text", "pill-warn"), ("match-text", "match")):
        assert themes.contrast(Color.parse(colours[text]), Color.parse(colours[ground])) >= 4.5, ground


@pytest.mark.parametrize("name", [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi])
def test_what_a_theme_does_not_name_is_derived_readably(name: str) -> None:
    variables = themes.own_variables(BUILTIN_THEMES[name])
    background = Color.parse(BUILTIN_THEMES[name].to_color_system().generate()["background"])
    for text in themes.TEXT_VARIABLES:
        for ground in (background, Color.parse(variables["row-cursor"])):
            assert themes.contrast(Color.parse(variables[text]), ground) >= 4.4, text


def test_every_own_variable_has_a_default() -> None:
    for name in ("nord", "ansi-dark"):
        assert set(themes.OWN_VARIABLES) <= set(themes.own_variables(BUILTIN_THEMES[name]))


def test_contrast_is_that_of_wcag() -> None:
    assert themes.contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21.0)
    assert themes.contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("primary: '#12345'", "primary: found '#12345', accepted is a colour"),
        ("primary: red\nvariables: {state-ok: greenish}", "state-ok: found 'greenish'"),
        (
            "primary: red\nvariables: {row-cursor-style: blink}",
            "row-cursor-style: found 'blink', accepted is one of none,",
        ),
        ("primary: red\nvariables: {state-okay: red}", "unknown variable 'state-okay'"),
        ("primray: red", "unknown key 'primray'"),
        ("accent: red", "`primary` is missing"),
        ("primary: red\ndark: perhaps", "dark: found 'perhaps', accepted is true or false"),
        ("- red", "a theme is a mapping"),
        ("primary: [", "while parsing"),
        ("primary: '#fff; } Screen { display: none'", "primary: found"),
        ("\x00", "special characters are not allowed"),
    ],
)
def test_a_bad_theme_is_left_out_and_says_why(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text("primary: '#3366cc'")
    loaded, problems = themes.load_themes([tmp_path])
    assert set(loaded) == {"good"}
    assert problems[0].path.endswith("bad.yaml")
    assert words in problems[0].reason


async def test_a_bad_theme_of_the_person_is_told_and_not_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "vmstui" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("primary: nonsense")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera()), theme="no-such-theme") as (app, pilot):
        await until(pilot, lambda: "no-such-theme" in toasts(app))
        assert "mine.yaml is left out: primary: found 'nonsense'" in toasts(app)
        assert app.theme == themes.DEFAULT


@pytest.mark.parametrize("name", ["vmstui-light", "high-contrast", "ansi", "nord", "textual-light", "ansi-light"])
async def test_every_kind_of_theme_can_be_taken_while_it_runs(name: str) -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        app.theme = name
        await pilot.pause()
        assert "1/1 recording" in screen_text(app)
