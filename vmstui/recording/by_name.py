"""What names alone tell of recordings: whose they are, of which day, since when. Looks into folders, never into a file.

Only what is named as we name it counts: `<folder>/<date>/<folder>_<date>_<time>.mp4` below the recordings folder, where
the folder may be that of a camera (`settings.names`), and nothing on the way is a link. Called by whoever fills a
catalogue, and by retention while that is not done (`ByName`): a hundred thousand names are read in seconds, while to
look into as many files takes hours, in which the disk must not get full.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path

from vmstui.footage import Lock
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_rows import Recent, StoredFile
from vmstui.recording.check import LONGEST_SEGMENT_S
from vmstui.recording.naming import SUFFIX
from vmstui.settings.names import folder_name

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAME = re.compile(r".+_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_\d{1,6})?" + re.escape(SUFFIX), re.ASCII)
_FOLDER = re.compile(r"(.+)_\d{8}_\d{6}(?:_\d{1,6})?" + re.escape(SUFFIX), re.ASCII)
_LONGEST = timedelta(seconds=LONGEST_SEGMENT_S)
_ID = re.compile(r"[a-z0-9_]{1,40}")
"""Of a camera, by which its folder is called where its name holds no letter (`settings.keys`)."""


def camera_folders(recordings: Path) -> tuple[str, ...]:
    """Names of the folders that may be those of cameras, whether they are configured or not. Raises OSError."""
    try:
        with os.scandir(recordings) as entries:
            found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(sorted(name for name in found if folder_name(name, "") == name or _ID.fullmatch(name)))


def named_folder(name: str) -> str:
    """The folder of the camera that a file is named after; `` for one that is not named as ours are."""
    found = _FOLDER.fullmatch(name)
    return found[1] if found is not None else ""


def day_folders(folder: Path, since: date | None = None) -> list[Path]:
    """The folders of days in that of a camera, oldest first, of days (UTC) from `since` on. Raises OSError."""
    try:
        found = sorted(entry.name for entry in folder.iterdir() if _DAY.fullmatch(entry.name) and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    # Names are of the local day, which may be the one before that of UTC.
    first = (since - timedelta(days=1)).isoformat() if since is not None else ""
    return [folder / name for name in found if name >= first]


def files(day: Path) -> Iterator[os.DirEntry[str]]:
    """The files of a day. Raises OSError."""
    start = f"{day.parent.name}_"
    try:
        with os.scandir(day) as entries:
            for entry in entries:
                if entry.name.startswith(start) and local_time(entry.name) and entry.is_file(follow_symlinks=False):
                    yield entry
    except FileNotFoundError:
        return  # retention took the folder away


def named_time(name: str, near: datetime, zone: tzinfo | None) -> datetime:
    """The instant in a file name; of an hour that came twice in autumn the one nearer to that of the file."""
    local = local_time(name)
    if local is None:
        return near
    try:
        readings = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (OverflowError, ValueError):  # the last evening of the calendar
        return near
    return min(readings, key=lambda instant: abs(instant - near))


def local_time(name: str) -> datetime | None:
    """What a file name says, on the clock of the zone; None for a name that is not of our making."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())  # in a tenth of the time of `strptime`
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


class ByName:
    """The footage below the recordings folder as names and sizes tell it: enough to make room, oldest first.

    Whose a file is, is guessed by its folder, which may have been that of another camera once: so each lock counts for
    all of them. Whether a file plays is not known: more of the newest are kept. `folders` gives the id of a camera by
    the name of its folder.
    """

    def __init__(self, catalogue: Catalogue, recordings: Path, folders: Mapping[str, str], zone: tzinfo | None) -> None:
        self._catalogue = catalogue
        self._recordings = recordings
        self._zone = zone
        self._folders = {name: folders.get(name, name) for name in camera_folders(recordings)}

    def cameras(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._folders.values()))

    def total(self, camera: str | None) -> tuple[int, int]:
        """Not known: rules that need it do not act."""
        return 0, 0

    def oldest(self, camera: str | None) -> Iterator[StoredFile]:
        for _, days in sorted(self._days(camera).items()):
            yield from sorted(self._of(days), key=_begin)

    def newest(
        self, camera: str, count: int, *, playing: bool = False, as_recorded: bool = False
    ) -> tuple[StoredFile, ...]:
        """By date: names do not tell in which order they were recorded where the clock was put back."""
        return tuple(islice(self._newest(camera), 2 * count if playing else count))

    def recent(self, camera: str, since: datetime, count: int) -> Recent:
        return self._catalogue.recent(camera, since, count)

    def locks(self, camera: str | None) -> tuple[Lock, ...]:
        return self.widened(self._catalogue.locks(None))

    def widened(self, locks: Iterable[Lock]) -> tuple[Lock, ...]:
        """Each of these for all cameras."""
        return tuple(replace(lock, camera=camera) for lock in locks for camera in self.cameras())

    def _newest(self, camera: str) -> Iterator[StoredFile]:
        for _, days in sorted(self._days(camera).items(), reverse=True):
            yield from sorted(self._of(days), key=_begin, reverse=True)

    def _days(self, camera: str | None) -> dict[str, list[Path]]:
        days: dict[str, list[Path]] = {}
        for name, owner in self._folders.items():
            if camera in (None, owner):
                for day in day_folders(self._recordings / name):
                    days.setdefault(day.name, []).append(day)
        return days

    def _of(self, days: Iterable[Path]) -> Iterator[StoredFile]:
        for day in days:
            for entry in files(day):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    closed_at = datetime.fromtimestamp(status.st_mtime, UTC)
                    began_at = named_time(entry.name, closed_at, self._zone)
                    # It may have been copied since: its own time is not to be trusted beyond what a segment can hold.
                    ended_at = max(began_at, min(closed_at, began_at + _LONGEST))
                    yield StoredFile(self._folders[day.parent.name], entry.path, began_at, ended_at, status.st_size)


def _begin(file: StoredFile) -> tuple[datetime, str]:
    return file.started_at, file.path
