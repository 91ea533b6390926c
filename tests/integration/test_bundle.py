"""The archive for a bug report, made beside a real recorder."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable

from tests.integration.harness import PASSWORD, Recorder, kill_amid_segment
from tests.unit.test_bundle_masking import written
from vmstui.live.simulated import SimulatedCameras
from vmstui.recording import layout


def test_a_bundle_has_what_is_needed_and_no_password(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    recorder.environment["OTHER_TOKEN"] = "tok3n-0f-the-environment"
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    pid = recorder.wait_recording().pid
    assert pid is not None
    kill_amid_segment(pid, layout.generation_spool(recorder.recordings, "cam1", 1))
    present = recorder.wait_recording(generation=2).pid
    recorder.wait_catalogued()
    out = recorder.folder / "bundle.tar.gz"
    done = recorder.command("bundle", "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as archive:
        streams = {one.name.partition("/")[2]: archive.extractfile(one) for one in archive.getmembers()}
        files = {name: stream.read().decode() for name, stream in streams.items() if stream is not None}
    for name, content in files.items():
        for secret in (PASSWORD, "tok3n-0f-the-environment"):
            for writing, text in written(secret, "admin").items():
                assert text.strip() not in content, f"{writing} in {name}"
    assert f"cam1: process {present}\n" in files["processes.txt"]
    assert f"{recorder.folder}/state/cameras/cam1/input.ffconcat" in files["cameras/cam1/command.txt"]
    assert "signal 9" in files["cameras/cam1/events.txt"] or "SIGKILL" in files["cameras/cam1/events.txt"]
    assert '"codec": "h264"' in files["cameras/cam1/probe.txt"]
    assert json.loads(files["cameras/cam1/segments.json"])[0]["camera"] == "cam1"
    assert "ffmpeg version" in files["versions.txt"]
    assert "cameras/cam1/log.previous.txt" in files
    again = recorder.command("bundle", "-o", str(out))
    assert again.returncode == 2
    assert "nothing is ever overwritten" in again.stderr
