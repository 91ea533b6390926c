"""What following and rotating logs costs, and what is lost: nothing may be. Not run by pytest.

    python -m tests.bench.bench_logs [--json FILE] [--folder FOLDER] [--seconds 20]

A process writes numbered lines of 200 bytes to a log that it never reopens; this process follows it as the service
does, once a second, but cuts it at every megabyte. Then a flood, with the bounds of the service, and then 300 logs in
which nothing happens. CPU is that of this process. `--folder` chooses the file system.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.faults.line_writer import LINE_BYTES
from tests.faults.log_follower import context
from vmstui.logged import LogLine
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.log_folder import Bounds

MiB = 1024 * 1024
LINES_PER_S = 5000
FLOOD_PER_S = 30_000
IDLE_LOGS = 300
IDLE_BUDGET_PERCENT = 0.5
"""Of one core, for all of them at 1 Hz."""
_LOOK_EVERY_S = 1.0


def main() -> int:
    """Measure, print, and exit with 1 if a line is lost or a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--folder", help="where the logs are written, instead of the folder for temporary files")
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-", dir=options.folder) as name:
        often = Bounds(rotate_bytes=MiB, rotated_kept=1000)
        steady = follow(Path(name, "steady"), round(options.seconds * LINES_PER_S), LINES_PER_S, often)
        flood = follow(Path(name, "flood"), round(options.seconds * FLOOD_PER_S), FLOOD_PER_S, Bounds())
        idle_percent = idle(Path(name, "idle"))
    results: dict[str, float] = {
        **{f"{LINES_PER_S} lines/s: {what}": value for what, value in steady.items()},
        **{f"{FLOOD_PER_S} lines/s: {what}": value for what, value in flood.items()},
        f"{IDLE_LOGS} logs without news at 1 Hz, % of a core": idle_percent,
    }
    for what, value in results.items():
        print(f"{what:<66}{value:>14,.3f}".rstrip("0").rstrip("."))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    within = steady["lines lost or doubled"] == 0
    within &= idle_percent <= IDLE_BUDGET_PERCENT
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def follow(folder: Path, count: int, lines_per_s: int, bounds: Bounds) -> dict[str, float]:
    """One writer, followed until it has written that many lines."""
    service = context(folder)
    log = CameraLog(service, "cam", bounds)
    log.prepare()
    path = log.path(1)
    argv = [sys.executable, "-m", "tests.faults.line_writer", str(path), str(count), str(lines_per_s)]
    writer = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    while not path.exists():
        time.sleep(0.001)
    log.follow(1)
    pieces_ms: list[float] = []
    late_ms: list[float] = []
    disk_bytes = 0
    cpu_s = 0.0
    left_out = 0
    page = service.logbook.page("cam", 0, 1)
    process_s = time.process_time()
    while writer.poll() is None:
        began_s = time.perf_counter()
        for _ in pieces(log):
            piece_s, piece_cpu_s = time.perf_counter(), time.thread_time()
            log.read()
            cpu_s += time.thread_time() - piece_cpu_s
            pieces_ms.append(1000 * (time.perf_counter() - piece_s))
        page = service.logbook.page("cam", page.next_seq, 10**6)
        left_out += sum(map(not_shown, page.lines))
        disk_bytes = max(disk_bytes, sum(file.stat().st_blocks * 512 for file in path.parent.iterdir()))
        while (
            time.perf_counter() < began_s + _LOOK_EVERY_S and writer.poll() is None
        ):  # as a loop that has other things to do
            slept_s = time.perf_counter()
            time.sleep(0.002)
            late_ms.append(1000 * (time.perf_counter() - slept_s) - 2)
    log.read(everything=True)
    assert log.settled(60)
    process_s = time.process_time() - process_s
    log.read()
    log.close()
    left_out += sum(map(not_shown, service.logbook.page("cam", page.next_seq, 10**6).lines))
    assert writer.stdout is not None
    took_s, longest_write_s = map(float, writer.stdout.read().split())
    seen = numbers(path)
    return {
        "lines written": count,
        "lines/s": count / took_s,
        "lines lost or doubled": count - len(seen) + sum(times - 1 for times in seen.values()),
        "lines not shown": left_out,
        "rotations": len(list(path.parent.glob("*.gz"))),
        "in the loop, CPU us per line": 1e6 * cpu_s / count,
        "in all, CPU us per line": 1e6 * process_s / count,
        "longest stretch of a look without a turn for others, ms": max(pieces_ms),
        "loop late by, ms (99 of 100)": statistics.quantiles(late_ms, n=100)[98],
        "longest write of the worker, ms": 1000 * longest_write_s,
        "most disk space, share of what was written": disk_bytes / (count * LINE_BYTES),
    }


def pieces(log: CameraLog) -> Iterator[None]:
    """Of one look, each to be read by who asks."""
    yield
    while log.unfinished:
        yield


def not_shown(line: LogLine) -> int:
    """How many lines this line stands for, if it tells of lines that are only in the files."""
    found = re.match(r"([\d,]+) lines not shown", line.text)
    return int(found[1].replace(",", "")) if found else 0


def numbers(path: Path) -> Counter[int]:
    """How often each line stands in the files."""
    seen: Counter[int] = Counter()
    for file in path.parent.glob(f"{path.stem}.*"):
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        seen.update(int(number) for number in re.findall(rb"\[warning\] line (\d+) ", content))
    return seen


def idle(folder: Path) -> float:
    """CPU of looking once at each of many logs without news, in percent of a second."""
    service = context(folder)
    logs = [CameraLog(service, f"cam{number}") for number in range(IDLE_LOGS)]
    for log in logs:
        log.prepare()
        log.path(1).write_bytes(b"[info] started\n")
        log.follow(1)
        log.read()
        assert log.settled(10)
        log.read()
    rounds = []
    for _ in range(50):
        began_s = time.thread_time()
        for log in logs:
            log.read()
        rounds.append(100 * (time.thread_time() - began_s))
    for log in logs:
        log.close()
    return statistics.median(rounds)


if __name__ == "__main__":
    sys.exit(main())
