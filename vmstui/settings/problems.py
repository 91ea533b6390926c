"""What is wrong with a configuration, in one shape: file, line, key, what was found, what is accepted.

Every check of this package appends to one `Report`, so that a person sees all errors at once. A problem never holds a
secret: whoever makes one for a password or an address passes a description as `found`, not the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vmstui.sanitise import is_visible
from vmstui.settings.errors import SettingsError

SHOWN_CHARACTERS = 60
"""How much of a value an error shows."""

_WORD = re.compile(r"[\w.-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the file, both counted from 1; line 0 means the file as a whole."""

    line: int
    column: int


WHOLE_FILE = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning, fit to be printed: no secret and no control character in it."""

    file: str
    line: int
    column: int
    key: str
    """Dotted, such as `cameras[2].profile`; lists count from 0. Empty where no key is concerned."""
    found: str
    accepted: str
    hint: str = ""
    """A short guess at what was meant, such as `did you mean 'cameras'?`."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        accepted = f": {self.hint} ({self.accepted})" if self.hint else f" {self.accepted}"
        return f"{where}:{key} found {self.found}, accepted{accepted}"


@dataclass(slots=True)
class Report:
    """Collects the problems of one file while it is read."""

    file: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, place: Place, key: str, found: str, accepted: str, hint: str = "") -> None:
        """Note something that makes the configuration unusable."""
        self.errors.append(Problem(self.file, place.line, place.column, key, found, accepted, hint))

    def warn(self, place: Place, key: str, found: str, accepted: str) -> None:
        """Note something that works and should be changed all the same."""
        self.warnings.append(Problem(self.file, place.line, place.column, key, found, accepted))

    def raise_errors(self) -> None:
        """Raise `SettingsError` if there was any error. What stands once and is used by aliases is told once."""
        if self.errors:
            once = {(p.line, p.column, p.key.rpartition(".")[2], p.found): p for p in reversed(self.errors)}
            raise SettingsError(sorted(reversed(once.values()), key=lambda problem: (problem.line, problem.column)))


EXPANSION = "${"
"""Text with it is refused everywhere, so that nobody believes that variables are expanded."""
NOT_EXPANDED = ("'${…}'", "plain text: nothing is expanded; passwords come from {env: NAME} or {file: PATH}")
"""`found` and `accepted` for an attempt at a variable."""


def shown(text: str) -> str:
    """A value in quotes, shortened, with control and bidirectional characters escaped (`repr` escapes what
    `str.isprintable` refuses), and with every character escaped where none can be seen."""
    quoted = repr if is_visible(text) else ascii
    start, separator, rest = text.partition("://")
    if "@" in rest:
        text = f"{start}{separator}…"  # an address with a login where none belongs
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "…"
    return quoted(text)


def first_of(problems: Sequence[Problem]) -> str:
    """The first of them, and where all are told: for where there is room for one."""
    more = len(problems) - 1
    return f"{problems[0]}{f' ({more} more: vmstui config check)' if more else ''}"


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'X'?` for the known word most like this one, or an empty string."""
    match = nearest_word(word, known)
    return f"did you mean '{match}'?" if match else ""


def nearest_word(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, or an empty string."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word[:SHOWN_CHARACTERS], list(known), n=1, cutoff=0.6)), "")


def child(path: str, key: str) -> str:
    """The dotted key below `path`. What stands below a password is not repeated: it may be the password."""
    word = key_word(key)
    if path.endswith("password") and word not in ("env", "file"):
        word = "***"
    return f"{path}.{word}" if path else word


def key_word(key: str) -> str:
    """A key as an error shows it: up to what is no word, since in `{password:secret}` all of it is one key to YAML."""
    word = _WORD.match(key)
    start = word[0][:SHOWN_CHARACTERS] if word else ""
    return start if start == key else f"{start}…"
