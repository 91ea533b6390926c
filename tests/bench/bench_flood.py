"""A worker that writes 10,000 lines a second for a minute, beside one that records in peace. Not run by pytest.

    python -m tests.bench.bench_flood [--seconds 60] [--lines 10000] [--json FILE]

A real service with two real ffmpegs over simulated cameras. What floods the log of the first is a process that writes
to its standard error as the worker itself would: six messages that the table knows, with ever new numbers, and one that
nobody knows. Counted is what `findings` tells when all is taken in, against what was written. Meanwhile snapshots are
asked for, as a dashboard does, and one shows the log that is flooded, in a real pseudo-terminal, where keys are pressed
(`key_latency`). Afterwards it is looked at whether either recording has a hole. CPU is that of all threads of the
service, memory what the kernel counts as resident.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from tests.bench.bench_cost import cpu_s, resident_mb
from tests.bench.bench_triage import floods
from tests.integration.harness import Recorder, cameras, make_cache, wait_until
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.findings import FindingsPage

QUIET_S = 20.0
ASK_EVERY_S = 0.2
BUDGET_MB = 40.0
"""More than before the flood: what may wait, and what is kept of it."""
BUDGET_SNAPSHOT_MS = 300.0
"""Of 99 in 100."""
BUDGET_KEY_MS = 50.0
"""That a flood may add to the time from a key to its screen; of 95 in 100."""
HOLE_S = 0.25
"""Two frames and a half."""
_BATCH_S = 0.01


def main() -> int:
    """Measure, print, and exit with 1 if a line is lost or a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=int, default=10_000, help="a second")
    parser.add_argument("--json", help="write the results here as well")
    parser.add_argument("--write-to", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_to:
        write(options.write_to, options.lines, options.seconds)
        return 0
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        results = measure(Path(name), options.lines, options.seconds)
    for what, value in results.items():
        print(f"{what:<62}{value:>14,.1f}".removesuffix(".0"))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    within = results["lines in findings"] == results["lines written"]
    within &= results["longest hole in a recording, s"] <= HOLE_S
    within &= results["memory, most during the flood, MB"] - results["memory before, MB"] <= BUDGET_MB
    within &= results["snapshot during the flood, ms (99 of 100)"] <= BUDGET_SNAPSHOT_MS
    during, before = (results[f"key to screen {when}, ms (95 of 100)"] for when in ("during the flood", "before"))
    within &= during - before <= BUDGET_KEY_MS
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def measure(folder: Path, lines_per_s: int, seconds: float) -> dict[str, float]:
    """Everything about one flood."""
    ffmpeg = make_cache(folder / "cache")
    with simulated(ffmpeg, folder) as recorder:
        service = recorder.start()
        workers = [recorder.wait_recording(name) for name in ("cam1", "cam2")]
        time.sleep(5)
        before_mb = resident_mb(service)
        dashboard = pressing(recorder, "cam1")
        assert dashboard.stdout is not None
        dashboard.stdout.readline()
        quiet_ms, quiet_percent, _ = watched(recorder, service, QUIET_S, None)
        had = told(recorder)
        argv = [sys.executable, "-m", "tests.bench.bench_flood", "--write-to", f"/proc/{workers[0].pid}/fd/2"]
        writer = subprocess.Popen(
            [*argv, "--lines", str(lines_per_s), "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True
        )
        began_s = time.monotonic()
        flood_ms, flood_percent, most_mb = watched(recorder, service, seconds, writer)
        quiet_keys_ms, flood_keys_ms = pressed(dashboard, began_s, time.monotonic())
        assert writer.stdout is not None
        written, took_s = map(float, writer.stdout.read().split())
        done_s = time.monotonic()
        wait_until(lambda: sum(told(recorder)) - sum(had) >= written, "all is told of", lambda: str(told(recorder)), 60)
        late_s = time.monotonic() - done_s
        counted, left_out = (now - then for now, then in zip(told(recorder), had, strict=True))
        time.sleep(8)  # for the segments that were open
        same = [recorder.camera(name).pid for name in ("cam1", "cam2")] == [worker.pid for worker in workers]
        assert same, "a worker was replaced"
        return {
            "lines written": written,
            "lines a second": written / took_s,
            "lines in findings": counted,
            "lines told as left out": left_out,
            "all in findings after the last line, s": late_s,
            "service before, % of a core": quiet_percent,
            "service during the flood, % of a core": flood_percent,
            "memory before, MB": before_mb,
            "memory, most during the flood, MB": most_mb,
            "snapshot before, ms (median)": statistics.median(quiet_ms),
            "snapshot before, ms (99 of 100)": statistics.quantiles(quiet_ms, n=100)[98],
            "snapshot during the flood, ms (median)": statistics.median(flood_ms),
            "snapshot during the flood, ms (99 of 100)": statistics.quantiles(flood_ms, n=100)[98],
            "keys before": len(quiet_keys_ms),
            "key to screen before, ms (median)": statistics.median(quiet_keys_ms),
            "key to screen before, ms (95 of 100)": statistics.quantiles(quiet_keys_ms, n=20)[18],
            "keys during the flood": len(flood_keys_ms),
            "key to screen during the flood, ms (median)": statistics.median(flood_keys_ms),
            "key to screen during the flood, ms (95 of 100)": statistics.quantiles(flood_keys_ms, n=20)[18],
            "key to screen during the flood, ms (longest)": max(flood_keys_ms),
            "longest hole in a recording, s": max(longest_hole_s(recorder, name) for name in ("cam1", "cam2")),
        }


@contextmanager
def simulated(ffmpeg: str, folder: Path) -> Iterator[Recorder]:
    """A recorder over two simulated cameras."""
    some = cameras(ffmpeg, folder / "cameras", 2)
    some.start()
    recorder = Recorder(folder / "r", folder / "cache")
    try:
        recorder.configure([(name, some.url(name)) for name in ("cam1", "cam2")])
        yield recorder
    finally:
        recorder.stop()
        some.stop()


def watched(
    recorder: Recorder, service: int, seconds: float, writer: subprocess.Popen[str] | None
) -> tuple[list[float], float, float]:
    """How long snapshots take, in ms; CPU of the service in percent; the most memory that it had."""
    took_ms: list[float] = []
    most_mb = 0.0
    began_s, before_s = time.monotonic(), cpu_s(service)
    while writer.poll() is None if writer is not None else time.monotonic() < began_s + seconds:
        asked_s = time.perf_counter()
        call(recorder.socket, "snapshot")
        took_ms.append(1000 * (time.perf_counter() - asked_s))
        most_mb = max(most_mb, resident_mb(service))
        time.sleep(ASK_EVERY_S)
    percent = 100 * (cpu_s(service) - before_s) / (time.monotonic() - began_s)
    return took_ms, percent, most_mb


def pressing(recorder: Recorder, camera: str) -> subprocess.Popen[str]:
    """Keys on the dashboard, with the log of this camera."""
    argv = [sys.executable, "-m", "tests.bench.key_latency", camera]
    return subprocess.Popen(argv, env=recorder.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def pressed(dashboard: subprocess.Popen[str], began_s: float, ended_s: float) -> tuple[list[float], list[float]]:
    """End it; how long keys took, in ms, before the flood and during it."""
    output, _ = dashboard.communicate()
    keys = [tuple(map(float, line.split())) for line in output.splitlines()]
    before = [took_ms for at_s, took_ms in keys if at_s < began_s]
    return before, [took_ms for at_s, took_ms in keys if began_s <= at_s < ended_s]


def told(recorder: Recorder) -> tuple[int, int]:
    """Lines of the first camera in findings, those of kinds beyond the bound included, and lines left out."""
    page = from_json(FindingsPage, call(recorder.socket, "findings", {"camera": "cam1"}))
    in_findings = sum(row.finding.count for row in page.rows) + sum(untold.not_kept for untold in page.untold)
    return in_findings, sum(untold.left_out for untold in page.untold)


def longest_hole_s(recorder: Recorder, name: str) -> float:
    """Between the end of a segment and the beginning of the next one."""
    segments = recorder.segments(name)
    assert len(segments) > 2
    pairs = pairwise(segments)
    holes = (after.started_at - before.started_at - timedelta(seconds=before.duration_s) for before, after in pairs)
    return max(hole.total_seconds() for hole in holes)


def write(path: str, lines_per_s: int, seconds: float) -> None:
    """Flood; prints how many lines it wrote, and in which time."""
    some = floods()
    mixture = [(some["mixture"]() + "\n").encode() for _ in range(20_000)]
    random.Random(3).shuffle(mixture)
    with open(path, "ab", buffering=0) as log:
        began_s, written = time.monotonic(), 0
        while written < lines_per_s * seconds:
            due = min(int((time.monotonic() - began_s) * lines_per_s), int(lines_per_s * seconds))
            if due > written:
                log.write(b"".join(mixture[number % len(mixture)] for number in range(written, due)))
                written = due
            time.sleep(_BATCH_S)
    print(written, time.monotonic() - began_s)


if __name__ == "__main__":
    sys.exit(main())
