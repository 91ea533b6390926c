"""What a worker wrote is there after it was replaced, for the socket and for the command."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.harness import PASSWORD, Recorder
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.live.simulated import SimulatedCameras
from vmstui.logged import RunLog


def test_the_log_of_the_run_before_is_told_by_the_socket_and_by_the_command(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    recorder.wait_recording()
    with pytest.raises(RecorderError, match="no log is kept of the run 1 before the present one of cam1; kept: none"):
        call(recorder.socket, "run_log", {"camera": "cam1"})
    assert recorder.command("restart", "cam1", "--stop-first").returncode == 0
    recorder.wait_recording(generation=2)
    run = from_json(RunLog, call(recorder.socket, "run_log", {"camera": "cam1"}))
    assert run.generation == 1
    assert {line.generation for line in run.lines} == {1}
    assert any("(generation 1) ended" in line.text for line in run.lines)
    assert {line.message for line in run.lines} == {""}
    explained = from_json(RunLog, call(recorder.socket, "run_log", {"camera": "cam1", "explain": True}))
    assert [line.text for line in explained.lines] == [line.text for line in run.lines]
    assert all(line.severity is not None for line in explained.lines if line.message)
    assert any(line.message for line in explained.lines)
    with pytest.raises(RecorderError, match="explain must be true or false"):
        call(recorder.socket, "run_log", {"camera": "cam1", "explain": "yes"})
    shown = recorder.command("logs", "cam1", "--previous")
    assert shown.returncode == 0
    assert "(generation 1) ended" in shown.stdout
    assert "generation 2" not in shown.stdout
    assert PASSWORD not in shown.stdout
    assert recorder.command("logs", "--previous").returncode == 2
    with pytest.raises(RecorderError, match="back must be a whole number"):
        call(recorder.socket, "run_log", {"camera": "cam1", "back": 0})
