"""When the recordings folder holds all cameras: what is asked before a full disk does, and a disk that says nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vmstui.configured import Settings
from vmstui.recorder import resources as module
from vmstui.recorder.resources import Hold, Resources
from vmstui.recording.guard import Guard
from vmstui.recording.storage import StorageStatus, Trouble

MiB = 1024 * 1024


class Disk(Guard):
    """A recordings folder on a disk of 100 MiB whose free space is the files in a real folder that are not there."""

    def look(self, recordings: str, expected_mount: str | None, floor_bytes: int, *, use: bool = True) -> StorageStatus:
        status = super().look(recordings, expected_mount, 0, use=use)
        free_bytes = 100 * MiB - sum(path.stat().st_size for path in Path(recordings).glob("*.mp4"))
        status = replace(status, free_bytes=free_bytes, total_bytes=100 * MiB)
        if free_bytes >= floor_bytes:
            return status
        return replace(status, usable=False, reason="full", trouble=Trouble.FULL)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """96 MiB in eight files: less than the floor of 5 MiB is free."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for number in range(8):
        with (folder / f"{number}.mp4").open("wb") as file:
            file.truncate(12 * MiB)
    return folder


@pytest.fixture
def watched(tmp_path: Path, recordings: Path) -> Iterator[Resources]:
    settings = Settings("/etc/vmstui.yaml", str(recordings), (), min_free_bytes=5 * MiB)
    made = Resources(settings, tmp_path, Disk(tmp_path, "me"))
    yield made
    made.close()


def held(resources: Resources) -> Hold | None:
    """By the folder; no ffmpeg is looked for here."""
    return resources.hold if resources.hold is None or "ffmpeg" not in resources.hold.text else None


def count(folder: Path) -> int:
    return len(list(folder.glob("*.mp4")))


def freeing(folder: Path, asked: list[int], then: Callable[[], Awaitable[None]] | None = None) -> module.FreeNow:
    async def free() -> bool:
        asked.append(count(folder))
        if then is not None:
            await then()
        (folder / "0.mp4").unlink()
        return True

    return free


async def test_who_makes_room_is_asked_before_anything_is_held(watched: Resources, recordings: Path) -> None:
    asked: list[int] = []
    watched.free_now = freeing(recordings, asked)
    await watched.check_storage()
    assert (asked, held(watched)) == ([8], None)
    assert watched.snapshot().free_bytes == 16 * MiB
    await watched.check_storage()
    assert asked == [8], "there is room"


async def test_without_one_or_without_success_a_full_disk_ends_what_runs(watched: Resources) -> None:
    await watched.check_storage()
    assert held(watched) == Hold("full", end_running=True)
    asked: list[bool] = []

    async def in_vain() -> bool:
        asked.append(True)
        return False

    watched.free_now = in_vain
    for _ in range(3):
        await watched.check_storage()
    assert (asked, held(watched)) == ([True], Hold("full", end_running=True)), "not at every look"


async def test_who_makes_room_cannot_keep_a_full_disk_from_holding(
    watched: Resources, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FREE_LIMIT_S", 0.05)
    monkeypatch.setattr(module, "FREE_AGAIN_S", 0.0)
    asked: list[int] = []

    async def fail() -> None:
        raise RuntimeError("a mistake of ours")

    watched.free_now = freeing(recordings, asked, fail)
    with pytest.raises(RuntimeError):
        await watched.check_storage()
    assert held(watched) == Hold("full", end_running=True)
    watched.free_now = freeing(recordings, asked, asyncio.Event().wait)  # type: ignore[arg-type]
    await watched.check_storage()
    assert (asked, held(watched)) == ([8, 8], Hold("full", end_running=True))


async def test_a_disk_that_does_not_answer_starts_nothing_and_ends_nothing(
    watched: Resources, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recordings / "0.mp4").unlink()
    await watched.check_storage()
    assert held(watched) is None
    monkeypatch.setattr(module, "LOOK_LIMIT_S", 0.05)
    answers = threading.Event()
    look = Disk.look

    def hang(self: Disk, *arguments: str, **named: bool) -> StorageStatus:
        answers.wait(30)
        return look(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Disk, "look", hang)
    await watched.check_storage()
    hold = held(watched)
    assert hold is not None
    assert (hold.end_running, "has not answered" in hold.text) == (False, True)
    assert not watched.within_reach
    answers.set()
    monkeypatch.setattr(module, "LOOK_LIMIT_S", 30.0)
    await watched.check_storage()
    assert held(watched) is None
