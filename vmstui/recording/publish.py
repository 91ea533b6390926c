"""Files put where they belong without ever replacing one.

`publish` and `quarantine` move a file within one file system so that at every instant it is complete in at least one
place, and a file that is already there stays: a name that is taken gets a suffix. Several processes may publish the
same name at once. After they return, the move survives a power cut. Called by `spool.settle`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from pathlib import Path

from vmstui.ownership import hand_over
from vmstui.recording.naming import with_suffix

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NOT_THERE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK})
"""A file system or kernel without this kind of rename or link."""
REASON_ENDING = ".reason.txt"
"""Of the file beside one in quarantine."""


class PublishError(Exception):
    """A file could not be moved; it is still where it was. The text says why and what to do."""


def publish(source: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder, which is created if need be; returns where it is now.

    Raises PublishError.
    """
    try:
        sync(source)
        _make_folders(folder, source)
        number = 1
        while not move(source, target := folder / with_suffix(name, number)):
            number += 1
        sync(folder)
        sync(source.parent)
    except OSError as error:
        if error.errno == errno.EXDEV:
            reason = "they are on different file systems: nothing may be mounted below the recordings folder"
        else:
            reason = f"{os.strerror(error.errno) if error.errno else error}: check the recordings folder"
        raise PublishError(f"{source} cannot be moved to {folder}: {reason}") from error
    return target


def quarantine(source: Path, folder: Path, reason: str, name: str | None = None) -> Path:
    """Keep a file that does not play, with its reason beside it in `<name>.reason.txt`; returns where it is now.

    Raises PublishError.
    """
    kept = publish(source, folder, name or source.name)
    with contextlib.suppress(OSError):  # the file is safe; a reason that cannot be written must not look like a loss
        note = kept.with_name(kept.name + REASON_ENDING)
        note.write_text(reason + "\n", encoding="utf-8")
        hand_over(note)
    return kept


def move(source: Path, target: Path) -> bool:
    """Rename without replacing; False if the name is taken. Raises OSError."""
    for attempt in (_rename_noreplace, _link_and_unlink, _rename_over_placeholder):
        try:
            attempt(source, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            refused = error
        else:
            return True
    raise refused


def _rename_noreplace(source: Path, target: Path) -> None:
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))


def _link_and_unlink(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        # Died between link and unlink the last time: the file is published already.
        if not os.path.samefile(source, target):
            raise
    os.unlink(source)


def _rename_over_placeholder(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # the name is ours from here on
    try:
        os.rename(source, target)
    except OSError:
        os.unlink(target)
        raise


def _make_folders(folder: Path, source: Path) -> None:
    """Raises FileNotFoundError instead of making any where the file is not there any more: its disk may just have been
    unmounted, and what the path leads to then is no place to make folders in."""
    for path in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        os.stat(source)
        path.mkdir(exist_ok=True)
        hand_over(path)
        sync(path.parent)


def sync(path: Path) -> None:
    """Have a file or folder reach the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)
if _renameat2 is not None:
    _renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    _renameat2.restype = ctypes.c_int
