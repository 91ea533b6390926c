"""The service with less patience: what takes it a quarter of an hour is seen within a minute; the same otherwise.

python -m tests.faults.hasty_service up --foreground
"""

from __future__ import annotations

import sys

from vmstui.cli import main as command
from vmstui.recorder import unwell, watchdog

GRACE_S = 8.0
FAILING_AFTER_S = 20.0


def main(arguments: list[str]) -> int:
    """`vmstui` with these limits."""
    watchdog.START_GRACE_S = GRACE_S
    vars(unwell)["FAILING_AFTER_S"] = FAILING_AFTER_S
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
