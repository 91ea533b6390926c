"""What several cameras have in common becomes one incident: begun, spread, over, back again. Pure, but remembers.

Whoever sees that a camera has something wrong says so with a key (`saw`): a fingerprint of its messages, or `exit:` and
how its workers end. The rules:

- It begins when three cameras, or half of them but at least two, came to have the same key within half a minute. Only
  the onset on each camera counts: what a camera had all along, it does not catch from others. That one of them is over
  it again by then does not matter.
- While it goes on it takes in every further camera that has the key, whenever that comes to have it.
- A camera has a key until it is `cured`, or did not have it seen for five minutes. When no camera has had it for some
  seconds it is over, since the last one had it. When as many as make an incident have it again soon after, it is the
  same one, begun again.
- A camera that leaves the configuration leaves the incident.
- It is as severe as it was at its worst, and says what most of the cameras that have it say.

Time is told by the wall clock, for people, but counted so that no step of it does harm: backwards it stands still, and
forwards it goes by a minute at the most from one call to the next; so `tick` must come every few seconds.

Memory is bounded whatever is said: so many keys of a camera, the latest, and so many incidents.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vmstui.findings import Incident, Severity

MANY = 3
"""So many cameras have something in common, however many others there are."""
AT_LEAST = 2
WINDOW_S = 30.0
"""Between the first and the last of the onsets that make an incident."""
QUIET_S = 300.0
"""What is not seen for so long, a camera does not have any more."""
CALM_S = 5.0
"""When no camera has had it for so long, an incident is over."""
HEARD_S = 30.0
"""What messages of a camera mean is said anew by whoever takes them up from an earlier service, within this time."""
AGAIN_S = 600.0
"""So soon after its end, the same is the same incident."""
LEAP_S = 60.0
"""More than this between two calls is a clock that was set."""
KEYS_OF_CAMERA = 32
KEY_CHARACTERS = 200
INCIDENTS_KEPT = 50
"""Those that go on included."""
CHANGES_KEPT = 500


@dataclass(frozen=True, slots=True)
class Common:
    """What cameras have in common, for a person."""

    text: str
    """Without the number of cameras: `the RTSP server on this host refused`."""
    action: str
    severity: Severity


class Turn(StrEnum):
    """What became of an incident."""

    BEGUN = "begun"
    AGAIN = "again"
    SPREAD = "spread"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Change:
    """A turn of an incident, and the cameras that it is to be told to."""

    turn: Turn
    incident: Incident
    cameras: tuple[str, ...]


class _Had:
    """A key of a camera."""

    __slots__ = ("has", "number", "onset_at", "onset_s", "seen_s", "what")

    def __init__(self, number: int, now_s: float, at: datetime, what: Common) -> None:
        self.number = number
        """Of onsets so far, to tell the order of those of one instant."""
        self.onset_s = self.seen_s = now_s
        self.onset_at = at
        self.what = what
        self.has = True
        """Else it was cured; kept for a while, as its onset may still make an incident."""


@dataclass(slots=True)
class _GoingOn:
    """An incident while it goes on."""

    id: str
    key: str
    what: Common
    """As it was told last."""
    severity: Severity
    """The worst it was."""
    cameras: dict[str, None]
    """In the order it reached them."""
    since: datetime
    last: datetime
    had_s: float
    """When a camera last had it."""
    had_at: datetime


@dataclass(slots=True)
class _Over:
    incident: Incident
    over_s: float


class Incidents:
    """Of one recorder. What is said of cameras that are not configured is ignored."""

    def __init__(self) -> None:
        self._had: dict[str, dict[str, _Had]] = {}
        """By camera and key, the key last seen at the end; all cameras, in the order of the configuration."""
        self._onsets = 0
        self._now_s = 0.0
        self._now: datetime | None = None
        self._going_on: dict[str, _GoingOn] = {}
        """By key."""
        self._over: list[_Over] = []
        """Newest last."""
        self._changes: list[Change] = []

    # -- what is said ------------------------------------------------------------------------------------------------

    def configure(self, cameras: Collection[str], now: datetime) -> None:
        """These are the cameras from now on."""
        self._pass_to(now)
        self._had = {camera: self._had.get(camera, {}) for camera in cameras}
        for going_on in self._going_on.values():
            stay = {camera: None for camera in going_on.cameras if camera in self._had}
            going_on.cameras = stay or going_on.cameras  # of one that is over now it is told whom it had reached
        self._look()

    def saw(self, camera: str, key: str, what: Common, at: datetime) -> None:
        """A camera has it, since now or still."""
        keys = self._had.get(camera)
        if keys is None:
            return
        self._pass_to(at)
        key = key[:KEY_CHARACTERS]
        had = keys.pop(key, None)
        began = had is None or not had.has or self._now_s - had.seen_s >= QUIET_S
        if began or had is None:
            self._onsets += 1
            had = _Had(self._onsets, self._now_s, at, what)
        had.seen_s, had.what = self._now_s, what
        keys[key] = had
        if len(keys) > KEYS_OF_CAMERA:
            del keys[next(iter(keys))]
        going_on = self._going_on.get(key)
        if going_on is not None:
            self._reach(going_on, [(camera, had)], at)
        elif began:
            self._look_whether_it_begins(key, at)

    def cured(self, camera: str, key: str, at: datetime) -> None:
        """A camera does not have it any more."""
        self._pass_to(at)
        key = key[:KEY_CHARACTERS]
        had = self._had.get(camera, {}).get(key)
        if had is not None and had.has:
            had.has = False
            self._had_until_now(key)
        self._look()

    def told_otherwise(self, camera: str, keys: Collection[str], at: datetime) -> None:
        """Of these keys, what a camera came to have within the last half minute is part of what is said of it now: it
        is cured of it, and where nobody has it any more, that is over at once."""
        self._pass_to(at)
        for key, had in list(self._had.get(camera, {}).items()):
            if key in keys and had.has and self._now_s - had.onset_s <= WINDOW_S:
                had.has = False
                going_on = self._going_on.get(key)
                if going_on is not None and not any(self._has(one, key) for one in going_on.cameras):
                    going_on.had_at = at
                    self._end(key, going_on)

    def tick(self, now: datetime) -> None:
        """Every second or so: what was not seen for long is forgotten, what nobody has is over."""
        self._pass_to(now)
        for keys in self._had.values():
            for key in [key for key, had in keys.items() if self._is_stale(had)] if keys else ():
                del keys[key]
        self._look()

    def restore(self, incidents: Iterable[Incident], now: datetime) -> None:
        """Begin with what an earlier service knew; to be called once, after `configure`. What went on is held to go on,
        on those that had it, until they are cured or it is not seen. What messages mean, triage says of each that still
        has it as soon as it has taken them up; that one does not have it any more, nobody would say for minutes."""
        self._pass_to(now)
        for incident in list(incidents)[:INCIDENTS_KEPT][::-1]:
            cameras = dict.fromkeys(camera for camera in incident.cameras if camera in self._had)
            what = Common(text_of_all(incident), incident.action, incident.severity)
            if incident.over_at is not None or not cameras:
                over_at = incident.over_at or incident.last
                ago_s = max(0.0, (now - over_at).total_seconds())
                self._over.append(_Over(replace(incident, over_at=over_at, cured=()), self._now_s - ago_s))
                continue
            for camera in cameras:
                if camera not in incident.cured:
                    self._had[camera][incident.key] = had = _Had(0, self._now_s, incident.since, what)
                    if not incident.is_of_ends:
                        had.seen_s -= QUIET_S - HEARD_S
            self._going_on[incident.key] = _GoingOn(
                incident.id,
                incident.key,
                what,
                incident.severity,
                cameras,
                incident.since,
                incident.last,
                self._now_s,
                incident.last,
            )

    # -- what there is -----------------------------------------------------------------------------------------------

    @property
    def going_on(self) -> tuple[Incident, ...]:
        """The worst first, then the oldest."""
        found = [self._told(incident) for incident in self._going_on.values()]
        return tuple(sorted(found, key=lambda incident: (-incident.severity.rank, incident.since)))

    @property
    def all(self) -> tuple[Incident, ...]:
        """Those that go on, then those that are over, newest first."""
        return (*self.going_on, *(over.incident for over in reversed(self._over)))

    def of(self, camera: str, key: str) -> str:
        """Id of the incident that makes this key of a camera no matter of its own; empty where there is none."""
        key = key[:KEY_CHARACTERS]
        going_on = self._going_on.get(key)
        return going_on.id if going_on is not None and self._has(camera, key) else ""

    def has(self, camera: str, key: str) -> bool:
        """Whether a camera has it now."""
        return self._has(camera, key[:KEY_CHARACTERS])

    def changes(self) -> tuple[Change, ...]:
        """What became of incidents since this was last asked, in order, each as it is now."""
        changes, self._changes = self._changes, []
        now = {incident.id: incident for incident in self.going_on} if changes else {}
        return tuple(
            replace(change, incident=now[change.incident.id])
            if change.turn is not Turn.OVER and change.incident.id in now
            else change
            for change in changes
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _pass_to(self, at: datetime) -> None:
        if self._now is not None:
            self._now_s += min(max((at - self._now).total_seconds(), 0.0), LEAP_S)
        self._now = at

    def _has(self, camera: str, key: str) -> bool:
        had = self._had.get(camera, {}).get(key)
        return had is not None and had.has

    def _is_stale(self, had: _Had) -> bool:
        """Nobody needs to know of it any more."""
        if had.has:
            return self._now_s - had.seen_s >= QUIET_S
        return self._now_s - had.onset_s > WINDOW_S

    @property
    def _enough(self) -> int:
        return min(MANY, max(AT_LEAST, (len(self._had) + 1) // 2))

    def _with_onset(self, key: str) -> Iterator[tuple[str, _Had]]:
        """Cameras that came to have it just now."""
        for camera, keys in self._had.items():
            had = keys.get(key)
            if had is not None and self._now_s - had.onset_s <= WINDOW_S:
                yield camera, had

    def _look_whether_it_begins(self, key: str, at: datetime) -> None:
        reached = sorted(self._with_onset(key), key=lambda each: each[1].number)
        if len(reached) < self._enough or len(self._going_on) >= INCIDENTS_KEPT:
            return
        what = reached[0][1].what
        severity = max((had.what.severity for _, had in reached), key=lambda severity: severity.rank)
        since = reached[0][1].onset_at
        again = next((over for over in reversed(self._over) if over.incident.key == key), None)
        if again is not None and self._now_s - again.over_s <= AGAIN_S:
            self._over.remove(again)
            before = again.incident
            cameras = dict.fromkeys(camera for camera in before.cameras if camera in self._had)
            severity = max(severity, before.severity, key=lambda severity: severity.rank)
            going_on = _GoingOn(before.id, key, what, severity, cameras, before.since, at, self._now_s, at)
        else:
            again = None
            going_on = _GoingOn(_id_of(key, since), key, what, severity, {}, since, at, self._now_s, at)
        going_on.cameras.update(dict.fromkeys(camera for camera, _ in reached))
        self._going_on[key] = going_on
        self._make_room()
        turn = Turn.BEGUN if again is None else Turn.AGAIN
        self._note(turn, self._told(going_on), tuple(camera for camera, _ in reached))

    def _reach(self, incident: _GoingOn, reached: Iterable[tuple[str, _Had]], at: datetime) -> None:
        incident.last = incident.had_at = at
        incident.had_s = self._now_s
        for camera, had in reached:
            incident.severity = max(incident.severity, had.what.severity, key=lambda severity: severity.rank)
            if camera not in incident.cameras:
                incident.cameras[camera] = None
                self._note(Turn.SPREAD, self._told(incident), (camera,))

    def _had_until_now(self, key: str) -> None:
        going_on = self._going_on.get(key)
        if going_on is not None and self._now is not None:
            going_on.had_s, going_on.had_at = self._now_s, self._now

    def _look(self) -> None:
        """What nobody has any more is over."""
        for key, going_on in list(self._going_on.items()):
            if any(self._has(camera, key) for camera in going_on.cameras):
                going_on.had_s = self._now_s
            elif self._now_s - going_on.had_s >= CALM_S or not any(camera in self._had for camera in going_on.cameras):
                self._end(key, going_on)
        self._make_room()

    def _end(self, key: str, going_on: _GoingOn) -> None:
        del self._going_on[key]
        over = replace(self._told(going_on), over_at=max(going_on.had_at, going_on.since), cured=())
        self._over.append(_Over(over, going_on.had_s))
        self._note(Turn.OVER, over, over.cameras)

    def _make_room(self) -> None:
        del self._over[: max(0, len(self._going_on) + len(self._over) - INCIDENTS_KEPT)]

    def _told(self, incident: _GoingOn) -> Incident:
        cameras = tuple(incident.cameras)
        cured = tuple(camera for camera in cameras if not self._has(camera, incident.key))
        said = Counter(self._had[camera][incident.key].what for camera in cameras if self._has(camera, incident.key))
        if said:
            incident.what = said.most_common(1)[0][0]  # the first of those that are said most
        return Incident(
            incident.id,
            incident.key,
            _text(incident.what.text, len(cameras), len(cameras) - len(cured)),
            incident.what.action,
            incident.severity,
            cameras,
            incident.since,
            incident.last,
            cured=cured,
        )

    def _note(self, turn: Turn, incident: Incident, cameras: tuple[str, ...]) -> None:
        if self._changes and turn is Turn.SPREAD and self._changes[-1].incident.id == incident.id:
            before = self._changes[-1]
            if before.turn is not Turn.OVER:  # the rest of the same move
                self._changes[-1] = Change(before.turn, incident, (*before.cameras, *cameras))
                return
        self._changes.append(Change(turn, incident, cameras))
        del self._changes[:-CHANGES_KEPT]


def _text(what: str, cameras: int, now: int) -> str:
    number = "1 camera" if cameras == 1 else f"{cameras} cameras"
    return f"{what}: {number}" if now in (0, cameras) else f"{what}: {number}, {now} of them now"


def text_of_all(incident: Incident) -> str:
    """Its text without the number of cameras."""
    return incident.text.rpartition(": ")[0] or incident.text


def _id_of(key: str, since: datetime) -> str:
    """Short, and not that of another one."""
    digest = hashlib.blake2s(f"{key}\0{since.isoformat()}".encode("utf-8", "surrogatepass"), digest_size=3)
    return f"i{digest.hexdigest()}"
