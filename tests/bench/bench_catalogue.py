"""What the catalogue and retention cost with 100,000 segments, or a million. Not run by pytest.

    python -m tests.bench.bench_catalogue [--million] [--json FILE] [--folder FOLDER]

Eight cameras (32 for a million) recorded for weeks, in segments of three minutes. Another process fills the catalogue;
this one asks it as commands and the service do, and its memory is what that takes. Of the segments that retention
deletes there are real files. CPU is that of this process, user and system; each figure is the median of several runs.
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
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vmstui.footage import Segment, SegmentVerdict
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.naming import segment_path
from vmstui.recording.retention import Disk, Found, Policy, plan
from vmstui.recording.retention_pass import run_pass

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LENGTH = timedelta(minutes=3)
SIZE_BYTES = 34_000_000
DELETED = 500
DAY_BUDGET_MS = 10.0
PASS_BUDGET_MS = 1000.0
COMMAND_BUDGET_MS = 200.0


def main() -> int:
    """Measure, print, and exit with 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--folder", help="where the catalogue is, instead of the folder for temporary files")
    parser.add_argument("--json", help="write the results here as well")
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    options = parser.parse_args()
    count, cameras = (1_000_000, 32) if options.million else (100_000, 8)
    if options.fill:
        fill(Path(options.fill), count, cameras)
        return 0
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-", dir=options.folder) as name:
        results = measured(Path(name), count, cameras, options.million)
    print(f"{f'{count:,} segments of {cameras} cameras':<60}{'CPU ms':>12}{'wall ms':>12}")
    for what, (value, wall) in results.items():
        print(f"{what:<60}{value:>12,.2f}" + ("" if wall is None else f"{wall:>12,.2f}"))
    if options.json:
        Path(options.json).write_text(json.dumps({what: cpu for what, (cpu, _) in results.items()}, indent=2))
    within = results[DAY][0] <= DAY_BUDGET_MS and results[IDLE_PASS][0] <= PASS_BUDGET_MS
    within = within and results[COMMAND][0] <= COMMAND_BUDGET_MS
    return 0 if (within and results[DELETING_PASS][0] <= PASS_BUDGET_MS) or options.million else 1


COMMAND = "`vmstui segments`, the whole command"
DAY = "one camera, one day (480 segments)"
IDLE_PASS = "retention pass that finds nothing to do"
DELETING_PASS = f"retention pass that deletes {DELETED} files"
Figures = dict[str, tuple[float, float | None]]


def fill(folder: Path, count: int, cameras: int) -> None:
    """A catalogue whose newest segments end now."""
    started_s, cpu_s = time.perf_counter(), time.process_time()
    each = count // cameras
    with Catalogue.open(folder / "catalogue.sqlite3") as catalogue:
        for start in range(0, each, 1000):
            catalogue.add(
                segment(folder, camera, number, each)
                for number in range(start, min(start + 1000, each))
                for camera in range(cameras)
            )
        catalogue.filled()
    print(json.dumps([(time.process_time() - cpu_s) * 1e3, (time.perf_counter() - started_s) * 1e3]))


def segment(folder: Path, camera: int, number: int, each: int) -> Segment:
    """One of a camera, by its number from the oldest."""
    started_at = NOW - LENGTH * (each - number)
    folders, name = segment_path(f"Camera_{camera}", started_at, UTC)
    path = str(folder.joinpath("recordings", *folders, name))
    return Segment(
        f"camera_{camera}",
        7,
        path,
        started_at,
        LENGTH.total_seconds(),
        SIZE_BYTES,
        "hevc",
        2560,
        1440,
        SegmentVerdict.GOOD,
        frames=2700,
        fps=15.0,
        number=number,
    )


