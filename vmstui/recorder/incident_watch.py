"""Feeds the incidents of a service: how workers end, what holds all cameras, what their messages mean; and tells them.

One cause shall be one incident, also where it shows in several ways:

- An end is first said of the host that the camera is reached at; what is no incident of one host within some seconds is
  said of all cameras.
- What the messages of a camera mean is said some seconds late, and not at all of one that is not recorded by then: how
  its worker ended is the same matter, and says more. So it is not any more what was said in the half minute before an
  end, as workers that wait for a dead camera end late; and what came before it was recorded again is never said.
- What all cameras share (disk, ffmpeg) has one key, whether workers ended for it or nothing may start.

A camera is cured of its end when it records again, or nobody wants it any more. A turn of an incident is a line in the
service's log and one in the history of each camera that it concerns, unless it is a hold, which is told as that. That
an incident made of messages is over is told a minute later: a server that comes and goes is one incident that goes on,
and no line each time. What there was outlives the service, in a small file; one that is lost costs the beginning of
what goes on. Runs on the loop; a look at 300 cameras takes a fraction of a millisecond.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.configured import Camera
from vmstui.ffmpeg.exits import ExitKind
from vmstui.findings import Incident, Severity
from vmstui.footage import GapCause
from vmstui.logged import LogLevel
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.common_ends import PREFIX, of_end, of_hold
from vmstui.recorder.record import write_atomically
from vmstui.recorder.start_gate import host_of
from vmstui.sanitise import clean
from vmstui.triage.incidents import Change, Common, Incidents, Turn, text_of_all

NOTE = "incidents.json"
LATE_S = 3.0
"""So long it is waited for whether something is a matter of one host, or of how workers end."""
STILL_S = 60.0
"""So often it is said again of a camera that it still is not recorded."""
FLAPS_S = 60.0
"""What is over is told to be so when it has not come back for so long."""
WAITING_OF_CAMERA = 32
KEYS_KEPT = 500
TEXT_CHARACTERS = 300
_NEVER = datetime.min.replace(tzinfo=UTC)

Do = Callable[[Callable[[], None]], None]


@dataclass(slots=True)
class _End:
    """Why a camera is not recorded."""

    kind: ExitKind
    text: str
    since_s: float
    said: tuple[str, Common]
    """Of its host, or of what all share."""
    said_s: float
    of_all: tuple[str, Common] | None = None
    """Once it was said of all cameras."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is still to be said of a camera."""

    what: Common
    since_s: float


