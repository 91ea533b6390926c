"""What root makes in the folders of a recorder that runs as another user goes to that user.

Root commands such a recorder without further ado (docs/service.md), and what a command makes there the recorder has to
read and write later. Called at once after a file or folder was made; costs nothing where no root is at work.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def hand_over(made: str | Path, dir_fd: int | None = None) -> None:
    """Give what root has made to the owner of the folder it lies in; it stays as it is for everybody else.

    Never raises: a file system without owners has nothing to give. Whoever owns the folder may have laid a link there,
    so only a file or folder itself is given away, and no file that has another name elsewhere.
    """
    if os.geteuid() != 0:
        return
    folder, name = os.path.split(made)
    with contextlib.suppress(OSError):
        opened = os.open(folder or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
        try:
            owner, found = os.fstat(opened), os.stat(name, dir_fd=opened, follow_symlinks=False)
            alone = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
            if alone and found.st_uid == 0 and owner.st_uid != 0:
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=opened, follow_symlinks=False)
        finally:
            os.close(opened)
