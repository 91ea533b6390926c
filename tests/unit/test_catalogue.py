"""The catalogue keeps what it is told, answers from an index, and is no single point of failure."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.footage import (
    Gap,
    GapCause,
    Hole,
    Segment,
    SegmentVerdict,
    StoredEvent,
    StoredEventKind,
    StreamSpan,
    Uptime,
)
from vmstui.recording import catalogue as catalogue_module
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_file import SCHEMA_VERSION, CatalogueError
from vmstui.recording.catalogue_rows import Recent

DAY = datetime(2026, 3, 1, tzinfo=UTC)
LENGTH_S = 180.0


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def segment(nth: int, camera: str = "lobby", **more: object) -> Segment:
    plain = Segment(
        camera=camera,
        generation=7,
        path=f"/srv/{camera}/2026-03-01/{camera}_{nth:06d}.mp4",
        started_at=at(3 * nth),
        duration_s=LENGTH_S,
        size_bytes=1000 + nth,
        codec="hevc",
        width=1280,
        height=720,
        verdict=SegmentVerdict.GOOD,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalogue.sqlite3"


def test_a_segment_is_read_back_as_it_was_added(path: Path) -> None:
    full = segment(
        1,
        verdict=SegmentVerdict.SUSPECT,
        reason="12 s longer than its time \udcff",
        frames=2700,
        fps=14.985,
        starts_with_keyframe=False,
        number=41,
        span=StreamSpan(0.1, 180.140001),
        uptime=Uptime("3c1f", 12345.678901),
        holes=(Hole(1.5, 20.25), Hole(90.0, 3.0)),
        started_at=DAY + timedelta(microseconds=123457),
        duration_s=180.0400001,
    )
    with Catalogue.open(path) as catalogue:
        assert catalogue.add([full, segment(2)]) == 2
        assert catalogue.segments("lobby", None, None) == (
            replace(full, reason="12 s longer than its time ?"),
            segment(2),
        )
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_added_twice_is_there_once(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        assert catalogue.add([segment(1), segment(2)]) == 2
        assert catalogue.add([segment(2, size_bytes=5), segment(3), segment(3)]) == 1
        assert catalogue.total("lobby") == (3, 1001 + 1002 + 1003)
        assert catalogue.known([segment(2).path, "/elsewhere.mp4", segment(3).path]) == {
            segment(2).path,
            segment(3).path,
        }


def test_a_range_finds_what_overlaps_it_and_nothing_else(path: Path) -> None:
    long = segment(0, path="/srv/lobby/long.mp4", started_at=at(-600), duration_s=605 * 60.0)
    with Catalogue.open(path) as catalogue:
        catalogue.add([*(segment(number) for number in range(10)), segment(4, "gate"), long])
        assert catalogue.segments("lobby", at(6), at(12)) == (segment(2), segment(3))
        assert catalogue.segments("lobby", at(4), at(7)) == (long, segment(1), segment(2))
        assert catalogue.segments(None, at(12), at(12.1)) == (segment(4, "gate"), segment(4))
        assert catalogue.amount("lobby", at(6), at(12)) == (2, 1002 + 1003)
        newest = catalogue.segments("lobby", None, None, limit=2, newest_first=True)
        assert newest == (segment(9), segment(8))


def test_neighbours_are_those_that_play(path: Path) -> None:
    broken = segment(2, verdict=SegmentVerdict.BROKEN)
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(1), broken, segment(3), segment(2, "gate")])
        assert catalogue.around("lobby", broken) == (segment(1), segment(3))
        assert catalogue.around("lobby", segment(3)) == (segment(1), None)
        assert catalogue.around("lobby", segment(0)) == (None, segment(1))
        twin = segment(3, path=segment(3).path + "_2")
        assert catalogue.around("lobby", twin) == (segment(3), None)


def test_removal_and_its_events_come_together_or_not_at_all(path: Path) -> None:
    event = StoredEvent(
        at(9), "lobby", StoredEventKind.DELETED, "deleted", segment(1).path, 1001, "age", "15 d", "14 d"
    )
    unfit = StoredEvent(at(9), "lobby", StoredEventKind.DELETED, "x", size_bytes=2**70)
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(1), segment(2)])
        with pytest.raises(OverflowError):
            catalogue.remove([segment(2).path], [unfit])
        assert catalogue.total(None) == (2, 2003)
        catalogue.remove([segment(1).path], [event])
        assert catalogue.total(None) == (1, 1002)
        assert catalogue.events("lobby") == (event,)
        catalogue.remove([segment(2).path])
        assert (catalogue.total("lobby"), catalogue.cameras()) == ((0, 0), ())
        assert catalogue.first_at("lobby") == at(3), "accounting goes on where it began"
        assert catalogue.first_at("gate") is None


def test_events_are_bounded_and_come_oldest_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "MAX_EVENTS", 10)
    with Catalogue.open(path) as catalogue:
        for number in range(25):
            catalogue.add_event(StoredEvent(at(number), "lobby", StoredEventKind.VANISHED, f"event {number}"))
        assert [event.text for event in catalogue.events()] == [f"event {number}" for number in range(15, 25)]
        assert [event.text for event in catalogue.events(limit=2)] == ["event 23", "event 24"]
        assert [event.text for event in catalogue.events("lobby", at(20), at(21))] == ["event 20"]
        assert catalogue.events("gate") == ()


def test_a_later_verdict_moves_a_segment_to_quarantine(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(1)])
        broken = replace(segment(1), verdict=SegmentVerdict.BROKEN, reason="no frame decodes")
        catalogue.amend(segment(1).path, replace(broken, path="/srv/.vmstui/q/1.mp4", size_bytes=7))
        assert catalogue.total("lobby") == (1, 7)
        (moved,) = catalogue.segments("lobby", None, None)
        assert (moved.verdict, moved.reason, moved.path) == (
            SegmentVerdict.BROKEN,
            "no frame decodes",
            "/srv/.vmstui/q/1.mp4",
        )


def test_a_gap_takes_the_place_of_another_and_others_stay(path: Path) -> None:
    before, inside, across, after = (
        Gap("lobby", at(start), length_s, GapCause.NETWORK) for start, length_s in ((0, 5), (10, 5), (19, 120), (30, 5))
    )
    new = Gap("lobby", at(12), 0.25, GapCause.OPERATOR, "restarted by root")
    with Catalogue.open(path) as catalogue:
        catalogue.add([], [before, inside, across, after, replace(inside, camera="gate")])
        catalogue.exchange_gaps([inside], [new])
        assert catalogue.gaps("lobby", None, None) == (before, new, across, after)
        assert catalogue.gaps("lobby", at(20), at(30)) == (across,)
        assert catalogue.gaps(None, at(10), at(12)) == (replace(inside, camera="gate"),)


def test_oldest_comes_in_pages_and_newest_can_be_those_that_play(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "_PAGE", 3)
    monkeypatch.setattr(catalogue_module, "_FIRST_PAGE", 2)
    same = [segment(5, path=f"/srv/lobby/same_{number}.mp4") for number in range(7)]
    with Catalogue.open(path) as catalogue:
        catalogue.add([*(segment(number) for number in reversed(range(10))), *same, segment(4, "gate")])
        catalogue.add([segment(10, verdict=SegmentVerdict.BROKEN)])
        found = list(catalogue.oldest(None))
        assert len({file.path for file in found}) == len(found) == 19
        assert [file.started_at for file in found] == sorted(file.started_at for file in found)
        assert [file.path for file in catalogue.oldest("gate")] == [segment(4, "gate").path]
        assert [file.path for file in catalogue.newest("lobby", 2)] == [segment(10).path, segment(9).path]
        assert [file.path for file in catalogue.newest("lobby", 2, playing=True)] == [segment(9).path, segment(8).path]
        assert catalogue.recent("lobby", at(24), 100) == Recent(2, 1008 + 1009, 2 * LENGTH_S)
        assert catalogue.recent("lobby", at(0), 3).count == 3
        assert catalogue.recent("lobby", at(300), 3) == Recent(0, 0, 0)
        assert catalogue.started_between("lobby", at(27), at(30))
        assert not catalogue.started_between("lobby", at(31), at(300))


# -- locks -----------------------------------------------------------------------------------------------------------


def test_locks_are_kept_given_back_and_told(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        first = catalogue.lock("lobby", at(0), at(60), "the theft", "root", at(100))
        second = catalogue.lock("gate", at(0), at(60), "", "root", at(101))
        assert catalogue.locks(None) == (first, second)
        assert catalogue.locks("lobby") == (first,)
        assert catalogue.unlock(second.id)
        assert not catalogue.unlock(second.id)
        third = catalogue.lock("gate", at(0), at(60), "", "root", at(102))
        assert third.id > second.id, "a number stands for one lock"
        assert [event.kind for event in catalogue.events("gate")][:2] == [
            StoredEventKind.LOCKED,
            StoredEventKind.LOCKED,
        ]
        with pytest.raises(CatalogueError, match="end after it begins"):
            catalogue.lock("lobby", at(1), at(1), "", "root", at(100))


@pytest.mark.parametrize("how", ["deleted", "damaged"])
def test_locks_outlive_the_catalogue(path: Path, how: str) -> None:
    with Catalogue.open(path) as catalogue:
        kept = catalogue.lock("lobby", at(0), at(60), "the theft", "root", at(100))
        gone = catalogue.lock("lobby", at(90), at(99), "", "root", at(100))
        catalogue.unlock(gone.id)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"no database" * 1000)
    with Catalogue.open(path) as catalogue:
        assert catalogue.fresh
        assert catalogue.locks(None) == (kept,)


def test_locks_that_cannot_be_read_back_are_no_reason_to_forget_them(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        kept = catalogue.lock("lobby", at(0), at(60), "", "root", at(100))
    path.unlink()
    note = path.with_name("locks.json")
    good = note.read_bytes()
    note.write_bytes(b"[{")
    for _ in range(2):
        with pytest.raises(CatalogueError, match=r"locks\.json cannot be read"):
            Catalogue.open(path)
    note.write_bytes(good)
    with Catalogue.open(path) as catalogue:
        assert catalogue.locks(None) == (kept,)
    assert json.loads(good)[0]["camera"] == "lobby"


# -- the file --------------------------------------------------------------------------------------------------------


def test_the_same_segment_and_gap_added_by_two_are_there_once(path: Path) -> None:
    lost = Gap("lobby", segment(1).ended_at, 2.5, GapCause.UNKNOWN, "first")
    with Catalogue.open(path) as service, Catalogue.open(path) as command:
        assert service.add([segment(2)], [lost]) == 1
        assert command.add([segment(2)], [replace(lost, detail="second")]) == 0
        assert command.gaps("lobby", None, None) == (lost,)
        command.exchange_gaps([lost], [replace(lost, detail="third")])
        assert [gap.detail for gap in service.gaps("lobby", None, None)] == ["third"]


def test_a_new_catalogue_is_fresh_until_it_is_filled(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        assert catalogue.fresh
        catalogue.add([segment(1)])
    with Catalogue.open(path) as catalogue:
        assert catalogue.fresh, "whoever was to fill it died"
        catalogue.filled()
        assert not catalogue.fresh
    with Catalogue.open(path) as catalogue:
        assert not catalogue.fresh


def damage(path: Path, how: str) -> None:
    if how == "no database":
        path.write_bytes(os.urandom(20000))
    elif how == "another database":
        path.unlink()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE notes (text TEXT)")
        other.close()
    elif how == "cut":
        os.truncate(path, 4096)
    else:
        with path.open("r+b") as file:
            file.seek(100)
            file.write(b"\xff" * 3000)


@pytest.mark.parametrize("how", ["no database", "another database", "cut", "overwritten"])
def test_a_damaged_catalogue_is_put_aside_and_a_fresh_one_takes_its_place(path: Path, how: str) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(number) for number in range(100)])
        catalogue.filled()
    for number in (1, 2, 3):
        damage(path, how)
        found = path.read_bytes()
        with pytest.raises(CatalogueError, match=r"segments --rebuild"):
            Catalogue.open(path, readonly=True)
        assert path.read_bytes() == found, "who only reads leaves it to others"
        with Catalogue.open(path) as catalogue:
            assert catalogue.fresh
            assert catalogue.add([segment(1)]) == 1
        assert path.with_name(f"catalogue.sqlite3.corrupt-{number}").read_bytes() == found
    asides = sorted(name for name in os.listdir(path.parent) if "corrupt" in name and not name.endswith(".txt"))
    assert asides == ["catalogue.sqlite3.corrupt-2", "catalogue.sqlite3.corrupt-3"]


def test_damage_that_shows_only_in_use_puts_it_aside_too(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(number) for number in range(3000)])
        catalogue.filled()
    with path.open("r+b") as file:  # all but the schema and the roots, which are near the front
        file.seek(64 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 64 * 4096))
    with Catalogue.open(path) as catalogue:
        assert not catalogue.fresh
        with pytest.raises(CatalogueError, match="put aside as") as told:
            catalogue.segments("lobby", None, None)
        assert told.value.reopen
    with Catalogue.open(path) as catalogue:
        assert catalogue.fresh
        assert catalogue.total(None) == (0, 0)


def deleted(nth: int) -> StoredEvent:
    file = segment(nth)
    kind = StoredEventKind.DELETED
    return StoredEvent(at(nth), "lobby", kind, "by age", file.path, 1000, "age", f"{nth} days\u2713", "3 days", "gone")


def test_what_was_deleted_and_why_outlives_a_damaged_catalogue(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.remove([], [deleted(nth) for nth in range(50)])
        catalogue.add([segment(number) for number in range(3000)])
        catalogue.filled()
    with path.open("r+b") as file:
        file.seek(64 * 4096)
        file.write(b"\xff" * (path.stat().st_size - 64 * 4096))
    with Catalogue.open(path) as catalogue, pytest.raises(CatalogueError, match="put aside as"):
        catalogue.segments("lobby", None, None)
    with Catalogue.open(path) as catalogue:
        assert catalogue.fresh
        assert catalogue.events() == tuple(deleted(nth) for nth in range(50))
        catalogue.add_event(deleted(50))
        assert catalogue.events() == tuple(deleted(nth) for nth in range(51))
    left = {name for name in os.listdir(path.parent) if "corrupt" in name}
    assert left <= {f"{path.name}.corrupt-1{ending}" for ending in ("", "-wal", ".reason.txt")}


def test_of_events_on_a_damaged_page_the_newer_ones_are_kept_and_nonsense_is_left_out(path: Path) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.remove([], [deleted(nth) for nth in range(1000)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET kind = 'nonsense' WHERE id = 999")
        connection.execute("UPDATE events SET at_us = 9223372036854775807 WHERE id = 998")
        connection.execute("UPDATE events SET id = 9223372036854775000 WHERE id = 1000")
        connection.execute("UPDATE events SET text = CAST(x'ff6f6b' AS TEXT) WHERE id = 997")
    connection.close()
    raw = bytearray(path.read_bytes())
    found = raw.index(b"lobby_000100.mp4")  # one page amid the rows of events
    raw[found // 4096 * 4096 : found // 4096 * 4096 + 4096] = b"\xff" * 4096
    raw[68:72] = b"\0\0\0\0"  # the application id: whose file it is
    path.write_bytes(raw)
    with Catalogue.open(path) as catalogue:
        kept = catalogue.events()
        assert kept[-1] == deleted(999)
        assert kept[-2] == replace(deleted(996), text="\ufffdok")
        assert 500 < len(kept) < 998
        catalogue.add_event(deleted(1000))
        assert catalogue.events(limit=2) == (deleted(999), deleted(1000))


@pytest.mark.parametrize("readonly", [False, True])
def test_a_catalogue_of_a_newer_version_is_refused_and_left_alone(path: Path, readonly: bool) -> None:
    with Catalogue.open(path) as catalogue:
        catalogue.add([segment(1)])
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(CatalogueError, match=f"its version is {SCHEMA_VERSION + 1}, this one reads up to"):
        Catalogue.open(path, readonly=readonly)
    assert not [name for name in os.listdir(path.parent) if "corrupt" in name]


def test_a_reader_says_that_there_is_none_yet(path: Path) -> None:
    with pytest.raises(CatalogueError, match="there is no catalogue yet"):
        Catalogue.open(path, readonly=True)
    assert not path.parent.exists()


def test_a_reader_sees_what_is_written_and_cannot_write(path: Path) -> None:
    with Catalogue.open(path) as writer:
        writer.add([segment(1)])
        with Catalogue.open(path, readonly=True) as reader:
            assert reader.total(None)[0] == 1
            writer.add([segment(2)])
            assert reader.total(None)[0] == 2
            with pytest.raises(CatalogueError, match="may not be written to"):
                reader.add([segment(3)])
    with Catalogue.open(path, readonly=True) as alone:
        assert alone.segments("lobby", None, None) == (segment(1), segment(2))


def test_a_catalogue_can_be_read_where_nothing_can_be_written(path: Path) -> None:
    with Catalogue.open(path) as writer:
        writer.add([segment(1)])
    path.with_name(f"{path.name}-shm").mkdir()  # in the way of what SQLite wants to create, also for root
    with Catalogue.open(path, readonly=True) as reader:
        assert reader.segments("lobby", None, None) == (segment(1),)


def test_who_holds_a_replaced_catalogue_is_told_to_open_it_anew(path: Path) -> None:
    with Catalogue.open(path) as old:
        old.add([segment(1)])
        path.unlink()
        with Catalogue.open(path) as new:
            new.add([segment(2)])
            with pytest.raises(CatalogueError, match="replaced") as told:
                old.add([segment(3)])
            assert told.value.reopen
            old.close()
            new.add([segment(4)])
    with Catalogue.open(path) as again:
        assert again.segments("lobby", None, None) == (segment(2), segment(4))


WRITER = """
import sys
from pathlib import Path
from tests.unit.test_catalogue import segment
from vmstui.recording.catalogue import Catalogue
with Catalogue.open(Path(sys.argv[1])) as catalogue:
    for number in range(40):
        catalogue.add([segment(number, sys.argv[2]), segment(number, "shared")])
