"""Triage: whoever is killed while a worker floods its log, each line is in findings once.

Real processes: one floods a log, others follow it, cut it and write down what they found, and are killed with SIGKILL
at any moment. Counted is by who comes last.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from tests.faults.triage_follower import BOUNDS
from tests.integration.harness import REPOSITORY, wait_until
from tests.unit.test_triager import MISSED, UNKNOWN, Service
from vmstui.recorder.findings_file import FINDINGS

KILLS = 4
BATCH = MISSED * 60 + UNKNOWN * 40
BETWEEN_S = 0.004


class Flood:
    """Somebody who writes some ten thousand lines a second to a log, in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.batches = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        with self._path.open("ab", buffering=0) as log:
            while not self._over.wait(BETWEEN_S):
                log.write(BATCH)
                self.batches += 1

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def written_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def is_newer(path: Path, than: int) -> bool:
    return written_at(path) != than


async def count_the_rest(folder: Path, written: int) -> None:
    last = Service(folder, BOUNDS)
    last.follow(tail=True)

    def told() -> int:
        return sum(last.counts().values()) + last.not_told()[1]

    await last.until(lambda: told() >= written and not last.log.busy, "all are told of")
    assert last.log.settled(60)
    assert told() == written
    book = last.log._context.logbook.page("cam", 0, 100_000)
    assert not any("another one than" in line.text for line in book.lines), "each place was found again"
    last.log.close()


def test_each_line_of_a_flood_counts_once_whenever_who_counts_them_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "cam" / "log" / "000001.log"
    log.parent.mkdir(parents=True)
    findings = tmp_path / FINDINGS
    flood = Flood(log)
    try:
        for number in range(1, KILLS + 1):
            kept = written_at(findings)
            argv = [sys.executable, "-m", "tests.faults.triage_follower", str(tmp_path)]
            follower = subprocess.Popen(argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL)
            try:
                wait_until(partial(is_newer, findings, kept), "something new is written down")
                wait_until(log.with_name(f"000001.{2 * number:06}.log.gz").exists, "the log was cut meanwhile")
                time.sleep(random.uniform(0, 0.3))
            finally:
                follower.kill()
                follower.wait()
    finally:
        flood.end()
    asyncio.run(count_the_rest(tmp_path, 100 * flood.batches))
