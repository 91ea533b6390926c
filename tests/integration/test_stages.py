"""What a worker spends its CPU time on, told by its threads and held against the kernel's account of the process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.harness import Recorder, read_json, wait_until
from tests.peers import require
from vmstui.codec import from_json
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.stages import Stage, StageBreakdown
from vmstui.telemetry.procfs import parse_stat
from vmstui.telemetry.stages import OutputPlan, StageReader, between

MakeCameras = Callable[..., SimulatedCameras]
SECONDS = 20
WITHIN = 0.03
BOTH = (OutputPlan(OutputKind.RECORDING, True), OutputPlan(OutputKind.LIVE, True))
PROFILES = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  both:
    recording: {codec: h265, encoder: software}
    live: {codec: h264, encoder: software, size: 320x180, bitrate: 500k}
"""


def recorded(recorder: Recorder, make: MakeCameras, profile: str, ffmpeg: str = "embedded") -> int:
    """Record a camera; gives the pid of its worker."""
    sources = make(1, size=(640, 360), fps=15)
    recorder.configure([("cam1", sources.url("cam1"))], profile, PROFILES)
    recorder.config.write_text(recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {ffmpeg}"))
    recorder.start()
    pid = recorder.wait_recording().pid
    assert pid is not None
    return pid


def process_cpu_s(pid: int) -> float:
    """User and system time of a process, as `ps` and `pidstat` have it."""
    return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())[1]


def shares(breakdown: StageBreakdown) -> dict[Stage, float]:
    return {share.stage: share.cpu_percent for share in breakdown.shares}


def test_stages_add_up_to_what_the_kernel_charges_the_process(recorder: Recorder, simulated: MakeCameras) -> None:
    """Over 20 s of a worker that re-encodes both outputs; `/proc/PID/stat` is read here, outside of the recorder."""
    pid = recorded(recorder, simulated, "both")
    reader = StageReader(pid, BOTH)
    before_s, first, begun_s = process_cpu_s(pid), reader.read(time.monotonic()), time.monotonic()
    asked = None
    while time.monotonic() < begun_s + SECONDS:
        time.sleep(1.0)
        last = reader.read(time.monotonic())
        answer = call(recorder.socket, "stages", {"cameras": ["cam1"], "seconds": SECONDS})
        asked = from_json(tuple[StageBreakdown, ...], answer)[0]
    after_s = process_cpu_s(pid)
    reader.close()
    charged_s = after_s - before_s
    window = between(first, last)
    stages_s = sum(window.percents.values()) / 100 * window.elapsed_s
    print(f"{charged_s:.2f} s by /proc/PID/stat, {stages_s:.2f} s by stages: {window.percents}")
    assert stages_s == pytest.approx(charged_s, rel=WITHIN)
    for stage in (Stage.DEMUX, Stage.DECODE, Stage.FILTER, Stage.ENCODE_RECORDING, Stage.ENCODE_LIVE, Stage.MUX):
        assert window.percents[stage] > 0, stage
    assert window.percents[Stage.OTHER] < WITHIN * window.cpu_percent, "some thread is not known"
    assert Stage.ENCODE not in window.percents
    # H.265 of four times the pixels is the dearer one by far, wherever this runs.
    assert window.percents[Stage.ENCODE_RECORDING] > window.percents[Stage.ENCODE_LIVE]
    # and the service, asked once a second, says the same of itself
    assert asked is not None
    assert asked.pid == pid
    assert sum(shares(asked).values()) == pytest.approx(asked.cpu_percent, rel=WITHIN)
    assert asked.elapsed_s > SECONDS / 2


def test_a_worker_that_copies_decodes_and_encodes_nothing_also_in_its_history(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    recorded(recorder, simulated, "source")
    done = recorder.command("stages", "cam1", "--seconds", "3", "--json")
    assert done.returncode == 0, done.stderr
    found = from_json(tuple[StageBreakdown, ...], read_json(done.stdout))[0]
    assert set(shares(found)) == {Stage.DEMUX, Stage.MUX, Stage.OTHER}
    assert sum(shares(found).values()) == pytest.approx(found.cpu_percent, rel=0.1)

    # While somebody looks on, it is part of the history as well.
    def told() -> str:
        call(recorder.socket, "stages", {"cameras": ["cam1"], "seconds": 3})
        return recorder.command("samples", "cam1", "--from", "-5m").stdout

    wait_until(lambda: "stage demux" in told(), "the stages in the history", told)
    assert "stage decode" not in told()


@pytest.mark.peer
def test_an_ffmpeg_whose_threads_are_all_alike_gets_no_breakdown(recorder: Recorder, simulated: MakeCameras) -> None:
    require("ffmpeg")
    pid = recorded(recorder, simulated, "both", "/usr/bin/ffmpeg")
    names = {Path(f"/proc/{pid}/task/{tid}/comm").read_text() for tid in os.listdir(f"/proc/{pid}/task")}
    if len(names) > 1:
        pytest.skip("the ffmpeg of this machine names its threads")
    done = recorder.command("stages", "cam1", "--seconds", "2")
    assert done.returncode == 1
    assert "no CPU breakdown: this worker's ffmpeg does not tell its threads apart" in done.stdout
    assert "%" not in done.stdout
