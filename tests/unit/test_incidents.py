"""When what cameras have in common is an incident, whom it takes in, when it is over; and that nothing grows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmstui.findings import Incident, Severity
from vmstui.triage.incidents import (
    AGAIN_S,
    CALM_S,
    HEARD_S,
    INCIDENTS_KEPT,
    KEYS_OF_CAMERA,
    QUIET_S,
    WINDOW_S,
    Common,
    Incidents,
    Turn,
)

BEGAN = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)
REFUSED = Common("the RTSP server on this host refused", "see to the server", Severity.DEGRADED)
WORSE = Common("nobody answers", "go there", Severity.CRITICAL)
KEY = "exit:refused"


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def of_cameras(count: int) -> Incidents:
    incidents = Incidents()
    incidents.configure(names(count), at(0))
    return incidents


def names(count: int) -> list[str]:
    return [f"cam{number}" for number in range(1, count + 1)]


def flood(incidents: Incidents, cameras: Sequence[str], seconds: float = 0.0, key: str = KEY) -> None:
    for camera in cameras:
        incidents.saw(camera, key, REFUSED, at(seconds))


def calm(incidents: Incidents, since: float, seconds: float = CALM_S) -> None:
    """Nothing happens but seconds passing."""
    second = 0.0
    while second < seconds:
        second += 1.0
        incidents.tick(at(since + second))


def only(incidents: Incidents) -> Incident:
    (incident,) = incidents.going_on
    return incident


def test_what_three_cameras_have_at_once_is_one_incident_with_their_number() -> None:
    incidents = of_cameras(40)
    flood(incidents, ["cam7", "cam3"])
    assert incidents.going_on == ()
    incidents.saw("cam30", KEY, REFUSED, at(29))
    incident = only(incidents)
    assert incident.text == "the RTSP server on this host refused: 3 cameras"
    assert incident.cameras == ("cam7", "cam3", "cam30")
    assert (incident.since, incident.last) == (at(0), at(29))
    assert incident.action == "see to the server"
    assert [incidents.of(camera, KEY) for camera in ("cam7", "cam3", "cam30", "cam1")] == [incident.id] * 3 + [""]


@pytest.mark.parametrize(("configured", "enough"), [(1, None), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (300, 3)])
def test_half_of_the_cameras_are_enough_but_at_least_two(configured: int, enough: int | None) -> None:
    for some in range(1, configured + 1):
        incidents = of_cameras(configured)
        flood(incidents, names(some))
        assert bool(incidents.going_on) == (enough is not None and some >= enough), some


def test_what_comes_at_different_times_is_no_incident() -> None:
    incidents = of_cameras(40)
    for number, camera in enumerate(names(6)):
        incidents.saw(camera, KEY, REFUSED, at(number * (WINDOW_S / 2 + 1)))
    assert incidents.all == ()


def test_different_keys_are_no_incident() -> None:
    incidents = of_cameras(4)
    for camera in names(4):
        incidents.saw(camera, f"{KEY} {camera}", REFUSED, at(0))
    assert incidents.all == ()


def test_what_a_camera_had_all_along_it_does_not_catch_from_others() -> None:
    incidents = of_cameras(40)
    for second in range(0, 120, 10):
        incidents.saw("cam1", KEY, REFUSED, at(second))
    flood(incidents, ["cam2", "cam3"], 120)
    assert incidents.going_on == ()
    flood(incidents, ["cam4"], 121)
    assert only(incidents).cameras == ("cam2", "cam3", "cam4")


def test_an_incident_takes_in_whoever_has_it_later() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    calm(incidents, 0, 100)
    flood(incidents, ["cam9"], 100)
    assert only(incidents).cameras == ("cam1", "cam2", "cam3", "cam9")
    assert only(incidents).text.endswith(": 4 cameras")
    turns = [(change.turn, change.cameras) for change in incidents.changes()]
    assert turns == [(Turn.BEGUN, ("cam1", "cam2", "cam3", "cam9"))]


def test_each_camera_is_told_once() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    assert [(change.turn, change.cameras) for change in incidents.changes()] == [(Turn.BEGUN, tuple(names(3)))]
    flood(incidents, names(5), 2)
    flood(incidents, names(5), 4)
    assert [(change.turn, change.cameras) for change in incidents.changes()] == [(Turn.SPREAD, ("cam4", "cam5"))]
    assert incidents.changes() == ()


def test_a_camera_that_is_cured_already_still_counts_as_one_that_was_reached() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(2))
    incidents.cured("cam1", KEY, at(1))
    flood(incidents, ["cam3"], 2)
    incident = only(incidents)
    assert incident.cameras == ("cam1", "cam2", "cam3")
    assert incident.cured == ("cam1",)
    assert incident.text.endswith(": 3 cameras, 2 of them now")
    assert incidents.of("cam1", KEY) == ""


def test_it_is_over_once_nobody_has_had_it_for_some_seconds() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    incidents.changes()
    for number, camera in enumerate(names(3)):
        incidents.cured(camera, KEY, at(60 + number))
    assert only(incidents).text.endswith(": 3 cameras")
    calm(incidents, 62)
    assert incidents.going_on == ()
    (over,) = incidents.all
    assert over.over_at == at(62)
    assert over.cameras == tuple(names(3))
    assert [(change.turn, change.cameras) for change in incidents.changes()] == [(Turn.OVER, tuple(names(3)))]


def test_a_moment_without_it_is_no_end() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    for second in range(1, 60):
        for camera in names(3):
            incidents.cured(camera, KEY, at(second))
        flood(incidents, names(3), second + 0.5)
        incidents.tick(at(second + 0.5))
    assert [change.turn for change in incidents.changes()] == [Turn.BEGUN]
    assert only(incidents).since == at(0)


def test_what_is_not_seen_for_minutes_is_over_since_it_was_last_seen() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    flood(incidents, ["cam2"], 50)
    calm(incidents, 50, QUIET_S - 1)
    assert only(incidents).last == at(50)
    calm(incidents, 50 + QUIET_S - 1, CALM_S + 2)
    (over,) = incidents.all
    assert over.over_at == at(50)


def test_the_same_soon_after_is_the_same_incident() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    first = only(incidents)
    for camera in names(3):
        incidents.cured(camera, KEY, at(10))
    calm(incidents, 10, 60)
    incidents.changes()
    flood(incidents, ["cam3"], 70)
    assert incidents.going_on == ()  # one camera alone is a matter of its own
    flood(incidents, ["cam4", "cam5"], 71)
    again = only(incidents)
    assert (again.id, again.since, again.over_at) == (first.id, first.since, None)
    assert again.cameras == ("cam1", "cam2", "cam3", "cam4", "cam5")
    assert again.cured == ("cam1", "cam2")
    assert incidents.all == (again,)
    assert [(change.turn, change.cameras) for change in incidents.changes()] == [(Turn.AGAIN, ("cam3", "cam4", "cam5"))]


def test_the_same_much_later_is_another_incident() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    for camera in names(3):
        incidents.cured(camera, KEY, at(10))
    calm(incidents, 10, AGAIN_S + 1)
    flood(incidents, names(3), AGAIN_S + 20)
    going_on, over = incidents.all
    assert going_on.id != over.id
    assert going_on.since == at(AGAIN_S + 20)


def test_it_is_as_severe_as_the_worst_of_it() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    incidents.saw("cam4", KEY, WORSE, at(1))
    incidents.saw("cam4", KEY, REFUSED, at(2))
    assert only(incidents).severity is Severity.CRITICAL


def test_it_says_what_most_of_those_say_that_have_it() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    incidents.saw("cam1", KEY, WORSE, at(1))
    assert only(incidents).text == "the RTSP server on this host refused: 3 cameras"
    incidents.saw("cam2", KEY, WORSE, at(2))
    assert only(incidents).text == "nobody answers: 3 cameras"
    for camera in names(3):
        incidents.cured(camera, KEY, at(3))
    assert only(incidents).text == "nobody answers: 3 cameras"


def test_the_worst_comes_first() -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3), 0, "first")
    flood(incidents, names(3), 1, "second")
    for camera in names(3):
        incidents.saw(camera, "worse", WORSE, at(2))
    assert [incident.key for incident in incidents.going_on] == ["worse", "first", "second"]


def test_a_camera_that_leaves_the_configuration_leaves_the_incident() -> None:
    incidents = of_cameras(5)
    flood(incidents, names(3))
    incidents.configure(["cam2", "cam3", "cam4"], at(1))
    assert only(incidents).cameras == ("cam2", "cam3")
    incidents.saw("cam1", KEY, REFUSED, at(2))
    assert only(incidents).cameras == ("cam2", "cam3")
    incidents.configure(["cam4"], at(3))
    (over,) = incidents.all
    assert over.over_at is not None
    assert over.cameras == ("cam2", "cam3")


def test_a_camera_that_comes_back_begins_anew() -> None:
    incidents = of_cameras(5)
    flood(incidents, names(2))
    incidents.configure(names(5)[2:], at(1))
    incidents.configure(names(5), at(2))
    flood(incidents, ["cam3"], 3)
    assert incidents.going_on == ()


@pytest.mark.parametrize("step_s", [-86400.0, -3600.0, 3600.0, 86400.0])
def test_a_clock_that_is_set_neither_ends_nor_begins_anything(step_s: float) -> None:
    incidents = of_cameras(40)
    flood(incidents, names(3))
    flood(incidents, names(2), 0, "other")
    calm(incidents, 0, 2)
    calm(incidents, 2 + step_s, 3)
    assert only(incidents).cameras == tuple(names(3))
    incidents.saw("cam3", "other", REFUSED, at(20 + step_s))
    began = {incident.key for incident in incidents.going_on}
    assert began == ({KEY, "other"} if step_s < 0 else {KEY})
    for camera in names(3):
        incidents.cured(camera, KEY, at(30 + step_s))
        incidents.cured(camera, "other", at(30 + step_s))
    calm(incidents, 30 + step_s)
    assert incidents.going_on == ()
    assert all(over.over_at is not None and over.over_at >= over.since for over in incidents.all)


def test_what_an_earlier_service_knew_goes_on_with_its_beginning() -> None:
    before = of_cameras(40)
    flood(before, names(3), 0, "over soon")
    for camera in names(3):
        before.cured(camera, "over soon", at(1))
    calm(before, 1)
    flood(before, names(4), 10)
    before.cured("cam4", KEY, at(11))
    known = before.all
    incidents = of_cameras(40)
    incidents.restore(known, at(60))
    assert incidents.all == known
    assert incidents.changes() == ()
    flood(incidents, ["cam1"], 61)
    assert only(incidents).since == at(10)
    assert [(change.turn, change.cameras) for change in incidents.changes()] == []
    for camera in names(3):
        incidents.cured(camera, KEY, at(70))
    calm(incidents, 70)
    assert [over.over_at for over in incidents.all] == [at(70), at(1)]


def test_what_messages_mean_is_over_soon_after_a_restart_where_triage_does_not_say_it_any_more() -> None:
    before = of_cameras(40)
    flood(before, names(3), 0, "packets_lost")
    flood(before, names(6)[3:], 0, "input_lost")
    flood(before, names(9)[6:], 0)
    incidents = of_cameras(40)
    incidents.restore(before.all, at(10))
    flood(incidents, names(6)[3:], 10 + HEARD_S / 2, "input_lost")
    calm(incidents, 10 + HEARD_S / 2, HEARD_S / 2 + CALM_S + 1)
    assert {one.key for one in incidents.going_on} == {KEY, "input_lost"}
    calm(incidents, 100, 2 * CALM_S)
    assert incidents.all[-1].over_at == at(0)


def test_what_an_earlier_service_knew_of_cameras_that_are_gone_is_over() -> None:
    before = of_cameras(40)
    flood(before, names(3))
    incidents = Incidents()
    incidents.configure(["cam40"], at(60))
    incidents.restore(before.all, at(60))
    assert [(over.over_at, over.cameras) for over in incidents.all] == [(at(0), tuple(names(3)))]


def test_a_camera_that_says_a_thousand_things_harms_only_itself() -> None:
    incidents = of_cameras(40)
    flood(incidents, ["cam1", "cam2"])
    for number in range(1000):
        incidents.saw("cam9", f"{number}" * 100, REFUSED, at(1))
    flood(incidents, ["cam3"], 2)
    assert only(incidents).cameras == ("cam1", "cam2", "cam3")
    assert len(incidents._had["cam9"]) == KEYS_OF_CAMERA


def test_a_thousand_incidents_are_not_kept() -> None:
    incidents = of_cameras(40)
    for number in range(1000):
        flood(incidents, names(3), number, f"key {number}")
        for camera in names(3):
            incidents.cured(camera, f"key {number}", at(number))
        incidents.tick(at(number + 0.5))
    assert len(incidents.all) == INCIDENTS_KEPT
    assert incidents.all[-1].since > at(900)
    for number in range(1000):
        flood(incidents, names(40)[number % 38 :][:3], 2000, f"more {number}")
    assert len(incidents.all) <= INCIDENTS_KEPT


_STEPS = st.lists(
    st.tuples(
        st.floats(-100, 40).map(lambda seconds: seconds if seconds > 0 else seconds / 10 if seconds > -50 else -3600.0),
        st.sampled_from(("saw", "saw", "saw", "worse", "cured", "tick", "configure")),
        st.integers(1, 6),
        st.sampled_from(("a", "b", "\udcff" * 300)),
    ),
    max_size=80,
)


@settings(max_examples=300, deadline=None)
@given(_STEPS)
def test_whatever_is_said_incidents_are_of_cameras_that_had_the_key(steps: list[tuple[float, str, int, str]]) -> None:
    incidents, now = of_cameras(6), 0.0
    ever: set[tuple[str, str]] = set()
    has: set[tuple[str, str]] = set()
    configured = set(names(6))
    for passed_s, what, number, key in steps:
        now += passed_s
        camera, short = f"cam{number}", key[:200]
        if what in ("saw", "worse"):
            incidents.saw(camera, key, REFUSED if what == "saw" else WORSE, at(now))
            if camera in configured:
                ever.add((camera, short))
                has.add((camera, short))
        elif what == "cured":
            incidents.cured(camera, key, at(now))
            has.discard((camera, short))
            assert incidents.of(camera, key) == ""
        elif what == "tick":
            incidents.tick(at(now))
        else:
            configured = set(names(number))
            incidents.configure(names(number), at(now))
            has = {one for one in has if one[0] in configured}
        going_on = incidents.going_on
        assert len({incident.key for incident in going_on}) == len(going_on)
        ids = [incident.id for incident in incidents.all]
        assert len(set(ids)) == len(ids)
        for incident in incidents.all:
            assert {(one, incident.key) for one in incident.cameras} <= ever
            assert len(set(incident.cameras)) == len(incident.cameras) > 0
            assert set(incident.cured) <= set(incident.cameras)
        for incident in going_on:
            assert incident.over_at is None
            assert set(incident.cameras) <= configured
            now_had = set(incident.cameras) - set(incident.cured)
            assert {(one, incident.key) for one in now_had} <= has
            assert all(incidents.of(one, incident.key) == incident.id for one in now_had)
        for change in incidents.changes():
            assert set(change.cameras) <= set(change.incident.cameras)
