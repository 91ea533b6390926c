"""The two locks of a camera: one for its worker, one for a worker beside it during a hand-over. Each is held by the
worker itself and by all it forked, so that the kernel keeps a camera from ever having a third."""

from __future__ import annotations

import os
from pathlib import Path

from vmstui.recorder.process import LockHeld, take_lock

LOCKS = ("lock.0", "lock.1")


def take_slot(folder: Path, *, beside: bool) -> int:
    """A descriptor that holds one of the two locks of a camera. Raises LockHeld.

    Both must be free for a worker that is to be alone, one for a worker that starts beside another.
    """
    held: list[int] = []
    try:
        for name in LOCKS:
            try:
                held.append(take_lock(folder / name))
            except LockHeld:
                if not beside:
                    raise
        if not held:
            raise LockHeld(str(folder / LOCKS[-1]))
        return held.pop(0)
    finally:
        for descriptor in held:
            os.close(descriptor)


def slots_are_free(folder: Path) -> bool:
    """Whether nothing holds a lock of the camera: no worker, and nothing that one forked."""
    try:
        os.close(take_slot(folder, beside=False))
    except LockHeld:
        return False
    except OSError:
        return True  # a state disk that fails must not keep footage from being published
    return True
