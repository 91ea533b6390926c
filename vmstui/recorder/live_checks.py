"""Which live stream is watched when: one at a time, each now and then, and at once when somebody asks.

Watching a stream costs the relay what one more viewer costs and this process some 20 ms of CPU, so by itself the
recorder looks at one stream in two minutes at most, at each once in ten minutes, and at none while the machine or the
relay is busy: no recording shall be thinned out to prove that it can be seen. Made by the service.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vmstui.configured import OutputSettings, VideoCodec
from vmstui.ffmpeg.encoders import COPY
from vmstui.logged import LogLevel
from vmstui.model import OutputState, ProcessSnapshot
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.context import Context
from vmstui.recorder.fleet import Fleet

if TYPE_CHECKING:
    from vmstui.live_check import LiveCheck

PERIOD_S = 600.0
PACE_S = 120.0
"""From one stream to the next."""
BUSY_LOAD = 1.5
"""Runnable threads per core, as a mean of the last minute, from which the machine is too busy to look."""
BUSY_RELAY_PERCENT = 50.0
"""Of a core."""
MOST_BITRATE = 1.25
"""Times what was asked for: an encoder that is told to keep to a rate keeps to it within a few seconds."""


class LiveChecks:
    """The live streams of a service. Runs on its loop."""

    def __init__(
        self,
        context: Context,
        fleet: Fleet,
        relay: Callable[[], ProcessSnapshot],
        say: Callable[[LogLevel, str], None],
    ) -> None:
        self._context = context
        self._fleet = fleet
        self._relay = relay
        self._say = say
        self._one = asyncio.Lock()
        self._found: dict[str, tuple[float, LiveCheck]] = {}

    def latest(self, camera: str) -> LiveCheck | None:
        """What was last seen of a camera."""
        found = self._found.get(camera)
        return found[1] if found is not None else None

    async def check(self, camera: CameraWorker) -> LiveCheck:
        """Watch a stream now, or as soon as nobody else is being watched."""
        async with self._one:
            found = await self._watched(camera)
            self._found[camera.camera.id] = asyncio.get_running_loop().time(), found
        return found

    async def go_round(self) -> None:
        """One stream after the other, for ever."""
        while True:
            await asyncio.sleep(PACE_S)
            camera = self._next(asyncio.get_running_loop().time())
            if camera is None or self.busy():
                continue
            before = self.latest(camera.camera.id)
            try:
                found = await self.check(camera)
            except Exception as error:  # a mistake of ours must not end it for all
                self._say(LogLevel.ERROR, f"{camera.camera.id}: live check: {type(error).__name__}: {error}")
                continue
            if found.reason and (before is None or not before.reason):
                self._say(LogLevel.WARNING, f"{camera.camera.id}: live stream: {found.reason}")

    def busy(self) -> str:
        """Why nobody should be bothered now; empty when all is quiet."""
        sample = self._relay().sample
        relay_percent = sample.cpu_percent if sample is not None else 0.0
        return too_busy(os.getloadavg()[0], len(os.sched_getaffinity(0)), relay_percent)

    def _next(self, now_s: float) -> CameraWorker | None:
        """The stream that was not looked at for longest, if it is due, up, and of a camera that is recorded well."""
        for name in self._found.keys() - self._fleet.cameras.keys():
            del self._found[name]
        due = [
            (self._found[name][0] if name in self._found else float("-inf"), name)
            for name, camera in self._fleet.cameras.items()
            if camera.process is not None and camera.camera.profile.live is not None
        ]
        due = [(at_s, name) for at_s, name in due if now_s - at_s >= PERIOD_S and self._is_up(name)]
        return self._fleet.cameras[min(due)[1]] if due else None

    def _is_up(self, camera: str) -> bool:
        run = self._fleet.cameras[camera].worker.run
        return run is not None and run.recorded and self._context.live.health(camera)[0] is OutputState.UP

    async def _watched(self, camera: CameraWorker) -> LiveCheck:
        from vmstui.live.client import ProbeError, ProbeErrorKind  # here, as what is below: seldom needed
        from vmstui.live.viewer import watch
        from vmstui.live_check import LiveCheck

        name, server, at = camera.camera.id, self._context.settings.live, datetime.now(UTC)
        url = self._context.live.play_url(name)
        if (reason := _why_not(camera)) is not None:
            return LiveCheck(name, at, url, reason=reason)
        password = server.password.value if server.password is not None else None
        try:
            seen = await watch(url, server.username, password)
        except ProbeError as error:
            text = self._context.masker.mask(str(error))
            if error.kind is ProbeErrorKind.AUTH and server.url is not None:
                wants = "refuses the" if server.username is not None else "wants a"
                text = f"the live server {wants} login for playing (live.username), so it cannot be watched"
            return LiveCheck(name, at, url, reason=text)
        width, height = seen.size or (0, 0)
        found = LiveCheck(
            camera=name,
            at=at,
            url=url,
            codec=seen.codec,
            width=width,
            height=height,
            fps=round(seen.fps, 2),
            bitrate_bps=seen.bitrate_bps,
            first_picture_s=None if seen.first_picture_s is None else round(seen.first_picture_s, 3),
            watched_s=round(seen.watched_s, 2),
            pictures=seen.pictures,
            lost_packets=seen.lost_packets,
        )
        return judged(found, camera.camera.profile.live, camera.worker.record.live_encoder)


def _why_not(camera: CameraWorker) -> str | None:
    """Why there is nothing to watch."""
    if camera.camera.profile.live is None:
        return f"profile {camera.camera.profile.name} has no live stream"
    if camera.process is None:
        return "the worker does not run"
    if not camera.worker.record.live_encoder:
        return f"no live stream: {camera.worker.record.note or 'it was given up to keep recording'}"
    return None


def too_busy(load: float, cores: int, relay_percent: float) -> str:
    """Why no stream should be watched now; empty when all is quiet."""
    if load > BUSY_LOAD * cores:
        return f"the machine is busy: load {load:.1f} on {cores} cores"
    if relay_percent > BUSY_RELAY_PERCENT:
        return f"the live relay is busy: {relay_percent:.0f} % of a core"
    return ""


def judged(found: LiveCheck, asked: OutputSettings | None, encoder: str) -> LiveCheck:
    """With what is wrong about it: also against what its profile asks for, where it is made by an encoder."""
    wrong: list[str] = []
    if found.pictures == 0:
        wrong.append("not a single picture came")
    elif found.first_picture_s is None:
        wrong.append(f"no keyframe came within {found.watched_s:.1f} s of the stream")
    if asked is not None and encoder not in ("", COPY):
        if asked.codec is not VideoCodec.SOURCE and found.codec != asked.codec.value:
            wrong.append(f"it is {found.codec or 'of no codec'}, {asked.codec} is asked for")
        if asked.size is not None and found.width and (found.width, found.height) != asked.size:
            wrong.append(f"it is {found.width}x{found.height}, {asked.size[0]}x{asked.size[1]} is asked for")
        if asked.bitrate_bps is not None and found.bitrate_bps > MOST_BITRATE * asked.bitrate_bps:
            wrong.append(f"it has {found.bitrate_bps / 1e6:.2f} Mbit/s, {asked.bitrate_bps / 1e6:.2f} are asked for")
    if found.lost_packets:
        wrong.append(f"{found.lost_packets} packets were missing")
    return replace(found, reason="; ".join(wrong))
