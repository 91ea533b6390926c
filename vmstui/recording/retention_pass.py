"""A pass of retention: plan what has to go, delete it, and write down what was deleted and why.

Deletes nothing but what the catalogue holds and that still is what was catalogued: named as segments are, below the
recordings folder, reached from that open folder without following a link, an ordinary file of the catalogued size. A
file goes first and its row after it, so a pass that is killed leaves at most rows without a file, which the next pass
takes for gone. What was emptied goes as well: date folders, and the journal of a day, but for a line (`past.py`).

Blocks as the disk does. Called by the recorder's `keeper`, and by the command `retention`; both at once do no harm.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path, PurePath

from vmstui.footage import Gap, Lock, StoredEvent, StoredEventKind
from vmstui.light_dataclass import dataclass
from vmstui.recording import boots, past, retention
from vmstui.recording.by_name import ByName
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_rows import Recent, StoredFile
from vmstui.recording.journal import journal_file, span
from vmstui.recording.layout import INTERNAL, camera_quarantine
from vmstui.recording.publish import REASON_ENDING
from vmstui.recording.retention import Disk, Doomed, Found, Plan, Policy, is_locked

_NAME = re.compile(r"_[0-9]{8}_[0-9]{6}(?:_[0-9]{1,6})?\.mp4")
"""Behind the folder of the camera: `naming.segment_path`, `naming.with_suffix`."""
_QUARANTINED = re.compile(f".+{_NAME.pattern}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BATCH, _BATCH_S = 20, 1.0
"""Files that are deleted in one transaction of the catalogue, and how long it may take: others who write wait."""
_TURN_S = 0.11
"""What they get between two at most, to have their turn."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be deleted."""

    file: StoredFile
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pass did."""

    deleted: tuple[Doomed, ...]
    gone: tuple[StoredFile, ...]
    failed: tuple[Failure, ...]
    plan: Plan
    free_bytes: int
    """Afterwards."""


class Within:
    """The footage of the catalogue that lies below the recordings folder: for one pass.

    What an earlier recordings folder left in the catalogue can neither be deleted nor takes any room here.
    """

    def __init__(self, catalogue: Catalogue, recordings: PurePath) -> None:
        self._catalogue = catalogue
        self._recordings = recordings
        self._elsewhere = catalogue.elsewhere(recordings)

    def cameras(self) -> tuple[str, ...]:
        return tuple(camera for camera in self._catalogue.cameras() if self.total(camera)[0] > 0)

    def total(self, camera: str | None) -> tuple[int, int]:
        others = self.left_out() if camera is None else self._elsewhere.get(camera, (0, 0))
        count, size_bytes = self._catalogue.total(camera)
        return count - others[0], size_bytes - others[1]

    def left_out(self) -> tuple[int, int]:
        """How many segments lie elsewhere, and their bytes."""
        others = self._elsewhere.values()
        return sum(other[0] for other in others), sum(other[1] for other in others)

    def oldest(self, camera: str | None) -> Iterator[StoredFile]:
        return self._catalogue.oldest(camera, below=self._recordings)

    def newest(
        self, camera: str, count: int, *, playing: bool = False, as_recorded: bool = False
    ) -> tuple[StoredFile, ...]:
        return self._catalogue.newest(camera, count, playing=playing, as_recorded=as_recorded, below=self._recordings)

    def recent(self, camera: str, since: datetime, count: int) -> Recent:
        """Wherever it went: that is how fast the camera records."""
        return self._catalogue.recent(camera, since, count)

    def locks(self, camera: str | None) -> tuple[Lock, ...]:
        return self._catalogue.locks(camera)


class Files:
    """Catalogued files, looked at and deleted below an open recordings folder."""

    def __init__(self, root: int, recordings: Path) -> None:
        self._root = root
        self._recordings = PurePath(recordings)
        self._parts: tuple[str, ...] = ()
        self._folder = -1
        """The folder of these parts, kept open: the files of a day follow each other."""

    def close(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
        self._folder, self._parts = -1, ()

    def look(self, file: StoredFile) -> Found:
        """Whether a file still is what was catalogued."""
        parts = own_parts(self._recordings, file)
        if parts is None:
            return Found(reason="its name or place is not one of a recording of this folder")
        try:
            status = os.stat(parts[-1], dir_fd=self._open(parts[:-1]), follow_symlinks=False)
        except FileNotFoundError:
            return Found(gone=True)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                return Found(reason="a folder above it is a link or no folder")
            return Found(reason=os.strerror(error.errno or 0))
        if not stat.S_ISREG(status.st_mode):
            return Found(reason="it is not an ordinary file any more")
        if status.st_size != file.size_bytes:
            return Found(reason=f"it has {status.st_size} bytes, and had {file.size_bytes} when it was catalogued")
        return Found()

    def delete(self, file: StoredFile) -> None:
        """Delete a file that was looked at, and the reason beside one in quarantine. Raises OSError."""
        parts = own_parts(self._recordings, file)
        assert parts is not None, "look comes first"
        folder = self._open(parts[:-1])
        os.unlink(parts[-1], dir_fd=folder)
        if parts[0] == INTERNAL:
            with contextlib.suppress(OSError):
                os.unlink(parts[-1] + REASON_ENDING, dir_fd=folder)

    def tidy(self, removed: Iterable[StoredFile]) -> None:
        """Date folders go that are empty now."""
        folders = {parts[:-1] for file in removed if (parts := own_parts(self._recordings, file)) is not None}
        self.close()
        for parts in folders:
            if parts[0] != INTERNAL:
                with contextlib.suppress(OSError):  # not empty, mostly
                    os.rmdir(parts[-1], dir_fd=self._open(parts[:-1]))

    def end_journal(self, camera: str, day: date, gaps: Iterable[Gap]) -> None:
        """The journal of a day goes of which nothing is left."""
        recordings = Path(self._recordings)
        parts = journal_file(recordings, camera, day).relative_to(recordings).parts
        with contextlib.suppress(OSError):  # mostly there was none; else it is left
            past.end_day(self._open(parts[:-1]), recordings, day, gaps)

    def _open(self, parts: tuple[str, ...]) -> int:
        if self._folder < 0 or parts != self._parts:
            self.close()
            folder = os.dup(self._root)
            for part in parts:
                try:
                    below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                finally:
                    os.close(folder)
                folder = below
            self._folder, self._parts = folder, parts
        return self._folder


def own_parts(recordings: PurePath, file: StoredFile) -> tuple[str, ...] | None:
    """The path of a recording of ours below the recordings folder; None for anything else. Looks at no disk."""
    try:
        parts = PurePath(file.path).relative_to(recordings).parts
    except ValueError:
        return None
    quarantine = camera_quarantine(Path(recordings), file.camera).relative_to(recordings).parts
    if parts[:-1] == quarantine:
        return parts if _QUARANTINED.fullmatch(parts[-1]) else None
    if len(parts) != 3 or ".." in parts or not _DATE.fullmatch(parts[1]):
        return None
    folder, _, name = parts
    return parts if name.startswith(folder) and _NAME.fullmatch(name, len(folder)) else None


def measure(root: int) -> Disk:
    """The disk of an open folder. Raises OSError."""
    status = os.statvfs(root)
    return Disk(status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize, status.f_favail, status.f_files)


def dry_run(catalogue: Catalogue, policy: Policy, root: int, recordings: Path, now: datetime) -> Plan:
    """What a pass would do now. Changes nothing. Raises CatalogueError and OSError."""
    with contextlib.closing(Files(root, recordings)) as files:
        footage, known = Within(catalogue, recordings), boots.known(catalogue)
        return retention.plan(footage, policy, measure(root), now, files.look, boots=known)


def run_pass(
    catalogue: Catalogue,
    policy: Policy,
    root: int,
    recordings: Path,
    now: datetime,
    *,
    at_most: int | None = None,
    leave: Callable[[StoredFile], str] = lambda _: "",
    by_name: ByName | None = None,
) -> Outcome:
    """Delete what has to go, at most so many files. `leave` says why a file is left alone, mostly not at all. While the
    catalogue is being filled, footage is told `by_name`: what is deleted then stays in the catalogue, and the journal
    of its day with it, until whoever fills it knows what there is beside it.

    Raises CatalogueError, and OSError for a disk that does not tell how full it is.
    """
    with contextlib.closing(Files(root, recordings)) as files:

        def look(file: StoredFile) -> Found:
            reason = leave(file)
            return Found(reason=reason) if reason else files.look(file)

        footage = by_name or Within(catalogue, recordings)
        plan = retention.plan(footage, policy, measure(root), now, look, at_most, boots.known(catalogue))
        deleted: list[Doomed] = []
        gone = list(plan.gone)
        failed: list[Failure] = []
        waiting = deque(plan.doomed)
        while waiting:
            begun_s = time.monotonic()
            batch: list[Doomed] = []
            # Whoever locks something waits for these few, or is heard before them.
            with catalogue.nobody_locks() as locked:
                locks = by_name.widened(locked) if by_name is not None else locked
                for _ in range(min(_BATCH, len(waiting))):
                    doomed = waiting.popleft()
                    if is_locked(doomed.file, locks):
                        continue
                    try:
                        if reason := files.look(doomed.file).reason:  # changed since it was planned
                            failed.append(Failure(doomed.file, reason))
                            continue
                        files.delete(doomed.file)
                        batch.append(doomed)
                    except FileNotFoundError:
                        gone.append(doomed.file)
                    except OSError as error:
                        failed.append(Failure(doomed.file, os.strerror(error.errno or 0)))
                    if time.monotonic() - begun_s > _BATCH_S:
                        break
                left = [] if by_name is not None else [doomed.file.path for doomed in batch]
                catalogue.remove(left, [_deleted(doomed, now) for doomed in batch])
            deleted += batch
            if waiting:  # SQLite wakes nobody who waits: who does looks again at most every tenth of a second
                time.sleep(min(time.monotonic() - begun_s, _TURN_S))
        # What another pass deleted at the same time is out of the catalogue, and told, already.
        known = catalogue.known(file.path for file in gone) if by_name is None else set[str]()
        gone = [file for file in gone if file.path in known]
        if gone:
            catalogue.remove([file.path for file in gone], [_vanished(file, now) for file in gone])
        removed = [*(doomed.file for doomed in deleted), *gone]
        files.tidy(removed)
        for camera, day, gaps in _emptied_days(catalogue, removed) if by_name is None else ():
            files.end_journal(camera, day, gaps)
    return Outcome(tuple(deleted), tuple(gone), tuple(failed), plan, measure(root).free_bytes)


def _emptied_days(catalogue: Catalogue, removed: Iterable[StoredFile]) -> Iterator[tuple[str, date, tuple[Gap, ...]]]:
    """Days of which nothing is left, oldest first, with what was missing in them."""
    for day, camera in sorted({(file.started_at.astimezone(UTC).date(), file.camera) for file in removed}):
        since, until = span(day)
        if not catalogue.started_between(camera, since, until):
            yield camera, day, catalogue.gaps(camera, since, until)


def _deleted(doomed: Doomed, now: datetime) -> StoredEvent:
    file = doomed.file
    return StoredEvent(
        now,
        file.camera,
        StoredEventKind.DELETED,
        f"recorded from {file.started_at.isoformat(timespec='seconds')}",
        file.path,
        file.size_bytes,
        doomed.rule.value,
        doomed.measured,
        doomed.threshold,
        "deleted",
    )


def _vanished(file: StoredFile, now: datetime) -> StoredEvent:
    text = f"recorded from {file.started_at.isoformat(timespec='seconds')}; the file was not there any more"
    return StoredEvent(now, file.camera, StoredEventKind.VANISHED, text, file.path, file.size_bytes)
