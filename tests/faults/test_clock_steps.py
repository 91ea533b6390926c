"""The clock of the machine is put back and forward by an hour while cameras record."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.integration.test_recorder import MakeCameras, frames, recording
from tests.peers import require
from vmstui.codec import from_json
from vmstui.footage import Gap, Segment
from vmstui.model import EventKind

HOUR_S = 3600.0
FPS = 10


def _set_clock(recorder: Recorder, by_s: float) -> None:
    with (recorder.folder / "state" / "clock_steps").open("a") as steps:
        steps.write(f"{time.time()} {by_s}\n")


def _hours_told(recorder: Recorder) -> list[float]:
    """By how much the clock was set, as the log tells it; that of the machine itself may be put right meanwhile."""
    told = re.findall(r"the clock of the machine was put (back|forward) by ([0-9.]+) s", "\n".join(recorder.log(None)))
    return [(1 if way == "forward" else -1) * float(by) for way, by in told if float(by) > HOUR_S / 2]


def _record_two_more(recorder: Recorder) -> None:
    closed = recorder.camera().segments_closed
    recorder.wait_for("two more segments", lambda camera: camera.segments_closed >= closed + 2)


def _record_under_that_clock(recorder: Recorder, ahead_s: float) -> None:
    """Two more segments, and one that began when the clock had been set: a busy machine publishes those before late."""
    known = {segment.path for segment in recorder.segments()}
    _record_two_more(recorder)

    def look() -> bool:
        new = [segment for segment in recorder.segments() if segment.path not in known]
        return any(abs(segment.started_at.timestamp() - time.time() - ahead_s) < HOUR_S / 2 for segment in new)

    wait_until(look, "a segment of that hour")


@pytest.mark.timeout(400)  # fourteen segments of five seconds, and a busy machine
def test_a_clock_put_back_and_forward_overwrites_nothing_and_makes_no_gap_and_no_stall(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recorder.program = "tests.faults.stepped_clock"
    recording(recorder, simulated)
    _record_two_more(recorder)
    ahead_s = 0.0
    for by_s in (-HOUR_S, HOUR_S, HOUR_S, -HOUR_S):
        _set_clock(recorder, by_s)
        ahead_s += by_s
        _record_under_that_clock(recorder, ahead_s)
    assert recorder.camera().generation == 1
    kinds = {event.kind for event in recorder.details().events}
    assert EventKind.WATCHDOG not in kinds
    assert EventKind.EXIT not in kinds
    assert _hours_told(recorder) == pytest.approx([-HOUR_S, HOUR_S, HOUR_S, -HOUR_S], abs=60)
    # Into the hour that came twice: names are taken, and the new worker follows the old one at once.
    _set_clock(recorder, -HOUR_S)
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    recorder.wait_recording(generation=2)
    _record_two_more(recorder)
    recorder.stop()

    segments = _all_that_is_catalogued(recorder)
    for segment in segments:
        assert Path(segment.path).stat().st_size == segment.size_bytes
        assert segment.uptime is not None
    hours = {segment.started_at.replace(minute=0, second=0, microsecond=0) for segment in segments}
    assert len(hours) >= 3  # the clock was really another one
    lines = recorder.command("gaps", "--from", "-3d", "--to", "2199-01-01", "--json").stdout.splitlines()
    # After the recorder has stopped, a gap goes on up to now, by the real clock of the command.
    told = [json.loads(line) for line in lines]
    assert [from_json(Gap, one["gap"]) for one in told if "gap" in one and not one["ongoing"]] == []


def _all_that_is_catalogued(recorder: Recorder) -> list[Segment]:
    """In the order it was recorded; each file is on disk with all its frames, and nothing else is."""
    listed = recorder.command("segments", "--json", "-n", "1000").stdout.splitlines()
    segments = sorted((from_json(Segment, json.loads(line)) for line in listed), key=_recorded)
    on_disk = {str(path) for path in (recorder.recordings / "cam1").rglob("*.mp4")}
    assert {segment.path for segment in segments} == on_disk
    assert len(segments) == len(on_disk)
    for segment in segments:
        assert len(frames(segment.path)) == segment.frames
    return segments


def _recorded(segment: Segment) -> tuple[int, int]:
    return segment.generation, segment.number


def test_the_clock_is_told_to_a_service_that_comes_after(recorder: Recorder, simulated: MakeCameras) -> None:
    """It is set while no service runs, and the worker records on."""
    recorder.program = "tests.faults.stepped_clock"
    recorder.segment_s = 2
    recording(recorder, simulated)
    _record_two_more(recorder)
    recorder.kill_service()
    _set_clock(recorder, HOUR_S)
    time.sleep(6)
    recorder.start()
    _record_two_more(recorder)
    found = wait_until(lambda: recorder.segments(), "segments")
    assert {segment.generation for segment in found} == {1}
    lines = recorder.command("gaps", "--from", "-3d", "--to", "2199-01-01", "--json").stdout.splitlines()
    assert [line for line in lines if "gap" in json.loads(line)] == []
    assert recorder.command("stop", "cam1", "--wait").returncode == 0
    ended = next(event.text for event in recorder.details().events if event.kind is EventKind.STOP)
    after_s = float(ended.partition(" ended after ")[2].partition(" s")[0])
    assert 6 <= after_s < HOUR_S, "how long a worker has run is no matter of the wall clock"


@pytest.mark.peer
def test_a_worker_whose_own_clock_is_put_back_and_forward_records_on_without_a_hole(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    """The clock of the service is the same one. The embedded ffmpeg would not let go of its own."""
    require("cc", "ffmpeg")
    recorder.program = "tests.faults.stepped_clock"
    recorder.segment_s = 2
    clock = recorder.folder / "clock.so"
    source = Path(__file__).with_name("stepped_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(clock), str(source), "-ldl"], check=True)
    steps = {"LD_PRELOAD": str(clock), "STEPS": str(recorder.folder / "state" / "clock_steps")}
    ffmpeg = recorder.folder / "ffmpeg"
    words = " ".join(f"{name}='{value}'" for name, value in steps.items())
    ffmpeg.write_text(f'#!/bin/sh\nexport {words}\nexec "{shutil.which("ffmpeg")}" "$@"\n')
    ffmpeg.chmod(0o755)
    recorder.configure([("cam1", simulated(1).url("cam1"))])
    recorder.config.write_text(recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {ffmpeg}"))
    recorder.start()
    pid = recorder.wait_recording().pid
    assert str(clock) in Path(f"/proc/{pid}/maps").read_text()
    set_by_s = 0.0
    for by_s in (-HOUR_S, 2 * HOUR_S):
        _set_clock(recorder, by_s)
        told = subprocess.run(["date", "+%s"], env=os.environ | steps, capture_output=True, text=True, check=True)
        set_by_s += by_s
        assert abs(int(told.stdout) - time.time() - set_by_s) < 60
        _record_two_more(recorder)
    assert recorder.camera().pid == pid
    recorder.stop()
    segments = _all_that_is_catalogued(recorder)
    for segment in segments:
        assert abs(segment.duration_s - segment.frames / FPS) < 0.5, "no time but that of its frames"
    spans = [segment.span for segment in segments if segment.span is not None]
    assert len(spans) == len(segments)
    assert all(abs(after.start_s - before.end_s) < 0.5 for before, after in itertools.pairwise(spans))
