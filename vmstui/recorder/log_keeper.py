"""Keeps the log file of a worker within its bounds, and masked, in the background of whoever reads it.

What the reader is done with is masked; once that is enough it is cut off (`log_cut`) and the oldest of what was cut
off before goes (`log_folder`). What the reader left out is masked here, and its lines are counted and handed on. Lines
are let go of without a copy only when the file grows faster than it can be cut, or cannot be cut at all, as on a full
disk.

The reader and the work in the background share offsets, and `offsets` is the lock that says who may use them. Nothing
here is raised: the reader's `Remarks` are told.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from vmstui.light_dataclass import dataclass
from vmstui.logged import LogLevel
from vmstui.recorder import log_cut
from vmstui.recorder.log_counted import BEFORE_BYTES, Part
from vmstui.recorder.log_cut import Cut, Mask, Way
from vmstui.recorder.log_folder import Bounds, own, prune
from vmstui.recorder.log_resumed import Places, Resumption, resumed, wanted_lines

_FULL = (errno.ENOSPC, errno.EDQUOT)

_COUNTED_BYTES = 512 * 1024
"""Looked through at once for line breaks."""

Do = Callable[[Callable[[], None]], None]
"""Has something done, now or later."""


class LeftOut(Protocol):
    """Is told what the reader of a log left out. Called in the background; nothing that it does may raise."""

    def masked(self, raw: bytes, part: Part, written_s: float | None) -> None:
        """Lines, masked, of that part of the log, and when they were written at the latest; None: long ago."""

    def lost(self, lines: int, parts: Sequence[Part]) -> None:
        """So many are gone for good."""


class Remarks:
    """What there is to say about a log file; of what lasts, each thing once."""

    def __init__(self, say: Callable[[LogLevel, str], None]) -> None:
        self.say = say
        self._said: set[str] = set()

    def once(self, what: str, level: LogLevel, text: str) -> None:
        """Say it, if it was not said before."""
        if what not in self._said:
            self._said.add(what)
            self.say(level, text)

    def over(self, what: str) -> None:
        """It is not so any more; said again if it comes back."""
        self._said.discard(what)

    def said(self, what: str) -> bool:
        return what in self._said


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch to be masked, whose lines were shown or are counted."""

    start: int
    stop: int
    shown: bool = False
    handed_on: bool = False
    """Also to triage."""
    lines: int = 0
    """Counted so far."""


