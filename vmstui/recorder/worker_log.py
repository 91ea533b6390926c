"""Follows the log file a worker writes: masks secrets in place, hands on whole lines.

The worker appends to the file itself, so nothing is lost while nobody reads, and nobody who reads can stall it. Because
ffmpeg prints the camera's address with its password in some errors, each line is overwritten in the file, at equal
length, as soon as it is read. A `LogKeeper` beside it keeps the file within its bounds.

Guarantees: a look at a log without news costs a `pread` and an `fstat`. However much comes, a look takes bounded time
and memory; lines that come faster than they can be shown are counted, masked in the background, handed on to `left_out`
and stay in the files. What an earlier service took in (`counted`) is told by `is_counted`.
No error of the disk or of the file is raised: `say` is told, once. A link is never followed, and of a file that is
deleted, moved or replaced the one that the worker has open goes on being read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vmstui.logged import LogLevel
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.log_counted import BEFORE_BYTES, KeptPlace, Part, Stretch
from vmstui.recorder.log_cut import WINDOW_BYTES, Mask, line_start, whole_lines
from vmstui.recorder.log_folder import Bounds
from vmstui.recorder.log_keeper import Do, LeftOut, LogKeeper, Remarks
from vmstui.recorder.log_resumed import Resumption
from vmstui.sanitise import clean_bytes

SHOWN_BYTES = 4 * 1024
"""Of a line; ffmpeg's own end at 1 KiB (libavutil/log.c, LINE_SZ)."""
BACKLOG_BYTES = 2 * 1024 * 1024
"""May wait for the next looks. Of more, all but the newest is left out."""
TAIL_BYTES = 64 * 1024
"""Of the newest, when something is left out."""
FEW_BYTES = 4 * 1024
"""As much as a worker mostly has to say: taken in without ceremony, since there may be hundreds of workers."""
FILE_CHECK_S = 20.0
"""Whether the file is still the one under its name is looked up this often, or when there is much to be read."""
LOOK_S = 0.1
"""CPU time for one look, so that a flood cannot hold up the service. On a machine that is too busy to give it, the
look ends after twice that."""
PIECE_S = 0.01
"""Of a look, after which others have their turn on the loop (`unfinished`)."""
_BUSY = 2
_PATIENCE_S = 0.2
"""The last look at a log waits this long for a cut to be finished, which mostly takes some milliseconds."""
_NEXT_START = "the next start of the worker writes a new file"


class Allowance:
    """CPU time that following logs may take from the loop in all: a share of each second, saved up to some extent."""

    def __init__(self, share: float = 0.2, most_s: float = 2 * LOOK_S) -> None:
        self._share = share
        self._most_s = most_s
        self._left_s = most_s
        self._at_s = 0.0

    def left_s(self, now_s: float) -> float:
        """What may be spent now; `now_s` is of the monotonic clock."""
        self._left_s = min(self._most_s, self._left_s + self._share * (now_s - self._at_s))
        self._at_s = now_s
        return self._left_s

    def spend(self, seconds: float) -> None:
        """Also more than there was: then later looks are short ones."""
        self._left_s -= seconds


ALLOWANCE = Allowance()


def _silent(level: LogLevel, text: str) -> None:
    pass


def shown_text(line: bytes, mask_text: Callable[[str], str]) -> str:
    """A line that was masked in place, harmless and of bounded length."""
    plain = line[:SHOWN_BYTES].decode("utf-8", errors="replace")
    text = plain if plain.isprintable() else clean_bytes(line[:SHOWN_BYTES])
    if text is not plain or "**" in text:
        text = mask_text(text)
    return text if len(line) <= SHOWN_BYTES else f"{text} …"


