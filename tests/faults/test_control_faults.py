"""Whatever clients do, and whoever they are: the socket serves its owner, and no camera is touched by accident."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.faults.watch import Watch
from tests.integration.harness import PATIENCE_S, Recorder, wait_until
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState

CLIENTS = 1000
SUBSCRIBE = b'{"jsonrpc":"2.0","id":1,"method":"subscribe"}\n'


@pytest.fixture
def connect(recorder: Recorder) -> Iterator[Callable[[], socket.socket]]:
    """Makes clients that say nothing by themselves."""
    made: list[socket.socket] = []

    def one() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        made.append(client)
        client.settimeout(PATIENCE_S)
        while True:
            with contextlib.suppress(BlockingIOError):  # the queue of the listener is full for an instant
                client.connect(str(recorder.socket))
                return client

    yield one
    for client in made:
        client.close()


def test_a_thousand_clients_that_say_nothing_or_half_a_request_keep_nobody_out(
    recorder: Recorder, connect: Callable[[], socket.socket]
) -> None:
    recorder.configure([])
    recorder.start()
    dashboard = connect()
    dashboard.sendall(SUBSCRIBE)
    lines = dashboard.makefile("rb")
    assert json.loads(lines.readline())["result"] is True
    for number in range(CLIENTS):
        client = connect()
        if number % 2:
            with contextlib.suppress(OSError):  # it may have had to make room already
                client.sendall(b'{"jsonrpc":"2.0","id":1,"meth')
    assert isinstance(call(recorder.socket, "hello"), dict)
    assert json.loads(lines.readline())["method"] == "snapshot", "who asked something is served on"
    assert recorder.service is not None
    assert len(os.listdir(f"/proc/{recorder.service.pid}/fd")) < 200


def test_a_line_without_end_and_a_dashboard_that_never_reads_are_dropped_alone(
    recorder: Recorder, connect: Callable[[], socket.socket]
) -> None:
    recorder.configure([])
    recorder.start()
    dashboard = connect()
    dashboard.sendall(SUBSCRIBE)
    endless = connect()
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 1 << 30:
            sent += endless.send(b"x" * (1 << 20))
    assert sent < 8 << 20, "of the gigabyte that it had to say"
    deaf = connect()
    deaf.sendall(SUBSCRIBE)
    with pytest.raises(ConnectionError):
        deaf.sendall(b'{"jsonrpc":"2.0","id":1,"method":"snapshot"}\n' * 50_000)
    lines = dashboard.makefile("rb")
    assert [json.loads(lines.readline()).get("method") for _ in range(3)].count("snapshot") >= 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_is_refused_although_the_files_would_let_it_in(recorder: Recorder) -> None:
    recorder.configure([])
    recorder.start()
    recorder.socket.parent.chmod(0o755)
    recorder.socket.chmod(0o666)
    folder = os.open(recorder.socket.parent, os.O_PATH)
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE_S)
                client.connect(f"/proc/self/fd/{folder}/{recorder.socket.name}")
                os.write(told, b"connected;")
                with contextlib.suppress(OSError):
                    client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n')
                    os.write(told, client.recv(4096))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(told)
    with os.fdopen(heard, "rb") as pipe:
        assert pipe.read() == b"connected;"
    os.close(folder)
    assert isinstance(call(recorder.socket, "hello"), dict)


def test_stop_start_and_restart_racing_leave_the_camera_as_the_last_one_wants_it(
    watched: tuple[Recorder, Watch], source: SimulatedCameras
) -> None:
    recorder, watch = watched
    watch.allowed = 2  # a restart may be seamless
    recorder.configure([("cam1", source.url("cam1"))])
    recorder.start()
    recorder.wait_recording()

    def command(method: str) -> None:
        call(recorder.socket, method, {"cameras": ["cam1"]})

    def race(seed: int) -> None:
        commands = random.Random(seed)
        for _ in range(15):
            with contextlib.suppress(RecorderError):
                command(commands.choice(("stop", "start", "restart", "restart")))

    for last in ("start", "stop", "start"):
        racing = [threading.Thread(target=race, args=(seed,)) for seed in range(6)]
        for thread in racing:
            thread.start()
        for thread in racing:
            thread.join()
        command(last)
        if last == "stop":
            wait_until(lambda: not watch.workers(), "none is left", recorder._explain)
            assert recorder.camera().state is CameraState.STOPPED
        else:
            wait_until(lambda: recorder.camera().pid == watch.recording() is not None, "one", recorder._explain)


def test_a_shutdown_is_carried_out_though_whoever_asked_for_it_is_gone(
    recorder: Recorder, connect: Callable[[], socket.socket]
) -> None:
    """A dashboard whose terminal closes as soon as a person has said yes."""
    recorder.configure([])
    recorder.start()
    client = connect()
    client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"shutdown","params":{}}\n')
    client.close()
    assert recorder.service is not None
    assert recorder.service.wait(PATIENCE_S) == 0
