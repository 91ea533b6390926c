"""The recorder as a systemd service, under a real systemd: what systemd does to the service never ends a recording."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from tests.integration.harness import REPOSITORY, Recorder, read_json, wait_until
from tests.integration.private_systemd import PrivateSystemd
from vmstui.live.simulated import SimulatedCameras

MakeCameras = Callable[..., SimulatedCameras]
UNIT = "vmstui.service"
WATCHDOG_S = 6


@pytest.fixture
def systemd(tmp_path: Path, recorder: Recorder) -> Iterator[PrivateSystemd]:
    """A running systemd that has the shipped unit, made to start this very recorder."""
    made = PrivateSystemd(tmp_path / "s")
    try:
        made.start()
        install(made, recorder)
        yield made
    finally:
        try:
            made.stop()
        finally:
            recorder.stop()  # before `close`: what is left still runs in its cgroups
            made.close()


def install(systemd: PrivateSystemd, recorder: Recorder, *settings: str) -> None:
    """As a person does, with a drop-in for what only a test needs."""
    (systemd.units / UNIT).write_text(recorder.command("systemd-unit").stdout)
    lines = [
        "[Service]",
        f"Environment=PYTHONPATH={REPOSITORY}",
        f"StandardError=append:{recorder.folder / 'service.log'}",
        f"WatchdogSec={WATCHDOG_S}s",
        f"ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT >>{recorder.folder / 'ends'}'",
        *settings,
    ]
    drop_in = systemd.units / f"{UNIT}.d" / "test.conf"
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text("\n".join(lines) + "\n")
    assert systemd.systemctl("daemon-reload").returncode == 0


def started(systemd: PrivateSystemd, recorder: Recorder) -> int:
    """Start or restart the unit; gives the pid of the service."""
    done = systemd.systemctl("restart", UNIT)
    assert done.returncode == 0, f"{done.stderr}\n{(recorder.folder / 'service.log').read_text()}"
    return int(systemd.show(UNIT, "MainPID"))


def record(systemd: PrivateSystemd, recorder: Recorder, make: MakeCameras, count: int = 1) -> int:
    """Have the unit record simulated cameras; gives the pid of the service."""
    sources = make(count)
    names = [f"cam{number}" for number in range(1, count + 1)]
    recorder.configure([(name, sources.url(name)) for name in names])
    service = started(systemd, recorder)
    for name in names:
        recorder.wait_recording(name)
    return service


def test_restart_freeze_and_stop_of_the_service_leave_its_worker_alone(
    systemd: PrivateSystemd, recorder: Recorder, simulated: MakeCameras
) -> None:
    first = record(systemd, recorder, simulated)
    worker, spool = recorder.camera().pid, Path(recorder.details().spool_path)
    assert worker is not None
    environment = Path(f"/proc/{worker}/environ").read_bytes()
    assert b"NOTIFY_SOCKET=" not in environment
    assert b"WATCHDOG_USEC=" not in environment
    limits = Path(f"/proc/{worker}/limits").read_text()
    assert next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3] == "1024"

    second = started(systemd, recorder)
    assert second != first
    assert recorder.camera().pid == worker  # at once: ready means adopted
    wait_until(lambda: systemd.show(UNIT, "StatusText") == "1 of 1 cameras recording", "the unit tells its status")

    time.sleep(WATCHDOG_S + 1)  # nothing to wait for: that systemd does *not* replace a service that is well
    assert systemd.show(UNIT, "NRestarts") == "0"
    os.kill(second, signal.SIGSTOP)
    third = wait_until(lambda: other_service(systemd, second), "the watchdog has the service replaced")
    wait_until(lambda: systemd.show(UNIT, "ActiveState") == "active", "the new one is ready")
    assert recorder.camera().pid == worker
    assert (recorder.folder / "ends").read_text().split() == ["success", "watchdog"]
    assert "Fatal Python error: Aborted" in (recorder.folder / "service.log").read_text()  # and where it was

    assert systemd.systemctl("stop", UNIT).returncode == 0
    assert other_service(systemd, third) is None
    size = total_size(spool)
    wait_until(lambda: total_size(spool) > size, "the worker records on without a service")
    started(systemd, recorder)
    after = recorder.camera()
    assert (after.pid, after.restarts) == (worker, 0)
    assert recorder.snapshot().warnings == ()


def test_down_is_final_and_shutdown_of_the_system_finalises_every_file(
    systemd: PrivateSystemd, recorder: Recorder, simulated: MakeCameras
) -> None:
    record(systemd, recorder, simulated, count=2)
    down = recorder.command("down")
    assert down.returncode == 0, down.stderr
    wait_until(lambda: systemd.show(UNIT, "SubState") == "dead", "the unit is at rest, not about to start again")
    assert systemd.show(UNIT, "Result") == "success"
    assert recorder.left_running() == []

    started(systemd, recorder)
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name, generation=2)
    systemd.stop()
    assert recorder.left_running() == []
    assert list(recorder.recordings.glob(".vmstui/spool/*/*/*.mp4")) == []
    assert not (recorder.recordings / ".vmstui" / "quarantine").exists()
    for name in ("cam1", "cam2"):
        files = sorted((recorder.recordings / name).glob("*/*.mp4"))
        assert len(files) >= 2
        for file in files:
            with av.open(str(file)) as container:
                assert sum(packet.size > 0 for packet in container.demux(video=0)) > 0
        history = (recorder.folder / "state" / "cameras" / name / "segments.jsonl").read_text().splitlines()
        assert [read_json(line)["verdict"] for line in history] == ["good"] * len(files)


def test_a_unit_that_would_end_recordings_is_named_at_start(systemd: PrivateSystemd, recorder: Recorder) -> None:
    recorder.configure([])
    install(systemd, recorder, "KillMode=control-group", "OOMPolicy=kill", "TasksMax=50")
    started(systemd, recorder)
    warnings = wait_until(lambda: recorder.snapshot().warnings, "the recorder warns")
    found = [f"{UNIT}: found {setting}, accepted" for setting in ("KillMode=control-group", "OOMPolicy=kill")]
    assert [warning[: len(text)] for warning, text in zip(warnings, found, strict=False)] == found
    assert "TasksMax=50" in warnings[2]
    assert set(warnings) <= set(recorder.log(None))
    assert warnings[0] in (recorder.folder / "service.log").read_text()


@pytest.mark.parametrize("of", ["--system", "--user"])
def test_systemd_understands_every_line_of_the_shipped_unit(of: str, tmp_path: Path, recorder: Recorder) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT
    unit.write_text(recorder.command("systemd-unit").stdout)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    said = subprocess.run(
        ["systemd-analyze", of, "verify", str(unit)], env=environment, capture_output=True, text=True, check=False
    )
    assert (said.returncode, [line for line in said.stderr.splitlines() if UNIT in line]) == (0, [])


def other_service(systemd: PrivateSystemd, than: int) -> int | None:
    """The pid of the service, if it is another one."""
    pid = int(systemd.show(UNIT, "MainPID"))
    return pid if pid not in (0, than) else None


def total_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.mp4"))
