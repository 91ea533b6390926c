"""Samples: what they mean, how they are kept, and that psutil agrees."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from vmstui.model import Sample, StabilityVerdict
from vmstui.telemetry.procfs import SLOW_SAMPLES, ProcessGone, ProcReader, parse_io, parse_start_ticks, parse_stat
from vmstui.telemetry.ring import SampleRing
from vmstui.telemetry.stability import stability

START = datetime(2026, 1, 1, tzinfo=UTC)


def make_sample(second: int) -> Sample:
    return Sample(START + timedelta(seconds=second), float(second), 4096 * second, 3, 10.0, 20.0)


def test_a_command_name_with_parentheses_does_not_shift_the_fields() -> None:
    raw = b"7 (a) b) S 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 9 0 4711 1000 512 18446744073709551615"
    assert parse_stat(raw) == ("S", 3.0, 9, 512 * os.sysconf("SC_PAGE_SIZE"))
    assert parse_start_ticks(raw) == 4711


def test_io_counts_bytes_of_system_calls() -> None:
    assert parse_io(b"rchar: 12\nwchar: 34\nsyscr: 1\nread_bytes: 5\n") == (12, 34)


WORKS_WHEN_TOLD = """
import sys
for line in sys.stdin:
    with open("/dev/zero", "rb") as zeros:
        for _ in range(400):
            sum(zeros.read(100_000))
    print("done", flush=True)
"""


def test_a_sample_is_percent_of_one_core_and_bytes_per_second_over_the_interval() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKS_WHEN_TOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def work() -> None:
        print("go", file=process.stdin, flush=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"

    work()  # now it is certain that it has started
    peer, reader = psutil.Process(process.pid), ProcReader(process.pid)
    try:
        taken: Sample | None = None
        for round_ in range(2 + SLOW_SAMPLES):  # I/O is not read in each of them
            cpu_before, io_before = peer.cpu_times(), peer.io_counters()
            work()
            taken = reader.sample(100.0 + 10 * round_, START)
            cpu, io = peer.cpu_times(), peer.io_counters()
            assert (taken is None) == (round_ == 0)
            if taken is not None:
                used_s = cpu.user + cpu.system - cpu_before.user - cpu_before.system
                assert taken.cpu_percent == pytest.approx(10 * used_s, abs=0.3)  # theirs are ticks of 10 ms
        assert taken is not None
        assert taken.at == START
        assert taken.threads == peer.num_threads()
        assert taken.rss_bytes == pytest.approx(peer.memory_info().rss, rel=0.05)
        assert taken.read_bytes_per_s == pytest.approx((io.read_chars - io_before.read_chars) / 10, rel=0.01)
    finally:
        reader.close()
        process.communicate("", timeout=30)
    with pytest.raises(ProcessGone):
        reader.sample(200.0, START)


def test_a_zombie_is_told_as_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", WORKS_WHEN_TOLD], stdin=subprocess.PIPE)
    reader = ProcReader(process.pid)
    try:
        assert reader.sample(1.0, START) is None
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(ProcessGone):
            reader.sample(2.0, START)
    finally:
        reader.close()
        process.communicate()


def test_a_process_that_ended_is_told_as_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    reader = ProcReader(process.pid)
    try:
        process.wait()
        with pytest.raises(ProcessGone):
            reader.read(0.0)
    finally:
        reader.close()
    with pytest.raises(ProcessGone):
        ProcReader(process.pid)


def test_psutil_agrees_on_cpu_memory_and_threads() -> None:
    busy = "import time\nend=time.monotonic()+20\nwhile time.monotonic()<end: pass"
    process = subprocess.Popen([sys.executable, "-c", busy])
    reader = ProcReader(process.pid)
    try:
        peer = psutil.Process(process.pid)
        deadline = time.monotonic() + 15
        while sum(peer.cpu_times()[:2]) < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
        ours, theirs = reader.read(time.monotonic()), peer.cpu_times()
        assert ours.cpu_s == pytest.approx(theirs.user + theirs.system, abs=0.15)
        assert ours.rss_bytes == pytest.approx(peer.memory_info().rss, rel=0.05)
        assert ours.threads == peer.num_threads()
        counters = peer.io_counters()
        assert reader.read(time.monotonic()).read_bytes == counters.read_chars
    finally:
        reader.close()
        process.kill()
        process.wait()


def test_the_ring_keeps_the_newest_samples_in_order() -> None:
    ring = SampleRing(capacity=5)
    for second in range(8):
        ring.append(make_sample(second))
    assert [entry.cpu_percent for entry in ring.last(3)] == [5.0, 6.0, 7.0]
    assert ring.cpu_percents(99) == (3.0, 4.0, 5.0, 6.0, 7.0)
    assert ring.last(1) == (make_sample(7),)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([46.7] * 30, StabilityVerdict.VERY_STABLE),
        ([0.4, 0.0] * 15, StabilityVerdict.VERY_STABLE),
        ([40.0] * 15 + [46.0] * 15, StabilityVerdict.STABLE),
        ([10.0] * 15 + [90.0] * 15, StabilityVerdict.VARYING),
        ([46.7] * 29, StabilityVerdict.TOO_FEW),
    ],
)
def test_six_samples_over_30_s_get_a_verdict(values: list[float], verdict: StabilityVerdict) -> None:
    assert stability(values).verdict is verdict


def test_the_reports_six_samples_come_out_as_the_report_has_them() -> None:
    report = (46.7, 46.5, 46.5, 46.7, 46.8, 46.8)
    result = stability([value for value in report for _ in range(5)])
    assert (result.samples, result.minimum, result.maximum) == (report, 46.5, 46.8)
    assert result.verdict is StabilityVerdict.VERY_STABLE


def test_no_samples_are_told_as_such() -> None:
    assert stability([]).samples == ()
