"""The clock of the machine is put back and forward by an hour while cameras record."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.integration.harness import Recorder, wait_until
from tests.integration.test_recorder import MakeCameras, frames, recording
from vmstui.codec import from_json
from vmstui.footage import Gap, Segment
from vmstui.model import EventKind

HOUR_S = 3600.0


def _set_clock(recorder: Recorder, by_s: float) -> None:
    with (recorder.folder / "state" / "clock_steps").open("a") as steps:
        steps.write(f"{time.time()} {by_s}\n")


def _record_two_more(recorder: Recorder) -> None:
    closed = recorder.camera().segments_closed
    recorder.wait_for("two more segments", lambda camera: camera.segments_closed >= closed + 2)


def test_a_clock_put_back_and_forward_overwrites_nothing_and_makes_no_gap_and_no_stall(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recorder.program = "tests.faults.stepped_clock"
    recording(recorder, simulated)
    _record_two_more(recorder)
    for by_s in (-HOUR_S, HOUR_S, HOUR_S, -HOUR_S):
        _set_clock(recorder, by_s)
        _record_two_more(recorder)
    assert recorder.camera().generation == 1
    kinds = {event.kind for event in recorder.details().events}
    assert EventKind.WATCHDOG not in kinds
    assert EventKind.EXIT not in kinds
    said = [line for line in recorder.log(None) if "the clock of the machine" in line]
    assert [("back" in line, "forward" in line) for line in said][:4] == [
        (True, False),
        (False, True),
        (False, True),
        (True, False),
    ]
    # Into the hour that came twice: names are taken, and the new worker follows the old one at once.
    _set_clock(recorder, -HOUR_S)
    assert recorder.command("restart", "cam1", "--wait").returncode == 0
    recorder.wait_recording(generation=2)
    _record_two_more(recorder)
    recorder.stop()

    listed = recorder.command("segments", "--json", "-n", "1000").stdout.splitlines()
    segments = sorted((from_json(Segment, json.loads(line)) for line in listed), key=_recorded)
    on_disk = {str(path) for path in (recorder.recordings / "cam1").rglob("*.mp4")}
    assert {segment.path for segment in segments} == on_disk
    assert len(segments) == len(on_disk)
    for segment in segments:
        assert len(frames(segment.path)) == segment.frames
        assert Path(segment.path).stat().st_size == segment.size_bytes
        assert segment.uptime is not None
    hours = {segment.started_at.replace(minute=0, second=0, microsecond=0) for segment in segments}
    assert len(hours) >= 3  # the clock was really another one
    lines = recorder.command("gaps", "--from", "-3d", "--to", "2199-01-01", "--json").stdout.splitlines()
    # After the recorder has stopped, a gap goes on up to now, by the real clock of the command.
    told = [json.loads(line) for line in lines]
    assert [from_json(Gap, one["gap"]) for one in told if "gap" in one and not one["ongoing"]] == []


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
