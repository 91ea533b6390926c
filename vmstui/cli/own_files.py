"""What is wrong with a person's own files, the keys and the themes of their dashboard: no recorder needs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from vmstui.settings.folders import KEYS_FILE, THEMES_FOLDER, own_folder
from vmstui.settings.problems import Problem


class OwnFile(NamedTuple):
    """One of them."""

    path: str
    problems: tuple[Problem, ...]
    """Why it is not used."""
    warnings: tuple[str, ...] = ()
    so: str = ""
    """What becomes of it."""


def own_files() -> list[OwnFile]:
    """All there are. Without any, only that is looked at."""
    folder = own_folder()
    found: list[OwnFile] = []
    if os.path.exists(path := os.path.join(folder, KEYS_FILE)):
        from vmstui.tui.keymap import load_keymap  # here, as few have one

        problems = load_keymap(path).problems
        found.append(OwnFile(path, problems, (), "the dashboard has its usual keys" if problems else ""))
    if os.path.isdir(path := os.path.join(folder, THEMES_FOLDER)):
        found += _themes(path)
    return found


def _themes(folder: str) -> Iterator[OwnFile]:
    from vmstui.tui.theme_file import read_theme, shipped_themes
    from vmstui.tui.themes import hard_to_read

    shipped = shipped_themes()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yaml") and not name.startswith("."):
            file = read_theme(os.path.join(folder, name), shipped)
            weak = tuple(hard_to_read(file.theme)) if file.theme is not None else ()
            yield OwnFile(file.path, file.problems, weak, "this theme is left out" if file.problems else "")
