"""The process that owns the temporary folder of a bench, and removes it whatever becomes of the bench.

`python -m vmstui.bench.janitor` makes the folder, prints its path, and waits for the end of its stdin: the bench closes
it, or the kernel does when the bench was killed. Deaf to the signals of a terminal. It removes that one folder and
nothing else; files that dying processes still write meanwhile are removed in another go.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time

PREFIX = "vmstui-layouts-"
PATIENCE_S = 10.0
_PAUSE_S = 0.1


def main() -> int:
    """Returns 1 if something could not be removed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    folder = tempfile.mkdtemp(prefix=PREFIX)
    try:
        print(folder, flush=True)
        sys.stdin.buffer.read()
    finally:
        removed = _remove(folder)
    return 0 if removed else 1


def _remove(folder: str) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while os.path.lexists(folder):
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > until_s:
            return False
        time.sleep(_PAUSE_S)
    return True


if __name__ == "__main__":
    sys.exit(main())
