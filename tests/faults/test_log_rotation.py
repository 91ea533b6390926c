"""Logs, promise 6: no line is lost over rotations at 5,000 lines/s, whoever is killed in between; disk use is bounded.

Real processes, judged from outside by what lies in the folder: one writes numbered lines to a log that it never
reopens, others follow and rotate it and are killed.
"""

from __future__ import annotations

import gzip
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.line_writer import LINE_BYTES, SECRET
from tests.faults.log_follower import POINTS
from tests.integration.harness import REPOSITORY, wait_until

ROTATE_BYTES = 256 * 1024
LINES_PER_S = 5000
ROTATIONS = 24
LINES = ROTATIONS * ROTATE_BYTES // LINE_BYTES


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """On a disk, where the head of a file can mostly be taken out, and in memory (tmpfs), where it cannot."""
    if request.param == "disk":
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="vmstui-test-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


def start(module: str, *arguments: object) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", f"tests.faults.{module}", *map(str, arguments)]
    return subprocess.Popen(argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def contents(folder: Path) -> bytes:
    """What `zcat -f 000001.*` prints."""
    files = sorted(folder.glob("000001.*"))
    return b"".join(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files)


def test_no_line_is_lost_or_doubled_over_rotations_whatever_step_is_killed(folder: Path) -> None:
    logs = folder / "cam" / "log"
    logs.mkdir(parents=True)
    live = logs / "000001.log"
    writer = start("line_writer", live, LINES, LINES_PER_S)
    running = [writer]
    try:
        for point in POINTS:
            running.append(follower := start("log_follower", folder, ROTATE_BYTES, point))
            assert follower.wait(60) == -signal.SIGKILL, f"it did not come to the step {point}"
        running.append(follower := start("log_follower", folder, ROTATE_BYTES))
        assert writer.wait(120) == 0
        wait_until(lambda: live.stat().st_blocks * 512 < 2 * ROTATE_BYTES, "the last rotation")
        follower.terminate()
        assert follower.wait(60) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
    written = contents(logs).replace(b"\0", b"")  # of the hole where the head was
    assert SECRET.encode() not in written
    lines = [line for line in written.splitlines() if line.strip()]
    whole = [re.fullmatch(rb"\[in#0/concat @ 0x[0-9a-f]{8}\] \[warning\] line (\d+) [^\[]*\.", line) for line in lines]
    assert [int(line[1]) if line else None for line in whole] == list(range(LINES)), "each line once, whole, in order"
    rotated = list(logs.glob("*.gz"))
    assert len(rotated) >= 20
    assert {path.name for path in logs.iterdir()} == {live.name, *(path.name for path in rotated)}
    assert sum(path.stat().st_blocks * 512 for path in logs.iterdir()) < 3 * ROTATE_BYTES
