"""What a broken connection left behind is over once something flows steadily again; and whose connection it was is told
by what came of it."""

from __future__ import annotations

import json

import pytest

from vmstui.codec import from_json, to_json
from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import Finding, Origin, Severity
from vmstui.triage.findings import CameraTriage
from vmstui.triage.flow import GOES_ON_S, LIVE_STEADY_S, RECORDED_STEADY_S
from vmstui.triage.knowledge import Knowledge
from vmstui.triage.messages_file import shipped_messages
from vmstui.triage.remembered import KeptTriage, taken_up, written_down

T = 1.79e9
TABLE = Knowledge(tuple(shipped_messages().values()))
LIVE_REFUSED = "[tcp @ 0x5] [error] Connection to tcp://127.0.0.1:8554?timeout=0 failed: Connection refused"
REFUSED = "[tcp @ 0x5] [error] Connection to tcp://10.0.0.5:554?timeout=5000000 failed: Connection refused"
CLOSED = "[rtsp @ 0x5] [warning] Failed reading RTSP data: End of file"
DAMAGED = "[h264 @ 0x5] [error] cabac decode of qscale diff failed at 3 4"
QUEUE_FULL = "[fifo @ 0x5] [error] FIFO queue full"


def triage() -> CameraTriage:
    """Its first worker was started, and has had its first picture."""
    made = CameraTriage(TABLE, camera="cam")
    began(made, T)
    return made


def began(one: CameraTriage, at_s: float) -> None:
    one.began(at_s, sees_frames=True)
    one.picture(at_s + 1)


def feed(one: CameraTriage, text: str, at_s: float, times: int = 1) -> None:
    one.feed(parse_line(text), at_s, 0, times)


def standing(one: CameraTriage, at_s: float) -> list[tuple[str, Origin]]:
    return [(found.message.id, found.origin) for found in one.standing(at_s)]


def by_origin(one: CameraTriage, fingerprint: str = "rtsp_closed") -> dict[Origin, Finding]:
    return {found.origin: found for found in one.findings(T + 200) if found.fingerprint == fingerprint}


def test_a_live_server_that_is_back_troubles_nobody_any_more_once_it_has_been_so_for_ten_seconds() -> None:
    one = triage()
    feed(one, LIVE_REFUSED, T + 20)
    one.flows(T + 25, 5.0, LIVE_STEADY_S - 1)
    assert standing(one, T + 25)
    news = one.news
    one.flows(T + 20 + LIVE_STEADY_S, 0.0, LIVE_STEADY_S)
    assert one.news > news
    assert standing(one, T + 31) == []
    assert not one.is_active(by_origin(one, "connection_refused")[Origin.LIVE], T + 31)


def test_a_live_server_that_dies_is_one_finding_and_at_once_no_matter_of_the_camera() -> None:
    one = triage()
    feed(one, CLOSED, T + 20)
    assert standing(one, T + 20) == [("rtsp_closed", Origin.PROCESS)]
    feed(one, LIVE_REFUSED, T + 20)
    assert standing(one, T + 20) == [("connection_refused", Origin.LIVE)]
    closed = by_origin(one)[Origin.LIVE]
    assert (one.is_active(closed, T + 20), one.is_outlived(closed)) == (False, True)
    feed(one, CLOSED, T + 40)  # it was back, and is gone once more
    feed(one, LIVE_REFUSED, T + 41)
    assert standing(one, T + 42) == [("connection_refused", Origin.LIVE)]
    began(one, T + 50)
    feed(one, CLOSED, T + 60)
    assert ("rtsp_closed", Origin.PROCESS) in standing(one, T + 61), "another worker"


def test_a_live_server_that_refuses_still_now_and_then_is_not_back() -> None:
    one = triage()
    for second in range(20, 60, 4):
        feed(one, LIVE_REFUSED, T + second)
        one.flows(T + second + 1, 60.0, 60.0)
        assert standing(one, T + second + 1)


def test_that_a_camera_is_recorded_says_nothing_of_its_live_stream_nor_that_of_the_camera() -> None:
    one = triage()
    feed(one, LIVE_REFUSED, T + 20)
    feed(one, REFUSED, T + 20)
    one.flows(T + 100, 100.0, 0.0)
    assert standing(one, T + 101) == [("connection_refused", Origin.LIVE)]
    feed(one, REFUSED, T + 110)
    one.flows(T + 200, 0.0, 100.0)
    assert standing(one, T + 201) == [("connection_refused", Origin.INPUT)]


def test_what_is_about_no_connection_is_not_over_because_something_flows() -> None:
    one = triage()
    feed(one, DAMAGED, T + 20)
    feed(one, QUEUE_FULL, T + 20)
    one.flows(T + 100, 100.0, 100.0)
    assert len(standing(one, T + 101)) == 2


