"""How much was recorded today and in the last 24 hours, of all cameras, for dashboards and commands.

Reckoned in a thread while somebody asks, and at most every fifteen seconds, however many ask; what it costs is bounded
(`recording.ledgers`), and where it costs much it is done less often. The first time is excepted, in which a day of all
cameras is read: what follows it is cheap, and a dashboard shall not show for minutes what was true at its start. Nobody
waits for a disk that hangs: the answer is what was known last, with a word about it. The thread is not niced: it shares
Python's lock with the loop, which would have to wait for it on a busy machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from vmstui.codec import Json, to_json
from vmstui.footage import Gap
from vmstui.footage_accounts import CameraFootage, FootageReport
from vmstui.model import Event
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.ledger import CELL_S, Window, window
from vmstui.recording.ledgers import Kept, Ledgers
from vmstui.recording.ongoing import LastFootage, Present, going_on, missing_until, prolonged

RENEW_S = 15.0
SHARE = 200
"""Of a core, what reckoning may take: one part in so many."""
PATIENCE_S = 2.0
"""So long an answer waits for one that is being reckoned."""
BREATH_S = 0.002
COUNTING = "what was recorded is being counted"


@dataclass(frozen=True, slots=True)
class Seen:
    """A camera as it was when the reckoning began; its history may be read in the thread."""

    id: str
    present: Present
    events: History[Event]


def seen(camera: CameraWorker) -> Seen:
    """A camera as it is now; on the loop."""
    worker, succession = camera.worker, camera.succession
    opened = worker.run.open if worker.run is not None else None
    present = Present(
        worker.record.generation,
        opened.started_at if opened is not None else None,
        worker.record.started_at if worker.process is not None else None,
        succession.beside is not None and succession.beside.process is not None,
        camera.publisher.unsettled,
    )
    return Seen(camera.camera.id, present, camera.events)


@dataclass(frozen=True, slots=True)
class _Explained:
    """A gap that goes on, so that it need not be explained anew at each look: a history is long."""

    last: LastFootage
    gaps: tuple[Gap, ...]
    newest: Event | None
    """Of what it was explained by."""


class Accountant:
    """Of one service. `cameras` gives them as they are, on the loop."""

    def __init__(self, path: Path, cameras: Callable[[], Sequence[Seen]], renew_s: float = RENEW_S) -> None:
        self._cameras = cameras
        self._renew_s = renew_s
        self._ledgers = Ledgers(path, lambda: time.sleep(BREATH_S))
        self._explained: dict[str, _Explained] = {}
        """Of the thread alone, as are the ledgers."""
        self._answer: Json = None
        self._due_s = 0.0
        self._reckoning: asyncio.Event | None = None
        """Set once what is being reckoned is there."""

    async def report(self, zone: tzinfo | None) -> Json:
        """A `FootageReport` as it goes over the socket."""
        if self._reckoning is None and time.monotonic() >= self._due_s:
            self._begin(datetime.now(UTC), zone)
        if self._reckoning is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reckoning.wait(), PATIENCE_S)
        if self._answer is None:
            about = window(datetime.now(UTC), zone)
            return to_json(FootageReport(about.until, about.since, CELL_S, trouble=COUNTING))
        return self._answer

    def _begin(self, now: datetime, zone: tzinfo | None) -> None:
        loop, seen = asyncio.get_running_loop(), tuple(self._cameras())
        self._reckoning = asyncio.Event()

        def run() -> None:
            first, began_s = not self._ledgers.kept, time.thread_time()
            answer = self._reckon(seen, now, zone)
            spent_s = 0.0 if first else time.thread_time() - began_s
            with contextlib.suppress(RuntimeError):  # the service has left meanwhile
                loop.call_soon_threadsafe(self._done, answer, spent_s)

        # One of its own: a disk that hangs keeps those that are shared, or the end of the service, waiting for nothing.
        threading.Thread(target=run, name="accounts", daemon=True).start()

    def _done(self, answer: Json, spent_s: float) -> None:
        self._answer = answer
        self._due_s = time.monotonic() + max(self._renew_s, spent_s * SHARE)
        if self._reckoning is not None:
            self._reckoning.set()
        self._reckoning = None

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _reckon(self, seen: Sequence[Seen], now: datetime, zone: tzinfo | None) -> Json:
        about = window(now, zone)
        report = FootageReport(now, about.since, CELL_S)
        try:
            whole = self._ledgers.look((camera.id for camera in seen), about.earliest)
            trouble = "" if whole else "the catalogue is being filled: some footage may not be counted yet"
            cameras = tuple(self._footage(camera, about) for camera in seen)
            self._explained = {name: told for name, told in self._explained.items() if name in self._ledgers.kept}
            return to_json(replace(report, cameras=cameras, trouble=trouble))
        except CatalogueError as error:
            return to_json(replace(report, trouble=str(error)))
        except Exception as error:  # a mistake of ours must not leave everybody waiting
            return to_json(replace(report, trouble=f"footage cannot be counted: {type(error).__name__}: {error}"))

    def _footage(self, camera: Seen, about: Window) -> CameraFootage:
        kept = self._ledgers.kept[camera.id]
        gaps = self._going_on(camera, kept, about.until)
        ledger, last_ended_at = kept.ledger, kept.last.ended_at if kept.last is not None else None
        time.sleep(0)  # others may have their turn
        return CameraFootage(
            camera.id,
            ledger.account(camera.id, about.today, about.until, gaps),
            ledger.account(camera.id, about.since, about.until, gaps),
            ledger.strip(about.since, about.until, kept.first_at, last_ended_at, gaps),
            gaps,
        )

    def _going_on(self, camera: Seen, kept: Kept, now: datetime) -> tuple[Gap, ...]:
        until = missing_until(kept.last, camera.present, now)
        if kept.last is None or until is None:
            self._explained.pop(camera.id, None)
            return ()
        recent = camera.events.recent()
        before = self._explained.get(camera.id)
        gaps: tuple[Gap, ...] | None = None
        if before is not None and before.last == kept.last and before.newest in recent:
            news = recent[recent.index(before.newest) + 1 :]
            gaps = prolonged(before.gaps, until, news)
        if gaps is None:
            gaps = going_on(camera.id, kept.last, camera.present, now, lambda: camera.events.read(EVENTS_KEPT))
        newest = next((event for event in reversed(recent) if event.at < until), None)  # others are news still
        self._explained[camera.id] = _Explained(kept.last, gaps, newest)
        return gaps
