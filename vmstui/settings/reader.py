"""Reads one section of the tree by the table of keys: unknown and missing keys, types, where each value came from.

`SectionReader` knows nothing of what the values mean together; `loader` asks it key by key and does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from vmstui.configured import Secret
from vmstui.settings.keys import Key, SecretKey, Section
from vmstui.settings.problems import EXPANSION, Place, Report, child, key_word, nearest, nearest_word
from vmstui.settings.secrets import read_secret
from vmstui.settings.tree import Entry, Listing, Mapping, Node, Scalar, describe
from vmstui.settings.values import Refused

T = TypeVar("T")
DEFAULT = "default"


@dataclass(slots=True)
class Context:
    """What all sections of one file share."""

    report: Report
    folder: str
    """Of the configuration file; secret files are relative to it."""
    origins: dict[str, str] = field(default_factory=dict)
    """Where each value came from, by dotted key: `FILE:LINE` or `default`."""
    secrets: list[str] = field(default_factory=list)
    """Every password that could be read, whatever is wrong around it."""


class SectionReader:
    """The keys of one section, as typed values."""

    def __init__(self, section: Section, node: Node | None, path: str, place: Place, context: Context) -> None:
        """`node` is None where the section is not written; `place` is then where it would be missed."""
        self.path = path
        self.place = place if node is None else node.place
        self._section = section
        self._context = context
        self._report = context.report
        self._entries: dict[str, Entry] = {}
        self._wrong: set[str] = set()
        """Keys an error is reported about; a misspelt one counts as the key that was probably meant."""
        self._is_readable = True
        if isinstance(node, Mapping):
            self._entries = {entry.key: entry for entry in node.entries if self._is_known(entry, section.names())}
            self._wrong -= self._entries.keys()
            self._is_readable = node.is_whole
        elif node is not None and not (isinstance(node, Scalar) and node.is_null):
            self._is_readable = False
            self._report.error(node.place, path, describe(node), f"keys such as {section.fields[0].name}")

    def _is_known(self, entry: Entry, known: tuple[str, ...]) -> bool:
        if entry.key not in known:
            here = child(self.path, entry.key)
            one_of = f"one of: {', '.join(known)}"
            word, colon, _ = entry.key.partition(":")
            hint = "put a space after the colon" if colon else nearest(entry.key, known)
            self._report.error(entry.place, here, f"'{key_word(entry.key)}'", one_of, hint)
            self._wrong.add(word if colon else nearest_word(entry.key, known))
        return entry.key in known

    def has(self, name: str) -> bool:
        """Whether the key is written."""
        return name in self._entries

    def is_wrong(self, name: str) -> bool:
        """Whether an error about this key or its spelling is reported: nothing follows from its value or absence then.

        To be asked once the key is read.
        """
        return name in self._wrong or not self._is_readable

    def place_of(self, name: str) -> Place:
        """Where the value of a key stands, or its section where it does not."""
        return self._entries[name].value.place if name in self._entries else self.place

    def value(self, key: Key[T]) -> T | None:
        """The value or default of a key; None where it is optional and absent, and after an error."""
        here = child(self.path, key.name)
        entry = self._entries.get(key.name)
        if entry is None:
            if key.is_required and not self.is_wrong(key.name):
                self._report.error(self.place, here, "nothing", key.kind.accepted)
            self._context.origins[here] = DEFAULT
            return None if key.default is None else key.kind.parse(key.default)
        node = entry.value
        self._context.origins[here] = f"{self._report.file}:{node.place.line}"
        if not isinstance(node, Scalar) or node.is_null:
            leave_out = "" if key.is_required else " (or leave the key out)"
            self._report.error(node.place, here, describe(node), key.kind.accepted + leave_out)
        elif EXPANSION not in node.text:  # else reported by `composer`
            try:
                return key.kind.parse(node.text)
            except Refused as refused:
                self._report.error(node.place, here, refused.found, key.kind.accepted, refused.hint)
        self._wrong.add(key.name)
        return None

    def values(self, key: Key[T]) -> tuple[T, ...] | None:
        """The values of a key that takes one or a list of them; None where it is absent, and after an error."""
        entry = self._entries.get(key.name)
        if entry is None or not isinstance(entry.value, Listing):
            single = self.value(key)
            return None if single is None else (single,)
        values: list[T] = []
        for number, node in enumerate(entry.value.items):
            here = f"{child(self.path, key.name)}[{number}]"
            if not isinstance(node, Scalar) or node.is_null:
                self._report.error(node.place, here, describe(node), key.kind.accepted)
                self._wrong.add(key.name)
            elif EXPANSION not in node.text:  # else reported by `composer`
                try:
                    values.append(key.kind.parse(node.text))
                except Refused as refused:
                    self._report.error(node.place, here, refused.found, key.kind.accepted, refused.hint)
                    self._wrong.add(key.name)
        return None if self.is_wrong(key.name) else tuple(values)

    def secret(self, key: SecretKey) -> Secret | None:
        """The password of a key, None where there is none and after an error."""
        here = child(self.path, key.name)
        entry = self._entries.get(key.name)
        if entry is None:
            self._context.origins[here] = DEFAULT
            return None
        self._context.origins[here] = f"{self._report.file}:{entry.value.place.line}"
        secret = read_secret(entry.value, here, self._context.folder, self._report)
        if secret is None:
            self._wrong.add(key.name)
        else:
            self._context.secrets.append(secret.value)
        return secret

    def section(self, section: Section) -> SectionReader:
        """A section of this one, whether it is written or not."""
        entry = self._entries.get(section.name)
        here = child(self.path, section.name)
        return SectionReader(section, entry.value if entry else None, here, self.place, self._context)

    def listed(self, section: Section) -> Iterator[SectionReader]:
        """The members of a section that is a list."""
        node = self._collection(section.name)
        if isinstance(node, Listing):
            for number, item in enumerate(node.items):
                here = f"{child(self.path, section.name)}[{number}]"
                yield SectionReader(section, item, here, item.place, self._context)
        elif node is not None:
            self._report.error(node.place, section.name, describe(node), "a list: lines that start with -")
            self._wrong.add(section.name)

    def named(self, section: Section) -> Iterator[tuple[Entry, SectionReader]]:
        """The members of a section that is a mapping from name to keys, with their names."""
        node = self._collection(section.name)
        if isinstance(node, Mapping):
            for entry in node.entries:
                here = child(child(self.path, section.name), entry.key)
                yield entry, SectionReader(section, entry.value, here, entry.place, self._context)
        elif node is not None:
            self._report.error(node.place, section.name, describe(node), "names with keys below them")
            self._wrong.add(section.name)

    def _collection(self, name: str) -> Node | None:
        entry = self._entries.get(name)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null):
            return None
        return entry.value
