"""What the dashboard costs and how soon it answers, in a real pseudo-terminal, beside others. Not run by pytest.

    make bench-dashboard [ARGS="--seconds 8 --repeat 3 --only vmstui --json FILE"]

The real command reads an invented recorder over its socket, which is a process of its own, as is what reads the
terminal; all that is measured is counted from outside. The others are looked at with the same means and in the same
run; they do not do the same work (`NOTES`). Takes four minutes. Exit code 1 where a budget is not kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.dashboard.subjects import btop, htop, mprocs, vmstui
from tests.bench.dashboard.watching import Cost, Looked, cost, paints_ms
from tests.bench.supervision.figures import percentile
from tests.bench.supervision.install import NotInstalled

ALL_OF_THE_LOG = ("l", "a", "\x1b")
"""Its log, of all cameras, and back to the cameras."""
PRESSES = 24
STARTS = 4
QUICK_EMPTY_PYTHON_MS = 13.0
"""The budgets are of a core on which an empty Python takes that; what it took beside each run is told with it."""
FIRST_PAINT_MS, KEY_P95_MS, KIB_PER_S = 600.0, 50.0, 60.0
NOTES = """\
vmstui shows 64 or 256 cameras that it is told of twice a second, and a log of a thousand lines a second. btop and htop
show the processes of this machine twice a second, 64 more than there are, and no log. mprocs runs its 64 processes
itself, which write a thousand lines a second together, and shows the log of one: its cost has that in it."""


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the repetitions, and all keys together."""

    name: str
    first_ms: float
    """Until there is something to read."""
    all_ms: float
    cpu_s_per_s: float
    kib_per_s: float
    rss_mib: float
    key_median_ms: float | None
    key_p95_ms: float | None
    empty_python_ms: float
    """CPU that this took meanwhile."""
    budget_cpu: float | None = None


@dataclass(frozen=True)
class Case:
    """One of them, once it is installed."""

    name: str
    made: Callable[[Path], Looked]
    budget_cpu: float | None = None
    """CPU seconds a second."""


def _ours(name: str, cameras: int, log_lines: float, size: tuple[int, int], keys: tuple[str, ...] = ()) -> Case:
    budgets = {(64, 1000.0): 0.10, (256, 0.2): 0.06}
    return Case(
        f"vmstui: {name}",
        lambda folder: vmstui(folder, name, cameras=cameras, log_lines=log_lines, size=size, keys=keys),
        budgets.get((cameras, log_lines)),
    )


CASES = (
    _ours("2 cameras, 80x24", 2, 0.2, (80, 24)),
    _ours("64 cameras, 1,000 lines/s, log, 80x24", 64, 1000.0, (80, 24), ("l", "a")),
    _ours("64 cameras, 1,000 lines/s, all panes, 160x45", 64, 1000.0, (160, 45), ALL_OF_THE_LOG),
    _ours("256 cameras, idle log, all panes, 160x45", 256, 0.2, (160, 45), ALL_OF_THE_LOG),
    Case("btop, 160x45", btop),
    Case("htop, 160x45", htop),
    Case("mprocs, 160x45", mprocs),
)


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--only", help="cases with this in their name")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmsb-") as name:
        results = list(measured(Path(name), options.only or "", options.repeat, options.seconds))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    print(table(results))
    print(f"\n{NOTES}")
    broken = [line for result in results for line in over(result)]
    print("\n".join(["", *broken] if broken else ["", "all budgets are kept"]))
    return 1 if broken else 0


def measured(folder: Path, only: str, repeat: int, seconds: float) -> Iterator[Result]:
    """All cases in turn, again and again, so that a busy machine hits them alike."""
    chosen: list[tuple[Case, Looked]] = []
    for case in CASES:
        if only in case.name:
            try:
                chosen.append((case, case.made(folder)))
            except NotInstalled as error:
                print(f"{case.name}: left out: {error}")
    costs: dict[str, list[Cost]] = {case.name: [] for case, _ in chosen}
    paints: dict[str, list[tuple[float, float]]] = {case.name: [] for case, _ in chosen}
    empty: dict[str, list[float]] = {case.name: [] for case, _ in chosen}
    for _ in range(repeat):
        for case, looked in chosen:
            with looked.beside() if looked.beside else nullcontext():
                paints[case.name] += [paints_ms(looked) for _ in range(max(STARTS // repeat, 1))]
                empty[case.name].append(empty_python_ms())
                # 80x24 has no cameras beside the log, so that nothing is selected there.
                presses = 0 if looked.keys[-1:] == ("a",) else PRESSES // repeat
                costs[case.name].append(cost(looked, seconds, presses))
                empty[case.name].append(empty_python_ms())
    for case, _ in chosen:
        runs, keys = costs[case.name], [one for run in costs[case.name] for one in run.key_ms]
        first, whole = (statistics.median(values) for values in zip(*paints[case.name], strict=True))
        yield Result(
            case.name,
            first,
            whole,
            statistics.median(run.cpu_s_per_s for run in runs),
            statistics.median(run.kib_per_s for run in runs),
            statistics.median(run.rss_mib for run in runs),
            statistics.median(keys) if keys else None,
            percentile(keys, 95) if keys else None,
            statistics.median(empty[case.name]),
            case.budget_cpu,
        )


def over(result: Result) -> Iterator[str]:
    """Budgets of ours that are not kept, on a core as quick as they are for."""
    if not result.name.startswith("vmstui"):
        return
    slower = max(result.empty_python_ms / QUICK_EMPTY_PYTHON_MS, 1.0)
    found = (
        ("first paint, ms", result.first_ms / slower, FIRST_PAINT_MS),
        ("CPU s/s", result.cpu_s_per_s / slower, result.budget_cpu),
        ("key, 95 of 100, ms", (result.key_p95_ms or 0.0) / slower, KEY_P95_MS),
        ("KiB/s to the terminal", result.kib_per_s, KIB_PER_S),
    )
    for what, value, budget in found:
        if budget is not None and value > budget:
            yield f"NOT kept: {result.name}: {what}: {value:.3g} (budget {budget:g})"


def table(results: list[Result]) -> str:
    """As Markdown."""
    heads = ("what is shown", "first words, ms", "all of it, ms", "CPU s/s", "KiB/s", "resident, MiB", "key, ms", "p95",
             "empty Python, ms")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|---{'|---:' * (len(heads) - 1)}|"]
    for one in results:
        median, late = ("–" if value is None else f"{value:.0f}" for value in (one.key_median_ms, one.key_p95_ms))
        paints = (f"{one.first_ms:.0f}", f"{one.all_ms:.0f}")
        cells = (*paints, f"{one.cpu_s_per_s:.3f}", f"{one.kib_per_s:.0f}", f"{one.rss_mib:.0f}")
        lines.append(f"| {' | '.join([one.name, *cells, median, late, f'{one.empty_python_ms:.0f}'])} |")
    return "\n".join(lines)


def empty_python_ms() -> float:
    """What a Python that does nothing takes of a core, by which cores are told apart."""
    argv = [sys.executable, "-c", "import resource, sys; sys.stdout.write(str(sum(resource.getrusage(0)[:2])))"]
    taken = []
    for _ in range(5):
        taken.append(float(subprocess.run(argv, capture_output=True, check=True).stdout) * 1000)
        time.sleep(0.02)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
