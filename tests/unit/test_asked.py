"""What looking up footage takes from the configuration: no more than it must, and the same as reading it whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.test_outlook import Footage
from vmstui.cli import main
from vmstui.cli.asked import InUse
from vmstui.settings import SettingsError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMSTUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    return tmp_path


def configure(folder: Path, *lines: str) -> Path:
    path = folder / "vmstui.yaml"
    cameras = "cameras:\n  - {id: gate, url: 'rtsp://h/x'}"
    path.write_text("\n".join([f"recordings: {folder / 'recordings'}", *lines, cameras]) + "\n")
    return path


def test_the_zone_is_that_of_the_configuration(folder: Path) -> None:
    path = configure(folder)
    assert InUse(None).zone is None, "that of the machine"
    configure(folder, "timezone: Asia/Tokyo")
    assert InUse(None).zone == InUse(str(path)).zone == ZoneInfo("Asia/Tokyo")
    configure(folder, '"timezone": "UTC"')
    assert InUse(None).zone is UTC
    assert InUse(None).cameras == ("gate",)
    path.unlink()
    with pytest.raises(SettingsError, match="no such file"):
        _ = InUse(None).zone


def test_a_camera_that_never_recorded_is_known_by_the_configuration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(folder)
    made = Footage(folder)
    made.record("yard", 2)
    made.catalogue.filled()
    assert main(["segments", "gate"]) == 0
    assert capsys.readouterr().out == "no segments of that time are closed; what is being written: vmstui status\n"
    assert main(["segments", "yard", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["camera"] for line in lines} == {"yard"}
    assert len(lines) == 6
    assert main(["segments", "lobby"]) == 2
    assert "no camera 'lobby'; there is footage of, or configured: gate, yard" in capsys.readouterr().err


def test_times_are_those_of_the_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(folder, "timezone: Asia/Tokyo")
    made = Footage(folder)
    made.record("yard", 1)
    made.catalogue.filled()
    assert main(["segments", "--from", "2026-03-10T20:00", "--to", "2026-03-10T21:00"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[1:3] for row in rows[1:]] == [
        ["2026-03-10", "20:00:00"],
        ["2026-03-10", "20:20:00"],
        ["2026-03-10", "20:40:00"],
    ]
    assert " 20 min 00 s " in rows[1]
    assert datetime(2026, 3, 10, 11, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo")).hour == 20
