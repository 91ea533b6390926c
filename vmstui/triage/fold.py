"""What two messages have in common: a text with all that differs from line to line folded away. Pure."""

from __future__ import annotations

import re

FOLDED_CHARACTERS = 160
"""Texts that differ only later are the same."""

_DIFFERING = frozenset("0123456789/'\"@=")
"""What a word holds that is a number, a pointer, an address, a path, something quoted or a setting."""
_REPEATS = re.compile(r"#(?: #)+")


def differs(word: str) -> bool:
    """Whether a word without blanks is one that differs from line to line."""
    return not _DIFFERING.isdisjoint(word)


def fold(text: str) -> str:
    """`Connection to tcp://10.0.0.2:554 failed` becomes `Connection to # failed`, as it does with another address."""
    words = text[: 2 * FOLDED_CHARACTERS].split(" ")
    folded = " ".join([word if word.isalpha() or _DIFFERING.isdisjoint(word) else "#" for word in words])
    return (_REPEATS.sub("#", folded) if "# #" in folded else folded)[:FOLDED_CHARACTERS]
