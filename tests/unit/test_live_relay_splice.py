"""Which publishers' streams can be joined for players, and what players get when they are."""

from __future__ import annotations

import pytest

from tests.unit.test_live_gop import rtp
from tests.unit.test_live_relay_rewrite import header, rtcp, sender_report
from vmstui.live.messages import Frames
from vmstui.live.relay_feed import Feed
from vmstui.live.relay_frames import joined, taken_apart
from vmstui.live.relay_splice import Splice, fits, without_goodbyes
from vmstui.live.sdp import parse

_H264 = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHg,aM4G"
_AUDIO = "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/48000/2\na=fmtp:97 config=1190"
_OTHER_SETS = _H264.replace("Z0LAHg", "Z0LAKA")


class _Publisher:
    silent_s = 0.0
    gone = False

    def cut(self, reason: str) -> None:
        raise AssertionError(reason)


def _feed(description: str, *frames: bytes, at_s: float = 0.0, limit_bytes: int = 10_000) -> Feed:
    body = description.encode()
    feed = Feed(_Publisher(), parse(body), body, limit_bytes)
    for frame in frames:
        feed.keep(joined((frame,)), at_s)
    return feed


@pytest.mark.parametrize(
    ("before", "after", "in_band", "expected"),
    [
        pytest.param(_H264, _H264, False, True, id="the same"),
        pytest.param(_H264, _OTHER_SETS, True, True, id="parameter sets that the keyframe brings"),
        pytest.param(_H264, _OTHER_SETS, False, False, id="parameter sets that only the description tells"),
        pytest.param(_H264, _H264.replace("H264", "H265"), True, False, id="another codec"),
        pytest.param(_H264, _H264.replace("90000", "45000"), True, False, id="another clock rate"),
        pytest.param(_H264, _H264.replace("96", "97"), True, False, id="another payload type"),
        pytest.param(_H264, f"{_H264}\n{_AUDIO}", True, False, id="one track more"),
        pytest.param(f"{_H264}\n{_AUDIO}", f"{_AUDIO}\n{_H264}", True, False, id="another order"),
        pytest.param(f"{_H264}\n{_AUDIO}", f"{_H264}\n{_AUDIO}", False, True, id="the same with sound"),
        pytest.param(f"{_H264}\n{_AUDIO}", f"{_OTHER_SETS}\n{_AUDIO}", True, True, id="the same sound"),
        pytest.param(_AUDIO, _AUDIO.replace("1190", "1210"), True, False, id="sound set up otherwise"),
        pytest.param(_AUDIO, _AUDIO.replace("/2", "/1"), True, False, id="mono for stereo"),
        pytest.param("m=video 0 RTP/AVP 26", "m=video 0 RTP/AVP 26", True, False, id="keyframes not recognised"),
        pytest.param("m=audio 0 RTP/AVP 97", "m=audio 0 RTP/AVP 97", True, False, id="no clock rate"),
        pytest.param(f"{_H264}\n{_H264}", f"{_H264}\n{_H264}", True, False, id="two pictures"),
    ],
)
def test_only_descriptions_that_mean_the_same_to_a_player_fit(
    before: str, after: str, in_band: bool, expected: bool
) -> None:
    assert fits(parse(before.encode()), parse(after.encode()), sets_in_band=in_band) == expected


def _headers(frames: Frames) -> list[tuple[int, int, bytes]]:
    return [header(frame) for frame in taken_apart(frames)]


def test_players_get_the_kept_pictures_first_and_then_all_that_comes() -> None:
    before = _feed(_H264, rtp(b"\x65x", 9000, sequence=4), rtp(b"\x41x", 12_600, sequence=5))
    after = _feed(_H264, *(rtp(b"\x65x" if n == 2 else b"\x41x", 900 * n, sequence=n) for n in range(6)), at_s=0.02)
    splice = Splice(before, after)
    assert _headers(splice.opening()) == [(6 + n, 12_600 + 450 * (n + 1), b"SSRC") for n in range(4)]
    assert splice.opening().ends == ()
    coming = joined((rtp(b"\x41x", 5400, sequence=6), rtp(b"\x41x", 5400, sequence=7)))
    assert _headers(splice.take(coming, 1.0)) == [(10, 15_300, b"SSRC"), (11, 15_300, b"SSRC")]


