"""Cameras that refuse, vanish and lose what they send, and what the triage makes of what real ffmpegs say of them: the
expected severity, and no error that nobody knows."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require, unavailable
from tests.triage.provoke import (
    BENIGN,
    CRITICAL,
    DEGRADED,
    NULL,
    SEGMENTS,
    X264,
    X265,
    answering,
    expect,
    findings,
    unknown,
)
from tests.triage.rtp_camera import RtpCamera, Stream, after, encoded
from vmstui.findings import Severity

TCP, UDP = ("-rtsp_transport", "tcp"), ("-rtsp_transport", "udp")


@pytest.fixture
def nowhere() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Streams(NamedTuple):
    """What the cameras send."""

    h264: Stream
    larger: Stream
    h265: Stream


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    folder = tmp_path_factory.mktemp("streams")
    return Streams(
        encoded(folder, *X264, "-g", "10"),
        encoded(folder, *X264, "-g", "10", size="480x270"),
        encoded(folder, *X265, "-g", "10"),
    )


@pytest.mark.parametrize(
    ("status", "message", "severity"),
    [
        ("401 Unauthorized", "rtsp_unauthorized", CRITICAL),
        ("403 Forbidden", "rtsp_unauthorized", CRITICAL),
        ("404 Not Found", "rtsp_not_found", CRITICAL),
        ("453 Not Enough Bandwidth", "rtsp_busy", DEGRADED),
        ("454 Session Not Found", "rtsp_refused", CRITICAL),
        ("461 Unsupported transport", "rtsp_transport_refused", CRITICAL),
        ("500 Internal Server Error", "rtsp_refused", CRITICAL),
        ("503 Service Unavailable", "rtsp_busy", DEGRADED),
    ],
)
def test_what_a_camera_refuses_is_told(
    ffmpeg: str, tmp_path: Path, status: str, message: str, severity: Severity
) -> None:
    with answering(f"RTSP/1.0 {status}\r\nCSeq: %\r\n\r\n") as port:
        url = f"rtsp://admin:hunter2@127.0.0.1:{port}/x"
        expect(findings(ffmpeg, tmp_path, *TCP, "-i", url, *NULL), message, severity)


def test_a_camera_that_says_nothing_is_told(ffmpeg: str, tmp_path: Path) -> None:
    with answering("") as port:
        arguments = (*TCP, "-timeout", "500000", "-i", f"rtsp://admin:hunter2@127.0.0.1:{port}/x")
        expect(findings(ffmpeg, tmp_path, *arguments, *NULL), "invalid_data", DEGRADED)


def test_a_camera_that_is_gone_is_told(ffmpeg: str, tmp_path: Path, nowhere: int) -> None:
    url = f"rtsp://admin:hunter2@127.0.0.1:{nowhere}/x"
    expect(findings(ffmpeg, tmp_path, "-i", url, *NULL), "connection_refused", DEGRADED)
    (tmp_path / "in.ffconcat").write_text(f"ffconcat version 1.0\nfile '{url}'\n")
    script = ("-protocol_whitelist", "file,rtsp,tcp", "-safe", "0", "-f", "concat", "-i", "in.ffconcat")
    expect(findings(ffmpeg, tmp_path, *script, *NULL), "connection_refused", DEGRADED)


def test_a_name_that_nobody_knows_is_told(ffmpeg: str, tmp_path: Path) -> None:
    found = findings(ffmpeg, tmp_path, "-i", "rtsp://camera.invalid/x", *NULL)
    expect(found, "name_not_resolved", CRITICAL)
    assert "disk_error" not in {finding.message for finding in found}


def test_an_address_that_is_none_is_told(ffmpeg: str, tmp_path: Path) -> None:
    expect(findings(ffmpeg, tmp_path, "-i", "rtspx://admin:hunter2@h/x", *NULL), "bad_address", CRITICAL)


@pytest.mark.parametrize(
    ("route", "message", "severity"),
    [
        ("true", "network_unreachable", CRITICAL),
        ("ip link set lo up && ip route add unreachable 192.0.2.0/24", "no_route", DEGRADED),
    ],
)
def test_a_network_without_a_way_to_the_camera_is_told(
    ffmpeg: str, tmp_path: Path, route: str, message: str, severity: Severity
) -> None:
    require("ip", "unshare")
    inside = ("unshare", "-n", "--", "sh", "-c", f'{route}; exec "$@"', "sh")
    allowed = subprocess.run([*inside, "true"], capture_output=True, text=True, check=False)
    if allowed.returncode != 0:
        unavailable(f"a network of its own is not allowed here: {allowed.stderr.strip()}")
    found = findings(ffmpeg, tmp_path, *TCP, "-i", "rtsp://admin:hunter2@192.0.2.1/x", *NULL, inside=inside)
    expect(found, message, severity)


def test_packets_that_never_come_are_counted(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    """Over UDP every third is lost, more than fifty in a minute."""
    some = [packet for number, packet in enumerate(streams.h264.packets) if number % 3 != 2]
    with RtpCamera(streams.h264.sdp, some, end="goes on") as camera:
        found = findings(ffmpeg, tmp_path, *UDP, "-t", "3", "-i", camera.url, *NULL, timed=True)
    expect(found, "packets_missed", DEGRADED, may_be_new=True)  # of what is left, decoders say hundreds of things
    missed = next(finding for finding in found if finding.message == "packets_missed")
    assert missed.numbers["missed"] >= 1
    assert {finding.message for finding in found} >= {"reorder_wait", "corrupt_frame"}


def test_a_packet_that_comes_after_its_turn_is_told(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    packets = list(streams.h264.packets)
    packets.insert(60, packets.pop(20))
    with RtpCamera(streams.h264.sdp, packets, end="goes on") as camera:
        arguments = (*UDP, "-reorder_queue_size", "4", "-t", "3", "-i", camera.url)
        found = findings(ffmpeg, tmp_path, *arguments, *NULL)
    expect(found, "packet_too_late", BENIGN, may_be_new=True)
    expect(found, "jitter_buffer_full", BENIGN, may_be_new=True)


def test_a_camera_that_turns_to_another_codec_is_told(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    """It goes on over the same connection; a well-behaved one would begin a new one."""
    with RtpCamera(streams.h264.sdp, after(streams.h264.packets, streams.h265.packets), end="closed") as camera:
        found = findings(ffmpeg, tmp_path, *TCP, "-i", camera.url, *NULL, timed=True)
        expect(found, "packet_not_decoded", DEGRADED)
        copied = findings(ffmpeg, tmp_path, *TCP, "-i", camera.url, *SEGMENTS, "%03d.mp4", timed=True)
        expect(copied, "nal_unit_odd", BENIGN)
    with RtpCamera(streams.h265.sdp, after(streams.h265.packets, streams.h264.packets), end="closed") as camera:
        found = findings(ffmpeg, tmp_path, *TCP, "-i", camera.url, *NULL, timed=True)
        expect(found, "packet_malformed", DEGRADED)


def test_a_camera_that_turns_to_another_size_is_no_error(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    """ffmpeg scales to the size of the beginning, and what is copied carries the new size: neither says a word."""
    with RtpCamera(streams.h264.sdp, after(streams.h264.packets, streams.larger.packets), end="closed") as camera:
        for output in ((*X264, "x.mp4"), (*SEGMENTS, "%03d.mp4")):
            found = findings(ffmpeg, tmp_path, *TCP, "-i", camera.url, *output)
            assert unknown(found) == []
            assert {finding.message for finding in found} <= {"rtsp_closed", "dts_not_monotonic", "timestamps_unset"}


@pytest.mark.parametrize(("end", "message"), [("reset", "connection_reset"), ("closed", "rtsp_closed")])
def test_a_connection_that_ends_in_mid_stream_is_told(
    ffmpeg: str, tmp_path: Path, streams: Streams, end: str, message: str
) -> None:
    with RtpCamera(streams.h264.sdp, streams.h264.packets, end="reset" if end == "reset" else "closed") as camera:
        found = findings(ffmpeg, tmp_path, *TCP, "-i", camera.url, *NULL)
    if ffmpeg == EMBEDDED_FFMPEG:
        expect(found, message, DEGRADED)
    else:  # 5.1 takes it for the end of the stream; what was on its way is lost with the connection
        assert unknown(found) == []
        assert message not in {finding.message for finding in found}


def test_a_camera_that_falls_silent_is_told(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    with RtpCamera(streams.h264.sdp, streams.h264.packets) as camera:
        found = findings(ffmpeg, tmp_path, *TCP, "-timeout", "500000", "-i", camera.url, *NULL)
    expect(found, "connection_timed_out", DEGRADED)
    if ffmpeg == EMBEDDED_FFMPEG:
        expect(found, "input_lost", CRITICAL)


def test_a_camera_whose_packets_never_come_over_udp_is_told(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    with RtpCamera(streams.h264.sdp, ()) as camera:
        found = findings(ffmpeg, tmp_path, "-timeout", "500000", "-i", camera.url, *NULL)
    expect(found, "udp_timeout", Severity.INFO)
    expect(found, "no_codec_parameters", DEGRADED)


def test_a_camera_that_answers_with_another_transport_is_told(ffmpeg: str, tmp_path: Path, streams: Streams) -> None:
    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
    with RtpCamera(streams.h264.sdp, streams.h264.packets, transport=transport) as camera:
        found = findings(ffmpeg, tmp_path, *UDP, "-i", camera.url, *NULL)
    expect(found, "transport_mismatch", CRITICAL)