class WorkerLog:
    """One log file from a position on.

    `mask_in_place` masks bytes at equal length, `mask_text` a line that became another one by being made harmless.
    What stands before `position` is masked, too, but not handed on; `shown`: an earlier service had handed it on.
    """

    def __init__(
        self,
        path: Path,
        mask_in_place: Mask,
        position: int = 0,
        *,
        shown: bool = False,
        mask_text: Callable[[str], str] = str,
        say: Callable[[LogLevel, str], None] = _silent,
        bounds: Bounds | None = None,
        allowance: Allowance = ALLOWANCE,
        background: Do = BACKGROUND.do,
        left_out: LeftOut | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        self._path = path
        self._mask_in_place = mask_in_place
        self._from, self._shown = position, shown
        self._mask_text = mask_text
        self._allowance = allowance
        self.unfinished = False
        """The look is not over: there is more to be given at once, and time for it."""
        self._left_s = self._patient_s = 0.0
        """Of this look: CPU time, and time on the clock."""
        self._remarks = Remarks(say)
        self._keeper = LogKeeper(path, mask_in_place, self._remarks, bounds or Bounds(), background, left_out)
        self._resumption = resumption
        self.is_counted = False
        """The lines given just now were taken in by an earlier service."""
        self.written_s: float | None = None
        """When they were written at the latest, since the epoch; None: long ago, nobody knows when."""
        self._given: list[Stretch] = []
        """What was given since somebody asked for it, and what stands at its end."""
        self._given_last = b""
        self._long_bytes = 0
        """Of the line we are in the middle of, so far."""
        self._fd = -1
        self._check_at_s = 0.0
        self._open()

    def has_news(self) -> bool:
        """Whether a look at the file is worth it."""
        if self._fd < 0:
            return True
        try:
            about = os.fstat(self._fd)
        except OSError:
            return True
        if not about.st_nlink and not self._remarks.said("gone"):
            self._check_at_s = 0.0
            return True
        return about.st_size != self._keeper.seen or self._keeper.waits()

    def read_lines(self, *, everything: bool = False) -> list[str]:
        """As `lines`."""
        return list(self.lines(everything=everything))

    def few_lines(self) -> list[str] | None:
        """As `lines`, for what a log has to say in most seconds: nothing, or a few lines of a worker that is well, all
        of them new. None where it takes more than one read to tell, and `lines` is to be asked."""
        keeper = self._keeper
        if self._fd < 0 or keeper.waits() or not keeper.is_past:
            return None
        if time.monotonic() >= self._check_at_s:
            self._look_for_the_file()
        if not keeper.offsets.acquire(blocking=False):
            return []  # it is being cut at this moment
        try:
            raw = os.pread(self._fd, FEW_BYTES, keeper.position)
            if not raw:  # no news, or truncated by somebody
                return [] if os.fstat(self._fd).st_size >= keeper.position else None
            taken = raw.rfind(b"\n") + 1
            if taken < len(raw):
                return None
            keeper.seen = keeper.position + taken
            return self._taken(raw, taken)
        except OSError:
            return None
        finally:
            keeper.offsets.release()

    def lines(self, *, everything: bool = False) -> Iterator[str]:
        """Lines written since the last look, masked and harmless. A last line without its end waits for it.

        A look at a flood is taken in pieces: while it is `unfinished`, ask again as soon as others had their turn.
        With `everything` the worker is gone: all that can be shown is, the first and the last of it for certain.
        """
        goes_on, self.unfinished = self.unfinished and not everything, False
        if (self._fd < 0 and not self._open()) or not (self.has_news() or everything):
            return
        if not self._keeper.offsets.acquire(timeout=_PATIENCE_S if everything else 0):
            return  # it is being cut at this moment
        try:
            yield from self._new_lines(everything, goes_on)
        except OSError as error:
            self._remarks.once("read", LogLevel.WARNING, f"cannot read {self._path}: {error.strerror}")
        finally:
            self._keeper.offsets.release()
        self._keeper.look_after(self._fd)

    def parts(self) -> list[Part]:
        """What was given since they were asked for last."""
        given, self._given = self._given, []
        counted, last = self._keeper.places.counted, self._given_last
        return [Part(counted, *one, last if one is given[-1] else b"") for one in given]

    def kept(self, generation: int) -> KeptPlace:
        """What of it is in findings."""
        return self._keeper.places.counted.kept(generation)

    def settled(self, timeout_s: float) -> bool:
        """Wait until nothing is being done with the file in the background; False if that takes longer."""
        return self._keeper.settled(timeout_s)

    def hold(self, patience_s: float) -> int | None:
        """Up to where the file was read, which stays so until `release`; None if something is being done with it."""
        if self._fd < 0 or not self._keeper.offsets.acquire(timeout=patience_s):
            return None
        return self._keeper.position

    def release(self) -> None:
        """After a `hold`."""
        self._keeper.offsets.release()

    def close(self) -> None:
        """Let go of the file; what is being done with it in the background is finished. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        fd = -1
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            self._keeper.opened(fd)
            if self._resumption is not None:
                self._keeper.resume(fd, self._resumption)
            if self._from > self._keeper.position:
                self._leave_out(fd, self._from, shown=self._shown)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
            text = f"cannot read {self._path}: {error.strerror}; {_NEXT_START}"
            self._remarks.once("open", LogLevel.WARNING, text)
            return False
        self._fd = fd
        self._keeper.look_after(fd)
        return True

    def _new_lines(self, everything: bool, goes_on: bool) -> Iterator[str]:
        keeper = self._keeper
        size = os.fstat(self._fd).st_size  # again: it may have been cut in between
        if size < keeper.position:
            keeper.truncated()
            self._long_bytes = 0
            text = f"somebody truncated {self._path}; what was in it is lost"
            self._remarks.once("short", LogLevel.WARNING, text)
        if not goes_on:
            self._look_for_the_file()
            self._left_s = min(LOOK_S, self._allowance.left_s(time.monotonic()))
            self._patient_s = _BUSY * LOOK_S
        if not keeper.owned:
            keeper.owned_at_last(self._fd)
        window = WINDOW_BYTES if everything or self._left_s > 0 else WINDOW_BYTES // 8
        keeper.seen = size
        began_s, began_at_s = time.thread_time(), time.monotonic()
        skipped = False
        while keeper.position < size:
            before = keeper.position
            yield from self._window(size, window, last=everything)
            if keeper.position == before:
                break
            if skipped:  # the newest is shown whatever it takes
                continue
            took_s, took_at_s = time.thread_time() - began_s, time.monotonic() - began_at_s
            if took_s > self._left_s or took_at_s > self._patient_s:
                behind = size - keeper.position
                if behind > TAIL_BYTES and (everything or behind > BACKLOG_BYTES):
                    self._leave_out(self._fd, size - TAIL_BYTES)
                if not everything:
                    keeper.seen = -1
                    break
                skipped = True
            elif took_at_s > PIECE_S and not everything and keeper.position < size:
                keeper.seen, self.unfinished = -1, True
                break
        took_s = time.thread_time() - began_s
        self._left_s -= took_s
        self._patient_s -= time.monotonic() - began_at_s
        self._allowance.spend(took_s)

    def _window(self, size: int, window: int, *, last: bool) -> list[str]:
        """The next lines; none if a line waits for its end."""
        position = self._keeper.position
        places = self._keeper.places
        place = places.of(position)
        self.is_counted, until = places.is_known(place)
        self.written_s = places.written_s(place)
        room = until - place
        raw = os.pread(self._fd, min(size - position, window, room), position)
        taken = whole_lines(raw, full=len(raw) == WINDOW_BYTES)
        if taken == 0 and len(raw) == window < WINDOW_BYTES:
            return self._window(size, WINDOW_BYTES, last=last)
        if taken == 0 and not last and len(raw) != room:
            return []
        return self._taken(raw, taken or len(raw))

    def _taken(self, raw: bytes, taken: int) -> list[str]:
        """Go on behind so much of what was read from the present position on; the lines in it."""
        position = self._keeper.position
        hidden = self._mask_in_place(raw)
        if hidden != raw and self._keeper.owned:
            self._keeper.overwrite(self._fd, hidden, position)
        self._keeper.position = position + taken
        start = self._keeper.places.of(position)
        stop = start + taken
        if self._given and self._given[-1][1] == start:
            start = self._given.pop()[0]
        self._given.append((start, stop))
        self._given_last = hidden[max(0, taken - BEFORE_BYTES) : taken]
        return self._texts(hidden[:taken])

    def _texts(self, hidden: bytes) -> list[str]:
        pieces = hidden.split(b"\n")
        unfinished = pieces.pop()
        if self._long_bytes:
            if not pieces:
                self._long_bytes += len(unfinished)
                return []
            length = self._long_bytes + len(pieces.pop(0))
            text = f"a line of at least {length:,} bytes is shown in part, all of it is in {self._keeper.files()}"
            self._remarks.say(LogLevel.INFO, text)
        self._long_bytes = len(unfinished)
        if unfinished:
            pieces.append(unfinished)
        return [shown_text(piece, self._mask_text) for piece in pieces if piece.strip()]

    def _leave_out(self, fd: int, target: int, *, shown: bool = False) -> None:
        """Go on with the first line that begins at `target` or after it."""
        position = line_start(fd, target)
        self._long_bytes = 1 if position is None else 0  # in the middle of a long one
        self._keeper.leave_out(target if position is None else position, shown=shown)

    def _look_for_the_file(self) -> None:
        """Whether the file is still the one under its name."""
        self._check_at_s = time.monotonic() + FILE_CHECK_S
        if self._remarks.said("gone"):
            return
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self._path, follow_symlinks=False), os.fstat(self._fd)):
                return
        text = f"{self._path} was deleted, moved or replaced while its worker writes to it: its lines are still shown"
        self._remarks.once("gone", LogLevel.WARNING, f"{text}; {_NEXT_START}")
