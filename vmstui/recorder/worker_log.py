"""Follows the log file a worker writes: masks secrets in place, hands on whole lines, bounds the space it takes.

The worker appends to the file itself, so nothing is lost while nobody reads, and nobody who reads can stall it. Because
ffmpeg prints the camera's address with its password in some errors, each line is overwritten in the file, at equal
length, as soon as it is read. Of a file that grows beyond a bound the part already read is given back to the disk
(a hole; offsets stay as they are).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from vmstui.sanitise import clean_bytes

MAX_READ_BYTES = 256 * 1024
"""Per look, so that a flood cannot hold up the service; the rest is read at the next looks."""
MAX_LINE_BYTES = 16 * 1024
"""A longer line is handed on in pieces."""
KEEP_BYTES = 4 * 1024 * 1024
"""Of what was read; older parts are given back once as much again has come."""

_FALLOC_FL_KEEP_SIZE = 1
_FALLOC_FL_PUNCH_HOLE = 2
_libc = ctypes.CDLL(None, use_errno=True)


class WorkerLog:
    """One log file from a position on."""

    def __init__(self, path: Path, mask_in_place: Callable[[bytes], bytes], position: int = 0) -> None:
        self._path = path
        self._mask_in_place = mask_in_place
        self._position = position
        self._freed = 0
        self._fd = -1

    def read_lines(self) -> list[str]:
        """Lines written since the last look, masked and harmless. A last line without its end waits for it."""
        if self._fd < 0:
            try:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                return []
        size = os.fstat(self._fd).st_size
        if size < self._position:
            self._position = self._freed = 0  # somebody truncated it
        if size == self._position:
            return []
        raw = os.pread(self._fd, min(size - self._position, MAX_READ_BYTES), self._position)
        end = raw.rfind(b"\n") + 1
        if end == 0:
            if len(raw) < MAX_LINE_BYTES:
                return []
            end = len(raw)
        raw = raw[:end]
        masked = self._mask_in_place(raw)
        if masked != raw:
            os.pwrite(self._fd, masked, self._position)
        self._position += end
        self._give_back()
        return [
            clean_bytes(line[start : start + MAX_LINE_BYTES])
            for line in masked.split(b"\n")
            if line
            for start in range(0, len(line), MAX_LINE_BYTES)
        ]

    def read_all(self, limit_bytes: int = 8 * MAX_READ_BYTES) -> list[str]:
        """Everything that is there now, up to a bound: for the end of a worker."""
        lines: list[str] = []
        stop = self._position + limit_bytes
        while self._position < stop:
            before = self._position
            lines += self.read_lines()
            if self._position == before:
                break
        return lines

    def close(self) -> None:
        """Release the descriptor. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _give_back(self) -> None:
        if self._position - self._freed < 2 * KEEP_BYTES:
            return
        length = self._position - KEEP_BYTES
        # Not supported by some file systems: then the file just keeps its size.
        _libc.fallocate(
            self._fd, _FALLOC_FL_PUNCH_HOLE | _FALLOC_FL_KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(length)
        )
        self._freed = length
