"""What vmstui tells of its workers beside what other means tell of the same time: the kernel's account, and ffprobe.

Used by `test_truth` and by `tests.bench.bench_truth`. The kernel is asked all along, ten times a second, so that any
two instants that vmstui names can be held against it: both clocks then have the same edges.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests.integration.harness import Recorder, wait_until
from vmstui.codec import Json, from_json
from vmstui.control.call import call
from vmstui.footage import Segment
from vmstui.measured import Measured
from vmstui.stages import StageBreakdown
from vmstui.telemetry.procfs import parse_stat

LOOK_S = 0.1
SURE_S = 0.02
"""A look that took longer does not tell when it was."""
REPORT_S = 1.0
"""ffmpeg reports its frames so often."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One figure, twice."""

    camera: str
    what: str
    told: float
    outside: float

    @property
    def deviation(self) -> float:
        """As a share of what was seen outside."""
        return abs(self.told - self.outside) / self.outside

    def __str__(self) -> str:
        return f"{self.camera} {self.what}: told {self.told:.4g}, outside {self.outside:.4g} ({self.deviation:.2%})"


class Outside(threading.Thread):
    """Reads the CPU time of processes from `/proc/PID/stat` until it is stopped."""

    def __init__(self, pids: Sequence[int]) -> None:
        super().__init__(name="outside", daemon=True)
        self._seen: dict[int, list[tuple[float, float]]] = {pid: [] for pid in pids}
        self._ended = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self._ended.wait(LOOK_S):
            for pid, seen in self._seen.items():
                before_s = time.time()
                raw = Path(f"/proc/{pid}/stat").read_bytes()
                after_s = time.time()
                if after_s - before_s < SURE_S:
                    seen.append(((before_s + after_s) / 2, parse_stat(raw)[1]))

    def stop(self) -> None:
        """No more."""
        self._ended.set()
        self.join()

    def percent(self, pid: int, since: datetime, until: datetime) -> float:
        """Of one core between two instants."""
        begun_s, ended_s = since.timestamp(), until.timestamp()
        return 100 * (self._cpu_s(pid, ended_s) - self._cpu_s(pid, begun_s)) / (ended_s - begun_s)

    def _cpu_s(self, pid: int, at_s: float) -> float:
        seen = self._seen[pid]
        after = bisect_left(seen, (at_s, 0.0))
        assert 0 < after < len(seen), f"nobody looked at {at_s}: from {seen[0][0]} to {seen[-1][0]} somebody did"
        (before_s, before), (after_s, then) = seen[after - 1], seen[after]
        return before + (then - before) * (at_s - before_s) / (after_s - before_s)


