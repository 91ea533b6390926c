"""A session as a person has it: the dashboard in a real terminal, driven by keys, over a real recorder."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.harness import REPOSITORY, Recorder, wait_until
from tests.peers import require
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState

pytestmark = pytest.mark.peer


class Terminal:
    """A tmux server of our own with one window."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self._socket = f"vmstui-test-{uuid.uuid4().hex[:12]}"
        self._folder = folder
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh")

    def run(self, command: str, environment: dict[str, str]) -> None:
        """Type a command at the shell, with what it needs of the environment."""
        names = ("VMSTUI_STATE", "VMSTUI_RUNTIME", "VMSTUI_CONFIG", "PYTHONPATH")
        exports = " ".join(f"{name}={shlex.quote(environment[name])}" for name in names)
        script = self._folder / "run.sh"
        script.write_text(f"export {exports} LC_ALL=C.UTF-8\nexec {command}\n")
        self.keys(f"sh {shlex.quote(str(script))}", "Enter")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def wait(self, *texts: str) -> str:
        """Wait until the screen shows all of these; gives the screen."""

        def look() -> str | None:
            screen = self.screen()
            return screen if all(text in screen for text in texts) else None

        found: str = wait_until(look, f"the screen shows {texts}", self.screen)
        return found

    def close(self) -> None:
        """End this tmux server and what runs in it."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False)

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True
        ).stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[int, int], Terminal]]:
    """Opens terminals of a size."""
    require("tmux")
    opened: list[Terminal] = []

    def make(columns: int, rows: int) -> Terminal:
        opened.append(Terminal(tmp_path, columns, rows))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def ask_for_restart(screen: Terminal, name: str) -> None:
    """Move to a camera and press `r`. Which row it is in depends on who is in trouble at that moment (a live stream
    that is not up yet, say), so look at whom the dialog names, as a person does."""
    for move in ("Down", "Up", "Down", "Up", "Down", "Up"):
        screen.keys(move)
        screen.keys("r")
        if f"Restart {name}?" in screen.wait("Restart cam"):
            return
        screen.keys("n")
        wait_until(lambda: "Restart cam" not in screen.screen(), "the dialog is closed", screen.screen)
    pytest.fail(f"no way to {name}: {screen.screen()}")


DASHBOARD = f"{shlex.quote(sys.executable)} -m vmstui"


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 45)])
def test_start_look_restart_detach_and_come_back(
    recorder: Recorder,
    simulated: Callable[..., SimulatedCameras],
    terminal: Callable[[int, int], Terminal],
    columns: int,
    rows: int,
) -> None:
    sources = simulated(2)
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    screen = terminal(columns, rows)
    screen.run(DASHBOARD, recorder.environment)  # no service runs yet: it is started first
    screen.wait("2/2 recording", "cam1", "cam2")
    before = {camera.id: camera for camera in recorder.snapshot().cameras}
    ask_for_restart(screen, "cam2")
    screen.keys("y")
    recorder.wait_for("restarted", lambda camera: camera.generation == 2, "cam2")
    recorder.wait_recording("cam2", generation=2)
    assert recorder.camera("cam1").pid == before["cam1"].pid
    screen.wait("2/2 recording")
    screen.keys("h")
    screen.wait("History cam2", "→ changeover", "◌ start", "restart asked for by the dashboard")
    screen.keys("q")
    screen.wait("recording goes on")
    pids = {camera.id: camera.pid for camera in recorder.snapshot().cameras}
    screen.keys("clear", "Enter")
    screen.run(DASHBOARD, recorder.environment)
    screen.wait("2/2 recording")
    assert {camera.id: camera.pid for camera in recorder.snapshot().cameras} == pids
    screen.keys("Q")
    screen.wait("Stop")
    screen.keys("n")
    time.sleep(1)
    assert recorder.camera().state is CameraState.RECORDING
    screen.keys("Q")
    screen.wait("Stop")
    screen.keys("y")
    screen.wait("Recording is stopped")
    assert recorder.command("status").returncode == 3
    assert recorder.left_running() == []


def test_ctrl_z_goes_to_the_shell_and_fg_comes_back(terminal: Callable[[int, int], Terminal]) -> None:
    screen = terminal(80, 24)
    fleet = f"{shlex.quote(sys.executable)} -m tests.tui.fake_fleet --cameras 2 --well"
    screen.keys(f"cd {shlex.quote(str(REPOSITORY))} && {fleet}", "Enter")
    screen.wait("2/2 recording", "q leave")
    for _ in range(2):
        screen.keys("C-z")
        screen.wait("Stopped")
        screen.keys("fg", "Enter")
        screen.wait("2/2 recording", "q leave")
    screen.keys("j", "r")
    screen.wait("Restart Duc Tai Dendo 2?")
    screen.keys("n", "q")
    screen.wait("recording goes on")


def test_losing_the_terminal_costs_no_frame(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras], terminal: Callable[[int, int], Terminal]
) -> None:
    """As when the SSH connection drops: the service was even started from that terminal."""
    sources = simulated()
    recorder.configure([("cam1", sources.url("cam1"))])
    screen = terminal(100, 30)
    screen.run(DASHBOARD, recorder.environment)
    screen.wait("1/1 recording")
    before = recorder.camera()
    screen.close()
    recorder.wait_for("a segment after it", lambda camera: camera.segments_closed >= 2)
    after = recorder.camera()
    assert (after.pid, after.generation) == (before.pid, before.generation)
    service = recorder.snapshot().service.pid
    assert service is not None
    assert os.getsid(service) == service
