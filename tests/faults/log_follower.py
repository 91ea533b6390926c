"""Stands for the service: follows the log of a camera in a process of its own, which may be made to kill itself.

    python -m tests.faults.log_follower FOLDER ROTATE_BYTES [POINT]

Follows the file of generation 1 below FOLDER until SIGTERM, then takes in the rest and leaves. With POINT it sends
itself SIGKILL at that step of its first rotation.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast
from unittest import mock

from tests.faults.line_writer import SECRET
from vmstui.recorder import log_cut
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.log_folder import Bounds
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.triage_inbox import Inbox
from vmstui.triage.masking import Masker

POINTS = ("copied", "marked", "blanked", "named", "freed")


def context(folder: Path) -> Context:
    """What a log needs of a service."""
    parts = SimpleNamespace(
        camera_folder=lambda camera: folder / camera,
        masker=Masker([SECRET]),
        logbook=LogBook(cameras=1),
        read_before={},
        triage=Inbox(),
    )
    return cast(Context, parts)


def crash(point: str) -> None:
    """Have the process killed once a rotation has got there."""

    def die(*_: Any) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def free_and_die(*arguments: Any) -> NoReturn:
        free(*arguments)
        die()

    free = log_cut.free
    where = {
        "copied": ("os.fsync", die),
        "marked": ("vmstui.recorder.log_cut.blank", die),
        "blanked": ("os.rename", die),
        "named": ("vmstui.recorder.log_cut.free", die),
        "freed": ("vmstui.recorder.log_cut.free", free_and_die),
    }
    mock.patch(*where[point]).start()


def main(folder: Path, rotate_bytes: int, point: str = "") -> None:
    """Follow until SIGTERM."""
    if point:
        crash(point)
    enough = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: enough.set())
    log = CameraLog(context(folder), "cam", Bounds(rotate_bytes=rotate_bytes))
    log.follow(1, tail=True)
    log.mask_all()
    while not enough.wait(0.02):
        log.read()
    log.read(everything=True)
    assert log.settled(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