class LogKeeper:
    """One open log file. Its reader calls `look_after` whenever it has gone on."""

    def __init__(
        self,
        path: Path,
        mask_in_place: Mask,
        remarks: Remarks,
        bounds: Bounds,
        background: Do,
        left_out: LeftOut | None = None,
    ) -> None:
        self.offsets = threading.Lock()
        """Held while the file is read or written by offsets, and while these move. For everything up to `owned`."""
        self.start = 0
        """Where the file begins, behind the hole that earlier cuts left."""
        self.position = 0
        """Up to where it was read."""
        self.seen = -1
        """Its size when the reader last took in everything."""
        self.places = Places()
        """Where what stands in it is to be found again, and what of it is in findings."""
        self.owned = False
        """Only then is anything changed in the file."""
        self._left_out = left_out
        self._amid_line = False
        """What was handed on last has the beginning of a line at its end."""
        self._gaps: list[_Gap] = []
        self._path = path
        self._mask_in_place = mask_in_place
        self._remarks = remarks
        self._bounds = bounds
        self._background = background
        self._unmasked = False
        """Something could not be masked in the file, so that its copies have to be."""
        self._settled = False
        """No cut is left to be finished."""
        self._cut_at_bytes = bounds.rotate_bytes
        self._allowed_bytes = bounds.live_bytes
        self._done: threading.Event | None = None
        """Of what is being done in the background, None while nothing is."""

    # -- for the reader ----------------------------------------------------------------------------------------------

    def opened(self, fd: int) -> None:
        """Begin with a file. Raises OSError."""
        self.owned = own(fd)
        self._settled = os.fstat(fd).st_size == 0
        self.start = self.position = log_cut.data_start(fd)

    def resume(self, fd: int, resumption: Resumption) -> None:
        """Go on where an earlier service was. Raises OSError."""
        self.places = resumed(fd, self._path, resumption)
        if not self.places.is_recognised:
            text = f"{self._path} is another one than when findings were last kept: some of its lines may be in none"
            self._remarks.say(LogLevel.WARNING, text)

    @property
    def is_past(self) -> bool:
        """Everything that was there when the file was opened has been read."""
        return self.places.of(self.position) >= self.places.found_to

    def owned_at_last(self, fd: int) -> None:
        """Become the owner of a file that somebody else owned until now; what was read meanwhile is to be masked."""
        if own(fd):
            self.owned = True
            self._gaps.insert(0, _Gap(self.start, self.position, shown=True, handed_on=True))

    def leave_out(self, position: int, *, shown: bool = False) -> None:
        """Go on reading from here; `shown`: somebody before us had read up to here."""
        if position > self.position:
            self._gaps.append(_Gap(self.position, position, shown))
            self.position = position

    def truncated(self) -> None:
        """Somebody did that: go on from the start."""
        self.places.truncated(self.position)
        self.start = self.position = 0
        self._gaps.clear()

    def overwrite(self, fd: int, hidden: bytes, offset: int) -> None:
        """Put masked bytes where they were without."""
        try:
            os.pwrite(fd, hidden, offset)
        except OSError as error:
            self._unmasked = True
            text = f"cannot overwrite a password in {self._path}, keep that file to yourself: {error.strerror}"
            self._remarks.once("mask", LogLevel.ERROR, text)

    def waits(self) -> bool:
        """Whether there is something to be done, and nothing is being done."""
        return not self.owned or (self._has_work() and self._done is None)

    def look_after(self, fd: int) -> None:
        """Have done what is to be done with the file, if anything. Returns at once."""
        if not self.owned or not self.waits():
            return
        try:
            own_fd = os.dup(fd)  # so that the reader may close its own
        except OSError:
            return  # no descriptor left; at the next look
        self._done = threading.Event()
        self._background(partial(self._work, own_fd))

    def settled(self, timeout_s: float) -> bool:
        """Wait until nothing is being done with the file; False if that takes longer."""
        done = self._done
        return done is None or done.wait(timeout_s)

    def files(self) -> str:
        """Where all lines are, for people."""
        return f"{self._path.with_suffix('')}.*"

    # -- in the background -------------------------------------------------------------------------------------------

    def _has_work(self) -> bool:
        return (
            not self._settled
            or bool(self._gaps or self.places.copies)
            or self.position - self.start >= self._cut_at_bytes
        )

    def _work(self, fd: int) -> None:
        self._allowed_bytes = sys.maxsize
        try:
            self._allow(fd)
            if not self._settled:
                owed = log_cut.owed(fd, self._path)
                if owed is not None:
                    self._free(fd, owed)
                self._settled = True
            while self._has_work():
                self._hand_on_copies(fd)
                self._mask_some(fd)
                if (self._masked_bytes() >= self._cut_at_bytes or not self._keeps_up(fd)) and not self._shorten(fd):
                    break
        except OSError as error:
            self._failed(fd, error)
        finally:
            os.close(fd)
            done, self._done = self._done, None
            if done is not None:
                done.set()

    def _size(self, fd: int) -> int:
        return os.fstat(fd).st_size - self.start

    def _allow(self, fd: int) -> None:
        """A file that is larger than it may be, as after an absence of the service, gets its time to become smaller;
        it must not grow meanwhile."""
        grown_bytes = self._size(fd) + self._bounds.rotate_bytes
        self._allowed_bytes = min(self._allowed_bytes, max(self._bounds.live_bytes, grown_bytes))

    def _keeps_up(self, fd: int) -> bool:
        return self._size(fd) <= self._allowed_bytes

    def _masked_bytes(self) -> int:
        """How much of the file has been read and masked, from its start on."""
        with self.offsets:
            return self._masked_to() - self.start

    def _masked_to(self) -> int:
        return min([self.position, *(gap.start for gap in self._gaps)])

    def _mask_some(self, fd: int) -> None:
        """Mask the oldest of what was left out, about as much as is cut off at once."""
        with self.offsets:
            gap = self._gaps[0] if self._gaps else None
        if gap is None:
            return
        position, lines = gap.start, gap.lines
        try:
            for offset, raw, hidden in log_cut.masked(fd, gap.start, gap.stop, self._mask_in_place):
                if hidden != raw:
                    self.overwrite(fd, hidden, offset)
                if not gap.handed_on:
                    self._hand_on(hidden, self.places.of(offset))
                position = offset + len(raw)
                lines += raw.count(b"\n")
                if position - gap.start >= self._bounds.rotate_bytes or not self._keeps_up(fd):
                    break
            else:
                position = gap.stop
        finally:  # also where the disk fails: what was handed on is not to be handed on again
            with self.offsets:
                if self._gaps and self._gaps[0] is gap:  # not if the file was truncated meanwhile
                    del self._gaps[0]
                    if position < gap.stop:
                        self._gaps.insert(0, replace(gap, start=position, lines=lines))
        if lines and position >= gap.stop and not gap.shown:
            self._remarks.say(LogLevel.INFO, f"{lines:,} lines not shown, they are in {self.files()}")

    def _hand_on(self, hidden: bytes, place: int) -> None:
        """Of a line longer than a block its beginning alone."""
        for start, stop in self.places.new(place, place + len(hidden)):
            raw = hidden[start - place : stop - place]
            skipped = (raw.find(b"\n") + 1 or len(raw)) if self._amid_line else 0
            self._amid_line = not raw.endswith(b"\n")
            if self._left_out is not None:
                part = Part(self.places.counted, start, stop, raw[-BEFORE_BYTES:])
                self._left_out.masked(raw[skipped:], part, self.places.written_s(start))

    def _hand_on_copies(self, fd: int) -> None:
        """What was cut off before anybody counted it, as long as nothing else is to be done."""
        places = self.places
        while places.copies and self._left_out is not None:
            copy = places.copies[0]
            for place, raw in wanted_lines(copy, self._mask_in_place):
                part = Part(places.counted, place, place + len(raw), raw[-BEFORE_BYTES:])
                self._left_out.masked(raw, part, places.written_s(place))
                if self._size(fd) > self._bounds.live_bytes:
                    places.copies[0] = copy.after(part.stop)
                    return
            del places.copies[0]
        places.copies.clear()

    def _give_up(self, fd: int, end: int) -> None:
        """Nothing before this offset is read any more; what was not handed on yet is counted as lost."""
        with self.offsets:
            stretches = [(gap.start, min(gap.stop, end)) for gap in self._gaps if not gap.handed_on]
            stretches.append((self.position, max(self.position, end)))
            self.position = max(self.position, end)
            self._gaps = [replace(gap, start=max(gap.start, end)) for gap in self._gaps if gap.stop > end]
        if self._left_out is None:
            return
        count, parts, places = 0, [], self.places
        for start, stop in stretches:
            for begin, until in places.new(places.of(start), places.of(stop)):
                for place in range(begin, until, _COUNTED_BYTES):
                    count += os.pread(fd, min(_COUNTED_BYTES, until - place), place - places.base).count(b"\n")
                parts.append(Part(places.counted, begin, until, b""))
        self._left_out.lost(count, parts)

    def _shorten(self, fd: int) -> bool:
        """Make the file smaller; False if that is not possible now."""
        return (self._keeps_up(fd) and self._cut(fd)) or (not self._keeps_up(fd) and self._drop(fd))

    def _cut(self, fd: int) -> bool:
        """Cut off what has been read and masked; False if the file was truncated meanwhile, or does not keep up."""
        with self.offsets:
            position = self._masked_to()
        cut = log_cut.plan(fd, self._path, self.start, position, self._bounds.rotate_bytes)
        mask = self._mask_in_place if self._unmasked else None
        if cut is None:
            return False
        self._settled = False  # whatever fails from here on
        done = log_cut.publish(fd, cut, mask, lambda: self._keeps_up(fd))
        if done:
            self._free(fd, cut)
        self._settled = True
        if not done:
            return False
        self._cut_at_bytes = self._bounds.rotate_bytes
        self._remarks.over("cut")
        self._allow(fd)
        with contextlib.suppress(OSError):
            prune(self._path.parent, self._bounds)
        return True

    def _drop(self, fd: int) -> bool:
        """Let go of all but the newest lines, without a copy; False if there is nothing to let go of."""
        target = os.fstat(fd).st_size - self._bounds.rotate_bytes
        cut = log_cut.plan(fd, self._path, self.start, log_cut.line_start(fd, target) or target, target)
        if cut is None:
            return False
        self._give_up(fd, cut.end)
        log_cut.blank(fd, cut)
        length = cut.end - self.start
        self._free(fd, cut, has_copy=False)
        self._allow(fd)
        text = f"{length:,} bytes of {self._path} dropped: they come too fast to be kept, or there is no room for them"
        self._remarks.say(LogLevel.WARNING, text)
        return True

    def _free(self, fd: int, cut: Cut, *, has_copy: bool = True) -> None:
        with self.offsets:
            freed = log_cut.free(fd, cut)
            self.start = freed.start
            self.places.base += freed.moved
            self.places.counted.begins(self.places.of(self.start), cut.number if has_copy else None)
            self.seen -= freed.moved
            self.position = max(self.position, cut.end) - freed.moved
            self._gaps = [
                replace(gap, start=max(gap.start, cut.end) - freed.moved, stop=gap.stop - freed.moved)
                for gap in self._gaps
                if gap.stop > cut.end
            ]
        if freed.way is Way.TRUNCATED:
            text = f"at each rotation of {self._path} a line may be lost: its file system cannot cut off a file's head"
            self._remarks.once("lossy", LogLevel.WARNING, text)

    def _failed(self, fd: int, error: OSError) -> None:
        """Try again when more has come, with more room if the disk is full; keep to the bound in any case."""
        self._remarks.once("cut", LogLevel.WARNING, f"cannot rotate {self._path}: {error.strerror}")
        self._cut_at_bytes = self.position - self.start + self._bounds.rotate_bytes // 4
        with contextlib.suppress(OSError):
            if error.errno in _FULL:
                prune(self._path.parent, replace(self._bounds, rest_bytes=self._bounds.rest_bytes // 8))
            if self._size(fd) > self._bounds.live_bytes:
                self._drop(fd)
