"""Live triage: a thread that makes findings of the lines that workers write.

The loop puts lines into the inbox while it looks after the cameras, and when it is done with all of them wakes the
thread, if there is anything for it (`tick`). What the loop left out of a flood is counted by the thread that masks it
(`flood`); both have the findings in turn. Neither works for longer than a moment at a time, as all threads share
Python's lock with the loop; for the same reason none is niced: the loop would wait for it where all cores are busy.

Nothing here waits for a disk but whoever acknowledges something. Findings are written down once a minute where they
changed, by the thread for slow work on the state disk, and at the end; where a service dies in between, the next one
counts the lines from there on anew, from the log files (`triage_inbox.Inbox.read_before`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn, Protocol

from vmstui.ffmpeg.loglines import ParsedLine
from vmstui.findings import Acknowledgement, Finding, FindingsPage
from vmstui.logged import LogLevel, LogLine
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.findings_file import (
    LEAST_OF_CAMERA,
    MOST_BYTES,
    Kept,
    camera_lines,
    load_acknowledged,
    load_findings,
    save_acknowledged,
    save_findings,
)
from vmstui.recorder.fleet_triage import QUIET, FleetTriage, Seen, Summary, folded, slices
from vmstui.recorder.log_counted import Part
from vmstui.recorder.triage_inbox import Configured, Counts, Inbox, Lines
from vmstui.triage.acknowledged import Acknowledged, Said, TooMany
from vmstui.triage.incidents import Common
from vmstui.triage.knowledge import Knowledge

SAVE_S, FIRST_SAVE_S = 60.0, 10.0
PATIENCE_S = 9.0
"""So long lines wait that ffmpeg calls no errors, unless there are many or somebody asks: of hundreds of workers a few
lines each second would cost several times as much as many at once, as all that is needed for them is out of the
processor's caches by then."""
MANY_LINES = 2000
LOOK_S = 10.0
"""Between two looks at what changes by itself: what stops coming, what expires."""
SOON_S = 2.0
"""So much earlier it is done along with what else there is to do."""
LONGEST_S = 1.0
"""Of taking in, before what came of it is looked at."""
SLICE = 200
"""Lines between two breaths: a millisecond or two."""
BREATH_S = 0.001
LONG_AGO_S = 180.0
"""After the findings were last written down, what was written to logs since then did not come now."""
_LOOK_FOR_END_S = 0.02

Say = Callable[[LogLevel, str], None]


class CommonCauses(Protocol):
    """Is told on the loop what cameras may have in common."""

    def saw(self, camera: str, key: str, what: Common, at: datetime) -> None:
        """A camera has it; `at` is when it came last."""

    def cured(self, camera: str, key: str, at: datetime) -> None:
        """It does not any more."""


class Refused(Exception):
    """It is not done; the text is for a person."""


