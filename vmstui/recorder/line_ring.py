"""The newest lines of one log, in little memory.

Lines of a log are much alike: packed sixteen at a time they take a fifth of the memory, and there are two hundred of
each of hundreds of cameras. The newest few are as they came, and few readers want more than those. Nothing here knows
what is in a line. Used by the log book, by the log of a camera and for what it remembers of its past.
"""

from __future__ import annotations

import marshal
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

BLOCK = 16
"""Lines that are packed together."""
_LEVEL, _WINDOW_BITS, _MEMORY = 1, -12, 5
"""A window of 4 KiB holds a block, and zlib then makes do with some 30 KB while it packs; no checksum."""


class LineRing:
    """The newest `bound` lines."""

    __slots__ = ("_bound", "_open", "_packed")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._packed: list[bytes] = []
        self._open: list[bytes] = []

    def __len__(self) -> int:
        return min(self._bound, len(self._packed) * BLOCK + len(self._open))

    def __iter__(self) -> Iterator[bytes]:
        """Oldest first."""
        return reversed(list(reversed(self)))

    def __reversed__(self) -> Iterator[bytes]:
        """Newest first; of what is not asked for, nothing is unpacked."""
        return islice(self._all_reversed(), self._bound)

    @property
    def oldest(self) -> bytes | None:
        """The oldest line that is held, None where there is none; of the others few are unpacked."""
        if not len(self):
            return None
        beyond = len(self._packed) * BLOCK + len(self._open) - len(self)
        for block in self._packed:
            if beyond < BLOCK:
                return unpacked(block)[beyond]
            beyond -= BLOCK
        return self._open[beyond]

    def count_from(self, first: bytes) -> int:
        """How many of the lines are not less than this one, where they are in order; few are unpacked for that."""
        if self._open and self._open[0] < first:
            return min(len(self._open) - bisect_left(self._open, first), self._bound)
        blocks = self._packed
        at = bisect_left(range(len(blocks)), first, key=lambda number: unpacked(blocks[number])[-1])
        count = (len(blocks) - at) * BLOCK + len(self._open)
        if at < len(blocks):
            count -= bisect_left(unpacked(blocks[at]), first)
        return min(count, self._bound)

    def append(self, line: bytes) -> None:
        """Add the newest line."""
        self._open.append(line)
        if len(self._open) < BLOCK:
            return
        self._packed.append(packed(self._open))
        self._open = []
        if (len(self._packed) - 1) * BLOCK >= self._bound:
            del self._packed[0]

    def extend(self, lines: Sequence[bytes]) -> None:
        """Add these, the newest last."""
        if len(self._open) + len(lines) < BLOCK:
            self._open += lines
            return
        for line in lines:
            self.append(line)

    def clear(self) -> None:
        """Drop all of them."""
        self._packed, self._open = [], []

    def _all_reversed(self) -> Iterator[bytes]:
        yield from reversed(self._open)
        for block in reversed(self._packed):
            yield from reversed(unpacked(block))


def packed(lines: list[bytes]) -> bytes:
    """A few lines as one block, for this process alone."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY)
    return packer.compress(marshal.dumps(lines)) + packer.flush()


def unpacked(block: bytes) -> list[bytes]:
    """What `packed` made a block of."""
    lines: list[bytes] = marshal.loads(zlib.decompress(block, _WINDOW_BITS))
    return lines
