"""A night on call, as a person has it: 80x24, no mouse, keys alone, a real recorder and a camera that fails."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.integration.harness import Recorder, wait_until
from tests.integration.test_terminal import DASHBOARD, Terminal, terminal
from vmstui.live.simulated import SimulatedCameras

__all__ = ["terminal"]
pytestmark = pytest.mark.peer
NOISE = b"[rtsp @ 0x55d0c8f0a2c0] [warning] RTP: missed 3 packets\n"
GONE_S = 3.0
MEANING = "Packets were lost on the way"


def rows(screen: str) -> list[str]:
    """The cameras as they stand in the list, the one at the cursor without its mark."""
    lines = screen.splitlines()
    head = next(number for number, line in enumerate(lines) if line.split()[:2] == ["state", "camera"])
    return [line.lstrip("▌ ") for line in lines[head + 1 : head + 3]]


def test_from_a_camera_that_fails_to_its_measured_gap_and_the_noise_that_is_known(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras], terminal: Callable[[int, int], Terminal]
) -> None:
    sources = simulated(2)
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    recorder.start()
    for camera in ("cam1", "cam2"):
        recorder.wait_recording(camera)
    screen = terminal(80, 24)
    screen.run(f"{DASHBOARD} --no-mouse", recorder.environment)
    screen.wait("2/2 recording", "q leave")
    recorder.wait_for("a segment before it", lambda camera: camera.segments_closed >= 1, "cam2")

    sources.close("cam2")
    closed_s = time.monotonic()
    seen = screen.wait("1 of 2 not recording", "has no stream at this path (404)")
    first, second = rows(seen)
    assert "cam2" in first, "what is wrong stands first"
    assert "has no stream at this path (404)" in first, "with its cause"
    assert "cam1" in second
    assert "recording" in second

    screen.keys("g")

    def chosen() -> bool:
        return any(line.startswith("▌") and "cam2" in line for line in screen.screen().splitlines())

    wait_until(chosen, "the cursor is on it", screen.screen)
    screen.keys("l")
    screen.wait("── Log cam2", "(generation 1) ended after")
    wait_until(lambda: time.monotonic() - closed_s > GONE_S, "it is gone for so long that it matters")
    sources.reopen("cam2")
    screen.keys("r")
    asks, asked_for = "Restart cam2?", "restart asked for by the dashboard"  # who records again already is asked about
    wait_until(lambda: any(words in screen.screen() for words in (asks, asked_for)), "it is heard", screen.screen)
    if asks in screen.screen():
        screen.keys("y")
    screen.wait(asked_for)
    recorder.wait_for("restarted", lambda camera: camera.generation >= 2, "cam2")
    generation = recorder.camera("cam2").generation
    pid = recorder.wait_recording("cam2", generation=generation).pid
    screen.wait("2/2 recording")
    screen.keys("p")
    shown = screen.wait("── Log cam2", "run 1", "(generation 1) ended after")
    assert "(generation 2)" not in shown
    screen.keys("Escape")

    screen.keys("O")
    # How long it was is measured from the last frame before to the first one after, once that file is closed.
    told = screen.wait("── Segments cam2", "▼ gap", "camera: the camera ended the stream")
    assert "1 gap of" in told
    assert "1 gap of 0 s" not in told
    screen.keys("Escape")

    with open(f"/proc/{pid}/fd/2", "ab", buffering=0) as stderr:  # as the worker itself would
        stderr.write(NOISE * 500)
    screen.keys("F")
    screen.wait("── Findings", MEANING)
    screen.keys("g", "a")
    screen.wait("Acknowledge: this is known", "enter acknowledges")
    screen.keys("Enter")
    screen.wait("── Findings", "Acknowledged by")
    wait_until(lambda: "critical" not in screen.screen(), "it is quiet", screen.screen)
    screen.keys("1")
    screen.wait("2/2 recording", "q leave")

    screen.keys("q")
    screen.wait("recording goes on")
    assert recorder.camera("cam2").pid == pid
