"""A worker's number is above all before it, also where nothing is remembered of them but what they recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.recorder.generation import next_generation
from vmstui.recording import journal, past
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.fill import record
from vmstui.recording.layout import generation_spool

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    (tmp_path / "recordings" / ".vmstui").mkdir(parents=True)
    (tmp_path / "state").mkdir()
    return tmp_path / "recordings"


def _segment(recordings: Path, generation: int, number: int, after: timedelta) -> Segment:
    path, good = str(recordings / "Lobby" / f"{generation}-{number}.mp4"), SegmentVerdict.GOOD
    return Segment("lobby", generation, path, START + after, 60.0, 1, "h264", 64, 36, good, number=number)


def _next(recordings: Path, noted: int = 0) -> int:
    return next_generation(recordings, recordings.with_name("state"), "lobby", noted)


def test_the_first_worker_of_a_camera_has_number_one(recordings: Path) -> None:
    assert _next(recordings) == 1


def test_a_lost_state_folder_starts_no_generation_anew(recordings: Path) -> None:
    for hour in range(40):
        journal.append(recordings, _segment(recordings, 1 + hour, 0, timedelta(hours=hour)))
    assert _next(recordings) == 41
    assert _next(recordings, noted=25) == 41, "the note is that of an old backup"
    assert _next(recordings, noted=50) == 51


def test_what_a_worker_left_that_ended_before_the_newest_does_not_hide_the_newest(recordings: Path) -> None:
    """It is published after the first segments of who replaced it."""
    journal.append(recordings, _segment(recordings, 8, 0, timedelta(minutes=3)))
    journal.append(recordings, _segment(recordings, 7, 5, timedelta(minutes=2)))
    assert _next(recordings) == 9


def test_a_clock_that_was_ahead_for_a_day_hides_no_newer_worker(recordings: Path) -> None:
    journal.append(recordings, _segment(recordings, 3, 0, timedelta(days=4000)))
    journal.append(recordings, _segment(recordings, 4, 0, timedelta()))
    assert _next(recordings) == 5


def test_an_unpublished_spool_and_the_catalogue_count_as_well(recordings: Path) -> None:
    generation_spool(recordings, "lobby", 6).mkdir(parents=True)
    assert _next(recordings) == 7
    with Catalogue.open(recordings.with_name("state") / FILE_NAME) as catalogue:
        catalogue.add([_segment(recordings, 11, 0, timedelta())])
    assert _next(recordings) == 12


@pytest.mark.parametrize("gaps", [0, 1000])
def test_a_lost_note_brings_no_number_back_whose_footage_was_deleted_since(recordings: Path, gaps: int) -> None:
    """Old footage that is locked stays, with its journal; what came later went with its days."""
    journal.append(recordings, _segment(recordings, 2, 0, timedelta(days=-30)))
    for day in range(3):
        at = timedelta(days=day)
        journal.append(recordings, _segment(recordings, 5 + day, 0, at))
        lost = [Gap("lobby", START + at + timedelta(seconds=n), 1.5, GapCause.NETWORK, "x" * 60) for n in range(gaps)]
        with journal.opened(recordings, "lobby") as folder:
            past.end_day(folder, recordings, (START + at).date(), lost)
    assert [file.stem for file in journal.days(recordings, "lobby")] == ["2025-09-20"]
    assert _next(recordings) == 8
    assert _next(recordings, noted=6) == 8, "the note is that of an old backup"


def test_a_journal_that_makes_no_sense_keeps_nobody_from_recording(recordings: Path) -> None:
    day = journal.journal_file(recordings, "lobby", START.date())
    day.parent.mkdir(parents=True)
    day.write_bytes(b'{"generation":99999999999999999999,\n\xff\xfe{"generation":"7",\n{"generation":4,"path"\n')
    assert _next(recordings) == 5
    day.unlink()
    day.mkdir()
    assert _next(recordings) == 1


def test_gaps_are_right_from_the_first_segment_after_the_state_folder_was_lost(
    recordings: Path, tmp_path: Path
) -> None:
    before = [_segment(recordings, 5, number, timedelta(minutes=number)) for number in range(3)]
    for segment in before:
        journal.append(recordings, segment)
    after = replace(before[0], generation=_next(recordings), path="/after.mp4", started_at=START + timedelta(minutes=5))
    with Catalogue.open(tmp_path / "anew.sqlite3") as catalogue:
        record(catalogue, [*before, after], lambda camera: ())
        [gap] = catalogue.gaps("lobby", None, None)
        assert (gap.started_at, gap.length_s) == (START + timedelta(minutes=3), 120.0)
        assert catalogue.recorded_last("lobby", 1)[0] == after
