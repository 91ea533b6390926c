"""What a worker writes to its log is shown, masked and kept within bounds, whatever it writes and whatever happens to
the file."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import re
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vmstui.logged import LogLevel
from vmstui.recorder import log_cut, worker_log
from vmstui.recorder.camera_log import GENERATIONS_KEPT, MANY_LINES, CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.log_folder import Bounds, log_files
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.triage_inbox import Inbox
from vmstui.recorder.worker_log import FILE_CHECK_S, SHOWN_BYTES, Allowance, WorkerLog
from vmstui.triage.masking import Masker

KiB = 1024
MiB = 1024 * KiB
SMALL = Bounds(rotate_bytes=256 * KiB, live_bytes=512 * KiB, rest_bytes=512 * KiB, rotated_kept=8)


class Said:
    """What a log said about its file."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, level: LogLevel, text: str) -> None:
        self.texts.append(text)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"[warning] line %d of many, %s\n" % (number, b"." * 80) for number in range(first, last))


def numbers(path: Path) -> list[int]:
    """Of the lines in a log and what was cut off it, in order."""
    return [int(number) for number in re.findall(rb"^\[warning\] line (\d+) of", contents(path), re.M)]


def contents(path: Path) -> bytes:
    """What `zcat -f STEM.*` prints."""
    files = sorted(path.parent.glob(f"{path.stem}.*"))
    return b"".join(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files)


def disk_bytes(folder: Path) -> int:
    sizes = 0
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # the oldest ones go in the background
            sizes += path.lstat().st_blocks * 512
    return sizes


def read_and_settle(log: WorkerLog) -> list[str]:
    """Until there is nothing more to read and nothing to be done."""
    lines: list[str] = []
    while log.has_news():
        lines += log.read_lines()
        assert log.settled(30)
    return lines


