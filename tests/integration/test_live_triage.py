"""What workers of a real recorder write becomes findings, and these outlive whatever happens to the service."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.integration.harness import Recorder, wait_until
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.findings import Acknowledgement, ExplainedFinding, FindingsPage, Origin, Severity
from vmstui.live.simulated import SimulatedCameras
from vmstui.logged import LogPage
from vmstui.model import EventKind

MISSED = b"[rtsp @ 0x55d0c8f0a2c0] [warning] RTP: missed 3 packets\n"


def page(recorder: Recorder, camera: str | None = "cam1") -> FindingsPage:
    return from_json(FindingsPage, call(recorder.socket, "findings", {"camera": camera}))


def row(recorder: Recorder, fingerprint: str) -> ExplainedFinding | None:
    return next((one for one in page(recorder).rows if one.finding.fingerprint == fingerprint), None)


def acknowledge(recorder: Recorder, **params: object) -> Acknowledgement:
    said = {"camera": "cam1", "fingerprint": "packets_missed", "by": "ops", **params}
    return from_json(Acknowledgement, call(recorder.socket, "acknowledge", said))  # type: ignore[arg-type]


def test_findings_of_a_live_server_that_dies_and_what_is_said_of_them_outlive_a_killed_service(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    recorder.hurry({"vmstui.triage.flow.LIVE_STEADY_S": 3})
    recorder.configure([("cam1", simulated().url("cam1"))])
    recorder.start()
    pid = recorder.wait_recording().pid
    relay = wait_until(lambda: recorder.snapshot().relay.pid, "the relay runs")
    wait_until(lambda: recorder.camera().outputs[1].state == "up", "the live stream is up", limit_s=30)
    os.kill(relay, signal.SIGKILL)

    def of_live() -> ExplainedFinding | None:
        live = [one for one in page(recorder).rows if one.finding.fingerprint == "connection_refused"]
        assert all(one.finding.origin is Origin.LIVE for one in live)
        return live[0] if live else None

    found: ExplainedFinding = wait_until(of_live, "a finding about the live stream", lambda: str(recorder.log()))
    assert found.finding.count > 0
    assert found.cause
    assert found.action

    with open(f"/proc/{pid}/fd/2", "ab", buffering=0) as stderr:  # as the worker itself would
        stderr.write(MISSED * 500)
        wait_until(lambda: (one := row(recorder, "packets_missed")) and one.finding.count == 500, "they are counted")
        assert recorder.camera().severity is not None
        said = acknowledge(recorder, for_s=3600.0, ceiling_per_min=1e6, note="a cable \x1b]0;x\x07 that \u202eis bad")
        assert (said.note, said.by) == ("a cable  that is bad", "ops")
        recorder.kill_service()
        stderr.write(MISSED * 70)
        recorder.start()
        wait_until(
            lambda: (one := row(recorder, "packets_missed")) and one.finding.count >= 570,
            "no line is left out",
            lambda: str(page(recorder)),
        )
        stderr.write(MISSED)
    wait_until(lambda: (one := row(recorder, "packets_missed")) and one.finding.count >= 571, "it goes on")
    after = row(recorder, "packets_missed")
    assert after is not None
    assert (after.finding.count, after.acknowledgement, after.is_quiet) == (571, said, True)
    assert any(one.finding.origin is Origin.LIVE for one in page(recorder).rows)
    assert recorder.camera().pid == pid

    logs = {"camera": "cam1", "limit": 2000, "explain": True}
    lines = from_json(LogPage, call(recorder.socket, "logs", logs)).lines  # type: ignore[arg-type]
    assert {line.message: line.severity for line in lines}["packets_missed"] is Severity.BENIGN
    wait_until(lambda: (one := of_live()) and not one.active, "the live server is back", lambda: str(page(recorder)))
    assert recorder.camera().severity in (Severity.BENIGN, Severity.INFO, None)
    with pytest.raises(RecorderError, match="there is no finding 'nonsense' on cam1"):
        acknowledge(recorder, fingerprint="nonsense")
    gone = from_json(Acknowledgement, call(recorder.socket, "unacknowledge", {"id": said.id, "by": "ops"}))
    assert gone == said
    assert not page(recorder).acknowledgements
    told = [event.text for event in recorder.details().events if event.kind is EventKind.COMMAND]
    assert any("'packets_missed' acknowledged by ops until" in text and "is bad" in text for text in told)
    assert any(f"acknowledgement {said.id} of 'packets_missed' taken back by ops" in text for text in told)
