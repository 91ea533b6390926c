"""The commands as a person or a script uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.harness import Recorder, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import CameraState


@pytest.fixture
def running(recorder: Recorder, simulated: Callable[..., SimulatedCameras]) -> Recorder:
    sources = simulated(2)
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    started = recorder.command("up")
    assert started.returncode == 0, started.stderr
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)
    return recorder


def test_status_shows_every_camera_and_says_by_its_exit_code_whether_all_is_well(running: Recorder) -> None:
    status = running.command("status")
    assert status.returncode == 0
    assert "2/2 recording" in status.stdout
    for name in ("cam1", "cam2"):
        row = next(line for line in status.stdout.splitlines() if line.startswith(name))
        assert str(running.camera(name).pid) in row
    data = json.loads(running.command("status", "--json").stdout)
    assert [camera["state"] for camera in data["cameras"]] == ["recording", "recording"]


def test_stop_and_start_concern_the_named_cameras_only(running: Recorder) -> None:
    other = running.camera("cam2").pid
    assert running.command("stop", "cam1", "--wait").returncode == 0
    assert running.camera("cam1").state is CameraState.STOPPED
    assert running.camera("cam2").pid == other
    assert running.command("status").returncode == 0, "a camera nobody wants is no trouble"
    assert running.command("start", "--all", "--wait").returncode == 0
    assert running.camera("cam2").pid == other


def test_a_restart_of_all_leaves_stopped_what_a_person_or_the_configuration_stopped(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(2)
    recorder.configure([(f"cam{number}", sources.url(f"cam{min(number, 2)}")) for number in (1, 2, 3)])
    text = recorder.config.read_text()
    recorder.config.write_text(text.replace("  - id: cam3\n", "  - id: cam3\n    enabled: false\n"))
    recorder.start()
    recorder.wait_recording("cam2")
    assert recorder.command("stop", "cam1", "--wait").returncode == 0
    done = recorder.command("restart", "--all", "--wait")
    assert done.returncode == 0, done.stderr
    lines = {line.partition(":")[0]: line for line in done.stdout.splitlines()}
    assert lines["cam2"].startswith("cam2: recording, generation 2; ")
    for name in ("cam1", "cam3"):
        assert lines[name].startswith(f"{name}: stopped, ")
        assert lines[name].endswith(f"; left as it is, start it with: vmstui start {name}")
    for names, sentence in (
        (["cam1"], "cam1 is stopped; start it with: vmstui start cam1\n"),
        (["cam1", "cam2", "cam3"], "cam1, cam3 are stopped; start them with: vmstui start cam1 cam3\n"),
    ):
        refused = recorder.command("restart", *names, "--wait")
        assert (refused.returncode, refused.stderr) == (2, sentence)
    states = {camera.id: (camera.state, camera.generation) for camera in recorder.snapshot().cameras}
    assert states["cam2"] == (CameraState.RECORDING, 2), "a command that is refused does nothing"
    assert {states[name][0] for name in ("cam1", "cam3")} == {CameraState.STOPPED}


def test_logs_are_one_json_object_a_line_for_scripts(running: Recorder) -> None:
    done = running.command("logs", "--json", "-n", "5")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert 0 < len(lines) <= 5
    assert {"at", "camera", "level", "text"} <= set(lines[0])


def test_without_a_recorder_the_commands_say_so(recorder: Recorder) -> None:
    for arguments in (
        ("status",),
        ("status", "--json"),
        ("logs",),
        ("restart", "--all"),
        ("config", "diff"),
        ("down",),
    ):
        done = recorder.command(*arguments)
        assert done.returncode == 3
        assert "vmstui up" in done.stderr


def test_up_lists_every_error_of_a_configuration_and_starts_nothing(recorder: Recorder) -> None:
    recorder.config.write_text("recordngs: /tmp\ncameras:\n  - id: A B\n    url: ftp://x\n")
    refused = recorder.command("up")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) >= 3
    assert "did you mean 'recordings'" in refused.stderr
    assert recorder.command("status").returncode == 3


def test_the_dashboard_needs_a_terminal_and_says_so(recorder: Recorder) -> None:
    done = recorder.command()
    assert done.returncode == 2
    assert "vmstui status" in done.stderr


def test_storage_says_which_folder_is_recorded_to_and_accepts_another_on_a_persons_word(recorder: Recorder) -> None:
    """With and without a recorder that runs."""

    def storage(*arguments: str) -> tuple[int, dict[str, Any]]:
        done = recorder.command("storage", "--json", *arguments)
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    recorder.configure([])
    assert storage()[0] == 1, "there is none yet"
    assert not recorder.recordings.exists(), "and to look at it makes none"
    recorder.start()
    wait_until(lambda: recorder.snapshot().storage.usable, "it is made and marked")
    code, first = storage()
    assert (code, first["path"], first["trouble"]) == (0, str(recorder.recordings), None)
    assert first["folder"] == first["recorded_to"] != ""
    away = recorder.recordings.with_name("away")
    recorder.recordings.rename(away)
    refused = recorder.command("storage", "--accept")
    assert (refused.returncode, "does not exist" in refused.stderr) == (2, True)
    recorder.recordings.mkdir()
    code, other = storage()
    assert (code, other["trouble"], other["folder"]) == (1, "another folder", None)
    assert "vmstui storage --accept" in recorder.command("storage").stdout
    wait_until(lambda: "vmstui storage --accept" in recorder.snapshot().storage.reason, "the recorder says the same")
    assert list(recorder.recordings.iterdir()) == []
    code, accepted = storage("--accept")
    assert (code, accepted["folder"] == accepted["recorded_to"] != first["folder"]) == (0, True)
    wait_until(lambda: recorder.snapshot().storage.usable, "a recorder that runs takes it", limit_s=10)
    recorder.kill_service()
    recorder.recordings.rename(recorder.recordings.with_name("second"))
    away.rename(recorder.recordings)
    assert storage()[0] == 1
    code, back = storage("--accept")
    assert (code, back["folder"], back["recorded_to"]) == (0, first["folder"], first["folder"])