def unlimited() -> Allowance:
    return Allowance(most_s=1000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "000001.log"
    made.touch()
    return made


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_password_is_overwritten_in_the_log_file_itself(path: Path) -> None:
    masker = Masker(["s3cr3t pass"])
    append(path, b"[error] Impossible to open 'rtsp://admin:s3cr3t%20pass@cam/1'\nfine\n")
    log = WorkerLog(path, masker.mask_in_place)
    lines = log.read_lines()
    log.close()
    assert lines[1] == "fine"
    content = path.read_bytes()
    assert b"s3cr3t" not in content
    assert len(content) == len(b"[error] Impossible to open 'rtsp://admin:s3cr3t%20pass@cam/1'\nfine\n")


def test_a_password_with_controls_strewn_in_is_not_shown(path: Path) -> None:
    masker = Masker(["s3cr3tpass"])
    append(path, b"[error] s3cr\x003t\x1b[1mpass\n")
    log = WorkerLog(path, masker.mask_in_place, mask_text=masker.mask)
    assert log.read_lines() == ["[error] ***"]
    log.close()


def test_a_half_written_line_waits_for_its_end(path: Path) -> None:
    log = WorkerLog(path, bytes)
    assert log.read_lines() == []
    append(path, b"one\ntw")
    assert log.read_lines() == ["one"]
    append(path, b"o\nthr")
    assert log.read_lines() == ["two"]
    assert log.read_lines(everything=True) == ["thr"], "nobody will end it any more"
    log.close()


def test_no_line_is_lost_while_a_worker_writes_and_we_read(path: Path) -> None:
    log = WorkerLog(path, Masker(["unused secret"]).mask_in_place, allowance=unlimited())

    def write() -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        for number in range(20_000):
            os.write(descriptor, b"[warning] line %d\n" % number)
        os.close(descriptor)

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[str] = []
    while writer.is_alive():
        seen += log.read_lines()
    writer.join()
    seen += read_and_settle(log)
    log.close()
    assert seen == [f"[warning] line {number}" for number in range(20_000)]


def test_escape_sequences_nuls_and_broken_utf8_are_harmless(path: Path) -> None:
    append(path, "\x1b]0;owned\x07[error] a\x1b[2Jb\u202ec\x00\n".encode() + b"\0" * 100 + b"[error] \xff\xfed\n\r\n")
    log = WorkerLog(path, bytes)
    assert log.read_lines() == ["[error] abc", "[error] \ufffd\ufffdd"]
    log.close()


def counted(name: str, calls: list[str]) -> Callable[..., Any]:
    """A function of `os` that notes that it was called."""
    real = getattr(os, name)

    def call(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return real(*arguments, **options)

    return call


def test_a_look_at_a_log_without_news_is_two_calls_of_the_kernel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(path, b"[info] one\n")
    log = camera_log(path.parent)
    log.follow(1)
    log.read()
    assert log.settled(30)
    log.read()
    calls: list[str] = []
    for name in ("fstat", "stat", "pread", "pwrite", "open", "lseek", "dup"):
        monkeypatch.setattr(os, name, counted(name, calls))
    log.read()
    later_s = time.monotonic() + FILE_CHECK_S
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    for _ in range(2):  # whether it is still the file under its name is looked up now and then, not each time from then
        calls.append("then")
        log.read()
    monkeypatch.undo()
    assert calls == ["pread", "fstat", "then", "stat", "fstat", "pread", "fstat", "then", "pread", "fstat"]
    log.close()


# -- long lines ------------------------------------------------------------------------------------------------------


def test_ten_megabytes_without_a_line_break_are_harmless(path: Path) -> None:
    said = Said()
    log = WorkerLog(path, Masker(["s3cr3tpass"]).mask_in_place, say=said)
    with path.open("ab") as file:
        for _ in range(10):
            file.write(b"x" * (MiB - 16) + b" s3cr3tpass \xff\0\x1b[")
        file.write(b"\n[error] after it\n")
    tracemalloc.start()
    lines = read_and_settle(log)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    log.close()
    assert peak < 4 * MiB
    assert [len(line) for line in lines] == [SHOWN_BYTES + 2, len("[error] after it")]
    assert lines[1] == "[error] after it"
    assert re.fullmatch(
        r"a line of at least [\d,]+ bytes is shown in part, all of it is in .*/000001\.\*", said.texts[-1]
    )
    kept = contents(path)
    assert kept.count(b"x") == 10 * (MiB - 16)
    assert b"s3cr3tpass" not in kept


def test_a_password_across_two_pieces_of_a_long_line_is_masked(path: Path) -> None:
    secret = b"s3cr3tpass"
    append(path, (b"y" * 997 + secret) * 200)
    log = WorkerLog(path, Masker([secret.decode()]).mask_in_place)
    read_and_settle(log)
    log.read_lines(everything=True)
    log.close()
    assert path.read_bytes() == (b"y" * 997 + b"*" * len(secret)) * 200


# -- floods ----------------------------------------------------------------------------------------------------------


def test_what_comes_faster_than_it_can_be_shown_is_counted_masked_and_kept(path: Path) -> None:
    said = Said()
    log = WorkerLog(path, Masker(["s3cr3tpass"]).mask_in_place, say=said, allowance=Allowance(share=0, most_s=0))
    append(path, numbered(0, 40_000) + b"[error] s3cr3tpass\n" + numbered(40_000, 80_000))
    shown = read_and_settle(log)
    log.close()
    left_out = sum(
        int(found[1].replace(",", "")) for text in said.texts if (found := re.match(r"([\d,]+) lines", text))
    )
    assert left_out > 1000
    assert len(shown) + left_out == 80_001
    assert shown[0].startswith("[warning] line 0 of")
    assert shown[-1].startswith("[warning] line 79999 of")
    assert numbers(path) == list(range(80_000))
    assert b"s3cr3tpass" not in contents(path)


def test_a_look_at_a_flood_is_taken_in_pieces_and_leaves_nothing_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_log, "PIECE_S", 0.0)
    monkeypatch.setattr(worker_log, "LOOK_S", 1000.0)
    log = WorkerLog(path, bytes, allowance=unlimited())
    append(path, numbered(0, 80_000))
    pieces, unfinished = list[list[str]](), 0
    while log.has_news() and len(pieces) < 10_000:
        pieces.append(log.read_lines())
        unfinished += log.unfinished
        if not pieces[-1]:
            time.sleep(0.01)  # it is being cut at this moment, which ends a look: the next one goes on
    log.close()
    assert unfinished > 40
    assert max(map(len, pieces)) < 2000
    assert [int(line.split()[2]) for piece in pieces for line in piece] == list(range(80_000))


def test_the_end_of_a_worker_that_is_flooding_is_given_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_log, "PIECE_S", 0.0)
    log = WorkerLog(path, bytes, allowance=unlimited())
    append(path, numbered(0, 80_000))
    first, rest = log.read_lines(), log.read_lines(everything=True)
    log.close()
    assert first[0].startswith("[warning] line 0 of")
    assert not log.unfinished
    assert rest[-1].startswith("[warning] line 79999 of")


