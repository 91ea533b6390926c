"""What retention deleted was recorded: no catalogue that is made anew takes it for a gap, or forgets one in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from tests.unit.test_recording_fill import Found
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict, StreamSpan, Uptime
from vmstui.model import Event, EventKind
from vmstui.recording import journal, past
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.fill import Ingested, ingest, record
from vmstui.recording.retention import Policy
from vmstui.recording.retention_pass import run_pass

START = datetime(2025, 10, 20, tzinfo=UTC)
HOUR_S = 3600.0
GOOD, BROKEN = SegmentVerdict.GOOD, SegmentVerdict.BROKEN


class Archive:
    """Days of one camera, in segments of an hour, with its catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recordings = folder / "recordings"
        (self.recordings / ".vmstui").mkdir(parents=True)
        self.catalogue = Catalogue.open(folder / "catalogue.sqlite3")
        self.catalogue.filled()

    def segment(self, hour: float, generation: int, number: int, verdict: SegmentVerdict = GOOD) -> Segment:
        """A file, published and noted."""
        at = START + timedelta(hours=hour)
        path = self.recordings / "Lobby" / f"{at:%Y-%m-%d}" / f"Lobby_{at:%Y%m%d_%H%M%S}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        segment = Segment(
            "lobby", generation, str(path), at, HOUR_S if verdict is GOOD else 0.0, 100, "h264", 64, 36, verdict,
            number=number, span=StreamSpan(number * HOUR_S, (number + 1) * HOUR_S) if verdict is GOOD else None,
            uptime=Uptime("boot", hour * HOUR_S + 1000),
        )  # fmt: skip
        journal.append(self.recordings, segment)
        return segment

    def record(self, segments: Sequence[Segment], events: Callable[[str], Sequence[Event]]) -> None:
        record(self.catalogue, segments, events)

    def delete(self, days: float, now: datetime) -> None:
        root = os.open(self.recordings, os.O_RDONLY | os.O_DIRECTORY)
        try:
            run_pass(self.catalogue, Policy(days=days), root, self.recordings, now)
        finally:
            os.close(root)

    def anew(self, events: Callable[[str], Sequence[Event]], name: str = "anew.sqlite3") -> tuple[Catalogue, Ingested]:
        """Another catalogue, filled from the recordings."""
        catalogue = Catalogue.open(self.folder / name)
        found = ingest(catalogue, self.recordings, {"Lobby": "lobby"}, lambda path: Found(), UTC, events)
        catalogue.filled()
        return catalogue, found


def _events(_camera: str) -> tuple[Event, ...]:
    hours = (30.0, 49.0, 71.5, 100.0)
    causes = (GapCause.NETWORK, GapCause.DISK, GapCause.CAMERA, GapCause.OPERATOR)
    at = [START + timedelta(hours=hour, seconds=1) for hour in hours]
    return tuple(Event(when, "lobby", EventKind.EXIT, "x", cause=why) for when, why in zip(at, causes, strict=True))


