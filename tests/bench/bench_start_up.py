"""Whether a new service takes its workers over as soon, and as cheaply, with 100,000 catalogued segments as with none.

    python -m tests.bench.bench_start_up [--rounds 10] [--segments 100000] [--json FILE] [--folder FOLDER]

Not run by pytest. Two installations that differ in nothing but what was recorded before: each records two simulated
cameras with a real ffmpeg, in segments of an hour, so that nothing is published meanwhile. One has 100,000 segments of
eight cameras behind it: the rows of its catalogue, the lines of its journals and the files themselves, of their full
size but sparse. In turn each service is killed with SIGKILL and started anew, in changing order, and watched from
outside: the time from its start until it shows both cameras as recorded by the workers that it found, and its CPU by
the clock that the kernel keeps of it, until then and until ten seconds after its start, when it has caught up with what
the one before it did not get to.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.bench_catalogue import LENGTH, SIZE_BYTES
from tests.integration.harness import PATIENCE_S, Recorder, cameras, make_cache, wait_until
from vmstui.control.errors import RecorderLost
from vmstui.footage import Segment, SegmentVerdict
from vmstui.model import CameraState
from vmstui.recorder.cataloguer import COMPLETE
from vmstui.recording import journal
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.naming import segment_path

CAMERAS, OF_CAMERAS = ("cam1", "cam2"), 8
"""Those that are recorded, and how many there is footage of."""
LOOK_S = 0.01
WATCHED_S = 10.0
MORE = 1.1
"""The budget: so many times the figure of the installation without footage."""
SHOWN = "start of the service -> both workers taken over, s"
CPU_SHOWN = "its CPU until then, ms"
CPU_WATCHED = f"its CPU in the first {WATCHED_S:.0f} s, ms"
Figures = dict[str, list[float]]


def main() -> int:
    """Measure, print, and exit with 1 if the footage makes a start slower than the budget allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--folder", help="where everything is, instead of the folder for temporary files")
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-", dir=options.folder) as name:
        without, with_footage = measured(Path(name), options.segments, options.rounds)
    head = (f"median of {options.rounds} rounds (least, most)", "no footage", f"{options.segments:,} segments")
    print(f"{head[0]:<52}{head[1]:>26}{head[2]:>26}")
    for what in without:
        print(f"{what:<52}{_told(without[what]):>26}{_told(with_footage[what]):>26}")
    if options.json:
        Path(options.json).write_text(json.dumps({"without": without, "with": with_footage}, indent=2))
    within = statistics.median(with_footage[SHOWN]) <= MORE * statistics.median(without[SHOWN])
    print("within budget" if within else "OVER BUDGET")
    return 0 if within else 1


def measured(folder: Path, segments: int, rounds: int) -> tuple[Figures, Figures]:
    """Of the installation without footage, and of the one with it."""
    ffmpeg = make_cache(folder / "cache")
    with (
        cameras(ffmpeg, folder / "cameras", len(CAMERAS)) as sources,
        installation(folder / "without", folder / "cache", sources.url, 0) as without,
        installation(folder / "with", folder / "cache", sources.url, segments) as full,
    ):
        figures: tuple[Figures, Figures] = (defaultdict(list), defaultdict(list))
        for number in range(rounds):
            for which in (0, 1) if number % 2 else (1, 0):
                for what, figure in start_up((without, full)[which]).items():
                    figures[which][what].append(figure)
        return figures


@contextmanager
def installation(folder: Path, cache: Path, url: Callable[[str], str], segments: int) -> Iterator[Recorder]:
    """One that records, of which no service runs just now, and whose catalogue is known to be complete."""
    recorder = Recorder(folder, cache)
    recorder.configure([(camera, url(camera)) for camera in CAMERAS])
    recorder.config.write_text(recorder.config.read_text().replace("length: 5s", "length: 1h"))
    if segments:
        fill(recorder, segments)
    try:
        recorder.start()
        for camera in CAMERAS:
            recorder.wait_recording(camera)
        wait_until(lambda: _complete(recorder), "the catalogue is complete", limit_s=600.0)
        recorder.kill_service()
        yield recorder
    finally:
        recorder.stop()


def fill(recorder: Recorder, segments: int) -> None:
    """Weeks of footage until an hour ago, in the catalogue, the journals and as files."""
    each, end = segments // OF_CAMERAS, datetime.now(UTC) - timedelta(hours=1)
    journal.journal_root(recorder.recordings).mkdir(parents=True)
    with Catalogue.open(_catalogue(recorder)) as catalogue:
        for camera in (f"cam{number}" for number in range(1, OF_CAMERAS + 1)):
            of_camera = [
                segment(recorder.recordings, camera, number, end - LENGTH * (each - number)) for number in range(each)
            ]
            for one in of_camera:
                path = Path(one.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    file.truncate(one.size_bytes)
                journal.append(recorder.recordings, one)
            catalogue.add(of_camera)
        catalogue.filled()


def segment(recordings: Path, camera: str, number: int, started_at: datetime) -> Segment:
    """One of a camera, recorded by its first worker."""
    folders, name = segment_path(camera, started_at, UTC)
    path = str(recordings.joinpath(*folders, name))
    length_s, good = LENGTH.total_seconds(), SegmentVerdict.GOOD
    return Segment(camera, 1, path, started_at, length_s, SIZE_BYTES, "hevc", 2560, 1440, good, number=number)


def start_up(recorder: Recorder) -> dict[str, float]:
    """Start the service over the workers that live, watch it, and kill it."""
    workers = set(recorder.left_running())
    begun_s = time.monotonic()
    pid = recorder.launch().pid
    while not _taken_over(recorder, workers):
        assert time.monotonic() < begun_s + PATIENCE_S, (recorder.folder / "service.log").read_text()
        time.sleep(LOOK_S)
    shown_s, shown_cpu_s = time.monotonic() - begun_s, _cpu_s(pid)
    time.sleep(max(0.0, WATCHED_S - shown_s))
    watched_cpu_s = _cpu_s(pid)
    recorder.kill_service()
    return {SHOWN: shown_s, CPU_SHOWN: shown_cpu_s * 1e3, CPU_WATCHED: watched_cpu_s * 1e3}


def _taken_over(recorder: Recorder, workers: set[int]) -> bool:
    try:
        found = recorder.snapshot().cameras
    except RecorderLost:
        return False
    return len(found) == len(CAMERAS) and all(
        camera.state is CameraState.RECORDING and camera.pid in workers for camera in found
    )


def _cpu_s(pid: int) -> float:
    """All that a process has used, threads that ended included: `clock_getcpuclockid(3)`."""
    return time.clock_gettime((~pid << 3) | 2)


def _complete(recorder: Recorder) -> bool:
    path = _catalogue(recorder)
    if not path.exists():
        return False
    try:
        with Catalogue.open(path, readonly=True) as catalogue:
            return catalogue.fact(COMPLETE) is not None
    except CatalogueError:
        return False


def _catalogue(recorder: Recorder) -> Path:
    return recorder.folder / "state" / FILE_NAME


def _told(figures: list[float]) -> str:
    return f"{statistics.median(figures):,.2f} ({min(figures):,.2f}, {max(figures):,.2f})"


if __name__ == "__main__":
    sys.exit(main())
