"""Session descriptions as cameras really write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.live.sdp import Media, parse, resolve_control, track_of, with_controls

_CAMERA = b"""v=0\r
o=- 1109162014219182 1109162014219192 IN IP4 0.0.0.0\r
s=Media Presentation\r
t=0 0\r
a=control:*\r
m=video 0 RTP/AVP 96\r
b=AS:5000\r
a=recvonly\r
a=x-dimensions:1920,1080\r
a=control:rtsp://camera1.example:556/Streaming/Channels/102/trackID=1\r
a=rtpmap:96 H265/90000\r
a=fmtp:96 sprop-sps=QgEB; sprop-pps=RAHA\r
a=framerate:25.0\r
m=audio 0 RTP/AVP 8\r
a=control:rtsp://camera1.example:556/Streaming/Channels/102/trackID=2\r
m=application 0 RTP/AVP 107\r
a=control:trackID=3\r
a=rtpmap:107 vnd.onvif.metadata/90000\r
"""


def test_a_camera_description_gives_codecs_sizes_rates_and_controls() -> None:
    session = parse(_CAMERA)
    base = "rtsp://camera1.example:556/Streaming/Channels/102"
    assert session.control == "*"
    assert session.media == (
        Media(
            *("video", 96, "h265", f"{base}/trackID=1", 25.0, (1920, 1080), 90_000),
            parameters="sprop-sps=QgEB; sprop-pps=RAHA",
        ),
        Media("audio", 8, "pcm_alaw", f"{base}/trackID=2", clock_rate_hz=8000),
        Media("application", 107, "vnd.onvif.metadata", "trackID=3", clock_rate_hz=90_000),
    )
    assert session.video is session.media[0]


@pytest.mark.parametrize(
    ("rtpmap", "codec"),
    [
        ("H264/90000", "h264"),
        ("h264/90000", "h264"),
        ("HEVC/90000", "h265"),
        ("JPEG/90000", "mjpeg"),
        ("AV1/90000", "av1"),
    ],
)
def test_the_codec_is_named_as_the_rest_of_vmstui_names_it(rtpmap: str, codec: str) -> None:
    session = parse(f"m=video 0 RTP/AVP 97\na=rtpmap:97 {rtpmap}\n".encode())
    assert session.media[0].codec == codec


def test_the_map_of_another_payload_type_does_not_count() -> None:
    assert parse(b"m=video 0 RTP/AVP 97 98\na=rtpmap:98 VP8/90000\na=rtpmap:97 H264/90000\n").media[0].codec == "h264"


def test_clock_rate_channels_and_parameters_are_those_of_the_payload_type() -> None:
    lines = ["m=audio 0 RTP/AVP 97", "a=rtpmap:97 MPEG4-GENERIC/48000/2", "a=fmtp:98 config=1", "a=fmtp:97 config=1190"]
    media = parse("\n".join(lines).encode()).media[0]
    assert (media.clock_rate_hz, media.channels, media.parameters) == (48_000, 2, "config=1190")


def test_a_frame_size_in_the_3gpp_form_is_read() -> None:
    assert parse(b"m=video 0 RTP/AVP 96\na=framesize:96 704-576\n").media[0].size == (704, 576)


@given(
    st.binary(max_size=400) | st.text(st.sampled_from("ma=:/ 0196\r\nrtpmapcontrol\x1b"), max_size=200).map(str.encode)
)
def test_odd_descriptions_never_fail_and_show_nothing_hostile(body: bytes) -> None:
    for media in parse(body).media:
        assert media.codec.isprintable() or not media.codec
        assert media.kind.isprintable() or not media.kind
    parse(with_controls(body, "trackID="))


@pytest.mark.parametrize(
    ("control", "address"),
    [
        ("", "rtsp://c/live"),
        ("*", "rtsp://c/live"),
        ("trackID=1", "rtsp://c/live/trackID=1"),
        ("/trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://other/x", "rtsp://other/x"),
    ],
)
def test_control_addresses_are_joined_as_players_join_them(control: str, address: str) -> None:
    assert resolve_control("rtsp://c/live", control) == address
    assert resolve_control("rtsp://c/live/", control).replace("live/", "live") in (
        address,
        address.replace("live/", "live"),
    )


def test_a_publishers_track_is_found_by_its_control_whatever_it_calls_the_host() -> None:
    session = parse(_CAMERA)
    base = "rtsp://127.0.0.1:8554/lobby"
    assert track_of(session, base, "rtsp://10.0.0.9/Streaming/Channels/102/trackID=2") == 1
    assert track_of(session, base, "rtsp://localhost:8554/lobby/trackID=3") == 2
    assert track_of(session, base, "rtsp://localhost:8554/lobby/trackID=4") is None
    assert track_of(session, base, "rtsp://[/") is None


def test_served_descriptions_keep_everything_but_the_control_addresses() -> None:
    served = with_controls(_CAMERA, "trackID=").decode()
    assert [media.control for media in parse(served.encode()).media] == ["trackID=0", "trackID=1", "trackID=2"]
    assert "camera1.example" not in served
    assert "a=fmtp:96 sprop-sps=QgEB; sprop-pps=RAHA\r\n" in served
    assert served.index("a=rtpmap:96") < served.index("trackID=0") < served.index("m=audio")
