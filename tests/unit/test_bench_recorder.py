"""Whether there is a recorder beside the bench, by real sockets."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmstui.cli.bench_recorder import Mute, seen


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Somebody takes connections and says nothing, as a service that was stopped with SIGSTOP does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


def test_a_recorder_that_does_not_answer_is_not_taken_for_none(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with listening(path), pytest.raises(Mute, match=r"does not answer within 0\.1 s: whether recordings suffer"):
        seen(path, 0.1)


def test_a_recorder_whose_queue_is_full_is_not_taken_for_none(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(str(path))
        listener.listen(0)
        while True:
            client = waiting.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            try:
                client.connect(str(path))
            except BlockingIOError:
                break
        with pytest.raises(Mute):
            seen(path, 0.1)


def test_without_a_socket_or_with_one_that_was_left_behind_there_is_no_recorder(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    assert seen(path) is None
    assert seen(tmp_path / "none" / "control.sock") is None
    with listening(path):
        pass
    assert path.is_socket()
    assert seen(path) is None
