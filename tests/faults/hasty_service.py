"""`vmstui` with less patience, and with segments as short as a second: what takes it a quarter of an hour is seen
within a minute; the same otherwise.

python -m tests.faults.hasty_service up --foreground

`Recorder.hurry` says which limits of the service are others, by `VMSTUI_TEST_LIMITS`.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from vmstui.cli import main as command
from vmstui.settings import keys
from vmstui.settings.values import duration

LIMITS = "VMSTUI_TEST_LIMITS"
GRACE_S = 5.0
FAILING_AFTER_S = 12.0
DEFAULT = {"watchdog.START_GRACE_S": GRACE_S, "unwell.FAILING_AFTER_S": FAILING_AFTER_S}


def allow_short_segments() -> None:
    """The shortest that a person may configure are five seconds."""
    object.__setattr__(keys.SEGMENT_LENGTH, "kind", duration(1, 3600, "from 1s to 1h"))


def main(arguments: list[str]) -> int:
    """`vmstui` with these limits."""
    allow_short_segments()
    if arguments[:1] != ["up"]:
        return command(arguments)
    limits = json.loads(os.environ[LIMITS]) if LIMITS in os.environ else DEFAULT
    for path, value in limits.items():
        module, _, name = path.rpartition(".")
        names = vars(import_module(module if module.startswith("vmstui.") else f"vmstui.recorder.{module}"))
        assert name in names, path
        names[name] = value
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