"""


def test_several_processes_make_and_write_one_catalogue_at_once(path: Path) -> None:
    folder = Path(__file__).parents[2]
    names = ["a", "b", "c"]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=folder) for name in names]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    with Catalogue.open(path, readonly=True) as catalogue:
        assert [catalogue.total(name)[0] for name in [*names, "shared", None]] == [40, 40, 40, 40, 160]
    assert not [name for name in os.listdir(path.parent) if "corrupt" in name]


def test_a_killed_writer_leaves_whole_transactions(path: Path) -> None:
    endless = WRITER.replace("range(40)", "range(10**9)").replace(
        "        catalogue.add([", "        number == 20 and print('go', flush=True)\n        catalogue.add(["
    )
    folder = Path(__file__).parents[2]
    for _ in range(3):
        command = [sys.executable, "-c", endless, str(path), "lobby"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"go\n"
            writer.kill()
        with Catalogue.open(path) as catalogue:
            assert catalogue.total("lobby")[0] == catalogue.total("shared")[0] >= 20
            assert len(catalogue.segments("lobby", None, None)) == catalogue.total("lobby")[0]
    assert not [name for name in os.listdir(path.parent) if "corrupt" in name]


def test_threads_share_one_object(path: Path) -> None:
    with Catalogue.open(path) as catalogue:

        def work(camera: str) -> None:
            for number in range(50):
                catalogue.add([segment(number, camera)])
                assert len(catalogue.segments(camera, None, None)) == number + 1

        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert catalogue.total(None)[0] == 150
