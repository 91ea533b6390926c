"""Where everything of a configuration file stands in its text, so that a part can be put in or taken out by itself.

The tree of `document` says what a file means; this one says from which character to which each part of it is written,
and in which style. Called by `edit` only, which checks by the former whatever it did by this one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import Enum, auto

import yaml


class Kind(Enum):
    """What a part is."""

    SCALAR = auto()
    ALIAS = auto()
    LIST = auto()
    MAPPING = auto()


@dataclass(slots=True)
class Spot:
    """One part. Positions count characters from the beginning of the text."""

    kind: Kind
    start: int
    line: int
    """From 1."""
    column: int
    """From 0."""
    end: int
    """Behind the last character of it. A text over several lines (`|`, `>`) ends at the beginning of the next line."""
    flow: bool = False
    """Written in brackets or braces."""
    text: str = ""
    """Of a scalar."""
    items: list[Spot] = field(default_factory=list)
    """Of a list; of a mapping key, value, key, value, …"""

    @property
    def entries(self) -> list[tuple[Spot, Spot]]:
        """Of a mapping."""
        return list(zip(self.items[::2], self.items[1::2], strict=True))

    def entry(self, key: str) -> tuple[Spot, Spot] | None:
        """The entry of that key, where it is written in this very mapping."""
        return next((pair for pair in self.entries if pair[0].kind is Kind.SCALAR and pair[0].text == key), None)

    @property
    def is_empty(self) -> bool:
        """A key without a value."""
        return self.kind is Kind.SCALAR and self.start == self.end


class Spots:
    """Of one text that `document` can read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Spot | None = None
        self.document_end = len(text)
        """Where `...` begins, or the end of the text."""
        self._open: list[Spot] = []
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            self._take(event)
        self._dashes: list[int] = []
        self._commas: list[int] = []
        self._colons: list[int] = []
        self._scalars: list[tuple[int, int]] = []
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            match token:
                case yaml.BlockEntryToken():
                    self._dashes.append(token.start_mark.index)
                case yaml.FlowEntryToken():
                    self._commas.append(token.start_mark.index)
                case yaml.ValueToken():
                    self._colons.append(token.start_mark.index)
                case yaml.ScalarToken():
                    self._scalars.append((token.start_mark.index, token.end_mark.index))

    def dash_before(self, index: int) -> int:
        """The dash of the item of a list that begins there."""
        return self._dashes[bisect_right(self._dashes, index) - 1]

    def comma_after(self, index: int, limit: int) -> int | None:
        """The next comma between two parts in brackets, before a limit."""
        at = bisect_left(self._commas, index)
        return self._commas[at] if at < len(self._commas) and self._commas[at] < limit else None

    def comma_before(self, index: int, limit: int) -> int | None:
        """The one before, not before a limit."""
        at = bisect_left(self._commas, index) - 1
        return self._commas[at] if at >= 0 and self._commas[at] >= limit else None

    def behind_colon(self, key: Spot) -> int:
        """Behind the colon that follows a key."""
        return self._colons[bisect_left(self._colons, key.end)] + 1

    def line_start(self, index: int) -> int:
        """Where the line begins that holds a character."""
        return self.text.rfind("\n", 0, index) + 1

    def next_line(self, index: int) -> int:
        """Where the line after a part begins that ends there; the end of the text where there is none."""
        if index > 0 and self.text[index - 1] == "\n":
            return index
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def comments(self, start: int = 0, end: int | None = None) -> list[str]:
        """The lines between two characters that hold nothing but a comment."""
        end, found, at = len(self.text) if end is None else end, [], start
        while at < end:
            after = self.next_line(at + 1) if self.text[at] != "\n" else at + 1
            line = self.text[at:after]
            if line.lstrip(" \t").startswith("#") and not self._in_scalar(at + len(line) - len(line.lstrip(" \t"))):
                found.append(line)
            at = after
        return found

    def below(self, index: int, column: int) -> int:
        """From the beginning of a line over all comments that follow at once and stand further in than a column."""
        end = at = index
        while at < len(self.text):
            after = self.next_line(at + 1) if self.text[at] != "\n" else at + 1
            line = self.text[at:after]
            words = line.lstrip(" ")
            if words.startswith("#") and len(line) - len(words) > column:
                end = after
            elif words.strip():
                break
            at = after
        return end

    def _in_scalar(self, index: int) -> bool:
        at = bisect_right(self._scalars, (index, len(self.text) + 1)) - 1
        return at >= 0 and self._scalars[at][0] <= index < self._scalars[at][1]

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._add(self._spot(event, Kind.SCALAR, text=event.value))
            case yaml.AliasEvent():
                self._add(self._spot(event, Kind.ALIAS))
            case yaml.CollectionStartEvent():
                kind = Kind.MAPPING if isinstance(event, yaml.MappingStartEvent) else Kind.LIST
                self._open.append(self._spot(event, kind, flow=bool(event.flow_style)))
            case yaml.CollectionEndEvent():
                done = self._open.pop()
                # In brackets it ends with them; else with what is written last in it, before all comments.
                ends = [item.end for item in done.items]
                done.end = _place(event.end_mark)[0] if done.flow else max([*ends, done.start])
                self._add(done)
            case yaml.DocumentEndEvent(explicit=True):
                self.document_end = _place(event.start_mark)[0]
            case _:
                pass

    def _add(self, spot: Spot) -> None:
        if self._open:
            self._open[-1].items.append(spot)
        else:
            self.root = spot

    @staticmethod
    def _spot(event: yaml.Event, kind: Kind, *, flow: bool = False, text: str = "") -> Spot:
        start, line, column = _place(event.start_mark)
        return Spot(kind, start, line, column, _place(event.end_mark)[0], flow, text)


def _place(mark: object) -> tuple[int, int, int]:
    """Index, line from 1, column from 0."""
    assert isinstance(mark, yaml.Mark)  # PyYAML gives them to all events of a text
    return mark.index, mark.line + 1, mark.column
