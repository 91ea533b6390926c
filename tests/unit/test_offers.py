"""Which profile a new camera is offered, and what that is said to cost."""

from __future__ import annotations

from vmstui.capacity.words import Limit, Measured, MeasuredCamera, Resource, Taken
from vmstui.cli.offers import offers
from vmstui.probed import Probed
from vmstui.settings.loader import shipped_profiles

H264 = Probed("h264", 1920, 1080, 25.0, 4_000_000, 2.0, 5.0, "pcm_alaw")


def camera(number: int, profile: str, percent: float) -> MeasuredCamera:
    taken = (Taken(Resource.CPU, (percent,) * 60),)
    return MeasuredCamera(f"cam{number}", profile, profile == "reencode", window_s=600.0, taken=taken)


def test_what_plays_as_it_comes_is_offered_as_it_comes() -> None:
    source, reencode = offers(shipped_profiles(), H264, None)
    assert (source.name, source.suggested, reencode.suggested) == ("source", True, False)
    assert source.makes == "recorded as it comes, live as it comes"
    assert source.costs == "about 1 % of a core: nothing is encoded; 43.2 GB a day"
    assert reencode.makes == "recorded encoded to H.265 1.5 Mbit/s, live encoded to H.264 1920x1080 3 Mbit/s"
    assert "not measured here yet" in reencode.costs
    assert reencode.costs.endswith("16.2 GB a day")


def test_what_few_players_know_is_offered_encoded() -> None:
    jpeg = Probed("mjpeg", 640, 480, 10.0, 4_000_000, None, 5.0)
    assert [offer.name for offer in offers(shipped_profiles(), jpeg, None) if offer.suggested] == ["reencode"]


def test_a_live_stream_that_has_to_be_encoded_is_no_copy() -> None:
    h265 = Probed("h265", 1920, 1080, 25.0, 4_000_000, 2.0, 5.0)
    source = offers(shipped_profiles(), h265, None)[0]
    assert source.makes == "recorded as it comes, live encoded to H.264"
    assert "not measured here yet" in source.costs


def test_the_cost_is_that_of_its_like_on_this_machine() -> None:
    cameras = tuple(camera(number, "reencode", 20.0) for number in range(3))
    measured = Measured(cameras, (Limit(Resource.CPU, 205.0, 5.0, "as configured"),))
    source, reencode = offers(shipped_profiles(), H264, measured)
    assert reencode.costs == "20 % of a core, as measured of 3 cameras with it, there is room for 7; 16.2 GB a day"
    assert source.costs.startswith("about 1 % of a core"), "of another profile nothing follows"


def test_a_camera_that_copies_tells_nothing_of_one_that_has_to_encode() -> None:
    h265 = Probed("h265", 1920, 1080, 25.0, 4_000_000, 2.0, 5.0)
    measured = Measured((camera(1, "source", 0.5),), (Limit(Resource.CPU, 205.0, 5.0, "as configured"),))
    assert offers(shipped_profiles(), H264, measured)[0].costs.startswith("0.5 % of a core, as measured of 1 camera")
    assert "not measured here yet" in offers(shipped_profiles(), h265, measured)[0].costs


def test_what_was_seen_is_told_in_a_line() -> None:
    assert H264.summary == (
        "H.264 1920x1080, 25 fps, 4.0 Mbit/s, a keyframe every 2 s, sound G.711 A-law (not recorded)"
    )
    assert Probed("h265", 0, 0, 10.0, 100_000, None, 9.5).summary.endswith("no two keyframes within 9.5 s, no sound")
