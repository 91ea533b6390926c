"""What ends of workers have in common, in keys and words."""

from __future__ import annotations

import pytest

from vmstui.ffmpeg.exits import ExitKind
from vmstui.findings import Origin, Severity
from vmstui.recorder.common_ends import DISK, FFMPEG, LIVE_SERVER, kind_of_start, of_end, of_hold, of_message
from vmstui.recorder.policy import Retry
from vmstui.triage.incidents import Common
from vmstui.triage.messages_file import shipped_messages

REFUSED = "10.0.0.5:554 refused the connection: nothing listens there"


@pytest.mark.parametrize("kind", ExitKind)
def test_every_kind_of_end_has_a_key_and_words_wherever_the_camera_is(kind: ExitKind) -> None:
    for host in ("10.0.0.5", "", None):
        key, what = of_end(kind, "it went wrong: somehow", host)
        assert key.startswith("exit:")
        assert what.text
        assert "somehow" not in what.text
        assert what.action


@pytest.mark.parametrize("retry", Retry)
def test_every_class_of_failed_start_is_a_kind_of_end(retry: Retry) -> None:
    assert kind_of_start(ExitKind.UNKNOWN, retry) in ExitKind
    assert kind_of_start(ExitKind.AUTH, retry) is ExitKind.AUTH


def test_where_a_server_is_gone_all_that_follows_from_it_has_one_key() -> None:
    ends = ((ExitKind.CLOSED, "x"), (ExitKind.NETWORK, REFUSED), (ExitKind.BUSY, "x"), (ExitKind.NOT_FOUND, "x"))
    assert len({of_end(kind, text, "10.0.0.5")[0] for kind, text in ends}) == 1
    assert of_end(ExitKind.NETWORK, REFUSED, "10.0.0.5")[0] != of_end(ExitKind.NETWORK, REFUSED, "10.0.0.6")[0]
    assert of_end(ExitKind.AUTH, "x", "10.0.0.5")[0] != of_end(ExitKind.NETWORK, "x", "10.0.0.5")[0]


def test_it_is_said_where() -> None:
    assert of_end(ExitKind.NETWORK, REFUSED, "10.0.0.5")[1].text == "nothing answers at 10.0.0.5"
    assert of_end(ExitKind.NETWORK, REFUSED, "")[1].text == "the RTSP server on this host refused"
    assert of_end(ExitKind.NETWORK, "timed out", "10.0.0.5")[1].text == "there is no connection to 10.0.0.5"
    assert of_end(ExitKind.NETWORK, "timed out", None)[1].text == "there is no connection to the cameras"


def test_for_a_server_on_this_machine_nobody_is_sent_to_look_at_its_power() -> None:
    assert "power" in of_end(ExitKind.NETWORK, REFUSED, "10.0.0.5")[1].action
    assert "ss -ltnp" in of_end(ExitKind.NETWORK, REFUSED, "")[1].action
    assert "password" in of_end(ExitKind.AUTH, "x", "")[1].action


def test_of_a_live_server_that_is_gone_all_messages_have_one_key_and_no_camera_is_suspected() -> None:
    said = Common("Nothing listens on the port.", "check that RTSP is on", Severity.CRITICAL)
    messages = shipped_messages()
    found = [
        of_message(messages[name], Origin.LIVE, said)
        for name in ("connection_refused", "rtsp_closed", "live_queue_full")
    ]
    assert {key for key, _ in found} == {LIVE_SERVER}
    assert {what.action for _, what in found} != {said.action}
    assert all("live server" in what.text and what.severity is Severity.CRITICAL for _, what in found)
    key, what = of_message(messages["connection_refused"], Origin.INPUT, said)
    assert (key, what.text, what.action) == ("connection_refused", "Nothing listens on the port", said.action)


def test_the_live_server_is_blamed_for_nothing_that_a_camera_or_an_encoder_says() -> None:
    said = Common("It broke off.", "see to it", Severity.DEGRADED)
    messages = shipped_messages()
    for name, origin in (
        ("connection_reset", Origin.INPUT),
        ("rtsp_closed", Origin.INPUT),
        ("rtsp_closed", Origin.PROCESS),
        ("dts_not_monotonic", Origin.LIVE),
        ("nvenc_no_session", Origin.LIVE),
    ):
        assert of_message(messages[name], origin, said)[0] == name


def test_a_hold_and_the_ends_before_it_have_one_key() -> None:
    assert of_end(ExitKind.DISK, "the recording cannot be written: No space left on device", "h")[0] == DISK
    assert of_hold("the disk is full", is_disk=True)[0] == DISK
    assert of_hold("no usable ffmpeg", is_disk=False)[0] == FFMPEG


def test_what_the_machine_does_is_told_apart_by_how_it_went() -> None:
    first, what = of_end(ExitKind.ENCODER, "the GPU driver is missing: Cannot load libcuda.so.1", "10.0.0.5")
    assert what.text == "the GPU driver is missing"
    assert first == of_end(ExitKind.ENCODER, "the GPU driver is missing: Cannot load libcuda.so.1", "")[0]
    assert first != of_end(ExitKind.ENCODER, "the GPU is out of memory: x", "10.0.0.5")[0]
