"""What follows the end of a worker: what of its note is on the disk for certain, and when what it left is looked at."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Never, cast

import pytest

from tests.unit.ffmpeg_examples import abilities, camera
from vmstui.configured import Settings
from vmstui.footage import GapCause
from vmstui.model import CameraState
from vmstui.recorder import machine_events as ev
from vmstui.recorder import publisher
from vmstui.recorder.background import BACKGROUND
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.context import Context
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.machine_state import Machine
from vmstui.recorder.policy import WORKER_POLICY, Retry
from vmstui.recorder.process import Exit
from vmstui.recorder.publisher import SUCCESSOR_FIRST_S, Publisher, Spool
from vmstui.recorder.record import load_record
from vmstui.recorder.supervised import StartFailed
from vmstui.recorder.triage_inbox import Failed
from vmstui.recorder.watchdog import Closed
from vmstui.recorder.worker import Worker
from vmstui.recording import layout
from vmstui.recording.clock import WallClock
from vmstui.triage.masking import Masker

LOBBY = camera()


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """What cameras share, on a disk of its own."""
    settings = Settings("/etc/vmstui.yaml", str(tmp_path / "recordings"), (LOBBY,))
    live = SimpleNamespace(publish_url=lambda name: f"rtsp://127.0.0.1:8554/{name}")
    with ThreadPoolExecutor(1) as threads:
        yield Context(
            settings,
            tmp_path,
            "me",
            Masker(()),
            LogBook(1),
            cast(Any, live),
            threads,
            None,
            WallClock("boot"),
            abilities=abilities(),
        )


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were written to the disk for certain, and not only to its cache."""
    names: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        names.append(
            Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.removeprefix(".").removesuffix(f".{os.getpid()}")
        )
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return names


async def test_between_a_death_and_the_next_start_nothing_waits_for_the_disk(
    context: Context, durable: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(worker: Worker) -> Never:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Worker, "launch", never)
    made = CameraWorker(LOBBY, context)
    worker = made.worker
    worker.save(replace(worker.record, generation=7))
    worker.machine = Machine(CameraState.RECORDING, wanted=True, alive=True, policy=WORKER_POLICY)
    ended = worker.ended(Exit(code=1), uptime_s=90.0)
    assert load_record(worker.note_path, LOBBY.id) == worker.record, "whoever comes next knows of the end in any case"
    worker.dispatch(replace(ended, recorded=True))
    states = [worker.machine.state]
    worker.dispatch(ev.NotStarted(ended.retry, "no such address", 0.0))
    states.append(worker.machine.state)
    assert states == [CameraState.STARTING, CameraState.BACKOFF]
    assert durable == []
    made.close()


@pytest.mark.parametrize("spoilt", [b"", b'{"camera": "lob', None])
async def test_what_a_person_asked_for_outlasts_a_power_cut_that_the_note_of_the_worker_does_not(
    context: Context, durable: list[str], spoilt: bytes | None
) -> None:
    made = CameraWorker(LOBBY, context)
    made.stop("ann")
    done = threading.Event()
    BACKGROUND.do(done.set)
    assert await asyncio.to_thread(done.wait, 20)
    assert durable == ["wanted.json"]
    made.close()
    note = made.worker.note_path
    if spoilt is None:
        note.unlink()
    else:
        note.write_bytes(spoilt)
    again = CameraWorker(LOBBY, context)
    assert not again.wanted
    again.start("bob")
    again.close()
    note.write_bytes(spoilt or b"")
    assert CameraWorker(LOBBY, context).wanted


async def test_a_note_of_what_was_asked_for_that_cannot_be_read_is_told_by_that_of_the_worker(context: Context) -> None:
    made = CameraWorker(LOBBY, context)
    made.stop("ann")
    made.close()
    for spoilt in (b"", b'"yes"', b"0"):
        (made.folder / "wanted.json").write_bytes(spoilt)
        assert not CameraWorker(LOBBY, context).wanted


async def test_what_an_ended_worker_left_waits_until_the_next_one_had_time_to_start(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    sleeps, time_is_up, looked_at = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        sleeps.set()
        await time_is_up.wait()

    monkeypatch.setattr(publisher, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    context.ffmpeg_found.set()
    context.folder_is_ours.set()
    spool = Spool(Path(context.settings.recordings), LOBBY, 7, "h264")
    folder = layout.generation_spool(spool.recordings, LOBBY.id, 7)
    folder.mkdir(parents=True)
    queue = Publisher(context, lambda _: None, lambda _: looked_at.set(), lambda _: None)
    queue.closed(spool, ("000001.mp4",))  # gone already
    queue.generation_ended(spool)
    async with asyncio.timeout(20):
        await sleeps.wait()
    assert slept == [SUCCESSOR_FIRST_S], "for a segment that is closed nobody waits"
    assert folder.exists()
    assert not looked_at.is_set()
    time_is_up.set()
    async with asyncio.timeout(20):
        await looked_at.wait()
    assert not folder.exists()
    queue.close()


@pytest.mark.parametrize(("good", "recorded"), [(0, False), (5, True)])
async def test_a_worker_that_made_nothing_that_plays_is_no_camera_that_fell_silent(
    context: Context, good: int, recorded: bool
) -> None:
    made = CameraWorker(LOBBY, context)
    worker = made.worker
    worker.machine = Machine(CameraState.STALLED, wanted=True, alive=True, step=1, policy=WORKER_POLICY)
    closed = Closed(good, 3, "does not play: moov atom not found")
    run = SimpleNamespace(closed=closed, recorded=True, spool=worker.spool(), close=lambda: None)
    worker.run = cast(Any, run)
    ended = worker.ended(Exit(code=255), uptime_s=540.0)
    assert (ended.retry, ended.recorded, ended.segments) == (Retry.DRIVER, recorded, good)
    assert "does not play: moov atom not found" in ended.text
    told = made.events.newest()
    assert told is not None
    assert told.cause is GapCause.DAMAGE
    made.close()


async def test_triage_is_told_what_came_to_nothing_and_when_it_had_been_begun(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what was said in an earlier try is not taken for why."""
    made = CameraWorker(LOBBY, context)
    worker = made.worker

    def failures() -> list[float]:
        items = iter(context.triage.take, None)
        return [item.since_s for item in items if isinstance(item, Failed) and item.camera == LOBBY.id]

    worker.machine = Machine(CameraState.RECORDING, wanted=True, alive=True, policy=WORKER_POLICY)
    before_s = time.time()
    worker.ended(Exit(code=1), uptime_s=90.0)
    (since_s,) = failures()
    assert before_s - 90.0 <= since_s <= time.time() - 90.0
    worker.machine = Machine(CameraState.STOPPING, wanted=False, alive=True, policy=WORKER_POLICY)
    worker.ended(Exit(code=0), uptime_s=90.0)
    assert failures() == [], "it was to end"

    async def refused(worker: Worker) -> Never:
        raise StartFailed(Retry.NETWORK, "nothing listens there")

    monkeypatch.setattr(Worker, "_launch", refused)
    with pytest.raises(StartFailed):
        await worker.launch()
    assert failures() == [worker.since.timestamp()]
    made.close()
