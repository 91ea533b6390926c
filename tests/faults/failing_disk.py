"""A disk that fails when told to: a file system in user space (FUSE) that shows a folder and passes all on to it.

    python -m tests.faults.failing_disk MOUNT_POINT FOLDER SWITCH

While the file SWITCH names an error (`EIO`), whatever would change the disk fails with it, and so does reading; the
kernel gives that to whoever asked, so that ffmpeg and the recorder meet it as they would meet it on a disk that dies.
While it says `HANG`, nothing at all is answered, and with `HANG_AT_FSYNC` nothing from the next `fsync` on: whoever
asked for that has the file open.
Speaks the protocol of the kernel itself (include/uapi/linux/fuse.h, version 7.31), as much of it as recording needs;
one request after the other, no caching of names. Ends when it is unmounted.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

IN_HEADER, OUT_HEADER = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
MAX_WRITE = 128 * 1024
ROOT = 1
HANG, HANG_AT_FSYNC = "HANG", "HANG_AT_FSYNC"
(LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, UNLINK, RMDIR, RENAME, OPEN, READ, WRITE, STATFS) = (
    1, 2, 3, 4, 9, 10, 11, 12, 14, 15, 16, 17,
)  # fmt: skip
(RELEASE, FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, FSYNCDIR, CREATE, INTERRUPT, BATCH_FORGET, RENAME2) = (
    18, 20, 25, 26, 27, 28, 29, 30, 35, 36, 42, 45,
)  # fmt: skip
UNANSWERED = (FORGET, INTERRUPT, BATCH_FORGET)
TOUCH_THE_DISK = (SETATTR, MKDIR, UNLINK, RMDIR, RENAME, RENAME2, READ, WRITE, FSYNC, FSYNCDIR, CREATE)
BY_SIZE, BY_HANDLE = 1 << 3, 1 << 6
"""Of what a SETATTR sets (FATTR_SIZE, FATTR_FH)."""


class FailingDisk:
    """The requests of one mount, answered from a folder."""

    def __init__(self, folder: str, switch: Path) -> None:
        self._switch = switch
        self._paths = {ROOT: folder}
        self._nodes = {folder: ROOT}
        self._methods: dict[int, Callable[[int, bytes], bytes]] = {
            LOOKUP: self._lookup,
            GETATTR: lambda node, _: self._attr_out(os.lstat(self._paths[node])),
            SETATTR: self._setattr,
            MKDIR: self._mkdir,
            UNLINK: lambda node, body: _nothing(os.unlink, self._child(node, body)),
            RMDIR: lambda node, body: _nothing(os.rmdir, self._child(node, body)),
            RENAME: lambda node, body: self._rename(node, struct.unpack_from("<Q", body)[0], False, body[8:]),
            RENAME2: self._rename2,
            OPEN: lambda node, body: _opened(os.open(self._paths[node], struct.unpack_from("<I", body)[0])),
            CREATE: self._create,
            READ: self._read,
            WRITE: self._write,
            STATFS: self._statfs,
            FLUSH: lambda node, body: b"",
            FSYNC: lambda node, body: _nothing(os.fsync, struct.unpack_from("<Q", body)[0]),
            FSYNCDIR: lambda node, body: b"",
            RELEASE: lambda node, body: _nothing(os.close, struct.unpack_from("<Q", body)[0]),
            OPENDIR: lambda node, body: struct.pack("<QII", 0, 0, 0),
            READDIR: self._readdir,
            RELEASEDIR: lambda node, body: b"",
            INIT: lambda node, body: struct.pack("<IIIIHHIIHH32x", 7, 31, 0, 0, 0, 0, MAX_WRITE, 1, 0, 0),
        }

    def serve(self, device: int) -> None:
        """Until it is unmounted."""
        while True:
            try:
                request = os.read(device, MAX_WRITE + 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # ENODEV: unmounted
            _, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
            if opcode in UNANSWERED:
                continue
            answer, failure = b"", 0
            try:
                self._fail_if_told(opcode)
                if opcode not in self._methods:
                    raise OSError(errno.ENOSYS, "")
                answer = self._methods[opcode](node, request[IN_HEADER.size :])
            except OSError as error:
                failure = error.errno or errno.EIO
            with contextlib.suppress(FileNotFoundError):  # who asked was killed meanwhile
                os.write(device, OUT_HEADER.pack(OUT_HEADER.size + len(answer), -failure, unique) + answer)

    def _fail_if_told(self, opcode: int) -> None:
        if opcode in TOUCH_THE_DISK:
            with contextlib.suppress(FileNotFoundError):
                while (told := self._switch.read_text()) in ("", HANG, HANG_AT_FSYNC):
                    if told == HANG_AT_FSYNC and opcode != FSYNC:
                        return
                    time.sleep(0.02)
                raise OSError(getattr(errno, told), "as told")

    def _child(self, node: int, body: bytes) -> str:
        return os.path.join(self._paths[node], os.fsdecode(body.partition(b"\0")[0]))

    def _entry(self, path: str) -> bytes:
        status = os.lstat(path)
        node = self._nodes.setdefault(path, len(self._paths) + 1)
        self._paths[node] = path
        return struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + _attr(status)

    def _attr_out(self, status: os.stat_result) -> bytes:
        return struct.pack("<QII", 0, 0, 0) + _attr(status)

    def _lookup(self, node: int, body: bytes) -> bytes:
        return self._entry(self._child(node, body))

    def _setattr(self, node: int, body: bytes) -> bytes:
        valid, _, handle, size = struct.unpack_from("<IIQQ", body)
        if valid & BY_SIZE:
            os.truncate(handle if valid & BY_HANDLE else self._paths[node], size)
        return self._attr_out(os.lstat(self._paths[node]))

    def _mkdir(self, node: int, body: bytes) -> bytes:
        path = self._child(node, body[8:])
        os.mkdir(path, struct.unpack_from("<I", body)[0])
        return self._entry(path)

    def _create(self, node: int, body: bytes) -> bytes:
        flags, mode = struct.unpack_from("<II", body)
        path = self._child(node, body[16:])
        handle = os.open(path, flags | os.O_CREAT, mode)
        return self._entry(path) + _opened(handle)

    def _rename2(self, node: int, body: bytes) -> bytes:
        into, flags = struct.unpack_from("<QI", body)
        return self._rename(node, into, bool(flags), body[16:])

    def _rename(self, node: int, into: int, no_replace: bool, names: bytes) -> bytes:
        old, new, *_ = names.split(b"\0")
        source, target = self._child(node, old), self._child(into, new)
        if no_replace and os.path.lexists(target):
            raise OSError(errno.EEXIST, "")
        os.rename(source, target)
        moved = self._nodes.pop(source, None)
        if moved is not None:
            self._nodes[target], self._paths[moved] = moved, target
        return b""

    def _read(self, node: int, body: bytes) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        return os.pread(handle, size, offset)

    def _write(self, node: int, body: bytes) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        return struct.pack("<II", os.pwrite(handle, body[40 : 40 + size], offset), 0)

    def _statfs(self, node: int, body: bytes) -> bytes:
        told = os.statvfs(self._paths[ROOT])
        return struct.pack(
            "<5Q4I24x",
            told.f_blocks, told.f_bfree, told.f_bavail, told.f_files, told.f_ffree,
            told.f_bsize, told.f_namemax, told.f_frsize, 0,
        )  # fmt: skip

    def _readdir(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        listed = b""
        for number, entry in enumerate(sorted(os.scandir(self._paths[node]), key=lambda entry: entry.name)):
            kind = stat.S_IFDIR if entry.is_dir(follow_symlinks=False) else stat.S_IFREG
            name = os.fsencode(entry.name)
            record = struct.pack("<QQII", entry.inode(), number + 1, len(name), kind >> 12) + name
            record += bytes(-len(record) % 8)
            if number >= offset and len(listed) + len(record) <= size:
                listed += record
        return listed


def _nothing(call: Callable[..., object], *arguments: object) -> bytes:
    """Done, and nothing to say about it."""
    call(*arguments)
    return b""


def _opened(handle: int) -> bytes:
    return struct.pack("<QII", handle, 0, 0)


def _attr(status: os.stat_result) -> bytes:
    seconds = [int(at) for at in (status.st_atime, status.st_mtime, status.st_ctime)]
    rests = [at_ns % 10**9 for at_ns in (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)]
    who = (status.st_mode, status.st_nlink, status.st_uid, status.st_gid, 0, status.st_blksize, 0)
    return struct.pack("<6Q10I", status.st_ino, status.st_size, status.st_blocks, *seconds, *rests, *who)


def main(mount_point: str, folder: str, switch: str) -> int:
    """Mount, then serve until unmounted."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        print(f"no FUSE here: {error}", file=sys.stderr)
        return 1
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"vmstui-test", os.fsencode(mount_point), b"fuse", 0, options.encode()) != 0:
        print(f"a FUSE file system may not be mounted here: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        return 1
    FailingDisk(folder, Path(switch)).serve(device)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
