"""Stands for ffmpeg: appends numbered lines to a log at a steady pace, one `write` each, and cannot be told to reopen.

    python -m tests.faults.line_writer LOG COUNT LINES_PER_S

Prints how long it took, and its longest `write`, in seconds.
"""

from __future__ import annotations

import os
import sys
import time

SECRET = "hunter2-hunter2"
LINE_BYTES = 200
_BATCH_S = 0.01


def line(number: int) -> bytes:
    """The line of that number; every fiftieth holds a password as ffmpeg would print it."""
    text = f"[in#0/concat @ 0x{number * 2654435761 % 2**32:08x}] [warning] line {number} "
    if number % 50 == 0:
        text += f"rtsp://admin:{SECRET}@camera/1 "
    return text.ljust(LINE_BYTES - 1, ".").encode() + b"\n"


def main(path: str, count: int, lines_per_s: int) -> None:
    """Write them all."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    began_s = time.monotonic()
    longest_s = 0.0
    written = 0
    while written < count:
        due = min(count, int((time.monotonic() - began_s) * lines_per_s) + 1)
        for number in range(written, due):
            data = line(number)
            before_s = time.perf_counter()
            os.write(fd, data)
            longest_s = max(longest_s, time.perf_counter() - before_s)
        written = due
        time.sleep(_BATCH_S)
    print(time.monotonic() - began_s, longest_s)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
