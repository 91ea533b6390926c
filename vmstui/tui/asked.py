"""What was asked of cameras and has not shown yet: so that a key press is seen at once, and its end is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot

PATIENCE_TICKS = 60
"""Ticks after which a note is taken away, though nothing changed."""
MEASURE_TICKS = 10
"""So long is waited for the cost of a restart, which is measured some seconds after it."""

_WORDS = {"restart": "restarting", "stop": "stopping", "start": "starting"}


@dataclass(slots=True)
class _Wish:
    verb: str
    state: CameraState
    generation: int
    since: datetime
    noted: bool = True
    ticks: int = 0
    done_ticks: int = 0


class Asked:
    """Wishes by camera id; the newest wish about a camera counts."""

    def __init__(self) -> None:
        self._wishes: dict[str, _Wish] = {}

    @property
    def notes(self) -> dict[str, str]:
        """What to show instead of the state, per camera id."""
        return {camera: _WORDS[wish.verb] for camera, wish in self._wishes.items() if wish.noted}

    def note(self, verb: str, camera: CameraSnapshot) -> None:
        """Something was just asked of a camera."""
        self._wishes[camera.id] = _Wish(verb, camera.state, camera.generation, camera.since)

    def refused(self, camera: str) -> None:
        """The recorder said no."""
        self._wishes.pop(camera, None)

    def settle(self, snapshot: RecorderSnapshot) -> list[str]:
        """Take away what has shown in the snapshot; returns sentences for what has come to its end."""
        sentences: list[str] = []
        for camera in snapshot.cameras:
            wish = self._wishes.get(camera.id)
            if wish is None:
                continue
            wish.ticks += 1
            now, then = (camera.state, camera.generation, camera.since), (wish.state, wish.generation, wish.since)
            wish.noted = wish.noted and now == then
            done = self._end_of(wish, camera)
            if done or wish.ticks > PATIENCE_TICKS:
                del self._wishes[camera.id]
            if done:
                sentences.append(done)
        return sentences

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
