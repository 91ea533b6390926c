"""A catalogue is brought up to what lies in the recordings, in whatever order it comes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.ffmpeg_examples import camera
from vmstui.footage import Gap, GapCause, Hole, Segment, SegmentVerdict, StoredEventKind, StreamSpan, Uptime
from vmstui.model import Event, EventKind
from vmstui.recording import journal
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.clock import WallClock
from vmstui.recording.fill import Ingested, forget_vanished, ingest, record
from vmstui.recording.layout import generation_spool
from vmstui.recording.retention import Policy
from vmstui.recording.retention_pass import run_pass
from vmstui.recording.spool import Origin, Times, settle
from vmstui.recording.verify import Surroundings, Verified, take_over

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Found:
    """What is in each file."""

    duration_s: float = 180.0
    frames: int = 1800
    codec: str = "h264"
    width: int = 320
    height: int = 180
    fps: float = 10.0
    starts_with_keyframe: bool = True
    holes: tuple[Hole, ...] = ()


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.open(tmp_path / "catalogue.sqlite3")


def _segment(start_s: float, generation: int, number: int, duration_s: float = 60.0) -> Segment:
    return Segment(
        "lobby", generation, f"/r/{generation}-{number}.mp4", START + timedelta(seconds=start_s), duration_s, 1000,
        "h264", 320, 180, SegmentVerdict.GOOD, "", 600, 10.0, True, number,
        StreamSpan(60.0 * number, 60.0 * number + duration_s), Uptime("boot", 1000.0 + start_s),
    )  # fmt: skip


def _events(_camera: str) -> tuple[Event, ...]:
    return (Event(START + timedelta(seconds=130), "lobby", EventKind.EXIT, "x", cause=GapCause.NETWORK),)


def _told(gaps: tuple[Gap, ...]) -> list[tuple[float, float]]:
    return [((gap.started_at - START).total_seconds(), round(gap.length_s, 3)) for gap in gaps]


def test_gaps_are_the_same_in_whatever_order_segments_come(tmp_path: Path) -> None:
    """What a dead worker left is often published after the first segment of the next one."""
    segments = [_segment(0, 1, 0), _segment(60, 1, 1, 70.0), _segment(140, 2, 0), _segment(200, 2, 1)]
    holed = replace(segments[2], holes=(Hole(5.0, 3.0),))
    segments[2] = holed
    for number, order in enumerate(permutations(segments)):
        with Catalogue.open(tmp_path / f"{number}.sqlite3") as catalogue:
            for segment in order:
                assert record(catalogue, [segment], _events) == [segment]
                assert record(catalogue, [segment], _events) == []
            assert _told(catalogue.gaps("lobby", None, None)) == [(130, 10), (145, 3)], order


def test_all_at_once_or_one_by_one_is_the_same(tmp_path: Path) -> None:
    segments = [_segment(60.0 * n + (10 * (n > 700)), 1 + (n > 700), n if n <= 700 else n - 701) for n in range(1400)]
    with Catalogue.open(tmp_path / "c.sqlite3") as catalogue:
        assert len(record(catalogue, segments[::-1], lambda camera: ())) == 1400
        assert catalogue.total("lobby") == (1400, 1_400_000)
        [gap] = catalogue.gaps("lobby", None, None)
        assert (round(gap.length_s, 3), gap.cause) == (10.0, GapCause.UNKNOWN)


def test_scraps_of_a_worker_that_died_early_count_no_gap_twice(catalogue: Catalogue) -> None:
    scraps = [
        replace(_segment(1000.0 + 60 * n, 2 + n, 0, 0.0), verdict=SegmentVerdict.BROKEN, span=None) for n in range(20)
    ]
    for segment in (_segment(0, 1, 0), *scraps, _segment(3660, 30, 0)):
        record(catalogue, [segment], lambda camera: ())
    assert _told(catalogue.gaps("lobby", None, None)) == [(60, 3600)]


def test_a_late_leftover_counts_once_though_the_clock_was_put_back(catalogue: Catalogue) -> None:
    """It lies an hour before on the wall what follows it."""
    first, late = _segment(0, 1, 0), _segment(60, 1, 1, 120.0)
    after = replace(_segment(185, 2, 0), started_at=START + timedelta(seconds=185 - 3600))
    for segment in (first, after, late):
        record(catalogue, [segment], lambda camera: ())
    assert [round(gap.length_s, 3) for gap in catalogue.gaps("lobby", None, None)] == [5.0]


def _night(folder: Path, began: datetime, hours: float) -> dict[str, bytes]:
    """Three-minute segments of a night, published as the recorder does; content by name."""
    spool = generation_spool(folder, "lobby", 1)
    spool.mkdir(parents=True)
    lobby, written = camera(name="Lobby"), {}
    for number in range(int(hours * 20)):
        file = spool / f"{number:06d}.mp4"
        content = f"segment {number}".encode()
        file.write_bytes(content)
        closed_s = (began + timedelta(minutes=3 * (number + 1))).timestamp()
        os.utime(file, (closed_s, closed_s))
        origin = Origin(lobby, 1, folder, ended=True)
        segment = settle(file, origin, Times(BERLIN, WallClock("boot"), 0.0), lambda path: Found())
        written[segment.path] = content
    return written


@pytest.mark.parametrize(
    ("began", "doubled"),
    [(datetime(2025, 10, 25, 23, 0, tzinfo=UTC), 20), (datetime(2025, 3, 30, 0, 0, tzinfo=UTC), 0)],
    ids=["autumn", "spring"],
)
def test_no_footage_is_overwritten_in_the_night_in_which_clocks_change(
    tmp_path: Path, catalogue: Catalogue, began: datetime, doubled: int
) -> None:
    """And the files alone tell later when they were recorded, also those of the hour that came twice."""
    written = _night(tmp_path, began, 4)
    assert len(written) == 80
    assert {path: Path(path).read_bytes() for path in written} == written
    assert sum(path.endswith("_2.mp4") for path in written) == doubled
    found = ingest(catalogue, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), BERLIN, lambda camera: ())
    assert found == Ingested(80, 0, whole=True)
    segments = catalogue.segments("lobby", None, None)
    assert [segment.started_at for segment in segments] == [began + timedelta(minutes=3 * n) for n in range(80)]
    assert [Path(segment.path).read_bytes() for segment in segments] == list(written.values())
    assert catalogue.gaps("lobby", None, None) == ()


def test_what_a_service_died_over_is_found_by_the_next_one(tmp_path: Path, catalogue: Catalogue) -> None:
    written = _night(tmp_path, START, 1)
    *noted, unnoted = written
    for path in noted:
        journal.append(tmp_path, replace(_segment(0, 1, 0), path=path))
    looked_at: list[str] = []

    def inspect(path: str) -> Found:
        looked_at.append(path)
        return Found()

    assert ingest(catalogue, tmp_path, {"Lobby": "lobby"}, inspect, BERLIN, lambda camera: ()).new == 20
    assert looked_at == [unnoted]
    assert ingest(catalogue, tmp_path, {"Lobby": "lobby"}, inspect, BERLIN, lambda camera: ()).new == 0
    assert looked_at == [unnoted]


def test_of_a_long_journal_only_the_end_is_read_again(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".vmstui").mkdir()
    day = tmp_path / "Lobby" / "2025-10-20"
    day.mkdir(parents=True)

    def publish(number: int) -> Segment:
        path = day / f"Lobby_20251020_{12 + number // 60:02d}{number % 60:02d}00.mp4"
        path.write_bytes(b"x")
        segment = replace(_segment(60.0 * number, 1, number), path=str(path))
        journal.append(tmp_path, segment)
        return segment

    segments = [publish(number) for number in range(400)]
    record(catalogue, segments[:-5], lambda camera: ())
    parsed: list[int] = []
    real = journal.parsed

    def counted(where: Path, lines: Sequence[bytes]) -> tuple[Segment, ...]:
        parsed.append(len(lines))
        return real(where, lines)

    monkeypatch.setattr(journal, "parsed", counted)
    since = START.date()
    found = ingest(catalogue, tmp_path, {}, lambda path: Found(), BERLIN, lambda camera: (), since=since)
    assert (found.new, sum(parsed)) == (5, 40)
    assert ingest(catalogue, tmp_path, {}, lambda path: Found(), BERLIN, lambda camera: ()).new == 0
    assert sum(parsed) == 440


def test_files_of_somebody_else_are_no_segments(tmp_path: Path, catalogue: Catalogue) -> None:
    day = tmp_path / "Lobby" / "2025-10-20"
    day.mkdir(parents=True)
    names = ("holiday.mp4", "Yard_20251020_120000.mp4", "Lobby_20251020_120000.txt", "Lobby_99999999_999999.mp4")
    for name in (*names, ".Lobby_20251020_120000.mp4"):
        (day / name).write_bytes(b"x")
    (day / "Lobby_20251020_120000.mp4").mkdir()
    (tmp_path / "Lobby" / "notes").mkdir()
    (day / "Lobby_20251020_120001.mp4").symlink_to("/etc/passwd")
    assert ingest(catalogue, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), BERLIN, lambda camera: ()).new == 0


def test_footage_of_a_camera_that_is_not_configured_any_more_is_found_by_its_folder(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    """Renamed ones are known by what the journal tells of the folder; what is not named as ours is nobody's."""
    (tmp_path / ".vmstui").mkdir()
    names = {
        "Old_Yard/2025-10-20/Old_Yard_20251020_120000.mp4": "Old_Yard",
        "cam_7/2025-10-20/cam_7_20251020_120000_2.mp4": "cam_7",
        "Lobby_before/2025-10-20/Lobby_before_20251020_120000.mp4": "lobby",
        "Lobby_before/2025-10-21/Lobby_before_20251021_120000.mp4": "lobby",
        "Lobby/2025-10-21/Lobby_20251021_130000.mp4": "lobby",
        "Old_Yard/2025-10-20/Yard_20251020_120000.mp4": None,
        "Old_Yard/2025-10-20/Old_Yard_2025_holiday.mp4": None,
        "Old_Yard/copies/Old_Yard_20251020_120000.mp4": None,
        "Old Yard/2025-10-20/Old Yard_20251020_120000.mp4": None,
        ".trash/2025-10-20/.trash_20251020_120000.mp4": None,
        "2025-10-20/2025-10-20_20251020_120000.mp4": None,
    }
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "Linked").symlink_to(tmp_path / "Old_Yard")
    before = tmp_path / "Lobby_before/2025-10-20/Lobby_before_20251020_120000.mp4"
    journal.append(tmp_path, replace(_segment(0, 0, -1), path=str(before), size_bytes=1))
    for _ in range(2):
        found = ingest(catalogue, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), UTC, lambda camera: ())
    assert (found.new, found.unread) == (0, 0)
    segments = catalogue.segments(None, None, None)
    known = {str(Path(one.path).relative_to(tmp_path)): one.camera for one in segments}
    assert known == {name: camera for name, camera in names.items() if camera}
    assert journal.cameras(tmp_path) == ("Old_Yard", "cam_7", "lobby")
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        outcome = run_pass(catalogue, Policy(max_bytes=0), root, tmp_path, START)
    finally:
        os.close(root)
    assert outcome.plan.refused == ()
    assert {doomed.file.path for doomed in outcome.deleted} == {str(before)}, "two of each camera always stay"


