"""What was asked of cameras and has not shown yet: so that a key press is seen at once, and its end is told.

What was asked of several cameras at once comes to its end as one: what became of each is told together, folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.tui.actions import key_of
from vmstui.tui.format import names, plural
from vmstui.tui.glyphs import WORD

PATIENCE_TICKS = 60
"""Ticks after which a note is taken away, though nothing changed; of several cameras, since the last of them was done:
they have their turns."""
MEASURE_TICKS = 10
"""So long is waited for the cost of a restart, which is measured some seconds after it."""
LINES = 4
"""What became of so many cameras is told of each, of more it is folded."""
NAMES = 6

_WORDS = {"restart": "restarting", "stop": "stopping", "start": "starting"}
_DONE = {"restart": "Restarted", "stop": "Stopped", "start": "Started"}


@dataclass(slots=True)
class Batch:
    """One request about several cameras."""

    verb: str
    count: int
    waiting: set[str]
    ended: list[str] = field(default_factory=list)
    """A sentence for each that came to its end."""
    missing: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Names by the reason."""
    quiet_ticks: int = 0
    replaced: int = 0
    """Of which something else was asked meanwhile."""

    def told(self) -> str:
        """What became of all of them."""
        count = self.count - self.replaced
        lines = [f"{_DONE[self.verb]}: {len(self.ended)} of {plural(count, 'camera')}."]
        few = self.ended if len(self.ended) <= LINES else self.ended[: LINES - 1]
        lines += few
        if len(few) < len(self.ended):
            lines.append(f"And {len(self.ended) - len(few)} more; {key_of('view.history')} tells of each.")
        if self.missing:
            lines.append(f"Not yet: {names(self.missing, NAMES)}.")
        lines += [f"{names(cameras, NAMES)}: {reason}" for reason, cameras in self.refused.items()]
        return "\n".join(lines)


@dataclass(slots=True)
class _Wish:
    verb: str
    state: CameraState
    generation: int
    since: datetime
    name: str
    batch: Batch | None = None
    noted: bool = True
    ticks: int = 0
    done_ticks: int = 0


class Asked:
    """Wishes by camera id; the newest wish about a camera counts."""

    def __init__(self) -> None:
        self._wishes: dict[str, _Wish] = {}
        self._batches: list[Batch] = []

    @property
    def notes(self) -> dict[str, str]:
        """What to show instead of the state, per camera id."""
        return {camera: _WORDS[wish.verb] for camera, wish in self._wishes.items() if wish.noted}

    def note(self, verb: str, cameras: Sequence[CameraSnapshot]) -> None:
        """Something was just asked of a camera, or of several at once."""
        batch = Batch(verb, len(cameras), {camera.id for camera in cameras}) if len(cameras) > 1 else None
        if batch is not None:
            self._batches.append(batch)
        for camera in cameras:
            before = self._wishes.get(camera.id)
            if before is not None and before.batch is not None:
                before.batch.waiting.discard(camera.id)
                before.batch.replaced += 1
            wish = _Wish(verb, camera.state, camera.generation, camera.since, camera.name, batch)
            self._wishes[camera.id] = wish

    def refused(self, camera: str, reason: str) -> str:
        """The recorder said no; the sentence where that is not told with others."""
        wish = self._wishes.pop(camera, None)
        if wish is None or wish.batch is None:
            return reason
        wish.batch.waiting.discard(camera)
        wish.batch.refused.setdefault(reason, []).append(wish.name)
        return ""

    def settle(self, snapshot: RecorderSnapshot) -> list[str]:
        """Take away what has shown in the snapshot; returns sentences for what has come to its end."""
        sentences: list[str] = []
        cameras = {camera.id: camera for camera in snapshot.cameras}
        for batch in self._batches:
            batch.quiet_ticks += 1
        for id_, wish in list(self._wishes.items()):
            camera, of = cameras.get(id_), wish.batch
            if camera is None:
                self._missing(id_, wish, "no longer configured")
                continue
            wish.ticks += 1
            now, then = (camera.state, camera.generation, camera.since), (wish.state, wish.generation, wish.since)
            wish.noted = wish.noted and now == then
            done = self._end_of(wish, camera)
            if done:
                del self._wishes[id_]
                if of is None:
                    sentences.append(done)
                else:
                    of.ended.append(done)
                    of.waiting.discard(id_)
                    of.quiet_ticks = 0
            elif (wish.ticks if of is None else of.quiet_ticks) > PATIENCE_TICKS:
                self._missing(id_, wish, WORD[camera.state])
        over = [batch for batch in self._batches if not batch.waiting]
        self._batches = [batch for batch in self._batches if batch.waiting]
        return [*sentences, *(batch.told() for batch in over if batch.count > batch.replaced)]

    def _missing(self, camera: str, wish: _Wish, why: str) -> None:
        del self._wishes[camera]
        if wish.batch is not None:
            wish.batch.missing.append(f"{wish.name} ({why})")
            wish.batch.waiting.discard(camera)

    @staticmethod
    def _end_of(wish: _Wish, camera: CameraSnapshot) -> str:
        newer = camera.generation > wish.generation
        if wish.verb != "stop" and camera.state is CameraState.RECORDING and newer:
            cost = camera.changeover
            measured = cost is not None and cost.after == camera.generation
            wish.done_ticks += 1
            cut = wish.verb == "restart" and wish.state is CameraState.RECORDING
            if cut and not measured and wish.done_ticks <= MEASURE_TICKS:
                return ""
            told = f": {cost}" if measured else ""
            return f"{camera.name} records{' again' if wish.verb == 'restart' else ''}, PID {camera.pid}{told}."
        if wish.verb == "stop" and camera.state is CameraState.STOPPED:
            return f"{camera.name} is stopped."
        return ""
