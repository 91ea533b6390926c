"""The names of keys: as Textual has them, as a person may write them, and as they are shown. Pure, but
for how they are shown where a terminal has ASCII only (`use_ascii`).

A key is a character (`k`, `G`, `/`) or one of `NAMES`, with `ctrl+` or `shift+` where a terminal can tell. Terminals
know less than keyboards: to them ctrl+i is tab, and alt with a letter is escape and that letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

NAMES = (
    "enter", "space", "tab", "backspace", "escape", "up", "down", "left", "right", "home", "end", "pageup", "pagedown",
    "insert", "delete", *(f"f{number}" for number in range(1, 25)),
)  # fmt: skip
"""Keys that are no characters, and the blank."""

ALIASES = {
    "esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
    "pgdown": "pagedown", "page_up": "pageup", "page_down": "pagedown", "bs": "backspace", "newline": "enter",
}  # fmt: skip
"""Other words for them, as they stand on keyboards."""

SAME = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+j": "enter",
    "ctrl+[": "escape",
    "ctrl+h": "backspace",
    "ctrl+space": "space",
}
"""What a terminal sends as another key, or not at all."""

_MOVES = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete")
_SPECIAL = {"/": "slash", "\\": "backslash", "@": "at", "-": "minus", "+": "plus", "_": "underscore", " ": "space"}
"""Characters to which Textual gives other names than Unicode does."""
_SIGNS = {
    "enter": "⏎", "escape": "esc", "up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End",
    "pageup": "PgUp", "pagedown": "PgDn", "insert": "Ins", "delete": "Del",
}  # fmt: skip
_WORDS = _SIGNS | {"enter": "enter"}
_PLAIN = {key: key for key in ("enter", "up", "down", "left", "right")}
"""Where there is only ASCII: what would be taken for a sign then could be taken for another key."""
_plain: dict[str, str] = {}


class UnknownKey(ValueError):
    """No key is called that; `hint` says what may have been meant, or is empty."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


def parse_key(text: str) -> str:
    """Textual's name of the key that a person wrote. Raises UnknownKey."""
    text = " " if text == " " else text.strip()
    if len(text) == 1 and text.isprintable():
        return _name_of(text)
    typed = text.lower().replace("control+", "ctrl+").replace("pgdown", "pagedown")
    modifiers, plus, last = typed.rpartition("+")
    if typed.endswith("++"):
        modifiers, plus, last = typed[:-2], "+", "+"
    key = ALIASES.get(last, last)
    name = f"{modifiers}{plus}{key}"
    if name in SAME:
        raise UnknownKey(f"to a terminal that is {SAME[name]}")
    if name in _known():
        return name
    if {"alt", "meta"} & {*modifiers.split("+")}:
        raise UnknownKey("terminals send alt as escape and that key")
    if modifiers == "shift" and len(key) == 1:
        raise UnknownKey(f"write what it types: {key.upper()!r}" if key.isalpha() else "write the character it types")
    if "," in text or " " in text.strip():
        raise UnknownKey("write several keys as a list: [up, k]")
    from difflib import get_close_matches

    close = get_close_matches(name[:30], [*_known(), *ALIASES], n=1, cutoff=0.6)
    raise UnknownKey(f"did you mean {ALIASES.get(close[0], close[0])!r}?" if close else "")


def is_character(key: str) -> bool:
    """Whether a field takes this key as text."""
    return key == "space" or _character_of(key) != ""


def written(key: str) -> str:
    """The key as `parse_key` takes it, the short way."""
    return _character_of(key) or key


def use_ascii(only: bool) -> None:
    """From now on keys are shown in ASCII only, or as usual. One dashboard runs per process, so that this is its."""
    _plain.clear()
    _plain.update(_PLAIN if only else {})


def sign(key: str) -> str:
    """The key as footer and help draw it."""
    if key.startswith("ctrl+") and len(key) == 6:
        return f"^{key[-1].upper()}"
    return _shown(key, _SIGNS | _plain)


def word(key: str) -> str:
    """The key as a sentence names it."""
    return _shown(key, _WORDS | _plain)


def _shown(key: str, names: dict[str, str]) -> str:
    modifiers, plus, last = key.rpartition("+")
    return f"{modifiers}{plus}{names.get(last) or written(last)}" if last else key


def _known() -> frozenset[str]:
    return frozenset(_combinations())


def _combinations() -> Iterator[str]:
    yield from NAMES
    yield from (_name_of(chr(code)) for code in range(33, 127) if not chr(code).isalnum())
    yield from (f"ctrl+{letter}" for letter in "abcdefgjklnopqrstuvwxyz")
    yield "shift+tab"
    for move in _MOVES:
        yield from (f"{modifier}+{move}" for modifier in ("ctrl", "shift", "ctrl+shift"))


def _name_of(character: str) -> str:
    """Textual's name of a character."""
    if character.isalnum():
        return character
    return _SPECIAL.get(character) or unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")


def _character_of(name: str) -> str:
    """The character that Textual calls so; empty where it is no character."""
    if len(name) == 1:
        return name
    if name in NAMES:  # Unicode knows some of these words too
        return ""
    for code in range(33, 127):
        if not chr(code).isalnum() and _name_of(chr(code)) == name:
            return chr(code)
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return ""
