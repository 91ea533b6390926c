"""`vmstui retention`, `lock`, `unlock`, `locks`: they need no recorder, and say what would happen before it does."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit import test_retention_pass
from tests.unit.test_keeper import Kept
from vmstui.cli import main
from vmstui.codec import to_json
from vmstui.recorder.downtime import Alive, write_alive
from vmstui.recorder.process import boot_time_s
from vmstui.recorder.wall_clock import noted_clock
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.clock import Era


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Ten segments, the oldest 100 hours old, the newest two hours."""
    now = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(test_retention_pass, "NOW", now)
    made = Kept(tmp_path)
    (tmp_path / "state" / "installation").write_text("ours\n")
    monkeypatch.setenv("VMSTUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    configure(tmp_path, "days: 3")
    for ago in (100, 99, 98, 60, 50, 40, 30, 20, 3, 2):
        made.add("gate", ago)
    return made


def configure(folder: Path, retention: str) -> None:
    (folder / "vmstui.yaml").write_text(
        f"recordings: {folder / 'recordings'}\ntimezone: UTC\nretention: {{{retention}}}\n"
        "cameras:\n  - {id: gate, url: 'rtsp://h/x'}\n"
    )


def hours_ago(hours: float) -> str:
    return (test_retention_pass.NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_dry_run_lists_by_rule_what_would_go_and_what_acts_next(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    before = kept.files()
    assert main(["retention", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "age: 3 segments would be deleted, 0.3 kB"
    assert sum(".mp4" in line for line in lines) == 3
    assert any(line.startswith("next to act: age (gate), now") for line in lines)
    assert any(line.startswith("free space ") for line in lines)
    assert main(["retention", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["rule"] for one in found["plan"]["delete"]] == ["age"] * 3
    assert (found["segments"], found["size_bytes"], found["plan"]["size_bytes"]) == (10, 1000, 300)
    assert {one["rule"] for one in found["rules"]} >= {"age", "free space"}
    assert kept.files() == before


def test_without_an_option_it_shows_the_state_and_only_now_deletes(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = kept.files()
    assert main(["retention"]) == 0
    assert capsys.readouterr().out.startswith("10 segments, 1.0 kB; 0 locks; ")
    assert kept.files() == before
    assert main(["retention", "--now"]) == 0
    assert capsys.readouterr().out.startswith("age: 3 segments deleted, 0.3 kB\n")
    assert len(kept.files()) == len(kept.paths()) == 7
    configure(tmp_path, "max_size: 1M")
    assert main(["retention", "--now", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"] == []


def test_what_is_locked_stays_until_it_is_given_back(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--from", hours_ago(99.01), "--to", hours_ago(97.9), "--note", "the theft\x1b[31m"]
    assert main(["lock", "gate", *arguments]) == 0
    assert "2 segments, 0.2 kB, stay until: vmstui unlock 1" in capsys.readouterr().out
    assert main(["retention", "--now"]) == 0
    assert len(kept.files()) == 9
    capsys.readouterr()
    assert main(["locks"]) == 0
    shown = capsys.readouterr().out
    assert "the theft" in shown
    assert "\x1b" not in shown
    assert main(["locks", "--json"]) == 0
    lock = json.loads(capsys.readouterr().out)
    assert (lock["id"], lock["camera"], lock["segments"], lock["size_bytes"]) == (1, "gate", 2, 200)
    assert main(["unlock", "1"]) == 0
    assert main(["unlock", "1"]) == 2
    assert "found 1, accepted none: nothing is locked" in capsys.readouterr().err
    assert main(["retention", "--now"]) == 0
    assert len(kept.files()) == 7


@pytest.mark.parametrize("command", [["segments"], ["gaps"], ["locks"]])
def test_lists_are_one_json_object_a_line_and_of_nothing_there_is_no_line(
    kept: Kept, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    long_ago = [] if command == ["locks"] else ["--from", hours_ago(2000), "--to", hours_ago(1999)]
    assert main([*command, *long_ago, "--json"]) == 0
    assert capsys.readouterr().out == ""
    for _ in range(2):
        assert main(["lock", "gate", "--from", hours_ago(99.01), "--to", hours_ago(97.9)]) == 0
    capsys.readouterr()
    since = [] if command == ["locks"] else ["--from", hours_ago(200)]
    main([*command, *since, "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == {"segments": 10, "gaps": 2, "locks": 2}[command[0]]
    assert all(isinstance(line, dict) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lock", "gat", "--from", "-2h", "--to", "now"], "camera: found 'gat', accepted did you mean 'gate'?"),
        (["lock", "gate", "--from", "now", "--to", "-2h"], "accepted a time after --from"),
        (["lock", "gate", "--from", "soon", "--to", "now"], "found 'soon', accepted"),
        (["lock", "gate", "--from", "-2h", "--to", "now", "--note", "x" * 501], "note: found 501 characters"),
    ],
)
def test_wrong_use_is_told_and_locks_nothing(
    kept: Kept, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err
    assert kept.catalogue.locks(None) == ()


def test_with_a_catalogue_that_is_half_filled_nothing_goes_and_whoever_asks_is_told(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = kept.files()
    with sqlite3.connect(tmp_path / "state" / "catalogue.sqlite3") as connection:
        connection.execute("DELETE FROM facts WHERE name = 'filled'")
    connection.close()
    for arguments in (["--now"], ["--dry-run"]):
        assert main(["retention", *arguments]) == 1
        captured = capsys.readouterr()
        assert "the catalogue is not filled yet" in captured.err
        assert captured.out == ""
    for shown in (["retention"], ["locks"], ["lock", "gate", "--from", "-2h", "--to", "now"]):
        assert main(shown) == 0
        assert capsys.readouterr().err == "the catalogue is being filled: some segments may not be in it yet\n"
    assert kept.files() == before
    kept.catalogue.filled()
    assert main(["retention", "--now"]) == 0
    assert len(kept.files()) == 7


def test_footage_of_another_recordings_folder_is_left_alone_and_said(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept.folder = tmp_path / "earlier"
    kept.add("gate", 200)
    assert main(["retention"]) == 0
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first == "1 segment of another recordings folder: left alone"
    assert second.startswith("10 segments, 1.0 kB; ")


def test_now_deletes_nothing_by_age_when_the_clock_is_far_ahead_of_the_last_recorder(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before, now = kept.files(), test_retention_pass.NOW
    write_alive(tmp_path / "state", Alive(now - timedelta(days=400), "boot"))
    assert main(["retention", "--now"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("nothing had to be deleted")
    assert "nothing is deleted because of its age until a recorder has run for an hour" in captured.err
    assert main(["retention", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("nothing would be deleted")
    assert kept.files() == before
    configure(tmp_path, "max_size: 1M")
    assert main(["retention", "--now"]) == 0, "no rule waits"
    assert capsys.readouterr().err == ""


def test_now_holds_back_after_a_jump_of_the_clock_as_the_recorder_does(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before, state = kept.files(), tmp_path / "state"
    clock = noted_clock(state)
    noted = clock.eras[-1]
    ahead = replace(clock, eras=(Era(0.0, noted.offset_s - 50 * 3600), Era(boot_time_s() - 600, noted.offset_s)))
    (state / "clock.json").write_text(json.dumps(to_json(ahead)))
    assert main(["retention", "--now"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("nothing had to be deleted")
    assert "put forward by 50.0 h: for an hour nothing is deleted because of its age" in captured.err
    assert kept.files() == before
    assert main(["retention", "--dry-run", "--trust-clock"]) == 0
    assert capsys.readouterr().out.startswith("age: 3 segments would be deleted")
    assert main(["retention", "--now", "--trust-clock"]) == 0
    assert capsys.readouterr().err == ""
    assert len(kept.files()) == 7


def test_without_a_catalogue_or_with_another_disk_nothing_is_done_and_told(
    kept: Kept, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept.folder.rename(tmp_path / "away")
    kept.folder.mkdir()
    assert main(["retention", "--now"]) == 1
    assert "is not the one that was recorded to" in capsys.readouterr().err
    with Catalogue.open(tmp_path / "state" / "catalogue.sqlite3", readonly=True) as catalogue:
        assert catalogue.total(None)[0] == 10
    (tmp_path / "state" / "catalogue.sqlite3").unlink()
    assert main(["retention"]) == 1
    assert "there is no catalogue yet" in capsys.readouterr().err
