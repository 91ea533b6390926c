"""The log of one camera: follows the file of the present worker, feeds the log book, keeps what explains its end.

One file per generation; the last ones are kept, so that the log of the previous run is there when people look for it.
"""

from __future__ import annotations

import contextlib
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from vmstui.ffmpeg.loglines import ParsedLine, parse_line
from vmstui.model import LogLevel
from vmstui.recorder.context import Context
from vmstui.recorder.worker_log import MAX_READ_BYTES, WorkerLog

FILES_KEPT = 10
LINES_OF_RUN = 100
"""Kept from the start and from the end of a run."""
_LOUD = (LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING)


class CameraLog:
    """The log files of one camera, of which at most one is followed."""

    def __init__(self, context: Context, camera: str) -> None:
        self._context = context
        self._camera = camera
        self._folder = context.camera_folder(camera) / "log"
        self._generation = 0
        self._file: WorkerLog | None = None
        self._first: list[ParsedLine] = []
        self._last: deque[ParsedLine] = deque(maxlen=LINES_OF_RUN)

    def path(self, generation: int) -> Path:
        """The file of one generation, whether it exists or not."""
        return self._folder / f"{generation:06d}.log"

    def prepare(self) -> None:
        """Make the folder and take away all but the newest files. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in sorted(self._folder.glob("*.log"))[: -(FILES_KEPT - 1)]:
            old.unlink(missing_ok=True)

    def follow(self, generation: int, *, tail: bool = False) -> None:
        """Go on with the file of this generation: from its start, or with `tail` from near its end."""
        self.close()
        self._generation = generation
        self._first.clear()
        self._last.clear()
        position = 0
        if tail:
            with contextlib.suppress(OSError):
                position = max(0, self.path(generation).stat().st_size - MAX_READ_BYTES)
        self._file = WorkerLog(self.path(generation), self._context.masker.mask_in_place, position)

    def read(self, *, everything: bool = False) -> None:
        """Take in what was written since the last time; with `everything`, all that is there (the end of a run)."""
        if self._file is None:
            return
        now = datetime.now(UTC)
        for text in self._file.read_all() if everything else self._file.read_lines():
            parsed = parse_line(self._context.masker.mask(text))
            self._context.logbook.add(now, self._camera, self._generation, parsed.level, parsed.component, parsed.text)
            if parsed.level in _LOUD:
                if len(self._first) < LINES_OF_RUN:
                    self._first.append(parsed)
                else:
                    self._last.append(parsed)

    def mask_all(self) -> None:
        """Mask every file that is there, from its start: what was written while nobody read may hold a password. In a
        thread; a worker that appends meanwhile is not disturbed."""
        for path in sorted(self._folder.glob("*.log")):
            log = WorkerLog(path, self._context.masker.mask_in_place)
            with contextlib.suppress(OSError):  # a state disk that fails; the next service tries again
                log.read_all(limit_bytes=path.stat().st_size)
            log.close()

    def lines_of_run(self) -> list[ParsedLine]:
        """The first and the last loud lines of the run, in order."""
        return [*self._first, *self._last]

    def close(self) -> None:
        """Stop following. May be called twice."""
        if self._file is not None:
            self._file.close()
            self._file = None
