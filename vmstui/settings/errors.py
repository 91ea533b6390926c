"""What a configuration that cannot be used raises; apart from `problems`, as every command has to know it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmstui.settings.problems import Problem


class SettingsError(Exception):
    """The configuration cannot be used; `problems` holds every error that was found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
