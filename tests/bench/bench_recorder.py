"""What the recorder itself costs: `status`, the service and the relay. Not run by pytest.

    python -m tests.bench.bench_recorder [--json FILE] [--cameras 8] [--seconds 20]

A real service records simulated cameras (320x180, 10 fps, copied). CPU is user and system time of the process from
`/proc/PID/stat` over the window, as percent of one core; the cameras and workers are not in it. `status` is timed as a
whole process and beside an empty Python, because that is what it cannot go below.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.harness import Recorder, cameras, make_cache
from vmstui.telemetry.procfs import ProcReader

STATUS_BUDGET_MS = 150.0
SERVICE_BUDGET_PERCENT = 1.0
"""Of one core, for up to 100 cameras."""


def main() -> int:
    """Measure, print, and exit with 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        results = measure(Path(name), options.cameras, options.seconds, options.runs)
    for what, value in results.items():
        print(f"{what:<58}{value:>10.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    within = results["status --json, ms (median)"] <= STATUS_BUDGET_MS
    within &= results["service, % of a core"] <= SERVICE_BUDGET_PERCENT
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def measure(folder: Path, count: int, seconds: float, runs: int) -> dict[str, float]:
    """Everything, by name."""
    ffmpeg = make_cache(folder / "cache")
    recorder = Recorder(folder / "recorder", folder / "cache")
    with cameras(ffmpeg, folder / "cameras", count) as sources:
        names = [f"cam{number}" for number in range(1, count + 1)]
        recorder.configure([(name, sources.url(name)) for name in names])
        try:
            service = recorder.start()
            for name in names:
                recorder.wait_recording(name)
            relay = recorder.snapshot().relay.pid
            assert relay is not None
            costs = cost({"service": service, "relay": relay}, seconds)
            argv = [sys.executable, "-m", "vmstui", "status", "--json"]
            return {
                "cameras": float(count),
                **costs,
                "status --json, ms (median)": wall_ms(argv, recorder, runs),
                "an empty Python, ms (median)": wall_ms([sys.executable, "-c", "pass"], recorder, runs),
            }
        finally:
            recorder.stop()


def cost(processes: dict[str, int], seconds: float) -> dict[str, float]:
    """CPU and memory of processes over a window."""
    readers = {name: ProcReader(pid) for name, pid in processes.items()}
    before = {name: reader.read(time.monotonic()) for name, reader in readers.items()}
    time.sleep(seconds)
    after = {name: reader.read(time.monotonic()) for name, reader in readers.items()}
    found: dict[str, float] = {}
    for name in processes:
        elapsed_s = after[name].monotonic_s - before[name].monotonic_s
        found[f"{name}, % of a core"] = 100 * (after[name].cpu_s - before[name].cpu_s) / elapsed_s
        found[f"{name}, MiB resident"] = after[name].rss_bytes / 2**20
        readers[name].close()
    return found


def wall_ms(argv: list[str], recorder: Recorder, runs: int) -> float:
    """Median wall time of a command."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(argv, env=recorder.environment, stdout=subprocess.DEVNULL, check=True)
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
