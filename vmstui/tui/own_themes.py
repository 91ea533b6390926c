"""A person's own themes, and what becomes of them while the dashboard runs: a file that is saved is taken a moment
later, one that is broken then leaves the theme as it was.

Looked at once a second, by the times of the files alone; a file is read once it was the same for two looks, as an
editor may still be writing it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from textual.theme import Theme

from vmstui.settings.problems import Problem
from vmstui.tui.theme_file import ThemeFile, read_theme

Stamps = Mapping[str, tuple[int, int, int]]
"""Time of the last change, size and inode of each file, by its name."""


@dataclass(frozen=True, slots=True)
class News:
    """What the files say that they did not say before."""

    themes: tuple[Theme, ...]
    """To be registered; also shipped ones that no file is laid over any more."""
    gone: tuple[str, ...]
    """Names of themes that there are no longer."""
    problems: tuple[Problem, ...]


class OwnThemes:
    """The files of one folder."""

    def __init__(self, folder: str, shipped: Mapping[str, ThemeFile]) -> None:
        """`shipped` are the themes that came with vmstui, by name."""
        self._folder, self._shipped = folder, shipped
        self._seen: Stamps = {}
        self._taken: Stamps = {}

    def first(self) -> News:
        """All there are now."""
        self._seen = _stamps(self._folder)
        return self._take()

    def look(self) -> News | None:
        """What has changed since, once it is at rest; None for nothing."""
        before, self._seen = self._seen, _stamps(self._folder)
        return self._take() if self._seen == before and self._seen != self._taken else None

    def _take(self) -> News:
        before, self._taken = self._taken, self._seen
        changed = sorted(name for name, stamp in self._taken.items() if before.get(name) != stamp)
        files = [read_theme(os.path.join(self._folder, name), self._shipped) for name in changed]
        gone = sorted(name.removesuffix(".yaml") for name in before if name not in self._taken)
        back = [theme for name in gone if name in self._shipped and (theme := self._shipped[name].theme) is not None]
        return News(
            (*back, *(file.theme for file in files if file.theme is not None)),
            tuple(name for name in gone if name not in self._shipped),
            tuple(problem for file in files for problem in file.problems),
        )


def _stamps(folder: str) -> Stamps:
    stamps: dict[str, tuple[int, int, int]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".yaml") and not entry.name.startswith("."):
                    status = entry.stat()
                    stamps[entry.name] = status.st_mtime_ns, status.st_size, status.st_ino
    except OSError:  # no folder, mostly; or a file that went away while it was looked at
        pass
    return stamps
