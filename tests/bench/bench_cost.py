"""What supervision costs, and how soon a new service has all workers again, with hundreds of them. Not run by pytest.

    python -m tests.bench.bench_cost [--cameras 100 300] [--settle 310] [--seconds 30] [--lines 1] [--quick]
                                     [--json FILE]

A real service over stand-ins for ffmpeg (`fake_fleet.py`): each worker has 16 threads, logs a line, reports progress
and lets its segment grow once a second. CPU is that of all threads of a process (`/proc/PID/task/*/schedstat`, in
nanoseconds), as percent of one core, the median of five windows; memory is what the kernel counts as resident. After
five minutes everything that is kept of a worker in memory has its full size: with less of `--settle` it still grows.

All that with the past of weeks: once all are recorded, the service is killed, what it keeps of each camera's past is
made that long (2,000 events and 2,000 segments), and the one that is measured takes over.

Then that one is killed with SIGKILL, too, and it is started again: from the start of the new process until it shows all
cameras as recorded, with the pids that they had, and by `/proc` no camera with two workers.

A core of a shared machine is as fast as its neighbours leave it: the same work takes twice the CPU time in some hours,
and half of it a minute later. So the CPU time that an empty Python needs is measured all through each window, every two
seconds, and the budget is held against what the window would have used on a core on which that takes
`EMPTY_PYTHON_MS`; both are told. So it is with the take-over, which is the work of one core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.fake_fleet import FakeFleet

BUDGETS = {100: (1.0, 40.0, 2.0), 300: (3.0, 60.0, 2.0)}
"""By workers: percent of a core and MB of the service, seconds until all are taken over."""
EMPTY_PYTHON_MS = 13.0
"""CPU time of `python -c pass` (3.11) on the core that the budget is meant for: what the machine on which it was set
needs when its neighbours are quiet."""
WINDOWS = 5
EMPTY_EVERY_S = 2.0
QUICK_SETTLE_S = 45.0
"""The first half minute of a worker is looked at more closely than the rest of its life."""


@dataclass(frozen=True)
class Cost:
    """Of one fleet. MB are millions of bytes."""

    cameras: int
    settled_s: float
    service_cpu_percent: float
    """As measured."""
    even_cpu_percent: float
    """On the core that the budget is meant for."""
    service_mb: float
    relay_cpu_percent: float
    relay_mb: float
    adopted_s: float
    adopted_cpu_s: float
    """Of the new service until then."""
    even_adopted_s: float
    """Until all were taken over, on that core."""
    empty_python_cpu_ms: float
    """During the windows."""
    adopted_empty_python_cpu_ms: float
    """Just before the take-over and after it."""


def main() -> int:
    """Measure, print, and exit with 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--settle", type=float, default=310.0, help="seconds before anything is measured")
    parser.add_argument("--seconds", type=float, default=30.0, help="of one window")
    parser.add_argument("--lines", type=int, default=1, help="log lines of each worker per second")
    parser.add_argument("--quick", action="store_true", help=f"settle for {QUICK_SETTLE_S:.0f} s only")
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    settle_s = QUICK_SETTLE_S if options.quick else options.settle
    found: list[Cost] = []
    within = True
    for count in options.cameras:
        with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
            cost = measure(Path(name), count, settle_s, options.seconds, options.lines)
        found.append(cost)
        print(f"{count} workers, after {settle_s:.0f} s")
        for what, value in asdict(cost).items():
            print(f"  {what:<28}{value:>10.2f}", flush=True)
        if count in BUDGETS:
            percent, mb, adopted_s = BUDGETS[count]
            kept = (cost.even_cpu_percent <= percent, cost.service_mb <= mb, cost.even_adopted_s <= adopted_s)
            print(f"  budget {percent:g} %: {kept[0]}, {mb:g} MB: {kept[1]}, taken over in {adopted_s:g} s: {kept[2]}")
            within &= all(kept)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(cost) for cost in found], indent=2))
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def measure(folder: Path, count: int, settle_s: float, seconds: float, lines: int = 1) -> Cost:
    """Everything about a fleet of so many cameras."""
    with FakeFleet(folder, count, {"FAKE_FFMPEG_LINES": str(lines)}) as fleet:
        fleet.start()
        pids = fleet.wait_all_recording()
        fleet.kill_service()
        fleet.grow_old()
        service = fleet.start()
        fleet.wait_all_recording()
        time.sleep(settle_s)
        relay = fleet.snapshot().relay.pid
        assert relay is not None
        windows = [_window((service, relay), seconds) for _ in range(WINDOWS)]
        service_mb, relay_mb = resident_mb(service), resident_mb(relay)
        around = [_empty_python_ms() for _ in range(5)]
        fleet.kill_service()
        begun_s = time.monotonic()
        again = fleet.start()
        taken_over = fleet.wait_all_recording()
        adopted_s, adopted_cpu_s = time.monotonic() - begun_s, cpu_s(again)
        around += [_empty_python_ms() for _ in range(5)]
        assert taken_over == pids, "a worker was replaced although only the service was killed"
        assert fleet.workers() == {name: [pid] for name, pid in pids.items()}, "a camera has not exactly one worker"
        return Cost(
            count,
            settle_s,
            service_cpu_percent=statistics.median(window.percents[0] for window in windows),
            even_cpu_percent=statistics.median(EMPTY_PYTHON_MS * w.percents[0] / w.empty_python_ms for w in windows),
            service_mb=service_mb,
            relay_cpu_percent=statistics.median(window.percents[1] for window in windows),
            relay_mb=relay_mb,
            adopted_s=adopted_s,
            adopted_cpu_s=adopted_cpu_s,
            even_adopted_s=EMPTY_PYTHON_MS * adopted_s / statistics.median(around),
            empty_python_cpu_ms=statistics.median(window.empty_python_ms for window in windows),
            adopted_empty_python_cpu_ms=statistics.median(around),
        )


@dataclass(frozen=True)
class _Window:
    percents: tuple[float, ...]
    """Of one core, of each process."""
    empty_python_ms: float


def _window(pids: tuple[int, ...], seconds: float) -> _Window:
    begun_s, before, empty = time.monotonic(), [cpu_s(pid) for pid in pids], [_empty_python_ms()]
    while (left_s := begun_s + seconds - time.monotonic()) > 0:
        time.sleep(min(left_s, EMPTY_EVERY_S))
        empty.append(_empty_python_ms())
    after, elapsed_s = [cpu_s(pid) for pid in pids], time.monotonic() - begun_s
    percents = tuple(100 * (now - then) / elapsed_s for now, then in zip(after, before, strict=True))
    print(f"  {percents[0]:.2f} % of a core, {statistics.median(empty):.1f} ms for an empty Python", flush=True)
    return _Window(percents, statistics.median(empty))


def cpu_s(pid: int) -> float:
    """Of all live threads; none ends in a service that has settled."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int((tasks / task / "schedstat").read_text().split()[0]) for task in os.listdir(tasks)) / 1e9


def resident_mb(pid: int) -> float:
    """Memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6


def _empty_python_ms() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
