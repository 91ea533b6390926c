"""What vmstui tells of its workers is what other means tell of the same time. Over a minute: `bench.bench_truth`."""

from __future__ import annotations

from tests.bench.bench_truth import ALLOWED, HEAD
from tests.integration.harness import Recorder
from tests.integration.test_recorder import MakeCameras
from tests.integration.truth_support import REPORT_S, cpu, footage
from tests.peers import require

NAMES = ("cam1", "cam2")
EDGES = 0.05
"""More than is allowed over a minute: the history tells of whole seconds, and where a busy machine lets somebody read
the clock a third of a second late, that is 2 % of so short a time."""
FOOTAGE_S = 25
BURSTS = ALLOWED + 2 * REPORT_S / FOOTAGE_S
"""A worker writes and reports once a second: a busy machine may have the first and the last of it told of the second
before or after."""


def test_cpu_stages_bitrate_and_frames_are_what_the_kernel_and_ffprobe_tell(
    recorder: Recorder, simulated: MakeCameras
) -> None:
    require("ffprobe")
    sources = simulated(len(NAMES))
    recorder.configure([(name, sources.url(name)) for name in NAMES], "both", HEAD)
    recorder.start()
    for name in NAMES:
        recorder.wait_recording(name)
    found = [*cpu(recorder, NAMES, 15), *footage(recorder, NAMES, FOOTAGE_S)]
    allowed = {"bitrate, segments": ALLOWED, "bitrate, history": BURSTS, "fps, history": BURSTS}
    assert [str(truth) for truth in found if truth.deviation > allowed.get(truth.what, EDGES)] == []
