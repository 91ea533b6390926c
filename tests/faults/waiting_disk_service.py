"""The service on a disk that takes writes, and never says that one has reached it, while `VMSTUI_TEST_GATE` is there.

    python -m tests.faults.waiting_disk_service up --foreground

So it looks from a process when a disk is overloaded by others, or is about to fail. Who waits for it is listed in the
file of the gate. With `VMSTUI_TEST_DISK` only what lies below that folder is on such a disk.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vmstui.cli import main as command

GATE, DISK = "VMSTUI_TEST_GATE", "VMSTUI_TEST_DISK"


def main(arguments: list[str]) -> int:
    """`vmstui` that waits for its disk."""
    gate, disk = Path(os.environ[GATE]), os.environ.get(DISK, "/")

    def waits(name: str) -> Callable[[int], None]:
        real = getattr(os, name)

        def wait(descriptor: int) -> None:
            told, path = False, os.readlink(f"/proc/self/fd/{descriptor}")
            while path.startswith(disk) and gate.exists():
                if not told:
                    told = True
                    with gate.open("a") as file:
                        file.write(f"{path}\n")
                time.sleep(0.02)
            real(descriptor)

        return wait

    for name in ("fsync", "fdatasync"):
        setattr(os, name, waits(name))
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