class IncidentWatch:
    """Of one service. `cameras` gives those that are configured, `now_s` the monotonic clock; `say` takes a line for
    the service's own log, and `background` work that may wait for a disk."""

    def __init__(
        self,
        folder: Path,
        cameras: Callable[[], dict[str, CameraWorker]],
        now_s: Callable[[], float],
        say: Callable[[LogLevel, str], None],
        background: Do = BACKGROUND.do,
    ) -> None:
        self._path = folder / NOTE
        self._cameras = cameras
        self._now_s = now_s
        self._say = say
        self._do = background
        self._incidents = Incidents()
        self._known: tuple[str, ...] = ()
        self._ends: dict[str, _End] = {}
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._of_messages: dict[str, None] = {}
        """Keys that are what messages mean, the latest."""
        self._told_until: dict[str, datetime] = {}
        """By camera: when it was recorded again; what its messages meant before belongs to what is over."""
        self._over: dict[str, tuple[Change, float]] = {}
        """By id: turns that are not told yet, and since when."""
        self._mistake = ""
        """The last one that was told."""
        self._holds: set[str] = set()
        """Keys of what keeps cameras from starting: the service says that, and each camera has it in its history."""

    # -- what is said ------------------------------------------------------------------------------------------------

    def saw(self, camera: str, key: str, what: Common, at: datetime) -> None:
        """Messages of a camera mean that, the last of which came at that time."""
        if camera not in self._cameras() or at <= self._told_until.get(camera, _NEVER):
            return  # what led to an end was told by it, also once that is over
        if camera in self._ends or (camera, key) in self._waiting:
            return  # the one is said already, the other will be
        if self._incidents.has(camera, key):
            self._incidents.saw(camera, key, _clean(what), datetime.now(UTC))
        elif sum(one == camera for one, _ in self._waiting) < WAITING_OF_CAMERA:
            self._waiting[camera, key] = _Waiting(_clean(what), self._now_s())

    def cured(self, camera: str, key: str, at: datetime) -> None:
        """They do not mean that any more."""
        self._waiting.pop((camera, key), None)
        self._incidents.cured(camera, key, at)

    def ended(self, camera: Camera, kind: ExitKind, text: str) -> None:
        """The worker of a camera ended, or a start came to nothing, and nobody had asked for it."""
        with self._harmless():
            self._ended(camera, kind, text)

    def _ended(self, camera: Camera, kind: ExitKind, text: str) -> None:
        name, now, now_s = camera.id, datetime.now(UTC), self._now_s()
        for key in [key for one, key in self._waiting if one == name]:
            del self._waiting[name, key]  # what led to the end is told by it
        self._incidents.told_otherwise(name, self._of_messages.keys(), now)
        key, what = of_end(kind, text, host_of(camera.url))
        before = self._ends.get(name)
        if before is not None and before.said[0] != key:
            self._forget(name, before, now)
            before = None
        if before is None:
            self._ends[name] = _End(kind, text, now_s, (key, _clean(what)), now_s)
        else:
            before.kind, before.text, before.said, before.said_s = kind, text, (key, _clean(what)), now_s
        self._incidents.saw(name, key, _clean(what), now)

    def forget(self, camera: str) -> None:
        """It is recorded, or not wanted any more."""
        end = self._ends.pop(camera, None)
        if end is not None:
            now = self._told_until[camera] = datetime.now(UTC)
            self._forget(camera, end, now)

    # -- what there is -----------------------------------------------------------------------------------------------

    @property
    def going_on(self) -> tuple[Incident, ...]:
        """The worst first."""
        return self._incidents.going_on

    @property
    def all(self) -> tuple[Incident, ...]:
        """Those that go on, then those that are over, newest first."""
        return self._incidents.all

    def of(self, camera: str, key: str) -> str:
        """Id of the incident that what messages of a camera mean is part of; empty where there is none."""
        return self._incidents.of(camera, key) or self.of_end(camera)

    def of_end(self, camera: str) -> str:
        """Id of the incident that it is part of that a camera is not recorded; empty where there is none."""
        end = self._ends.get(camera)
        if end is None:
            return ""
        of_all = self._incidents.of(camera, end.of_all[0]) if end.of_all is not None else ""
        return self._incidents.of(camera, end.said[0]) or of_all

    # -- once a second -----------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Begin with what an earlier service knew."""
        with self._harmless():
            self._restore()

    def _restore(self) -> None:
        self._configure(datetime.now(UTC))
        with contextlib.suppress(OSError, ValueError, CodecError):
            noted = from_json(tuple[Incident, ...], json.loads(self._path.read_bytes()))
            self._incidents.restore(noted, datetime.now(UTC))
        for incident in self._incidents.going_on:
            if incident.key.startswith(PREFIX):
                said = incident.key, Common(text_of_all(incident), incident.action, incident.severity)
                for name in set(incident.cameras) - set(incident.cured):
                    self._ends[name] = _End(ExitKind.UNKNOWN, "", self._now_s(), said, self._now_s())

    def tick(self) -> None:
        """Look at the cameras, say what is due, and tell what became of incidents."""
        with self._harmless():
            self._tick()

    def _tick(self) -> None:
        now, now_s, cameras = datetime.now(UTC), self._now_s(), self._cameras()
        self._configure(now)
        for name, camera in cameras.items():
            if name in self._ends or camera.worker.machine.state is State.HELD:
                self._look_at(name, camera, now, now_s)
        for known in (self._ends, self._told_until):
            for name in [name for name in known if name not in cameras]:
                del known[name]
        for (name, key), waiting in list(self._waiting.items()) if self._waiting else ():
            if now_s - waiting.since_s >= LATE_S:
                del self._waiting[name, key]
                if name not in self._ends:
                    self._of_messages[key] = None
                    if len(self._of_messages) > KEYS_KEPT:
                        del self._of_messages[next(iter(self._of_messages))]
                    self._incidents.saw(name, key, waiting.what, now)
        self._incidents.tick(now)
        self._tell(now_s)

    def close(self) -> None:
        """The service leaves: tell what was held back."""
        with self._harmless():
            self._tell(self._now_s())
            self._tell_all([change for change, _ in self._over.values()])
            self._over.clear()

    # -- inside ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _harmless(self) -> Iterator[None]:
        """A mistake of ours must keep nobody from recording; it is told once."""
        try:
            yield
        except Exception as error:
            text = f"incidents: {type(error).__name__}: {error}"
            if text != self._mistake:
                self._mistake = text
                self._say(LogLevel.ERROR, text)

    def _configure(self, now: datetime) -> None:
        known = tuple(self._cameras())
        if known != self._known:
            self._known = known
            self._incidents.configure(known, now)

    def _look_at(self, name: str, camera: CameraWorker, now: datetime, now_s: float) -> None:
        """At one that is held, or of which an end is known."""
        machine = camera.worker.machine
        if machine.state is State.HELD:
            self._held(name, camera, now, now_s)
            return
        end = self._ends[name]
        if machine.state is State.RECORDING or not machine.wanted:
            self.forget(name)
            return
        key, what = end.said
        if now_s - end.said_s >= STILL_S:
            end.said_s = now_s
            self._incidents.saw(name, key, what, now)
            if end.of_all is not None:
                self._incidents.saw(name, *end.of_all, now)
        if self._incidents.of(name, key):
            if end.of_all is not None:  # it is a matter of one host after all
                self._incidents.cured(name, end.of_all[0], now)
                end.of_all = None
        elif end.of_all is None and end.text and now_s - end.since_s >= LATE_S:
            of_all = of_end(end.kind, end.text, None)
            if of_all[0] != key:
                end.of_all = of_all[0], _clean(of_all[1])
                self._incidents.saw(name, *end.of_all, now)

    def _held(self, name: str, camera: CameraWorker, now: datetime, now_s: float) -> None:
        cause = camera.worker.cause_of_hold()
        end = self._ends.get(name)
        if cause is GapCause.SERVICE:
            return  # it was only not looked at yet
        key, what = of_hold(camera.worker.machine.hold, is_disk=cause is GapCause.DISK)
        self._holds.add(key)
        if end is None or end.said[0] != key:
            if end is not None:
                self._forget(name, end, now)
            self._ends[name] = end = _End(ExitKind.UNKNOWN, "", now_s, (key, _clean(what)), -STILL_S)
        elif end.said[1].text != what.text:
            end.said, end.said_s = (key, _clean(what)), -STILL_S
        if now_s - end.said_s >= STILL_S:
            end.said_s = now_s
            self._incidents.saw(name, *end.said, now)

    def _forget(self, name: str, end: _End, now: datetime) -> None:
        self._incidents.cured(name, end.said[0], now)
        if end.of_all is not None:
            self._incidents.cured(name, end.of_all[0], now)

    def _tell(self, now_s: float) -> None:
        changes = self._incidents.changes()
        if changes:
            self._tell_all(self._without_flaps(changes, now_s))
            self._holds &= {incident.key for incident in self._incidents.going_on}
            self._keep()
        for id_ in (
            [id_ for id_, (_, since_s) in self._over.items() if now_s - since_s >= FLAPS_S] if self._over else ()
        ):
            self._tell_all([self._over.pop(id_)[0]])

    def _without_flaps(self, changes: Iterable[Change], now_s: float) -> Iterator[Change]:
        """What is to be told now. What is over because an end tells it is not held back: it does not come back."""
        for change in changes:
            incident = change.incident
            if change.turn is Turn.OVER:
                if not incident.is_of_ends and not any(camera in self._ends for camera in change.cameras):
                    self._over[incident.id] = change, now_s
                    continue
            elif change.turn is Turn.AGAIN and incident.id in self._over:
                told = self._over.pop(incident.id)[0].cameras
                new = tuple(camera for camera in change.cameras if camera not in told)
                if not new:
                    continue
                change = Change(Turn.SPREAD, incident, new)
            yield change

    def _tell_all(self, changes: Iterable[Change]) -> None:
        cameras = self._cameras()
        for change in changes:
            incident = change.incident
            if incident.key in self._holds:
                continue
            text = f"incident {incident.id} {_TOLD[change.turn]}: {incident.text}"
            if change.turn is Turn.OVER and incident.over_at is not None:
                text += f", for {_span((incident.over_at - incident.since).total_seconds())}"
            if change.turn is not Turn.SPREAD:
                self._say(_LEVELS[incident.severity] if change.turn is not Turn.OVER else LogLevel.INFO, text)
            for name in change.cameras:
                camera = cameras.get(name)
                if camera is not None:
                    camera.note_beside(EventKind.INCIDENT, text)

    def _keep(self) -> None:
        content = json.dumps(to_json(self._incidents.all)).encode()

        def write() -> None:
            with contextlib.suppress(OSError):  # a state disk that fails: a later service begins anew
                write_atomically(self._path, content, durable=False)

        self._do(write)


_TOLD = {Turn.BEGUN: "has begun", Turn.AGAIN: "is back", Turn.SPREAD: "has spread", Turn.OVER: "is over"}
_LEVELS = {
    Severity.CRITICAL: LogLevel.ERROR,
    Severity.DEGRADED: LogLevel.WARNING,
    Severity.BENIGN: LogLevel.INFO,
    Severity.INFO: LogLevel.INFO,
}


def _clean(what: Common) -> Common:
    return Common(clean(what.text)[:TEXT_CHARACTERS], clean(what.action)[:TEXT_CHARACTERS], what.severity)


def _span(seconds: float) -> str:
    from vmstui.spoken import length

    return length(seconds)
