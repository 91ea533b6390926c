"""One layout once: its processes are started, left to settle, watched over a window, and ended.

CPU is that of the kernel's clock of each process, from the beginning of the window to its end; nothing is sampled.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmstui.bench.children import Child
from vmstui.bench.layouts import argvs
from vmstui.bench.rounds import evened
from vmstui.bench.stand import LOOK_S, BenchCamera, BenchFailed, Stand, bare
from vmstui.bench.words import Layout, Turn
from vmstui.configured import Profile
from vmstui.ffmpeg.command import WorkerFiles, input_script
from vmstui.ffmpeg.plan import Plan

SETTLE_S = 2.0
"""After the first footage: the start of an encoder, what came in a burst."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is measured in one turn."""

    layout: Layout
    round: int
    plans: Mapping[str, Plan]
    """By the codec of the camera."""
    profile: Profile
    segment_length_s: int
    seconds: float
    nice: int = 0
    """Of its processes; 19 stands back behind everything."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """One end of the window."""

    at_s: float
    cpu_s: tuple[float, ...]
    frames: tuple[tuple[int, float] | None, ...]
    packets: tuple[int, ...]


def measured(stand: Stand, cameras: Sequence[BenchCamera], task: Task, look: Callable[[], None]) -> Turn:
    """One turn; `look` is called once a second meanwhile and may raise. Raises BenchFailed, CommandError."""
    with _running(stand, cameras, task) as (children, paths, spools):
        _wait_recorded(stand, children, spools, look)
        stand.wait_published(paths, children, look)
        _pass(SETTLE_S, stand, children, look)
        before = _mark(stand, children, paths)
        _pass(task.seconds, stand, children, look)
        after = _mark(stand, children, paths)
        rss_bytes = sum(child.rss_bytes() for child in children)
        stand.check(children)
    for path, then, now in zip(paths, before.packets, after.packets, strict=True):
        if now <= then:
            raise BenchFailed(f"{task.layout}: the live stream {path} stood still: {children[-1].last_words()}")
    per_camera = len(children) // len(cameras)
    rates = [camera.source.fps for camera in cameras for _ in range(per_camera)]
    speeds = [speed_of(then, now, rate) for then, now, rate in zip(before.frames, after.frames, rates, strict=True)]
    taken = [now - then for then, now in zip(before.cpu_s, after.cpu_s, strict=True)]
    return Turn(
        layout=task.layout,
        round=task.round,
        elapsed_s=after.at_s - before.at_s,
        cpu_s=sum(taken),
        even_cpu_s=sum(evened(cpu_s, speed) for cpu_s, speed in zip(taken, speeds, strict=True)),
        processes=len(children),
        rss_bytes=rss_bytes,
        speed=min(speeds),
    )


def speed_of(before: tuple[int, float] | None, after: tuple[int, float] | None, fps: float) -> float:
    """Frames taken in between two reports of a process, each with its time, by those of its camera; 0 without two."""
    if before is None or after is None or after[1] <= before[1]:
        return 0.0
    return (after[0] - before[0]) / (after[1] - before[1]) / fps


@contextlib.contextmanager
def _running(
    stand: Stand, cameras: Sequence[BenchCamera], task: Task
) -> Iterator[tuple[list[Child], list[str], list[Path]]]:
    """All processes of a layout, the paths they publish to, and where they record."""
    place = stand.folder / "turn"
    place.mkdir()
    children: list[Child] = []
    paths: list[str] = []
    spools: list[Path] = []
    try:
        for camera in cameras:
            folder = place / camera.id
            spool = folder / "spool"
            spool.mkdir(parents=True)
            script = folder / "input.ffconcat"
            script.write_text(input_script(bare(camera, task.profile), stand.abilities), encoding="utf-8")
            # A path of its own for each turn: a publisher that has just been killed may still hold the last one.
            path = f"live_{camera.id}_{task.round}_{task.layout.name.lower()}"
            commands = argvs(
                task.layout,
                stand.abilities,
                task.plans[camera.source.codec],
                bare(camera, task.profile),
                WorkerFiles(str(script), str(spool)),
                task.segment_length_s,
                stand.url(path),
            )
            for number, argv in enumerate(commands):
                name = f"{camera.id}-{number}"
                children.append(Child(argv, folder, name, stand.environment, task.nice, stand.masker))
            paths.append(path)
            spools.append(spool)
        yield children, paths, spools
    finally:
        for child in children:
            child.kill()
        shutil.rmtree(place, ignore_errors=True)


def _wait_recorded(stand: Stand, children: Sequence[Child], spools: Sequence[Path], look: Callable[[], None]) -> None:
    def recorded() -> bool:
        return all(_has_footage(spool) for spool in spools) and all(child.frames() for child in children)

    if not stand.wait(recorded, children, look):
        said = "; ".join(filter(None, (child.last_words() for child in children)))
        raise BenchFailed(f"nothing was recorded within {stand.start_limit_s:g} s ({said or 'ffmpeg said nothing'})")


def _has_footage(spool: Path) -> bool:
    return any(file.stat().st_size for file in spool.glob("*.mp4"))


def _pass(seconds: float, stand: Stand, children: Sequence[Child], look: Callable[[], None]) -> None:
    """Let time go by, and see to it that all goes on."""
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        time.sleep(min(left_s, LOOK_S))
        stand.check(children)
        look()


def _mark(stand: Stand, children: Sequence[Child], paths: Sequence[str]) -> _Mark:
    there = stand.published()
    packets = tuple(there[path].packets_in if path in there else 0 for path in paths)
    frames = tuple(child.frames() for child in children)
    try:
        return _Mark(time.monotonic(), tuple(child.cpu_s() for child in children), frames, packets)
    except OSError as error:
        raise BenchFailed(f"the CPU time of a process cannot be read: {error.strerror}") from None
