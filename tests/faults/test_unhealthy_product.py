"""Workers that run and make nothing of worth: judged by what they make, and not so that it gets worse."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

import pytest

from tests.faults.hasty_service import GRACE_S
from tests.faults.test_worker_faults import Odd, odd, program
from tests.faults.watch import Watch
from tests.integration.harness import Recorder, cameras, read_json, wait_until
from vmstui.configured import OutputKind
from vmstui.footage import GapCause, SegmentVerdict
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState, Event, EventKind, OutputState

__all__ = ["odd", "program"]
SEGMENT_S = 2.0
"""Of the worker that writes garbage."""
NAMES = ("cam1", "cam2", "cam3", "cam4")


def watchdog_events(recorder: Recorder, name: str = "cam1") -> list[Event]:
    return [event for event in recorder.details(name).events if event.kind is EventKind.WATCHDOG]


def ends(recorder: Recorder) -> list[Event]:
    return [event for event in recorder.details().events if event.kind is EventKind.EXIT]


def test_a_worker_whose_segments_do_not_play_is_replaced_ever_more_slowly_and_the_camera_told_as_failing(
    odd: Odd,
) -> None:
    odd.recorder.program = "tests.faults.hasty_service"
    odd.behave("garbage")
    odd.recorder.start()
    event = wait_until(lambda: watchdog_events(odd.recorder), "the watchdog", odd.recorder._explain)[0]
    assert event.rule == "closed segments do not play"
    assert "in a row" in event.measured
    assert "does not play" in event.measured
    assert event.threshold == "3 in a row"
    assert event.outcome == "worker is replaced"
    end = wait_until(lambda: ends(odd.recorder), "the end is told", odd.recorder._explain)[0]
    assert end.cause is GapCause.DAMAGE
    assert "SIGINT: closed segments do not play" in end.measured
    odd.recorder.wait_for("it waits, and says for what", lambda camera: "no footage: does not play" in camera.reason)
    failing = odd.recorder.wait_for("FAILING", lambda camera: camera.failing_since)
    assert failing.segments_closed == 0
    status = odd.recorder.command("status")
    assert status.returncode == 1
    assert "cam1: FAILING" in status.stdout
    waits = [after - before for before, after in itertools.pairwise(odd.starts())]
    assert min(waits) >= max(GRACE_S, 3 * SEGMENT_S), waits
    odd.behave("")
    odd.recorder.wait_for("footage", lambda camera: camera.segments_closed >= 1)
    assert {segment.verdict for segment in odd.recorder.segments()} == {SegmentVerdict.BROKEN, SegmentVerdict.GOOD}


def test_segments_of_many_cameras_that_do_not_play_are_a_common_cause_and_one_restart(odd: Odd) -> None:
    odd.recorder.program = "tests.faults.hasty_service"
    odd.recorder.config.write_text(with_more_cameras(odd.recorder.config.read_text()))
    odd.behave("garbage")
    odd.recorder.start()

    def held() -> list[str]:
        return [name for name in NAMES if any(e.outcome == "held back" for e in watchdog_events(odd.recorder, name))]

    wait_until(lambda: len(held()) == len(NAMES) - 1, "all but one are held back", odd.recorder._explain)
    trial = (set(NAMES) - set(held())).pop()
    odd.recorder.wait_for("it is seen whether that helps", lambda camera: camera.generation == 2, trial)
    odd.recorder.wait_for("it does not", lambda camera: len(odd.recorder.segments(trial)) >= 8, trial)
    assert len(odd.starts()) == len(NAMES) + 1
    status = read_json(odd.recorder.command("status", "--json").stdout)
    for camera in (odd.recorder.camera(name) for name in held()):
        recording = camera.output(OutputKind.RECORDING)
        assert (camera.state, camera.generation) == (CameraState.RECORDING, 1)
        assert recording is not None
        assert recording.state is OutputState.DOWN
        assert "do not play" in recording.reason
    assert len(status["cameras"]) == len(NAMES)
    assert odd.recorder.command("status").returncode == 1


def with_more_cameras(text: str) -> str:
    """`cam1` three times more, by other names."""
    before, first = text.split("  - id: cam1\n")
    return before + "".join(f"  - id: {name}\n{first}" for name in NAMES)


@pytest.fixture
def mixed(abilities: tuple[Path, str], tmp_path: Path) -> object:
    """Two cameras with a keyframe each second, two with one every four."""
    some = [cameras(abilities[1], tmp_path / f"gop{gop_s}", 2, gop_s=gop_s) for gop_s in (1.0, 4.0)]
    for each in some:
        each.start()
    yield some
    for each in some:
        each.stop()


def test_workers_that_all_freeze_are_held_back_whatever_their_keyframe_intervals(
    watched: tuple[Recorder, Watch], mixed: list[SimulatedCameras]
) -> None:
    """Whose limits are eight seconds and twelve."""
    recorder, watch = watched
    recorder.segment_s = 2
    recorder.hurry({"watchdog.STALE_S": 8.0})
    sources = [each.url(name) for each in mixed for name in ("cam1", "cam2")]
    recorder.configure(list(zip(NAMES, sources, strict=True)))
    recorder.start()
    for name in NAMES:
        recorder.wait_for("two segments", lambda camera: camera.segments_closed >= 2, name)
    before = {name: watch.workers(name) for name in NAMES}
    for (pid,) in before.values():
        os.kill(pid, signal.SIGSTOP)
    wait_until(
        lambda: all(watchdog_events(recorder, name) for name in NAMES), "the watchdog says something", recorder._explain
    )
    assert {name: watch.workers(name) for name in NAMES} == before, "nobody was ended"
    for (pid,) in before.values():
        os.kill(pid, signal.SIGCONT)
    outcomes = {event.outcome for name in NAMES for event in watchdog_events(recorder, name)}
    assert outcomes == {"held back"}
    for name in NAMES:
        closed = recorder.camera(name).segments_closed
        recorder.wait_for("it goes on", lambda camera, closed=closed: camera.segments_closed > closed, name)  # type: ignore[misc]
    assert {name: watch.workers(name) for name in NAMES} == before
