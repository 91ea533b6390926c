"""The service where no worker can be prepared while `VMSTUI_TEST_GATE` is there; who waits is listed in that file."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from vmstui.cli import main as command
from vmstui.recorder import worker as worker_module

worker: Any = worker_module


def main(arguments: list[str]) -> int:
    """`vmstui` that takes its time."""
    gate, prepare = Path(os.environ["VMSTUI_TEST_GATE"]), worker.prepare

    def hesitant(context: Any, camera: Any, *rest: Any) -> Any:
        if gate.exists():
            with gate.open("a") as file:
                file.write(f"{camera.id}\n")
        while gate.exists():
            time.sleep(0.02)
        return prepare(context, camera, *rest)

    worker.prepare = hesitant
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
