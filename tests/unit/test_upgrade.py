"""The parts of an upgrade: what is handed over, what it waits for, what a trial looks at."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from vmstui.logged import LogLevel
from vmstui.own_process import own_python
from vmstui.recorder import inheritance
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.inheritance import Inheritance, listening_socket, same_file, say_leaving, say_over
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.memory import kept, recall
from vmstui.recorder.record import WorkerRecord, save_record
from vmstui.recorder.trial import unreadable_notes
from vmstui.recorder.undisturbed import Undisturbed
from vmstui.recorder.upgrade import stuck_threads

AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def test_what_is_handed_over_is_taken_once_and_is_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Inheritance("token", "0.1.0", "0.2.0", 12.5, due=("lobby",), lock_fd=5, socket_fd=6, guardian_fd=7)
    monkeypatch.setenv(inheritance.VARIABLE, given.to_text())
    assert inheritance.take() == given
    assert inheritance.VARIABLE not in os.environ
    assert inheritance.take() is None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"token": 1}'])
def test_a_variable_that_is_none_of_ours_is_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(inheritance.VARIABLE, text)
    assert inheritance.take() is None
    assert inheritance.VARIABLE not in os.environ


def test_only_a_socket_that_listens_at_the_very_path_is_taken_over(tmp_path: Path) -> None:
    path = str(tmp_path / "control.sock")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as idle:
        listener.bind(path)
        assert listening_socket(os.dup(listener.fileno()), path) is None, "it does not listen yet"
        listener.listen()
        taken = listening_socket(os.dup(listener.fileno()), path)
        assert taken is not None
        taken.close()
        assert listening_socket(os.dup(listener.fileno()), f"{path}2") is None
        assert listening_socket(os.dup(idle.fileno()), path) is None
        os.unlink(path)
        assert listening_socket(os.dup(listener.fileno()), path) is None, "nobody can reach it any more"
    assert listening_socket(-1, path) is None
    assert not same_file(-1, tmp_path)


def test_the_guardian_is_told_as_long_as_it_listens() -> None:
    ours, its = socket.socketpair()
    given = Inheritance("token", "0.1.0", "0.2.0", 0.0, guardian_fd=ours.fileno())
    assert say_leaving(given, 4)
    assert say_over(given, 17)
    assert its.recv(64) == b"leaving 4\nover 17\n"
    its.close()
    assert not say_over(given, 17)
    assert not say_leaving(None)
    ours.close()


async def test_nobody_is_let_in_while_closed_and_who_is_inside_is_waited_for() -> None:
    undisturbed, steps = Undisturbed(), list[str]()
    may_end = asyncio.Event()

    async def work(name: str) -> None:
        async with undisturbed:
            steps.append(f"{name} begins")
            await may_end.wait()
            steps.append(f"{name} ends")

    first = asyncio.create_task(work("first"))
    await asyncio.sleep(0)
    assert not await undisturbed.close(0.01)
    second = asyncio.create_task(work("second"))
    closing = asyncio.create_task(undisturbed.close(20))
    await asyncio.sleep(0)
    assert not closing.done()
    may_end.set()
    assert await closing
    assert steps == ["first begins", "first ends"]
    undisturbed.open()
    await asyncio.gather(first, second)
    assert steps[2:] == ["second begins", "second ends"]


def test_the_log_book_goes_on_where_the_last_one_ended_and_what_cannot_be_read_costs_only_itself() -> None:
    before, after = LogBook(cameras=1), LogBook(cameras=1)
    for number in range(300):
        before.add(AT, ("lobby", "recorder")[number % 2], 7, LogLevel.WARNING, "rtsp", f"line {number} \udcff ü")
    nobody = cast(Fleet, SimpleNamespace(workers=list))
    with kept(before, nobody) as descriptor:
        assert recall(os.dup(descriptor), after) == {}
        assert after.page(None, 1, 1000) == before.page(None, 1, 1000)
        os.ftruncate(descriptor, 100)
        assert recall(os.dup(descriptor), LogBook(cameras=1)) == {}
    after.add(AT, "lobby", 8, LogLevel.INFO, "", "the next one")
    assert after.page(None, 300, 10).lines[0].seq == 301
    assert recall(-1, after) == {}


def test_notes_that_this_version_cannot_read_are_named(tmp_path: Path) -> None:
    for name in ("lobby", "gate", "yard"):
        (tmp_path / "cameras" / name).mkdir(parents=True)
        save_record(tmp_path / "cameras" / name / "worker.json", WorkerRecord(name))
    (tmp_path / "cameras" / "gate" / "worker.json").write_text('{"camera": "gate", "generation": "seven"}')
    (tmp_path / "cameras" / "yard" / "successor.json").write_text("{")
    before = sorted(tmp_path.rglob("*"))
    assert unreadable_notes(tmp_path) == ("cameras/gate/worker.json", "cameras/yard/successor.json")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_thread_that_hangs_in_the_kernel_is_seen(tmp_path: Path) -> None:
    for tid, state in ((1, "S"), (2, "D"), (3, "R")):
        (tmp_path / str(tid)).mkdir()
        (tmp_path / str(tid) / "stat").write_text(f"{tid} (publish) D) {state} 1 1 1 0")
    assert stuck_threads(tmp_path) == 1
    assert stuck_threads() < len(os.listdir("/proc/self/task"))


def test_the_interpreter_is_named_by_a_path_that_outlives_a_change_of_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0.1.0" / "bin").mkdir(parents=True)
    (tmp_path / "0.1.0" / "bin" / "python").symlink_to("/usr/bin/python3")
    (tmp_path / "current").symlink_to("0.1.0")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "current" / "bin" / "python"))
    assert own_python() == str(tmp_path / "0.1.0" / "bin" / "python")
