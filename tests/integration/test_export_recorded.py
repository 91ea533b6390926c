"""What a recorder recorded over a restart and a crash is exported whole, with the gaps that the recorder found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from itertools import pairwise

import pytest

from tests.integration.export_support import packets
from tests.integration.harness import Recorder, wait_until
from tests.integration.test_recorder import MakeCameras, recording
from tests.peers import require
from vmstui.codec import from_json
from vmstui.footage import Gap, GapCause, Segment
from vmstui.recording.layout import generation_spool


@pytest.mark.peer
def test_an_export_over_a_restart_and_a_crash_holds_all_that_was_recorded_and_tells_the_gaps_found(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    require("ffprobe")
    recording(recorder, simulated)
    recorder.wait_for("two closed segments", lambda camera: camera.segments_closed >= 2)
    assert recorder.command("restart", "cam1", "--stop-first", "--wait").returncode == 0
    second = recorder.wait_recording(generation=2)
    recorder.wait_for("two more", lambda camera: camera.segments_closed >= 5)
    assert second.pid is not None
    recorder.kill_service()
    os.kill(second.pid, signal.SIGKILL)
    time.sleep(3)
    recorder.start()
    recorder.wait_recording(generation=3)
    recorder.wait_for("two of the third worker", lambda camera: camera.segments_closed >= 2)

    def catalogued() -> list[Segment]:
        lines = recorder.command("segments", "--json").stdout.splitlines()
        return sorted((from_json(Segment, json.loads(line)) for line in lines), key=lambda one: one.started_at)

    def all_there() -> bool:
        # What the second worker left open is published by the service that came after; on a busy machine, late.
        is_settled = not generation_spool(recorder.recordings, "cam1", 2).exists()
        on_disk = {str(path) for path in (recorder.recordings / "cam1").rglob("*.mp4")}
        known = catalogued()
        is_noted = on_disk <= {segment.path for segment in known}
        return is_settled and is_noted and sum(1 for segment in known if segment.generation == 3) >= 2

    wait_until(all_there, "the segments of all workers")
    segments = [one for one in catalogued() if one.plays]
    assert {one.generation for one in segments} == {1, 2, 3}
    since, until = segments[0].started_at, segments[-1].ended_at
    out = recorder.folder / "out.mp4"
    asked = ("--from", since.isoformat(), "--to", until.isoformat())
    run = recorder.command("export", "cam1", *asked, str(out), "--json")
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])["result"]

    told = [json.loads(line) for line in recorder.command("gaps", "cam1", *asked, "--json").stdout.splitlines()]
    found = [from_json(Gap, line["gap"]) for line in told if "gap" in line and not line["ongoing"]]
    exported = [from_json(Gap, gap) for gap in result["gaps"]]
    assert [gap.cause for gap in exported] == [gap.cause for gap in found]
    assert GapCause.SERVICE in [gap.cause for gap in exported]
    for ours, theirs in zip(exported, found, strict=True):
        assert abs((ours.started_at - theirs.started_at).total_seconds()) < 0.2
        assert ours.length_s == pytest.approx(theirs.length_s, abs=0.2)

    # Each packet of the files once and in order; where workers overlap, the earlier one is left.
    written = packets(out)
    recorded = [data for segment in segments for data, _ in packets(segment.path)]
    position = -1
    for data, _ in written:
        position = recorded.index(data, position + 1)
    kept = sum(segment.frames for segment in segments)
    assert kept * 0.9 < len(written) <= kept
    # The file shows each gap as long as it lasted, and no other.
    steps = [after - before for before, after in pairwise(sorted(time_s for _, time_s in written))]
    assert min(steps) > 0
    long = [step for step in steps if step > 1.0]
    assert sum(long) == pytest.approx(sum(gap.length_s for gap in exported if gap.length_s > 1.0), abs=0.5 * len(long))
    command = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "packet=dts", str(out)]
    probed = subprocess.run(command, capture_output=True, check=True, text=True)
    assert probed.stderr == ""
    times = [int(line.strip(",")) for line in probed.stdout.split()]
    assert all(after > before for before, after in pairwise(times))
    assert len(times) == len(written) == result["frames"]
