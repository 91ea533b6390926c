"""The log of one camera: follows the file of the present worker, feeds the log book and triage, keeps what explains its
end.

One file per generation; the last ones are kept, so that the log of the previous run is there when people look for it.
What is kept, and under which names, is in `log_folder`.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain, count
from pathlib import Path

from vmstui.ffmpeg.loglines import ParsedLine, parse_line
from vmstui.logged import OWN_COMPONENT, LogLevel
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.context import Context
from vmstui.recorder.line_ring import LineRing
from vmstui.recorder.log_counted import Part
from vmstui.recorder.log_folder import Bounds, log_files, prune, prune_generations
from vmstui.recorder.log_resumed import Resumption
from vmstui.recorder.triage_inbox import Lines
from vmstui.recorder.worker_log import TAIL_BYTES, WorkerLog, shown_text

GENERATIONS_KEPT = 10
MANY_LINES = 20
"""At one look: a log that has more to say than this is looked at more often."""
LINES_OF_RUN = 50
"""Kept from the start and from the end of a run."""
_LOUD = (LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING)


class CameraLog:
    """The log files of one camera, of which at most one is followed.

    Several may exist for one camera, each following another generation.
    """

    def __init__(self, context: Context, camera: str, bounds: Bounds | None = None) -> None:
        self._context = context
        self._camera = camera
        self._bounds = bounds or Bounds()
        self._folder = context.camera_folder(camera) / "log"
        self._generation = 0
        self._followed: set[int] = set()
        """Generations that were, or are."""
        self._file: WorkerLog | None = None
        self.busy = False
        """The last look found much: the next one should come soon."""
        self._remarks: list[tuple[int, LogLevel, str]] = []
        """About log files, from the background too: generation, level and text."""
        # As they came, packed: taken apart they would need many times the memory, and that of every camera.
        self._first = LineRing(LINES_OF_RUN)
        self._last = LineRing(LINES_OF_RUN)

    @property
    def unfinished(self) -> bool:
        """The last look found so much that it is not over: its rest is to be asked for once others had their turn."""
        return self._file is not None and self._file.unfinished

    def path(self, generation: int) -> Path:
        """The file of one generation, whether it exists or not."""
        return self._folder / f"{generation:06d}.log"

    def prepare(self, generation: int | None = None) -> None:
        """Make the folder, take away all but the newest files, and put aside what stands where the file of this
        generation goes and is no file: a worker must start in any case, and never write through a link. Raises OSError.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(OSError):
            prune_generations(self._folder, GENERATIONS_KEPT - 1)
            prune(self._folder, self._bounds)
        if generation is not None:
            _clear_the_way(self.path(generation))

    def follow(self, generation: int, *, tail: bool = False) -> None:
        """Go on with the file of this generation: from its start, or with `tail` from where the service before us was,
        which after an upgrade is known, and else from near its end."""
        self.close()
        self._generation = generation
        self._followed.add(generation)
        self._first.clear()
        self._last.clear()
        position = self._context.read_before.pop((self._camera, generation), None) if tail else 0
        shown = position is not None
        if position is None:
            position = 0
            with contextlib.suppress(OSError):
                position = max(0, self.path(generation).stat().st_size - TAIL_BYTES)
        inbox = self._context.triage
        counted = inbox.read_before.pop((self._camera, generation), None)
        self._file = WorkerLog(
            self.path(generation),
            self._mask_in_place,
            position,
            shown=shown,
            mask_text=self._mask,
            say=partial(self._remark, generation),
            bounds=self._bounds,
            left_out=_ToTriage(self._context, self._camera, generation),
            resumption=Resumption(counted, inbox.long_ago) if tail else None,
        )

    def read(self, *, everything: bool = False) -> None:
        """Take in what was written since the last time; with `everything`, all that is there (the end of a run)."""
        if self._file is not None:
            going_on = self.unfinished
            few = None if everything or going_on else self._file.few_lines()
            if few is None:
                taken = self._take_in(self._file.lines(everything=everything), self._file)
                self.busy = going_on or taken > MANY_LINES
            else:
                self.busy = len(few) > MANY_LINES
                if few:
                    self._take_few(few, self._file)
        while self._remarks:
            generation, level, text = self._remarks.pop(0)
            now = datetime.now(UTC)
            self._context.logbook.add(now, self._camera, generation, level, OWN_COMPONENT, self._mask(text))

    def _take_few(self, texts: Sequence[str], file: WorkerLog) -> None:
        """As `_take_in`, of some lines that are new: what there is each second, of hundreds of workers."""
        at_s, lines, inbox = time.time(), list(map(parse_line, texts)), self._context.triage
        self._context.logbook.add_lines(at_s, self._camera, self._generation, lines)
        loud = [number for number, line in enumerate(lines) if line[0] in _LOUD]
        if loud:
            inbox.hurry = inbox.hurry or any(lines[number][0] is not LogLevel.WARNING for number in loud)
            for number in loud:
                part = self._first if len(self._first) < LINES_OF_RUN else self._last
                part.append(texts[number].encode("utf-8", "surrogatepass"))
        inbox.put(Lines(self._camera, self._generation, at_s, lines, file.parts()))

    def _take_in(self, texts: Iterable[str], file: WorkerLog) -> int:
        """How many they are. Of some the file tells that they are not new."""
        add, now, count = self._context.logbook.add, datetime.now(UTC), 0
        part = self._first if len(self._first) < LINES_OF_RUN else self._last
        batches: list[tuple[float | None, list[ParsedLine]]] = []
        at_s, fresh = now.timestamp(), list[ParsedLine]()
        hurry = False
        for text in texts:
            count += 1
            line = level, component, words = parse_line(text)
            add(now, self._camera, self._generation, level, component, words)
            if not file.is_counted:
                if (written_s := file.written_s) is None or written_s < at_s:
                    if not batches or batches[-1][0] != written_s:
                        batches.append((written_s, []))
                    batches[-1][1].append(line)
                else:
                    fresh.append(line)
            if level in _LOUD:
                hurry = hurry or level is not LogLevel.WARNING
                if part is self._first and len(part) == LINES_OF_RUN:
                    part = self._last
                part.append(text.encode("utf-8", "surrogatepass"))
        inbox = self._context.triage
        put = inbox.put
        if hurry:
            inbox.hurry = True
        if parts := file.parts():
            put(Lines(self._camera, self._generation, at_s, fresh, parts, batches))
        return count

    def mask_all(self) -> None:
        """Mask every file that is there, from its start: what was written while nobody read may hold a password. Also
        finishes what a service before us was about when it was killed: last words of workers that are gone, too, are
        handed on to triage. Done in the background; a worker that appends meanwhile is not disturbed."""
        BACKGROUND.do(self._mask_files)

    def lines_of_run(self) -> list[ParsedLine]:
        """The first and the last loud lines of the run, in order."""
        return [parse_line(line.decode("utf-8", "surrogatepass")) for line in chain(self._first, self._last)]

    def settled(self, timeout_s: float) -> bool:
        """Wait until nothing is being done with the followed file in the background; False if that takes longer."""
        return self._file is None or self._file.settled(timeout_s)

    @contextlib.contextmanager
    def held(self, patience_s: float) -> Iterator[tuple[int, int] | None]:
        """Meanwhile nothing is done with the followed file in the background. Gives its generation and up to where it
        was read; None if there is none, or something is being done with it."""
        position = self._file.hold(patience_s) if self._file is not None else None
        if self._file is None or position is None:
            yield None
            return
        try:
            yield self._generation, position
        finally:
            self._file.release()

    def close(self) -> None:
        """Stop following. May be called twice."""
        self.busy = False
        if self._file is not None:
            self._file.close()
            self._file = None

    def _mask_files(self) -> None:
        with contextlib.suppress(OSError):  # a state disk that fails; the next service tries again
            for file in log_files(self._folder):
                if file.number is None:
                    self._mask_file(file.path)
            prune(self._folder, self._bounds)

    def _mask_file(self, path: Path) -> None:
        inbox, generation = self._context.triage, int(path.stem) if path.stem.isdigit() else 0
        begun = inbox.begun_before.get(self._camera)
        is_new = begun is not None and generation >= begun and generation not in self._followed
        place = inbox.read_before.pop((self._camera, generation), None) if is_new else None
        # Opened is looked after; one that is followed belongs to its follower, who sees to it.
        log = WorkerLog(
            path,
            self._mask_in_place,
            path.stat().st_size,
            bounds=self._bounds,
            background=lambda work: work(),
            left_out=_ToTriage(self._context, self._camera, generation) if is_new else None,
            resumption=Resumption(place, inbox.long_ago) if is_new else None,
        )
        if is_new:
            inbox.read_before[self._camera, generation] = log.kept(generation)
        log.close()

    def _remark(self, generation: int, level: LogLevel, text: str) -> None:
        self._remarks.append((generation, level, text))

    def _mask(self, text: str) -> str:
        return self._context.masker.mask(text)

    def _mask_in_place(self, raw: bytes) -> bytes:
        return self._context.masker.mask_in_place(raw)  # of now: passwords change with the configuration


def _clear_the_way(path: Path) -> None:
    try:
        if stat.S_ISREG(path.stat(follow_symlinks=False).st_mode):
            return
    except FileNotFoundError:
        return
    aside = (path.with_name(f"{path.name}.aside{number}") for number in count(1))
    os.rename(path, next(free for free in aside if not os.path.lexists(free)))


class _ToTriage:
    """Hands on what was left out of the log book. Lines that are the same are counted before anything else is done."""

    def __init__(self, context: Context, camera: str, generation: int) -> None:
        self._context = context
        self._camera = camera
        self._generation = generation

    def masked(self, raw: bytes, part: Part, written_s: float | None) -> None:
        inbox = self._context.triage
        counted = Counter(raw.split(b"\n"))
        if inbox.flood is None:
            self.lost(sum(times for line, times in counted.items() if line.strip()), (part,))
            return
        mask = self._context.masker.mask
        lines: Counter[ParsedLine] = Counter()
        for line, times in counted.items():
            if line.strip():
                lines[parse_line(shown_text(line, mask))] += times
        inbox.flood(self._camera, self._generation, written_s, lines, part)

    def lost(self, lines: int, parts: Sequence[Part]) -> None:
        self._context.triage.lost(self._camera, lines, parts)