def test_the_end_of_a_flooding_worker_shows_its_first_and_last_words(path: Path) -> None:
    log = WorkerLog(path, bytes, allowance=Allowance(share=0, most_s=0))
    append(path, numbered(0, 80_000))
    lines = log.read_lines(everything=True)
    log.close()
    assert lines[0].startswith("[warning] line 0 of")
    assert lines[-1].startswith("[warning] line 79999 of")
    assert len(lines) < 2000


def test_time_for_reading_logs_is_saved_up_to_a_bound() -> None:
    allowance = Allowance(share=0.2, most_s=0.1)
    assert allowance.left_s(100.0) == pytest.approx(0.1)
    allowance.spend(0.3)
    assert allowance.left_s(100.5) == pytest.approx(-0.1)
    assert allowance.left_s(101.5) == pytest.approx(0.1)
    assert allowance.left_s(900.0) == pytest.approx(0.1)


def test_a_long_flood_takes_bounded_disk_space(path: Path) -> None:
    log = WorkerLog(path, bytes, bounds=SMALL, allowance=unlimited())
    most = 0
    for _ in range(40):
        append(path, b"".join(os.urandom(60).hex().encode() + b"\n" for _ in range(2000)))
        read_and_settle(log)
        most = max(most, disk_bytes(path.parent))
    log.close()
    assert most <= SMALL.rest_bytes + SMALL.live_bytes
    assert 2 <= len(list(path.parent.glob("*.gz"))) <= SMALL.rotated_kept


def test_a_log_that_cannot_be_rotated_is_bounded_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log_cut, "publish", full)
    said = Said()
    log = WorkerLog(path, bytes, say=said, bounds=SMALL, allowance=unlimited())
    for start in range(0, 20_000, 1000):
        append(path, numbered(start, start + 1000))
        read_and_settle(log)
        assert disk_bytes(path.parent) < SMALL.live_bytes + 2 * SMALL.rotate_bytes
    log.close()
    assert len([text for text in said.texts if text.startswith("cannot rotate")]) == 1
    assert any(re.match(r"[\d,]+ bytes of .* dropped", text) for text in said.texts)
    assert numbers(path)[-1] == 19_999


def test_a_log_that_grew_while_no_service_ran_is_cut_up_not_dropped(path: Path) -> None:
    append(path, numbered(0, 40_000))
    assert path.stat().st_size > 8 * SMALL.live_bytes
    bounds = Bounds(rotate_bytes=256 * KiB, live_bytes=512 * KiB)
    log = WorkerLog(path, bytes, path.stat().st_size, bounds=bounds)
    read_and_settle(log)
    log.close()
    assert numbers(path) == list(range(40_000))
    assert path.stat().st_blocks * 512 <= bounds.live_bytes


def test_where_no_head_can_be_cut_off_the_file_is_truncated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(log_cut, "_fallocate", refuse)
    said = Said()
    log = WorkerLog(path, bytes, say=said, bounds=SMALL, allowance=unlimited())
    shown: list[str] = []
    for start in range(0, 10_000, 500):
        append(path, numbered(start, start + 500))
        shown += read_and_settle(log)
    log.close()
    assert numbers(path) == list(range(10_000))
    assert len(shown) == 10_000
    assert path.stat().st_size < SMALL.live_bytes
    assert [text for text in said.texts if "a line may be lost" in text] == said.texts[:1]


