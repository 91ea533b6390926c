"""The service with somebody who makes room on the recordings disk when it gets full: deletes what lies in `Old` there.

    python -m tests.faults.freeing_service up --foreground

A stand-in for retention: what is tested with it is when it is asked, and what happens after.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from vmstui.cli import main as command
from vmstui.recorder.service import Service


def main(arguments: list[str]) -> int:
    """`vmstui` with one who frees."""
    made = Service.__init__

    def init(self: Service, *positional: Any, **named: Any) -> None:
        made(self, *positional, **named)
        self.resources.free_now = lambda: asyncio.to_thread(free, Path(self.settings.recordings))

    Service.__init__ = init  # type: ignore[method-assign]
    return command(arguments)


def free(recordings: Path) -> bool:
    """Delete the oldest half of the files in `Old`; whether there were any."""
    files = sorted((recordings / "Old").glob("*.mp4"))
    for path in files[: (len(files) + 1) // 2]:
        path.unlink()
    return bool(files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
