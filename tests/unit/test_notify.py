"""What systemd hears of the service, on a real datagram socket: nothing too early, nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmstui.own_process import own_environment
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.notify import STOPPED_FOR_GOOD, Notifier
from vmstui.recorder.service import Service
from vmstui.settings import load


class Ear:
    """The socket of systemd."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)

    def heard(self) -> list[str]:
        """All messages since the last call."""
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self.socket.recv(4096).decode())
        return messages


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"@vmstui-{uuid.uuid4().hex}" if request.param == "abstract" else str(tmp_path / "notify")


@pytest.fixture
def ear(address: str) -> Iterator[Ear]:
    made = Ear(address)
    yield made
    made.socket.close()


def test_ready_alive_and_stopping_reach_systemd_with_the_status(ear: Ear, address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "7"}, pid=7)
    assert notifier.managed
    assert notifier.watchdog_s == 8.0
    notifier.ready("0 of 2 cameras recording")
    notifier.alive(100.0, "1 of 2 cameras recording; held: no\nroom")
    notifier.stopping("workers go on recording")
    assert ear.heard() == [
        "READY=1\nSTATUS=0 of 2 cameras recording\n",
        "WATCHDOG=1\nSTATUS=1 of 2 cameras recording; held: no room\n",
        "STOPPING=1\nSTATUS=workers go on recording\n",
    ]


def test_signs_of_life_come_four_times_as_often_as_needed_and_a_new_status_at_once(tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
    beats = []
    for second in range(60):
        notifier.alive(float(second), "12 of 12" if second < 50 else "11 of 12")
        if ear.heard():
            beats.append(second)
    ear.socket.close()
    assert beats == [0, 8, 16, 24, 32, 40, 48, 50, 58]


def test_a_status_without_a_watchdog_is_told_only_when_it_is_new(tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for status in ("a", "a", "b", "b", "a"):
        notifier.alive(0.0, status)
    assert ear.heard() == ["STATUS=a\n", "STATUS=b\n", "STATUS=a\n"]
    ear.socket.close()


def test_ready_that_found_no_listener_is_told_with_the_next_sign_of_life(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
    notifier.ready("up")
    notifier.alive(1.0, "up")
    ear = Ear(str(tmp_path / "notify"))
    notifier.alive(2.0, "up")
    notifier.alive(3.0, "up")
    assert ear.heard() == ["WATCHDOG=1\nREADY=1\nSTATUS=up\n"]
    ear.socket.close()


def test_a_systemd_that_does_not_read_never_holds_up_the_service(tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for number in range(10_000):  # far more than the queue of any socket; a call that waited would never end
        notifier.alive(0.0, f"{number}")
    assert 0 < len(ear.heard()) < 10_000
    ear.socket.close()


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}, {"NOTIFY_SOCKET": "relative"}],
)
def test_without_a_systemd_that_listens_nothing_is_told_and_nothing_fails(environment: dict[str, str]) -> None:
    notifier = Notifier({"WATCHDOG_USEC": "30000000", **environment})
    assert not notifier.managed
    assert notifier.watchdog_s is None
    notifier.ready("up")
    notifier.alive(0.0, "up")
    notifier.stopping("gone")


@pytest.mark.parametrize(
    "watchdog",
    [{"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {}],
)
def test_a_watchdog_that_is_not_ours_is_not_fed(watchdog: dict[str, str], tmp_path: Path) -> None:
    ear = Ear(str(tmp_path / "notify"))
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), **watchdog}, pid=7)
    notifier.alive(0.0, "up")
    assert ear.heard() == ["STATUS=up\n"]
    ear.socket.close()


def test_what_systemd_gave_to_the_service_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "KEPT"):
        monkeypatch.setenv(name, "1")
    child = own_environment()
    assert child["KEPT"] == "1"
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(child)


async def test_ready_comes_after_adoption_and_signs_of_life_after_a_look_at_all_cameras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    config = tmp_path / "vmstui.yaml"
    config.write_text(f"recordings: {tmp_path}\nlive: {{server: 'rtsp://127.0.0.1:9'}}\ncameras: []\n")
    heard: dict[str, list[str]] = {}
    passes = asyncio.Semaphore(0)
    opened, ticked = Fleet.open, Fleet.tick

    def slow_open(fleet: Fleet, *arguments: object) -> None:
        opened(fleet, *arguments)  # type: ignore[arg-type]
        heard["while adopting"] = ear.heard()

    async def first_look(fleet: Fleet, late_s: float) -> None:
        heard.setdefault("until the first look is done", ear.heard())
        await ticked(fleet, late_s)
        passes.release()

    monkeypatch.setattr(Fleet, "open", slow_open)
    monkeypatch.setattr(Fleet, "tick", first_look)
    service = Service(load(str(config)), tmp_path / "state")
    running = asyncio.ensure_future(service.run())
    await asyncio.wait_for(passes.acquire(), 60)
    await asyncio.wait_for(service.next_tick(), 60)
    heard["then"] = ear.heard()
    await asyncio.wait_for(service.shutdown(), 60)
    await asyncio.wait_for(running, 60)
    service.release()
    assert heard["while adopting"] == []
    assert [text.split("\n")[0] for text in heard["until the first look is done"]] == ["READY=1"]
    assert heard["then"][0].startswith("WATCHDOG=1\n")
    assert ear.heard()[-1] == "STOPPING=1\nSTATUS=recording stopped\n"
    ear.socket.close()
    assert service.exit_status == STOPPED_FOR_GOOD
