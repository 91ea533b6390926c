"""How many more cameras fit, and what ends it: the figures of an owner's report, and what holds of any machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from vmstui.capacity.cost import percentile
from vmstui.capacity.projection import UnknownProfile, Unmeasured, given, project
from vmstui.capacity.told import change, confidence, sentence, short, whole
from vmstui.capacity.words import (
    Capacity,
    Limit,
    Measured,
    MeasuredCamera,
    Question,
    Resource,
    Standing,
    Taken,
)
from vmstui.codec import from_json, to_json

GB = 10**9
MIB = 1024 * 1024


def camera(
    name: str,
    cpu: float | tuple[float | None, ...] = 23.4,
    profile: str = "reencode",
    *,
    window_s: float = 900.0,
    reencodes: bool = True,
    promised_days: float | None = None,
    **others: float,
) -> MeasuredCamera:
    """One that was measured; `others` by the name of the resource in lower case."""
    values = cpu if isinstance(cpu, tuple) else (cpu,)
    taken = [Taken(Resource.CPU, values)]
    taken += [Taken(Resource[resource.upper()], (value,)) for resource, value in others.items()]
    return MeasuredCamera(name, profile, reencodes, window_s, tuple(taken), promised_days)


def machine(*cameras: MeasuredCamera, cpu: float = 205.0, beside: float = 0.0, **limits: float) -> Measured:
    """With so much of each; what is not named is not known."""
    known = [Limit(Resource.CPU, cpu, beside)]
    known += [Limit(Resource[resource.upper()], limit) for resource, limit in limits.items()]
    return Measured(cameras, tuple(known))


def percents(found: Capacity) -> dict[int, int]:
    return {row.cameras: whole(row.cpu_percent) for row in found.rows}


# -- the report -------------------------------------------------------------------------------------------------------


def test_the_projection_of_the_report_is_reproduced() -> None:
    found = given(23.4, Limit(Resource.CPU, 205.0))
    assert found.maximum == 8
    assert {count: percents(found)[count] for count in range(2, 9)} == {
        2: 47, 3: 70, 4: 94, 5: 117, 6: 140, 7: 164, 8: 187,
    }  # fmt: skip
    assert [row.cameras for row in found.rows if row.over] == [9]


@pytest.mark.parametrize(("per_camera", "maximum"), [(23.4, 8), (40.2, 5), (94.1, 2)])
def test_every_layout_of_the_report_has_its_maximum(per_camera: float, maximum: int) -> None:
    assert given(per_camera, Limit(Resource.CPU, 205.0)).maximum == maximum


def test_two_measured_cameras_give_what_the_report_projects_from_two() -> None:
    found = project(machine(camera("a", 23.4), camera("b", 23.4)))
    assert (found.running, found.maximum, found.more, found.binding) == (2, 8, 6, Resource.CPU)
    assert percents(found) == {2: 47, 3: 70, 4: 94, 5: 117, 6: 140, 7: 164, 8: 187, 9: 211}
    assert sentence(found) == "+6 cameras; CPU ends it: 46.8 % of 205 % in use, 23.4 % per camera"
    assert short(found) == "fits ~6 more (CPU)", "two cameras say little"


def test_a_budget_that_is_met_exactly_is_enough() -> None:
    """As floating point numbers, 70.2 / 23.4 may be less than 3."""
    assert given(23.4, Limit(Resource.CPU, 70.2)).maximum == 3
    assert given(0.1, Limit(Resource.CPU, 0.3)).maximum == 3
    assert given(23.4, Limit(Resource.CPU, 70.199999)).maximum == 2


# -- what ends it -----------------------------------------------------------------------------------------------------


def test_sessions_of_the_encoder_end_it_where_they_are_fewest() -> None:
    cameras = [camera(name, 5.0, encoder_sessions=2.0) for name in "abc"]
    found = project(machine(*cameras, encoder_sessions=8.0))
    assert (found.maximum, found.binding) == (4, Resource.ENCODER_SESSIONS)
    assert sentence(found) == "+1 camera; NVENC sessions end it: 6 of 8 in use, 2 per camera"
    assert short(found) == "fits 1 more (NVENC sessions)"
    assert found.rows[-1].over == (Resource.ENCODER_SESSIONS,)


@pytest.mark.parametrize("resource", list(Resource))
def test_every_resource_can_end_it(resource: Resource) -> None:
    """Two cameras that take 10 of 50, where of all else there is plenty."""
    plenty = [Limit(one, 50.0 if one is resource else 1e9) for one in Resource]
    taken = tuple(Taken(one, (10.0,)) for one in Resource)
    cameras = tuple(MeasuredCamera(name, "p", taken=taken, window_s=900.0) for name in "ab")
    found = project(Measured(cameras, tuple(plenty)))
    assert (found.maximum, found.binding) == (5, resource)
    assert not found.unknown


@pytest.mark.parametrize("resource", list(Resource))
def test_what_is_not_known_is_named_and_ends_nothing(resource: Resource) -> None:
    limits = [Limit(one, None if one is resource else 1000.0, why="nobody tells") for one in Resource]
    taken = tuple(Taken(one, (10.0,)) for one in Resource)
    found = project(Measured((MeasuredCamera("a", "p", taken=taken, window_s=900.0),), tuple(limits)))
    assert found.unknown == (resource,)
    assert found.cost(resource).more is None
    assert found.maximum == 100


def test_a_limit_without_a_cost_is_not_known_either() -> None:
    found = project(machine(camera("a"), network=125e6))
    assert Resource.NETWORK in found.unknown
    assert found.cost(Resource.NETWORK).why == "what a camera takes of it is not measured"


def test_a_resource_nobody_spoke_of_is_not_known() -> None:
    found = project(Measured((camera("a"),), ()))
    assert found.unknown == tuple(Resource)
    assert found.maximum is None
    assert sentence(found).startswith("nothing that is known ends it; not known: CPU, memory, NVENC sessions")
    assert short(found) == ""


def test_what_no_camera_takes_ends_nothing() -> None:
    found = project(machine(camera("a", encoder_sessions=0.0), encoder_sessions=8.0))
    assert found.cost(Resource.ENCODER_SESSIONS).standing is Standing.KNOWN
    assert found.cost(Resource.ENCODER_SESSIONS).more is None
    assert found.binding is Resource.CPU


def test_what_is_there_without_cameras_is_taken_off_once() -> None:
    """205 less 18 is 187 % for cameras: 7, where without it 8 fit."""
    found = project(machine(camera("a"), camera("b"), beside=18.0))
    assert found.maximum == 7
    assert found.rows[0].cpu_percent == pytest.approx(46.8 + 18)


def test_too_many_cameras_are_said() -> None:
    found = project(machine(*(camera(name, 30.0) for name in "abc"), cpu=70.0))
    assert (found.maximum, found.more, found.fits) == (2, -1, False)
    assert sentence(found).startswith("1 camera too many; CPU ends it: 90 % of 70 % in use")
    assert short(found) == "too many by 1 (CPU)"
    assert [(row.cameras, bool(row.over)) for row in found.rows] == [(2, False), (3, True)]


def test_no_room_is_said() -> None:
    found = project(machine(camera("a", 30.0), camera("b", 30.0), cpu=70.0))
    assert (found.more, found.fits) == (0, True)
    assert sentence(found).startswith("no room for another camera; CPU ends it: 60 % of 70 % in use")
    assert short(found) == "full (CPU)"


# -- what a camera costs ----------------------------------------------------------------------------------------------


def test_the_maximum_goes_by_busy_cameras_and_the_table_shows_the_median() -> None:
    """Nine of ten blocks take 20 %, and one of ten 30 %."""
    uneven = (20.0,) * 9 + (30.0,)
    found = project(machine(camera("a", uneven), camera("b", uneven), camera("c", uneven), cpu=120.0))
    assert (found.maximum, found.typical_maximum) == (4, 6)
    assert [(row.cpu_percent, row.cpu_busy_percent) for row in found.rows[:2]] == [(60.0, 90.0), (80.0, 120.0)]
    assert found.confidence.spread == pytest.approx(0.5)


def test_the_typical_cost_is_that_of_the_camera_in_the_middle_however_long_each_was_measured() -> None:
    """Of two that differ it is half way: as many again take as much again."""
    dear, cheap = camera("a", (28.0,) * 3), camera("b", (20.0,) * 90)
    assert project(machine(dear, cheap)).cost(Resource.CPU).typical == 24.0
    assert project(machine(dear, cheap, camera("c", (21.0,)))).cost(Resource.CPU).typical == 21.0


def test_cameras_that_are_busy_one_after_the_other_need_no_room_for_all_of_them_at_once() -> None:
    """Each takes 30 % in one of four blocks; together they never take more than one of them does beyond 20 %."""
    turns = [tuple(30.0 if block % 4 == number else 20.0 for block in range(40)) for number in range(4)]
    found = project(machine(*(camera(str(number), turn) for number, turn in enumerate(turns))))
    cost = found.cost(Resource.CPU)
    assert (cost.used_typical, cost.used_busy, cost.busy) == (80.0, 90.0, 22.5)


def test_cameras_that_are_busy_together_need_room_for_all_of_them_at_once() -> None:
    night = (30.0,) * 10 + (20.0,) * 30
    cost = project(machine(*(camera(name, night) for name in "abcd"))).cost(Resource.CPU)
    assert (cost.used_typical, cost.used_busy, cost.busy) == (80.0, 120.0, 30.0)


def test_a_camera_that_was_not_measured_all_the_time_counts_at_its_median_meanwhile() -> None:
    always, lately, now_and_then = (20.0,) * 40, (10.0,) * 3, (*(5.0, None) * 19, 5.0)
    cost = project(machine(camera("a", always), camera("b", lately), camera("c", now_and_then))).cost(Resource.CPU)
    assert (cost.used_typical, cost.used_busy, cost.busy) == (35.0, 35.0, 20.0)


def test_one_more_may_be_as_dear_as_the_dear_ones_of_its_like() -> None:
    cost = project(machine(camera("a", 20.0), camera("b", 20.0), camera("c", 28.0))).cost(Resource.CPU)
    assert (cost.typical, cost.busy) == (20.0, 28.0)


def test_a_single_outlier_moves_neither_median_nor_the_busy_figure() -> None:
    steady = (20.0,) * 39
    found = project(machine(camera("a", (*steady, 400.0)), camera("b", (*steady, 20.0))))
    cost = found.cost(Resource.CPU)
    assert (cost.typical, cost.busy) == (20.0, 20.0)


def test_a_new_camera_is_of_the_profile_asked_for() -> None:
    there = machine(camera("a", 40.0, "heavy"), camera("b", 1.0, "light", reencodes=False), cpu=141.0)
    assert project(there, Question(profile="light")).more == 100
    assert project(there, Question(profile="heavy")).more == 2
    assert project(there).more == 4  # half of each: 20.5 %
    rooms = {one.profile: (one.cameras, one.more, one.binding) for one in project(there).profiles}
    assert rooms == {"heavy": (1, 2, Resource.CPU), "light": (1, 100, Resource.CPU)}


def test_a_profile_that_no_camera_has_is_refused_with_those_there_are() -> None:
    there = machine(camera("a"), camera("b"), camera("c", profile="lobby"))
    with pytest.raises(UnknownProfile, match=r"found 'nope'.*accepted: reencode \(2\), lobby \(1\)"):
        project(there, Question(profile="nope"))


def test_a_profile_that_is_not_measured_yet_says_so() -> None:
    there = machine(camera("a"), MeasuredCamera("b", "lobby"))
    with pytest.raises(Unmeasured, match="no camera of profile 'lobby' has been recorded for long enough") as refused:
        project(there, Question(profile="lobby"))
    assert not isinstance(refused.value, UnknownProfile)


def test_a_camera_that_is_away_is_counted_at_the_cost_of_its_like() -> None:
    away = MeasuredCamera("c", "reencode")
    found = project(machine(camera("a"), camera("b"), away, camera("d", 1.0, "light")))
    assert (found.running, found.waiting) == (4, 1)
    assert found.cost(Resource.CPU).used_busy == pytest.approx(3 * 23.4 + 1.0)


def test_nothing_measured_is_an_answer_of_its_own() -> None:
    with pytest.raises(Unmeasured, match="no camera has been recorded for long enough"):
        project(machine(MeasuredCamera("a", "reencode")))
    with pytest.raises(Unmeasured):
        project(machine())


# -- confidence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cameras", "window_s", "doubts"),
    [
        (2, 900.0, ("fewer than 3 cameras",)),
        (3, 599.0, ("less than 10 min",)),
        (1, 60.0, ("fewer than 3 cameras", "less than 10 min")),
        (3, 600.0, ()),
    ],
)
def test_few_cameras_or_a_short_time_are_provisional(cameras: int, window_s: float, doubts: tuple[str, ...]) -> None:
    found = project(machine(*(camera(str(number), window_s=window_s) for number in range(cameras)))).confidence
    assert (found.cameras, found.window_s, found.provisional) == (cameras, window_s, doubts)
    assert ("provisional" in confidence(found)) is bool(doubts)


def test_that_profiles_differ_is_no_uncertainty() -> None:
    found = project(machine(camera("a", (40.0, 40.0)), camera("b", (1.0, 1.0), "light"))).confidence
    assert (found.spread, found.variation) == (0.0, 0.0)
    assert project(machine(camera("a", (30.0, 50.0)))).confidence.variation == pytest.approx(0.25)


# -- what if, and what would move it ----------------------------------------------------------------------------------


def test_another_budget_is_a_question() -> None:
    there = machine(camera("a"), camera("b"))
    assert project(there, Question(budget_percent=100.0)).maximum == 4
    assert project(there, Question(budget_percent=100.0)).cost(Resource.CPU).why == "as asked"


@pytest.mark.parametrize(("asked", "fits"), [(8, True), (9, False), (2, True)])
def test_whether_so_many_would_fit(asked: int, fits: bool) -> None:
    found = project(machine(camera("a"), camera("b")), Question(cameras=asked))
    assert found.fits is fits
    assert any(row.cameras == asked and bool(row.over) is not fits for row in found.rows)


def test_copying_frees_what_encoding_takes() -> None:
    """Three take 60 %; when they copy as the fourth does, 57 % are free, which is two more of 20 %... of each kind."""
    cameras = [camera(name, 20.0) for name in "abc"] + [camera("d", 1.0, "source", reencodes=False)]
    found = project(machine(*cameras, cpu=100.0), Question(profile="reencode"))
    copying = next(one for one in found.changes if one.what.startswith("copy"))
    assert copying.what == "copy instead of re-encoding on 3 cameras"
    assert (found.more, copying.more, copying.assumed) == (1, 3, "")


def test_what_copying_gains_is_what_the_projection_of_such_a_machine_says() -> None:
    """The cameras that copy instead are in use, and those that are added are still re-encoded."""
    uneven = ((20.0, 24.0, 21.0) * 20, (18.0, 17.0, 19.0) * 20, (23.0, 30.0, 22.0) * 20)
    cheap = camera("d", (1.0, 1.5) * 30, "source", reencodes=False)
    encoding = [camera(name, values) for name, values in zip("abc", uneven, strict=True)]
    before = project(machine(*encoding, cheap, cpu=150.0), Question(profile="reencode"))
    told = next(one for one in before.changes if one.what.startswith("copy"))
    added = before.cost(Resource.CPU).busy or 0.0
    copied = project(machine(*(camera(name, (1.0, 1.5) * 30, "source", reencodes=False) for name in "abcd"), cpu=150.0))
    room = int((150.0 - copied.cost(Resource.CPU).used_busy) // added)
    assert (before.maximum or 0) + told.more == 4 + room


def test_where_no_camera_copies_the_cost_of_copying_is_assumed_and_said() -> None:
    found = project(machine(*(camera(name) for name in "abc"), cpu=100.0))
    copying = next(one for one in found.changes if one.what.startswith("copy"))
    assert copying.more == 3  # 67 % are free: 23.4 % fit into 29.8 % once, and into 97 % four times
    assert "(assumed: 1 % of a core for one that copies)" in change(copying, found.binding)


def test_what_would_make_room_for_one_more_is_told_and_true() -> None:
    there = machine(camera("a"), camera("b"), memory=10.0)
    more_cpu = project(there).changes[0]
    assert change(more_cpu, Resource.CPU) == "CPU of 210.6 % instead of 205 %: +1"
    assert project(there, Question(budget_percent=210.6)).maximum == 9


def test_what_ends_it_next_is_told() -> None:
    cameras = [camera(name, memory=100.0 * MIB) for name in "abc"]
    found = project(machine(*cameras, memory=1200.0 * MIB))
    assert (found.maximum, found.binding) == (8, Resource.CPU)
    assert "if CPU did not end it: +4 (then memory ends it)" in [change(one, found.binding) for one in found.changes]


def test_days_that_would_be_kept_are_told_where_retention_ends_it() -> None:
    cameras = [camera(name, 1.0, retention=100.0 * GB, promised_days=10.0) for name in "ab"]
    found = project(machine(*cameras, retention=250.0 * GB))
    assert (found.more, found.binding) == (0, Resource.RETENTION)
    assert change(found.changes[0], found.binding) == "keeping footage 8.3 days instead of 10: +1"


def test_a_budget_that_is_far_too_small_says_what_those_that_run_need() -> None:
    found = project(machine(*(camera(name, 30.0) for name in "abcd"), cpu=50.0))
    assert change(found.changes[0], found.binding) == "CPU of 120 % instead of 50 %: +3"


def test_the_answer_crosses_the_control_socket_whole() -> None:
    found = project(machine(camera("a", (20.0, 30.0)), camera("b", profile="other"), memory=10.0))
    assert from_json(Capacity, to_json(found)) == found


# -- of any machine ---------------------------------------------------------------------------------------------------

AMOUNT = st.floats(0.0, 1e4, allow_nan=False).map(lambda value: round(value, 3))
COST = st.floats(10.0, 1e4, allow_nan=False).map(lambda value: round(value, 3))


@st.composite
def machines(draw: st.DrawFn) -> Measured:
    """Some cameras of two profiles, limits of some resources; now and then one that is not known of either."""
    resources = draw(st.lists(st.sampled_from(list(Resource)), unique=True, max_size=4))
    of = [Resource.CPU, *(resource for resource in resources if resource is not Resource.CPU)]
    cameras = []
    for number in range(draw(st.integers(1, 6))):
        taken = tuple(Taken(one, tuple(draw(st.lists(COST, min_size=1, max_size=5)))) for one in of)
        away = number > 0 and draw(st.booleans())
        profile = draw(st.sampled_from(["p", "q"]))
        cameras.append(MeasuredCamera(str(number), profile, draw(st.booleans()), 60.0, () if away else taken))
    limits = [Limit(one, draw(st.none() | AMOUNT), draw(st.floats(0, 100))) for one in of]
    return Measured(tuple(cameras), tuple(limits))


@settings(max_examples=40, deadline=None)
@drawn(machines())
def test_never_more_than_any_single_resource_allows(there: Measured) -> None:
    found = project(there)
    rooms = [cost.more for cost in found.costs if cost.more is not None]
    assert found.maximum == (max(found.running + min(rooms), 0) if rooms else None)
    for row in found.rows:
        if found.maximum is not None and row.cameras <= found.maximum:
            assert not row.over
        if found.maximum is not None and row.cameras == found.maximum + 1:
            assert found.binding in row.over or found.cost(found.binding or Resource.CPU).busy == 0
    assert found.maximum is None or any(row.cameras == found.maximum + 1 for row in found.rows)


@settings(max_examples=40, deadline=None)
@drawn(machines(), AMOUNT, AMOUNT)
def test_more_budget_never_has_room_for_fewer(there: Measured, one: float, other: float) -> None:
    less, more = sorted((one + 0.001, other + 0.001))
    with_less = project(there, Question(budget_percent=less)).maximum
    with_more = project(there, Question(budget_percent=more)).maximum
    assert with_less is not None
    assert with_more is not None
    assert with_less <= with_more


@settings(max_examples=40, deadline=None)
@drawn(machines(), st.sampled_from(list(Resource)))
def test_a_limit_that_becomes_known_never_makes_room(there: Measured, resource: Resource) -> None:
    unknown = tuple(replace(limit, limit=None) if limit.resource is resource else limit for limit in there.limits)
    before, after = project(replace(there, limits=unknown)).maximum, project(there).maximum
    assert before is None or (after is not None and after <= before)


@settings(max_examples=40, deadline=None)
@drawn(machines())
def test_busy_cameras_never_leave_more_room_than_typical_ones(there: Measured) -> None:
    found = project(there)
    if found.more is not None and found.more >= 0:
        assert found.typical_maximum is not None
        assert found.typical_maximum >= found.maximum if found.maximum is not None else True


@settings(max_examples=40, deadline=None)
@drawn(machines())
def test_no_change_is_told_that_gains_nothing(there: Measured) -> None:
    for one in project(there).changes:
        assert one.more > 0
        assert one.limit is not None


@settings(max_examples=40, deadline=None)
@drawn(COST, COST, COST)
def test_dearer_cameras_never_fit_in_greater_number(one: float, other: float, budget: float) -> None:
    cheap, dear = sorted((one, other))
    limit = Limit(Resource.CPU, budget)
    cheaper, dearer = given(cheap, limit).maximum, given(dear, limit).maximum
    assert cheaper is not None
    assert dearer is not None
    assert dearer <= cheaper


def test_very_many_cameras_are_told_in_a_table_of_bounded_length() -> None:
    found = given(0.001, Limit(Resource.CPU, 6400.0), 7_000_000)
    assert found.maximum == 6_400_000
    assert len(found.rows) < 300
    assert {6_400_000, 6_400_001, 7_000_000} <= {row.cameras for row in found.rows}


@settings(max_examples=40, deadline=None)
@drawn(st.lists(COST, min_size=1, max_size=50))
def test_a_percentile_is_a_value_that_occurred_and_parts_the_others(values: list[float]) -> None:
    for share in (0.5, 0.95):
        found = percentile(values, share)
        assert found in values
        assert sum(value <= found for value in values) >= share * len(values)
        assert sum(value < found for value in values) < share * len(values)
