"""`vmstui bench` as a person runs it: real cameras, real workers, and nothing of it left afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import PATIENCE_S, Recorder, alive, wait_until
from vmstui.bench.janitor import PREFIX
from vmstui.bench.kept import last
from vmstui.bench.words import Layout
from vmstui.cli.bench import GIVING_WAY
from vmstui.live.simulated import SimulatedCameras

TINY = ("--simulated", "1", "--size", "160x90", "--fps", "10", "--seconds", "3")
MARK = "VMSTUI_TEST_BENCH"
LIMIT_S = 600
"""A process may take `START_LIMIT_S` for its start on a full machine, and there are several in a row."""
pytestmark = pytest.mark.timeout(LIMIT_S)


@pytest.fixture
def temporary(recorder: Recorder) -> Iterator[Path]:
    """Where everything of the bench lies; its processes carry it in their environment."""
    folder = recorder.folder / "tmp"
    folder.mkdir()
    yield folder
    for pid in marked(folder):
        os.kill(pid, signal.SIGKILL)


def environment(recorder: Recorder, temporary: Path) -> dict[str, str]:
    """Of the bench alone: a recorder that runs beside it is none of its processes."""
    return recorder.environment | {"TMPDIR": str(temporary), MARK: str(temporary)}


def bench(recorder: Recorder, temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vmstui", "bench", *arguments],
        env=environment(recorder, temporary),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S - 60,
        check=False,
    )


def marked(folder: Path) -> list[int]:
    """Live processes of this bench."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                environment = Path("/proc", entry, "environ").read_bytes()
            except OSError:
                continue
            if f"{MARK}={folder}\0".encode() in environment and alive(int(entry)):
                found.append(int(entry))
    return found


def names(pids: list[int]) -> list[str]:
    found = []
    for pid in pids:
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def giving_way() -> int:
    """Niceness of every process that is measured, also without a recorder."""
    return min(os.getpriority(os.PRIO_PROCESS, 0) + GIVING_WAY, 19)


def niceness(pids: list[int], mark: str) -> list[int]:
    """Of those whose command holds this mark."""
    found = []
    for pid in pids:
        try:
            if mark.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(os.getpriority(os.PRIO_PROCESS, pid))
        except OSError:
            continue
    return found


def nothing_is_left(folder: Path) -> None:
    wait_until(lambda: not marked(folder), "every process has ended", lambda: "\n".join(names(marked(folder))))
    wait_until(lambda: not list(folder.glob(f"{PREFIX}*")), "the temporary folder is gone")


