"""The service on a machine whose wall clock is set while it runs; the same otherwise.

    python -m tests.faults.stepped_clock up --foreground

Setting the clock of the machine that runs the tests is out of the question, so the clock is set here, before anything
of vmstui is loaded: each line `INSTANT STEP` of the file `clock_steps` in the state folder (seconds of the real clock,
and by how much it was set then) moves what the service reads as the time, and the times of files touched later.
CLOCK_BOOTTIME and the monotonic clock go on as they are, as the kernel's do.
"""

from __future__ import annotations

import datetime as datetime_module
import os
import sys
import time
from datetime import UTC, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

STEPS = Path(os.environ.get("VMSTUI_STATE", "/nowhere")) / "clock_steps"
_real_time = time.time
_real_datetime = datetime_module.datetime


def shown(real_s: float) -> float:
    """What the wall clock of this service showed at an instant of the real one."""
    try:
        lines = STEPS.read_text().splitlines()
    except OSError:
        return real_s
    steps = [tuple(map(float, line.split())) for line in lines]
    return real_s + sum(step_s for at_s, step_s in steps if at_s <= real_s)


class SteppedDatetime(_real_datetime):
    """`datetime` with this clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> SteppedDatetime:
        return cls.fromtimestamp(shown(_real_time()), tz)


class SteppedOs:
    """`os`, with the times of files as that clock would have written them."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def stat(self, path: Any) -> Any:
        found = os.stat(path)
        return SimpleNamespace(st_size=found.st_size, st_mtime=shown(found.st_mtime))

    def fstat(self, descriptor: int) -> Any:
        found = os.fstat(descriptor)
        return SimpleNamespace(st_size=found.st_size, st_mtime=shown(found.st_mtime))


def main() -> int:
    time.time = lambda: shown(_real_time())
    datetime_module.datetime = SteppedDatetime  # type: ignore[misc]
    from tests.faults.hasty_service import allow_short_segments
    from vmstui.cli import main as vmstui
    from vmstui.recorder import progress_file
    from vmstui.recording import spool
    from vmstui.recording.birth import born_at

    def born(path: Path) -> Any:
        at = born_at(path)
        return None if at is None else SteppedDatetime.fromtimestamp(shown(at.timestamp()), UTC)

    for module, name, value in (
        (spool, "born_at", born),
        (spool, "os", SteppedOs()),
        (progress_file, "os", SteppedOs()),
    ):
        setattr(module, name, value)
    allow_short_segments()
    return vmstui(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
