"""Addresses and Transport headers as the relay reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.live.relay_wire import Interleaved, Target, format_transport, parse_target, parse_transport


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("rtsp://h:8554/lobby", Target("rtsp://h:8554/lobby/", "lobby", None)),
        ("rtsp://h/lobby/", Target("rtsp://h/lobby/", "lobby", None)),
        ("rtsp://h/lobby/trackID=1", Target("rtsp://h/lobby/", "lobby", 1)),
        ("rtsp://[::1]:8554/a/b?x=1", Target("rtsp://[::1]:8554/a/b/", "a/b", None)),
        ("rtsp://user:pa@ss@h/lobby", Target("rtsp://h/lobby/", "lobby", None)),
        ("rtsp://h/", Target("", "", None)),
        ("*", Target("", "", None)),
        ("rtsp://h/../etc", Target("", "", None)),
        ("rtsp://h/a b", Target("", "", None)),
        ("rtsp://h/trackID=1", Target("", "", None)),
        ("http://h/lobby", Target("", "", None)),
    ],
)
def test_addresses_name_a_path_and_perhaps_a_track(url: str, target: Target) -> None:
    assert parse_target(url) == target


@given(st.text(max_size=200))
def test_any_address_gives_a_name_fit_for_a_log(url: str) -> None:
    for text in (url, f"rtsp://h/{url}"):
        target = parse_target(text)
        assert target.path.isascii()
        assert target.path.isprintable()


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", Interleaved("RTP/AVP/TCP", 0, 1)),
        ("RTP/AVP/TCP;unicast;interleaved=6", Interleaved("RTP/AVP/TCP", 6, 7)),
        ("RTP/AVP/TCP;unicast;mode=record", Interleaved("RTP/AVP/TCP", 4, 5)),
        ("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=2-3", Interleaved("RTP/AVP/TCP", 2, 3)),
        ("RTP/AVPF/TCP;unicast;interleaved=0-1", Interleaved("RTP/AVPF/TCP", 0, 1)),
        ("RTP/AVP;unicast;client_port=5000-5001", None),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001", None),
        ("RTP/AVP/TCP;interleaved=255", None),
        ("RTP/AVP/TCP;interleaved=7-7", None),
        ("RTP/AVP/TCP;interleaved=x", None),
        ("", None),
    ],
)
def test_only_a_sensible_interleaved_offer_is_taken(header: str, chosen: Interleaved | None) -> None:
    assert parse_transport(header, 2) == chosen
    if chosen:
        assert parse_transport(format_transport(chosen, record=True), 0) == chosen
