"""The log of a run that is over, from its files: its newest lines, masked and harmless, within bounds.

The files hold no times. A line has one where the log book still knows it: the end of the run is looked for there.
Nothing is changed in the files, which may be being cut up or deleted meanwhile (`log_keeper`, `log_folder`): what is
read then may lack a line where a cut is made, and no more. To be called in a thread.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from vmstui.ffmpeg.loglines import ParsedLine, parse_line
from vmstui.logged import OWN_COMPONENT, LogLine, RunLog
from vmstui.recorder.log_cut import data_start
from vmstui.recorder.log_folder import LogFile, log_files
from vmstui.recorder.worker_log import SHOWN_BYTES
from vmstui.sanitise import clean_bytes

MOST_BYTES = 512 * 1024
"""Of a run that are told."""
UNPACKED_BYTES = 16 * 1024 * 1024
"""Of a stretch that was cut off; one has half of that as a rule."""
_BLOCK_BYTES = 256 * 1024
_CUT_MARK = b"\0vmstui cut "


class NoSuchRun(Exception):
    """There is no log of it; the text says which there are."""


def generations(folder: Path, before: int) -> list[int]:
    """Runs before that one whose log is kept, newest first. Raises OSError."""
    stems = {file.stem for file in log_files(folder)}
    return sorted((int(stem) for stem in stems if stem.isdigit() and int(stem) < before), reverse=True)


def read(
    folder: Path, camera: str, present: int, back: int, limit: int, book: Sequence[LogLine], mask: Callable[[str], str]
) -> RunLog:
    """The log of the run so many runs before the present one, at most `limit` lines; `book` is what the log book holds
    of the camera. Raises NoSuchRun, OSError."""
    kept = generations(folder, present)
    if not 1 <= back <= len(kept):
        runs = ", ".join(map(str, kept)) or "none"
        raise NoSuchRun(f"no log is kept of the run {back} before the present one of {camera}; kept: {runs}")
    generation = kept[back - 1]
    files = [file for file in log_files(folder) if file.stem == f"{generation:06d}"]
    raw, older = _newest(files, limit)
    parsed = [parse_line(mask(_text(line))) for line in raw]
    last_at = datetime.fromtimestamp(max((_written_s(file.path) for file in files), default=0.0), UTC)
    timed = _known(parsed, [line for line in book if line.generation == generation])
    untimed = parsed[: len(parsed) - sum(not own for own, _ in timed)]
    lines = [LogLine(0, last_at, camera, generation, *line) for line in untimed]
    if timed:
        last_at = timed[-1][1].at
    told = (*lines, *(line for _, line in timed))
    left_out = max(len(told) - limit, 0)
    untold = max(len(lines) - left_out, 0)
    return RunLog(camera, generation, told[left_out:], untold, older or left_out > 0, last_at)


def _newest(files: Sequence[LogFile], limit: int) -> tuple[list[bytes], bool]:
    """The newest lines of files that are given oldest first, and whether there are older ones."""
    lines: list[bytes] = []
    room = MOST_BYTES
    for index in range(len(files) - 1, -1, -1):
        path = files[index].path
        with contextlib.suppress(FileNotFoundError):
            whole, raw = _tail_of_packed(path, room) if files[index].number is not None else _tail(path, room)
            found = [line for line in raw.split(b"\n") if line.strip() and not line.startswith(_CUT_MARK)]
            lines = [*found, *lines]
            room -= len(raw)
            if not whole or len(lines) > limit or room <= 0:
                return lines[-limit:], not whole or len(lines) > limit or index > 0
    return lines, False


def _tail(path: Path, room: int) -> tuple[bool, bytes]:
    """Whether that is all of the file, and whole lines from its end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        begin = data_start(descriptor)
        size = os.fstat(descriptor).st_size
        start = max(begin, size - room)
        raw = os.pread(descriptor, size - start, start)
    finally:
        os.close(descriptor)
    return start == begin, raw if start == begin else raw.partition(b"\n")[2]


def _tail_of_packed(path: Path, room: int) -> tuple[bool, bytes]:
    tail, whole, unpacked = b"", True, 0
    for block in _blocks(path):
        tail += block
        unpacked += len(block)
        if len(tail) > 2 * room:
            tail, whole = tail[-room:], False
        if unpacked > UNPACKED_BYTES:
            break
    if len(tail) > room:
        tail, whole = tail[-room:], False
    return whole, tail if whole else tail.partition(b"\n")[2]


def _blocks(path: Path) -> Iterator[bytes]:
    with contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile), gzip.open(path) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _text(line: bytes) -> str:
    """As `worker_log` takes a line in."""
    text = clean_bytes(line[:SHOWN_BYTES].replace(b"\0", b""))
    return text if len(line) <= SHOWN_BYTES else f"{text} …"


def _written_s(path: Path) -> float:
    try:
        return path.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


def _known(parsed: Sequence[ParsedLine], book: Sequence[LogLine]) -> list[tuple[bool, LogLine]]:
    """What the log book knows of the end of the run, oldest first: lines of the recorder's own (True), which are in no
    file, and those that are the last of `parsed`. None where its newest line is not the newest one in the file."""
    found: list[tuple[bool, LogLine]] = []
    left = len(parsed)
    for line in reversed(book):
        if line.component == OWN_COMPONENT:
            found.append((True, line))
            continue
        if not left or (line.level, line.component, line.text) != parsed[left - 1]:
            break
        left -= 1
        found.append((False, line))
    return found[::-1] if any(not own for own, _ in found) else []
