"""What is projected from the catalogue and the disk, and how `vmstui storage` tells it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit import test_retention_pass
from tests.unit.test_retention_pass import NOW, SIZE_BYTES, Recorded
from vmstui.cli import main
from vmstui.configured import Camera, OutputSettings, Profile, Settings
from vmstui.footage import Lock, Segment, SegmentVerdict
from vmstui.recording.guard import Guard
from vmstui.recording.outlook import outlook, shortfalls
from vmstui.recording.retention import Limits, Policy
from vmstui.storage import CameraStorage, StorageProjection

MB = 10**6
LENGTH_S = 1200.0


def about(value: float, rel: float | None = None, abs: float | None = None) -> Any:  # noqa: A002
    """For mypy: beside other values of a tuple."""
    return pytest.approx(value, rel=rel, abs=abs)


class Footage(Recorded):
    """A catalogue of segments of twenty minutes, without their files."""

    def record(self, camera: str, hours: float, mb_per_day: float = 24.0, *, ended_hours_ago: float = 0.0) -> None:
        """Without interruption for so long."""
        count = round(hours * 3600 / LENGTH_S)
        end = test_retention_pass.NOW - timedelta(hours=ended_hours_ago)
        segments = []
        for number in range(count):
            at = end - timedelta(seconds=LENGTH_S * (count - number))
            path = str(self.folder / camera / f"{at:%s}.mp4")
            size_bytes = round(mb_per_day * MB * LENGTH_S / 86400)
            good = SegmentVerdict.GOOD
            segments.append(Segment(camera, 1, path, at, LENGTH_S, size_bytes, "h264", 64, 36, good))
        self.catalogue.add(segments)

    def look(self, policy: Policy, *cameras: str, certain: bool = False) -> StorageProjection:
        profile = Profile("source", OutputSettings(), None)
        configured = tuple(Camera(camera, camera, "rtsp://h/x", profile) for camera in cameras)
        settings = Settings("/x.yaml", str(self.folder), configured)
        root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return outlook(self.catalogue, settings, policy, root, NOW, certain=certain)
        finally:
            os.close(root)


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    return Footage(tmp_path)


def of(projection: StorageProjection, camera: str) -> CameraStorage:
    return next(one for one in projection.cameras if one.camera == camera)


def test_rates_are_those_of_the_last_day_while_it_recorded(footage: Footage) -> None:
    footage.record("gate", 48, 24, ended_hours_ago=24)
    footage.record("gate", 18, 48)
    footage.record("yard", 5, 12)
    found = footage.look(Policy(), "gate", "yard", "new")
    gate, yard = of(found, "gate"), of(found, "yard")
    assert (gate.bytes_per_s * 86400, gate.recorded_s) == (about(48 * MB, rel=1e-4), 18 * 3600)
    assert (yard.bytes_per_s * 86400, yard.provisional) == (about(12 * MB, rel=1e-4), True)
    assert gate.provisional, "it began to record again less than a day ago"
    assert gate.oldest_at == NOW - timedelta(hours=72)
    assert found.silent == ("new",)
    assert found.size_bytes == footage.catalogue.total(None)[1] == sum(one.size_bytes for one in found.cameras)
    assert [one.provisional for one in footage.look(Policy(), "gate").cameras] == [True, False]
    footage.record("gate", 6, 48, ended_hours_ago=18)
    assert not of(footage.look(Policy(), "gate"), "gate").provisional


def test_locked_footage_is_counted_once_however_often_it_is_locked(footage: Footage) -> None:
    footage.record("gate", 48)

    def lock(from_hours_ago: float, to_hours_ago: float) -> None:
        since, until = (NOW - timedelta(hours=hours) for hours in (from_hours_ago, to_hours_ago))
        footage.catalogue.lock("gate", since, until, "", "me", NOW)

    lock(40, 30)
    lock(35, 25)
    assert of(footage.look(Policy(), "gate"), "gate").locked_bytes == about(15 * MB, rel=1e-4)
    few = Policy(cameras={"gate": Limits(max_bytes=39 * MB)})
    assert of(footage.look(few, "gate"), "gate").days == about(1.0, abs=0.01)
    lock(2, -4)
    found = footage.look(few, "gate")
    assert of(found, "gate").locked_bytes == about(17 * MB, rel=1e-4)
    assert of(found, "gate").days == about((39 - 17 - 4) / 24, abs=0.01), "and what is only recorded later"


def test_footage_of_another_folder_takes_no_room_here(footage: Footage) -> None:
    footage.record("gate", 24)
    at, good = NOW - timedelta(hours=90), SegmentVerdict.GOOD
    footage.catalogue.add([Segment("gate", 1, "/elsewhere/1.mp4", at, LENGTH_S, 500 * MB, "h264", 64, 36, good)])
    found = footage.look(Policy(), "gate")
    assert found.size_bytes == about(24 * MB, rel=1e-4)
    assert of(found, "gate").oldest_at == NOW - timedelta(hours=24)


def test_what_is_certain_leaves_out_who_was_not_measured_for_a_day(footage: Footage) -> None:
    footage.record("gate", 48, 24)
    footage.record("new", 2, 240)
    policy = Policy(days=14, max_bytes=300 * MB)
    assert of(footage.look(policy, "gate", "new"), "gate").days == about(300 / 264, abs=0.01)
    certain = footage.look(policy, "gate", "new", certain=True)
    assert (of(certain, "gate").days, certain.provisional) == (about(12.5, rel=1e-4), False)
    assert shortfalls(certain) == (
        "gate: 12.5 of 14 promised days will be kept, as retention.max_size is 36.0 MB too small",
    )


def test_each_reason_for_a_broken_promise_has_its_sentence(footage: Footage) -> None:
    for camera in ("a", "b", "c", "d", "e"):
        footage.record(camera, 24, 24)
    limits = {"e": Limits(max_bytes=48 * MB), "d": Limits(days=1)}
    policy = Policy(days=14, max_bytes=24 * MB * 33, cameras=limits)
    locked = Lock(1, "a", NOW - timedelta(hours=24), NOW - timedelta(hours=22), "", "me", NOW)
    footage.catalogue.lock(locked.camera, locked.since, locked.until, "", "me", NOW)
    assert shortfalls(footage.look(policy, "a", "b", "c", "d", "e")) == (
        "e: 2.0 of 14 promised days will be kept, as its retention.max_size is 288.0 MB too small (2.0 MB are locked)",
        "a, b, c: 10.0 of 14 promised days will be kept, "
        "as retention.max_size is 290.0 MB too small (2.0 MB are locked)",
    )
    many = footage.look(replace(policy, cameras={}), "a", "b", "c", "d", "e")
    assert re.match(r"a, b, c and 2 more: 6\.6 of 14 promised days will be kept", shortfalls(many)[0])


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Footage:
    """Two cameras with a history, and one that is not configured any more."""
    monkeypatch.setattr(test_retention_pass, "NOW", datetime.now(UTC).replace(microsecond=0))
    made = Footage(tmp_path)
    state = tmp_path / "state"
    (state / "installation").write_text("ours\n")
    monkeypatch.setenv("VMSTUI_STATE", str(state))
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    configure(tmp_path, "days: 0.5")
    made.record("gate", 30, 48)
    made.record("yard", 30, 24)
    made.record("gone", 10, 24, ended_hours_ago=30)
    return made


def configure(folder: Path, retention: str) -> None:
    (folder / "vmstui.yaml").write_text(
        f"recordings: {folder / 'recordings'}\ntimezone: UTC\nretention: {{{retention}}}\n"
        "cameras:\n  - {id: gate, url: 'rtsp://h/x'}\n  - {id: yard, url: 'rtsp://h/y'}\n"
    )


def mark(folder: Path) -> None:
    """As the recorder does at first use."""
    assert Guard(folder / "state", "ours").look(str(folder / "recordings"), None, 0).usable


def test_storage_shows_rates_days_and_what_acts_next_without_a_recorder(
    installed: Footage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(tmp_path)
    installed.catalogue.filled()
    assert main(["storage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines if line}
    assert re.match(
        r"gate +2\.0 +60\.0 MB +\d{4}-\d\d-\d\d \d\d:\d\d +0\.5 days +0\.5 days +age +age, now", rows["gate"]
    )
    assert re.match(r"yard +1\.0 +30\.0 MB ", rows["yard"])
    assert re.match(r"gone +- +10\.0 MB .* - +- +- +age, now", rows["gone"])
    assert "recorded     100.0 MB; 72.0 MB a day" in lines
    assert any(line.startswith("next to act  age (") for line in lines)
    assert not any(line.startswith(("warning", "~")) for line in lines)


def test_a_promise_that_will_break_is_a_warning_and_no_failure(
    installed: Footage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark(tmp_path)
    installed.catalogue.filled()
    configure(tmp_path, "days: 14, max_size: 720M")
    assert main(["storage"]) == 0
    # Two segments of `gone` are its newest, and stay.
    told = "gate, yard: 10.0 of 14 promised days will be kept, as retention.max_size is 288.7 MB too small"
    assert f"warning: {told}" in capsys.readouterr().out.splitlines()
    assert main(["storage", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["projection"]
    assert (found["promises_kept"], found["provisional"], found["shortfalls"]) == (False, False, [told])
    assert {one["camera"]: one["days"] and round(one["days"], 1) for one in found["cameras"]} == {
        "gate": 10.0,
        "gone": None,
        "yard": 10.0,
    }


def test_where_nothing_is_known_it_says_why(
    installed: Footage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["storage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["projection"] == {"unknown": "nothing was recorded yet"}
    mark(tmp_path)
    assert main(["storage"]) == 0
    assert "how long footage stays is not known: the catalogue is not filled yet" in capsys.readouterr().out
    installed.catalogue.filled()
    (tmp_path / "recordings").rename(tmp_path / "away")
    assert main(["storage"]) == 1, "it cannot be recorded to"
    assert "is gone" in capsys.readouterr().out


def test_one_segment_of_a_few_bytes_is_enough(made_of: Footage) -> None:
    assert of(made_of.look(Policy(days=1), "gate"), "gate").bytes_per_s == about(SIZE_BYTES / 180)


@pytest.fixture
def made_of(footage: Footage) -> Footage:
    footage.add("gate", 1)
    return footage
