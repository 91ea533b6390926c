"""What a bench stands on: a folder for its files, a relay for its live streams, and cameras. It all ends with `close`.

Cameras of one's own are opened once for the whole bench: a copy of what they send goes to the relay, and all layouts
read it from there. So a camera has one connection more, whatever the layout, and all layouts read the same.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vmstui.bench.children import BY_SHAPE, Child
from vmstui.bench.words import Source
from vmstui.configured import Camera, OutputKind, OutputSettings, Profile
from vmstui.ffmpeg.abilities import Abilities
from vmstui.ffmpeg.command import WorkerFiles, input_script, separate_argvs
from vmstui.ffmpeg.encoders import COPY
from vmstui.ffmpeg.plan import OutputPlan, Plan, Rung
from vmstui.live.client import ProbeError, poll_stats
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.live.stats import PathStats
from vmstui.live.viewer import watch
from vmstui.own_process import own_argv, own_environment
from vmstui.triage.masking import Masker

HOST = "127.0.0.1"
START_LIMIT_S = 60.0
_ANSWER_S = 5.0
LOOK_S = 1.0
"""So often it is seen to whether recordings suffer."""
_POLL_S = 0.1


class BenchFailed(Exception):
    """It cannot be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class BenchCamera:
    """A camera as all layouts read it: without a password."""

    source: Source
    url: str

    @property
    def id(self) -> str:
        """Of the camera that is behind it."""
        return self.source.camera


