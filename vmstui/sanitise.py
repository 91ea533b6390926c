"""Text from outside made harmless, once, where it enters.

ffmpeg's messages, camera names and SDP titles may hold escape sequences that would retitle a terminal, move its cursor
or write its clipboard, bidirectional marks that make a line read as something else, and characters without width that
make two texts look alike. `clean` is called by whoever first takes such text in; everything after it may print the
result (with markup off). `is_visible` tells whether anything of a text is seen then.
"""

from __future__ import annotations

import re

# Compiled by `re` when first needed, as most texts are harmless: it takes longer than a question to the catalogue.
_ESCAPES = (
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # OSC … BEL or ST
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)"  # DCS, SOS, PM, APC … ST
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # any other escape
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in its 8-bit form
)
_CONTROLS = (
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # C0 but tab, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides, isolates
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f"  # soft hyphen, zero-width spaces, invisible operators
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line separators, byte order mark, interlinear marks
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of shorthand and of music
    "\U000e0000-\U000e007f]"  # tags: a flag of theirs becomes a black one, but they can hide whole sentences
    "|[\ud800-\udfff]"  # lone surrogates cannot be encoded again
)
# Zero-width (non-)joiners shape Persian and Indic words and join emoji. Elsewhere they only hide.
_JOINED = "[^\x00-\x7f\\s\u200c\u200d]"
_STRAY_JOINERS = f"(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols without ink: Hangul fillers, the empty Braille pattern, the null note."""


def clean(text: str) -> str:
    """The text on one line without escape sequences, control, bidirectional and zero-width characters; tabs become a
    space. Whatever it removes, `str.isprintable` refuses."""
    if text.isprintable():
        return text  # most lines end here
    text = re.sub(_CONTROLS, "", re.sub(_ESCAPES, "", text)).replace("\t", " ")
    return re.sub(_STRAY_JOINERS, "", text) if "\u200c" in text or "\u200d" in text else text


def clean_bytes(raw: bytes) -> str:
    """Bytes of unknown encoding as harmless text: UTF-8, with U+FFFD for what is not."""
    return clean(raw.decode("utf-8", errors="replace"))


def is_visible(text: str) -> bool:
    """Whether anything of the text can be seen once it is clean; accents need a letter below them."""
    text = clean(text)
    if text.isascii():
        return bool(text.strip())
    from unicodedata import category  # only here: most recorders never need its tables, and would keep them for ever

    return any(category(character)[0] in "LNPS" and character not in _BLANKS for character in text)
