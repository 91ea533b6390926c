"""What the recorder keeps in its state folder survives crashes, floods and dying disks."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.codec import to_json
from vmstui.logged import LogLevel, LogLine
from vmstui.model import Event, EventKind
from vmstui.recorder import history as history_module
from vmstui.recorder.history import IN_MEMORY, History, newest_of_all
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.process import Identity
from vmstui.recorder.record import WorkerRecord, load_record, save_record

AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def event(number: int) -> Event:
    return Event(AT, "lobby", EventKind.START, f"start {number}")


def dated(number: int) -> Event:
    return replace(event(number), at=AT + timedelta(seconds=number))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


# -- notes about workers ---------------------------------------------------------------------------------------------


def test_a_note_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    record = WorkerRecord("lobby", generation=7, identity=Identity(1, 2, "boot"), argv=("ffmpeg", "-i"), started_at=AT)
    save_record(tmp_path / "worker.json", record)
    assert load_record(tmp_path / "worker.json", "lobby") == record
    assert os.listdir(tmp_path) == ["worker.json"]
    assert (tmp_path / "worker.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [b"", b"{", b'{"camera":"lobby","generation":"x"}', b"\xff\xfe", b"[1]", b"null"])
def test_a_torn_note_is_an_empty_note(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "worker.json").write_bytes(torn)
    assert load_record(tmp_path / "worker.json", "lobby") == WorkerRecord("lobby")


def test_the_note_of_another_camera_is_not_taken(tmp_path: Path) -> None:
    save_record(tmp_path / "worker.json", WorkerRecord("gate", generation=3))
    assert load_record(tmp_path / "worker.json", "lobby") == WorkerRecord("lobby")


# -- histories -------------------------------------------------------------------------------------------------------


def test_a_history_keeps_the_newest_and_stays_small_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    history = History(path, Event, bound=50)
    for number in range(1000):
        history.add(event(number))
    assert sum(len(each.read_bytes().splitlines()) for each in tmp_path.iterdir()) <= 100
    again = History(path, Event, bound=50)
    assert again.read(50) == history.read(50) == tuple(event(number) for number in range(950, 1000))
    assert again.read(3) == history.read(3) == (event(997), event(998), event(999))
    assert again.read(0) == ()
    assert again.newest() == event(999)
    assert len(again.recent()) == IN_MEMORY


def test_what_cannot_be_read_of_a_history_is_skipped_and_what_comes_next_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append(path, b"".join(json.dumps(to_json(event(number))).encode() + b"\n" for number in range(3)))
    append(path, b'{"at": 7}\n\xff\xfe\n{"at": "2026-')  # the last of them torn by a power cut
    history = History(path, Event, bound=50)
    assert history.newest() == event(2)
    assert history.recent() == history.read(50) == (event(0), event(1), event(2))
    history.add(event(3))
    assert history.newest() == event(3)
    assert history.recent() == (event(0), event(1), event(2), event(3))


def test_a_history_that_is_full_waits_for_no_disk_and_copies_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(descriptor: int) -> None:
        raise AssertionError("it waits for the disk")

    monkeypatch.setattr(os, "fsync", waits)
    path = tmp_path / "events.jsonl"
    history = History(path, Event, bound=50)
    for number in range(50):
        history.add(event(number))
    inode = path.stat().st_ino
    for number in range(50, 60):
        history.add(event(number))
    assert inode in [each.stat().st_ino for each in tmp_path.iterdir()]
    assert History(path, Event, bound=50).read(50) == tuple(event(number) for number in range(10, 60))


def test_a_history_of_an_earlier_version_is_read_on(tmp_path: Path) -> None:
    """That let one file grow to twice the bound."""
    path = tmp_path / "events.jsonl"
    append(path, b"".join(json.dumps(to_json(event(number))).encode() + b"\n" for number in range(99)))
    history = History(path, Event, bound=50)
    history.add(event(99))
    assert history.read(50) == tuple(event(number) for number in range(50, 100))


def test_a_history_of_years_costs_its_begin_no_more_than_one_of_a_day(tmp_path: Path) -> None:
    """Hundreds of cameras are taken over in a second or two, after any time."""
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(to_json(event(number))).encode() + b"\n" for number in range(3900)]
    path.with_name("events.1.jsonl").write_bytes(b"".join(lines[:2000]))
    path.write_bytes(b"".join(lines[2000:]))
    before = bytes_read()
    history = History(path, Event, bound=2000)
    assert bytes_read() - before < 64 * 1024 < path.stat().st_size
    assert history.recent() == tuple(event(number) for number in range(3880, 3900))
    assert history.read(2000) == tuple(event(number) for number in range(1900, 3900))
    assert History(path, Event, bound=2000).read(3) == (event(3897), event(3898), event(3899))
    for number in range(3900, 4100):  # another file is begun when it is full, to a few lines
        history.add(event(number))
    assert path.stat().st_size < 40 * len(lines[-1]) * 5 < path.with_name("events.1.jsonl").stat().st_size
    assert history.read(2000) == tuple(event(number) for number in range(2100, 4100))


def bytes_read() -> int:
    """By this process so far, as the kernel counts them."""
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.parametrize("length", [10, 70_000])
def test_a_history_of_short_or_long_lines_has_its_newest_entries(tmp_path: Path, length: int) -> None:
    history = History(tmp_path / "events.jsonl", Event, bound=2000)
    for number in range(30):
        history.add(replace(event(number), text=f"{number:0{length}}"))
    again = History(tmp_path / "events.jsonl", Event, bound=2000)
    assert again.recent() == history.recent()
    assert [int(entry.text[-5:]) for entry in again.recent()] == list(range(10, 30))
    assert again.read(2000) == history.read(2000)


def test_who_reads_a_history_while_another_file_is_begun_is_told_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    writer, reader = History(path, Event, bound=40), History(path, Event, bound=40)
    for number in range(80):
        writer.add(event(number))
    reader = History(path, Event, bound=40)
    read = history_module._read

    def read_slowly(of: Path) -> tuple[list[bytes], int]:
        found = read(of)
        if of == path:
            writer.add(event(80))  # begins another file
        return found

    monkeypatch.setattr(history_module, "_read", read_slowly)
    assert reader.read(40) == tuple(event(number) for number in range(40, 80))


def test_a_torn_line_in_a_history_costs_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    History(path, Event, bound=10).add(event(1))
    append(path, b'{"at": "2026-')
    append(path, b"\n")
    History(path, Event, bound=10).add(event(2))
    assert History(path, Event, bound=10).read(10) == (event(1), event(2))


@pytest.mark.parametrize("count", [0, 1, 30, 60, 500])
def test_the_newest_of_several_histories_are_those_of_all_put_together(tmp_path: Path, count: int) -> None:
    """One is busy at the end, one was in the beginning, one has hardly anything."""
    numbers = {"busy": range(100, 200), "early": range(60), "few": (5, 150), "none": ()}
    histories = {name: History(tmp_path / f"{name}.jsonl", Event, bound=100) for name in numbers}
    for name, of in numbers.items():
        for number in of:
            histories[name].add(dated(number))
    together = sorted(number for of in numbers.values() for number in of)[-count:] if count else []
    found = newest_of_all(histories.values(), count, lambda entry: entry.at)
    assert found == [dated(number) for number in together]


def test_only_that_history_is_read_from_disk_that_may_have_more_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, early = (History(tmp_path / f"{name}.jsonl", Event, bound=100) for name in ("busy", "early"))
    for number in range(60):
        early.add(dated(number))
        busy.add(dated(number + 100))
    read: list[str] = []
    really = history_module._read

    def noted(path: Path) -> tuple[list[bytes], int]:
        read.append(path.name)
        return really(path)

    monkeypatch.setattr(history_module, "_read", noted)
    assert len(newest_of_all([busy, early], 30, lambda entry: entry.at)) == 30
    assert set(read) == {"busy.jsonl", "busy.1.jsonl"}


def test_a_history_on_a_dead_disk_goes_on_in_memory(tmp_path: Path) -> None:
    history = History(tmp_path / "gone" / "events.jsonl", Event, bound=10)
    history.add(event(1))
    assert history.newest() == event(1)
    assert history.read(100) == (event(1),)


# -- the log book ----------------------------------------------------------------------------------------------------


def test_a_reader_with_a_cursor_gets_every_line_once() -> None:
    book = LogBook(cameras=2)
    for number in range(150):
        book.add(AT, ("lobby", "gate")[number % 2], 1, LogLevel.WARNING, "", str(number))
    first = book.page(None, 0, 100)
    assert [line.text for line in first.lines] == [str(number) for number in range(50, 150)]
    book.add(AT, "gate", 1, LogLevel.ERROR, "", "new")
    then = book.page(None, first.next_seq, 100)
    assert [line.text for line in then.lines] == ["new"]
    assert book.page(None, then.next_seq, 100).lines == ()
    assert [line.text for line in book.page("lobby", 0, 2).lines] == ["146", "148"]


def test_a_line_comes_out_as_it_went_in() -> None:
    book, other = LogBook(cameras=1), LogBook(cameras=1)
    at = datetime(2025, 10, 20, 7, 54, 59, 123457, tzinfo=UTC)
    book.add(at, "lobby", 7, LogLevel.UNKNOWN, "in#0/concat", "Đức Tài \udcff")
    book.add(at, "gate", 8, LogLevel.FATAL, "", "")
    lines = (
        LogLine(1, at, "lobby", 7, LogLevel.UNKNOWN, "in#0/concat", "Đức Tài \udcff"),
        LogLine(2, at, "gate", 8, LogLevel.FATAL, "", ""),
    )
    other.recall(book.lines())
    assert book.page(None, 0, 10).lines == other.page(None, 0, 10).lines == lines


def test_lines_that_came_at_once_are_as_if_they_had_come_one_by_one() -> None:
    at_once, one_by_one = LogBook(cameras=200), LogBook(cameras=200)
    number = 0
    for size in (0, 1, 3, 15, 16, 17, 40, 200, 2):
        lines = [(tuple(LogLevel)[(number + n) % len(LogLevel)], "rtsp", f"line {number + n}") for n in range(size)]
        number += size
        at_once.add_lines(AT.timestamp(), "gate", 3, lines)
        for level, component, text in lines:
            one_by_one.add(AT, "gate", 3, level, component, text)
        assert at_once.lines() == one_by_one.lines()
        assert at_once.warnings("gate") == one_by_one.warnings("gate")
    assert len(at_once.lines()) == 200
    assert at_once.lines()[-1].seq == number


def test_one_cameras_flood_pushes_out_its_own_lines_only() -> None:
    book = LogBook(cameras=1000)
    book.add(AT, "gate", 1, LogLevel.INFO, "", "kept")
    for number in range(1000):
        book.add(AT, "lobby", 1, LogLevel.INFO, "", str(number))
    assert book.page("gate", 0, 10).lines[0].text == "kept"
    page = book.page("lobby", 2, 5)
    assert page.missed == 799
    assert page.lines[0].text == "800"
    newest = book.page("lobby", 2, 5, newest=True)
    assert [line.text for line in newest.lines] == ["995", "996", "997", "998", "999"]
    assert newest.missed == 799 + 195


def test_warnings_of_the_last_minute_are_counted() -> None:
    book = LogBook(cameras=1)
    for second in range(10):
        level = LogLevel.WARNING if second % 2 else LogLevel.INFO
        book.add(AT.replace(second=second), "lobby", 1, level, "", "x")
    assert book.warnings_since("lobby", AT.replace(second=5)) == 3
    book.forget("lobby")
    assert book.warnings_since("lobby", AT) == 0


def test_a_record_is_plain_json(tmp_path: Path) -> None:
    save_record(tmp_path / "worker.json", WorkerRecord("lobby"))
    assert json.loads((tmp_path / "worker.json").read_text())["camera"] == "lobby"
