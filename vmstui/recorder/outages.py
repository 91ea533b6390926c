"""The two lines of a camera's outage, and what of it outlives the service: the shell around `outage.py`, of one camera.

Looked at once a second; costs next to nothing while the camera records. An outage that lasts longer than a look is
noted in a small file beside the note about the worker, and the file goes when the camera is back. A service that is
killed between a line and its note finds the line in the history: so there is one each way, whenever it dies.
What was not recorded is reckoned in the thread for slow work, as histories lie on a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from vmstui.codec import CodecError, from_json, to_json
from vmstui.footage import Gap, Uptime
from vmstui.model import CameraState as State
from vmstui.model import Event, EventKind
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.clocks import boot_and_wall_s
from vmstui.recorder.downtime import read_alive
from vmstui.recorder.history import EVENTS_KEPT
from vmstui.recorder.outage import (
    OFFLINE_AFTER_S,
    STEADY_S,
    Outage,
    Return,
    earlier,
    not_recorded,
    of_return,
    offline_text,
    why_offline,
)
from vmstui.recorder.process import boot_id
from vmstui.recorder.record import write_atomically
from vmstui.recording.gaps import Moment, begin_of, between_s
from vmstui.spoken import clock, length

if TYPE_CHECKING:
    from vmstui.recorder.camera import CameraWorker
    from vmstui.recorder.run import Run

NOTE = "outage.json"
ASKED_S = 30.0
"""So long after somebody asked for something, what stops is what they asked for: a worker may take that long to end."""
SETTLING_LIMIT_S = 30.0
"""Patience with what ended workers left: then it is reckoned by what is published."""
SEGMENTS_READ = 500
BREATH_S = 0.002

Do = Callable[[Callable[[], None]], None]


class Outages:
    """Of one camera."""

    def __init__(
        self, camera: CameraWorker, background: Do = BACKGROUND.do, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._camera = camera
        self._do = background
        self._now_s = now_s
        self._path = camera.folder / NOTE
        self._asked_s = self._now_s()
        self._wanted = False
        """When last looked at."""
        self._generation = 0
        """The last one that was seen to record."""
        self._steady_since_s: float | None = None
        self._reckoning = False
        self._noted: Outage | None = None
        """In the file."""
        self.present: Outage | None = self._load()

    @property
    def since(self) -> datetime | None:
        """Since when the camera is offline, on the wall clock as it stands now; None while it is not said to be."""
        outage = self.present
        if outage is None or not outage.told or not self._camera.wanted:
            return None
        now = _now()
        return now.at - timedelta(seconds=between_s(outage.since, now))

    def asked(self) -> None:
        """Somebody asked for something that may stop the recording for a moment."""
        self._asked_s = self._now_s()

    def ended_unseen(self) -> None:
        """Its worker ended while no service ran. To be told before the first look."""
        if self.present is None and self._camera.wanted:
            self.present = Outage(self._last_footage(_now()), self._last_generation())
            self._wanted = True

    def look(self, now_s: float) -> None:
        """Once a second."""
        worker = self._camera.worker
        machine, run = worker.machine, worker.run
        if machine.state is State.RECORDING and run is not None:
            unplayable = run.closed.unplayable
            if not unplayable and not (run.still(now_s) and run.stall(now_s) is not None):
                self._wanted, self._generation = True, worker.record.generation
                if self.present is not None and not self._reckoning:
                    self._look_whether_it_is_back(self.present, run, now_s)
                return
        else:
            unplayable = False
        self._steady_since_s = None
        if machine.over or self._reckoning:
            return
        if not machine.wanted:
            self._wanted, worker.failed_starts = False, 0
            if self.present is not None and not self.present.told:
                self._is_over()
            return
        now = _now()
        if self.present is None:
            since = self._last_footage(now) if self._wanted and not unplayable else now
            asked = now_s - self._asked_s < ASKED_S or not self._wanted
            self.present = Outage(since, self._last_generation(), asked, unplayable)
            self._wanted = True
        elif self._noted is None and not self.present.asked:
            self._save(self.present)
        if not self.present.told:
            self._look_whether_it_is_offline(self.present, now)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _look_whether_it_is_offline(self, outage: Outage, now: Moment) -> None:
        worker = self._camera.worker
        missing_s = between_s(outage.since, now)
        rule = why_offline(outage, missing_s, worker.failed_starts)
        if not rule or (worker.machine.state is State.HELD and not self._camera.context.surveyed.is_set()):
            return
        cause = worker.machine.reason or (worker.run.unplayable if worker.run is not None else "")
        self._tell_offline(outage, now, cause or self._last_cause(), rule, f"{max(missing_s, 0.0):.0f} s")
        self.present = replace(outage, told=True)
        self._save(self.present)

    def _last_cause(self) -> str:
        """Why its last worker ended."""
        newest = next((one for one in reversed(self._camera.events.recent()) if one.cause is not None), None)
        return "" if newest is None else newest.text.partition(": ")[2] or newest.text

    def _tell_offline(self, outage: Outage, now: Moment, cause: str, rule: str, measured: str) -> None:
        text = offline_text(outage.since.at, now.at, cause, self._camera.context.zone)
        self._camera.note(EventKind.OFFLINE, text, rule=rule, measured=measured)

    def _look_whether_it_is_back(self, outage: Outage, run: Run, now_s: float) -> None:
        if outage.asked and not outage.told:
            self._is_over()
            return
        if self._steady_since_s is None:
            self._steady_since_s = now_s
        steady_s = now_s - self._steady_since_s
        if steady_s < STEADY_S or (outage.unplayable and not run.closed.valid):
            return
        generation = self._camera.worker.record.generation
        if generation == outage.generation:
            if not outage.told or outage.unplayable:
                self._is_over()
                return
            # It fell silent, and went on by itself on the same connection.
            away_s = max(between_s(outage.since, _now()) - steady_s, 0.0)
            self._tell_back(Return(f"back after {length(away_s)} without pictures", outage.since, away_s), None)
            return
        if self._is_settling(generation) and steady_s < SETTLING_LIMIT_S:
            return
        first = self._first_frame(run, generation)
        if first is None:
            return
        if not outage.told and between_s(outage.since, first) <= OFFLINE_AFTER_S:
            self._is_over()
        else:
            self._reckon(outage, generation, first)

    def _is_settling(self, generation: int) -> bool:
        """What ended workers left may still hold footage that is not known."""
        camera = self._camera
        return camera.unsettled or camera.settling > 0 or any(one < generation for one in camera.publisher.unsettled)

    def _first_frame(self, run: Run, generation: int) -> Moment | None:
        if run.footage_from is not None:
            return run.footage_from
        published = [one for one in self._camera.segments.recent() if one.generation == generation and one.plays]
        if published:
            return begin_of(min(published, key=lambda one: one.number))
        opened = run.open
        return earlier(_now(), opened.started_at) if opened is not None and not run.fresh else None

    def _reckon(self, outage: Outage, generation: int, first: Moment) -> None:
        camera, loop = self._camera, asyncio.get_running_loop()
        name, folder = camera.camera.id, camera.context.state_folder
        self._reckoning = True

        def reckon() -> None:
            gaps: tuple[Gap, ...] | None = None
            try:
                alive = read_alive(folder)
                downtimes = alive.downtimes if alive is not None else ()
                segments, events = camera.published_last(SEGMENTS_READ), camera.events.read(EVENTS_KEPT)
                gaps = not_recorded(name, outage, generation, first, segments, events, downtimes)
            finally:
                with contextlib.suppress(RuntimeError):  # the service has left meanwhile
                    loop.call_soon_threadsafe(self._reckoned, outage, first, gaps)
            time.sleep(BREATH_S)  # others share Python's lock with us

        self._do(reckon)

    def _reckoned(self, outage: Outage, first: Moment, gaps: tuple[Gap, ...] | None) -> None:
        self._reckoning = False
        back = of_return(outage, first, gaps)
        if not outage.told:
            if back.lost_s <= OFFLINE_AFTER_S:
                self._is_over()
                return
            cause = next((gap.detail for gap in gaps or () if gap.lost), "")
            since = replace(outage, since=back.since)
            self._tell_offline(since, first, cause, "told once it was over", length(back.lost_s))
        self._tell_back(back, first.at)

    def _tell_back(self, back: Return, first_at: datetime | None) -> None:
        measured = f"first frame at {clock(first_at, self._camera.context.zone)}" if first_at is not None else ""
        self._camera.note(EventKind.BACK, back.text, measured=measured)
        self._is_over()

    def _is_over(self) -> None:
        self.present, self._steady_since_s = None, None
        if self._noted is not None:
            self._noted = None
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _last_generation(self) -> int:
        """The last one that may have recorded."""
        worker = self._camera.worker
        is_new = worker.run is not None and worker.run.fresh
        return self._generation or worker.record.generation - is_new

    def _last_footage(self, now: Moment) -> Moment:
        """Its last footage, as far as that is known."""
        grew_at = self._camera.worker.grew_at
        if grew_at is not None:
            return earlier(now, grew_at)
        newest = self._camera.segments.newest()
        return Moment(newest.ended_at) if newest is not None and newest.plays else now

    # -- its note ----------------------------------------------------------------------------------------------------

    def _load(self) -> Outage | None:
        try:
            outage = from_json(Outage, json.loads(self._path.read_bytes()))
        except (OSError, ValueError, CodecError):
            return None
        self._noted = outage
        told = next((event for event in reversed(self._camera.events.recent()) if _is_edge(event)), None)
        if told is not None and told.kind is EventKind.OFFLINE:
            return replace(outage, told=True)
        if told is not None and outage.told and told.kind is EventKind.BACK:
            self._is_over()  # it was told, and the service killed before it could forget
            return None
        return outage

    def _save(self, outage: Outage) -> None:
        self._noted = outage
        # A state disk that fails costs a later service a line; this one goes on.
        with contextlib.suppress(OSError):
            write_atomically(self._path, json.dumps(to_json(outage)).encode(), durable=False)


def _is_edge(event: Event) -> bool:
    return event.kind in (EventKind.OFFLINE, EventKind.BACK)


def _now() -> Moment:
    boot_s, wall_s = boot_and_wall_s()
    return Moment(datetime.fromtimestamp(wall_s, UTC), Uptime(_boot(), boot_s))


_boot = cache(boot_id)
