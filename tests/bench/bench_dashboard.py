"""What the dashboard costs: CPU seconds per second in a real pseudo-terminal. Not run by pytest.

    python -m tests.bench.bench_dashboard [--json FILE] [--seconds 8]

Each case is a child process on a terminal that is read at once. Its own user and system time is measured from
outside (`/proc/PID/stat`) over the window, so the invented fleet that feeds it is part of the figure, as are the
bytes written. Budget: 64 cameras and 1,000 log lines a second below 0.15 CPU s/s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.tui.terminal import Terminal

BUDGET = 0.15


@dataclass(frozen=True, slots=True)
class Case:
    """One way to look at a fleet."""

    name: str
    cameras: int
    log_lines_per_s: int
    size: tuple[int, int]
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the repetitions."""

    case: str
    cpu_s_per_s: float
    lowest: float
    highest: float
    kib_per_s: float
    rss_mib: float


CASES = (
    Case("2 cameras, 80x24", 2, 2, (80, 24)),
    Case("64 cameras, 80x24", 64, 2, (80, 24)),
    Case("64 cameras, 120x40, details", 64, 2, (120, 40)),
    Case("64 cameras + 1000 lines/s, 80x24, log", 64, 1000, (80, 24), "la"),
    Case("64 cameras + 1000 lines/s, 160x45, all panes", 64, 1000, (160, 45), "la"),
    Case("256 cameras + 1000 lines/s, 160x45, all panes", 256, 1000, (160, 45), "la"),
)


def measure(case: Case, seconds: float) -> tuple[float, float, float]:
    """CPU s/s, KiB/s, RSS MiB of one run."""
    argv = ["-m", "tests.tui.fake_fleet", "--cameras", str(case.cameras), "--log-lines", str(case.log_lines_per_s)]
    with Terminal(argv, case.size) as terminal:
        terminal.wait_for("recording")
        for key in case.keys:
            terminal.type(key)
            terminal.read_for(0.5)
        terminal.read_for(1.5)
        pid = terminal.process.pid
        before = cpu_s(pid)
        written = terminal.read_for(seconds)
        spent = cpu_s(pid) - before
        rss_mib = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        return spent / seconds, written / 1024 / seconds, rss_mib


def cpu_s(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print a table; exit 1 if the budget is not kept."""
    parser = argparse.ArgumentParser(description="CPU that the dashboard takes, in a real pseudo-terminal.")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    runs: dict[str, list[tuple[float, float, float]]] = {case.name: [] for case in CASES}
    for _ in range(options.repeat):  # all cases in turn, so that a busy machine hits them alike
        for case in CASES:
            runs[case.name].append(measure(case, options.seconds))
    results: list[Result] = []
    print(f"{'case':<48} {'CPU s/s':>8} {'range':>13} {'KiB/s':>6} {'RSS MiB':>8}")
    for name, values in runs.items():
        cpus = [cpu for cpu, _, _ in values]
        kib, rss = (statistics.median(value[index] for value in values) for index in (1, 2))
        results.append(Result(name, statistics.median(cpus), min(cpus), max(cpus), kib, rss))
        last = results[-1]
        extent = f"{last.lowest:.3f}-{last.highest:.3f}"
        print(f"{name:<48} {last.cpu_s_per_s:>8.3f} {extent:>13} {kib:>6.0f} {rss:>8.0f}")
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    over = [result for result in results if result.case.startswith("64") and result.cpu_s_per_s > BUDGET]
    print(f"budget {BUDGET} CPU s/s for 64 cameras and 1000 lines/s: {'NOT kept' if over else 'kept'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