class Triager:
    """Of one service. `tick` and `summary` are for the loop; what people ask for (`page`, `acknowledge`, …) they ask
    for in threads."""

    def __init__(
        self,
        inbox: Inbox,
        state_folder: Path,
        say: Say,
        causes: CommonCauses,
        background: Callable[[Callable[[], None]], None] = BACKGROUND.do,
        patience_s: float = PATIENCE_S,
        learned: Callable[[Knowledge], None] = lambda knowledge: None,
    ) -> None:
        """`say` is called on the loop, `learned` in any thread, with the table of messages once it is loaded."""
        self._patience_s = patience_s
        self._waits_since_s: float | None = None
        """Something is in the inbox."""
        self._inbox = inbox
        self._folder = state_folder
        self._say_on_loop = say
        self._causes = causes
        self._do = background
        self._kept: Kept | None = load_findings(state_folder)
        acknowledged, trouble = load_acknowledged(state_folder)
        for text in filter(None, (self._kept.trouble, trouble)):
            say(LogLevel.WARNING, text)
        inbox.read_before = {
            (camera.camera, place.generation): place for camera in self._kept.cameras for place in camera.places
        }
        inbox.begun_before = {camera.camera: camera.generation for camera in self._kept.cameras}
        at = self._kept.at
        inbox.long_ago = at is None or not abs(time.time() - at.timestamp()) <= LONG_AGO_S
        inbox.flood = self.flood
        self._lock = threading.Lock()
        """For `_fleet`, which one thread has at a time; the loop never takes it."""
        self._whole = threading.Lock()
        """Taken before the other one, while lines that belong together are taken in bit by bit, and while findings are
        written down: so each part of a log is in what is written, or none of it."""
        self._fleet = FleetTriage(_load, acknowledged, self._say, learned)
        self._saying = threading.Lock()
        """Held by who changes what people said, also while the disk is waited for."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._due_s = 0.0 if self._kept.cameras else float("inf")
        """When something may have changed by itself, on the monotonic clock."""
        self._save_due_s = time.monotonic() + FIRST_SAVE_S
        self._dirty = False
        """Something is not written down."""
        self._writing = False
        self._ending = False
        self._told: set[str] = set()

    # -- on the loop -------------------------------------------------------------------------------------------------

    def configure(self, path: str) -> None:
        """`path` is the configuration, beside which a person's own messages lie."""
        if self._loop is None:  # before anything else: what is taken up from before may be of a person's own table
            self._loop, self._fleet.path = asyncio.get_running_loop(), path
        else:
            self._inbox.put(Configured(path))

    def tick(self) -> None:
        """All logs were looked at: have done what there is to be done."""
        inbox, now_s = self._inbox, time.monotonic()
        if inbox and self._waits_since_s is None:
            self._waits_since_s = now_s
        waits_s = now_s - self._waits_since_s if self._waits_since_s is not None else -1.0
        if inbox.hurry or waits_s >= self._patience_s or inbox.lines >= MANY_LINES or now_s >= self._due_s:
            inbox.hurry, self._waits_since_s = False, None
            self._start()
            self._wake.set()

    def summary(self, camera: str) -> Summary:
        """The worst that comes now and that nobody acknowledged, and what it means."""
        return self._fleet.summaries.get(camera, QUIET)

    @property
    def disconnected(self) -> frozenset[str]:
        """Cameras with a message about a connection that comes now."""
        return self._fleet.disconnected

    async def flush(self, patience_s: float = 1.0) -> bool:
        """Take in and write down what there is, if that can be done soon; whether it was."""
        if self._thread is None and not self._inbox:
            return True
        self._start()
        asked = False
        for _ in range(round(patience_s / _LOOK_FOR_END_S)):
            if not self._ending and not self._writing:
                if asked:
                    return True
                self._ending = asked = True
                self._wake.set()
            await asyncio.sleep(_LOOK_FOR_END_S)
        return False

    # -- in any thread -----------------------------------------------------------------------------------------------

    def flood(self, camera: str, generation: int, at_s: float | None, lines: Counts, part: Part) -> None:
        """Lines that were left out of the log book: all of that part of a log."""
        try:
            with self._lock:
                self._recall()
            with self._whole:
                self._feed(camera, generation, at_s, lines.items())
                with self._lock:
                    self._fleet.count(camera, generation, (part,))
            self._dirty = True
            self._due_s = 0.0
        except Exception as error:
            self._failed(error)
            self._inbox.lost(camera, sum(lines.values()), (part,))

    def page(self, cameras: Sequence[str]) -> FindingsPage:
        """All findings of these cameras, as of this moment."""
        with self._lock:
            self._recall()
        self._take_in(time.monotonic() + LONGEST_S)
        with self._lock:
            return self._fleet.page(cameras, time.time())

    def common_key(self, finding: Finding) -> str:
        """What a finding of a page has in common with those of other cameras that mean the same."""
        return self._fleet.common_key(finding)

    def acknowledge(self, said: Said) -> Acknowledgement:
        """Keep what a person says. Raises Refused."""
        with self._saying:
            with self._lock:
                self._recall()
            self._take_in(time.monotonic() + LONGEST_S)
            with self._lock:
                there_is, known = self._fleet.has(said), self._fleet.acknowledged.copy()
            if not there_is:
                where = f"on {said.camera}" if said.camera else "on any camera"
                about = f" about {said.origin.value}" if said.origin is not None else ""
                raise Refused(f"there is no finding {said.fingerprint!r}{about} {where}")
            try:
                made = known.add(said, datetime.now(UTC))
            except TooMany as error:
                raise Refused(str(error)) from None
            self._keep(known)
        return made

    def take_back(self, identity: str) -> Acknowledgement:
        """Undo an acknowledgement. Raises Refused."""
        with self._saying:
            with self._lock:
                known = self._fleet.acknowledged.copy()
            gone = known.take_back(identity)
            if gone is None:
                ids = ", ".join(one.id for one in known.listed[:10]) or "none"
                raise Refused(f"there is no acknowledgement {identity!r}; there are: {ids}")
            self._keep(known)
        return gone

    def explained(self, lines: Sequence[LogLine]) -> tuple[LogLine, ...]:
        """With the entry of each in the table of messages."""
        with self._lock:
            match = self._fleet.knowledge.match
        found = ((line, match(line.text)) for line in lines)
        return tuple(
            replace(line, message=entry.message.id, severity=entry.message.severity) if entry is not None else line
            for line, entry in found
        )

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="triage", daemon=True)
            self._thread.start()

    def _run(self) -> NoReturn:
        while True:
            self._wake.wait()
            self._wake.clear()
            ending = self._ending
            try:
                self._work(ending)
            except Exception as error:  # a mistake of ours must not end triage
                self._failed(error)
            if ending:
                self._ending = False

    def _work(self, ending: bool) -> None:
        with self._lock:
            self._recall()
        self._take_in(time.monotonic() + LONGEST_S)
        now_s = time.monotonic()
        with self._lock:
            everywhere = now_s >= self._due_s - SOON_S
            seen, goes_on = self._fleet.look(time.time(), everywhere=everywhere), self._fleet.goes_on
        self._tell(seen)
        if not self._writing and (ending or (self._dirty and now_s >= self._save_due_s)):
            self._save(now_s)
        due_s = self._due_s if not everywhere else float("inf")
        if goes_on:
            due_s = min(due_s, now_s + LOOK_S)
        if self._dirty:
            due_s = min(due_s, max(self._save_due_s, now_s + 1.0))
        self._due_s = due_s

    def _take_in(self, until_s: float) -> None:
        """What is in the inbox, but for no longer than that."""
        while self._inbox:
            self._dirty = True
            with self._whole:
                many = self._take_some()
                if many is not None:
                    for at_s, lines in (*many.earlier, (many.at_s, many.lines)):
                        self._feed(many.camera, many.generation, at_s, folded(lines))
                    with self._lock:
                        self._fleet.count(many.camera, many.generation, many.parts)
            if self._inbox:
                if time.monotonic() > until_s:
                    self._inbox.hurry = True
                    return
                time.sleep(BREATH_S)

    def _take_some(self) -> Lines | None:
        """As much as may be worked on at once; gives what is too much for that."""
        room = SLICE
        with self._lock:
            while room > 0 and (item := self._inbox.take()) is not None:
                if type(item) is Lines:
                    if item.amount > SLICE:
                        return item
                    room -= item.amount
                self._fleet.take(item)
                room -= 1
        return None

    def _recall(self) -> None:
        """Take up what an earlier service wrote down, once."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._fleet.recall(kept.cameras)

    def _feed(self, camera: str, generation: int, at_s: float | None, lines: Iterable[tuple[ParsedLine, int]]) -> None:
        for number, piece in enumerate(slices(lines, SLICE)):
            if number > 0:
                time.sleep(BREATH_S)
            with self._lock:
                self._fleet.feed(camera, generation, at_s, piece)

    def _save(self, now_s: float) -> None:
        self._save_due_s = now_s + SAVE_S
        self._dirty = False
        parts: list[bytes] = []
        with self._lock:
            names = self._fleet.cameras
        most_bytes = max(LEAST_OF_CAMERA, MOST_BYTES // max(len(names), 1))
        for number, name in enumerate(names):
            with self._whole, self._lock:
                kept = self._fleet.kept(name)
            if kept is not None:
                parts.append(camera_lines(kept, most_bytes))
            if number % 8 == 7:
                time.sleep(BREATH_S)
        self._writing = True
        self._do(partial(self._write, parts))

    def _write(self, parts: Sequence[bytes]) -> None:
        """Where a disk may be waited for."""
        try:
            save_findings(self._folder, datetime.now(UTC), parts)
        except OSError as error:
            self._dirty = True
            self._once(LogLevel.WARNING, f"findings cannot be written down: {error.strerror or error}")
        finally:
            self._writing = False

    def _keep(self, known: Acknowledged) -> None:
        """In the thread of who asks; triage goes on while the disk is waited for. Raises Refused."""
        try:
            save_acknowledged(self._folder, known)
        except OSError as error:
            raise Refused(f"it cannot be written down: {error.strerror or error}") from None
        with self._lock:
            self._fleet.acknowledged = known
            self._fleet.look_again()
            seen = self._fleet.look(time.time(), everywhere=False)
        self._tell(seen)

    def _tell(self, seen: Sequence[Seen]) -> None:
        """On the loop, all at once."""
        if seen and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._hand_to_causes, seen)

    def _hand_to_causes(self, seen: Sequence[Seen]) -> None:
        for camera, key, what, at in seen:
            if what is not None:
                self._causes.saw(camera, key, what, at)
            else:
                self._causes.cured(camera, key, at)

    # -- words -------------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        self._once(LogLevel.ERROR, f"triage: {type(error).__name__}: {error}")

    def _once(self, level: LogLevel, text: str) -> None:
        if text not in self._told and len(self._told) < 100:
            self._told.add(text)
            self._say(level, text)

    def _say(self, level: LogLevel, text: str) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._say_on_loop, level, text)


def _load(path: str | None) -> Knowledge:
    """Raises SettingsError."""
    from vmstui.triage.messages_file import load_knowledge, shipped_messages  # here: the thread alone needs it

    knowledge = load_knowledge(path) if path is not None else Knowledge(tuple(shipped_messages().values()))
    # Reading the table takes some memory for a moment, in small pieces that the allocator would keep.
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
    return knowledge
