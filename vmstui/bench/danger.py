"""Why the bench may not run, or may not go on: it must not cost a running recording a frame. Pure.

What it would take is known from a trial: the heaviest layout for one camera, with the lowest priority there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmstui.model import CameraSnapshot, CameraState, RecorderSnapshot
from vmstui.spoken import decimal_size, plural, size

SPARE = 1.1
"""So much more than the trial took is asked for: a trial is short."""
MEMORY_SHARE = 0.5
"""Of what is available."""
SLOW = 0.9
"""Speed of a worker that falls behind its camera."""
DISK_BYTES_PER_S = 2_000_000
"""What the files of one camera may grow by, generously: they are deleted after each turn."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The heaviest layout, for one camera."""

    cpu_percent: float
    rss_bytes: int
    speed: float


@dataclass(frozen=True, slots=True)
class Disk:
    """That of the temporary files."""

    folder: str
    free_bytes: int
    floor_bytes: int
    """What has to stay free: what the recordings want where they are on the same disk."""
    why: str
    """Of the floor."""


def disk_refusal(disk: Disk, cameras: int, turn_s: float) -> str:
    """Why there is not enough room for a turn; empty where there is."""
    needed = round(cameras * turn_s * DISK_BYTES_PER_S)
    if disk.free_bytes - needed >= disk.floor_bytes:
        return ""
    return (
        f"{disk.folder} has {decimal_size(disk.free_bytes)} free, a turn may take {decimal_size(needed)}, and "
        f"{decimal_size(disk.floor_bytes)} have to stay free ({disk.why}); set TMPDIR to a folder on another disk"
    )


def connection_refusals(snapshot: RecorderSnapshot, cameras: tuple[str, ...]) -> Iterator[str]:
    """Cameras that are recorded now and are not known to serve a second connection."""
    for camera in snapshot.cameras:
        if camera.id in cameras and camera.pid is not None and not camera.seamless:
            yield (
                f"camera {camera.id} is being recorded and is not known to serve a second connection: to ask it for "
                "one could end the recording. Name other cameras, or use --simulated"
            )


def load_refusals(snapshot: RecorderSnapshot, trial: Trial, cameras: int, available_bytes: int) -> Iterator[str]:
    """What the heaviest layout would take of what recording needs."""
    if trial.speed < SLOW:
        yield (
            f"with the lowest priority, the heaviest layout of one camera took in only {trial.speed:.0%} of its "
            "frames: this machine has too little CPU left"
        )
    needed = trial.cpu_percent * cameras * SPARE
    waiting = [camera for camera in snapshot.cameras if camera.wanted and camera.state is not CameraState.RECORDING]
    budget, used = snapshot.cpu_budget_percent, snapshot.cpu_percent
    if needed > budget - used:
        yield (
            f"the heaviest layout needs {needed:.0f} % of a core for {plural(cameras, 'camera')}, and recording uses "
            f"{used:.0f} % of its budget of {budget:.0f} %: {max(budget - used, 0.0):.0f} % are left"
        )
    elif (left := _machine_left(snapshot)) is not None and needed > left:
        yield (
            f"the heaviest layout needs {needed:.0f} % of a core for {plural(cameras, 'camera')}, and all that runs on "
            f"this machine leaves {left:.0f} %"
        )
    if waiting:
        yield (
            f"{plural(len(waiting), 'camera')} should be recorded and {'is' if len(waiting) == 1 else 'are'} not "
            f"({', '.join(camera.id for camera in waiting[:3])}): their start needs the CPU"
        )
    memory = trial.rss_bytes * cameras
    if memory > MEMORY_SHARE * available_bytes:
        yield f"the heaviest layout needs {size(memory)} of memory, and {size(available_bytes)} are available"


def harm(before: RecorderSnapshot, now: RecorderSnapshot) -> str:
    """What became worse of a recording since the bench began; empty when nothing did."""
    then = {camera.id: camera for camera in before.cameras}
    for camera in now.cameras:
        earlier = then.get(camera.id)
        if earlier is None or earlier.state is not CameraState.RECORDING or not camera.wanted:
            continue
        if camera.state is not CameraState.RECORDING:
            return f"{camera.id} is not recorded any more ({camera.state.value}{_because(camera)})"
        if _speed(camera) < SLOW <= _speed(earlier):
            return f"the worker of {camera.id} falls behind its camera: speed {_speed(camera):.2f}"
    return ""


def _because(camera: CameraSnapshot) -> str:
    return f": {camera.reason}" if camera.reason else ""


def _speed(camera: CameraSnapshot) -> float:
    return camera.progress.speed if camera.progress is not None and camera.progress.speed > 0 else 1.0


def _machine_left(snapshot: RecorderSnapshot) -> float | None:
    """CPU that nothing on the machine uses, with the same reserve as the budget of recording has."""
    machine = snapshot.machine
    if machine is None:
        return None
    return max(100.0 * snapshot.cpu_count - machine.cpu_percent - machine.steal_percent, 0.0)
