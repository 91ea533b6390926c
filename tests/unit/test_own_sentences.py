"""Promise: the masker leaves our own sentences whole. A reason with `***` in it tells nobody what to do."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from vmstui.ffmpeg.exits import _CAUSE_TABLE, explain_exit
from vmstui.ffmpeg.loglines import parse_line
from vmstui.live import client
from vmstui.live.messages import ProtocolError, Response
from vmstui.triage.masking import Masker

MASKER = Masker(["hunter2"])
ADDRESS = client.parse_address("rtsp://camera.example:554/x", "admin", "hunter2")


def test_the_reason_of_a_refused_password_shows_what_the_camera_answered() -> None:
    lines = [
        "[rtsp @ 0x1] [error] method DESCRIBE failed: 401 (Unauthorized)",
        "[fatal] Error opening input files: Server returned 401 Unauthorized (authorization failed)",
    ]
    cause = explain_exit(8, None, [parse_line(line) for line in lines], 9, asked=False)
    assert (
        MASKER.mask(cause.text) == "user or password refused by the camera: method DESCRIBE failed: 401 (Unauthorized)"
    )


@pytest.mark.parametrize("sentence", [sentence for _, sentence, _ in _CAUSE_TABLE])
def test_no_cause_of_an_exit_is_taken_for_a_password(sentence: str) -> None:
    reason = f"{sentence}: what ffmpeg wrote"
    assert MASKER.mask(reason) == reason


def probe_errors() -> list[client.ProbeError]:
    refusals = [
        client.refusal(Response(status, reason="Reason"), ADDRESS, answered)
        for status in (401, 403, 404, 453, 500, 503)
        for answered in (True, False)
    ]
    tls = ssl.SSLError(1, "what is wrong")
    tls.reason = "WRONG_VERSION_NUMBER"
    failures: list[TimeoutError | OSError | ProtocolError] = [
        ProtocolError("what is wrong"),
        tls,
        socket.gaierror(socket.EAI_NONAME, "what is wrong"),
        ConnectionRefusedError(errno.ECONNREFUSED, "what is wrong"),
        TimeoutError(),
        ConnectionResetError(errno.ECONNRESET, "what is wrong"),
        OSError(errno.EHOSTUNREACH, "what is wrong"),
    ]
    return refusals + [client.probe_error(error, ADDRESS.where, 5) for error in failures]


@pytest.mark.parametrize("error", probe_errors(), ids=str)
def test_no_reason_of_a_failed_probe_is_taken_for_a_password(error: client.ProbeError) -> None:
    assert MASKER.mask(str(error)) == str(error)
    assert MASKER.mask(f"{error}: more") == f"{error}: more"