def measured(folder: Path, count: int, cameras: int, million: bool) -> Figures:
    """All figures, by what they are of."""
    command = [sys.executable, "-m", "tests.bench.bench_catalogue", "--fill", str(folder)]
    command += ["--million"] if million else []
    cpu_ms, wall_ms = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    results: Figures = {"filling it, 1,000 of each camera at a time": (cpu_ms, wall_ms)}
    path = folder / "catalogue.sqlite3"
    size_bytes = path.stat().st_size
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    results["opening it to read"] = timed(lambda: Catalogue.open(path, readonly=True).close())
    results["opening it to write"] = timed(lambda: Catalogue.open(path).close())
    each = count // cameras
    middle = NOW - LENGTH * (each // 2)
    day = timedelta(days=1)
    with Catalogue.open(path) as catalogue:
        results[DAY] = timed(lambda: catalogue.segments("camera_3", middle, middle + day))
        results["all cameras, one hour"] = timed(lambda: catalogue.segments(None, middle, middle + timedelta(hours=1)))
        results["newest 100 of all cameras"] = timed(
            lambda: catalogue.segments(None, None, None, limit=100, newest_first=True)
        )
        one = segment(folder, 3, each // 2, each)
        results["neighbours of a segment"] = timed(lambda: catalogue.around("camera_3", one))
        numbers = iter(range(each, each + 1000))
        results["adding a segment"] = timed(lambda: catalogue.add([segment(folder, 3, next(numbers), each)]))
        results |= retention(folder, catalogue, each, cameras)
    results |= commands(folder)
    grown_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mb
    sizes = (("memory for all of this, MB", grown_mb), ("size on disk, MB", size_bytes / 1e6))
    return results | {what: (value, None) for what, value in sizes}


def commands(folder: Path) -> Figures:
    """Whole processes, from their start to their end, without a recorder: with one they need not read the
    configuration."""
    config = folder / "vmstui.yaml"
    cameras = "".join(f"  - {{id: camera_{number}, url: 'rtsp://h/x'}}\n" for number in range(8))
    config.write_text(f"recordings: {folder / 'recordings'}\ncameras:\n{cameras}")
    environment = os.environ | {
        "VMSTUI_STATE": str(folder),
        "VMSTUI_RUNTIME": str(folder),
        "VMSTUI_CONFIG": str(config),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),  # as `make install` has it
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    asked = {
        COMMAND: ("-m", "vmstui", "segments"),
        "… of one camera and day, as JSON": ("-m", "vmstui", "segments", "camera_3", "--from", "-1d", "--json"),
        "an empty Python, for comparison": ("-c", "pass"),
    }
    for argv in asked.values():
        whole_process((sys.executable, *argv), environment, runs=1)  # compiles what it imports
    return {what: whole_process((sys.executable, *argv), environment) for what, argv in asked.items()}


def whole_process(argv: tuple[str, ...], environment: dict[str, str], runs: int = 15) -> tuple[float, float]:
    """Milliseconds of CPU, user and system, as the kernel tells them at its end, and of wall time; the medians."""
    cpus, walls = [], []
    null = os.open(os.devnull, os.O_RDWR)
    for _ in range(runs):
        begun_s = time.perf_counter()
        quiet = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (0, 1, 2)]
        pid = os.posix_spawn(argv[0], argv, environment, file_actions=quiet)
        _, status, used = os.wait4(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, argv
        cpus.append((used.ru_utime + used.ru_stime) * 1e3)
        walls.append((time.perf_counter() - begun_s) * 1e3)
    os.close(null)
    return statistics.median(cpus), statistics.median(walls)


def retention(folder: Path, catalogue: Catalogue, each: int, cameras: int) -> Figures:
    """Passes of retention over it."""
    recordings = folder / "recordings"
    recordings.mkdir()
    root = os.open(recordings, os.O_RDONLY | os.O_DIRECTORY)
    disk = Disk(10**14, 10**14)
    kept = Policy(days=each * LENGTH.total_seconds() / 86400 + 1, max_bytes=10**15)
    results: Figures = {
        IDLE_PASS: timed(lambda: plan(catalogue, kept, disk, NOW, lambda _: Found())),
    }
    files = [segment(folder, camera, number, each) for number in range(DELETED // cameras) for camera in range(cameras)]
    for file in files:
        path = Path(file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(file.size_bytes)
    limit = NOW - (files[-1].started_at + LENGTH)
    due = Policy(days=limit.total_seconds() / 86400)
    results[DELETING_PASS] = timed(lambda: run_pass(catalogue, due, root, recordings, NOW), runs=1)
    tenth = each * cameras // 10 * SIZE_BYTES
    full = Disk(10**13 // 20 - tenth, 10**13)
    results["planning to delete a tenth of all for free space"] = timed(
        lambda: plan(catalogue, Policy(), full, NOW, lambda _: Found()), runs=3
    )
    os.close(root)
    return results


def timed(run: Callable[[], object], runs: int = 15) -> tuple[float, float]:
    """Milliseconds of CPU and of wall time, the medians."""
    cpus, walls = [], []
    for _ in range(runs):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        run()
        cpus.append((time.process_time() - cpu_s) * 1e3)
        walls.append((time.perf_counter() - wall_s) * 1e3)
    return statistics.median(cpus), statistics.median(walls)


if __name__ == "__main__":
    sys.exit(main())
