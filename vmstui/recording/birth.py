"""When a file was created: statx(2), which Python 3.11 does not offer.

ext4, xfs, btrfs and tmpfs tell; where a file system does not, nobody knows.
"""

from __future__ import annotations

import ctypes
import os
import struct
from datetime import UTC, datetime
from pathlib import Path

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_BTIME_OFFSET = 80
"""Of `stx_btime` (seconds as s64, nanoseconds as u32) in struct statx."""
_libc = ctypes.CDLL(None, use_errno=True)


def born_at(path: Path) -> datetime | None:
    """When the file was created, None where that is not told. Raises OSError when there is no such file."""
    if not hasattr(_libc, "statx"):
        return None
    buffer = ctypes.create_string_buffer(256)
    if _libc.statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(path))
    mask = struct.unpack_from("<I", buffer, 0)[0]
    seconds, nanoseconds = struct.unpack_from("<qI", buffer, _BTIME_OFFSET)
    if not mask & _STATX_BTIME or seconds <= 0:
        return None
    return datetime.fromtimestamp(seconds + nanoseconds / 1e9, UTC)
