"""What people said of findings: known, no need to tell it again. Which are quiet by that, and until when. Pure.

The rules:

- An acknowledgement is for one kind of message, on one camera or on all, whatever it is about or only of one output. It
  holds until it expires, if it ever does.
- With a ceiling it holds while the message does not come more often. What does is told at once, and is quiet again when
  it has stayed below for `CALM_S`: what goes up and down around a ceiling is told all the time.
- Where several cover a finding, one that makes it quiet is enough; the one of the camera itself is named first.
- An expired one is listed for a day, so that people see why something is told again, and then forgotten. The same said
  twice is one: the newer word counts.

The number of them is bounded, as is what they say; whoever asks for more is told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from vmstui.findings import Acknowledgement, Origin
from vmstui.light_dataclass import dataclass

MOST = 500
CALM_S = 300.0
LISTED = timedelta(days=1)
"""After it expired."""
FIRST = 1
_Finding = tuple[str, str, Origin]
"""Camera, fingerprint, and what it is about."""


class TooMany(Exception):
    """There are as many as are kept; the text is for a person."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says."""

    fingerprint: str
    camera: str
    """Empty: on all cameras."""
    origin: Origin | None
    for_s: float | None
    """None: for good."""
    ceiling_per_min: float | None
    by: str
    note: str = ""


class Acknowledged:
    """All that were said and not forgotten. Times are the wall clock's, as people mean them."""

    def __init__(self, known: Iterable[Acknowledgement] = (), next_number: int = FIRST) -> None:
        self._known = {one.id: one for one in known}
        self.next_number = max([next_number, *(_number(one.id) + 1 for one in self._known.values())])
        """Of the next id: an id is given once."""
        self._above: dict[tuple[str, _Finding], datetime] = {}
        """When a finding was last above the ceiling of one, while that is not long ago."""

    @property
    def listed(self) -> tuple[Acknowledgement, ...]:
        """Newest first."""
        return tuple(sorted(self._known.values(), key=lambda one: (one.at, _number(one.id)), reverse=True))

    def copy(self) -> Acknowledged:
        """Another one with the same in it."""
        copy = Acknowledged(self._known.values(), self.next_number)
        copy._above = dict(self._above)
        return copy

    def add(self, said: Said, now: datetime) -> Acknowledgement:
        """Take one in; the same one that was said before is replaced. Raises TooMany."""
        same = [one.id for one in self._known.values() if _scope(one) == (said.fingerprint, said.camera, said.origin)]
        if not same and len(self._known) >= MOST:
            raise TooMany(f"{MOST} acknowledgements are there already: take back some that are not needed any more")
        for identity in same:
            self.take_back(identity)
        until = now + timedelta(seconds=said.for_s) if said.for_s is not None else None
        made = Acknowledgement(
            f"a{self.next_number}",
            said.fingerprint,
            said.camera,
            said.origin,
            now,
            until,
            said.ceiling_per_min,
            said.by,
            said.note,
        )
        self.next_number += 1
        self._known[made.id] = made
        return made

    def take_back(self, identity: str) -> Acknowledgement | None:
        """The one of this id, which is gone now; None where there is none."""
        gone = self._known.pop(identity, None)
        if gone is not None:
            self._above = {key: at for key, at in self._above.items() if key[0] != identity}
        return gone

    def forget_old(self, now: datetime) -> bool:
        """Forget those that expired long ago; whether there were any."""
        old = [one.id for one in self._known.values() if one.until is not None and now - one.until > LISTED]
        for identity in old:
            self.take_back(identity)
        calm = [key for key, at in self._above.items() if not now - at <= timedelta(seconds=CALM_S)]
        for key in calm:
            del self._above[key]
        return bool(old)

    def judge(
        self, camera: str, fingerprint: str, origin: Origin, rate_per_min: float | None, now: datetime
    ) -> tuple[Acknowledgement | None, bool]:
        """The acknowledgement that covers a finding which comes at this rate, expired or not, and whether the finding
        is quiet by it. A rate that nobody knows is above no ceiling."""
        if not self._known:
            return None, False
        covering = [
            one
            for one in self._known.values()
            if one.fingerprint == fingerprint and one.camera in ("", camera) and one.origin in (None, origin)
        ]
        if not covering:
            return None, False
        finding = camera, fingerprint, origin
        ranked = sorted(
            ((self._holds(one, finding, rate_per_min, now), bool(one.camera), one.at, one) for one in covering),
            key=lambda each: each[:3],
        )
        is_quiet, _, _, best = ranked[-1]
        return best, is_quiet

    def _holds(self, one: Acknowledgement, finding: _Finding, rate_per_min: float | None, now: datetime) -> bool:
        if one.until is not None and now >= one.until:
            return False
        if one.ceiling_per_min is None:
            return True
        key = one.id, finding
        if rate_per_min is not None and rate_per_min > one.ceiling_per_min:
            self._above[key] = now
            return False
        above_at = self._above.get(key)
        if above_at is None or now - above_at > timedelta(seconds=CALM_S):
            self._above.pop(key, None)
            return True
        return above_at > now  # the clock was set back: the time that is over is not known


def _scope(one: Acknowledgement) -> tuple[str, str, Origin | None]:
    return one.fingerprint, one.camera, one.origin


def _number(identity: str) -> int:
    digits = identity.removeprefix("a")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0
