"""`vmstui samples` without a recorder: what the last one wrote, for a person and for a program."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vmstui.cli import main
from vmstui.cli.samples import spark
from vmstui.codec import from_json
from vmstui.measured import Measured
from vmstui.quantities import written
from vmstui.telemetry.history import History
from vmstui.telemetry.history_file import FILE_NAME
from vmstui.telemetry.history_rows import Points, Quantity

QUANTITIES = (Quantity("cpu_percent"), Quantity("rss_bytes", 2.0**20), Quantity("dropped_frames_per_s"))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten minutes of two cameras, of which one is not configured any more; a burst of drops in the fifth."""
    monkeypatch.setenv("VMSTUI_STATE", str(tmp_path))
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    (tmp_path / "vmstui.yaml").write_text(
        f"recordings: {tmp_path}\ntimezone: UTC\ncameras:\n  - {{id: gate, url: 'rtsp://h/x'}}\n"
    )
    begun_s = time.time() // 60 * 60 - 600
    store = History(tmp_path / FILE_NAME)
    for minute in range(10):
        times = [begun_s + 60 * minute + second for second in range(60)]
        drops = [2.0 if minute == 4 else 0.0] * 60
        points = Points.of_samples(times, [[20.0 + minute] * 60, [100.0] * 60, drops])
        store.add([(name, QUANTITIES, points) for name in ("gate", "yard")], times[-1], lambda: None)
    store.close()
    return tmp_path


def test_a_time_is_shown_with_its_least_and_most(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "gate", "--from", "-10m"]) == 0
    shown = capsys.readouterr().out.splitlines()
    rows = {line[:14].strip(): line for line in shown[2:]}
    assert rows["CPU"].split()[1:6:2] == [rows["CPU"].split()[1], "20.0", "29.0"]
    assert "100 M" in rows["memory"]
    assert "2.00/s" in rows["dropped frames"]
    assert rows["dropped frames"].count("█") in range(3, 6)
    assert all(len(line) <= 100 for line in shown)


def test_everything_is_shown_without_a_name(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "--from", "-10m"]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("gate"))
    assert row.split()[3:5] == ["100", "M"]
    assert "120" in row.split()


def test_what_is_not_configured_any_more_is_known_by_its_name(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "yard", "--from", "-10m", "--json"]) == 0
    found = from_json(Measured, json.loads(capsys.readouterr().out))
    assert found.subject == "yard"
    assert sum(found.columns[0].known) > 0
    assert main(["samples", "nobody"]) == 2
    assert "no camera 'nobody'; known: gate, @all" in capsys.readouterr().err


def test_around_a_time_means_five_minutes_each_way(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["samples", "gate", "--at", "-5m", "--json"]) == 0
    found = from_json(Measured, json.loads(capsys.readouterr().out))
    assert (found.until - found.since).total_seconds() == pytest.approx(600, abs=found.step_s)
    assert main(["samples", "gate", "--at", "2020-01-01T03:12Z"]) == 1
    told = capsys.readouterr().out
    assert f"nothing is known of that time; the oldest is of {datetime.now(UTC):%Y}" in told


@pytest.mark.parametrize(
    "times", [["--from", "soon"], ["--from", "12:00", "--to", "11:00"], ["--at", "2025-13-01"], ["--to", "1960-01-01"]]
)
def test_times_that_make_no_sense_are_refused(
    state: Path, times: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["samples", "gate", *times]) in (1, 2)
    captured = capsys.readouterr()
    assert captured.err or "nothing is known" in captured.out


def test_it_can_be_read_without_more_than_ascii(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--ascii", "samples", "gate", "--from", "-10m"]) == 0
    assert capsys.readouterr().out.isascii()


def test_without_any_history_it_says_so(tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / FILE_NAME).unlink()
    assert main(["samples", "gate"]) == 2
    assert "nothing was measured yet" in capsys.readouterr().err


def test_sparks_show_what_is_unknown_as_blank() -> None:
    assert spark((0.0, 50.0, None, 100.0, 200.0), 100.0) == "▁▅ ██"
    assert spark((0.0, 0.0), 0.0) == "▁▁"


def test_values_carry_their_units() -> None:
    wanted = {"cpu_percent": "12.5 %", "rss_bytes": "12 B", "write_bytes_per_s": "12 B/s", "disk_read_ms": "12.5 ms"}
    assert {name: written(name, 12.5) for name in wanted} == wanted
    assert written("fps", 12.5) == "12.5"
    assert written("temperature_celsius", 12.4) == "12 °C"
