"""Replaces the configuration file as a whole, so that a reader sees the old one or the new one and nobody loses a word.

The new file has the owner, the mode and the attributes of the old one. The two change places in one step
(renameat2(2), RENAME_EXCHANGE), and only then is looked at what came out: where that is not what the change was made
from, because somebody else saved meanwhile, they change back. A link to the file stays one. Called by commands.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pwd
import secrets
import stat

from vmstui.settings.document import MAX_FILE_BYTES

_AT_FDCWD = -100
_EXCHANGE = 2
FOLDER_MODE, FILE_MODE = 0o700, 0o600
"""Of what is made anew: passwords may be written there."""


class CannotWrite(Exception):
    """The file was not written, and is as it was. The text is a sentence for a person."""


class ChangedMeanwhile(CannotWrite):
    """Somebody else has changed it since it was read."""


def read_file(path: str) -> bytes | None:
    """Its content; None where there is none yet. Raises CannotWrite where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no usable path"
        raise CannotWrite(f"{path} cannot be read: {reason}") from None


def forbidden(path: str) -> str:
    """Why this person may not write the file, with whom it belongs to; empty where they may."""
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    try:
        found = os.stat(real)
    except FileNotFoundError:
        above = folder
        while not os.path.isdir(above):
            above = os.path.dirname(above)
        return "" if os.access(above, os.W_OK | os.X_OK) else f"the folder {above} belongs to {_owner(above)}"
    except OSError as error:
        return f"{real}: {error.strerror}"
    # Whoever replaces it must be able to give the new one to the same owner.
    if os.geteuid() not in (0, found.st_uid):
        return f"{path} belongs to {_owner(real)}"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} belongs to {_owner(folder)}"


def replace(path: str, old: bytes | None, new: bytes) -> None:
    """Put `new` in the place of `old`; None: there is no file yet. Raises CannotWrite, ChangedMeanwhile of it."""
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    try:
        if old is None:
            os.makedirs(folder, FOLDER_MODE, exist_ok=True)
        beside = os.path.join(folder, f".{os.path.basename(real)}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(new)
                file.flush()
                if old is not None:
                    _as(file.fileno(), real)
                os.fsync(file.fileno())
            if old is None:
                os.link(beside, real)
            else:
                _exchange(beside, real, old)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except FileExistsError:
        raise ChangedMeanwhile(f"{path} was made by somebody else meanwhile; nothing was changed") from None
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror}; nothing was changed") from None


def write_secret(path: str, text: str, owner: int | None) -> None:
    """A file of its own for a password, which nobody but its owner may read; its folder is made with it. Never over
    another one. Raises CannotWrite."""
    folder = os.path.dirname(path)
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, FOLDER_MODE)
            _give(folder, owner)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        _give(path, owner)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror}; nothing was changed") from None


def _as(descriptor: int, real: str) -> None:
    """Owner, mode and attributes (access lists) of the old file."""
    found, own = os.stat(real), os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    if found.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has another name elsewhere (a hard link), which would part from it")
    if (found.st_uid, found.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    with contextlib.suppress(OSError):  # a file system without any
        for name in os.listxattr(real):
            with contextlib.suppress(OSError):  # such as what only the kernel sets
                os.setxattr(descriptor, name, os.getxattr(real, name))


def _exchange(beside: str, real: str, old: bytes) -> None:
    if _content(real) != old:
        raise ChangedMeanwhile(f"{real} was changed by somebody else meanwhile; nothing was changed")
    if not _swap(beside, real):
        os.replace(beside, real)  # a file system that cannot exchange: what was looked at just now has to do
        return
    if _content(beside) != old:
        _swap(beside, real)
        raise ChangedMeanwhile(f"{real} was changed by somebody else meanwhile; nothing was changed")


def _swap(one: str, other: str) -> bool:
    """Exchange two files; False where that cannot be done here. Raises OSError."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_EXCHANGE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number))


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _give(path: str, owner: int | None) -> None:
    if owner is not None and owner != os.geteuid():
        os.chown(path, owner, -1)


def _owner(path: str) -> str:
    uid = os.stat(path).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