def test_a_camera_that_broke_off_is_well_again_when_it_was_recorded_for_half_a_minute() -> None:
    """Its first segment will be closed minutes later."""
    one = triage()
    one.segment_closed()
    feed(one, REFUSED, T + 500)
    began(one, T + 510)
    one.flows(T + 511 + RECORDED_STEADY_S - 1, RECORDED_STEADY_S - 1, 0.0)
    assert standing(one, T + 540)
    one.flows(T + 511 + RECORDED_STEADY_S, RECORDED_STEADY_S, 0.0)
    assert standing(one, T + 542) == []


def test_a_camera_that_comes_and_goes_every_minute_is_not_well_in_between() -> None:
    one = triage()
    one.segment_closed()
    at_s = T + 500
    for turn in range(4):
        feed(one, REFUSED, at_s)
        began(one, at_s + 5)
        one.flows(at_s + 45, 40.0, 0.0)
        assert bool(standing(one, at_s + 46)) is (turn > 0), turn
        at_s += 60
    one.segment_closed()
    assert standing(one, at_s) == []


@pytest.mark.parametrize("before", [0, 3])
def test_a_connection_that_broke_off_beside_a_worker_that_goes_on_was_that_of_the_live_stream(before: int) -> None:
    one = triage()
    if before:
        feed(one, CLOSED, T + 5, times=before)
        one.flows(T + 5 + GOES_ON_S, GOES_ON_S, 0.0)
    feed(one, CLOSED, T + 20, times=2)
    assert Origin.PROCESS in by_origin(one)
    assert all(found.is_unclear for found in one.standing(T + 21) if found.origin is Origin.PROCESS)
    one.flows(T + 20 + GOES_ON_S - 1, GOES_ON_S, 0.0)
    assert Origin.PROCESS in by_origin(one)
    one.flows(T + 20 + GOES_ON_S, GOES_ON_S, 0.0)
    ((origin, found),) = by_origin(one).items()
    assert (origin, found.count, found.severity) == (Origin.LIVE, before + 2, Severity.DEGRADED)
    assert (found.last.at, found.examples) == (one.findings()[0].last.at, (CLOSED.partition("[warning] ")[2],))
    assert found.rate_per_min is not None
    assert sum(found.spark) == before + 2


def test_a_connection_that_broke_off_before_the_worker_ended_was_that_to_the_camera() -> None:
    one = triage()
    feed(one, CLOSED, T + 20)
    began(one, T + 25)
    feed(one, CLOSED, T + 60)
    one.flows(T + 60 + GOES_ON_S, GOES_ON_S, 0.0)
    assert {origin: found.count for origin, found in by_origin(one).items()} == {Origin.INPUT: 1, Origin.LIVE: 1}
    feed(one, CLOSED, T + 90)
    began(one, T + 95)
    assert {origin: found.count for origin, found in by_origin(one).items()} == {Origin.INPUT: 2, Origin.LIVE: 1}


def test_what_a_worker_beside_it_says_tells_nothing_of_the_one_that_goes_on() -> None:
    one = triage()
    one.beside_s = T + 20
    feed(one, CLOSED, T + 20)
    one.flows(T + 100, 90.0, 0.0)
    assert list(by_origin(one)) == [Origin.PROCESS]


def test_what_is_over_stays_so_when_a_later_service_takes_it_up() -> None:
    one = triage()
    feed(one, LIVE_REFUSED, T + 20)
    feed(one, REFUSED, T + 20)
    one.flows(T + 60, 40.0, 40.0)
    noted = from_json(KeptTriage, json.loads(json.dumps(to_json(written_down(one)))))
    after = CameraTriage(TABLE, camera="cam")
    taken_up(noted, after, TABLE)
    after.resumed()
    assert standing(after, T + 61) == []
    feed(after, LIVE_REFUSED, T + 70)
    assert standing(after, T + 71) == [("connection_refused", Origin.LIVE)]


def test_while_a_camera_is_down_only_what_its_newest_try_said_of_the_connection_goes_on() -> None:
    one = triage()
    for second, said in (
        (20, "method DESCRIBE failed: 401 Unauthorized"),
        (30, "method DESCRIBE failed: 404 Not Found"),
    ):
        feed(one, f"[rtsp @ 0x5] [error] {said}", T + second)
        one.flow.failed_since_s = T + second - 1
        began(one, T + second + 1)
        feed(one, LIVE_REFUSED, T + 20)
    assert standing(one, T + 31) == [("connection_refused", Origin.LIVE), ("rtsp_not_found", Origin.INPUT)]
    assert {found.message: one.is_outlived(found) for found in one.findings(T + 31)} == {
        "connection_refused": False, "rtsp_not_found": False, "rtsp_unauthorized": True,
    }  # fmt: skip
    one.flow.failed_since_s = T + 40  # it was not asked by ffmpeg, so there is no message
    assert standing(one, T + 41) == [("connection_refused", Origin.LIVE)]
