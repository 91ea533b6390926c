"""Moves a file to its final name without ever replacing another, whatever else happens at the same time.

The rename is atomic and refuses an existing name (renameat2(2) with RENAME_NOREPLACE). Where a file system does not
offer that, a hard link does the same, and where there are no hard links either, an empty file reserves the name first.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

from vmstui.recording.naming import with_suffix

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NOT_OFFERED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_libc = ctypes.CDLL(None, use_errno=True)
MAX_CLASHES = 10_000


def publish(source: Path, folder: Path, name: str) -> Path:
    """Move `source` to `folder/name`, with a number added to the name where that is taken.

    Makes the folder; returns the path taken, on disk when this returns. Raises OSError: FileNotFoundError when there is
    no source, EXDEV (with a sentence) when the folder is on another file system.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, MAX_CLASHES):
        target = folder / with_suffix(name, number)
        try:
            rename_without_replacing(source, target)
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno == errno.EXDEV:
                text = f"{source} and {folder} are on different file systems; the recordings folder must be on one"
                raise OSError(errno.EXDEV, text) from None
            raise
        _sync(folder)
        return target
    raise FileExistsError(errno.EEXIST, f"{MAX_CLASHES} files are called like {folder / name}")


def quarantine(source: Path, folder: Path, name: str, reason: str) -> Path:
    """Set a file aside, with the reason in a text file beside it. Raises OSError."""
    target = publish(source, folder, name)
    target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n")
    return target


def rename_without_replacing(source: Path, target: Path) -> None:
    """Rename; raises FileExistsError when the target exists, OSError for everything else."""
    for way in WAYS:
        try:
            way(source, target)
            return
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NOT_OFFERED:
                raise
            refused = error
    raise refused


def _by_renameat2(source: Path, target: Path) -> None:
    if _libc.renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(source), None, str(target))


def _by_link(source: Path, target: Path) -> None:
    os.link(source, target, follow_symlinks=False)
    os.unlink(source)


def _by_reservation(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    os.rename(source, target)


def _sync(folder: Path) -> None:
    """Make the new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


WAYS: tuple[Callable[[Path, Path], None], ...] = (_by_renameat2, _by_link, _by_reservation)
"""Best first; each keeps the promise by itself."""