# -- what people and disks do to the file ----------------------------------------------------------------------------


@pytest.mark.parametrize("instead", ["nothing", "a folder", "a link", "another file"])
def test_a_log_that_is_taken_away_goes_on_being_read(path: Path, tmp_path: Path, instead: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"[error] rtsp://admin:s3cr3tpass@cam/1\n")
    said = Said()
    worker = os.open(path, os.O_WRONLY | os.O_APPEND)
    log = WorkerLog(path, Masker(["s3cr3tpass"]).mask_in_place, say=said, bounds=SMALL, allowance=unlimited())
    path.unlink()
    if instead == "a folder":
        path.mkdir()
    elif instead == "a link":
        path.symlink_to(victim)
    elif instead == "another file":
        path.write_bytes(b"[error] not of the worker\n")
    shown: list[str] = []
    for start in range(0, 4000, 500):
        os.write(worker, numbered(start, start + 500))
        shown += read_and_settle(log)
    os.close(worker)
    log.close()
    assert len(shown) == 4000
    assert [text for text in said.texts if "deleted, moved or replaced" in text] == said.texts
    assert len(said.texts) == 1
    assert b"s3cr3tpass" in victim.read_bytes(), "it is none of ours"
    packed = b"".join(gzip.decompress(file.read_bytes()) for file in sorted(tmp_path.glob("*.gz")))
    assert re.findall(rb"line (\d+) of", packed)[:2000] == [b"%d" % number for number in range(2000)]


def test_a_deleted_log_is_told_of_without_news(path: Path) -> None:
    said = Said()
    log = WorkerLog(path, bytes, say=said)
    log.read_lines()
    path.unlink()
    for _ in range(3):
        log.read_lines()
    log.close()
    assert len(said.texts) == 1
    assert "was deleted" in said.texts[0]


@pytest.mark.parametrize("instead", ["a folder", "a link", "a pipe", "nothing"])
def test_what_is_no_log_file_is_left_alone(tmp_path: Path, instead: str) -> None:
    path, victim = tmp_path / "000001.log", tmp_path / "victim"
    victim.write_bytes(b"[error] s3cr3tpass\n")
    if instead == "a folder":
        path.mkdir()
    elif instead == "a link":
        path.symlink_to(victim)
    elif instead == "a pipe":
        os.mkfifo(path)
    said = Said()
    log = WorkerLog(path, Masker(["s3cr3tpass"]).mask_in_place, say=said)
    assert log.read_lines() == log.read_lines(everything=True) == []
    log.close()
    assert len(said.texts) == 1
    assert said.texts[0].startswith(f"cannot read {path}: ")
    assert victim.read_bytes() == b"[error] s3cr3tpass\n"


def test_a_truncated_log_is_read_on_from_its_start(path: Path) -> None:
    said = Said()
    log = WorkerLog(path, bytes, say=said)
    for number in range(3):
        append(path, b"[error] before, and long enough\n")
        log.read_lines()
        os.truncate(path, 0)
        append(path, b"[error] %d\n" % number)
        assert log.read_lines() == [f"[error] {number}"]
    log.close()
    assert said.texts == [f"somebody truncated {path}; what was in it is lost"]


def test_a_log_truncated_between_looks_loses_no_line_that_comes_later_and_keeps_no_password(path: Path) -> None:
    log = camera_log(path.parent, Masker(["hunter22"]))
    log.follow(1)
    append(path, b"[error] long before, and long enough\n" * 20)
    log.read()
    os.truncate(path, 0)
    log.read()
    append(path, b"[error] hunter22 leaked\n" + b"[error] and more of it\n" * 60)
    log.read()
    assert log.settled(30)
    assert b"hunter22" not in path.read_bytes()
    assert [line.text for line in log.lines_of_run()[20:22]] == ["******** leaked", "and more of it"]
    log.close()


