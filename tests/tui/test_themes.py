"""Themes: valid, readable, and a bad file costs nothing but itself."""

from __future__ import annotations

import itertools
import math
import operator
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
    names = {"vmstui-dark", "vmstui-light", "high-contrast", "ansi", "nord", "gruvbox"}
    assert set(SHIPPED) == names | {"colour-blind-dark", "colour-blind-light"}
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


SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "without red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "without green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "without blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""What becomes of linear RGB in an eye (Machado, Oliveira and Fernandes 2009, severity 1.0)."""


def _seen(colour: Color, sight: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """CIE L*a*b* of a colour in such an eye, under D65."""
    channels = (channel / 255 for channel in colour.rgb)
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    red, green, blue = (min(1.0, max(0.0, sum(map(operator.mul, row, linear)))) for row in sight)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("name", ["colour-blind-dark", "colour-blind-light"])
@pytest.mark.parametrize("sight", SIGHT)
def test_well_warned_and_failed_differ_also_in_an_eye_that_sees_two_colours(name: str, sight: str) -> None:
    colours = SHIPPED[name].variables
    states = [_seen(Color.parse(colours[state]), SIGHT[sight]) for state in ("state-ok", "state-warn", "state-bad")]
    for one, other in itertools.combinations(states, 2):
        assert math.dist(one, other) >= 25, "ten times what a trained eye just tells apart"


def test_the_colours_of_the_default_theme_would_not_pass_that() -> None:
    """A check that cannot fail proves nothing."""
    well, failed = (Color.parse(SHIPPED["vmstui-dark"].variables[name]) for name in ("state-ok", "state-bad"))
    green = SIGHT["without green"]
    assert math.dist(_seen(well, green), _seen(failed, green)) < 10


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
