"""The report of a real recorder, as its owner asks for it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.harness import PASSWORD, Recorder, cameras, wait_until
from vmstui.codec import Json, from_json
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.live.simulated import SimulatedCameras
from vmstui.live_check import LiveCheck
from vmstui.model import CameraSnapshot, OutputState

ASKED = pytest.mark.xdist_group("of the recorder that is only asked for reports")


@pytest.fixture(scope="module")
def running(abilities: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """Two cameras, of which one has lost a worker, and segments of both; one recorder, of which tests only ask."""
    folder = tmp_path_factory.mktemp("report")
    recorder = Recorder(folder / "r", abilities[0])
    sources = cameras(abilities[1], folder / "cameras", 2)
    try:
        sources.start()
        record(recorder, sources)
        yield recorder
    finally:
        recorder.stop()
        sources.stop()


def record(recorder: Recorder, sources: SimulatedCameras) -> None:
    recorder.configure([("cam1", sources.url("cam1")), ("cam2", sources.url("cam2"))])
    recorder.start()
    for name in ("cam1", "cam2"):
        recorder.wait_recording(name)
        wait_until(partial(recorder.segments, name), f"a segment of {name}")
    pid = recorder.camera("cam1").pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    recorder.wait_recording("cam1", generation=2)
    for name in ("cam1", "cam2"):
        recorder.wait_for("a live stream", _is_live, name)
    assert recorder.command("verify", "--live").returncode == 0, "seen now, not while a worker was away"


def _is_live(camera: CameraSnapshot) -> bool:
    live = camera.output(OutputKind.LIVE)
    return live is not None and live.state is OutputState.UP


@ASKED
def test_a_report_is_written_from_what_was_measured_and_never_over_another_file(running: Recorder) -> None:
    out = running.folder / "report.md"
    made = running.command("report", "--since", "10m", "-o", str(out))
    assert made.returncode == 0, made.stderr
    assert "not whole" not in made.stderr
    said = out.read_text()
    for name in ("cam1", "cam2"):
        assert str(running.camera(name).pid) in said
        assert f"cameras/{name}/input.ffconcat" in said
    for heading in (
        "CPU usage and stability", "Processes and commands", "Comparison of layouts", "Verification",
        "CPU breakdown by stage", "Scalability", "Warnings", "Restarts, downtime and gaps",
    ):  # fmt: skip
        assert f"\n## {heading}\n" in said
    assert "\n## Stability over " in said
    assert re.search(r"2 of 2 cameras record\*\*", said)
    assert re.search(r"2 of 2 streams accessible\*\*", said)
    assert re.search(r"1 worker ended unasked\*\*", said)
    assert "SIGKILL" in said
    assert re.search(r"`rtsp://127.0.0.1:\d+/cam1`", said)
    for form in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe="")):
        assert form not in said

    again = running.command("report", "--since", "10m", "-o", str(out))
    assert again.returncode == 2
    assert "nothing is ever overwritten" in again.stderr
    assert out.read_text() == said


@ASKED
def test_a_report_goes_to_a_terminal_or_a_page_as_asked(running: Recorder) -> None:
    shown = running.command("report", "--since=10m", "-o", "-")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("# Report of the recorder on ")
    page = running.folder / "report.html"
    assert running.command("report", "--since", "-10m", "-o", str(page)).returncode == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert PASSWORD not in page.read_text()
    assert "</svg>" in page.read_text()


@ASKED
def test_a_live_stream_that_was_watched_is_not_watched_again_for_a_report(running: Recorder) -> None:
    asked: dict[str, Json] = {"camera": "cam2", "latest": True}
    before = call(running.socket, "live_check", asked)
    assert before is None or from_json(LiveCheck, before).camera == "cam2"
    seen = call(running.socket, "live_check", {"camera": "cam2"}, timeout_s=60)
    assert call(running.socket, "live_check", asked) == seen


@pytest.mark.parametrize("since", ["5s", "31d", "soon", "2099-01-01", "-"])
def test_a_time_that_cannot_be_meant_is_refused_with_what_is_accepted(recorder: Recorder, since: str) -> None:
    recorder.configure([])
    recorder.start()
    refused = recorder.command("report", f"--since={since}", "-o", "-")
    assert refused.returncode == 2
    assert f"found {since}" in refused.stderr or f"found '{since}'" in refused.stderr
    assert "accepted" in refused.stderr


def test_without_a_recorder_there_is_no_report_and_no_file(recorder: Recorder) -> None:
    recorder.configure([])
    out = recorder.folder / "report.md"
    refused = recorder.command("report", "-o", str(out))
    assert refused.returncode == 3
    assert "no recorder answers" in refused.stderr
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(recorder: Recorder) -> None:
    recorder.configure([])
    refused = recorder.command("report", "-o", str(recorder.folder / "nowhere" / "report.md"))
    assert refused.returncode == 2
    assert "there is no folder" in refused.stderr
