"""Recorders and simulated cameras that leave nothing behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Recorder, cameras, make_cache
from tests.peers import unavailable
from vmstui.live.simulated import SimulatedCameras


@pytest.fixture(scope="session")
def abilities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder of the cached abilities of the embedded ffmpeg, and its path."""
    folder = tmp_path_factory.mktemp("abilities")
    return folder, make_cache(folder)


@pytest.fixture
def recorder(tmp_path: Path, abilities: tuple[Path, str]) -> Iterator[Recorder]:
    """A recorder that is not started yet."""
    made = Recorder(tmp_path / "r", abilities[0])
    yield made
    made.stop()


@pytest.fixture
def simulated(tmp_path: Path, abilities: tuple[Path, str]) -> Iterator[Callable[..., SimulatedCameras]]:
    """Makes started simulated cameras."""
    made: list[SimulatedCameras] = []

    def make(count: int = 1, **options: Any) -> SimulatedCameras:
        some = cameras(abilities[1], tmp_path / f"cameras{len(made)}", count, **options)
        made.append(some)
        some.start()
        return some

    yield make
    for some in made:
        some.stop()


@pytest.fixture
def mounts() -> Iterator[Callable[..., None]]:
    """Mounts a tmpfs with these options, or with `bind` a folder once more somewhere else.

    Needs root and says so without (`peers.unavailable`). Everything is unmounted again.
    """
    mounted: list[Path] = []

    def mount(folder: Path, options: str = "", *, bind: Path | None = None) -> None:
        what = ["-t", "tmpfs", "-o", options, "vmstui-test"] if bind is None else ["--bind", str(bind)]
        done = subprocess.run(["mount", *what, str(folder)], capture_output=True)
        if done.returncode != 0:
            unavailable(f"mounting a tmpfs is not allowed here: {done.stderr.decode().strip()}")
        mounted.append(folder)

    yield mount
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
