"""Is the recordings folder a place to record to, right now?

A folder can be there and still be wrong: its disk not mounted, so that everything would go to the system disk;
mounted read-only after an error; full. `check_storage` finds out by doing (it writes, syncs and removes a small file)
and never raises. It opens the folder once and looks and writes only below what it opened, so that nothing is written
into a folder that it did not look at. It may block for as long as the file system does (a network share that is gone),
so call it from a thread. Called by `guard.py`, which knows which folder it should be.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.spoken import decimal_size

_OCTAL = re.compile(r"\\([0-7]{3})")
_TEST_BYTES = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Trouble(StrEnum):
    """What is wrong, by what follows from it."""

    MISSING = "missing"
    """There is no such folder."""
    NOT_MOUNTED = "not mounted"
    """It is there, but without its mark, and on another file system than it was."""
    WRONG_MOUNT = "wrong mount"
    """It is not on the file system that the configuration asks for."""
    OTHER = "another folder"
    """It is there, and is not the one that was recorded to."""
    NOT_OURS = "not ours"
    """Another recorder records into it."""
    FULL = "full"
    FAILED = "failed"
    """The file system refuses: read-only, an I/O error, no permission, no answer."""


ELSEWHERE = (Trouble.MISSING, Trouble.NOT_MOUNTED, Trouble.OTHER)
"""What was recorded to is not where the path leads: a worker that goes on records into nowhere."""


@dataclass(frozen=True, slots=True)
class StorageStatus:
    """What was found."""

    usable: bool
    reason: str
    """Why not, and what to do, in one sentence; empty when usable."""
    free_bytes: int
    total_bytes: int
    mount_point: str
    """Of the file system the folder is on, or would be; `` where that cannot be told."""
    trouble: Trouble | None = None
    """None when usable."""


Objection = tuple[Trouble, str]
"""What is wrong, and the sentence for a person."""
Identify = Callable[[int, str], Objection | None]
"""Whether an open folder, on the file system mounted there, is the right one; asked before anything is written."""


def check_storage(
    path: str, expected_mount: str | None, floor_bytes: int, identify: Identify = lambda root, mount_point: None
) -> StorageStatus:
    """Look at the recordings folder; `floor_bytes` is the free space below which nothing is written any more."""
    mount_point = mount_point_of(path)
    free_bytes = total_bytes = 0
    root = -1
    elsewhere = off_its_mount(path, expected_mount, mount_point)
    found: Objection | None
    try:
        root = open_folder(path)
        free_bytes, total_bytes = _space(root)
        found = identify(root, mount_point) or elsewhere
        if found is None and free_bytes < floor_bytes:
            free, floor = decimal_size(free_bytes), decimal_size(floor_bytes)
            found = Trouble.FULL, f"the recordings folder {path} has only {free} free, less than {floor}: free space"
        if found is None:
            _write(root)
    except (OSError, ValueError) as error:
        found = objection(path, error)
    finally:
        if root >= 0:
            os.close(root)
    trouble, reason = found or (None, "")
    if elsewhere is not None:
        reason = elsewhere[1]  # what is wrong beside it follows from that
    return StorageStatus(found is None, reason, free_bytes, total_bytes, mount_point, trouble)


def open_folder(path: str) -> int:
    """A descriptor that stands for this folder, wherever its path leads later. Raises OSError, ValueError.

    It does not keep the folder's disk from being unmounted for longer than it is open, so that is to be short.
    """
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def off_its_mount(path: str, expected_mount: str | None, mount_point: str) -> Objection | None:
    """The objection to a folder that is not on the file system it has to be on."""
    if expected_mount is None or mount_point == os.path.realpath(expected_mount):
        return None
    found = f"it is on {mount_point}" if mount_point else "where it is cannot be told"
    return (
        Trouble.WRONG_MOUNT,
        f"the recordings folder {path} is not on the file system mounted at {expected_mount} ({found}): "
        f"mount it, or change recordings_mount",
    )


def mount_point_of(path: str) -> str:
    """Mount point of the file system that a path is on, or would be on if it does not exist yet."""
    try:
        real = os.path.realpath(path)
        points = mount_points(Path("/proc/self/mountinfo").read_bytes())
    except (OSError, ValueError):
        return ""
    holding = [point for point in points if real == point or real.startswith(point.rstrip("/") + "/")]
    return max(holding, key=len, default="")


def mount_points(mountinfo: bytes) -> tuple[str, ...]:
    """The mount points listed in /proc/self/mountinfo (proc_pid_mountinfo(5)); spaces and the like are octal there."""
    points = []
    for line in mountinfo.splitlines():
        fields = line.split(b" ")
        if len(fields) > 4:
            octal = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4].decode("latin-1"))
            points.append(os.fsdecode(octal.encode("latin-1")))
    return tuple(points)


def _space(root: int) -> tuple[int, int]:
    status = os.fstatvfs(root)
    return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize


def _write(root: int) -> None:
    name = f".vmstui-check-{os.urandom(16).hex()}"
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=root)
    try:
        os.write(descriptor, b"\0" * _TEST_BYTES)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        os.unlink(name, dir_fd=root)


def objection(path: str, error: OSError | ValueError) -> Objection:
    """An error of the file system, with what to do about it."""
    if not isinstance(error, OSError):
        return Trouble.MISSING, f"the recordings folder {path!r} is no path: correct recordings"
    told = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return Trouble.FULL, f"the recordings folder {path} is full ({told}): free space"
    if error.errno == errno.ENOENT:
        return (
            Trouble.MISSING,
            f"the recordings folder {path} does not exist: create it, or mount the disk it is on",
        )
    if error.errno == errno.ENOTDIR:
        return Trouble.MISSING, f"{path} is not a folder: set recordings to a folder"
    if error.errno == errno.EROFS:
        advice = f"is mounted read-only ({told}): look for disk errors with `dmesg`, remount it"
    elif error.errno in (errno.EACCES, errno.EPERM):
        advice = f"cannot be written to ({told}): change its owner or mode"
    else:
        advice = f"cannot be used ({told}): check its disk with `dmesg`"
    return Trouble.FAILED, f"the recordings folder {path} {advice}"