def test_two_rounds_of_a_tiny_bench_are_measured_kept_and_leave_nothing_behind(
    recorder: Recorder, temporary: Path
) -> None:
    recorder.environment["VMSTUI_CONFIG"] = str(recorder.folder / "none.yaml")
    done = bench(recorder, temporary, *TINY, "--rounds", "2", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    *progress, final = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(0 <= line["progress"]["share"] <= 1 for line in progress)
    found = last(recorder.folder / "state")
    assert found is not None
    assert final["result"]["layouts"] == json.loads((recorder.folder / "state" / "bench.json").read_text())["layouts"]
    assert [one.processes for one in found.layouts if one.layout.separate] == [2] * sum(
        one.layout.separate for one in found.layouts
    )
    single, copy = found.layout(Layout.SINGLE), found.layout(Layout.SINGLE_COPY)
    assert single is not None
    assert copy is not None
    assert (single.processes, copy.processes) == (1, 1)
    assert copy.encoders == "copy + copy"
    assert copy.cpu_percent < single.cpu_percent
    assert sorted((turn.round, turn.layout) for turn in found.turns) == sorted(
        (number, one.layout) for number in (1, 2) for one in found.layouts
    )
    assert all(turn.elapsed_s >= 3 and turn.cpu_s > 0 and turn.rss_bytes > 0 for turn in found.turns)
    nothing_is_left(temporary)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_bench_that_is_ended_takes_everything_with_it(
    recorder: Recorder, temporary: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "vmstui", "bench", *TINY, "--rounds", "50"],
        env=environment(recorder, temporary) | {"VMSTUI_CONFIG": str(recorder.folder / "none.yaml")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Whoever runs the tests in the background of a shell has it ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_until(
            lambda: any("spool/%06d.mp4" in line for line in names(marked(temporary))),
            "a layout is being measured",
            limit_s=LIMIT_S / 2,
        )
        assert list(temporary.glob(f"{PREFIX}*"))
        assert [one for one in niceness(marked(temporary), "spool/%06d.mp4") if one < giving_way()] == []
        process.send_signal(number)
        code = process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    nothing_is_left(temporary)
    assert last(recorder.folder / "state") is None


def test_beside_a_recorder_it_refuses_what_could_endanger_recordings_and_touches_no_footage(
    recorder: Recorder, temporary: Path, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(1, connections=1)
    head = "retention: {min_free: 16M}\nlive: {listen: '127.0.0.1:0'}\ncapacity: {cpu_budget: 1%}"
    recorder.configure([("cam1", sources.url("cam1"))], head=head)
    recorder.start()
    before = recorder.wait_recording()

    tight = bench(recorder, temporary, *TINY, "--rounds", "1", "--json")
    assert tight.returncode == 1, tight.stderr + tight.stdout
    *progress, final = [json.loads(line) for line in tight.stdout.splitlines()]
    assert all(list(line) == ["progress"] for line in progress)
    # Which reason comes first depends on what else the machine does: the budget, its load, a recording that suffers.
    assert list(final) == ["refused"]
    assert final["refused"]
    assert all(final["refused"])
    assert recorder.camera().pid == before.pid
    nothing_is_left(temporary)
    assert last(recorder.folder / "state") is None


def test_beside_a_recorder_that_hangs_nothing_is_measured(recorder: Recorder, temporary: Path) -> None:
    recorder.configure([])
    pid = recorder.start()
    os.kill(pid, signal.SIGSTOP)
    try:
        refused = bench(recorder, temporary, *TINY, "--rounds", "1", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert refused.returncode == 1
    [reason] = json.loads(refused.stdout)["refused"]
    assert "does not answer within" in reason
    assert reason.endswith("whether recordings suffer could not be seen")
    nothing_is_left(temporary)


def test_own_cameras_are_measured_over_one_connection_each_and_nothing_is_recorded(
    recorder: Recorder, temporary: Path, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(1, size=(160, 90), connections=1)
    recorder.configure([("cam1", sources.url("cam1"))])
    done = bench(recorder, temporary, "cam1", "--rounds", "1", "--seconds", "3", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    found: Any = json.loads(done.stdout.splitlines()[-1])["result"]
    assert [source["camera"] for source in found["sources"]] == ["cam1"]
    assert found["setting"]["simulated"] is False
    assert not recorder.recordings.exists(), "a bench makes no recordings"
    nothing_is_left(temporary)


def test_a_camera_that_serves_one_connection_is_not_asked_for_a_second_while_it_is_recorded(
    recorder: Recorder, temporary: Path, simulated: Callable[..., SimulatedCameras]
) -> None:
    sources = simulated(1, connections=1)
    recorder.configure([("cam1", sources.url("cam1"))])
    recorder.start()
    before = recorder.wait_recording()
    recorder.command("restart", "cam1", "--wait")
    wait_until(lambda: not recorder.camera().seamless, "it is known that it serves one connection")
    after = recorder.wait_recording(generation=before.generation + 1)
    refused = bench(recorder, temporary, "cam1", "--rounds", "1", "--json")
    assert refused.returncode == 1
    assert "second connection" in json.loads(refused.stdout)["refused"][0]
    assert recorder.camera().pid == after.pid
    nothing_is_left(temporary)
