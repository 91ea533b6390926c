"""The word of a pattern by which lines are chosen for it, so that a line is tried against a few patterns and not all.

Every line that a pattern matches holds this word as a whole word. It is read from the text of the pattern: what stands
there literally, outside of groups and sets, and not followed by a quantifier. Pure; called when the table is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

WORD = re.compile("[A-Za-z]{2,}")
"""What counts as a word, in patterns and in lines."""

_QUANTIFIERS = frozenset("?*+{")
_ZERO_WIDTH = frozenset("bBAZ")
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


def alternatives(pattern: str) -> Iterator[str]:
    """The pattern split at each `|` that is in no group or set."""
    start = depth = position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character == "[" and (end := _SET.match(pattern, position)):
            position = end.end() - 1
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            yield pattern[start:position]
            start = position + 1
        position += 1
    yield pattern[start:]


def literals(alternative: str) -> list[str]:
    """The stretches of text that stand literally in each match, in their order, with `\\0` for anything between them,
    and `\\1` for anything that is no letter.

    `Non-monoton(?:ous|ic) DTS` has `Non-monoton`, `\\0`, ` DTS`.
    """
    parts: list[str] = []
    depth = position = 0
    while position < len(alternative):
        character = alternative[position]
        text = "\0"
        if character == "\\":
            position += 1
            escaped = alternative[position : position + 1]
            if not escaped.isalnum():
                text = escaped
            elif escaped in _ZERO_WIDTH:
                text = ""
        elif character == "[":
            end = _SET.match(alternative, position)
            position = end.end() - 1 if end else position
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character in "^$":
            text = ""
        elif character not in ".":
            text = character
        plain = text
        following = alternative[position + 1 : position + 2]
        if character in _QUANTIFIERS and text == character:
            text = ""  # of the piece before, which is gone already
            if character == "{":
                position = max(alternative.find("}", position), position)
        elif following in _QUANTIFIERS and following:
            text = "\0" if plain.isalpha() or not plain or plain == "\0" else "\1"
        parts.append("\0" if depth and text else text)
        position += 1
    return [run for run in re.split("(\0+)", "".join(parts)) if run]


def whole_words(alternative: str) -> list[str]:
    """Words that each match holds whole. At the ends of a pattern words are whole by definition."""
    runs = literals(alternative)
    found: list[str] = []
    for index, run in enumerate(runs):
        for word in WORD.finditer(run):
            cut_before = word.start() == 0 and index > 0
            cut_after = word.end() == len(run) and index < len(runs) - 1
            if not cut_before and not cut_after:
                found.append(word[0])
    return found


def keys(patterns: list[str]) -> list[tuple[str, ...] | None]:
    """For each pattern the words of which a matching line has at least one; None where there are no such words.

    Of the words of an alternative the one is taken that fewest others have.
    """
    candidates = [[whole_words(alternative) for alternative in alternatives(pattern)] for pattern in patterns]
    uses: dict[str, int] = {}
    for pattern in candidates:
        for word in {word for words in pattern for word in words}:
            uses[word] = uses.get(word, 0) + 1
    return [
        tuple({min(words, key=lambda word: (uses[word], -len(word), word)) for words in pattern})
        if all(pattern)
        else None
        for pattern in candidates
    ]