def test_a_disk_that_takes_no_mask_still_has_its_lines_shown_and_copies_masked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite

    def refuse(fd: int, data: bytes, offset: int) -> int:
        if b"****" in data:
            raise OSError(errno.EIO, "Input/output error")
        return pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", refuse)
    said = Said()
    masker = Masker(["s3cr3tpass"])
    log = WorkerLog(path, masker.mask_in_place, mask_text=masker.mask, say=said, bounds=SMALL, allowance=unlimited())
    append(path, b"[error] s3cr3tpass\n" * 3 + numbered(0, 4000))
    shown = read_and_settle(log)
    log.close()
    assert shown[:3] == ["[error] **********"] * 3
    assert len(shown) == 4003
    assert said.texts == [
        f"cannot overwrite a password in {path}, keep that file to yourself: Input/output error",
    ]
    assert list(path.parent.glob("*.gz"))
    assert b"s3cr3tpass" not in contents(path)


# -- the logs of a camera --------------------------------------------------------------------------------------------


def camera_log(folder: Path, masker: Masker | None = None, bounds: Bounds | None = None) -> CameraLog:
    """With `folder` for its files."""
    (folder / "cam").mkdir(exist_ok=True)
    if not (folder / "cam" / "log").exists():
        (folder / "cam" / "log").symlink_to(folder)
    parts = SimpleNamespace(
        camera_folder=lambda camera: folder / camera,
        masker=masker or Masker([]),
        logbook=LogBook(cameras=1),
        read_before={},
        triage=Inbox(),
    )
    return CameraLog(cast(Context, parts), "cam", bounds)


def texts(log: CameraLog) -> list[str]:
    return [line.text for line in log._context.logbook.page("cam", 0, 1000).lines]


def test_the_log_book_says_which_lines_are_only_in_the_files(tmp_path: Path) -> None:
    log = camera_log(tmp_path)
    append(log.path(1), numbered(0, 5000))
    log.follow(1, tail=True)
    assert log.settled(30)
    log.read()
    while log.unfinished:
        log.read()
    log.close()
    shown = sum(text.startswith("line ") for text in texts(log))
    assert 100 < shown < 1000
    assert f"{5000 - shown:,} lines not shown, they are in {tmp_path}/cam/log/000001.*" in texts(log)


def test_a_log_is_busy_while_it_has_much_to_say_and_no_longer(tmp_path: Path) -> None:
    log = camera_log(tmp_path)
    log.path(2).touch()
    log.follow(1)
    for lines, busy in ((MANY_LINES, False), (MANY_LINES + 1, True), (1, False), (MANY_LINES + 1, True), (0, False)):
        append(log.path(1), numbered(0, lines))
        log.read()
        assert log.busy == busy
    append(log.path(1), numbered(0, 1000))
    log.read()
    log.follow(2)
    assert not log.busy, "that was another worker's"
    log.close()


def test_two_generations_are_followed_at_once_and_neither_is_deleted(tmp_path: Path) -> None:
    old, new = camera_log(tmp_path, bounds=SMALL), camera_log(tmp_path, bounds=SMALL)
    append(old.path(1), b"[error] old\n")
    old.follow(1)
    for generation in range(2, 20):
        append(new.path(generation), os.urandom(100 * KiB))
    new.prepare(20)
    append(new.path(20), b"[error] new\n")
    new.follow(20)
    for generation, log in ((1, old), (20, new)):
        append(log.path(generation), numbered(0, 5000))
        log.read()
        assert log.settled(30)
        append(log.path(generation), b"[error] still read\n")
        while texts(log)[-1] != "still read":  # a look takes no more than its share of a busy core
            log.read()
    live = {file.stem for file in log_files(tmp_path) if file.number is None}
    assert {"000001", "000020"} <= live
    assert len(live) <= GENERATIONS_KEPT + 1
    assert disk_bytes(tmp_path) <= SMALL.rest_bytes + 2 * SMALL.live_bytes
    old.close()
    new.close()


