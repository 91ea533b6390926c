"""Is the recordings folder a place to record to, right now?

A folder can be there and still be wrong: its disk not mounted, so that everything would go to the system disk;
mounted read-only after an error; full. `check_storage` finds out by doing (it writes, syncs and removes a small file)
and never raises. It may block for as long as the file system does (a network share that is gone), so call it from a
thread. Called by the recorder before a worker starts and every few seconds after.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

_OCTAL = re.compile(r"\\([0-7]{3})")
_TEST_BYTES = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)


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


def check_storage(path: str, expected_mount: str | None, floor_bytes: int) -> StorageStatus:
    """Look at the recordings folder; `floor_bytes` is the free space below which nothing is written any more."""
    mount_point = mount_point_of(path)
    free_bytes, total_bytes = _space(path)
    reason = _why_not(path, expected_mount, floor_bytes, mount_point, free_bytes)
    return StorageStatus(not reason, reason, free_bytes, total_bytes, mount_point)


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


def _space(path: str) -> tuple[int, int]:
    try:
        status = os.statvfs(path)
    except (OSError, ValueError):
        return 0, 0
    return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize


def _why_not(path: str, expected_mount: str | None, floor_bytes: int, mount_point: str, free_bytes: int) -> str:
    if expected_mount is not None and mount_point != os.path.realpath(expected_mount):
        found = f"it is on {mount_point}" if mount_point else "where it is cannot be told"
        return (
            f"the recordings folder {path} is not on the file system mounted at {expected_mount} ({found}): "
            f"mount it, or change recordings_mount"
        )
    try:
        is_folder = os.path.isdir(path)
        if not is_folder and os.path.lexists(path):
            return f"{path} is not a folder: set recordings to a folder"
        if not is_folder:
            return f"the recordings folder {path} does not exist: create it, or mount the disk it is on"
        if free_bytes < floor_bytes:
            free, floor = _spoken(free_bytes), _spoken(floor_bytes)
            return f"the recordings folder {path} has only {free} free, less than {floor}: free space"
        _write(path)
    except OSError as error:
        return _spoken_error(path, error)
    except ValueError:
        return f"the recordings folder {path!r} is no path: correct recordings"
    return ""


def _write(folder: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".vmstui-check-", dir=folder)
    try:
        os.write(descriptor, b"\0" * _TEST_BYTES)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        os.unlink(name)


def _spoken_error(path: str, error: OSError) -> str:
    told = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return f"the recordings folder {path} is full ({told}): free space"
    if error.errno == errno.EROFS:
        return (
            f"the recordings folder {path} is mounted read-only ({told}): look for disk errors with `dmesg`, remount it"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"the recordings folder {path} cannot be written to ({told}): change its owner or mode"
    return f"the recordings folder {path} cannot be used ({told}): check its disk with `dmesg`"


def _spoken(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"
