"""`vmstui gaps`: what was recorded and lost, by camera and by day, without a recorder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.cli import main
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.recording.catalogue import FILE_NAME, Catalogue

BEGAN = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)
"""Midnight in Berlin, before the day of 25 hours."""
HOUR = timedelta(hours=1)


@pytest.fixture
def two_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recorded from three hours before that day to three after it, but from half past eleven to half past twelve."""
    for name, folder in (("STATE", "state"), ("RUNTIME", "run"), ("CONFIG", "vmstui.yaml")):
        monkeypatch.setenv(f"VMSTUI_{name}", str(tmp_path / folder))
    (tmp_path / "vmstui.yaml").write_text(
        f"recordings: {tmp_path / 'recordings'}\ntimezone: Europe/Berlin\ncameras:\n  - {{id: gate, url: 'rtsp://h/x'}}\n"
    )
    (tmp_path / "state").mkdir()
    lost = Gap("gate", BEGAN + 24.5 * HOUR, 3600.0, GapCause.NETWORK, "the connection was reset")
    begins = [BEGAN + number * HOUR / 2 for number in range(-6, 56) if number not in (49, 50)]
    with Catalogue.open(tmp_path / "state" / FILE_NAME) as catalogue:
        catalogue.add(
            [
                Segment("gate", 1, f"/r/{at:%d%H%M}.mp4", at, 1800.0, 1, "h264", 320, 180, SegmentVerdict.GOOD)
                for at in begins
            ],
            [lost],
        )
        catalogue.filled()
    return tmp_path


def test_each_day_has_its_own_account_and_together_they_are_that_of_all(
    two_days: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["gaps", "--from", (BEGAN - 3 * HOUR).isoformat(), "--to", (BEGAN + 28 * HOUR).isoformat(), "--json"]
    assert main([*asked, "--days"]) == 1
    days = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if "account" in one]
    figures = [(one["account"]["recorded_s"], one["account"]["lost_s"], one["percent"]) for one in days]
    assert figures == [
        (3 * 3600.0, 0.0, 100.0),
        (24.5 * 3600, 1800.0, pytest.approx(98.0)),
        (2.5 * 3600, 1800.0, pytest.approx(250 / 3)),
    ]
    assert main(asked) == 1
    (whole,) = (one["account"] for one in map(json.loads, capsys.readouterr().out.splitlines()) if "account" in one)
    for what in ("recorded_s", "lost_s", "off_s"):
        assert sum(one["account"][what] for one in days) == whole[what]


def test_a_table_of_days_has_a_line_for_each(two_days: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["gaps", "gate", "--from", BEGAN.isoformat(), "--to", (BEGAN + 28 * HOUR).isoformat(), "--days"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:5] for line in lines[1:]] == [
        ["gate", "Sun", "2025-10-26", "98.00", "%"],
        ["gate", "Mon", "2025-10-27", "83.33", "%"],
    ]
