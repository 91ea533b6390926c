"""Keeps room for recordings: a pass of retention every minute, and at once when the disk is full.

In a thread of its own, as a dead disk blocks, and in portions, so that whoever waits for room gets it with the first of
them. Where the full disk is that of the catalogue, too, and has no room to open it, a pass opens it for itself alone.
Each deleted file has its line in the catalogue; the history of a camera gets one for all of them and each rule, at most
every hour. What cannot be deleted is told once, not more often than that, and tried again an hour later.

The clock of the machine is trusted with the age of footage only while it goes on as clocks do: after a jump ahead of
more than an hour the rule by age waits for an hour, so that a wrong clock can be set right before it costs everything
there is. So it does after a start whose time is more than a day ahead of what is known of the time before: a clock that
is wrong when the machine comes up looks as one that was away for long, and to wait costs the latter little. Footage
that was dated by a wrong clock has the age that it has by the clock of its boot (`boots.py`).

Started, asked and stopped by the service, on its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import TypeVar

from vmstui.configured import Settings
from vmstui.light_dataclass import dataclass
from vmstui.model import Event, EventKind
from vmstui.recorder.clocks import boot_and_wall_s
from vmstui.recorder.downtime import Alive
from vmstui.recorder.promises import Promises
from vmstui.recorder.resources import RESUME_FACTOR, full_bytes
from vmstui.recording import boots
from vmstui.recording.by_name import ByName
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.catalogue_rows import StoredFile
from vmstui.recording.clock import WallClock
from vmstui.recording.guard import Guard, WrongFolder
from vmstui.recording.naming import zone_of
from vmstui.recording.past import KEPT as GAPS_KEPT
from vmstui.recording.retention import Doomed, Policy, Rule, policy_of
from vmstui.recording.retention_pass import Outcome, run_pass
from vmstui.settings.names import camera_folder
from vmstui.spoken import decimal_size as spoken

PERIOD_S = 60.0
PORTION = 200
"""Files between two looks at whether somebody waits."""
TELL_EVERY_S = 3600.0
RETRY_S = 3600.0
JUMP_S = 3600.0
AWAY = timedelta(days=1)
"""From the last that is known of the time until a start: a recorder is seldom away for so long, and no footage is meant
to be kept for less than this."""
GAPS_EVERY_S = 86400.0
_TOLD_KEPT = 10_000
"""Files that were told once; where there are so many, the same ones may be told again."""
_STOP_S, _LOOK_S = 2.0, 0.02

Told = TypeVar("Told")
Clocks = Callable[[], tuple[float, float]]
"""That of the boot and that of the wall, in seconds."""


@dataclass(frozen=True, slots=True)
class _Deleted:
    """What is still to be told of a camera and a rule."""

    count: int
    size_bytes: int
    newest: datetime
    measured: str
    threshold: str


def policy(settings: Settings) -> Policy:
    """What retention keeps to, so that a disk that was full has room enough to be recorded to again."""
    return policy_of(settings, RESUME_FACTOR * full_bytes(settings))


def by_name(settings: Settings, catalogue: Catalogue) -> ByName:
    """The footage as names tell it, while the catalogue does not yet. Raises OSError."""
    folders = {camera_folder(camera): camera.id for camera in settings.cameras}
    return ByName(catalogue, Path(settings.recordings), folders, zone_of(settings.timezone))


async def ended(thread: threading.Thread, patience_s: float) -> bool:
    """Wait for a thread to end, and no longer than that; whether it did. Needs no other thread to wait in: those of
    `asyncio.to_thread` may all hang on a dead disk."""
    for _ in range(round(patience_s / _LOOK_S)):
        if not thread.is_alive():
            break
        await asyncio.sleep(_LOOK_S)
    return not thread.is_alive()


def away(now: datetime, alive: Alive | None, newest: datetime | None) -> str:
    """Why the time now is not yet to be trusted with the age of footage; empty if it is.

    By the note of when a recorder ran last, and by the newest footage where there is none. A recorder that came up
    within the last hour is not the proof: it noted when it began, and what it records begins, by the same clock.
    """
    settled = timedelta(seconds=JUMP_S)
    for down in alive.downtimes if alive is not None else ():
        if down.until - down.since > AWAY and down.until <= now < down.until + settled:
            return f"no recorder ran from {_minute(down.since)} to {_minute(down.until)}"
    last = newest if alive is None else alive.at
    if last is not None and now - last > AWAY:
        what = "nothing was recorded" if alive is None else "no recorder ran"
        return f"{what} from {_minute(last)} to {_minute(now)}"
    return ""


def put_forward(clock: WallClock | None, boot_s: float) -> str:
    """Why the time is not yet to be trusted with the age of footage, by what was seen of the clock since the boot."""
    step_s = clock.put_forward_s(boot_s, JUMP_S) if clock is not None else 0.0
    return f"the clock of this machine was put forward by {step_s / 3600:.1f} h" if step_s > JUMP_S else ""


class Keeper:
    """`catalogue` gives the open catalogue, None while there is none, and `no_room` then where it is, if there is no
    room to open it; `note` takes lines of cameras' histories and
    `say` what concerns all of them, both on the loop. `alive` is the note that was found at the start, and `clock` what
    was known then of the one on the wall."""

    def __init__(
        self,
        settings: Settings,
        guard: Guard,
        catalogue: Callable[[], Catalogue | None],
        note: Callable[[Event], None],
        say: Callable[[str], None],
        *,
        alive: Alive | None = None,
        clock: WallClock | None = None,
        no_room: Callable[[], Path | None] = lambda: None,
        period_s: float = PERIOD_S,
        clocks: Clocks = boot_and_wall_s,
    ) -> None:
        self._settings = settings
        self._guard = guard
        self._catalogue = catalogue
        self._no_room = no_room
        self._note = note
        self._say = say
        self._alive = alive
        self._clock = clock
        self._period_s = period_s
        self._clocks = clocks
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._waiting: list[asyncio.Future[bool]] = []
        self._ended = False
        # Of the thread alone, and of `stop` once it has ended.
        self._offset_s: float | None = None
        self._age_waits_until_s = 0.0
        self._gaps_due_s = 0.0
        self._untold: dict[tuple[str, Rule], _Deleted] = {}
        self._told_at_s: dict[tuple[str, Rule], float] = {}
        self._left: dict[str, tuple[float, str]] = {}
        """Files that could not be deleted: when to try again, and why."""
        self._told_files: set[str] = set()
        self._trouble_told_at_s: dict[str, float] = {}
        self._told_short: frozenset[Rule] = frozenset()
        self._told_error = ""
        self._promises = Promises()

    def start(self) -> None:
        """From now on; the first pass comes after a period, or when somebody needs room."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """No further portion; tells what is still untold. A disk that hangs is not waited for."""
        self._ended = True
        self._due.set()
        await ended(self._thread, _STOP_S)
        self._answer(False)
        if not self._thread.is_alive():
            for event in self._lines(0.0):
                self._note(event)

    def configure(self, settings: Settings) -> None:
        """Take over a changed configuration, with a pass at once."""
        self._settings = settings
        self._due.set()

    async def free_now(self) -> bool:
        """Make room now; whether anything was deleted. For `Resources.free_now`."""
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append(waiting)
        self._due.set()
        return await waiting

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            self._due.wait(self._period_s)
            self._due.clear()
            if self._ended:
                return
            outcome = self._portion()
            self._on_loop(self._answer, outcome is not None and bool(outcome.deleted))
            if outcome is not None and not outcome.plan.complete and (outcome.deleted or outcome.gone):
                self._due.set()

    def _portion(self) -> Outcome | None:
        catalogue = self._catalogue()
        if catalogue is not None:
            return self._portion_of(catalogue)
        path = self._no_room()
        if path is None:
            return None
        try:
            with Catalogue.without_room(path) as catalogue:
                return self._portion_of(catalogue)
        except CatalogueError as error:
            self._tell_error(f"retention: {error}")
            return None

    def _portion_of(self, catalogue: Catalogue) -> Outcome | None:
        settings = self._settings
        filling = catalogue.fresh
        try:
            if filling:  # it does not know yet what there is, but a full disk cannot wait for that
                now, rules = datetime.fromtimestamp(self._clocks()[1], UTC), policy(settings).for_room()
            else:
                now, rules = self._rules(settings, catalogue)
            with self._guard.inside(settings.recordings, settings.recordings_mount) as root:
                outcome = run_pass(
                    catalogue,
                    rules,
                    root,
                    Path(settings.recordings),
                    now,
                    at_most=PORTION,
                    leave=self._leave,
                    by_name=by_name(settings, catalogue) if filling else None,
                )
        except WrongFolder:
            return None  # told by whoever watches the folder
        except CatalogueError as error:
            self._tell_error(f"retention: {error}")
            return None
        except Exception as error:  # whatever it is: the next pass is due in a minute
            self._tell_error(f"retention: {type(error).__name__}: {error}")
            return None
        self._told_error = ""
        if not filling and outcome.plan.complete:
            self._forget_gaps(catalogue, now)
        self._remember(outcome)
        if outcome.plan.complete:
            for event in self._lines(TELL_EVERY_S, outcome.free_bytes):
                self._on_loop(self._note, event)
        self._tell_troubles(outcome, now)
        if outcome.plan.complete and self._promises.due(boot_s := self._clocks()[0], settings):
            self._look_at_promises(settings, catalogue, now, boot_s)
        return outcome

    def _forget_gaps(self, catalogue: Catalogue, now: datetime) -> None:
        """Once a day, and by the same clock as the age of footage, those that nobody asks about any more."""
        boot_s = self._clocks()[0]
        if boot_s < max(self._gaps_due_s, self._age_waits_until_s):
            return
        self._gaps_due_s = boot_s + GAPS_EVERY_S
        try:
            catalogue.forget_gaps(now - GAPS_KEPT)
        except CatalogueError as error:
            self._tell_error(f"retention: {error}")

    def _rules(self, settings: Settings, catalogue: Catalogue) -> tuple[datetime, Policy]:
        boot_s, wall_s = self._clocks()
        now = datetime.fromtimestamp(wall_s, UTC)
        offset_s = wall_s - boot_s
        rules = policy(settings)
        if self._offset_s is None:
            if why := away(now, self._alive, catalogue.last_at()):
                self._hold_age(boot_s, f"{why}, by the clock of this machine")
            elif why := put_forward(self._clock, boot_s):  # a service before us held back
                self._hold_age(boot_s, why)
        elif (step_s := offset_s - self._offset_s) > JUMP_S:
            self._hold_age(boot_s, f"the clock of this machine was put forward by {step_s / 3600:.1f} h")
        elif step_s < -JUMP_S:
            self._age_waits_until_s = 0.0
        self._offset_s = offset_s
        if self._clock is not None:
            with contextlib.suppress(CatalogueError):  # a disk without a byte left needs this pass first of all
                boots.note(catalogue, self._clock.boot, offset_s)
        if boot_s < self._age_waits_until_s:
            rules = rules.without_age()
        return now, rules

    def _hold_age(self, boot_s: float, why: str) -> None:
        self._age_waits_until_s = boot_s + JUMP_S
        self._on_loop(self._say, f"{why}: for an hour nothing is deleted because of its age")

    def _leave(self, file: StoredFile) -> str:
        again_s, reason = self._left.get(file.path, (0.0, ""))
        return reason if self._clocks()[0] < again_s else ""

    def _remember(self, outcome: Outcome) -> None:
        for doomed in outcome.deleted:
            key = (doomed.file.camera, doomed.rule)
            self._untold[key] = _with(self._untold.get(key), doomed)
        for doomed in outcome.deleted:
            self._left.pop(doomed.file.path, None)
        for failure in outcome.failed:
            self._left[failure.file.path] = (self._clocks()[0] + RETRY_S, failure.reason)

    def _lines(self, every_s: float, free_bytes: int | None = None) -> list[Event]:
        """What is to be told now of what was deleted."""
        boot_s, wall_s = self._clocks()
        free = "" if free_bytes is None else f"{spoken(free_bytes)} free"
        lines: list[Event] = []
        for key, deleted in list(self._untold.items()):
            if boot_s - self._told_at_s.get(key, -every_s) < every_s:
                continue
            self._told_at_s[key] = boot_s
            del self._untold[key]
            camera, rule = key
            text = (
                f"{_plural(deleted.count)} deleted, {spoken(deleted.size_bytes)}, "
                f"recorded until {deleted.newest.isoformat(timespec='seconds')}"
            )
            at = datetime.fromtimestamp(wall_s, UTC)
            named = (rule.value, deleted.measured, deleted.threshold, free)
            lines.append(Event(at, camera, EventKind.RETENTION, text, *named))
        return lines

    def _tell_troubles(self, outcome: Outcome, now: datetime) -> None:
        troubles = [*outcome.plan.refused, *((failure.file, failure.reason) for failure in outcome.failed)]
        by_camera: dict[str, list[tuple[StoredFile, str]]] = {}
        for file, reason in troubles:
            if file.path not in self._told_files:
                by_camera.setdefault(file.camera, []).append((file, reason))
        boot_s = self._clocks()[0]
        for camera, files in by_camera.items():
            if boot_s - self._trouble_told_at_s.get(camera, -TELL_EVERY_S) < TELL_EVERY_S:
                continue
            self._trouble_told_at_s[camera] = boot_s
            self._told_files.update(file.path for file, _ in files)
            file, reason = files[0]
            text = f"{_plural(len(files))} cannot be deleted: {PurePath(file.path).name}: {reason}"
            event = Event(now, camera, EventKind.RETENTION, text, outcome="left as it is, tried again in an hour")
            self._on_loop(self._note, event)
        if len(self._told_files) > _TOLD_KEPT:
            self._told_files.clear()
        if outcome.plan.complete:
            for rule, sentence in outcome.plan.short:
                if rule not in self._told_short:
                    left = "what is left is locked, newest, or cannot be deleted"
                    self._on_loop(self._say, f"retention cannot keep to {sentence}: {left}")
            self._told_short = frozenset(rule for rule, _ in outcome.plan.short)

    def _look_at_promises(self, settings: Settings, catalogue: Catalogue, now: datetime, boot_s: float) -> None:
        from vmstui.recording.outlook import outlook, shortfalls  # not before it is asked for

        try:
            with self._guard.inside(settings.recordings, settings.recordings_mount) as root:
                found = outlook(catalogue, settings, policy(settings), root, now, certain=True)
        except (WrongFolder, CatalogueError, OSError):
            return  # the next pass tells what is wrong
        if warning := self._promises.warning(shortfalls(found), boot_s):
            self._on_loop(self._say, warning)

    def _tell_error(self, text: str) -> None:
        if text != self._told_error:
            self._told_error = text
            self._on_loop(self._say, text)

    def _on_loop(self, call: Callable[[Told], None], what: Told) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, what)

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _answer(self, freed: bool) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(freed)


def _with(before: _Deleted | None, doomed: Doomed) -> _Deleted:
    file = doomed.file
    if before is None:
        return _Deleted(1, file.size_bytes, file.ended_at, doomed.measured, doomed.threshold)
    newest = max(before.newest, file.ended_at)
    return replace(before, count=before.count + 1, size_bytes=before.size_bytes + file.size_bytes, newest=newest)


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _plural(count: int) -> str:
    return f"{count:,} segment{'' if count == 1 else 's'}"
