"""Is the recordings folder the one that was recorded to? Nothing is created or written in any other.

A path is no disk. What it leads to may be the empty folder below a mount point whose disk is missing, another disk, or
a new folder in the place of one that was moved away. So the folder carries a mark with an id (`owner.py`), and the
state folder remembers the id that was recorded to, and the mount point. At first use there is nothing to remember: the
folder is created (not its parents: a missing parent is more likely a disk that is not there), marked and learnt. From
then on a folder without the mark, or with another, is refused until the right one is back or a person accepts it
(`accept`); a disk that is mounted somewhere else but reached by the same path is accepted as the same.

Called by the recorder every few seconds and before each start of a worker, and by the command `storage`; needs no
recorder. Everything here may block as the disk does.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over
from vmstui.recording import layout
from vmstui.recording.owner import MARK, Mark, new_id, read_mark, stranger, write_mark
from vmstui.recording.storage import (
    Objection,
    StorageStatus,
    Trouble,
    check_storage,
    mount_point_of,
    objection,
    off_its_mount,
    open_folder,
)

NOTE = "recordings.json"
"""In the state folder: what was recorded to."""
ACCEPT = "vmstui storage --accept"


_settling = threading.Lock()
"""Two threads that come first to a new folder must not give it two ids."""


class WrongFolder(Exception):
    """The folder must not be used; the text says why and what to do."""

    def __init__(self, found: Objection) -> None:
        self.trouble, text = found
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a recordings folder. Empty strings: not known."""

    mount: str = ""
    """Mount point that it was on."""
    folder: str = ""
    """Its id; not known either after an upgrade from a version that gave it none."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Of one installation, by its state folder and its id."""

    state_folder: Path
    installation: str

    def look(self, recordings: str, expected_mount: str | None, floor_bytes: int, *, use: bool = True) -> StorageStatus:
        """Whether it can be recorded to now. With `use` it is made and marked at first use, and only then."""
        known = self.known(recordings)
        if known is None and use and off_its_mount(recordings, expected_mount, mount_point_of(recordings)) is None:
            _create(Path(recordings))

        def identify(root: int, mount_point: str) -> Objection | None:
            return self._objection(root, recordings, known or Known(), mount_point)

        status = check_storage(recordings, expected_mount, floor_bytes, identify)
        if status.usable and use:
            try:
                with self.inside(recordings, expected_mount):
                    pass
            except WrongFolder as error:
                return replace(status, usable=False, reason=str(error), trouble=error.trouble)
        elif status.trouble is Trouble.MISSING and known is not None and not os.path.lexists(recordings):
            reason = (
                f"the recordings folder {recordings} is gone (moved, removed, or its disk is not mounted): put it back "
                f"or mount it; to begin anew in an empty one, create it and run: {ACCEPT}"
            )
            status = replace(status, reason=reason)
        return status

    @contextmanager
    def inside(self, recordings: str, expected_mount: str | None) -> Iterator[int]:
        """The folder, open, to create something below it: it is the right one, wherever its path leads meanwhile.

        Raises WrongFolder.
        """
        root = -1
        try:
            try:
                mount_point, known = mount_point_of(recordings), self.known(recordings) or Known()
                found = off_its_mount(recordings, expected_mount, mount_point)
                if found is None:
                    root = open_folder(recordings)
                    found = self._objection(root, recordings, known, mount_point)
                if found is None:
                    self._settle(root, recordings, known, mount_point)
            except (OSError, ValueError) as error:
                found = objection(recordings, error)
            if found is not None:
                raise WrongFolder(found)
            yield root
        finally:
            if root >= 0:
                os.close(root)

    def make_spool(self, recordings: str, expected_mount: str | None, camera_id: str, generation: int) -> Path:
        """Create the spool folder of a new generation. Raises WrongFolder, and OSError if it cannot be created."""
        spool = layout.generation_spool(Path(recordings), camera_id, generation)
        with self.inside(recordings, expected_mount) as root:
            parts = spool.relative_to(recordings).parts
            for depth in range(1, len(parts)):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(os.path.join(*parts[:depth]), 0o700, dir_fd=root)
            os.mkdir(os.path.join(*parts), 0o700, dir_fd=root)
        return spool

    def accept(self, recordings: str, expected_mount: str | None) -> Known:
        """Record to what the path leads to from now on, as a person says; gives what was learnt. Creates no folder.

        Raises WrongFolder where that is not enough, and OSError if the state folder cannot be written.
        """
        root = -1
        try:
            mount_point = mount_point_of(recordings)
            found = off_its_mount(recordings, expected_mount, mount_point)
            if found is None:
                root = open_folder(recordings)
                mark = read_mark(root)
                found = self._of_a_stranger(recordings, mark)
            if found is None:
                known = Known(mount_point, mark.folder if mark is not None and mark.folder else new_id())
                write_mark(root, self._mark(known.folder))
        except (OSError, ValueError) as error:
            found = objection(recordings, error)
        finally:
            if root >= 0:
                os.close(root)
        if found is not None:
            raise WrongFolder(found)
        self._learn(recordings, known)
        return known

    def id_of(self, recordings: str) -> str | None:
        """Id in the mark of what the path leads to now; empty in a mark without one, None where there is no mark."""
        try:
            root = open_folder(recordings)
        except (OSError, ValueError):
            return None
        try:
            mark = read_mark(root)
        except OSError:
            return None
        finally:
            os.close(root)
        return mark.folder if mark is not None else None

    def known(self, recordings: str) -> Known | None:
        """What is remembered of this folder, None if it was never recorded to (or the note is lost)."""
        try:
            note = json.loads((self.state_folder / NOTE).read_bytes())
            if note["recordings"] != recordings:
                return None
            return Known(str(note.get("mount", "")), str(note.get("folder", "")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    # -- inside ------------------------------------------------------------------------------------------------------

    def _objection(self, root: int, recordings: str, known: Known, mount_point: str) -> Objection | None:
        """What is wrong with an open folder, None if it is the right one. Changes nothing. Raises OSError."""
        mark = read_mark(root)
        same = mark is not None and mark.folder == known.folder != ""
        moved = "" not in (known.mount, mount_point) and mount_point != known.mount
        if moved and not same:
            return (
                Trouble.NOT_MOUNTED,
                f"the recordings folder {recordings} is not on the file system mounted at {known.mount}, as it was "
                f"(it is on {mount_point}): mount it; if recordings are to go here from now on, run: {ACCEPT}",
            )
        # A mark without an id on the right disk is torn, or was written by an earlier version: it is mended.
        right = known.folder == "" or same or (mark is not None and not mark.folder)
        if found := self._of_a_stranger(recordings, mark):
            return found if right else (Trouble.OTHER, found[1])
        if right:
            return None
        what = "has no mark of a recordings folder" if mark is None else "has the mark of another one"
        return (
            Trouble.OTHER,
            f"the folder {recordings} is not the one that was recorded to, it {what}: mount the right disk there; if "
            f"recordings are to go to this one from now on, run: {ACCEPT}",
        )

    def _of_a_stranger(self, recordings: str, mark: Mark | None) -> Objection | None:
        other = stranger(mark, self.installation, self.state_folder) if mark is not None else ""
        if not other:
            return None
        return (
            Trouble.NOT_OURS,
            f"the recordings folder {recordings} belongs to another recorder (state in {other}): use a folder of its "
            f"own for each, or remove {Path(recordings, layout.INTERNAL, MARK)} if the other is gone for good",
        )

    def _settle(self, root: int, recordings: str, known: Known, mount_point: str) -> None:
        """Mark the right folder and remember it, where that is to be done. Raises OSError if it cannot be marked."""
        # In a chroot the root itself may not be among the mounts: then nothing is known, and nothing is expected.
        mount = mount_point or known.mount
        if known.folder and known.mount == mount and read_mark(root) == self._mark(known.folder):
            return
        with _settling:
            known, mark = self.known(recordings) or Known(), read_mark(root)
            folder = known.folder or (mark.folder if mark is not None else "") or new_id()
            if mark != self._mark(folder):
                write_mark(root, self._mark(folder))
            with contextlib.suppress(OSError):  # a full state disk must not keep anything from being recorded
                self._learn(recordings, Known(mount, folder))

    def _mark(self, folder: str) -> Mark:
        return Mark(self.installation, str(self.state_folder), folder)

    def _learn(self, recordings: str, known: Known) -> None:
        content = json.dumps({"recordings": recordings, "mount": known.mount, "folder": known.folder})
        beside = self.state_folder / f".{NOTE}.{os.getpid()}"
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(content.encode())
                file.flush()
                os.fsync(file.fileno())
            hand_over(beside)
            os.rename(beside, self.state_folder / NOTE)
        except OSError:
            beside.unlink(missing_ok=True)
            raise


def _create(path: Path) -> None:
    try:
        path.mkdir(mode=0o750, exist_ok=True)
    except OSError:
        return  # the check that follows tells what is wrong
