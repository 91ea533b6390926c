"""Can the recordings folder be recorded to, now? Tried for real, told in one sentence.

A folder may exist and still be the wrong one (its disk is not mounted and the root file system shows through), be
read-only after an error, or be full. Called in a thread: a dead network mount may block for ever.
"""

from __future__ import annotations

import errno
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

PROBE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class StorageStatus:
    """What was found."""

    usable: bool
    reason: str
    """Why not, and what to do; empty when usable."""
    free_bytes: int = 0
    """For an ordinary user; the reserve of root is not counted."""
    total_bytes: int = 0
    mount_point: str = ""


def check_storage(path: str, expected_mount: str | None, floor_bytes: int) -> StorageStatus:
    """Look and try. Never raises.

    `expected_mount`: the mount point the folder must be on, None when any will do. `floor_bytes`: below this much free
    space it counts as full.
    """
    folder = Path(path)
    mount_point = mount_point_of(folder)
    try:
        space = os.statvfs(folder)
    except OSError as error:
        missing = f"recordings folder {path} {_spoken(error)}"
        if expected_mount is not None and mount_point != expected_mount:
            missing += f": is the disk of {expected_mount} mounted?"
        return StorageStatus(False, missing, mount_point=mount_point)
    free, total = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize

    def refused(reason: str) -> StorageStatus:
        return StorageStatus(False, reason, free, total, mount_point)

    if not folder.is_dir():
        return refused(f"recordings: {path} is not a folder")
    if expected_mount is not None and mount_point != expected_mount:
        return refused(
            f"recordings folder {path} was on {expected_mount} and is now on {mount_point}: mount its disk, "
            f"or set recordings_mount: {mount_point} if it moved for good"
        )
    if free < floor_bytes:
        return refused(f"disk full: {free / 1e6:.0f} MB free on {mount_point}, {floor_bytes / 1e6:.0f} MB needed")
    try:
        _try_writing(folder)
    except OSError as error:
        return refused(f"cannot write to recordings folder {path}: {_spoken(error)}")
    return StorageStatus(True, "", free, total, mount_point)


def mount_point_of(path: Path, mountinfo: str | None = None) -> str:
    """The mount point a path is on, from /proc/self/mountinfo (proc(5)); `/` when it cannot be told.

    A path that does not exist is judged by its nearest parent that does.
    """
    real = Path(os.path.realpath(path))
    if mountinfo is None:
        try:
            mountinfo = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
        except OSError:
            return "/"
    points = [Path(_unescaped(line.split(" ")[4])) for line in mountinfo.splitlines() if line.count(" ") > 4]
    on = [point for point in points if real.is_relative_to(point)]
    return str(max(on, key=lambda point: len(point.parts), default=Path("/")))


def _try_writing(folder: Path) -> None:
    probe = folder / f".vmstui-probe-{uuid.uuid4().hex}"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, bytes(PROBE_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        os.unlink(probe)


def _unescaped(field: str) -> str:
    """mountinfo writes space, tab, newline and backslash as octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _spoken(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "is missing"
        case errno.EACCES | errno.EPERM:
            return f"may not be used by this user (uid {os.getuid()})"
        case errno.EROFS:
            return "its file system is read-only; see `dmesg` for errors of the disk"
        case errno.ENOSPC | errno.EDQUOT:
            return "no space left"
        case errno.EIO:
            return "the disk reports input/output errors; see `dmesg`"
        case errno.ESTALE | errno.ENOTCONN | errno.EHOSTDOWN:
            return "the network file system does not answer"
    return error.strerror or "failed"
