"""What a bench does with cameras that send nothing: it does not lose sight of the recordings meanwhile."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ffmpeg_examples import REENCODE, camera
from vmstui.bench.layouts import found_here
from vmstui.bench.stand import BenchCamera, BenchFailed, Stand
from vmstui.bench.turn import Task, measured
from vmstui.bench.words import Layout, Source
from vmstui.ffmpeg.abilities import choose


class Suffers(Exception):
    """What a look may raise."""


def suffering() -> None:
    raise Suffers


@pytest.fixture
def silent() -> Iterator[str]:
    """A camera that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"rtsp://127.0.0.1:{listener.getsockname()[1]}/cam"


@pytest.fixture
def stand(abilities: tuple[Path, str]) -> Iterator[Stand]:
    with Stand(choose("embedded", abilities[0]), os.environ) as made:
        yield made


def test_recordings_are_looked_after_while_a_silent_camera_is_waited_for(stand: Stand, silent: str) -> None:
    with pytest.raises(Suffers):
        stand.connect([camera(url=silent)], suffering)


def test_a_silent_camera_is_named_with_the_last_words_of_what_read_it(stand: Stand, silent: str) -> None:
    stand.start_limit_s = 1.0

    def say() -> None:
        log = stand.folder / "cameras" / "lobby.log"
        log.write_text("rtsp://admin:hunter2@cam/1: still waiting\n")

    with pytest.raises(BenchFailed) as failed:
        stand.connect([camera(url=silent)], say)
    assert str(failed.value) == "camera lobby sent nothing within 1 s: rtsp://***@cam/1: still waiting"


def test_recordings_are_looked_after_while_the_first_footage_of_a_turn_is_waited_for(stand: Stand, silent: str) -> None:
    plans = found_here(REENCODE, ["h264"], stand.abilities).plans[Layout.SINGLE]
    task = Task(Layout.SINGLE, 1, plans, REENCODE, 180, 3.0)
    watched = BenchCamera(Source("cam1", "h264", 160, 90, 10.0, 100_000), silent)
    with pytest.raises(Suffers):
        measured(stand, [watched], task, suffering)


def test_recordings_are_looked_after_while_a_live_stream_is_waited_for(stand: Stand) -> None:
    with pytest.raises(Suffers):
        stand.wait_published(["nobody"], (), suffering)
