"""Capacity by a real recorder, held against what the kernel says of the same workers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Recorder, wait_until
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.measured import CpuPast

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HEAD = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  encoding:
    recording: {codec: h265, encoder: software, bitrate: 300k}
    live: {codec: h264, encoder: software, size: 320x180, bitrate: 300k}
"""
"""Both outputs are encoded, as by `reencode`, but none to 1080 lines: what it costs is measured, not what it is."""


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def asked(recorder: Recorder, *arguments: str) -> tuple[int, Any]:
    done = recorder.command("capacity", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def resource(found: Any, name: str) -> Any:
    return next(cost for cost in found["costs"] if cost["resource"] == name)


def test_capacity_is_told_from_the_cameras_that_run(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(2)
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))], "encoding", HEAD)
    recorder.start()
    first = recorder.wait_recording("cam1")
    assert first.pid is not None
    young = recorder.command("capacity")
    assert young.returncode == 1
    assert "no camera has been recorded for long enough" in young.stderr

    def measured_for(window_s: float) -> Any:
        code, found = asked(recorder)
        known = code == 0 and found["confidence"]["cameras"] == 2 and found["confidence"]["window_s"] >= window_s
        return found if known else None

    wait_until(lambda: measured_for(10), "both cameras are measured", limit_s=90)
    before_s, began_at = cpu_s(first.pid), recorder.snapshot().at
    found = wait_until(lambda: measured_for(40), "they are for 40 s", limit_s=90)
    used_s, elapsed_s = cpu_s(first.pid) - before_s, (recorder.snapshot().at - began_at).total_seconds()

    cpu, memory = resource(found, "CPU"), resource(found, "memory")
    assert cpu["typical"] == pytest.approx(100 * used_s / elapsed_s, rel=0.3)
    assert memory["busy"] == pytest.approx(rss_bytes(first.pid), rel=0.3)
    assert (found["running"], found["provisional"]) == (2, True)
    assert "retention" not in found["unknown"], "no days are promised"
    assert asked(recorder, "--cameras", str(found["maximum"] + 1000))[0] == 1
    assert asked(recorder, "--cameras", "2")[0] == 0
    assert recorder.command("capacity", "--profile", "nope").returncode == 2

    def written() -> bool:
        asked_for = {"seconds": 900, "step": 10}
        past = from_json(CpuPast, call(recorder.socket, "cpu_past", asked_for))
        return all(sum(mean is not None for mean in past.percents.get(name, ())) >= 4 for name in ("cam1", "cam2"))

    wait_until(written, "40 s of both are in the history", limit_s=150)
    recorder.kill_service()
    recorder.start()
    recorder.wait_recording("cam1")
    recorder.wait_recording("cam2")
    again = wait_until(lambda: measured_for(30), "what was measured before the service died counts", limit_s=20)
    assert again["confidence"]["cameras"] == 2
    recorder.stop()
    assert recorder.command("capacity").returncode == 3
