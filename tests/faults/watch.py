"""Looks on from outside while a recorder is maltreated: how many workers are there, and where does footage go?

`Watch` looks at `/proc` and the spool some fifty times a second in a thread of its own, knows nothing of the service,
and remembers every instant at which a camera had more workers than it may have, and every file that ever lay in the
spool.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import av

from tests.integration.harness import Recorder
from vmstui.recorder.process import MARKER

PERIOD_S = 0.02
UNSURE_S = 1.0
"""A process is not what it is going to be until its program was started, an instant after it came to be."""
STRANGER_S = 5.0
"""For so long a pid is taken for that of the same stranger."""
LIST_S = 0.2
"""`/proc` is listed so often also when no process has come: one gets its pid an instant before it is seen there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One worker."""

    pid: int
    start_ticks: int
    camera: str
    generation: int

    @property
    def alive(self) -> bool:
        """Neither gone nor a zombie, nor was it when it was first seen."""
        return 0 != self.start_ticks == _start_ticks(self.pid)


class Watch:
    """Of one installation, whose id is known."""

    def __init__(self, recorder: Recorder) -> None:
        self.allowed = 1
        """Workers that a camera may have at a time."""
        self.hiding = False
        """A worker may come up as another process."""
        self.violations: list[str] = []
        self._recorder = recorder
        self._marker = f"{MARKER}={recorder.installation()}:".encode()
        self._strangers: dict[int, tuple[float, float]] = {}
        self._listed: list[int] = []
        self._list_at_s = 0.0
        self._newest = ""
        self._workers: dict[int, Seen] = {}
        self._generations: dict[tuple[str, int], Seen] = {}
        self._too_many: dict[str, frozenset[Seen]] = {}
        self._files: dict[int, tuple[Path, int]] = {}
        self._looking = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch all the while; at the end there must have been no violation."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()
        assert not self.violations, self.violations

    @property
    def generations(self) -> int:
        """Workers that were ever seen."""
        return len(self._generations)

    def workers(self, camera: str = "cam1") -> list[int]:
        """Pids of those that live now."""
        with self._looking:
            self._look()
            return sorted(seen.pid for seen in self._workers.values() if seen.camera == camera and seen.alive)

    def recording(self, camera: str = "cam1") -> int | None:
        """Pid of the one worker, if it is the only one, holds its lock and its open segment holds more than a head."""
        workers = self.workers(camera)
        if len(workers) != 1 or not self._locked(workers[0], camera):
            return None
        try:
            for entry in os.scandir(f"/proc/{workers[0]}/fd"):
                if os.readlink(entry.path).endswith(".mp4") and os.stat(entry.path).st_size > 2048:
                    return workers[0]
        except OSError:
            pass
        return None

    def settled(self) -> bool:
        """Only workers that live have something in the spool, and of theirs no more than the open segment."""
        with self._looking:
            live = {(seen.camera, str(seen.generation)) for seen in self._workers.values() if seen.alive}
        listed = map(Path, glob(f"{self._recorder.recordings}/.vmstui/spool/*/*/*"))
        owners = [(path.parts[-3], path.parts[-2], path.suffix) for path in listed]
        return live >= {owner[:2] for owner in owners} and len(owners) == len(set(owners))

    def check_files(self) -> None:
        """To be called once all is over: every file that was ever in the spool, whole, is published or set aside with
        a reason; what is published plays; and nothing else is there."""
        internal = self._recorder.recordings / ".vmstui"
        spooled = [path for path in (internal / "spool").rglob("*") if path.is_file()]
        assert spooled == [], f"left in the spool: {spooled}"
        files = list(self._recorder.recordings.rglob("*.mp4"))
        aside = [path for path in files if internal / "quarantine" in path.parents]
        published = [path for path in files if internal not in path.parents]
        kept = {path.stat().st_ino: path.stat().st_size for path in [*published, *aside]}
        lost = [str(path) for inode, (path, size) in self._files.items() if kept.get(inode, -1) < size]
        assert lost == [], f"were in the spool and are nowhere, or shorter than they were: {lost}"
        for path in aside:
            assert path.with_name(f"{path.name}.reason.txt").read_text().strip()
        for path in published:
            assert _frames(path) > 0, path

    # -- inside ------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._over.wait(PERIOD_S):
                with self._looking:
                    self._look()
                    self._judge()
                    self._look_at_spool()
        except Exception as error:
            self.violations.append(f"nobody watched any more: {error!r}")

    def _look(self) -> None:
        now_s = time.monotonic()
        self._workers = {pid: seen for pid, seen in self._workers.items() if seen.alive}
        for pid in self._pids(now_s):
            if pid in self._workers:
                continue
            first_s, again_s = self._strangers.get(pid, (now_s, now_s))
            if now_s < again_s:
                continue
            self._strangers[pid] = (first_s, now_s if now_s < first_s + UNSURE_S else now_s + STRANGER_S)
            self._identify(pid)

    def _pids(self, now_s: float) -> list[int]:
        """Of all processes; to list them is by far the dearest part of a look, and is done when there is a new one."""
        newest = Path("/proc/loadavg").read_text().split()[-1]
        if newest != self._newest or newest == "0" or now_s >= self._list_at_s:
            self._list_at_s = now_s if newest != self._newest else now_s + LIST_S
            self._newest = newest
            self._listed = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return self._listed

    def _identify(self, pid: int) -> None:
        try:
            if os.getsid(pid) != pid:
                return
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            return
        if self._marker not in environment:
            return
        marked = [entry for entry in environment.split(b"\0") if entry.startswith(self._marker)]
        if not marked:
            return
        camera, _, generation = marked[0].removeprefix(self._marker).decode().partition(":")
        if not generation.isdigit() or camera.startswith("/"):
            return
        seen = Seen(pid, _start_ticks(pid), camera, int(generation))
        if not seen.alive:
            return
        self._workers[pid] = seen
        other = self._generations.setdefault((camera, seen.generation), seen)
        if other != seen and not self.hiding:
            self.violations.append(f"{camera}: generation {generation} was started twice: {other} and {seen}")

    def _judge(self) -> None:
        """Who was there the last time and is there still, together: so they were at one instant."""
        by_camera: dict[str, set[Seen]] = {}
        for seen in self._workers.values():
            by_camera.setdefault(seen.camera, set()).add(seen)
        before, self._too_many = self._too_many, {}
        for camera, workers in by_camera.items():
            if len(workers) > self.allowed:
                self._too_many[camera] = frozenset(workers)
                together = {seen for seen in workers & before.get(camera, frozenset()) if seen.alive}
                if len(together) > self.allowed:
                    self.violations.append(f"{camera}: {len(together)} workers at once: {sorted(map(str, together))}")

    def _look_at_spool(self) -> None:
        root = self._recorder.recordings / ".vmstui" / "spool"
        for folder in (Path(folder) for folder in glob(f"{root}/*/*")):
            with suppress(OSError):  # published while we look, or settled as a whole
                for path in folder.iterdir():
                    if path.suffix == ".mp4":
                        status = path.stat()
                        self._files[status.st_ino] = (path, status.st_size)

    def _locked(self, pid: int, camera: str) -> bool:
        """As the kernel tells: our own try to take the lock might be what keeps a worker from it."""
        folder = self._recorder.folder / "state" / "cameras" / camera
        try:
            is_lock = Path(os.readlink(f"/proc/{pid}/fd/3")) in (folder / "lock.0", folder / "lock.1")
            return is_lock and "FLOCK" in Path(f"/proc/{pid}/fdinfo/3").read_text()
        except OSError:
            return False


def _frames(path: Path) -> int:
    """Frames that decode. All do, but for a last one that was cut off in the middle, as by a full disk."""
    frames = 0
    with av.open(str(path)) as container:
        packets = list(container.demux(video=0))
        for packet in packets:
            if packet.is_corrupt:
                assert all(later.size == 0 for later in packets[packets.index(packet) + 1 :]), path
                break
            frames += len(packet.decode())
    return frames


def _start_ticks(pid: int) -> int:
    """0 for a process that is gone, or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    fields = raw[raw.rindex(b")") + 2 :].split()
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])
