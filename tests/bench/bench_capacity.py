"""Whether the projection of capacity comes true: two cameras are measured, the most that should fit are really started,
and then one more. Not run by pytest.

    python -m tests.bench.bench_capacity [--json FILE] [--cameras 5] [--window 120] [--seconds 60]

A real recorder over simulated cameras, each of which is copied into its recording and encoded for its live stream. All
cameras send from the beginning, what was encoded once before, so that what they take of this machine is little and the
same throughout. Asked is `vmstui capacity --json`, as a user does: first until what a camera takes has settled, then
for a budget halfway between what is projected for `--cameras` and for one more, and enough for `--cameras` when they
are busy. Then so many are started in the same recorder by its configuration, and then one more. What is held against
the projection is counted outside of it: user and system time from `/proc/PID/stat` of all workers, the relay and the
service. A maximum is one whose busy moments the budget covers; so these are what has to stay below it with the maximum,
and to exceed it with one more.

CPU time is no measure of work where cores are not equally fast all the time: on a virtual machine the other half of a
core may belong to somebody else, whose load nobody here sees. So the bench does the same small piece of work twice a
second and tells how much CPU time that took: `WORK` is by how much more than while two cameras were measured, and
`ALIKE` how far the projection is off when that is taken out. The bounds are of what was measured, not of that.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from tests.integration.harness import Recorder, cameras, make_cache
from vmstui.model import CameraState

DEVIATION = 0.10
"""Of what is measured, from what was projected."""
FIRST, MOST = 2, 5
"""Half a camera of five is as much as the projection may be off: more of them could not be told from one more."""
BLOCK_S = 10
SETTLE_S = 15.0
"""After the last camera is recorded."""
SETTLED, ASK_EVERY_S = 0.02, 10.0
"""What a camera takes has settled when three answers in a row differ by no more than this."""
RECORDED = ("workers", "relay", "service")
WORK, WORK_EVERY_S = 40_000, 0.5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROFILE = """\
profiles:
  bench:
    recording: {codec: source, encoder: copy}
    live: {codec: h264, encoder: software, bitrate: 800k}
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}"""


@dataclass(frozen=True, slots=True)
class Used:
    """CPU over a window, as percent of one core, counted outside of the recorder."""

    cameras: int
    seconds: float
    workers: float
    relay: float
    service: float
    blocks: tuple[float, ...]
    """All three together, each over `BLOCK_S`."""
    sources: float
    """The simulated cameras, which a real site does not have."""
    machine: float
    """Everything that ran, of all cores."""
    stolen: float
    fps: float
    """Of the pictures that a camera sends, those a worker got done; on the average of all."""
    work_ms: float
    """CPU time of a small piece of work that is always the same."""

    @property
    def others(self) -> float:
        """What ran beside, and takes caches and cores."""
        return self.machine - self.together - self.sources

    @property
    def together(self) -> float:
        return self.workers + self.relay + self.service

    @property
    def busiest(self) -> float:
        """The 95th percentile of the blocks."""
        return sorted(self.blocks)[max(-(-len(self.blocks) * 95 // 100) - 1, 0)]


class Counters:
    """What the kernel counted of some processes until now, in seconds."""

    def __init__(self, recorder: Recorder, server: int) -> None:
        snapshot = recorder.snapshot()
        workers = [camera.pid for camera in snapshot.cameras if camera.pid is not None]
        self.workers = {pid: _cpu_s(pid) for pid in workers}
        self.relay = {pid: _cpu_s(pid) for pid in [snapshot.relay.pid] if pid is not None}
        self.service = {snapshot.service.pid: _cpu_s(snapshot.service.pid or 0)}
        self.sources = {pid: _cpu_s(pid) for pid in (server, *_children(server))}
        self.frames = sum(camera.progress.frame for camera in snapshot.cameras if camera.progress is not None)
        first = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        self.machine = sum(first[:3] + first[5:7]) / TICKS_PER_S
        self.stolen = first[7] / TICKS_PER_S
        self.at = time.monotonic()


def main() -> int:
    """Measure, print, and exit with 1 where a bound fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=MOST, help="for which a budget is chosen")
    parser.add_argument("--window", type=float, default=120.0, help="seconds that the first cameras are measured")
    parser.add_argument("--seconds", type=float, default=60.0, help="that the others are")
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        results = measure(Path(name), options.cameras, options.window, options.seconds)
    for line in report(results):
        print(line)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))
    return 0 if results["held"] else 1


