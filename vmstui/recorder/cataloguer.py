"""Keeps the catalogue of a service: puts in each segment as it is published, and at the start what nobody put in.

One thread of its own does all of it, in order, so that neither recording nor publishing ever waits for it: what cannot
be written now is tried again, and what is lost with the service is found in the journals by the next one. Every minute
it notes that it is alive, from which the next one knows since when no recorder ran.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from vmstui.footage import Segment
from vmstui.light_dataclass import dataclass
from vmstui.model import Event
from vmstui.recorder.downtime import came_up, read_alive, write_alive
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.check import Inspect
from vmstui.recording.fill import ingest, record

ALIVE_S = 60.0
RETRY_S = 10.0
CATCH_UP_S = 2.0
"""Until the recordings folder is known to be the right one."""
LAST_LOOK_S = 2.0
"""Of a service that ends before it was time to look for what the one before left."""

BREATH_S = 0.01
COMPLETE = "complete"
"""Fact in the catalogue: of which folder everything up to when is in it."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What is needed to look at a recordings folder; asked for anew at each look."""

    id: str
    """Of the folder itself."""
    recordings: Path
    folders: Mapping[str, str]
    """Id of each camera by the name of its folder."""
    inspect: Inspect
    zone: tzinfo | None


class Cataloguer:
    """`around` gives the recordings folder once it is known to be the right one, None before; it and `events_of` are
    called in the thread. `say` takes a sentence about a catalogue that cannot be used, and `found` the newest segments
    of a camera that were published and not handed over, in the thread, too."""

    def __init__(
        self,
        state_folder: Path,
        boot: str,
        around: Callable[[], Folder | None],
        events_of: Callable[[str], Sequence[Event]],
        say: Callable[[str], None],
        found: Callable[[Sequence[Segment]], None],
    ) -> None:
        self.catalogue: Catalogue | None = None
        """Open once the thread got to it; for whoever needs it in a thread of its own."""
        self._no_room = False
        self._path = state_folder / FILE_NAME
        self._around = around
        self._events_of = events_of
        self._say = say
        self._found = found
        self._queue: queue.Queue[Segment | None] = queue.Queue()
        self._alive = came_up(read_alive(state_folder), datetime.now(UTC), boot)
        self._state_folder = state_folder
        self._noted = False
        self._due_s = 0.0
        self._complete_for = ""
        """Id of the recordings folder of which everything is in the catalogue."""
        self._told = ""
        self._ended = False
        self._given_up_s = 0.0
        """When one that has ended looks no further."""
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)

    def no_room(self) -> Path | None:
        """The catalogue, while there is no room on its disk to open it; see `Catalogue.without_room`."""
        return self._path if self._no_room and self.catalogue is None else None

    def start(self, after_s: float = 0.0) -> None:
        """After some seconds, when more urgent things are done, begin with what an earlier service did not get to; then
        note what is published: put in without what was recorded before it, it would tell of a loss that never was."""
        self._due_s = time.monotonic() + after_s
        self._thread.start()

    def stop(self, patience_s: float = 5.0) -> None:
        """Put in what an earlier service left and what is still waiting, if that can be done soon. Blocks."""
        self._given_up_s = time.monotonic() + min(LAST_LOOK_S, patience_s / 2)
        self._ended = True
        self._queue.put(None)
        self._thread.join(patience_s)

    def published(self, segment: Segment) -> None:
        """A segment was published, or set aside. Never waits."""
        self._queue.put(segment)

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        waiting: list[Segment] = []
        wait_s = 0.0
        while True:
            waiting += self._handed_over(wait_s)
            ended = self._ended  # else told while this round goes on, and the next one is the last
            self._say_alive()
            try:
                self._do(waiting)
            except Exception as error:
                # Nothing that lies on a disk may end this thread: what is recorded from now on has to be noted, too.
                self._trouble(error)
                wait_s = RETRY_S
            else:
                self._told = ""
                wait_s = self._early_s or (ALIVE_S if self._caught_up else CATCH_UP_S)
            if ended:
                if self.catalogue is not None:
                    self.catalogue.close()
                return

    def _say_alive(self) -> None:
        now = datetime.now(UTC)
        if self._ended or not self._noted or abs((now - self._alive.at).total_seconds()) >= ALIVE_S / 2:
            self._noted = True
            self._alive = replace(self._alive, at=now)
            write_alive(self._state_folder, self._alive)

    def _breathe(self) -> None:
        """Between the days of cameras: hundreds of them must not keep the loop from its work."""
        if not self._ended:
            self._say_alive()
            time.sleep(BREATH_S)

    def _handed_over(self, wait_s: float) -> list[Segment]:
        """What was published since, waiting for the first of it."""
        segments: list[Segment] = []
        with contextlib.suppress(queue.Empty):
            entry = self._queue.get(timeout=wait_s) if wait_s else self._queue.get_nowait()
            while True:
                segments += [entry] if entry is not None else []
                entry = self._queue.get_nowait()
        return segments

    @property
    def _early_s(self) -> float:
        """How long it is until what an earlier service left may be looked for; 0.0: not at all."""
        return max(0.0, self._due_s - time.monotonic()) if not self._ended else 0.0

    def _do(self, waiting: list[Segment]) -> None:
        """Take what is waiting, once it is time for that."""
        if self.catalogue is None:
            self.catalogue = Catalogue.open(self._path)
            self._no_room = False
            self._complete_for = ""
        if self._early_s:
            return
        unreadable: OSError | None = None
        around = self._around()
        late = self._ended and self.catalogue.fresh  # filling it may take hours
        if around is not None and around.id != self._complete_for and not late:
            try:
                self._catch_up(self.catalogue, around)
            except OSError as error:  # of one folder, say: what is recorded now is noted all the same
                unreadable = error
        record(self.catalogue, waiting, self._events_of, self._alive.downtimes)
        waiting.clear()
        if unreadable is not None:
            raise unreadable
        if self._caught_up and self._queue.empty():
            noted = f"{self._complete_for} {datetime.now(UTC).isoformat()}"
            self.catalogue.set_fact(COMPLETE, noted)

    @property
    def _caught_up(self) -> bool:
        return bool(self._complete_for)

    def _catch_up(self, catalogue: Catalogue, around: Folder) -> None:
        """Put in what the folder holds since it was last known to be catalogued wholly; all of it, if it never was."""
        found = ingest(
            catalogue,
            around.recordings,
            around.folders,
            around.inspect,
            around.zone,
            self._events_of,
            self._alive.downtimes,
            since=None if catalogue.fresh else _complete_since(catalogue.fact(COMPLETE), around.id),
            progress=lambda text: self._breathe(),
            ended=lambda: self._ended and (catalogue.fresh or time.monotonic() > self._given_up_s),
            found=self._found,
        )
        now = self._around()
        if not found.whole or now is None or now.id != around.id:
            return  # meanwhile the disk went away: what was not found may be there
        self._complete_for = around.id
        if catalogue.fresh:
            catalogue.filled()

    def _trouble(self, error: Exception) -> None:
        if isinstance(error, CatalogueError) and error.reopen:
            self.catalogue = None
            self._complete_for = ""
        self._no_room = isinstance(error, CatalogueError) and error.no_room
        if str(error) != self._told:
            self._told = str(error)
            self._say(str(error))


def _complete_since(noted: str | None, folder_id: str) -> date | None:
    """From which day on something may be missing; None: from the first one."""
    known, _, until = (noted or "").partition(" ")
    with contextlib.suppress(ValueError, OverflowError):
        # With a day to spare: names of folders are of the local day, and a clock may have been set.
        return (datetime.fromisoformat(until) - timedelta(days=1)).date() if known == folder_id else None
    return None
