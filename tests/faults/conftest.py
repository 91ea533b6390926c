"""The fixtures of the integration tests: faults are injected into the same recorders."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.watch import Watch
from tests.integration.conftest import abilities, mounts, recorder, simulated
from tests.integration.harness import Recorder, cameras, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.recorder.process import marker_of

__all__ = ["abilities", "mounts", "recorder", "simulated", "source", "watched"]


@pytest.fixture(scope="module")
def source(abilities: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCameras]:
    """Cameras for a whole module: `cam1` and `cam2`, with frames that come fast: ffmpeg looks at twenty first. They
    were encoded before, as they are there for minutes and nobody looks at their pictures."""
    folder = tmp_path_factory.mktemp("cameras")
    some: SimulatedCameras = cameras(abilities[1], folder, 2, fps=30, gop_s=0.3, loop_s=10)
    some.start()
    yield some
    some.stop()


@pytest.fixture
def watched(recorder: Recorder) -> Iterator[tuple[Recorder, Watch]]:
    """A recorder that is looked at from outside all the while; at the end it stops recording, and nothing is lost."""
    (recorder.folder / "state" / "installation").write_text(f"{uuid.uuid4().hex}\n")
    watch = Watch(recorder)
    with watch.running():
        yield recorder, watch
        # What could not be looked through during a fault is tried again.
        wait_until(watch.settled, "what dead workers left is settled", recorder._explain)
        down = recorder.command("down")
        assert (down.returncode, down.stderr) == (0, "")
        left = {pid: marker_of(pid) for pid in recorder.left_running()}
        assert left == {}
    watch.check_files()
