"""Themes: valid, readable, and a bad file costs nothing but itself."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.cli.config_commands import check
from vmstui.tui import themes
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.own_themes import OwnThemes
from vmstui.tui.theme_file import STYLES, parse_theme, shipped_themes

FILES = shipped_themes()
SHIPPED = {name: file.theme for name, file in FILES.items() if file.theme is not None}
RGB = [name for name, theme in SHIPPED.items() if not theme.ansi]


def test_the_shipped_themes_are_valid() -> None:
    assert [file.problems for file in FILES.values() if file.problems] == []
    names = {"vmstui-dark", "vmstui-light", "high-contrast", "ansi", "nord", "gruvbox"}
    assert set(SHIPPED) == names | {"colour-blind-dark", "colour-blind-light"}
    assert themes.DEFAULT in SHIPPED
    assert themes.WITHOUT_COLOUR in SHIPPED


@pytest.mark.parametrize("name", RGB)
def test_all_text_has_a_contrast_of_4_5_on_every_ground_it_stands_on(name: str) -> None:
    assert themes.hard_to_read(SHIPPED[name]) == []


def test_what_cannot_be_read_is_named() -> None:
    """A check that cannot fail proves nothing."""
    weak = parse_theme(b"like: nord\nvariables: {text-dim: '#3b4454', pill-text: '#bf616a'}", "weak.yaml", FILES).theme
    assert weak is not None
    said = themes.hard_to_read(weak)
    assert "text-dim on row-cursor has a contrast of 1.0" in said
    assert any(words.startswith("pill-text on pill-bad") for words in said)


def test_the_colours_of_a_terminal_are_its_own_matter() -> None:
    assert themes.hard_to_read(SHIPPED["ansi"]) == []
    for name in themes.OWN_VARIABLES:
        value = SHIPPED["ansi"].variables[name]
        assert value in STYLES if name in themes.STYLE_VARIABLES else value.startswith("ansi_"), name
    for key in themes.COLOURS:
        assert str(getattr(SHIPPED["ansi"], key)).startswith("ansi_"), key


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
    ("text", "line", "words"),
    [
        ("primary: '#12345'", 1, "primary: found '#12345', accepted a colour such as '#89b482' (in quotes)"),
        ("primary: #89b482", 1, "primary: found nothing, accepted a colour such as '#89b482' (in quotes)"),
        ("primary: red\nvariables: {state-ok: greenish}", 2, "state-ok: found 'greenish', accepted a colour"),
        ("primary: red\nvariables:\n  row-cursor-style: blink", 3, "found 'blink', accepted one of none, bold"),
        ("primary: red\nvariables:\n  state-okay: red", 3, "found 'state-okay', accepted: did you mean 'state-ok'?"),
        ("primray: red\nprimary: red", 1, "found 'primray', accepted: did you mean 'primary'?"),
        (
            "accent: red",
            1,
            "primary: found nothing, accepted a colour such as '#89b482' (in quotes), red or ansi_red; or",
        ),
        ("primary: red\ndark: perhaps", 2, "dark: found 'perhaps', accepted true or false"),
        ("like: nrod", 1, "like: found 'nrod', accepted: did you mean 'nord'?"),
        ("primary: red\nprimary: blue", 2, "primary: found the same key twice (first in line 1), accepted it once"),
        ("- red", 1, "found a list, accepted names with colours"),
        ("", 1, "found nothing, accepted names with colours"),
        ("primary: [", 1, "found a syntax error"),
        ("primary: '#fff; } Screen { display: none'", 1, "primary: found '#fff; } Screen { display: none'"),
        ("\x00", 1, "found the control character U+0000"),
    ],
)
def test_what_is_wrong_with_a_theme_is_told_with_its_line(text: str, line: int, words: str) -> None:
    made = parse_theme(text.encode(), "mine.yaml", FILES)
    assert made.theme is None
    assert str(made.problems[0]).startswith(f"mine.yaml:{line}: ")
    assert words in str(made.problems[0])


def test_everything_that_is_wrong_with_a_theme_is_told_at_once() -> None:
    made = parse_theme(b"primary: rde\nerrr: red\ndark: 1\nvariables:\n  spark: x\n  tetx-dim: red", "mine.yaml", FILES)
    assert [problem.line for problem in made.problems] == [1, 2, 3, 5]


def test_the_name_of_a_file_is_one_that_can_be_typed() -> None:
    made = parse_theme(b"primary: red", "my theme.yaml", FILES)
    assert "found the name 'my theme', accepted a file name of letters, digits, - and _" in str(made.problems[0])


def test_a_theme_may_name_one_colour_and_the_rest_is_made_readable() -> None:
    made = parse_theme(b"primary: '#3366cc'", "mine.yaml", FILES)
    assert made.theme is not None
    assert set(themes.OWN_VARIABLES) <= set(made.theme.variables)
    assert themes.hard_to_read(made.theme) == []


def test_a_theme_is_laid_over_the_one_it_is_like_or_over_the_shipped_one_of_its_name() -> None:
    nord = SHIPPED["nord"]
    for text, name in (("like: nord\naccent: '#ffffff'", "mine"), ("accent: '#ffffff'", "nord")):
        made = parse_theme(text.encode(), f"{name}.yaml", FILES).theme
        assert made is not None
        assert (made.name, made.accent, made.primary, made.dark) == (name, "#ffffff", nord.primary, nord.dark)
        assert made.variables["state-ok"] == nord.variables["state-ok"]


# ------------------------------------------------------------------------------------------- a person's own folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a person's themes; nothing is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    made = tmp_path / "vmstui" / "themes"
    made.mkdir(parents=True)
    return made


def saved(path: Path, text: str) -> None:
    """As an editor does it: a new file in the place of the old one, which is another one whatever the clock says."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def test_a_file_is_read_once_it_is_at_rest_and_not_again(folder: Path) -> None:
    own = OwnThemes(str(folder), FILES)
    assert own.first().themes == ()
    assert own.look() is None
    saved(folder / "mine.yaml", "primary: red")
    assert own.look() is None, "somebody may still be writing it"
    news = own.look()
    assert news is not None
    assert [theme.name for theme in news.themes] == ["mine"]
    assert own.look() is None
    saved(folder / "mine.yaml", "primary: rde")
    assert own.look() is None
    broken = own.look()
    assert broken is not None
    assert broken.themes == ()
    assert broken.problems[0].line == 1
    assert own.look() is None, "a mistake is told once"


