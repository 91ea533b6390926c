"""Cuts the head off a log file while its worker goes on appending to it. No line is lost, none is kept twice.

ffmpeg cannot be told to open its log anew, and a file that is copied and then truncated loses what is written in
between (research/supervision.md, P7). So the head is copied to a compressed file and then taken out of the log by the
kernel: with COLLAPSE_RANGE (ext4, xfs) the rest moves to the front; where a file system refuses that (tmpfs, btrfs), a
hole is punched, which gives the space back and leaves the rest where it is. Where neither works the file is truncated
after all, and a line written in that instant may be lost.

Whoever is killed in between, the next owner of the file tells from its first bytes what is left to do:

1. the head is copied to a `.part` file, whole lines, compressed, and put safely on disk;
2. the head's first bytes are overwritten by a mark that names this copy: from here on the copy counts;
3. what the copy holds of the line that crosses the cut is blanked, and the copy gets its name;
4. the head is taken away, and with it, in one stroke, the mark.

Without a mark a `.part` is a copy that was not finished. The mark tells inode and size of the copy, which nobody who
can only get text into a log knows. `publish` is steps 1 to 3; `owed` finds what is to be done; `free` is step 4.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import errno
import gzip
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.recorder.log_folder import log_files, rotated_path

WINDOW_BYTES = 32 * 1024
"""Read and masked at once; short, because masking holds the interpreter's lock. Longer lines are taken in pieces."""
OVERLAP_BYTES = 1024
"""Of a piece without a line break that is looked at again with the next one: a secret across both would go unseen."""
ALIGN_BYTES = 64 * 1024
"""Cuts lie on multiples of this, which is one of every block size in use."""

_BLOCK_BYTES = 256 * 1024
_COPY_BYTES = 512 * 1024
"""Large, because each call into the kernel lets go of the interpreter's lock, and a busy loop returns it slowly."""
_LEVEL = 1
"""gzip's cheapest: 10 to 20 times smaller at some hundred MB/s, and zcat, zless and zgrep read it everywhere."""
_MARK = re.compile(rb"\0vmstui cut (\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18})\n")
_MARK_BYTES = 120
_KEEP_SIZE, _PUNCH_HOLE, _COLLAPSE_RANGE = 1, 2, 8
_REFUSED = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""A file system that cannot do it at all; other errors pass."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc_fallocate = getattr(_libc, "fallocate64", None) or _libc.fallocate
_libc_fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]

Mask = Callable[[bytes], bytes]


class Way(enum.Enum):
    """How a head was taken away."""

    COLLAPSED = "collapsed"
    PUNCHED = "punched"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Cut:
    """One head, from `start` to `stop`; what its copy holds goes on to `end`, where the line that crosses ends."""

    path: Path
    """Of the log file."""
    number: int
    start: int
    stop: int
    end: int

    @property
    def rotated(self) -> Path:
        """Where the copy goes."""
        return rotated_path(self.path, self.number)

    @property
    def part(self) -> Path:
        """Where it is until it counts."""
        return part_of(self.rotated)


def part_of(rotated: Path) -> Path:
    """What a copy is called until it counts."""
    return rotated.with_name(rotated.name + ".part")


@dataclass(frozen=True, slots=True)
class Freed:
    """What became of offsets in the file."""

    way: Way
    moved: int
    """What stood at this offset is at 0 now; 0 if nothing moved."""
    start: int
    """Where the file begins now; before it is a hole."""


