"""Rising numbers that come at one end and leave at the other; the position of each stays the same meanwhile. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Track:
    """Positions count from the first number there ever was; `base` is that of the first one that is left."""

    __slots__ = ("_head", "_items", "base")

    def __init__(self, base: int = 0) -> None:
        self.base = base
        self._items = array("Q")
        self._head = 0

    def __len__(self) -> int:
        return len(self._items) - self._head

    def __getitem__(self, position: int) -> int:
        return self._items[position - self.base + self._head]

    @property
    def end(self) -> int:
        """Position of the number that comes next."""
        return self.base + len(self)

    def append(self, number: int) -> None:
        """Not smaller than the one before."""
        self._items.append(number)

    def drop(self, count: int) -> None:
        """Let the first so many go."""
        self._head += count
        self.base += count
        if self._head > 4096 and self._head * 2 > len(self._items):
            del self._items[: self._head]
            self._head = 0

    def put(self, position: int, count: int, numbers: Iterable[int]) -> None:
        """Other numbers in the place of so many; positions behind them move."""
        at = position - self.base + self._head
        self._items[at : at + count] = array("Q", numbers)

    def pop(self) -> None:
        """Take the last one back."""
        self._items.pop()

    def left(self, number: int) -> int:
        """Position of the first one that is not smaller."""
        return bisect_left(self._items, number, self._head) - self._head + self.base

    def right(self, number: int) -> int:
        """Position of the first one that is larger."""
        return bisect_right(self._items, number, self._head) - self._head + self.base