def measure(folder: Path, most: int, window_s: float, seconds: float) -> dict[str, Any]:
    """Everything."""
    ffmpeg = make_cache(folder / "cache")
    recorder = Recorder(folder / "recorder", folder / "cache")
    size: dict[str, Any] = {"size": (640, 360), "fps": 15, "loop_s": 60}
    with cameras(ffmpeg, folder / "cameras", most + 1, **size) as sources:
        configured = [(f"cam{number}", sources.url(f"cam{number}")) for number in range(1, most + 2)]

        def record(count: int) -> None:
            recorder.configure(configured[:count], "bench", PROFILE)
            text = recorder.config.read_text().replace("segment: {length: 5s}", "segment: {length: 60s}")
            recorder.config.write_text(text)

        try:
            record(FIRST)
            recorder.start()
            _wait(recorder, FIRST)
            first = _measured(recorder, sources.pid, FIRST, window_s)
            _settled(recorder, window_s)
            rows = _rows(_asked(recorder, "--cameras", str(most + 1)))
            halfway = (rows[most]["cpu_percent_exact"] + rows[most + 1]["cpu_percent_exact"]) / 2
            budget = ceil(10 * max(halfway, rows[most]["cpu_busy_percent_exact"])) / 10
            answer = _asked(recorder, "--budget", f"{budget}%")
            used = [first]
            for count in (most, most + 1):
                record(count)
                done = recorder.command("config", "reload")
                assert done.returncode == 0, done.stderr
                _wait(recorder, count)
                used.append(_measured(recorder, sources.pid, count, seconds))
            after = _asked(recorder)
        finally:
            recorder.stop()
    return _results(budget, answer, rows, used, after)


def report(results: dict[str, Any]) -> list[str]:
    """The table, and what became of each bound."""
    lines = [
        results["machine"],
        f"budget {results['budget_percent']} %: {results['sentence']}",
        f"confidence: {results['confidence']}",
        f"{'CAMERAS':<8}{'PROJECTED':>10}{'BUSY':>7}{'MEASURED':>10}{'BUSY':>7}{'OFF':>8}{'WORK':>8}{'ALIKE':>8}"
        f"{'WORKERS':>9}{'RELAY':>7}{'SERVICE':>9}{'FPS':>6}{'SOURCES':>9}{'OTHERS':>8}{'STOLEN':>8}",
    ]
    for row in results["rows"]:
        lines.append(
            f"{row['cameras']:<8}{row['projected']:>10.1f}{row['projected_busy']:>7.1f}{row['together']:>10.1f}"
            f"{row['busiest']:>7.1f}{100 * row['off']:>+7.1f}%{100 * row['slower']:>+7.1f}%{100 * row['alike']:>+7.1f}%"
            f"{row['workers']:>9.1f}{row['relay']:>7.1f}{row['service']:>9.1f}{row['fps']:>6.1f}{row['sources']:>9.1f}"
            f"{row['others']:>8.1f}{row['stolen']:>8.1f}"
        )
    lines += [f"{'holds' if held else 'FAILS':<8}{bound}" for bound, held in results["bounds"].items()]
    alike = ", ".join(f"{row['cameras']}: {row['together'] / (1 + row['slower']):.1f} %" for row in results["rows"])
    lines.append(f"were the cores as fast as in the beginning (no bound): {alike}")
    return lines