def data_start(descriptor: int) -> int:
    """Where the file begins: behind the hole that earlier cuts left. Raises OSError."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole, or nothing at all
            return os.fstat(descriptor).st_size
        if error.errno == errno.EINVAL:
            return 0
        raise


def whole_lines(raw: bytes, *, full: bool) -> int:
    """How much of what was read to take: up to the last line break, or of a `full` window without one nearly all;
    0 to wait for the end of the line."""
    return raw.rfind(b"\n") + 1 or (len(raw) - OVERLAP_BYTES if full else 0)


def masked(descriptor: int, start: int, stop: int, mask: Mask) -> Iterator[tuple[int, bytes, bytes]]:
    """A stretch of a file in blocks: offset, bytes as they are, bytes masked. Raises OSError."""
    while start < stop:
        raw = os.pread(descriptor, min(_BLOCK_BYTES, stop - start), start)
        hidden = b"".join(_masked_windows(raw, mask, last=start + len(raw) >= stop))
        if not hidden:
            return
        yield start, raw[: len(hidden)], hidden
        start += len(hidden)


def _masked_windows(block: bytes, mask: Mask, *, last: bool) -> Iterator[bytes]:
    """A line at the end of the block that may go on in the next one is left to that, if it is not the `last`."""
    start = 0
    while start < len(block):
        raw = block[start : start + WINDOW_BYTES]
        taken = whole_lines(raw, full=len(raw) == WINDOW_BYTES)
        if taken == 0:
            if start > 0 and not last:
                return
            taken = len(raw)
        yield mask(raw)[:taken]
        start += taken


def line_start(descriptor: int, target: int) -> int | None:
    """Where the first line begins at `target` or after it; None if that is not near. Raises OSError."""
    if target <= 0:
        return 0
    found = os.pread(descriptor, WINDOW_BYTES, target - 1).find(b"\n")
    return target + found if found >= 0 else None


def plan(descriptor: int, path: Path, start: int, position: int, most_bytes: int) -> Cut | None:
    """The longest head that lies before `position`, the beginning of a line, and is not longer than `most_bytes`; None
    if there is none worth it. Raises OSError."""
    about = os.fstat(descriptor)
    align = max(ALIGN_BYTES, about.st_blksize)
    stop = min(position, start + most_bytes) // align * align
    if stop >= about.st_size:
        stop -= align  # a file cannot be collapsed up to its end
    if stop - start < align:
        return None
    crossing = os.pread(descriptor, min(position - stop, WINDOW_BYTES), stop).find(b"\n") + 1
    numbers = [file.number for file in log_files(path.parent) if file.stem == path.stem and file.number is not None]
    return Cut(path, max(numbers, default=0) + 1, start, stop, stop + crossing)


def publish(descriptor: int, cut: Cut, mask: Mask | None, go_on: Callable[[], bool]) -> bool:
    """Copy the head and let the copy count, so that the head may be freed. False if `go_on` ended it before.

    With `mask` the copy is masked; without, the file has been. Raises OSError; the file is as it was then, or `owed`.
    """
    cut.part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    cut.part.unlink(missing_ok=True)
    try:
        about = _copy(descriptor, cut, mask, go_on)
        if about is None or os.fstat(descriptor).st_size < cut.end:
            cut.part.unlink(missing_ok=True)
            return False
        lengths = cut.stop - cut.start, cut.end - cut.stop
        mark = b"\0vmstui cut %d %d %d %d %d\n" % (cut.number, *lengths, about.st_ino, about.st_size)
        os.pwrite(descriptor, mark, cut.start)
    except OSError:
        with contextlib.suppress(OSError):
            cut.part.unlink(missing_ok=True)
        raise
    _conclude(descriptor, cut)
    return True


def owed(descriptor: int, path: Path) -> Cut | None:
    """The cut that somebody who is gone began and that counts, ready to be freed. Only for the owner of the file.

    Copies that were not finished are taken away. Raises OSError.
    """
    cut = pending(descriptor, path, data_start(descriptor))
    if cut is not None:
        _conclude(descriptor, cut)
        return cut
    for part in path.parent.glob(f"{path.stem}.*.log.gz.part"):
        part.unlink(missing_ok=True)
    return None


def pending(descriptor: int, path: Path, start: int) -> Cut | None:
    """What `owed` would find in a file that begins at `start`; nothing is changed. Raises OSError."""
    found = _MARK.match(os.pread(descriptor, _MARK_BYTES, start))
    if found is None:
        return None
    number, length, crossing, inode, size = map(int, found.groups())
    cut = Cut(path, number, start, start + length, start + length + crossing)
    return cut if _is(cut.part, inode, size) or _is(cut.rotated, inode, size) else None


def free(descriptor: int, cut: Cut) -> Freed:
    """Take the head away. Nobody else may read or write by offsets meanwhile. Raises OSError."""
    try:
        _fallocate(descriptor, _COLLAPSE_RANGE, 0, cut.stop)
        return Freed(Way.COLLAPSED, cut.stop, 0)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
    try:
        _fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, cut.start, cut.stop - cut.start)
        return Freed(Way.PUNCHED, 0, cut.stop)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
    rest = os.pread(descriptor, os.fstat(descriptor).st_size - cut.end, cut.end)
    os.ftruncate(descriptor, 0)
    # Appended like the worker's own lines, which may already stand there again.
    appending = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.write(appending, rest)
    finally:
        os.close(appending)
    return Freed(Way.TRUNCATED, cut.end, 0)


def blank(descriptor: int, cut: Cut) -> None:
    """Overwrite the end of the line that crosses the cut: without its beginning it says nothing. Raises OSError."""
    if cut.end > cut.stop:
        os.pwrite(descriptor, b" " * (cut.end - cut.stop - 1) + b"\n", cut.stop)


def _copy(descriptor: int, cut: Cut, mask: Mask | None, go_on: Callable[[], bool]) -> os.stat_result | None:
    """Step 1."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(cut.part, flags, 0o600), "wb", buffering=0) as file:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed:
            for piece in _pieces(descriptor, cut, mask):
                if not go_on():
                    return None
                packed.write(piece)
        os.fsync(file.fileno())
        return os.fstat(file.fileno())


def _pieces(descriptor: int, cut: Cut, mask: Mask | None) -> Iterator[bytes]:
    if mask is not None:
        yield from (hidden for _, _, hidden in masked(descriptor, cut.start, cut.end, mask))
        return
    for offset in range(cut.start, cut.end, _COPY_BYTES):
        yield os.pread(descriptor, min(_COPY_BYTES, cut.end - offset), offset)


def _conclude(descriptor: int, cut: Cut) -> None:
    """Step 3. The mark is on disk before the copy has its name, and `free`, which the worker has to wait for, finds
    nothing left to be written out."""
    blank(descriptor, cut)
    os.fdatasync(descriptor)
    with contextlib.suppress(FileNotFoundError):
        os.rename(cut.part, cut.rotated)


def _is(path: Path, inode: int, size: int) -> bool:
    try:
        about = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return (about.st_ino, about.st_size) == (inode, size)


def _fallocate(descriptor: int, mode: int, offset: int, length: int) -> None:
    if _libc_fallocate(descriptor, mode, offset, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
