"""`make bench`: all benches, one after the other; the figures of docs/benchmarks.md."""

from __future__ import annotations

import subprocess
import sys

BENCHES = (
    "tests.bench.bench_recorder",
    "tests.bench.bench_truth",
    "tests.bench.bench_recovery",
    "tests.bench.bench_cost",
    "tests.bench.bench_catalogue",
    "tests.bench.bench_start_up",
    "tests.bench.bench_logs",
    "tests.bench.bench_triage",
    "tests.bench.bench_flood",
    "tests.bench.bench_dashboard",
)


def main() -> int:
    """Run them; 1 if one of them is over its budget."""
    worst = 0
    for bench in BENCHES:
        print(f"\n{bench}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", bench], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
