"""Who may only look: the recorder refuses them all else, and their dashboard has no action that changes anything."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.peers import unavailable
from tests.tui.terminal import Terminal
from vmstui.control import protocol
from vmstui.control.access import LOOKING, REFUSAL
from vmstui.control.call import call
from vmstui.control.errors import RecorderError

VIEWER, GROUP_NAME = 65534, "nogroup"
HEAD = "retention: {min_free: 16M}\nlive: {listen: '127.0.0.1:0'}\ndashboard: {viewers: nogroup}"


@pytest.fixture
def shared(recorder: Recorder) -> Iterator[Recorder]:
    """A recorder whose sockets are where others come through."""
    if os.geteuid() != 0:
        unavailable("only root may ask as another user")
    folder = Path(tempfile.mkdtemp(prefix="vmsv-"))
    folder.chmod(0o755)
    recorder.environment["VMSTUI_RUNTIME"] = str(folder / "run")
    recorder.socket = folder / "run" / "control.sock"
    yield recorder
    shutil.rmtree(folder)


def talking_as(user: int, path: Path, talk: Callable[[socket.socket, BinaryIO, int], None]) -> tuple[int, BinaryIO]:
    """A process of that user that connects and talks, if it may; its pid, and what it writes into the pipe it gets."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answers:
                connection.connect(str(path))
                talk(connection, answers, there)
        os._exit(0)
    os.close(there)
    return child, os.fdopen(here, "rb")


def asked_as(user: int, path: Path, *methods: str) -> list[dict[str, Any]]:
    """What a process of that user is answered; empty where it may not even connect."""

    def ask(connection: socket.socket, answers: BinaryIO, there: int) -> None:
        for number, method in enumerate(methods):
            connection.sendall(protocol.request_line(number, method, {"cameras": "all"}))
            os.write(there, answers.readline())

    child, told = talking_as(user, path, ask)
    with told:
        lines = told.read().splitlines()
    os.waitpid(child, 0)
    return [json.loads(line) for line in lines]


@contextlib.contextmanager
def looking_as(user: int, path: Path) -> Iterator[Callable[[], bool]]:
    """A process of that user that looks on and asks for nothing more; gives whether it is still connected."""

    def look(connection: socket.socket, answers: BinaryIO, there: int) -> None:
        connection.sendall(protocol.request_line(1, "subscribe", {}))
        os.write(there, answers.readline())
        while answers.readline():
            pass

    child, told = talking_as(user, path, look)
    with told:
        try:
            assert b"true" in told.readline(), "it was let in"
            yield lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_viewer_may_look_and_change_nothing(shared: Recorder) -> None:
    shared.configure([], head=HEAD)
    shared.start()
    assert stat.S_IMODE(shared.socket.stat().st_mode) == 0o660
    hello, snapshot, stop, shutdown = asked_as(VIEWER, shared.socket, "hello", "snapshot", "stop", "shutdown")
    assert hello["result"]["readonly"] is True
    assert snapshot["result"]["cameras"] == []
    assert [one["error"]["message"] for one in (stop, shutdown)] == [REFUSAL, REFUSAL]
    assert call(shared.socket, "hello")["readonly"] is False  # type: ignore[index, call-overload]
    with pytest.raises(RecorderError) as told:
        call(shared.socket, "nonsense", {})
    known = set(str(told.value).partition("known: ")[2].split(", "))
    assert known >= LOOKING, "of all that is mere looking there is such a method"

    with looking_as(VIEWER, shared.socket) as is_connected:
        assert is_connected()
        shared.configure([])
        assert shared.command("config", "reload").returncode == 0
        wait_until(lambda: stat.S_IMODE(shared.socket.stat().st_mode) == 0o600, "the group is out again")
        wait_until(lambda: not is_connected(), "who had come in before is let go")
    assert asked_as(VIEWER, shared.socket, "hello") == []


def test_a_group_that_there_is_not_lets_nobody_in_and_is_told_of(shared: Recorder) -> None:
    shared.configure([], head=HEAD.replace("nogroup", "no_such_group"))
    shared.start()
    assert stat.S_IMODE(shared.socket.stat().st_mode) == 0o600
    assert asked_as(VIEWER, shared.socket, "hello") == []
    assert any("there is no group 'no_such_group'" in line for line in shared.log(None))


def test_a_configuration_makes_every_dashboard_one_that_only_shows(recorder: Recorder) -> None:
    recorder.configure([], head=HEAD.replace("viewers: nogroup", "readonly: true"))
    recorder.start()
    with Terminal(["-m", "vmstui"], env=recorder.environment) as terminal:
        terminal.wait_for("q leave")
        assert "stop all" not in terminal.screen()
        terminal.type(":shutdown")
        terminal.wait_for("accepted only what looks")
        terminal.type("\x1b[27uq")
        assert terminal.wait_for_end() == 0
    assert recorder.command("status").returncode != 3
