"""The shape of a YAML document once read: three kinds of nodes, each with its place in the file.

Scalars keep their words as written; what type they mean is decided by the key they belong to (`values`), which avoids
YAML 1.1's guesses (`no` as false, `010` as 8, `1:30` as 90).
"""

from __future__ import annotations

from typing import TypeAlias

from vmstui.light_dataclass import dataclass
from vmstui.settings.problems import Place


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or sentence, as written."""

    text: str
    plain: bool
    """Written without quotes, so that an empty text means nothing at all."""
    place: Place

    @property
    def is_null(self) -> bool:
        """Nothing after the colon, or YAML's words for nothing."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: str
    place: Place
    """Of the key."""
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A YAML mapping; merge keys are merged already and every key is there once."""

    entries: tuple[Entry, ...]
    place: Place
    is_whole: bool = True
    """False where a merge key failed, so that entries are missing."""


Node: TypeAlias = Scalar | Listing | Mapping


def describe(node: Node) -> str:
    """What kind of thing a node is, for an error; never the text of a scalar, which may be a secret."""
    if isinstance(node, Scalar):
        return "nothing" if node.is_null else "a single value"
    return "a list" if isinstance(node, Listing) else "a mapping"