def test_a_log_has_one_owner_and_others_only_read(path: Path) -> None:
    masker = Masker(["s3cr3tpass"])
    owner = WorkerLog(path, masker.mask_in_place)
    other = WorkerLog(path, masker.mask_in_place, mask_text=masker.mask)
    append(path, b"[error] s3cr3tpass\n")
    assert other.read_lines() == ["[error] **********"]
    assert b"s3cr3tpass" in path.read_bytes()
    owner.close()
    append(path, b"[error] two\n")
    assert other.read_lines() == ["[error] two"]
    assert other.settled(30)
    assert b"s3cr3tpass" not in path.read_bytes(), "also what it read before it was the owner"
    other.close()


def test_files_of_dead_workers_are_masked_and_those_in_use_are_left_to_their_followers(tmp_path: Path) -> None:
    log = camera_log(tmp_path, Masker(["s3cr3tpass"]))
    for generation in (1, 2):
        append(log.path(generation), b"[error] s3cr3tpass\n" * 10_000)
    log.follow(2, tail=True)
    log.mask_all()
    deadline = time.monotonic() + 30
    while any(b"s3cr3tpass" in log.path(generation).read_bytes() for generation in (1, 2)):
        assert time.monotonic() < deadline
        log.read()
    log.close()


def test_a_password_that_came_with_a_new_configuration_is_masked_in_running_logs(tmp_path: Path) -> None:
    log = camera_log(tmp_path)
    log.path(1).touch()
    log.follow(1)
    log._context.masker = Masker(["n3wpassword"])
    append(log.path(1), b"[error] n3wpassword\n")
    log.read()
    log.close()
    assert texts(log) == ["***********"]
    assert log.path(1).read_bytes() == b"[error] ***********\n"


def test_what_stands_in_the_way_of_a_log_is_put_aside(tmp_path: Path) -> None:
    log = camera_log(tmp_path)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    log.path(7).symlink_to(victim)
    log.prepare(7)
    assert not os.path.lexists(log.path(7))
    log.path(7).mkdir()
    log.prepare(7)
    assert not os.path.lexists(log.path(7))
    assert victim.read_bytes() == b"precious"
    assert {path.name for path in tmp_path.glob("*.aside*")} == {"000007.log.aside1", "000007.log.aside2"}
    append(log.path(7), b"of before\n")
    log.prepare(7)
    assert log.path(7).read_bytes() == b"of before\n"


# -- cutting ---------------------------------------------------------------------------------------------------------


def test_nobody_can_forge_a_mark(path: Path) -> None:
    """A worker that writes what looks like one gets its lines kept."""
    forged = b"\0vmstui cut 1 65536 10 %d 100\n" % os.stat(path).st_ino
    append(path, forged + numbered(0, 3000))
    log = WorkerLog(path, bytes, bounds=SMALL)
    read_and_settle(log)
    log.close()
    assert numbers(path) == list(range(3000))
    assert forged in contents(path)


def test_an_unfinished_copy_is_taken_away(path: Path) -> None:
    append(path, numbered(0, 10))
    left = path.with_name("000001.000004.log.gz.part")
    left.write_bytes(b"half a co")
    log = WorkerLog(path, bytes)
    assert log.settled(30)
    log.close()
    assert not left.exists()
    assert numbers(path) == list(range(10))


def test_rotated_files_are_listed_in_the_order_they_were_written(tmp_path: Path) -> None:
    names = ["000009.000001.log.gz", "000009.000002.log.gz", "000009.log", "000010.log", "1000000.log"]
    for name in reversed(names):
        (tmp_path / name).touch()
    (tmp_path / "000011.log").mkdir()
    (tmp_path / "000012.log").symlink_to(tmp_path / "000009.log")
    for name in ("notes.txt", "000009.000003.log", "relay.1.log", "000009.log.gz"):
        (tmp_path / name).touch()
    assert [file.path.name for file in log_files(tmp_path)] == names
