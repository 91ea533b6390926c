"""Where an earlier service was in a log: in the file, or in a copy of what was cut off its head since then.

Found by the number of the cut after which its place counts (`log_counted`): lengths of copies tell the rest, as a head
is a multiple of `ALIGN_BYTES` and the line that crosses the cut is shorter than that. Where the check sum does not fit,
or a copy is gone, nobody knows what of the log is in findings; then all that is there is held to be, and that is told.
"""

from __future__ import annotations

import gzip
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from vmstui.recorder import log_cut
from vmstui.recorder.log_counted import BEFORE_BYTES, Counted, KeptPlace, Stretch, check_sum, without
from vmstui.recorder.log_folder import log_files, rotated_path

_BLOCK_BYTES = 256 * 1024
_SIZE_BYTES = 4
"""At the end of what gzip made: the length of what it was made of (RFC 1952, ISIZE)."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """What an earlier service left."""

    counted: KeptPlace | None
    """Up to where lines are in findings. None: none is, as it began after findings were last kept."""
    long_ago: bool = False
    """What was written since then did not come now."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Of a stretch that was cut off, lines of which are in no finding yet."""

    path: Path
    start: int
    wanted: tuple[Stretch, ...]
    check: tuple[int, int] | None
    """A place in it, and the check sum of what must be in front of that."""

    def after(self, place: int) -> Copy:
        """What is left of it from there on."""
        rest = (piece for one in self.wanted for piece in without(one, (self.start, place)))
        return replace(self, wanted=tuple(rest), check=self.check if self.check and self.check[0] > place else None)


@dataclass(slots=True)
class Places:
    """Of what stands in a file that is followed, and is cut meanwhile."""

    base: int = 0
    """Of the offset 0."""
    counted: Counted = field(default_factory=lambda: Counted(0, 0, 0))
    """What is in findings."""
    known: tuple[Stretch, ...] = ()
    """Of the file, what was in findings before it was opened, or belongs to a copy."""
    copies: list[Copy] = field(default_factory=list)
    found_to: int = 0
    """Up to here it was written when it was opened,"""
    found_s: float | None = None
    """at this time, since the epoch, or before; None: long ago, nobody knows when."""
    is_recognised: bool = True
    """The log is the one that an earlier service followed."""

    def of(self, offset: int) -> int:
        """The place of what stands at this offset."""
        return offset + self.base

    def is_known(self, place: int) -> tuple[bool, int]:
        """Whether what stands there was in findings before the file was opened, and up to where that is so."""
        for start, stop in self.known:
            if place < start:
                return False, start
            if place < stop:
                return True, stop
        return False, sys.maxsize

    def new(self, start: int, stop: int) -> list[Stretch]:
        """What between these places was not."""
        pieces: list[Stretch] = [(start, stop)] if start < stop else []
        for one in self.known:
            pieces = [piece for some in pieces for piece in without(some, one)]
        return pieces

    def written_s(self, place: int) -> float | None:
        """When what stands there was written at the latest, since the epoch; None: long ago, nobody knows when."""
        now_s = time.time()
        if place >= self.found_to:
            return now_s
        return None if self.found_s is None else min(self.found_s, now_s)

    def truncated(self, position: int) -> None:
        """Somebody did that to the file, which had been read up to this offset."""
        self.base = max([self.of(position), self.found_to, *(stop for _, stop in self.known)])
        self.counted.truncated(self.base)


def resumed(descriptor: int, path: Path, resumption: Resumption) -> Places:
    """Find it. Raises OSError."""
    about = os.fstat(descriptor)
    places = _resumed(descriptor, path, resumption.counted, about.st_size)
    places.found_to = places.of(about.st_size)
    places.found_s = None if resumption.long_ago else about.st_mtime
    return places