def _results(budget: float, answer: Any, rows: dict[int, Any], used: Sequence[Used], after: Any) -> dict[str, Any]:
    most, over = used[1:]
    told = []
    for one in used:
        row, slower = rows[one.cameras], one.work_ms / used[0].work_ms
        projected = row["cpu_percent_exact"]
        told.append(
            asdict(one)
            | {
                "together": one.together,
                "busiest": one.busiest,
                "others": one.others,
                "projected": projected,
                "projected_busy": row["cpu_busy_percent_exact"],
                "off": one.together / projected - 1,
                "slower": slower - 1,
                "alike": one.together / slower / projected - 1,
            }
        )
    bounds = {
        f"the maximum is {most.cameras}": answer["maximum"] == most.cameras,
        f"measured with {most.cameras} within {DEVIATION:.0%} of the projection": abs(told[1]["off"]) <= DEVIATION,
        f"{most.cameras} stay below {budget} % when they are busy: {most.busiest:.1f} %": most.busiest <= budget,
        f"one more exceeds it then: {over.busiest:.1f} %": over.busiest > budget,
    }
    return {
        "machine": _machine(),
        "budget_percent": budget,
        "maximum": answer["maximum"],
        "sentence": answer["sentence"],
        "confidence": answer["confidence"],
        "rows": told,
        "bounds": bounds,
        "held": all(bounds.values()),
        "costs": {"before": _cpu(answer), "after": _cpu(after)},
    }


def _measured(recorder: Recorder, server: int, count: int, seconds: float) -> Used:
    print(f"{count} cameras for {seconds:.0f} s …", file=sys.stderr, flush=True)
    time.sleep(SETTLE_S)
    marks, works = [Counters(recorder, server)], []
    for _ in range(max(round(seconds / BLOCK_S), 1)):
        while (left_s := marks[0].at + len(marks) * BLOCK_S - time.monotonic()) > 0:
            time.sleep(min(left_s, WORK_EVERY_S))
            works.append(_work_ms())
        marks.append(Counters(recorder, server))
    first, last = marks[0], marks[-1]
    assert len(last.workers) == count, f"{len(last.workers)} of {count} cameras have a worker"
    assert first.workers.keys() == last.workers.keys(), "a worker was replaced"

    def percent(before: Counters, after: Counters, what: str) -> float:
        was, now = getattr(before, what), getattr(after, what)
        if isinstance(now, dict):
            was, now = (sum(of[pid] for pid in getattr(last, what)) for of in (was, now))
        return float(100 * (now - was) / (after.at - before.at))

    return Used(
        cameras=count,
        seconds=last.at - first.at,
        workers=percent(first, last, "workers"),
        relay=percent(first, last, "relay"),
        service=percent(first, last, "service"),
        blocks=tuple(sum(percent(*pair, what) for what in RECORDED) for pair in pairwise(marks)),
        sources=percent(first, last, "sources"),
        machine=percent(first, last, "machine"),
        stolen=percent(first, last, "stolen"),
        fps=(last.frames - first.frames) / (last.at - first.at) / count,
        work_ms=statistics.fmean(works),
    )


def _work_ms() -> float:
    begun_s, total = time.thread_time(), 0
    for number in range(WORK):
        total += number * number
    return 1000 * (time.thread_time() - begun_s)


def _settled(recorder: Recorder, window_s: float) -> None:
    """Ask until nothing changes any more."""
    costs: list[float] = []
    while True:
        found = _asked(recorder)
        if found["confidence"]["cameras"] == FIRST and found["confidence"]["window_s"] >= window_s:
            costs.append(_cpu(found)["typical"])
        if len(costs) >= 3 and max(costs[-3:]) <= min(costs[-3:]) * (1 + SETTLED):
            return
        time.sleep(ASK_EVERY_S)


def _wait(recorder: Recorder, count: int) -> None:
    for number in range(1, count + 1):
        recorder.wait_for(
            "recorded and live",
            lambda camera: camera.state is CameraState.RECORDING and all(one.state == "up" for one in camera.outputs),
            f"cam{number}",
        )


def _asked(recorder: Recorder, *arguments: str) -> Any:
    done = recorder.command("capacity", "--json", *arguments)
    return json.loads(done.stdout)


def _rows(found: Any) -> dict[int, Any]:
    return {row["cameras"]: row for row in found["rows"]}


def _cpu(found: Any) -> Any:
    return next(cost for cost in found["costs"] if cost["resource"] == "CPU")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _machine() -> str:
    told = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().split("\n") if "name" in line]
    model = told[0] if told else platform.machine()
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
