"""The rule that turns the name of a camera into the name of its folder and the start of its file names.

`Duc Tai Dendo 1` becomes `Duc_Tai_Dendo_1`. The result is safe as one path component on any file system: letters,
digits and `_` only, never empty, never hidden, at most 80 bytes. The configuration uses it to refuse two cameras that
would share a folder, `recording` to name folders and segments; both must use this one rule.
"""

from __future__ import annotations

import re

from vmstui.configured import Camera

MAX_FOLDER_BYTES = 80
"""In UTF-8. Leaves room for `_YYYYMMDD_HHMMSS`, a suffix and `.mp4` below the 255 bytes of a file name."""

_OTHER_ASCII = re.compile("[^0-9A-Za-z]+")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\u180b-\u180f\u034f\U000e0100-\U000e01ef]")


def folder_name(name: str, fallback: str = "camera") -> str:
    """The name as one path component; `fallback` (the camera's id) where the name holds no letter and no digit.

    Letters and digits of every script stay, in Unicode's composed form (NFC), and so do the vowel signs and accents
    that belong to a letter; everything else becomes `_`, runs of it one.
    """
    kept = _OTHER_ASCII.sub("_", name).lstrip("_") if name.isascii() else _kept_of_any_script(name)
    return _at_most(kept, MAX_FOLDER_BYTES).strip("_") or fallback


def _kept_of_any_script(name: str) -> str:
    import unicodedata  # only here: most recorders never need its tables, and would keep them for ever

    kept: list[str] = []
    for character in unicodedata.normalize("NFC", _VARIATION_SELECTORS.sub("", name)):
        category = unicodedata.category(character)
        if category[0] == "L" or category == "Nd" or (category[0] == "M" and kept and kept[-1] != "_"):
            kept.append(character)
        elif kept and kept[-1] != "_":
            kept.append("_")
    return "".join(kept)


def camera_folder(camera: Camera) -> str:
    """The folder of a camera below `recordings`, which is also how its file names start."""
    return folder_name(camera.name, camera.id)


def _at_most(text: str, limit_bytes: int) -> str:
    """The longest start of the text that fits, cut between characters."""
    return text.encode("utf-8", errors="ignore")[:limit_bytes].decode("utf-8", errors="ignore")
