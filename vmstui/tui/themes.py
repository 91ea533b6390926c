"""Themes: YAML files, checked before Textual sees them.

Textual accepts any text as a colour when a theme is registered and ends the app when it is applied, so every colour and
every variable is parsed here first. A file that is wrong is reported and left out. A file may be partial: what it does
not name is derived from its other colours, so that text stays readable on the background (contrast 4.5:1, WCAG AA).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from vmstui.resources import themes_folder
from vmstui.settings.folders import own_folder

DEFAULT = "vmstui-dark"
WITHOUT_COLOUR = "ansi"
"""Taken where NO_COLOR is set: it is the one theme that works with no colour at all."""

CONTRAST = 4.5

COLOURS = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface", "panel",
)  # fmt: skip

TEXT_VARIABLES = (
    "text-strong", "text-dim", "text-label", "text-key", "state-ok", "state-busy", "state-warn", "state-bad",
    "state-off", "spark",
)  # fmt: skip
"""Own variables that colour text on the background, and on the row under the cursor."""

PILL_VARIABLES = ("pill-warn", "pill-bad", "pill-text", "match", "match-text")
ROW_VARIABLES = ("row-cursor", "row-cursor-blurred", "row-head")
STYLE_VARIABLES = ("row-cursor-style", "row-cursor-blurred-style")
OWN_VARIABLES = (*TEXT_VARIABLES, *PILL_VARIABLES, *ROW_VARIABLES, *STYLE_VARIABLES)
STYLES = ("none", "bold", "reverse", "underline", "bold reverse", "bold underline")


@dataclass(frozen=True, slots=True)
class ThemeProblem:
    """A theme that was left out, and why."""

    path: str
    reason: str


def user_folder() -> Path:
    """Where a person may put own themes."""
    return Path(own_folder(), "themes")


def load_themes(folders: Iterable[Path] | None = None) -> tuple[dict[str, Theme], list[ThemeProblem]]:
    """All themes of these folders (the shipped ones and the person's own), and the files that were left out."""
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for folder in folders if folders is not None else (themes_folder(), user_folder()):
        for path in sorted(folder.glob("*.yaml")):
            try:
                theme = parse_theme(yaml.safe_load(path.read_text(encoding="utf-8")), path.stem)
                themes[theme.name] = theme
            except (ValueError, yaml.YAMLError, OSError, UnicodeDecodeError) as error:
                problems.append(ThemeProblem(str(path), " ".join(str(error).split())))
    return themes, problems


def parse_theme(document: object, name: str) -> Theme:
    """A theme from a parsed file. Raises ValueError that names the key, the value found and what is accepted."""
    if not isinstance(document, dict):
        raise ValueError("a theme is a mapping of names to colours")
    known = {"name", "dark", "ansi", "variables", *COLOURS}
    if unknown := sorted(str(key) for key in document if key not in known):
        raise ValueError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    colours = {key: _colour(key, document[key]) for key in COLOURS if key in document}
    if "primary" not in colours:
        raise ValueError("`primary` is missing; it is the one colour every theme must name")
    given = document.get("variables") or {}
    if not isinstance(given, dict):
        raise ValueError("`variables` is a mapping of names to colours")
    variables = {str(key): _variable(str(key), value) for key, value in given.items()}
    dark, ansi = (_flag(key, document.get(key, key == "dark")) for key in ("dark", "ansi"))
    theme = Theme(str(document.get("name", name)), dark=dark, ansi=ansi, variables=variables, **colours)  # type: ignore[arg-type]
    known_variables = {*theme.to_color_system().generate(), *OWN_VARIABLES, *BUILTIN_THEMES["ansi-dark"].variables}
    if strange := sorted(set(variables) - known_variables):
        raise ValueError(f"unknown variable {strange[0]!r}; those of vmstui are {', '.join(OWN_VARIABLES)}")
    theme.variables = {**own_variables(theme), **variables}
    return theme


def own_variables(theme: Theme) -> dict[str, str]:
    """vmstui's variables for a theme that does not name them: derived from its colours, and readable."""
    generated = theme.to_color_system().generate()
    if theme.ansi:
        return {**BUILTIN_THEMES["ansi-dark"].variables, **_ANSI_VARIABLES}
    background = Color.parse(generated["background"])
    foreground = Color.parse(generated["foreground"])
    cursor = background.blend(Color.parse(generated["primary"]), 0.28)
    blurred = background.blend(foreground, 0.10)
    rows = (background, Color.parse(generated["surface"]), cursor, blurred)

    def text(colour: Color) -> str:
        return readable(colour, rows).hex

    wanted = {
        "text-strong": foreground,
        "text-dim": background.blend(foreground, 0.62),
        "text-label": Color.parse(generated["secondary"]),
        "text-key": Color.parse(generated["accent"]),
        "state-ok": Color.parse(generated["success"]),
        "state-busy": Color.parse(generated["accent"]),
        "state-warn": Color.parse(generated["warning"]),
        "state-bad": Color.parse(generated["error"]),
        "state-off": background.blend(foreground, 0.62),
        "spark": Color.parse(generated["primary"]),
    }
    bad, warn = Color.parse(generated["error"]), Color.parse(generated["warning"])
    ink = max((Color.parse("#000000"), Color.parse("#ffffff")), key=lambda c: min(contrast(c, bad), contrast(c, warn)))
    match_ink = Color.parse("#000000")
    return {
        **{name: text(colour) for name, colour in wanted.items()},
        "pill-bad": readable(bad, (ink,)).hex,
        "pill-warn": readable(warn, (ink,)).hex,
        "pill-text": ink.hex,
        "match": readable(warn, (match_ink,)).hex,
        "match-text": match_ink.hex,
        "row-cursor": cursor.hex,
        "row-cursor-blurred": blurred.hex,
        "row-head": background.hex,
        "row-cursor-style": "none",
        "row-cursor-blurred-style": "none",
    }


_ANSI_VARIABLES: Mapping[str, str] = {
    "text-strong": "ansi_default",
    "text-dim": "ansi_default",
    "text-label": "ansi_cyan",
    "text-key": "ansi_cyan",
    "state-ok": "ansi_green",
    "state-busy": "ansi_cyan",
    "state-warn": "ansi_yellow",
    "state-bad": "ansi_red",
    "state-off": "ansi_default",
    "spark": "ansi_blue",
    "pill-bad": "ansi_red",
    "pill-warn": "ansi_yellow",
    "pill-text": "ansi_black",
    "match": "ansi_yellow",
    "match-text": "ansi_black",
    "row-cursor": "ansi_default",
    "row-cursor-blurred": "ansi_default",
    "row-head": "ansi_default",
    "row-cursor-style": "reverse",
    "row-cursor-blurred-style": "bold",
}


def readable(colour: Color, backgrounds: Iterable[Color], ratio: float = CONTRAST) -> Color:
    """The colour, moved towards white or black just as far as it takes to be read on all of these."""
    against = tuple(backgrounds)

    def worst(candidate: Color) -> float:
        return min(contrast(candidate, background) for background in against)

    target = max((Color.parse("#ffffff"), Color.parse("#000000")), key=worst)
    for step in range(21):
        candidate = colour.blend(target, step / 20)
        if worst(candidate) >= ratio:
            return candidate
    return target


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def _colour(key: str, value: object) -> str:
    try:
        Color.parse(str(value))
    except ColorParseError as error:
        raise ValueError(f"{key}: found {value!r}, accepted is a colour such as '#89b482', red or ansi_red") from error
    return str(value)


def _variable(key: str, value: object) -> str:
    if key in STYLE_VARIABLES:
        if value not in STYLES:
            raise ValueError(f"{key}: found {value!r}, accepted is one of {', '.join(STYLES)}")
        return str(value)
    return _colour(key, value)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{key}: found {value!r}, accepted is true or false")
    return value
