"""What all cameras need before any of them may start: a usable recordings folder and a usable ffmpeg.

Both are looked at off the event loop, again and again, so that a disk that comes back or an ffmpeg that is installed is
noticed without anybody's doing. `hold` says why nothing may start now. Before a full disk holds anything, whoever can
make room is asked to (`free_now`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from vmstui.configured import Settings
from vmstui.ffmpeg.abilities import Abilities, choose
from vmstui.ffmpeg.binary import NoUsableFfmpeg
from vmstui.light_dataclass import dataclass
from vmstui.model import StorageSnapshot
from vmstui.recording.guard import Guard
from vmstui.recording.storage import ELSEWHERE, StorageStatus, Trouble

FULL_BYTES = 256 * 1024 * 1024
"""Below this nothing is recorded: workers close their segments while there is still room to do so."""
RESUME_FACTOR = 2
"""So many times the bound must be free again before recording goes on, else it would flap."""
CHECK_PERIOD_S = 5.0
HELD_PERIOD_S = 1.0
"""Between looks while the folder is not usable: what waits for the cure must not wait for us."""
LOOK_LIMIT_S = 15.0
"""A disk that has not answered for so long does not answer: nothing more is started on it."""
FREE_LIMIT_S, FREE_AGAIN_S = 10.0, 30.0
"""Patience with `free_now`, and the time between two tries while the disk stays full."""

WARN_SHARE = 0.8
"""Of `min_free`: that much retention keeps free, so free space goes a little below it all the time."""

FreeNow = Callable[[], Awaitable[bool]]
"""Makes room on the recordings disk now; whether it freed anything."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing may start; `end_running` when what runs should end, too."""

    text: str
    end_running: bool
    pending: bool = False
    """Nothing is wrong, it was just not looked at yet."""