class Stand:
    """Use it as a context manager: what was begun is ended, also where only half of it began."""

    def __init__(self, abilities: Abilities, environment: Mapping[str, str], masker: Masker = BY_SHAPE) -> None:
        """`environment` is that of workers: without passwords. `masker` is for whatever they say."""
        self.abilities = abilities
        self.environment = environment
        self.masker = masker
        self.start_limit_s = START_LIMIT_S
        self._janitor: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._relay: Child | None = None
        self._feeders: list[Child] = []
        self._simulated: SimulatedCameras | None = None
        self._port = 0

    @property
    def folder(self) -> Path:
        """For temporary files; gone at the end."""
        assert self._folder is not None
        return self._folder

    def __enter__(self) -> Stand:
        try:
            self._start_janitor()
            self._start_relay()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def simulate(self, specs: Sequence[CameraSpec]) -> tuple[BenchCamera, ...]:
        """Simulated cameras. Raises BenchFailed."""
        place = self.folder / "simulated"
        place.mkdir()
        self._simulated = SimulatedCameras(self.abilities.binary.path, place, specs)
        try:
            self._simulated.start()
        except RuntimeError as error:
            raise BenchFailed(str(error)) from None
        return tuple(self._seen(spec.path, self._simulated.url(spec.path)) for spec in specs)

    def connect(self, cameras: Sequence[Camera], look: Callable[[], None]) -> tuple[BenchCamera, ...]:
        """Cameras of one's own, one connection each; `look` is called once a second meanwhile and may raise. Raises
        BenchFailed, CommandError."""
        place = self.folder / "cameras"
        place.mkdir()
        for camera in cameras:
            script = place / f"{camera.id}.ffconcat"
            script.touch(0o600)
            script.write_text(input_script(camera, self.abilities), encoding="utf-8")
            _, argv = separate_argvs(
                self.abilities,
                _PASSING_ON,
                camera,
                WorkerFiles(str(script), str(place)),
                1,
                self.url(_source(camera.id)),
            )
            self._feeders.append(Child(argv, place, camera.id, self.environment, masker=self.masker))
        for camera, feeder in zip(cameras, self._feeders, strict=True):
            if not self.wait(partial(self._sends, _source(camera.id)), (), look):
                said = feeder.last_words() or "ffmpeg said nothing"
                raise BenchFailed(f"camera {camera.id} sent nothing within {self.start_limit_s:g} s: {said}")
        return tuple(self._seen(camera.id, self.url(_source(camera.id))) for camera in cameras)

    def url(self, path: str) -> str:
        """Where a path of the relay is published to and read from."""
        return f"rtsp://{HOST}:{self._port}/{path}"

    def published(self) -> Mapping[str, PathStats]:
        """All paths of the relay. Raises BenchFailed."""
        try:
            return asyncio.run(poll_stats(HOST, self._port, _ANSWER_S)).paths
        except ProbeError as error:
            raise BenchFailed(f"the relay of the bench: {error}") from None

    def wait_published(self, paths: Sequence[str], children: Sequence[Child], look: Callable[[], None]) -> None:
        """Until something came in on each of these. Raises BenchFailed."""
        if not self.wait(lambda: not self._silent(paths), children, look):
            silent = ", ".join(self._silent(paths))
            raise BenchFailed(f"no live stream came within {self.start_limit_s:g} s: {silent}")

    def wait(self, done: Callable[[], bool], children: Sequence[Child], look: Callable[[], None]) -> bool:
        """Whether it was done before the limit; `look` is called once a second meanwhile and may raise. Raises
        BenchFailed when something ended."""
        began_s = looked_s = time.monotonic()
        while not done():
            self.check(children)
            now_s = time.monotonic()
            if now_s - looked_s >= LOOK_S:
                looked_s = now_s
                look()
            if now_s - began_s > self.start_limit_s:
                return False
            time.sleep(_POLL_S)
        return True

    def check(self, children: Sequence[Child] = ()) -> None:
        """Raises BenchFailed when one of these has ended, or anything that the bench stands on."""
        relay = (self._relay,) if self._relay is not None else ()
        for child in (*children, *self._feeders, *relay):
            if ended := child.ended():
                raise BenchFailed(ended)

    def close(self) -> None:
        """End everything and see the folder gone. May be called twice."""
        for feeder in self._feeders:
            feeder.kill()
        self._feeders.clear()
        if self._simulated is not None:
            self._simulated.stop()
            self._simulated = None
        if self._relay is not None:
            self._relay.kill()
            self._relay = None
        janitor, self._janitor = self._janitor, None
        if janitor is not None:
            assert janitor.stdin is not None
            assert janitor.stdout is not None
            janitor.stdin.close()
            janitor.stdout.close()
            janitor.wait()

    def _sends(self, path: str) -> bool:
        return not self._silent([path])

    def _silent(self, paths: Sequence[str]) -> list[str]:
        there = self.published()
        return [path for path in paths if path not in there or not there[path].publisher or not there[path].packets_in]

    def _start_janitor(self) -> None:
        self._janitor = subprocess.Popen(
            own_argv("vmstui.bench.janitor"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=own_environment(),
            start_new_session=True,
        )
        assert self._janitor.stdout is not None
        path = self._janitor.stdout.readline().decode(errors="surrogateescape").rstrip("\n")
        if not path:
            raise BenchFailed("no temporary folder can be made; set TMPDIR to one that can be written")
        self._folder = Path(path)

    def _start_relay(self) -> None:
        port_file = self.folder / "relay.port"
        argv = own_argv("vmstui.live.relay", "--host", HOST, "--port", "0", "--port-file", str(port_file))
        self._relay = Child(argv, self.folder, "relay", own_environment(), masker=self.masker)
        until_s = time.monotonic() + START_LIMIT_S
        while not port_file.exists():
            self.check()
            if time.monotonic() > until_s:
                raise BenchFailed(f"the relay of the bench did not start within {START_LIMIT_S:g} s")
            time.sleep(_POLL_S)
        self._port = int(port_file.read_text())

    def _seen(self, camera: str, url: str) -> BenchCamera:
        try:
            seen = asyncio.run(watch(url, None, None, seconds=2.0))
        except ProbeError as error:
            raise BenchFailed(f"camera {camera}: {error}") from None
        if seen.size is None or seen.fps <= 0:
            raise BenchFailed(f"camera {camera} sends no picture that can be measured ({seen.pictures} came)")
        return BenchCamera(Source(camera, seen.codec, *seen.size, seen.fps, seen.bitrate_bps), url)


def bare(camera: BenchCamera, profile: Profile) -> Camera:
    """As the layouts know it."""
    return replace(_NOBODY, id=camera.id, name=camera.id, url=camera.url, profile=profile)


def _source(camera: str) -> str:
    """Its path on the relay."""
    return f"source_{camera}"


_COPY = OutputSettings()
_PASSING_ON = Plan(
    Rung.COPY,
    OutputPlan(OutputKind.RECORDING, COPY, "", _COPY),
    OutputPlan(OutputKind.LIVE, COPY, "", _COPY),
    False,
    "",
)
_NOBODY = Camera("nobody", "Nobody", "", Profile("", _COPY, _COPY))