def test_what_lay_over_a_shipped_theme_gives_it_back_when_it_goes(folder: Path) -> None:
    saved(folder / "nord.yaml", "accent: '#ffffff'")
    saved(folder / "mine.yaml", "primary: red")
    own = OwnThemes(str(folder), FILES)
    assert {theme.name for theme in own.first().themes} == {"nord", "mine"}
    (folder / "nord.yaml").unlink()
    (folder / "mine.yaml").unlink()
    assert own.look() is None
    news = own.look()
    assert news is not None
    assert news.themes == (SHIPPED["nord"],)
    assert news.gone == ("mine",)


def test_a_folder_that_is_not_there_is_no_matter(tmp_path: Path) -> None:
    own = OwnThemes(str(tmp_path / "nothing"), FILES)
    assert own.first().themes == ()
    assert own.look() is None


async def test_a_bad_theme_of_the_person_is_told_and_not_fatal(folder: Path) -> None:
    saved(folder / "mine.yaml", "primary: nonsense")
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera()), theme="no-such-theme") as (app, pilot):
        await until(pilot, lambda: "no-such-theme" in toasts(app))
        assert f"Theme is left out: {folder}/mine.yaml:1: primary: found 'nonsense'" in toasts(app)
        assert app.theme == themes.DEFAULT


async def looked(app: Dashboard, pilot: Pilot[Leave], condition: Callable[[], bool]) -> None:
    """Until that is so, looking more often than once a second."""

    def look() -> bool:
        app.themes.look()
        return condition()

    await until(pilot, look)


async def test_a_theme_that_is_saved_is_seen_and_one_that_is_broken_leaves_it_as_it_was(folder: Path) -> None:
    def ground() -> str:
        return app.screen.styles.background.hex

    mine = folder / "mine.yaml"
    saved(mine, "primary: red\nbackground: '#000011'")
    async with dashboard(FakeRecorder(), recorder_snapshot(camera()), theme="mine") as (app, pilot):
        await until(pilot, lambda: ground() == "#000011")
        saved(mine, "primary: red\nbackground: '#000022'")
        await looked(app, pilot, lambda: ground() == "#000022")
        saved(mine, "primary: rde\nbackground: '#000033'")
        told = f"Themes stay as they were: {mine}:1: primary: found 'rde'"
        await looked(app, pilot, lambda: told in toasts(app))
        assert ground() == "#000022"
        saved(mine, "primary: red\nbackground: '#000044'")
        await looked(app, pilot, lambda: ground() == "#000044")


async def test_a_saved_theme_is_seen_by_itself(folder: Path) -> None:
    async with dashboard(FakeRecorder(), recorder_snapshot(camera())) as (app, pilot):
        saved(folder / "mine.yaml", "primary: red")
        await until(pilot, lambda: "mine" in app.available_themes)


async def test_a_theme_that_was_asked_for_is_taken_once_it_is_there(folder: Path) -> None:
    async with dashboard(FakeRecorder(), recorder_snapshot(camera()), theme="mine") as (app, pilot):
        await until(pilot, lambda: "There is no theme 'mine'" in toasts(app))
        saved(folder / "mine.yaml", "primary: red")
        await looked(app, pilot, lambda: app.theme == "mine")


def test_the_check_of_the_configuration_tells_of_own_themes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vmstui.yaml"
    config.write_text("recordings: /srv/r\ncameras: [{id: a, url: 'rtsp://h/'}]\n")
    saved(folder / "bad.yaml", "primary: rde")
    saved(folder / "good.yaml", "primary: '#3366cc'")
    saved(folder / "weak.yaml", "like: nord\nvariables: {text-dim: '#3b4454'}")
    assert check(str(config), as_json=False) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{config}: good") or said[1].startswith(f"{config}: good")
    assert any(line.startswith(f"{folder}/bad.yaml:1: primary: found 'rde'") for line in said)
    assert f"{folder}/bad.yaml: 1 error, so this theme is left out" in said
    assert f"{folder}/good.yaml: good" in said
    assert any(
        "weak.yaml: text-dim on row-cursor has a contrast of 1.0; 4.5 can be read by most" in line for line in said
    )


@pytest.mark.parametrize("name", ["vmstui-light", "high-contrast", "ansi", "nord", "textual-light", "ansi-light"])
async def test_every_kind_of_theme_can_be_taken_while_it_runs(name: str) -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera())) as (app, pilot):
        app.choose_theme(name)
        await pilot.pause()
        assert "1/1 recording" in screen_text(app)