class Resources:
    """The recordings folder and ffmpeg, as last seen."""

    def __init__(self, settings: Settings, state_folder: Path, guard: Guard) -> None:
        self._settings = settings
        self._state_folder = state_folder
        self._guard = guard
        self._storage: StorageStatus | None = None
        self._full = False
        self._looker = _look_thread()
        self._looking: asyncio.Future[tuple[StorageStatus, bool]] | None = None
        self.free_now: FreeNow | None = None
        """Asked when the disk is full, before that holds anything; None: nobody can make room."""
        self._tried_to_free_s: float | None = None
        """When it was asked the last time since the disk was last seen with room."""
        self.ffmpeg_pending = True
        """Nobody has looked yet."""
        self.abilities: Abilities | None = None
        self.ffmpeg_reason = "looking for ffmpeg"

    def configure(self, settings: Settings) -> None:
        """Take over a changed configuration; seen at the next looks."""
        if settings.recordings != self._settings.recordings:
            # A look at the old folder may hang for ever, and has nothing to tell any more.
            self._looker.shutdown(wait=False)
            self._looker, self._looking = _look_thread(), None
        self._settings = settings

    async def check_storage(self) -> None:
        """Look at the recordings folder now, and make room on it if that is what it wants."""
        status, full = await self._look_in_time()
        try:
            if status.trouble is not Trouble.FULL:
                self._tried_to_free_s = None
            elif await self._make_room():
                status, full = await self._look_in_time()
        finally:
            self._storage, self._full = status, full

    async def _look_in_time(self) -> tuple[StorageStatus, bool]:
        """What a look finds; that the disk does not answer, if it takes too long. Then the next one waits for it."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().run_in_executor(self._looker, self._look)
        looking = self._looking
        done, _ = await asyncio.wait([looking], timeout=LOOK_LIMIT_S)
        if done:
            self._looking = None
            return looking.result()
        path = self._settings.recordings
        reason = (
            f"the disk of the recordings folder {path} has not answered for {LOOK_LIMIT_S:.0f} s: "
            "check it with `dmesg`, or the network it is reached by"
        )
        before = self._storage or StorageStatus(False, "", 0, 0, "")
        return replace(before, usable=False, reason=reason, trouble=Trouble.FAILED), self._full

    def _look(self) -> tuple[StorageStatus, bool]:
        """In a thread, as a dead disk blocks: is it usable, and is it ours? And has it too little room?"""
        settings = self._settings
        floor = full_bytes(settings) * (RESUME_FACTOR if self._full else 1)
        status = self._guard.look(settings.recordings, settings.recordings_mount, floor)
        return status, status.trouble not in ELSEWHERE and status.total_bytes > 0 and status.free_bytes < floor

    async def _make_room(self) -> bool:
        """Whether there may be room now."""
        now_s = asyncio.get_running_loop().time()
        if self.free_now is None or (
            self._tried_to_free_s is not None and now_s - self._tried_to_free_s < FREE_AGAIN_S
        ):
            return False
        self._tried_to_free_s = now_s
        try:
            return await asyncio.wait_for(self.free_now(), FREE_LIMIT_S)
        except TimeoutError:
            return False

    async def find_ffmpeg(self) -> None:
        """Choose the ffmpeg that can do most on this machine."""
        try:
            self.abilities = await self.choose_ffmpeg(self._settings.ffmpeg)
            self.ffmpeg_reason = ""
        except NoUsableFfmpeg as error:
            self.abilities = None
            self.ffmpeg_reason = str(error)
        self.ffmpeg_pending = False

    async def choose_ffmpeg(self, wanted: str) -> Abilities:
        """The one for a setting `ffmpeg:`; takes seconds when nothing is cached. Raises NoUsableFfmpeg."""
        return await asyncio.to_thread(choose, wanted, self._state_folder / "cache")

    @property
    def hold(self) -> Hold | None:
        """Why no worker may start now, None when all is there."""
        if self._storage is None:
            return Hold("looking at the recordings folder", end_running=False, pending=True)
        if not self._storage.usable:
            end_running = self._full or self._storage.trouble in ELSEWHERE
            return Hold(self._storage.reason, end_running)
        if self.abilities is None:
            return Hold(self.ffmpeg_reason, end_running=False, pending=self.ffmpeg_pending)
        return None

    def snapshot(self) -> StorageSnapshot:
        """For the dashboard, with a warning when space is low."""
        status = self._storage
        if status is None:
            return StorageSnapshot(self._settings.recordings, False, "not looked at yet", 0, 0, "")
        reason = status.reason
        if status.usable and status.free_bytes < WARN_SHARE * _warn_bytes(self._settings, status.total_bytes):
            reason = f"only {status.free_bytes / 1e9:.1f} GB free; recording stops when the disk is full"
        return StorageSnapshot(
            self._settings.recordings, status.usable, reason, status.free_bytes, status.total_bytes, status.mount_point
        )

    @property
    def within_reach(self) -> bool:
        """Whether the folder is there, is ours, and files can be moved in it: on a full disk, too."""
        return self._storage is not None and (self._storage.usable or self._storage.trouble is Trouble.FULL)

    def close(self) -> None:
        """Look no more; a look that hangs is left to itself."""
        self._looker.shutdown(wait=False, cancel_futures=True)


def _look_thread() -> ThreadPoolExecutor:
    """One of its own: with a dead disk, those that are shared may all hang."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")


def full_bytes(settings: Settings) -> int:
    """Free space on the recordings disk below which nothing is recorded."""
    try:
        about = os.statvfs(settings.recordings)
        total = about.f_blocks * about.f_frsize
    except OSError:
        total = 0
    return min(FULL_BYTES, _warn_bytes(settings, total) or FULL_BYTES)


def _warn_bytes(settings: Settings, total_bytes: int) -> int:
    if settings.min_free_bytes is not None:
        return settings.min_free_bytes
    return int(total_bytes * (settings.min_free_percent or 0.0) / 100)
