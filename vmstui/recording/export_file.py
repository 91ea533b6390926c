"""The file of an export until it is whole: without a name, so that nothing is left of it whoever is killed.

Where the file system knows files without a name (`O_TMPFILE`, open(2): ext4, xfs, btrfs, tmpfs), it is written through
`/proc/<pid>/fd`, and gets its name by linkat(2) when it is done. Elsewhere (vfat, network shares) it is called
`.vmstui-export-….mp4`, and its maker holds a lock on it: one that nobody holds any more is what a maker left that was
killed, and goes with the next export into that folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmstui.recording.publish import move

SUFFIX = ".mp4"
_PREFIX = ".vmstui-export-"
_OURS = re.compile(re.escape(_PREFIX) + r"[0-9a-z_]{8,32}" + re.escape(SUFFIX))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file that is being made."""

    path: str
    """To write to and read from, while this process lives."""
    named: bool

    def publish(self, target: Path) -> bool:
        """Give it its name, replacing nothing; False if the name is taken. Raises OSError."""
        if self.named:
            return move(Path(self.path), target)
        folder = os.open(target.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # With a folder given, Python calls linkat(2), which alone follows the link in /proc.
            os.link(self.path, target.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            return False
        finally:
            os.close(folder)
        return True


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[Unfinished]:
    """An empty file in a folder that is gone afterwards, unless it was published. Raises OSError."""
    try:
        descriptor = _nameless(folder)
    except OSError:
        with _named(folder) as path:
            yield Unfinished(path, named=True)
        return
    try:
        yield Unfinished(f"/proc/{os.getpid()}/fd/{descriptor}", named=False)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what exports left in a folder whose process is gone."""
    try:
        names = [name for name in os.listdir(folder) if _OURS.fullmatch(name)]
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            descriptor = os.open(folder / name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                status = os.fstat(descriptor)
                if status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(folder / name)
            finally:
                os.close(descriptor)


def _nameless(folder: Path) -> int:
    return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)


@contextlib.contextmanager
def _named(folder: Path) -> Iterator[str]:
    descriptor, path = _locked(folder)
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.close(descriptor)


def _locked(folder: Path) -> tuple[int, str]:
    """A new file of which nobody can think that it was left."""
    while True:
        path = str(folder / f"{_PREFIX}{os.urandom(8).hex()}{SUFFIX}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with contextlib.suppress(OSError):  # without locks there (some network shares) nothing is ever removed
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:  # else it was taken for a leftover before it was locked
                return descriptor, path
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
