"""A GPU whose driver allows only so many sessions of its encoder: learnt from the refusal, told, kept, and forgotten.

There is no GPU here: `nvenc_ffmpeg.py` refuses in the real words, and encodes in software what it does not refuse.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.harness import REPOSITORY, Recorder, cameras, wait_until
from vmstui.control.call import call
from vmstui.ffmpeg.abilities import choose
from vmstui.model import EventKind

SCRIPT = REPOSITORY / "tests" / "faults" / "nvenc_ffmpeg.py"
NAMES = ("cam1", "cam2", "cam3")
HEAD = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  gpu:
    recording: {codec: h265, encoder: nvenc}
    live: {codec: h264, encoder: nvenc, size: 320x180, bitrate: 500k}
"""
REFUSALS = (
    "OpenEncodeSessionEx failed: out of memory (10): (no details)",
    "OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_the_limit_of_encoder_sessions_is_learnt_told_kept_and_forgotten(
    recorder: Recorder,
    abilities: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refusal: str,
) -> None:
    program, faults = tmp_path / "nvenc" / "ffmpeg", tmp_path / "faults"
    program.parent.mkdir()
    faults.mkdir()
    # By the interpreter itself, which reads no more than it needs: it comes before every ffmpeg that is started.
    program.write_text(f"#!{sys.executable} -IS\n{SCRIPT.read_text()}")
    program.chmod(0o755)
    monkeypatch.setenv("REAL_FFMPEG", abilities[1])
    cache = recorder.folder / "state" / "cache"
    # On a busy machine a trial may take longer than is waited for.
    wait_until(lambda: {"h264_nvenc", "hevc_nvenc"} <= choose(str(program), cache).encoders, "NVENC is seen working")
    (faults / "sessions").write_text("4")
    (faults / "refusal").write_text(refusal)
    recorder.environment |= {"FAULTS": str(faults), "REAL_FFMPEG": abilities[1]}
    with cameras(abilities[1], tmp_path / "cameras", 3) as sources:
        recorder.configure([(name, sources.url(name)) for name in NAMES[:2]], "gpu", HEAD)
        use(recorder, program)
        recorder.start()
        for name in NAMES[:2]:
            assert recorder.wait_recording(name).fallback == ""
        recorder.configure([(name, sources.url(name)) for name in NAMES], "gpu", HEAD)
        use(recorder, program)
        call(recorder.socket, "reload")
        recorder.wait_for("recorded in software", lambda one: one.state == "recording" and one.fallback, "cam3")
        limit = wait_until(lambda: recorder.snapshot().session_limit, "the limit is known", recorder._explain)
        assert (limit.sessions, limit.text.endswith(refusal)) == (4, True)
        events = [event for event in recorder.details("cam3").events if event.kind is EventKind.FALLBACK]
        learnt = next(event for event in events if event.rule == "limit of encoder sessions")
        assert learnt.text == "the GPU's encoder refused a session: it allows 4 at a time"
        assert learnt.measured.endswith(refusal)
        assert any("the GPU's encoder allows 4 sessions" in line for line in recorder.log(None))

        recorder.kill_service()
        recorder.start()
        for name in NAMES:
            recorder.wait_recording(name)
        assert recorder.snapshot().session_limit == limit, "it outlives the service"
        resources = wait_until(lambda: capacity(recorder), "something is measured", recorder._explain)
        (sessions,) = (one for one in resources if one["resource"] == "encoder sessions")
        assert sessions["limit"] == 4
        assert "when the encoder refused one more" in sessions["why"]

        (faults / "sessions").write_text("99")  # another driver, or another card
        call(recorder.socket, "restart", {"cameras": ["cam3"]})
        wait_until(lambda: recorder.snapshot().session_limit is None, "it is forgotten", recorder._explain, 90)
        assert any("6 sessions are in use" in line for line in recorder.log(None))


def use(recorder: Recorder, program: Path) -> None:
    recorder.config.write_text(recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {program}"))


def capacity(recorder: Recorder) -> list[dict[str, object]]:
    """Nothing while no camera has been recorded for long enough."""
    told = json.loads(recorder.command("capacity", "--json").stdout)
    return list(told.get("costs", []))