def _resumed(descriptor: int, path: Path, place: KeptPlace | None, size: int) -> Places:
    begin = log_cut.data_start(descriptor)
    cut = log_cut.pending(descriptor, path, begin)
    numbers = [file.number for file in log_files(path.parent) if file.stem == path.stem and file.number is not None]
    newest = max([*numbers, cut.number if cut is not None else 0], default=0)
    if place is None:
        place = KeptPlace(0, 0, check_sum(b""), cuts=0)
    elif place.cuts < 0:
        place = KeptPlace(0, place.position - begin, place.check_sum, cuts=newest)
    try:
        begins = list(_begins(path, place.cuts, newest))
    except OSError:
        begins = []
    if begins:
        live, upto = begins[-1], place.position
        base = live - (cut.stop if cut is not None else begin)
        at = upto - base
        is_known = 0 <= upto <= base + size
        if is_known and upto > live:
            before = min(BEFORE_BYTES, upto - live)
            is_known = check_sum(os.pread(descriptor, before, at - before)) == place.check_sum
        if is_known:
            taken = [(begins[0], upto)]
            for one in place.missing:
                taken = [piece for some in taken for piece in without(some, one)]
            copies = list(_copies(path, place, begins, taken))
            counted = Counted(place.cuts, begins[0], upto, place.check_sum, place.missing)
            if cut is not None:
                owed = base, base + cut.end  # it is in a copy
                taken = sorted([owed, *(piece for some in taken for piece in without(some, owed))])
            return Places(base, counted, tuple(taken), copies)
    counted = Counted(newest, 0, size - begin, _sum_at(descriptor, begin, size))
    return Places(-begin, counted, ((0, size - begin),), is_recognised=False)


def wanted_lines(copy: Copy, mask: Callable[[bytes], bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines of a copy that are wanted, masked, with the place of each such piece. Ends where the check sum does
    not fit. Raises OSError."""
    place, rest = copy.start, b""
    try:
        with gzip.open(copy.path) as file:
            while block := file.read(_BLOCK_BYTES):
                raw = rest + block
                taken = log_cut.whole_lines(raw, full=len(raw) > 2 * _BLOCK_BYTES)
                if copy.check is not None and place < copy.check[0] <= place + taken:
                    at = copy.check[0] - place
                    if check_sum(raw[max(0, at - BEFORE_BYTES) : at]) != copy.check[1]:
                        return
                for begin, end in copy.wanted:
                    piece = raw[max(begin - place, 0) : max(min(end - place, taken), 0)]
                    if piece:
                        yield max(begin, place), mask(piece)
                place, rest = place + taken, raw[taken:]
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return


def _begins(path: Path, cuts: int, newest: int) -> Iterator[int]:
    """Where the file began after each cut from that one on. Raises OSError where a copy is gone."""
    if cuts > newest:
        return
    begin = 0
    yield begin
    for number in range(cuts + 1, newest + 1):
        begin += _length(path, number) // log_cut.ALIGN_BYTES * log_cut.ALIGN_BYTES
        yield begin


def _length(path: Path, number: int) -> int:
    rotated = rotated_path(path, number)
    with (rotated if rotated.exists() else log_cut.part_of(rotated)).open("rb") as file:
        file.seek(-_SIZE_BYTES, os.SEEK_END)
        return int.from_bytes(file.read(_SIZE_BYTES), "little")


def _copies(path: Path, place: KeptPlace, begins: list[int], taken: list[Stretch]) -> Iterator[Copy]:
    for number, (start, _) in enumerate(pairwise(begins), place.cuts + 1):
        end = start + _length(path, number)
        wanted: list[Stretch] = [(start, end)]
        for one in taken:
            wanted = [piece for some in wanted for piece in without(some, one)]
        check = (place.position, place.check_sum) if start < place.position <= end else None
        if wanted:
            yield Copy(rotated_path(path, number), start, tuple(wanted), check)


def _sum_at(descriptor: int, begin: int, end: int) -> int:
    before = min(BEFORE_BYTES, end - begin)
    return check_sum(os.pread(descriptor, before, end - before))
