"""Recorders and simulated cameras that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Recorder, cameras, make_cache
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
