"""A real recorder over real simulated cameras, for tests that hold vmstui to its promises from outside.

Everything lies in the test's own folder, on ports the system chose. `stop` leaves nothing behind, whatever the test
did to the service: what is left is found by the mark of this installation and ended by its pid.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.ffmpeg.abilities import choose
from vmstui.footage import Segment
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.logged import LogPage
from vmstui.model import CameraDetails, CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.recorder.process import find_marked
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60.0
SHORTEST_SEGMENT_S = 5
HASTY = "tests.faults.hasty_service"
PASSWORD = "p@ss wörd/1"
"""With everything that has to be quoted or percent-encoded somewhere."""


class Recorder:
    """One installation: its configuration, its service, its commands."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.config = folder / "vmstui.yaml"
        self.recordings = folder / "recordings"
        self.socket = folder / "run" / "control.sock"
        self.environment = {
            **os.environ,
            "VMSTUI_STATE": str(folder / "state"),
            "VMSTUI_RUNTIME": str(folder / "run"),
            "VMSTUI_CONFIG": str(self.config),
            "PYTHONPATH": str(REPOSITORY),
        }
        self.program = "vmstui"
        """Module that is run as the service."""
        self.segment_s = 5
        """How long a segment is, for what is configured from now on; shorter ones than a person may have are for tests
        that wait for several."""
        self.service: subprocess.Popen[bytes] | None = None
        (folder / "state").mkdir(parents=True, exist_ok=True)
        shutil.copytree(cache, folder / "state" / "cache", dirs_exist_ok=True)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o600)

    def configure(self, cameras: Sequence[tuple[str, str]], profile: str = "source", head: str = "") -> None:
        """Write a configuration: id and address of each camera; `head` is more YAML at the top."""
        if self.segment_s < SHORTEST_SEGMENT_S and self.program == "vmstui":
            self.hurry({})
        lines = [
            f"recordings: {self.recordings}",
            f"segment: {{length: {self.segment_s}s}}",
            "timezone: UTC",
            "ffmpeg: embedded",
            head or "retention: {min_free: 16M}\nlive: {listen: '127.0.0.1:0'}",
            "cameras:" if cameras else "cameras: []",
        ]
        for name, url in cameras:
            lines += [
                f"  - id: {name}",
                f"    url: {url}",
                "    username: admin",
                "    password: {file: password}",
                f"    profile: {profile}",
            ]
        self.config.write_text("\n".join(lines) + "\n")

    def hurry(self, limits: Mapping[str, float]) -> None:
        """Run a service that has other limits than the product, such as `{"watchdog.STALE_S": 6}`: what is promised for
        a time holds for a shorter one too, and nobody waits for the sake of waiting."""
        self.program = HASTY
        self.environment["VMSTUI_TEST_LIMITS"] = json.dumps(limits)

    # -- the service -------------------------------------------------------------------------------------------------

    def start(self) -> int:
        """Start the service and wait until it answers; gives its pid."""
        pid = self.launch().pid
        wait_until(lambda: self.answers() or None, "the service answers")
        return pid

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the service, and leave it to itself."""
        log = (self.folder / "service.log").open("ab")
        self.service = subprocess.Popen(
            [sys.executable, "-m", self.program, "up", "--foreground"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        return self.service

    def answers(self) -> bool:
        """Whether a service answers."""
        assert self.service is not None
        assert self.service.poll() is None, (self.folder / "service.log").read_text()
        try:
            call(self.socket, "hello", timeout_s=5)
        except RecorderLost:
            return False
        return True

    def pid(self) -> int:
        """Of the service that answers now, whoever started it; 0 when none does."""
        try:
            hello = call(self.socket, "hello", timeout_s=5)
        except RecorderError:
            return 0
        return hello["pid"] if isinstance(hello, dict) and isinstance(hello["pid"], int) else 0

    def kill_service(self) -> None:
        """As the OOM killer would."""
        assert self.service is not None
        self.service.kill()
        self.service.wait()

    def stop(self) -> None:
        """End everything, also what a broken service left."""
        pid = self.pid()
        try:
            call(self.socket, "shutdown", timeout_s=60)
            wait_until(lambda: not alive(pid), f"the service {pid} is gone")
        except RecorderError:
            pass
        finally:
            if self.service is not None:
                if self.service.poll() is None:
                    try:
                        self.service.wait(15)
                    except subprocess.TimeoutExpired:
                        self.service.kill()
                        self.service.wait()
                self.service = None
            self._end_what_is_left()

    def left_running(self) -> list[int]:
        """Processes of this installation that live, the service apart."""
        found, installation = [], self.installation()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    environment = Path("/proc", entry, "environ").read_bytes()
                except OSError:
                    continue
                if f"VMSTUI_PROCESS={installation}:".encode() in environment:
                    found.append(int(entry))
        return found

    def installation(self) -> str:
        """The id in the marks of this installation's processes."""
        try:
            return (self.folder / "state" / "installation").read_text().strip()
        except OSError:
            return "none yet"

    def _end_what_is_left(self) -> None:
        for _ in range(50):
            left = find_marked(f"{self.installation()}:")
            if left is None:
                return
            left.send(signal.SIGKILL)
            left.close()
            time.sleep(0.1)

    # -- looking -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> RecorderSnapshot:
        """What the service shows now."""
        return from_json(RecorderSnapshot, call(self.socket, "snapshot"))

    def camera(self, name: str = "cam1") -> CameraSnapshot:
        """One camera of it."""
        return next(camera for camera in self.snapshot().cameras if camera.id == name)

    def details(self, name: str = "cam1") -> CameraDetails:
        """Its details."""
        return from_json(CameraDetails, call(self.socket, "details", {"camera": name}))

    def log(self, name: str | None = "cam1") -> list[str]:
        """Texts of its newest log lines."""
        page = from_json(LogPage, call(self.socket, "logs", {"camera": name, "limit": 2000}))
        return [line.text for line in page.lines]

    def segments(self, name: str = "cam1") -> list[Segment]:
        """Its published segments, oldest first."""
        data = call(self.socket, "segments", {"camera": name, "limit": 1000})
        return list(from_json(tuple[Segment, ...], data))[::-1]

    def catalogued(self, name: str = "cam1") -> tuple[Segment, ...]:
        """Those that the catalogue has, oldest first: on a busy machine a while after they were published."""
        with Catalogue.open(self.folder / "state" / FILE_NAME, readonly=True) as catalogue:
            return catalogue.segments(name, None, None)

    def wait_catalogued(self, count: int = 1, name: str = "cam1") -> None:
        """Wait until the catalogue has so many; it is what commands that need no recorder look at."""

        def look() -> bool:
            try:
                return len(self.catalogued(name)) >= count
            except CatalogueError:  # not made yet
                return False

        wait_until(look, f"{name}: {count} segments in the catalogue", self._explain)

    def wait_for(
        self, what: str, condition: Callable[[CameraSnapshot], Any], name: str = "cam1", limit_s: float = PATIENCE_S
    ) -> CameraSnapshot:
        """Wait until a camera is as described."""

        def look() -> CameraSnapshot | None:
            camera = self.camera(name)
            return camera if condition(camera) else None

        found: CameraSnapshot = wait_until(look, f"{name}: {what}", self._explain, limit_s)
        return found

    def wait_recording(self, name: str = "cam1", generation: int = 1) -> CameraSnapshot:
        """Wait until a camera is recorded by this generation or a later one."""
        return self.wait_for(
            "recording",
            lambda camera: camera.state is CameraState.RECORDING and camera.generation >= generation,
            name,
        )

    def _explain(self) -> str:
        try:
            return "\n".join(
                f"{camera.id}: {camera.state} {camera.reason}\n"
                + "\n".join(f"  {event.kind}: {event.text}" for event in self.details(camera.id).events)
                for camera in self.snapshot().cameras
            )
        except RecorderError as error:
            return f"{error}\n{(self.folder / 'service.log').read_text()}"

    def command(self, *arguments: str, timeout_s: float = 90.0) -> subprocess.CompletedProcess[str]:
        """Run `vmstui` as a person would."""
        return subprocess.run(
            [sys.executable, "-m", HASTY if self.segment_s < SHORTEST_SEGMENT_S else "vmstui", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def all_files(self) -> dict[Path, bytes]:
        """Content of everything below the folder but the password file itself and media."""
        return {
            path: path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix != ".mp4" and path.name not in ("password", "input.ffconcat")
        }


def cameras(ffmpeg: str, folder: Path, count: int = 1, **options: Any) -> SimulatedCameras:
    """Simulated cameras `cam1`, `cam2`, … that ask for the password."""
    folder.mkdir(parents=True, exist_ok=True)
    small: dict[str, Any] = {"size": (320, 180), "fps": 10, "username": "admin", "password": PASSWORD, **options}
    specs = [CameraSpec(f"cam{number}", **small) for number in range(1, count + 1)]
    return SimulatedCameras(ffmpeg, folder, specs)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return raw[raw.rindex(b")") + 2 :][:1] not in b"ZX"


def kill_amid_segment(pid: int, spool: Path) -> float:
    """SIGKILL for a worker whose open segment holds frames already, as nothing of one that was just begun would play.

    It is frozen for the look, so that it cannot begin another one in between; gives the time on the clock.
    """

    def holds_frames() -> bool:
        os.kill(pid, signal.SIGSTOP)
        latest = max(spool.glob("*.mp4"), default=None)
        if latest is not None and latest.stat().st_size > 40_000:
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    wait_until(holds_frames, "an open segment of some seconds")
    os.kill(pid, signal.SIGKILL)
    return time.time()


def wait_until(
    look: Callable[[], Any], what: str, explain: Callable[[], str] = lambda: "", limit_s: float = PATIENCE_S
) -> Any:
    """Poll until `look` gives something; fails with what was waited for.

    A look that takes long, as one that runs a command does, is taken the less often: it would take the CPU from what it
    waits for.
    """
    deadline = time.monotonic() + limit_s
    while True:
        began = time.monotonic()
        found = look()
        if found:
            return found
        now = time.monotonic()
        assert now < deadline, f"waited {limit_s:g} s in vain: {what}\n{explain()}"
        time.sleep(min(max(0.1, 2 * (now - began)), 2.0))


def make_cache(folder: Path) -> str:
    """Probe the embedded ffmpeg once for many recorders; gives its path."""
    return choose("embedded", folder).binary.path


def read_json(text: str) -> Any:
    """JSON as plain data."""
    return json.loads(text)
