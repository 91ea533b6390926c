"""Theme files: YAML, looked through before Textual sees any of it.

Textual accepts any text as a colour when a theme is registered and ends the app when it is applied, so every colour and
every variable is parsed here first. What is wrong is told with its line, all at once, and such a file is not used. A
file may be partial: it is laid over the theme it is `like`, or over the shipped one of its own name; what nothing names
is derived from the other colours, so that text stays readable on the background (`themes.own_variables`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from vmstui.resources import themes_folder
from vmstui.settings.problems import Place, Problem, Report, nearest, shown
from vmstui.settings.tree import Entry, Node, Scalar, describe
from vmstui.settings.tree import Mapping as Section
from vmstui.tui import themes

MOST_BYTES = 1 << 16
STYLES = ("none", "bold", "reverse", "underline", "bold reverse", "bold underline")
COLOUR = "a colour such as '#89b482' (in quotes), red or ansi_red"
_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """What a file says: a theme, or what is wrong with it."""

    path: str
    theme: Theme | None
    problems: tuple[Problem, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    """Variables that it names; all others are derived."""


@cache
def shipped_themes() -> Mapping[str, ThemeFile]:
    """Those that came with vmstui, by name; each is read once, when it is wanted."""
    return _Shipped()


class _Shipped(Mapping[str, ThemeFile]):
    def __init__(self) -> None:
        self._paths = {path.name.removesuffix(".yaml"): str(path) for path in sorted(themes_folder().glob("*.yaml"))}
        self._read: dict[str, ThemeFile] = {}

    def __getitem__(self, name: str) -> ThemeFile:
        if name not in self._read:
            self._read[name] = read_theme(self._paths[name], {}, shipped=True)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def read_theme(path: str, bases: Mapping[str, ThemeFile], *, shipped: bool = False) -> ThemeFile:
    """The theme in a file. Raises nothing. `bases` are the shipped ones, by name."""
    report = Report(path)
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        report.error(Place(0, 0), "", f"no readable file ({error.strerror})", "a theme")
        return ThemeFile(path, None, tuple(report.errors))
    if len(raw) > MOST_BYTES:
        report.error(Place(0, 0), "", "a file larger than 64 KiB", "a theme of a few lines")
        return ThemeFile(path, None, tuple(report.errors))
    return parse_theme(raw, path, bases, shipped=shipped)


def parse_theme(raw: bytes, path: str, bases: Mapping[str, ThemeFile], *, shipped: bool = False) -> ThemeFile:
    """The theme in the bytes of a file of that path; its name is that of the file."""
    from vmstui.settings.document import read_document

    report = Report(path)
    name = os.path.basename(path).removesuffix(".yaml")
    if not _NAME.fullmatch(name):
        report.error(Place(0, 0), "", f"the name {shown(name)}", "a file name of letters, digits, - and _")
    node = read_document(raw, report, shipped=shipped)
    theme, named = None, dict[str, str]()
    if isinstance(node, Section):
        theme, named = _theme(name, node, bases, report)
    elif not report.errors:
        found = "nothing" if node is None else describe(node)
        report.error(Place(1, 1), "", found, "names with colours, such as `primary: '#89b482'`")
    if report.errors:
        return ThemeFile(path, None, tuple(sorted(report.errors, key=lambda problem: (problem.line, problem.column))))
    return ThemeFile(path, theme, (), named)


def _theme(
    name: str, document: Section, bases: Mapping[str, ThemeFile], report: Report
) -> tuple[Theme | None, dict[str, str]]:
    known = ("like", "dark", "ansi", "variables", *themes.COLOURS)
    entries: dict[str, Entry] = {}
    for entry in document.entries:
        if entry.key in known:
            entries[entry.key] = entry
        else:
            accepted = f"one of: {', '.join(known)}"
            report.error(entry.place, "", shown(entry.key), accepted, nearest(entry.key, known))
    base = _base(name, entries.get("like"), bases, report)
    colours, flags, inherited = _inherited(base)
    colours |= {key: _colour(entries[key], report) for key in themes.COLOURS if key in entries}
    flags |= {key: _flag(entries[key], report) for key in ("dark", "ansi") if key in entries}
    if "primary" not in colours and not report.errors:
        report.error(document.place, "primary", "nothing", f"{COLOUR}; or `like:` and a theme that has the rest")
    variables = inherited | dict(_variables(entries.get("variables"), report))
    if report.errors:
        return None, {}
    theme = Theme(name, variables=variables, **colours, **flags)  # type: ignore[arg-type]
    strange = set(variables) - {*theme.to_color_system().generate(), *themes.OWN_VARIABLES, *_ANSI}
    if strange:
        _tell_strange(strange, entries["variables"].value, report)
        return None, {}
    theme.variables = {**themes.own_variables(theme), **variables}
    return theme, variables


_ANSI = frozenset(BUILTIN_THEMES["ansi-dark"].variables)


def _base(name: str, like: Entry | None, bases: Mapping[str, ThemeFile], report: Report) -> ThemeFile | None:
    if like is None:
        return bases.get(name)
    wanted = like.value.text if isinstance(like.value, Scalar) else ""
    if wanted not in bases:
        found = shown(wanted) if wanted else describe(like.value)
        accepted = f"a theme that comes with vmstui: {', '.join(sorted(bases))}"
        report.error(like.value.place, "like", found, accepted, nearest(wanted, bases))
    return bases.get(wanted)


def _inherited(base: ThemeFile | None) -> tuple[dict[str, str], dict[str, bool], dict[str, str]]:
    """Colours, flags and named variables of the theme below."""
    if base is None or base.theme is None:
        return {}, {}, {}
    theme = base.theme
    colours = {key: value for key in themes.COLOURS if (value := getattr(theme, key)) is not None}
    return colours, {"dark": theme.dark, "ansi": theme.ansi}, dict(base.named)


def _variables(entry: Entry | None, report: Report) -> Iterator[tuple[str, str]]:
    if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null):
        return
    if not isinstance(entry.value, Section):
        report.error(entry.value.place, "variables", describe(entry.value), "names with colours below it")
        return
    for variable in entry.value.entries:
        if variable.key in themes.STYLE_VARIABLES:
            yield variable.key, _style(variable, report)
        else:
            yield variable.key, _colour(variable, report)


def _tell_strange(strange: set[str], variables: Node, report: Report) -> None:
    accepted = f"one of: {', '.join(themes.OWN_VARIABLES)}; or one of Textual's"
    for entry in variables.entries if isinstance(variables, Section) else ():
        if entry.key in strange:
            report.error(entry.place, "variables", shown(entry.key), accepted, nearest(entry.key, themes.OWN_VARIABLES))


def _colour(entry: Entry, report: Report) -> str:
    node = entry.value
    if not isinstance(node, Scalar) or node.is_null:
        report.error(node.place, entry.key, describe(node), COLOUR)
        return ""
    try:
        Color.parse(node.text)
    except ColorParseError:
        report.error(node.place, entry.key, shown(node.text), COLOUR)
    return node.text


def _style(entry: Entry, report: Report) -> str:
    text = entry.value.text if isinstance(entry.value, Scalar) else ""
    if text not in STYLES:
        report.error(entry.value.place, entry.key, shown(text), f"one of {', '.join(STYLES)}")
    return text


def _flag(entry: Entry, report: Report) -> bool:
    text = entry.value.text if isinstance(entry.value, Scalar) else ""
    if text not in ("true", "false"):
        report.error(entry.value.place, entry.key, shown(text), "true or false")
    return text == "true"
