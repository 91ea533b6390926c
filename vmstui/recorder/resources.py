"""What all cameras need before any of them may start: a usable recordings folder and a usable ffmpeg.

Both are looked at off the event loop, again and again, so that a disk that comes back or an ffmpeg that is installed is
noticed without anybody's doing. `hold` says why nothing may start now.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from vmstui.ffmpeg.abilities import Abilities, choose
from vmstui.ffmpeg.binary import NoUsableFfmpeg
from vmstui.model import Settings, StorageSnapshot
from vmstui.recorder.record import write_atomically
from vmstui.recording.owner import claim
from vmstui.recording.storage import StorageStatus, check_storage

FULL_BYTES = 256 * 1024 * 1024
"""Below this nothing is recorded: workers close their segments while there is still room to do so."""
RESUME_FACTOR = 2
"""So many times the bound must be free again before recording goes on, else it would flap."""
CHECK_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing may start; `end_running` when what runs should end, too."""

    text: str
    end_running: bool
    pending: bool = False
    """Nothing is wrong, it was just not looked at yet."""


class Resources:
    """The recordings folder and ffmpeg, as last seen."""

    def __init__(self, settings: Settings, state_folder: Path, installation: str) -> None:
        self._settings = settings
        self._state_folder = state_folder
        self._installation = installation
        self._storage: StorageStatus | None = None
        self._full = False
        self.ffmpeg_pending = True
        """Nobody has looked yet."""
        self.abilities: Abilities | None = None
        self.ffmpeg_reason = "looking for ffmpeg"

    def configure(self, settings: Settings) -> None:
        """Take over a changed configuration; seen at the next looks."""
        self._settings = settings

    async def check_storage(self) -> None:
        """Look at the recordings folder now."""
        status, self._full = await asyncio.to_thread(self._look)
        self._storage = status
        # In a chroot the root itself may not be among the mounts: then nothing is known, and nothing is expected.
        if status.usable and status.mount_point and self._learnt_mount() != status.mount_point:
            with contextlib.suppress(OSError):  # a full state disk must not end the watch over the other one
                self._learn_mount(status.mount_point)

    def _look(self) -> tuple[StorageStatus, bool]:
        """In a thread, as a dead disk blocks: is it usable, and is it ours? And is it full?"""
        settings, learnt = self._settings, self._learnt_mount()
        if learnt is None:
            _create(Path(settings.recordings))
        floor = _full_bytes(settings) * (RESUME_FACTOR if self._full else 1)
        status = check_storage(settings.recordings, settings.recordings_mount or learnt, floor)
        if status.usable:
            reason = claim(Path(settings.recordings), self._installation, self._state_folder)
            status = replace(status, usable=not reason, reason=reason)
        return status, status.total_bytes > 0 and status.free_bytes < floor

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
            return Hold(self._storage.reason, end_running=self._full)
        if self.abilities is None:
            return Hold(self.ffmpeg_reason, end_running=False, pending=self.ffmpeg_pending)
        return None

    def snapshot(self) -> StorageSnapshot:
        """For the dashboard, with a warning when space is low."""
        status = self._storage
        if status is None:
            return StorageSnapshot(self._settings.recordings, False, "not looked at yet", 0, 0, "")
        reason = status.reason
        if status.usable and status.free_bytes < _warn_bytes(self._settings, status.total_bytes):
            reason = f"only {status.free_bytes / 1e9:.1f} GB free; recording stops when the disk is full"
        return StorageSnapshot(
            self._settings.recordings, status.usable, reason, status.free_bytes, status.total_bytes, status.mount_point
        )

    # The mount point the folder was on when it was first used: should the disk be missing at the next boot, the empty
    # folder below its mount point must not be taken for it.

    def _note(self) -> Path:
        return self._state_folder / "recordings.json"

    def _learnt_mount(self) -> str | None:
        try:
            note = json.loads(self._note().read_bytes())
        except (OSError, ValueError):
            return None
        known = isinstance(note, dict) and note.get("recordings") == self._settings.recordings
        return str(note["mount"]) if known and "mount" in note else None

    def _learn_mount(self, mount: str) -> None:
        content = json.dumps({"recordings": self._settings.recordings, "mount": mount})
        write_atomically(self._note(), content.encode())


def _create(path: Path) -> None:
    """Make the folder on first use, but not its parents: a missing parent is more likely a disk that is not there."""
    try:
        path.mkdir(mode=0o750, exist_ok=True)
    except OSError:
        return  # the check that follows tells what is wrong


def _full_bytes(settings: Settings) -> int:
    try:
        total = shutil.disk_usage(settings.recordings).total
    except OSError:
        total = 0
    return min(FULL_BYTES, _warn_bytes(settings, total) or FULL_BYTES)


def _warn_bytes(settings: Settings, total_bytes: int) -> int:
    if settings.min_free_bytes is not None:
        return settings.min_free_bytes
    return int(total_bytes * (settings.min_free_percent or 0.0) / 100)
