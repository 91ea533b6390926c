"""A process that really leaks, and one that does not, as the recorder reads them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vmstui.telemetry.leak import Judgement, LeakVerdict, Run, judge
from vmstui.telemetry.procfs import ProcReader

HURRY = 80.0
"""The twenty minutes of the rule in fifteen seconds, the warm-up in eight."""
SAMPLE_S = 0.05
LIMIT_S = 150.0
LEAKING = """
import sys, time
kept = [bytes(range(256)) * 4096]
print("ready", flush=True)
while True:
    kept.append(bytes(range(256)) * 400)  # 100 KB ten times a second: 1 MB/s, or slower on a busy machine
    time.sleep(0.1)
"""
STEADY = """
import time
print("ready", flush=True)
while True:
    passing = [bytes(range(256)) * 400 for _ in range(20)]  # taken and given back, ten times a second
    del passing
    time.sleep(0.1)
"""


class _Watched:
    """A process and what was read of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._reader = ProcReader(process.pid)
        self._times_s: list[float] = []
        self._rss_bytes: list[float] = []
        self._begun_s = time.monotonic()

    def look(self) -> None:
        now_s = time.monotonic()
        sample = self._reader.sample(now_s, datetime.now(UTC))
        if sample is not None:
            self._times_s.append(now_s)
            self._rss_bytes.append(float(sample.rss_bytes))

    def judged(self) -> Judgement:
        return judge(Run(tuple(self._times_s), tuple(self._rss_bytes), self._begun_s), hurry=HURRY)

    def close(self) -> None:
        self._reader.close()


@contextmanager
def _running(program: str) -> Iterator[_Watched]:
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            watched = _Watched(process)
            yield watched
            watched.close()
        finally:
            process.kill()


def test_a_child_that_leaks_is_found_and_one_that_does_not_is_not_accused() -> None:
    """Both at the same time, so that whatever the machine does, it does to both."""
    with _running(LEAKING) as leaking, _running(STEADY) as steady:
        until_s = time.monotonic() + LIMIT_S
        while leaking.judged().verdict is not LeakVerdict.LEAK:
            assert time.monotonic() < until_s, leaking.judged()
            for _ in range(20):
                leaking.look()
                steady.look()
                time.sleep(SAMPLE_S)
            assert steady.judged().verdict is not LeakVerdict.LEAK
        found = leaking.judged()
        assert found.trend is not None
        assert found.trend.low > 0
        assert steady.judged().observed_s > 0
        while (still := steady.judged()).trend is None:  # as long a time, so that it is judged as well
            assert time.monotonic() < until_s, still
            steady.look()
            time.sleep(SAMPLE_S)
        assert still.verdict is not LeakVerdict.LEAK