def test_what_somebody_took_away_leaves_the_catalogue_with_a_line(tmp_path: Path, catalogue: Catalogue) -> None:
    written = list(_night(tmp_path, START, 1))
    ingest(catalogue, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), BERLIN, lambda camera: ())
    Path(written[3]).unlink()
    assert forget_vanished(catalogue, tmp_path) == 1
    assert catalogue.known(written) == {*written} - {written[3]}
    [event] = catalogue.events()
    assert (event.kind, event.path) == (StoredEventKind.VANISHED, written[3])


def test_what_lies_on_another_disk_that_is_not_mounted_stays_in_the_catalogue(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    recordings, earlier = tmp_path / "rec", tmp_path / "rec2/Lobby/2025-10-20/Lobby_20251020_120000.mp4"
    catalogue.add([replace(_segment(0, 1, 0), path=str(earlier))])
    assert forget_vanished(catalogue, recordings) == 0
    assert catalogue.known([str(earlier)])
    assert catalogue.events() == ()


def test_a_verdict_that_was_given_later_outlives_the_catalogue(tmp_path: Path, catalogue: Catalogue) -> None:
    _night(tmp_path, START, 1)
    ingest(catalogue, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), BERLIN, lambda camera: ())
    segments = catalogue.segments("lobby", None, None)
    judged = (
        (segments[3], SegmentVerdict.SUSPECT, "does not decode without errors: x"),
        (segments[5], SegmentVerdict.BROKEN, "does not play any more"),
        (segments[3], SegmentVerdict.SUSPECT, "has 3 bytes"),
    )
    for segment, verdict, reason in judged:
        take_over(
            catalogue, Surroundings(tmp_path), Verified(segment, replace(segment, verdict=verdict, reason=reason))
        )
    known = catalogue.segments("lobby", None, None)
    assert [(one.verdict, one.reason) for one in known if one.verdict is not SegmentVerdict.GOOD] == [
        (SegmentVerdict.SUSPECT, "has 3 bytes"),
        (SegmentVerdict.BROKEN, "does not play any more"),
    ]
    with Catalogue.open(tmp_path / "anew.sqlite3") as anew:
        ingest(anew, tmp_path, {"Lobby": "lobby"}, lambda path: Found(), BERLIN, lambda camera: ())
        assert anew.segments("lobby", None, None) == known
        assert anew.gaps("lobby", None, None) == catalogue.gaps("lobby", None, None)
