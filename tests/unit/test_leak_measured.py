"""The verdict over what a real recorder measured of its own processes."""

from __future__ import annotations

import json
from pathlib import Path

from vmstui.telemetry.leak import LeakVerdict, Run, judge

MEASURED = Path(__file__).parent / "leak_measured.json"


def test_real_workers_are_called_steady() -> None:
    """Workers of ffmpeg that copy and re-encode, and the service, by their own recorder, at points of 20 s."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    assert len(measured) == 4
    for name, series in measured.items():
        times_s = tuple(number * series["step_s"] for number in range(len(series["rss_kib"])))
        found = judge(Run(times_s, tuple(kib * 1024.0 for kib in series["rss_kib"]), 0.0))
        assert found.verdict is LeakVerdict.STEADY, name
