"""Follows and triages the log of a worker as the service does, until it is killed.

python -m tests.faults.triage_follower FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.unit.test_triager import Service
from vmstui.recorder import triager
from vmstui.recorder.findings_file import FINDINGS
from vmstui.recorder.log_folder import Bounds

BOUNDS = Bounds(rotate_bytes=256 * 1024, rotated_kept=10_000)
"""Cut often; what was cut off is needed by who comes next."""
LOOK_S = 0.02


async def follow(folder: Path) -> None:
    """For ever, and write down what was found as often as that can be done."""
    triager.SAVE_S = triager.FIRST_SAVE_S = 0.05
    service = Service(folder, BOUNDS)
    service.follow(tail=(folder / FINDINGS).exists())
    while True:
        service.log.read()
        service.triager.tick()
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    asyncio.run(follow(Path(sys.argv[1])))
