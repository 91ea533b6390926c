"""Threads of real workers by stage, and what becomes of the time of threads that come and go."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.cli.stages import bars, rows
from vmstui.configured import OutputKind
from vmstui.stages import Stage, StageBreakdown, StageShare
from vmstui.telemetry.procfs import ProcessGone
from vmstui.telemetry.stages import (
    NO_NAMES,
    STARTING,
    NoBreakdown,
    OutputPlan,
    StageReader,
    StageTimes,
    between,
    classify,
)

RECORDING, LIVE = OutputPlan(OutputKind.RECORDING, True), OutputPlan(OutputKind.LIVE, True)
RECORDING_COPY, LIVE_COPY = OutputPlan(OutputKind.RECORDING, False), OutputPlan(OutputKind.LIVE, False)


def threads(text: str) -> dict[int, str]:
    """`offset name` lines as seen of a worker of ffmpeg 9.0.2, as thread ids and names."""
    found = {}
    for line in text.strip().splitlines():
        offset, name = line.split()
        found[1000 + int(offset)] = name
    return found


def by_stage(names: dict[int, str], *outputs: OutputPlan) -> dict[Stage, list[int]]:
    """Offsets of the threads of each stage."""
    found: dict[Stage, list[int]] = {}
    for tid, stage in classify(names, outputs).items():
        found.setdefault(stage, []).append(tid - 1000)
    return found


COPY = threads("0 ffmpeg-linux-x8\n16 mux0:segment\n17 fifo-consumer\n18 mux1:fifo\n19 dmx0:concat")
X265_AND_X264 = threads(
    """
    0 ffmpeg-linux-x8
    202 av:h264:df0
    203 av:h264:df1
    205 enc0:0:libx265
    206 enc1:0:libx264
    207 vf#0:0
    208 vf#1:0
    209 dec0:0:h264
    210 dmx0:concat
    214 vf#0:0
    217 vf#0:0
    219 vf#0:0
    220 vf#1:0
    221 vf#1:0
    224 fifo-consumer
    225 mux1:fifo
    226 mux0:segment
    """
)


def test_a_worker_that_copies_has_demux_and_mux() -> None:
    assert by_stage(COPY, RECORDING_COPY, LIVE_COPY) == {
        Stage.OTHER: [0],
        Stage.MUX: [16, 17, 18],
        Stage.DEMUX: [19],
    }


def test_threads_of_x265_and_x264_that_go_by_the_name_of_a_filter_belong_to_its_encoder() -> None:
    assert by_stage(X265_AND_X264, RECORDING, LIVE) == {
        Stage.OTHER: [0],
        Stage.DECODE: [202, 203, 209],
        Stage.ENCODE_RECORDING: [205, 214, 217, 219],
        Stage.ENCODE_LIVE: [206, 220, 221],
        Stage.FILTER: [207, 208],
        Stage.DEMUX: [210],
        Stage.MUX: [224, 225, 226],
    }


def test_an_encoded_live_output_beside_a_copied_recording_is_told_by_its_place() -> None:
    names = threads("0 ffmpeg\n1 dmx0:concat\n2 dec0:0:h264\n3 enc1:0:h264_nv\n4 vf#1:0\n5 mux0:segment\n6 mux1:fifo")
    found = by_stage(names, RECORDING_COPY, LIVE)
    assert (found[Stage.ENCODE_LIVE], found[Stage.FILTER], found[Stage.DECODE]) == ([3], [4], [2])
    assert Stage.ENCODE_RECORDING not in found


def test_one_filter_graph_for_both_outputs_does_not_tell_whose_encoder_threads_they_are() -> None:
    names = threads("0 ffmpeg\n1 dmx0:concat\n2 fc0\n3 fc0\n4 enc0:0:libx265\n5 enc1:0:libx264\n6 mux0:segment")
    assert by_stage(names, RECORDING, LIVE)[Stage.ENCODE] == [3]
    assert by_stage(names, RECORDING, LIVE_COPY)[Stage.ENCODE_RECORDING] == [3, 4]


def test_what_is_not_known_is_other_and_never_left_out() -> None:
    names = COPY | {1500: "cuda-EvtHandlr", 1501: "enc7:0:libx264"}
    found = by_stage(names, RECORDING_COPY, LIVE_COPY)
    assert found[Stage.OTHER] == [0, 500, 501]


def test_threads_that_are_all_alike_tell_nothing() -> None:
    with pytest.raises(NoBreakdown, match="does not tell its threads apart"):
        classify({tid: "ffmpeg" for tid in range(1000, 1030)}, (RECORDING, LIVE))


def test_an_ffmpeg_that_encodes_in_its_main_thread_tells_nothing() -> None:
    """ffmpeg 6 names its demuxer and its muxers, and does the rest in one thread."""
    names = threads("0 ffmpeg\n1 dmx0:concat\n2 mux0:segment\n3 ffmpeg")
    with pytest.raises(NoBreakdown) as caught:
        classify(names, (RECORDING, LIVE_COPY))
    assert str(caught.value) == NO_NAMES


def test_a_worker_that_has_only_its_main_thread_yet_may_tell_soon() -> None:
    with pytest.raises(NoBreakdown) as caught:
        classify({1000: "ffmpeg"}, (RECORDING, LIVE))
    assert str(caught.value) == STARTING


SECONDS = st.floats(0, 1000)


@given(st.dictionaries(st.sampled_from(list(Stage)), SECONDS), SECONDS, st.floats(0.1, 100))
def test_no_stage_is_negative_and_they_add_up_to_the_process_or_to_what_its_threads_had(
    spent: dict[Stage, float], total_s: float, elapsed_s: float
) -> None:
    window = between(StageTimes(0.0, 0.0, {}), StageTimes(elapsed_s, total_s, spent))
    assert all(percent >= 0 for percent in window.percents.values())
    expected = 100 * max(total_s, sum(spent.values())) / elapsed_s
    assert sum(window.percents.values()) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert list(window.percents) == [stage for stage in Stage if stage in window.percents]


CHILD = """
import os, sys, threading, time
def named(name, work):
    def run():
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as file:
            file.write(name)
        work()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
