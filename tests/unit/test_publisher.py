"""One file that cannot be settled keeps nothing else of its camera from being published, and is tried again all the
while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.unit.test_recording_fill import Found
from tests.unit.test_worker_end import LOBBY, context
from vmstui.footage import Segment
from vmstui.recorder import publisher
from vmstui.recorder.context import Context
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recording import layout
from vmstui.recording.spool import LIST_NAME

__all__ = ["context"]
NAMES = tuple(f"{number:06}.mp4" for number in range(5))


class Spooled:
    """The files of a worker, the first of which takes too long to be looked through until `cured`."""

    def __init__(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cured = False
        self.spool = Spool(Path(context.settings.recordings), LOBBY, 7, "h264")
        self.folder = layout.generation_spool(self.spool.recordings, LOBBY.id, 7)
        self.folder.mkdir(parents=True)
        for name in NAMES:
            (self.folder / name).write_bytes(b"x" * 100)
        (self.folder / LIST_NAME).write_text("".join(f"{name},0.0,1.0\n" for name in NAMES))
        monkeypatch.setattr(publisher, "RETRY_S", 0.01)
        monkeypatch.setattr(publisher, "LONGEST_RETRY_S", 0.05)
        monkeypatch.setattr(publisher, "SUCCESSOR_FIRST_S", 0.0)
        monkeypatch.setattr(publisher, "inspect_media", self._inspect)
        context.ffmpeg_found.set()
        context.folder_is_ours.set()
        self.published: asyncio.Queue[Segment] = asyncio.Queue()
        self.settled: asyncio.Queue[int] = asyncio.Queue()
        self.told: list[str] = []
        self.queue = Publisher(context, self.published.put_nowait, self.settled.put_nowait, self.told.append)

    def _inspect(self, binary: str, path: str, limit_s: float) -> Found:
        if Path(path).name == NAMES[0] and not self.cured:
            raise TimeoutError("not looked through in 30 s")
        return Found()

    async def numbers(self, count: int) -> list[int]:
        """Of the next segments that are published."""
        async with asyncio.timeout(20):
            return [(await self.published.get()).number for _ in range(count)]


async def test_what_comes_after_a_file_that_cannot_be_settled_is_published(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Spooled(context, monkeypatch)
    made.queue.closed(made.spool, NAMES[:3])
    assert await made.numbers(2) == [1, 2]
    made.queue.closed(made.spool, NAMES[3:])
    assert await made.numbers(2) == [3, 4]
    assert (made.folder / NAMES[0]).exists()
    assert not await made.queue.drained(5.0), "there still is one"
    assert made.queue.unsettled == frozenset()
    assert len(made.told) == 2, "that it is tried again, and that others go first"
    made.cured = True
    assert await made.numbers(1) == [0]
    assert await made.queue.drained(5.0)
    made.queue.close()


async def test_what_an_ended_worker_left_is_published_but_for_the_file_that_cannot_be(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Spooled(context, monkeypatch)
    made.queue.closed(made.spool, NAMES[:1])
    made.queue.generation_ended(made.spool)
    assert await made.numbers(4) == [1, 2, 3, 4]
    assert sorted(path.name for path in made.folder.glob("*.mp4")) == [NAMES[0]]
    assert made.settled.empty()
    made.cured = True
    made.queue.try_again()
    assert await made.numbers(1) == [0]
    async with asyncio.timeout(20):
        assert await made.settled.get() == 7
    assert not made.folder.exists()
    made.queue.close()


async def test_a_disk_that_is_well_again_is_not_waited_for(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Spooled(context, monkeypatch)
    monkeypatch.setattr(publisher, "RETRY_S", 3600.0)
    monkeypatch.setattr(publisher, "LONGEST_RETRY_S", 3600.0)
    made.queue.closed(made.spool, NAMES[:2])
    assert not await made.queue.drained(20.0), "it rests"
    assert made.queue.troubled
    made.cured = True
    made.queue.try_again()
    assert await made.numbers(2) == [0, 1]
    assert await made.queue.drained(20.0)
    assert not made.queue.troubled
    made.queue.close()


async def test_a_recorder_that_is_stopped_as_it_began_publishes_once_it_knows_its_ffmpeg(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LOOKING_S", 60.0)
    made = Spooled(context, monkeypatch)
    context.ffmpeg_found.clear()
    made.queue.closed(made.spool, NAMES[1:])
    asyncio.get_running_loop().call_later(1.0, context.ffmpeg_found.set)  # after the first look whether all is done
    assert await made.queue.drained(60.0)
    assert await made.numbers(4) == [1, 2, 3, 4]


async def test_a_recorder_that_never_finds_its_ffmpeg_does_not_keep_who_stops_it_waiting(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LOOKING_S", 0.0)
    made = Spooled(context, monkeypatch)
    context.ffmpeg_found.clear()
    made.queue.closed(made.spool, NAMES[1:])
    async with asyncio.timeout(30):
        assert not await made.queue.drained(3600.0)
    made.queue.close()
