"""The log of a run that is over, read from its files while they may be cut up."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.logged import LogLevel, LogLine
from vmstui.recorder.past_run import MOST_BYTES, NoSuchRun, read
from vmstui.triage.masking import Masker

NOW = datetime(2025, 10, 20, 7, 56, tzinfo=UTC)


def said(number: int, generation: int, text: str, component: str = "rtsp") -> LogLine:
    return LogLine(number, NOW + timedelta(seconds=number), "cam", generation, LogLevel.WARNING, component, text)


def line(text: str) -> str:
    return f"[rtsp @ 0x55d1] [warning] {text}\n"


def texts(folder: Path, back: int = 1, limit: int = 100, book: tuple[LogLine, ...] = ()) -> list[str]:
    return [one.text for one in read(folder, "cam", 3, back, limit, book, str).lines]


def test_the_run_before_and_the_one_before_that_are_found(tmp_path: Path) -> None:
    for generation in (1, 2, 3):
        (tmp_path / f"{generation:06d}.log").write_text(line(f"of run {generation}"))
    assert texts(tmp_path) == ["of run 2"]
    assert texts(tmp_path, back=2) == ["of run 1"]
    with pytest.raises(NoSuchRun, match="kept: 2, 1"):
        texts(tmp_path, back=3)


def test_lines_that_were_cut_off_come_before_the_rest(tmp_path: Path) -> None:
    (tmp_path / "000002.000001.log.gz").write_bytes(gzip.compress((line("a") + line("b")).encode()))
    (tmp_path / "000002.000002.log.gz").write_bytes(gzip.compress(line("c").encode()))
    (tmp_path / "000002.log").write_text(line("d"))
    assert texts(tmp_path) == ["a", "b", "c", "d"]
    run = read(tmp_path, "cam", 3, 1, 2, (), str)
    assert ([one.text for one in run.lines], run.older) == (["c", "d"], True)


def test_a_large_log_is_read_from_its_end_in_whole_lines(tmp_path: Path) -> None:
    with (tmp_path / "000002.log").open("w") as file:
        file.writelines(line(f"number {number:07d} " + "x" * 100) for number in range(60_000))
    run = read(tmp_path, "cam", 3, 1, 100_000, (), str)
    assert run.older
    assert sum(len(one.text) for one in run.lines) < MOST_BYTES
    numbers = [int(one.text.split()[1]) for one in run.lines]
    assert numbers == list(range(numbers[0], 60_000))


def test_a_cut_that_is_being_made_and_a_broken_copy_show_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "000002.000001.log.gz").write_bytes(gzip.compress(os.urandom(100_000))[:50_000])
    (tmp_path / "000002.log").write_bytes(b"\0vmstui cut 1 2 3 4 5\n" + line("after").encode())
    assert texts(tmp_path)[-1] == "after"
    assert not any("vmstui cut" in text for text in texts(tmp_path))


def test_what_the_file_holds_of_hostile_text_and_passwords_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "000002.log").write_bytes(
        line("\x1b]52;c;aGk=\x07rtsp://admin:geheim@10.0.0.1/\x00 \u202eabc").encode() + b"\xff\xfe\n"
    )
    run = read(tmp_path, "cam", 3, 1, 100, (), Masker(["geheim"]).mask)
    for one in run.lines:
        assert one.text.isprintable()
        assert "geheim" not in one.text
        assert "52;c" not in one.text
    assert len(run.lines) == 2


def test_a_line_has_its_time_where_the_log_book_knows_it(tmp_path: Path) -> None:
    (tmp_path / "000002.log").write_text(line("a") + line("b") + line("c"))
    book = (said(1, 2, "b"), said(2, 2, "worker ended", "recorder"), said(3, 2, "c"), said(4, 3, "of the present run"))
    run = read(tmp_path, "cam", 3, 1, 100, book, str)
    assert [one.text for one in run.lines] == ["a", "b", "worker ended", "c"]
    assert run.untimed == 1
    assert run.last_at == book[2].at
    few = read(tmp_path, "cam", 3, 1, 2, book, str)
    assert ([one.text for one in few.lines], few.untimed, few.older) == (["worker ended", "c"], 0, True)
    assert run.lines[1].at == book[0].at


def test_without_the_end_of_the_run_in_the_log_book_no_time_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "000002.log").write_text(line("a") + line("b"))
    book = (said(1, 2, "a"), said(2, 2, "something else"))
    run = read(tmp_path, "cam", 3, 1, 100, book, str)
    assert (run.untimed, len(run.lines)) == (2, 2)
    os.utime(tmp_path / "000002.log", (1000, 1000))
    assert read(tmp_path, "cam", 3, 1, 100, (), str).last_at == datetime.fromtimestamp(1000, UTC)
