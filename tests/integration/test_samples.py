"""What is measured is kept, is what it was by other means, and outlives the service."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.integration.test_recorder import MakeCameras, recording
from vmstui.codec import Json, from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.measured import ALL, RELAY, SERVICE, Measured

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HEAD = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  encoding:
    recording: {codec: h265, encoder: software, bitrate: 300k}
    live: {codec: h264, encoder: software, size: 640x360, bitrate: 500k}
"""
"""As by `reencode`, but for the 1080 lines: enough of a CPU that it can be compared."""


def measured(
    recorder: Recorder, subject: str, since: datetime, until: datetime | None = None, width: int = 600
) -> Measured:
    end = until.isoformat() if until is not None else None
    asked: dict[str, Json] = {"subject": subject, "since": since.isoformat(), "until": end, "width": width}
    return from_json(Measured, call(recorder.socket, "telemetry", asked))


def mean(found: Measured, name: str) -> float:
    column = found.column(name)
    assert column is not None, f"{name} is not among {[one.name for one in found.columns]}"
    return sum(column.known) / len(column.known)


def cpu_s(pid: int) -> float:
    """User and system time of a process, as the kernel tells it."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def frames(recorder: Recorder) -> int:
    """That ffmpeg has counted so far, in its own file."""
    (path,) = (recorder.folder / "state" / "cameras" / "cam1").glob("*progress*")
    return int(re.findall(r"^frame=\s*(\d+)$", path.read_text(), re.MULTILINE)[-1])


def written(recorder: Recorder) -> bool:
    """Whether anything is in the file, asked of the file alone."""
    return (recorder.folder / "state" / "samples.sqlite3").exists()


def test_what_was_measured_is_told_and_outlives_the_service(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))], "encoding", HEAD)
    recorder.start()
    recorder.wait_recording()
    pid = recorder.camera().pid
    assert pid is not None
    time.sleep(3)
    before_s, before, begun, at = cpu_s(pid), frames(recorder), time.monotonic(), datetime.now(UTC)
    time.sleep(20)
    elapsed_s = time.monotonic() - begun
    outside_percent, outside_fps = 100 * (cpu_s(pid) - before_s) / elapsed_s, (frames(recorder) - before) / elapsed_s
    until = datetime.now(UTC)
    # Nothing, or some of it, is on disk yet: what the service has in memory is told as well.
    found = measured(recorder, "cam1", at, until)
    assert found.tier_s == 1
    assert mean(found, "cpu_percent") == pytest.approx(outside_percent, rel=0.05, abs=1.0)
    assert mean(found, "fps") == pytest.approx(outside_fps, rel=0.1)  # ffmpeg reports once a second
    assert mean(found, "dropped_frames_per_s") == 0.0
    assert 1e6 < mean(found, "rss_bytes") < 1e9
    for subject in (ALL, SERVICE, RELAY):
        assert mean(measured(recorder, subject, at, until), "rss_bytes") > 1e6

    wait_until(lambda: written(recorder), "the history is written")
    time.sleep(1)
    recorder.kill_service()
    alone = told(recorder, "cam1", "--from", (at - timedelta(minutes=2)).isoformat())
    assert len(alone.columns[0].known) > 5, "nothing of what was written before the service was killed is told"
    recorder.start()
    recorder.wait_recording()
    earlier, before = at - timedelta(minutes=2), len(alone.columns[0].known)
    again: Measured = wait_until(
        lambda: now if len((now := measured(recorder, "cam1", earlier)).columns[0].known) > before else None,
        "the next service tells what it measures beside what the one before it did",
    )
    assert again.oldest_at == alone.oldest_at

    shown = recorder.command("samples", "cam1")
    assert shown.returncode == 0, shown.stderr
    assert "fps" in shown.stdout
    everybody = recorder.command("samples")
    assert "cam1" in everybody.stdout
    assert ALL in everybody.stdout
    nobody = recorder.command("samples", "cam9")
    assert (nobody.returncode, "no camera 'cam9'" in nobody.stderr) == (2, True)
    past = recorder.command("samples", "cam1", "--at", "2020-01-01T03:12Z")
    assert past.returncode == 1
    assert "nothing is known of that time; the oldest is of 20" in past.stdout


def told(recorder: Recorder, *arguments: str) -> Measured:
    done = recorder.command("samples", *arguments, "--json")
    assert done.stdout, done.stderr
    return from_json(Measured, json.loads(done.stdout))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"subject": 5},
        {"subject": "cam1", "width": 0},
        {"subject": "cam1", "width": 100_000},
        {"subject": "cam1", "since": "yesterday"},
        {"subject": "cam1", "since": "2025-01-01T00:00:00"},
        {"subject": "cam1", "since": "0001-01-01T00:00:00+00:00"},
        {"subject": "cam1", "since": "2025-01-02T00:00:00+00:00", "until": "2025-01-01T00:00:00+00:00"},
    ],
)
def test_questions_that_make_no_sense_are_refused(recorder: Recorder, asked: dict[str, Any]) -> None:
    recorder.configure([])
    recorder.start()
    with pytest.raises(RecorderError, match=r"must be"):
        call(recorder.socket, "telemetry", asked)


def test_a_history_that_cannot_be_written_costs_nothing_but_itself(recorder: Recorder, simulated: MakeCameras) -> None:
    """A folder lies where the file should be: the cameras are recorded, and the service says what is wrong."""
    (recorder.folder / "state" / "samples.sqlite3").mkdir()
    recording(recorder, simulated)
    wait_until(
        lambda: any("history of samples" in line for line in recorder.log(None)),
        "the service says that the history cannot be written",
        lambda: "\n".join(recorder.log(None)),
    )
    closed = recorder.camera().segments_closed
    recorder.wait_for("recording goes on", lambda camera: camera.segments_closed > closed + 1)
    since = datetime.now(UTC) - timedelta(seconds=10)
    with pytest.raises(RecorderError, match="history of samples"):
        measured(recorder, "cam1", since)
