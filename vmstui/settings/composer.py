"""PyYAML's events to a tree, with bounds that keep hostile text cheap.

Works without recursion, so that depth is a number checked here and not the interpreter's stack. Aliases share nodes,
but count with their full size, which ends a "billion laughs" early. Duplicate keys are refused with both lines, merge
keys (`<<: *name`) merged, tags and further documents refused. Called by `document` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from vmstui.settings.problems import EXPANSION, NOT_EXPANDED, Place, Report, child
from vmstui.settings.tree import Entry, Listing, Mapping, Node, Scalar

MAX_DEPTH = 30
MAX_NODES = 100_000
"""Nodes after aliases and merge keys are expanded; 1,000 cameras have about 20,000."""
STRING_TAG = "tag:yaml.org,2002:str"


class Unusable(Exception):
    """The document goes beyond a bound; the report says which."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    place: Place
    anchor: str | None
    is_mapping: bool
    nodes: list[Node] = field(default_factory=list)
    """Of a mapping: key, value, key, value, …"""
    size: int = 1


@dataclass(slots=True)
class _Builder:
    report: Report
    open: list[_Open] = field(default_factory=list)
    root: Node | None = None
    documents: int = 0
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    """Node and expanded size by name."""

    def fail(self, place: Place, found: str, accepted: str) -> NoReturn:
        self.report.error(place, "", found, accepted)
        raise Unusable

    def add(self, node: Node, size: int, anchor: str | None) -> None:
        """A finished node goes into the collection around it."""
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.open:
            self.root = node
            return
        around = self.open[-1]
        around.nodes.append(node)
        around.size += size
        if around.size > MAX_NODES:
            self.fail(node.place, f"more than {MAX_NODES:,} values once aliases are expanded", "fewer aliases")

    def path(self) -> str:
        """The key of what comes next, such as `cameras[2].name`."""
        path = ""
        for around in self.open:
            if not around.is_mapping:
                path += f"[{len(around.nodes)}]"
            elif len(around.nodes) % 2 and isinstance(around.nodes[-1], Scalar):
                path = child(path, around.nodes[-1].text)
        return path

    def finish(self) -> None:
        """The innermost collection is complete."""
        done = self.open.pop()
        if not done.is_mapping:
            self.add(Listing(tuple(done.nodes), done.place), done.size, done.anchor)
            return
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        is_whole = True
        path = self.path()
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.report.error(key.place, path, "a list or mapping as a key", "a word")
            elif key.plain and key.text == "<<":
                is_whole &= self.merge(value, merged)
            elif key.text in own:
                first = own[key.text].place.line
                here = child(path, key.text)
                self.report.error(key.place, here, f"the same key twice (first in line {first})", "it once")
            else:
                own[key.text] = Entry(key.text, key.place, value)
        entries = (*own.values(), *(entry for name, entry in merged.items() if name not in own))
        self.add(Mapping(entries, done.place, is_whole), done.size, done.anchor)

    def merge(self, source: Node, into: dict[str, Entry]) -> bool:
        """Take over the entries of a merge key's value; the first source of a key wins. False if some are missing."""
        is_whole = True
        for mapping in source.items if isinstance(source, Listing) else (source,):
            if isinstance(mapping, Mapping):
                is_whole &= mapping.is_whole
                for entry in mapping.entries:
                    into.setdefault(entry.key, entry)
            else:
                is_whole = False
                self.report.error(mapping.place, f"{self.path()}.<<".lstrip("."), "no mapping", "an alias of a mapping")
        return is_whole


def compose_events(events: Iterable[yaml.Event], report: Report) -> Node | None:
    """The tree of the only document in `events`; None if it is empty. Raises `Unusable` and PyYAML's errors."""
    builder = _Builder(report)
    for event in events:
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        match event:
            case yaml.DocumentStartEvent():
                builder.documents += 1
                if builder.documents > 1:
                    builder.fail(place, "a second document after '---'", "one document per file")
            case yaml.AliasEvent(anchor=name):
                if name is None or name not in builder.anchors:
                    builder.fail(
                        place, "an alias of nothing that stands before it", "text that starts with * in quotes"
                    )
                builder.add(*builder.anchors[name], None)
            case yaml.ScalarEvent(anchor=anchor, tag=tag, value=text, style=style):
                if tag is not None and tag != STRING_TAG:
                    report.error(place, builder.path(), "a YAML tag", "text that starts with ! in quotes")
                if EXPANSION in text:
                    report.error(place, builder.path(), *NOT_EXPANDED)
                if any("\ud800" <= character <= "\udfff" for character in text):
                    builder.fail(place, "half a character (a lone surrogate)", "whole characters")
                builder.add(Scalar(text, not style and tag is None, place), 1, anchor)
            case yaml.CollectionStartEvent(anchor=anchor, tag=tag):
                if tag is not None:
                    report.error(place, builder.path(), "a YAML tag", "no tag")
                if len(builder.open) >= MAX_DEPTH:
                    builder.fail(place, f"more than {MAX_DEPTH} levels of nesting", "the few levels of the reference")
                if anchor is not None:
                    builder.anchors.pop(anchor, None)  # an alias inside its own anchor would be endless
                builder.open.append(_Open(place, anchor, isinstance(event, yaml.MappingStartEvent)))
            case yaml.CollectionEndEvent():
                builder.finish()
            case _:
                pass
    return builder.root
