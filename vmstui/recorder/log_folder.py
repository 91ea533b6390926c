"""The log files of one folder: what they are called, which is the oldest, and how much of them stays.

`000007.log` is what generation 7 writes, `000007.000001.log.gz`, `000007.000002.log.gz`, … are stretches cut off its
head before (`log_cut`). So `ls` lists them in the order they were written and `zcat -f 000007.*` prints a whole run.

A log file belongs to whoever holds the `flock` on it: only its owner masks it, cuts it and finishes an interrupted cut.
The kernel lets go of it with the descriptor, whatever becomes of the owner; the worker that appends is not concerned.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from vmstui.light_dataclass import dataclass

MiB = 1024 * 1024

_NAME = re.compile(r"(?P<stem>[^.]+)(?:\.(?P<number>\d+))?\.log(?P<packed>\.gz)?")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of the logs of one camera stays on disk: `rest_bytes` and twice `live_bytes`, 64 MiB."""

    rotate_bytes: int = 8 * MiB
    """A file that is written to is cut at this size."""
    live_bytes: int = 16 * MiB
    """It is never let grow beyond this, also when its worker writes faster than can be compressed. Two workers of a
    camera write at once while one replaces the other."""
    rest_bytes: int = 32 * MiB
    """Of everything nobody writes to any more; the oldest goes first."""
    rotated_kept: int = 32
    """Files cut off, of all generations."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file, ordered by when it was written."""

    stem: str
    number: int | None
    """Of a stretch that was cut off; None for the file that is or was written to."""
    path: Path
    disk_bytes: int

    @property
    def order(self) -> tuple[int, str, float]:
        return len(self.stem), self.stem, float("inf") if self.number is None else self.number


def rotated_path(path: Path, number: int) -> Path:
    """Where the stretch of that number cut off this log file goes."""
    return path.with_name(f"{path.stem}.{number:06}.log.gz")


def log_files(folder: Path) -> list[LogFile]:
    """All log files in the folder, oldest first. What else lies there, links and folders too, is none of ours."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            name = _NAME.fullmatch(entry.name)
            if name is None or (name["number"] is None) != (name["packed"] is None):
                continue
            with contextlib.suppress(FileNotFoundError):
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(about.st_mode):
                    number = int(name["number"]) if name["number"] else None
                    found.append(LogFile(name["stem"], number, Path(entry.path), about.st_blocks * 512))
    return sorted(found, key=lambda file: file.order)


def own(descriptor: int) -> bool:
    """Become the owner of an open log file; False if somebody else is."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks; nobody but us is known to touch the file
    return True


@contextlib.contextmanager
def owned(path: Path) -> Iterator[int | None]:
    """A descriptor of a log file of which we are the owner meanwhile; None if somebody else is, or it is no file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) and own(descriptor) else None
    finally:
        os.close(descriptor)


def prune(folder: Path, bounds: Bounds) -> None:
    """Delete the oldest of what nobody writes to until the rest is within its bounds. Raises OSError.

    A file that grew large while no service ran is spared: it is still to be cut up, which makes it small.
    """
    files = log_files(folder)
    newest = files[-1].stem if files else ""
    rest = [
        file
        for file in files
        if file.number is not None
        or (file.stem != newest and file.disk_bytes <= 2 * bounds.live_bytes and not _in_use(file.path))
    ]
    size = sum(file.disk_bytes for file in rest)
    rotated = sum(file.number is not None for file in rest)
    for file in rest:
        if size > bounds.rest_bytes or (rotated > bounds.rotated_kept and file.number is not None):
            delete([file])
            size -= file.disk_bytes
            rotated -= file.number is not None


def prune_generations(folder: Path, kept: int) -> None:
    """Delete all but the newest generations, those that are still written to excepted. Raises OSError."""
    files = log_files(folder)
    stems = list(dict.fromkeys(file.stem for file in files))
    for stem in stems[: max(len(stems) - kept, 0)]:
        generation = [file for file in files if file.stem == stem]
        if not any(file.number is None and _in_use(file.path) for file in generation):
            delete(generation)


def delete(files: Sequence[LogFile]) -> None:
    """Delete files, but none that somebody owns. Raises OSError."""
    for file in files:
        if file.number is not None:
            file.path.unlink(missing_ok=True)
            continue
        with owned(file.path) as descriptor:
            if descriptor is not None:
                file.path.unlink(missing_ok=True)


def _in_use(path: Path) -> bool:
    with owned(path) as descriptor:
        return descriptor is None
