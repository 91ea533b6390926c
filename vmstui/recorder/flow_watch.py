"""Sees whether footage and live stream flow again on cameras whose connections broke, and tells triage.

Looks at nobody as long as triage knows of no such camera (`Triager.disconnected`), which is nearly always: what is done
once a second for each of hundreds of cameras is most of what a recorder costs. What follows from it is decided there
(`triage.flow`). Runs on the service's loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set

from vmstui.model import CameraState, OutputState
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.triage_inbox import Flows, Inbox

TELL_S = 3.0
"""From one time that triage is told to the next."""


class _Seen:
    """Of one camera, while this generation is the present one. None: it does not flow now."""

    __slots__ = ("generation", "live_since_s", "recorded_since_s")

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.recorded_since_s: float | None = None
        self.live_since_s: float | None = None


class FlowWatch:
    """Of one service. `cameras` gives those that are configured, `health` how a live stream is."""

    def __init__(
        self,
        cameras: Callable[[], Mapping[str, CameraWorker]],
        health: Callable[[str], tuple[OutputState, str, int | None]],
        inbox: Inbox,
    ) -> None:
        self._cameras = cameras
        self._health = health
        self._inbox = inbox
        self._seen: dict[str, _Seen] = {}
        self._due_s = 0.0

    def tick(self, disconnected: Set[str], now_s: float) -> None:
        """Once a second, on the monotonic clock, with the cameras that are to be looked at."""
        if not disconnected:
            if self._seen:
                self._seen = {}
            return
        cameras, before, self._seen = self._cameras(), self._seen, {}
        for name in disconnected:
            camera = cameras.get(name)
            if camera is not None:
                self._seen[name] = self._look(camera, before.get(name), now_s)
        if now_s >= self._due_s:
            self._due_s = now_s + TELL_S
            self._tell(now_s)

    def _look(self, camera: CameraWorker, before: _Seen | None, now_s: float) -> _Seen:
        worker = camera.worker
        run, generation = worker.run, worker.record.generation
        seen = before if before is not None and before.generation == generation else _Seen(generation)
        records = worker.machine.state is CameraState.RECORDING and run is not None and not run.still(now_s)
        is_live = run is not None and self._health(camera.camera.id)[0] is OutputState.UP
        seen.recorded_since_s = (seen.recorded_since_s or now_s) if records else None
        seen.live_since_s = (seen.live_since_s or now_s) if is_live else None
        return seen

    def _tell(self, now_s: float) -> None:
        at_s = time.time()
        for name, seen in self._seen.items():
            recorded_for_s, live_for_s = _for(seen.recorded_since_s, now_s), _for(seen.live_since_s, now_s)
            if recorded_for_s or live_for_s:
                self._inbox.put(Flows(name, seen.generation, at_s, recorded_for_s, live_for_s))
                self._inbox.hurry = True


def _for(since_s: float | None, now_s: float) -> float:
    return now_s - since_s if since_s is not None else 0.0
