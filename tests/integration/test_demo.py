"""`vmstui demo` without a terminal: what it proves, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import av

from tests.integration.harness import REPOSITORY, wait_until


def start_demo(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vmstui", "demo", "--folder", str(tmp_path / "demo"), *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that have to do with a folder, our own apart."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                command = Path("/proc", entry, "cmdline").read_bytes()
                environment = Path("/proc", entry, "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in command + environment:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_the_demo_proves_recording_and_live_and_leaves_nothing(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--seconds", "12", "--json")
    output, errors = demo.communicate(timeout=150)
    assert demo.returncode == 0, output + errors
    result = json.loads(output)
    assert result["ok"] is True
    assert result["verdict"].startswith("PASS: 2 of 2 cameras")
    cameras = result["snapshot"]["cameras"]
    assert [camera["state"] for camera in cameras] == ["recording", "recording"]
    assert len({camera["pid"] for camera in cameras}) == 2
    assert all(len(camera["outputs"]) == 2 for camera in cameras)
    assert all(proof["playable_segments"] >= 1 and proof["live_frames"] >= 10 for proof in result["cameras"])
    segments = sorted((tmp_path / "demo" / "recordings").glob("Demo_*/*/*.mp4"))
    assert len(segments) >= 4
    for segment in segments:
        with av.open(str(segment)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 0
    assert processes_of(tmp_path) == []
    assert {entry.name for entry in tmp_path.iterdir()} <= {"demo", "home"}


def test_an_interrupted_demo_leaves_nothing_running(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "--seconds", "60", "--cameras", "1")
    wait_until(
        lambda: list((tmp_path / "demo").glob("recordings/.vmstui/spool/cam1/*/*.mp4")), "the demo records", limit_s=90
    )
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert processes_of(tmp_path) == []