def burn():
    while time.thread_time() < 0.4:
        pass
there = threading.Event()
named("dmx0:concat", lambda: (there.set(), time.sleep(1000)))
there.wait()
print("ready", flush=True)
for line in sys.stdin:
    if line == "come and go\\n":
        thread = named("dec0:0:h264", burn)
        thread.join()
        while os.path.exists(f"/proc/self/task/{thread.native_id}"):
            time.sleep(0.001)
    elif line == "come and stay\\n":
        done = threading.Event()
        named("mux0:segment", lambda: (burn(), done.set(), time.sleep(1000)))
        done.wait()
    print("done", flush=True)
"""


@contextmanager
def child() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_the_time_of_a_thread_that_came_and_went_is_other_and_that_of_one_that_came_is_its_own() -> None:
    with child() as process:
        reader = StageReader(process.pid, (RECORDING_COPY,))
        first = reader.read(0.0)
        tell(process, "come and go")
        second = reader.read(1.0)
        tell(process, "come and stay")
        third = reader.read(2.0)
        reader.close()
    gone, stayed = between(first, second), between(second, third)
    assert gone.percents[Stage.OTHER] >= 39
    assert Stage.DECODE not in gone.percents
    assert sum(gone.percents.values()) == pytest.approx(gone.cpu_percent, rel=0.03)
    assert stayed.percents[Stage.MUX] >= 39
    assert stayed.percents[Stage.OTHER] < 10


def test_a_process_that_ended_is_gone_and_closing_twice_is_harmless() -> None:
    with child() as process:
        reader = StageReader(process.pid, ())
        reader.read(time.monotonic())
    with pytest.raises(ProcessGone):
        reader.read(time.monotonic())
    reader.close()
    reader.close()
    with pytest.raises(ProcessGone):
        StageReader(process.pid, ())


MEASURED = StageBreakdown(
    "lobby", 101613, None, 10.0, 23.4, (StageShare(Stage.DECODE, 8.0), StageShare(Stage.ENCODE_RECORDING, 15.4)), ""
)


def test_one_camera_is_shown_like_the_breakdown_of_a_report() -> None:
    assert bars(MEASURED, "#") == [
        "lobby, PID 101613: 23.4 % of a core over 10 s",
        "  decode               8.00 %   34 %  ###########",
        "  encode recording     15.4 %   66 %  #####################",
        "  all stages           23.4 %  100 %",
    ]


def test_several_cameras_are_a_table_with_reasons_below() -> None:
    without = StageBreakdown("gate\x1b[2J", 7, None, 0.0, 0.0, (), "\x1b[1mno names")
    lines = rows([MEASURED, without], datetime.now(UTC))
    assert lines[0].split() == ["CAMERA", "PID", "CPU", "%", "DECODE", "ENC", "REC", "OVER", "AGO"]
    assert lines[1].split() == ["lobby", "101613", "23.4", "8.00", "15.4", "10", "s", "-"]
    assert lines[2].endswith("no names")
    assert "\x1b" not in "".join(lines)
