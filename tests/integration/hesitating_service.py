"""The service where the worker of one camera cannot be prepared while `VMSTUI_TEST_GATE` is there: of whichever comes
first, and that the file then names.
"""

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
        if gate.exists() and not gate.read_text():
            gate.write_text(camera.id)
            while gate.exists():
                time.sleep(0.02)
        return prepare(context, camera, *rest)

    worker.prepare = hesitant
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
