"""A recordings folder says itself what it holds."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from vmstui.footage import Hole, Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.recording import journal

DAY = date(2025, 10, 20)


def _marked(recordings: Path) -> Path:
    """A recordings folder as it is once it was recorded to."""
    (recordings / ".vmstui").mkdir(parents=True)
    return recordings


def _segment(recordings: Path, number: int) -> Segment:
    path = recordings / "Lobby" / "2025-10-20" / f"Lobby_20251020_07{number:02d}00.mp4"
    started_at = datetime(2025, 10, 20, 0, number, tzinfo=UTC)
    span, uptime = StreamSpan(0.0, 60.0), Uptime("boot", 7.5)
    verdict, holes = SegmentVerdict.GOOD, (Hole(3.0, 4.0),)
    values = ("lobby", 3, str(path), started_at, 60.0, 1000, "h264", 320, 180, verdict, "", 600, 10.0, True, number)
    return Segment(*values, span, uptime, holes)


def test_segments_stand_in_the_order_they_were_recorded_in_each_once_as_it_was_noted_last(tmp_path: Path) -> None:
    first, second, third, fourth = (_segment(tmp_path, number) for number in range(4))
    by_name = replace(second, generation=0, number=0)  # nobody knows more of it than its name tells
    before_the_clock_was_put_back = replace(fourth, generation=2)
    marred = replace(third, verdict=SegmentVerdict.SUSPECT)
    noted = [before_the_clock_was_put_back, third, first, by_name, marred]
    assert journal.in_order(noted) == (before_the_clock_was_put_back, first, by_name, marred)
    assert journal.in_order([by_name]) == (by_name,)
    assert journal.in_order([]) == ()


def test_what_was_written_is_read_wherever_the_disk_is_mounted(tmp_path: Path) -> None:
    before, after = _marked(tmp_path / "before"), tmp_path / "after"
    for number in range(3):
        journal.append(before, _segment(before, number))
    before.rename(after)
    assert journal.cameras(after) == ("lobby",)
    [file] = journal.days(after, "lobby")
    assert file == journal.journal_file(after, "lobby", DAY)
    assert journal.parsed(after, journal.lines(file)) == tuple(_segment(after, number) for number in range(3))
    journal.append(after, _segment(after, 3))
    assert journal.parsed(after, journal.lines(file)) == tuple(_segment(after, number) for number in range(4))


def test_a_line_torn_by_a_power_cut_costs_only_itself(tmp_path: Path) -> None:
    _marked(tmp_path)
    journal.append(tmp_path, _segment(tmp_path, 0))
    file = journal.journal_file(tmp_path, "lobby", DAY)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:50])
    assert journal.parsed(tmp_path, journal.lines(file)) == (_segment(tmp_path, 0),)
    journal.append(tmp_path, _segment(tmp_path, 1))
    assert journal.parsed(tmp_path, journal.lines(file)) == (_segment(tmp_path, 0), _segment(tmp_path, 1))


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "", "Lobby/../../x.mp4"])
def test_a_line_that_leads_out_of_the_folder_is_left_out(tmp_path: Path, path: str) -> None:
    _marked(tmp_path)
    journal.append(tmp_path, _segment(tmp_path, 0))
    file = journal.journal_file(tmp_path, "lobby", DAY)
    line = file.read_text().replace("Lobby/2025-10-20/Lobby_20251020_070000.mp4", path)
    assert path in line
    file.write_text(line)
    assert journal.parsed(tmp_path, journal.lines(file)) == ()


def test_garbage_and_a_missing_file_are_nothing(tmp_path: Path) -> None:
    file = journal.journal_file(tmp_path, "lobby", DAY)
    assert journal.parsed(tmp_path, journal.lines(file)) == ()
    assert journal.cameras(tmp_path) == ()
    assert journal.days(tmp_path, "lobby") == ()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xfe\n[]\n{}\nnull\n")
    assert journal.parsed(tmp_path, journal.lines(file)) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"size_bytes":1000', '"size_bytes":1e30'),
        ('"size_bytes":1000', '"size_bytes":-7'),
        ('"duration_s":60.0', '"duration_s":1e300'),
        ('"duration_s":60.0', '"duration_s":NaN'),
        ("2025-10-20T00:00:00+00:00", "2025-10-20T00:00:00"),
        ("2025-10-20T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
        ('"boot","s":7.5', '"boot","s":Infinity'),
        ('"reason":""', '"reason":' + "[" * 3000),
    ],
)
def test_figures_that_no_file_can_have_cost_only_their_line(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / ".vmstui").mkdir()
    for number in range(2):
        journal.append(tmp_path, _segment(tmp_path, number))
    file = journal.journal_file(tmp_path, "lobby", DAY)
    first, second = file.read_text().splitlines()
    first = first.replace("2025-10-20T00:00:00Z", "2025-10-20T00:00:00+00:00")
    assert before in first, first
    file.write_text(f"{first.replace(before, after)}\n{second}\n")
    assert journal.parsed(tmp_path, journal.lines(file)) == (_segment(tmp_path, 1),)


def test_a_disk_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".vmstui").mkdir()
    journal.append(tmp_path, _segment(tmp_path, 0))

    def fails(*_: object) -> object:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fails)
        patch.setattr(os, "listdir", fails)
        with pytest.raises(OSError, match="Input/output"):
            journal.cameras(tmp_path)
        with pytest.raises(OSError, match="Input/output"):
            journal.days(tmp_path, "lobby")


def test_a_disk_that_takes_no_line_costs_nothing_but_the_line(tmp_path: Path) -> None:
    (tmp_path / ".vmstui").write_text("a file where the folder should be")
    journal.append(tmp_path, _segment(tmp_path, 0))
    assert journal.days(tmp_path, "lobby") == ()


def test_a_disk_that_went_away_gets_no_folder_in_its_place(tmp_path: Path) -> None:
    journal.append(tmp_path, _segment(tmp_path, 0))
    journal.append(tmp_path / "gone", _segment(tmp_path / "gone", 0))
    assert list(tmp_path.iterdir()) == []