def cpu(recorder: Recorder, names: Sequence[str], seconds: int) -> list[Truth]:
    """CPU of each worker over so many seconds: by its samples, by the history, and by its stages."""
    pids = {name: recorder.camera(name).pid for name in names}
    outside = Outside([pid for pid in pids.values() if pid is not None])
    outside.start()
    time.sleep(1.0)
    begun = datetime.now(UTC)
    found: list[Truth] = []
    asked: dict[str, Json] = {"cameras": list(names), "seconds": min(seconds, 60) * 3 // 4}
    until_s = time.monotonic() + seconds + 2
    while time.monotonic() < until_s:  # who is not asked for is not followed
        call(recorder.socket, "stages", asked)
        time.sleep(1.0)
    stages = from_json(tuple[StageBreakdown, ...], call(recorder.socket, "stages", asked))
    details = {name: recorder.details(name).samples for name in names}
    ended = datetime.now(UTC)
    time.sleep(2 * LOOK_S)
    outside.stop()
    since, until = begun + timedelta(seconds=1), ended - timedelta(seconds=1)
    for name, breakdown in zip(names, stages, strict=True):
        pid = pids[name]
        assert pid is not None
        samples = [sample for sample in details[name] if sample.at > since]
        told = (
            sum(
                after.cpu_percent * (after.at - before.at).total_seconds()
                for before, after in itertools.pairwise(samples)
            )
            / (samples[-1].at - samples[0].at).total_seconds()
        )
        found.append(Truth(name, "CPU, samples", told, outside.percent(pid, samples[0].at, samples[-1].at)))
        mean = telemetry_mean(recorder, name, "cpu_percent", since, until)
        found.append(Truth(name, "CPU, history", mean, outside.percent(pid, since, until)))
        assert breakdown.at is not None, breakdown.reason
        total = sum(share.cpu_percent for share in breakdown.shares)
        stages_since = breakdown.at - timedelta(seconds=breakdown.elapsed_s)
        found.append(Truth(name, "CPU, stages", total, outside.percent(pid, stages_since, breakdown.at)))
    return found


def footage(recorder: Recorder, names: Sequence[str], seconds: float) -> list[Truth]:
    """Bitrate and frames of what was published over at least so many seconds."""
    found: list[Truth] = []
    for name in names:
        segments: list[Segment] = wait_until(
            partial(_whole, recorder, name, seconds),
            f"{name}: {seconds:g} s of whole segments",
            limit_s=seconds + 60,
        )
        # From the last write to the file before them to the last one to theirs: by the clock that the history goes
        # by, however late a busy machine was with the frames.
        since, until = (
            datetime.fromtimestamp(Path(segment.path).stat().st_mtime, UTC) for segment in (segments[0], segments[-1])
        )
        segments = segments[1:]
        probed = [probe(segment.path) for segment in segments]
        frames, size_bytes, length_s = (sum(column) for column in zip(*probed, strict=True))
        rate = telemetry_mean(recorder, name, "write_bytes_per_s", since, until)
        found.append(Truth(name, "bitrate, history", 8 * rate, 8 * size_bytes / length_s))
        told = 8 * sum(segment.size_bytes for segment in segments) / sum(segment.duration_s for segment in segments)
        found.append(Truth(name, "bitrate, segments", told, 8 * size_bytes / length_s))
        fps = telemetry_mean(recorder, name, "fps", since, until)
        found.append(Truth(name, "fps, history", fps, frames / length_s))
    return found


def _whole(recorder: Recorder, name: str, seconds: float) -> list[Segment]:
    """The newest ones of the last worker that cover so much, and the one before them, which is not its first one; none
    while there are not enough."""
    segments = recorder.segments(name)
    later = [segment for segment in segments if segment.generation == segments[-1].generation][1:]
    kept: list[Segment] = []
    for segment in reversed(later):
        kept.insert(0, segment)
        if sum(one.duration_s for one in kept[1:]) >= seconds:
            return kept
    return []


def probe(path: str) -> tuple[float, float, float]:
    """Frames, bytes and seconds of a file, as ffprobe tells them."""
    entries = "stream=nb_read_packets,duration:format=size"
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-count_packets",
        "-select_streams",
        "v:0",
        "-show_entries",
        entries,
        "-of",
        "json",
    ]
    told = json.loads(subprocess.run([*argv, path], capture_output=True, check=True, text=True).stdout)
    stream = told["streams"][0]
    return float(stream["nb_read_packets"]), float(told["format"]["size"]), float(stream["duration"])


def telemetry_mean(recorder: Recorder, name: str, quantity: str, since: datetime, until: datetime) -> float:
    """Of what the history tells of that time, as the charts ask for it."""
    asked: dict[str, Json] = {"subject": name, "since": since.isoformat(), "until": until.isoformat(), "width": 900}

    def look() -> Measured | None:
        found = from_json(Measured, call(recorder.socket, "telemetry", asked))
        column = found.column(quantity)
        # Frames are known with the report that follows.
        return found if column is not None and column.mean[-2] is not None else None

    found: Measured = wait_until(look, f"{name}: {quantity} is known until {until}")
    column = found.column(quantity)
    assert column is not None
    # On a busy machine the service comes late at times, and its next sample tells of all the seconds since the last.
    values: list[float] = []
    later: float | None = None
    for value in reversed(column.mean):
        later = value if value is not None else later
        values += [later] if later is not None else []
    return sum(values) / len(values)
