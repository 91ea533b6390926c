"""Whether what vmstui tells is true: CPU, stages, bitrate and frames of workers, by other means. Not run by pytest.

    python -m tests.bench.bench_truth [--cameras 4] [--seconds 60] [--json FILE]

A real service re-encodes both outputs of simulated cameras (320x180, 10 fps). Over the same time CPU is told by the
samples, the history and the stages, and by `/proc/PID/stat`, which is read ten times a second from outside (and by
`pidstat` where it is installed); bitrate and frames are told by the history, and by ffprobe of the segments that were
published. Deviations are relative: 2 % are allowed, 3 % for the stages, which have to add up.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integration.harness import Recorder, cameras, make_cache
from tests.integration.truth_support import Truth, cpu, footage

ALLOWED, OF_STAGES = 0.02, 0.03
HEAD = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  both:
    recording: {codec: h265, encoder: software}
    live: {codec: h264, encoder: software, size: 320x180, bitrate: 500k}
"""


def main() -> int:
    """Measure, print, and exit with 1 if anything deviates by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", help="write the results here as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vmstui-bench-") as name:
        found = measure(Path(name), options.cameras, options.seconds)
    within = True
    worst: dict[str, float] = {}
    for truth in found:
        allowed = OF_STAGES if "stages" in truth.what else ALLOWED
        within &= truth.deviation <= allowed
        worst[truth.what] = max(worst.get(truth.what, 0.0), truth.deviation)
        print(f"{truth}{'' if truth.deviation <= allowed else '  TOO MUCH'}")
    for what, deviation in worst.items():
        print(f"largest deviation, {what:<24}{deviation:>8.2%}")
    if options.json:
        rows = [[truth.camera, truth.what, truth.told, truth.outside] for truth in found]
        Path(options.json).write_text(json.dumps(rows, indent=2))
    print("true" if within else "NOT TRUE")
    return 0 if within else 1


def measure(folder: Path, count: int, seconds: int) -> list[Truth]:
    """Everything."""
    ffmpeg = make_cache(folder / "cache")
    recorder = Recorder(folder / "recorder", folder / "cache")
    with cameras(ffmpeg, folder / "cameras", count) as sources:
        names = [f"cam{number}" for number in range(1, count + 1)]
        recorder.configure([(name, sources.url(name)) for name in names], "both", HEAD)
        try:
            recorder.start()
            pids = [recorder.wait_recording(name).pid for name in names]
            pidstat = _pidstat([pid for pid in pids if pid is not None], seconds)
            found = cpu(recorder, names, seconds)
            if pidstat is not None:
                told, _ = pidstat.communicate()
                found += _beside(told, found, names, pids)
            return found + footage(recorder, names, seconds)
        finally:
            recorder.stop()


def _pidstat(pids: list[int], seconds: int) -> subprocess.Popen[str] | None:
    if shutil.which("pidstat") is None:
        print("pidstat (package sysstat) is not installed: /proc alone")
        return None
    argv = ["pidstat", "-u", "-p", ",".join(map(str, pids)), str(seconds + 1), "1"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})


def _beside(text: str, found: list[Truth], names: list[str], pids: list[int | None]) -> list[Truth]:
    """What pidstat made of the same minute, beside the history."""
    by_pid = {
        int(fields[2]): float(fields[-3])
        for fields in (line.split() for line in text.splitlines() if line.startswith("Average"))
        if len(fields) > 8 and fields[2].isdecimal()
    }
    told = {truth.camera: truth.told for truth in found if truth.what == "CPU, history"}
    return [
        Truth(name, "CPU, history / pidstat", told[name], by_pid[pid])
        for name, pid in zip(names, pids, strict=True)
        if pid in by_pid
    ]


if __name__ == "__main__":
    sys.exit(main())
