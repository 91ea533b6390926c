"""Do so many cameras look ill at once that to replace their workers would only add to the harm? Pure, but remembers.

Where more than half do, the cause lies elsewhere: a switch, the disk, a driver. Who is ill by the watchdog's limits
counts, and who shows the first signs, since the limits differ from camera to camera; and who was replaced a moment ago.
Asked by the fleet, with all cameras that have a worker, whenever the watchdog has found something.

- Nothing grows: the benefit of the doubt lasts a minute, then each is replaced by its own ladder.
- What is closed does not play: it lasts as long as that is so of more than half. But one worker is replaced, now and
  again, to see whether that helps; if so, the others follow. (If it is the check that is at fault, or the disk, no
  restart helps, and footage that may be whole is not interrupted; a driver may well be cured by one.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vmstui.footage import GapCause
from vmstui.light_dataclass import dataclass
from vmstui.recorder.watchdog import Closed, Finding

MIN_CAMERAS = 3
PATIENCE_S = 60.0
"""For so long nobody is replaced who looks stalled together with the others; and who was replaced counts among them."""
TRIAL_AGAIN_S = 600.0
"""From one try whether a restart helps to the next."""
TRIAL_HOLDS_S = 6 * 3600.0
"""What a try showed holds for so long, if it showed anything."""


class Look(NamedTuple):
    """What is seen of a camera that has a worker."""

    camera: str
    finding: Finding | None
    still: bool
    """It does not grow as it did (`watchdog.still`)."""
    closed: Closed


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about the findings of one kind."""

    replaced: tuple[str, ...] = ()
    """Cameras whose workers are to be replaced now."""
    outcome: str = "worker is replaced"
    """For their history."""
    held: tuple[str, ...] = ()
    """Cameras that are held back, and were not when it was asked before."""
    text: str = ""
    """Why they are held back."""
    begins: bool = False
    """Nobody was held back when it was asked before."""


def common_cause(ill: int, running: int) -> bool:
    """Whether so many are ill at once that it is no matter of each."""
    return running >= MIN_CAMERAS and ill * 2 > running


class CommonCause:
    """Of one fleet. Instants are monotonic seconds."""

    def __init__(self) -> None:
        self._stale_since_s: float | None = None
        self._replaced_s: dict[str, float] = {}
        """When workers that did not grow were replaced."""
        self._trial: tuple[str, float] | None = None
        """Camera whose worker was replaced to see whether that helps, and when."""
        self._held: dict[bool, frozenset[str]] = {}
        """Who is held back: because nothing grows, because what is closed does not play (True)."""

    def all_well(self) -> None:
        """There is no finding about anybody now."""
        self._stale_since_s = None
        self._held.clear()

    def decide(self, looks: Sequence[Look], now_s: float) -> tuple[Decision, ...]:
        """What to do about the findings."""
        found = [look for look in looks if look.finding is not None]
        unplayable = [one.camera for one in found if one.finding and one.finding.cause is GapCause.DAMAGE]
        stale = [one.camera for one in found if one.camera not in unplayable]
        return self._about_stale(stale, looks, now_s), self._about_unplayable(unplayable, looks, now_s)

    def _about_stale(self, stale: list[str], looks: Sequence[Look], now_s: float) -> Decision:
        self._replaced_s = {name: at_s for name, at_s in self._replaced_s.items() if now_s - at_s < PATIENCE_S}
        if not stale:
            self._stale_since_s = None
            return self._hold(False, (), "")
        if self._stale_since_s is None:
            self._stale_since_s = now_s
        ill = {*stale, *self._replaced_s, *(look.camera for look in looks if look.still)}
        running = {*self._replaced_s, *(look.camera for look in looks)}
        if common_cause(len(ill), len(running)) and now_s - self._stale_since_s < PATIENCE_S:
            text = f"{len(ill)} of {len(running)} cameras look stalled at once: a common cause, no restarts for now"
            return self._hold(False, stale, text)
        self._replaced_s.update(dict.fromkeys(stale, now_s))
        return Decision(tuple(stale))

    def _about_unplayable(self, unplayable: list[str], looks: Sequence[Look], now_s: float) -> Decision:
        if not unplayable:
            return self._hold(True, (), "")
        if self._trial is not None and now_s - self._trial[1] > TRIAL_HOLDS_S:
            self._trial = None
        tried = next((look for look in looks if self._trial is not None and look.camera == self._trial[0]), None)
        helped = tried is not None and tried.closed.valid > 0
        ill = {*unplayable, *(look.camera for look in looks if look.closed.broken_in_a_row)}
        if tried is not None:
            ill.add(tried.camera)
        if helped or not common_cause(len(ill), len(looks)):
            self._trial = None
            return Decision(tuple(unplayable))
        if self._trial is None or (tried is not None and tried.camera in unplayable and self._is_due(now_s)):
            camera = unplayable[0] if tried is None else tried.camera
            self._trial = (camera, now_s)
            return Decision((camera,), "worker is replaced, the first of many to see whether that helps")
        text = f"segments of {len(ill)} of {len(looks)} cameras do not play: a common cause, no restarts but one to try"
        return self._hold(True, [name for name in unplayable if name != self._trial[0]], text)

    def _is_due(self, now_s: float) -> bool:
        return self._trial is None or now_s - self._trial[1] >= TRIAL_AGAIN_S

    def _hold(self, unplayable: bool, cameras: Iterable[str], text: str) -> Decision:
        before, now = self._held.get(unplayable, frozenset()), frozenset(cameras)
        self._held[unplayable] = now
        return Decision(held=tuple(sorted(now - before)), text=text, begins=bool(now) and not before)