def test_without_a_kept_keyframe_video_waits_for_the_next_one_and_sound_goes_on_at_once() -> None:
    description = f"{_H264}\nm=audio 0 RTP/AVP 8"
    before = _feed(description, rtp(b"\x65x", 9000, sequence=4), rtp(b"sound", 800, channel=2, sequence=30))
    after = _feed(description, rtp(b"\x41x", 50, sequence=90), rtp(b"sound", 70, channel=2, sequence=60), at_s=9.9)
    splice = Splice(before, after)
    assert splice.opening().ends == ()
    report = rtcp(sender_report(1, 1, 1, 1))
    waiting = joined((report, rtp(b"\x41x", 3650, sequence=91), rtp(b"sound", 230, channel=2, sequence=61)))
    assert taken_apart(splice.take(waiting, 10.0)) == [rtp(b"sound", 80_800, channel=2, sequence=31)]
    keyframe = joined((rtp(b"\x67sps", 7250, sequence=92), rtp(b"\x65x", 7250, sequence=93)))
    assert taken_apart(splice.take(keyframe, 10.0)) == [
        rtp(b"\x67sps", 909_000, sequence=5),
        rtp(b"\x65x", 909_000, sequence=6),
    ]
    after_it = joined((rtp(b"\x41x", 10_850, sequence=94), report))
    assert [frame[1] for frame in taken_apart(splice.take(after_it, 10.1))] == [0, 1]


def test_kept_sound_and_reports_are_not_played_again() -> None:
    description = f"{_H264}\nm=audio 0 RTP/AVP 8"
    before = _feed(description, rtp(b"\x65x", 9000, sequence=4), rtp(b"sound", 800, channel=2, sequence=30))
    kept = [rtp(b"\x65x", 50), rtp(b"sound", 70, channel=2), rtcp(sender_report(1, 1, 1, 1)), rtp(b"\x41x", 3650)]
    splice = Splice(before, _feed(description, *kept, at_s=1.0))
    assert [frame[1] for frame in taken_apart(splice.opening())] == [0, 0]


def test_a_track_that_players_have_seen_nothing_of_passes_as_it_is() -> None:
    description = f"{_H264}\nm=audio 0 RTP/AVP 8"
    splice = Splice(_feed(description), _feed(description, rtp(b"\x65x", 50, sequence=9)))
    assert _headers(splice.opening()) == [(9, 50, b"SSRC")]
    sound = joined((rtp(b"sound", 230, channel=2, sequence=61), rtp(b"other", 1, channel=6)))
    assert splice.take(sound, 1.0) == sound


def test_an_open_h265_group_of_pictures_is_told_apart_from_the_stream_before_it() -> None:
    """Its leading pictures refer to what players do not have; without the mark ffmpeg 9 lost a whole group."""
    description = _H264.replace("H264", "H265")
    before = _feed(description, rtp(b"\x26\x01x", 9000, sequence=4))
    opening = Splice(before, _feed(description, rtp(b"\x2a\x01cra", 50, sequence=0))).opening()
    assert taken_apart(opening) == [
        rtp(bytes.fromhex("6001 0002 4801 0002 4a01"), 9090, sequence=5),
        rtp(b"\x2a\x01cra", 9090, sequence=6),
    ]
    closed = Splice(before, _feed(description, rtp(b"\x26\x01idr", 50, sequence=0))).opening()
    assert taken_apart(closed) == [rtp(b"\x26\x01idr", 9090, sequence=5)]


def test_a_goodbye_is_left_out_and_the_rest_passes_as_it_is() -> None:
    frames = [rtp(b"\x41x", 1), rtcp(sender_report(1, 1, 1, 1)), rtp(b"\x41\xcb", 2)]
    assert without_goodbyes(joined(frames)) == joined(frames)
    assert without_goodbyes(joined((*frames[:2], rtcp((203, 1, b"SSRC")), frames[2]))) == joined(frames)