def _history(_camera: str) -> tuple[Event, ...]:
    """All that is left of it is of the last days."""
    return _events("lobby")[-1:]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Six days: gaps after 30 h, 49 h, over midnight at 71.5 h and after 100 h, with scraps that do not play; a worker
    whose last file is published late."""
    made = Archive(tmp_path)
    rows: list[Segment] = []
    for generation, (since, until) in enumerate(
        [(0.0, 30.0), (31.0, 49.0), (49.5, 71.5), (73.5, 100.0), (100.1, 144.0)], start=1
    ):
        hours = int(until - since)
        rows += [made.segment(since + number, generation, number) for number in range(hours)]
        assert rows[-1].ended_at <= START + timedelta(hours=until)
        rows.append(made.segment(since + hours + 0.02, generation, hours, BROKEN))
    late = next(one for one in rows if one.generation == 2 and one.number == 17)
    rows.remove(late)
    rows.insert(rows.index(next(one for one in rows if one.generation == 3)) + 2, late)
    for row in rows:
        made.record([row], _events)
    return made


def _told(gaps: Sequence[Gap]) -> list[tuple[float, float]]:
    return [(round((gap.started_at - START).total_seconds() / 3600, 2), round(gap.length_s / 3600, 2)) for gap in gaps]


GAPS = [(30.0, 1.0), (49.0, 0.5), (71.5, 2.0), (99.5, 0.6)]


@pytest.mark.parametrize("locked_hour", [None, 5, 72], ids=lambda hour: f"locked {hour}")
@pytest.mark.parametrize("days", [0.5, 1.3, 3.4], ids=lambda days: f"{days} days")
def test_gaps_of_a_catalogue_made_anew_are_those_of_before(
    archive: Archive, days: float, locked_hour: int | None
) -> None:
    before = archive.catalogue.gaps("lobby", None, None)
    assert _told(before) == GAPS
    if locked_hour is not None:
        at = START + timedelta(hours=locked_hour)
        archive.catalogue.lock("lobby", at, at + timedelta(hours=2), "", "me", at)
    archive.delete(days, START + timedelta(days=6))
    there = archive.catalogue.segments("lobby", None, None)
    assert len(there) < 100
    anew, found = archive.anew(_events)
    with anew:
        assert anew.segments("lobby", None, None) == there
        assert found.new == len(there)
        assert anew.gaps("lobby", None, None) == before
        assert anew.first_at("lobby") == START
        assert anew.events() == ()


def test_the_cause_of_a_gap_in_a_day_that_is_gone_outlives_the_history(archive: Archive) -> None:
    before = archive.catalogue.gaps("lobby", None, None)
    archive.delete(2.0, START + timedelta(days=6))
    anew, _ = archive.anew(_history)
    with anew:
        assert anew.gaps("lobby", None, None) == before


def test_filling_that_was_cut_off_is_gone_on_with_and_leaves_nothing_that_is_not_there(archive: Archive) -> None:
    before = archive.catalogue.gaps("lobby", None, None)
    archive.delete(2.3, START + timedelta(days=6))
    there = archive.catalogue.segments("lobby", None, None)
    looks = iter([False] * 1 + [True] * 99)
    catalogue = Catalogue.open(archive.folder / "anew.sqlite3")
    found = ingest(
        catalogue, archive.recordings, {"Lobby": "lobby"}, lambda path: Found(), UTC, _events,
        ended=lambda: next(looks),
    )  # fmt: skip
    assert not found.whole
    assert len(catalogue.segments("lobby", None, None)) > 0
    catalogue.close()
    anew, _ = archive.anew(_events)
    with anew:
        assert anew.segments("lobby", None, None) == there
        assert anew.gaps("lobby", None, None) == before


def test_what_is_deleted_while_a_catalogue_is_being_filled_is_no_gap_in_it(archive: Archive) -> None:
    before = archive.catalogue.gaps("lobby", None, None)
    oldest = [Path(one.path) for one in archive.catalogue.segments("lobby", None, None)[:70]]
    nothing = Path()
    deleting = iter([nothing, *oldest[:60], nothing, *oldest[60:]])

    def make_room(_told: str) -> None:
        """As retention does, between two days: behind and before what is being looked at."""
        for path in takewhile(lambda path: path != nothing, deleting):
            path.unlink()

    with Catalogue.open(archive.folder / "anew.sqlite3") as anew:
        found = ingest(
            anew, archive.recordings, {"Lobby": "lobby"}, lambda path: Found(), UTC, _events, progress=make_room
        )
        assert found.whole
        assert found.unread == 0
        assert {one.path for one in anew.segments("lobby", None, None)} == {
            str(path) for path in archive.recordings.rglob("Lobby*.mp4")
        }
        assert anew.gaps("lobby", None, None) == before
        assert anew.events() == ()
    days = [file.stem for file in journal.days(archive.recordings, "lobby")]
    assert days == ["2025-10-22", "2025-10-23", "2025-10-24", "2025-10-25"], "journals went with their days"
    again, _ = archive.anew(_events, "again.sqlite3")
    with again:
        assert again.gaps("lobby", None, None) == before


def test_a_pass_that_cannot_note_a_day_keeps_its_journal(archive: Archive) -> None:
    journals = [file.stem for file in journal.days(archive.recordings, "lobby")]
    (archive.recordings / ".vmstui" / "journal" / "lobby" / past.FILE_NAME).mkdir()
    archive.delete(2.0, START + timedelta(days=6))
    assert [file.stem for file in journal.days(archive.recordings, "lobby")] == journals


def test_what_is_kept_of_days_that_are_gone_is_little_and_ends_after_400_days(tmp_path: Path) -> None:
    made = Archive(tmp_path)
    folder_path = journal.journal_root(made.recordings) / "lobby"
    folder_path.mkdir(parents=True)
    folder = os.open(folder_path, os.O_RDONLY | os.O_DIRECTORY)
    example = made.segment(0, 1, 0)
    gap = Gap("lobby", START, 5.0, GapCause.NETWORK, "x")
    try:
        for day in range(500):
            at = START + timedelta(days=day)
            rows = [
                replace(
                    example, started_at=at + timedelta(hours=hour), number=24 * day + hour, path=f"{example.path}{hour}"
                )
                for hour in range(24)
            ]
            past.note(folder, made.recordings, past.past_day(at.date(), rows, [gap]))
    finally:
        os.close(folder)
    kept = list(past.read(made.recordings, "lobby"))
    assert 400 <= len(kept) <= 431
    assert kept[-1].day == date(2025, 10, 20) + timedelta(days=499)
    assert [(len(day.ends), day.gaps) for day in kept] == [(2, (gap,))] * len(kept)
    assert (folder_path / past.FILE_NAME).stat().st_size < 1024 * len(kept)
    assert sorted(os.listdir(folder_path)) == ["2025-10-20.jsonl", past.FILE_NAME]


def test_a_day_in_which_a_worker_hardly_ever_worked_takes_no_more_than_its_share() -> None:
    rows = [
        Segment("lobby", 1 + n, f"/r/{n}.mp4", START + timedelta(seconds=8 * n), 1.0, 1, "h264", 1, 1, GOOD, number=0)
        for n in range(5000)
    ]
    gaps = [Gap("lobby", row.ended_at, 7.0 + (n == 4000), GapCause.CAMERA, "x") for n, row in enumerate(rows)]
    day = past.past_day(START.date(), rows, gaps)
    assert (day.ends[0], day.ends[-1], len(day.ends)) == (rows[0], rows[-1], past.MOST_ENDS)
    assert gaps[4000] in day.gaps
    assert len(day.gaps) == past.MOST_GAPS


def test_lines_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    made = Archive(tmp_path)
    folder = journal.journal_root(made.recordings) / "lobby"
    folder.mkdir(parents=True)
    good = '{"day":"2025-10-20","ends":[],"gaps":[{"camera":"lobby","started_at":"%s","length_s":%s,"cause":"%s"}]}'
    lines = [
        "", "x", "[]", "{}", '{"day":"soon","ends":[],"gaps":[]}', '{"day":"2025-10-20","ends":7,"gaps":[]}',
        good % (START.isoformat(), "NaN", "disk"), good % (START.isoformat(), "-1", "disk"),
        good % (START.isoformat(), "1", "magic"), good % ("2025-10-20T00:00:00", "1", "disk"),
        good % (START.isoformat(), "1", "disk"),
    ]  # fmt: skip
    (folder / past.FILE_NAME).write_text("\n".join(lines) + "\n{torn")
    found = [gap for day in past.read(made.recordings, "lobby") for gap in day.gaps]
    assert found == [Gap("lobby", START, 1.0, GapCause.DISK)]
