"""What a theme is made of, and what of it is derived: text stays readable on the background (contrast 4.5:1, WCAG AA).

The files are read in `theme_file`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

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
GROUNDS = ("background", "surface", "row-cursor", "row-cursor-blurred", "row-head")
"""What text stands on."""


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


def hard_to_read(theme: Theme) -> list[str]:
    """What has less contrast than it should, in words; nothing of a theme that leaves its colours to the terminal."""
    if theme.ansi:
        return []
    colours = {**theme.to_color_system().generate(), **theme.variables}
    pairs = [(text, ground) for text in ("foreground", *TEXT_VARIABLES) for ground in GROUNDS]
    pairs += [("pill-text", "pill-bad"), ("pill-text", "pill-warn"), ("match-text", "match")]
    found: list[str] = []
    for text, ground in pairs:
        ratio = contrast(Color.parse(colours[text]), Color.parse(colours[ground]))
        if ratio < CONTRAST:
            found.append(f"{text} on {ground} has a contrast of {ratio:.1f}")
    return found
